"""host.json and the app settings that steer the host itself.

Microsoft Learn, "host.json reference for Azure Functions 2.x and later"; "App settings reference for Azure Functions".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.host.timespan import parse_timespan

_DEFAULT_BODY_LIMIT = 104_857_600
_DEFAULT_HSTS_MAX_AGE = "30"


@dataclass(frozen=True, slots=True)
class HostConfiguration:
    """What the host reads of host.json: the prefix of all routes, headers to add, and the largest request body in bytes."""

    route_prefix: str = "api"
    custom_headers: tuple[tuple[str, str], ...] = ()
    strict_transport_security: str | None = None
    body_limit: int = _DEFAULT_BODY_LIMIT
    is_home_page_shown: bool = True


def read_configuration(app_directory: Path, settings: Mapping[str, str]) -> HostConfiguration:
    """Read host.json. Raises ValueError if it is not JSON or not of version 2.0, FileNotFoundError if it is missing."""
    content = json.loads((app_directory / "host.json").read_text("utf-8-sig"))
    if content.get("version") != "2.0":
        raise ValueError('host.json must say "version": "2.0"')
    http = content.get("extensions", {}).get("http", {})
    return HostConfiguration(
        route_prefix=str(http.get("routePrefix", "api")).strip("/"),
        custom_headers=tuple((str(name), str(value)) for name, value in http.get("customHeaders", {}).items()),
        strict_transport_security=_strict_transport_security(http.get("hsts", {})),
        body_limit=int(settings.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", _DEFAULT_BODY_LIMIT)),
        is_home_page_shown=settings.get("AzureWebJobsDisableHomepage", "").lower() != "true",
    )


def _strict_transport_security(hsts: Mapping[str, Any]) -> str | None:
    if not hsts.get("isEnabled"):
        return None
    seconds = int(parse_timespan(str(hsts.get("maxAge", _DEFAULT_HSTS_MAX_AGE))).total_seconds())
    include = "; includeSubDomains" if hsts.get("includeSubDomains") else ""
    return f"max-age={seconds}{include}{'; preload' if hsts.get('preload') else ''}"
