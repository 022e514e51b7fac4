"""Access keys: who may call a function of which authLevel.

Microsoft Learn, "Work with access keys in Azure Functions"; Azure/azure-functions-host, AuthenticationLevelHandler.cs. Core Tools
let every call through unless they are started with --enableAuth, and so does this host unless it is given keys.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from local.host.request import HostRequest


@dataclass(frozen=True, slots=True)
class HostKeys:
    """The keys of an app: the master key, the host key for all functions, and function keys by function name."""

    master: str = field(repr=False)
    host: str = field(default="", repr=False)
    functions: Mapping[str, str] = field(default_factory=dict, repr=False)

    def allow(self, request: HostRequest, auth_level: str, function_name: str = "") -> bool:
        """True if the request has a key that is good for this level: `anonymous`, `function` or `admin`."""
        if auth_level == "anonymous":
            return True
        given = request.headers.get("x-functions-key") or request.query.get("code", "")
        good = [self.master]
        if auth_level == "function":
            good += [self.host, self.functions.get(function_name, "")]
        return any(key and hmac.compare_digest(given.encode(), key.encode()) for key in good)
