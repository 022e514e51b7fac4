"""Why is this token inactive? `python -m shared.commands.explain < token` tells, and never shows the token.

Settings come from the environment; flags replace them. With --jwks FILE nothing is fetched: the issuers then have the form that
Entra's public documentation gives, which is good enough to look at a token and is never done by the endpoint itself.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from copy import replace
from functools import partial
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

from shared.commands.examination import FETCHES, PATIENCE, Examination
from shared.commands.remedies import REMEDIES
from shared.environment import Environment, with_file
from shared.http.documents import DocumentReader, HttpsDocuments, trust
from shared.http.refreshed import Unavailable, settled
from shared.introspection.claims import V1, V2
from shared.introspection.configuration import Caller, IntrospectionConfiguration, TrustedIssuer, TrustedTenant
from shared.introspection.configuration_reader import read_configuration
from shared.introspection.diagnosis import printable
from shared.introspection.issuers import TrustedIssuers
from shared.settings.tenant import TenantSettings, read_tenant

_MARKS = {True: "pass", False: "FAIL", None: "-   "}
_NEEDED = frozenset(
    {"ENTRA_TENANT_ID", "ENTRA_CLOUD", "ENTRA_AUTHORITY_URL", "ENTRA_CA_BUNDLE", "ENTRA_SKIP_CERTIFICATE_VALIDATION"}
)
_SHOWN = ("iss", "aud", "azp", "appid", "tid", "ver", "scp", "roles", "uti")


class _Inline(Executor):
    """Runs a task at once: one token is looked at, and the answer is waited for anyway."""

    def submit(self, task: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(task(*args, **kwargs))
        return future


class FileDocuments:
    """A DocumentReader that answers every key document with one JWK set, and metadata documents in Entra's public form."""

    def __init__(self, key_set: object) -> None:
        self._key_set = key_set

    def __call__(self, url: str, host: str) -> object:
        parts = urlsplit(url)
        if not parts.path.endswith("/.well-known/openid-configuration"):
            return self._key_set
        tenant_id = parts.path.split("/")[1]
        v1_host = "sts.chinacloudapi.cn" if host.endswith(".cn") else "sts.windows.net"
        v2 = "/v2.0/" in parts.path
        issuer = f"https://{host}/{tenant_id}/v2.0" if v2 else f"https://{v1_host}/{tenant_id}/"
        return {"issuer": issuer, "jwks_uri": f"https://{host}/{tenant_id}/discovery/v2.0/keys"}


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m shared.commands.explain", description="Tell why a token is inactive.")
    parser.add_argument("--jwks", type=Path, help="JWK set to verify with; nothing is fetched then")
    parser.add_argument("--tenant", action="append", default=[], help="id of a trusted tenant; replaces those of the settings")
    parser.add_argument("--authority", help="origin of the tenants' cloud (default: the settings')")
    parser.add_argument("--issuer", action="append", default=[], help="exact issuer to trust; needs --tenant and --jwks")
    parser.add_argument("--audience", action="append", default=[], help="audience that the gateway takes")
    parser.add_argument("--client", action="append", default=[], help="client that the gateway takes (default: every one)")
    parser.add_argument("--caller", help="name of the gateway in the settings (default: the one that takes the token's audience)")
    parser.add_argument("--now", type=float, help="the time to judge by, in seconds since 1970 (default: now)")
    return parser.parse_args(argv)


def _tenant(variables: Mapping[str, str]) -> TenantSettings:
    """The bridge's own tenant as the settings have it. Raises ValueError for a setting that is wrong; the bridge's identity isn't
    needed here, and nor is a tenant where a flag names one."""
    environment = Environment(with_file(variables))
    tenant = read_tenant(environment)
    for problem in environment.problems:
        if problem.name in _NEEDED and variables.get(problem.name, "").strip():
            raise ValueError(str(problem))
    return tenant


def _configuration(
    arguments: argparse.Namespace, environment: Mapping[str, str], tenant: TenantSettings
) -> IntrospectionConfiguration:
    configuration = read_configuration(environment, tenant_id=tenant.tenant_id or None, authority=arguments.authority)
    if arguments.issuer:
        if not arguments.tenant or not arguments.jwks:
            raise ValueError("--issuer needs --tenant and --jwks")
        keys = f"{arguments.authority}/keys"
        versions = {issuer: V2 if issuer.rstrip("/").endswith("v2.0") else V1 for issuer in arguments.issuer}
        trusted = tuple(TrustedIssuer(issuer, arguments.tenant[0], keys, version) for issuer, version in versions.items())
        return replace(configuration, tenants=(), issuers=trusted)
    if arguments.tenant:
        tenants = tuple(TrustedTenant(tenant.lower(), arguments.authority) for tenant in arguments.tenant)
        return replace(configuration, tenants=tenants, issuers=())
    return configuration


def _caller(arguments: argparse.Namespace, configuration: IntrospectionConfiguration, audience: object) -> Caller:
    callers = [entry.caller for entry in configuration.callers] + [entry.caller for entry in configuration.bearer_callers]
    if arguments.caller:
        callers = [caller for caller in callers if caller.name == arguments.caller]
        if not callers:
            raise ValueError(f"no caller is named {arguments.caller!r}")
    usual = callers[0] if callers else Caller("-", frozenset())
    chosen = next((caller for caller in callers if audience in caller.audiences), usual)
    if arguments.audience:
        chosen = replace(chosen, audiences=frozenset(arguments.audience))
    if arguments.client:
        chosen = replace(chosen, clients=frozenset(arguments.client))
    return chosen


def _shown(claims: Mapping[str, object] | None, now: float) -> list[str]:
    lines = []
    for name in _SHOWN:
        value = (claims or {}).get(name)
        if value is not None:
            text = " ".join(map(printable, value)) if isinstance(value, list) else " ".join(map(printable, str(value).split(" ")))
            lines.append(f"  {name:6}{text}")
    expires = (claims or {}).get("exp")
    if isinstance(expires, int):
        lines.append(f"  exp   {expires} ({abs(expires - now):.0f} s {'ahead' if expires > now else 'ago'})")
    return lines


def report(examination: Examination) -> str:
    """The findings as text for a terminal, a remedy under each failure."""
    lines = [f"The token, as it says of itself, for the gateway {printable(examination.caller.name)}:"]
    lines += _shown(examination.claims, examination.now)
    lines.append("The checks:")
    seen = set()
    for finding in examination.findings:
        if finding.reason in seen and finding.passed is not False:
            continue
        seen.add(finding.reason)
        remedy = REMEDIES[finding.reason]
        lines.append(f"  {_MARKS[finding.passed]}  {remedy.check}")
        if finding.passed is False:
            lines.append(f"        reason {finding.reason}. {remedy.remedy}")
    if examination.failure is not None:
        lines.append(f"The {examination.failure} couldn't be read, so the endpoint would answer 503.")
    elif examination.first_failure is not None:
        lines.append(f'Inactive: {examination.first_failure}. Anypoint\'s consumers see 401 "Token has been revoked."')
    else:
        lines.append("Active, as far as can be told without the directory.")
    return "\n".join(lines)


def main(
    argv: Sequence[str],
    environment: Mapping[str, str],
    source: TextIO,
    output: TextIO,
    read: DocumentReader | None = None,
) -> int:
    """Explains the token on `source`. Returns 0 for an active token, 1 for an inactive one, 2 when that can't be told."""
    arguments = _arguments(argv)
    now = time.time() if arguments.now is None else arguments.now
    token = source.read().strip().removeprefix("Bearer ").encode("utf-8", "replace")
    try:
        tenant = _tenant(environment)
        arguments.authority = arguments.authority or tenant.cloud.authority
        configuration = _configuration(arguments, environment, tenant)
        if arguments.jwks is not None:
            read = FileDocuments(json.loads(arguments.jwks.read_text("utf-8")))
        issuers = TrustedIssuers(configuration, read or HttpsDocuments(trust(tenant.verify)), _Inline())
        caller = _caller(arguments, configuration, None)
        for trusted in issuers.sources:
            with suppress(Unavailable):  # the checks that need its keys say so
                settled(partial(trusted.store.published, now), PATIENCE, FETCHES)
        first = Examination(token, issuers, configuration.options, caller, now)
        first.run()
        caller = _caller(arguments, configuration, (first.claims or {}).get("aud"))
    except (ValueError, OSError) as error:
        output.write(f"{error}\n")
        return 2
    examination = Examination(token, issuers, configuration.options, caller, now)
    examination.run()
    output.write(report(examination) + "\n")
    if examination.failure is not None:
        return 2
    return 0 if examination.first_failure is None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, sys.stdin, sys.stdout))
