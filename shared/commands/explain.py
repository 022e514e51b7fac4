"""Why is this token inactive? `python -m shared.commands.explain < token` tells, and never shows the token. An error's text may
take the token's place: an AADSTS code, an answer of the bridge, a portal's message.

Settings come from the environment; flags replace them. Where they turn on checks that need Microsoft Graph and hold the bridge's
identity, Graph is asked; with --directory it is asked in any case. With --jwks FILE nothing is fetched: the issuers then have the
form that Entra's public documentation gives, which is good enough to look at a token and is never done by the endpoint itself.
"""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from copy import replace
from functools import partial
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from shared.application import Application
from shared.commands.examination import FETCHES, PATIENCE, REMEDIES, Examination
from shared.commands.messages import as_text, find_messages
from shared.environment import Environment, InvalidSettings, with_file
from shared.http.documents import DocumentReader, HttpsDocuments, trust
from shared.http.refreshed import FetchFailed, settled
from shared.introspection.claims import V1, V2
from shared.introspection.configuration import ENFORCE, Caller, IntrospectionConfiguration, TrustedIssuer, TrustedTenant
from shared.introspection.issuers import TrustedIssuers
from shared.introspection.jws import read_claims, split_token
from shared.introspection.reasons import Refused, one_line
from shared.introspection.revocation import DirectoryCheck, DirectoryLookup
from shared.settings.introspection import read_introspection
from shared.settings.tenant import TenantSettings, read_tenant

_MARKS = {True: "pass", False: "FAIL", None: "-   "}
_NEEDED = frozenset(
    {
        "ENTRA_TENANT_ID",
        "ENTRA_CLOUD",
        "ENTRA_AUTHORITY_URL",
        "BRIDGE_CA_BUNDLE",
        "ENTRA_CA_BUNDLE",
        "ENTRA_SKIP_CERTIFICATE_VALIDATION",
    }
)
_SHOWN = ("iss", "aud", "azp", "appid", "tid", "ver", "scp", "roles", "uti")
# What comes along when a token is copied out of a header, a log or a file.
_PASTED = re.compile(r"\s*(?:bearer(?:\s+|$))?(\S*)\s*", re.IGNORECASE)


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


def _is_token(text: bytes) -> bool:
    """Whether a text can only be meant as a token: one word of three parts."""
    return text.count(b".") == 2 and len(text.split()) == 1 and not text.startswith(b"{")


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m shared.commands.explain", description="Tell why a token is inactive.")
    parser.add_argument("--jwks", type=Path, help="JWK set to verify with; nothing is fetched then")
    parser.add_argument("--tenant", action="append", default=[], help="id of a trusted tenant; replaces those of the settings")
    parser.add_argument("--authority", help="origin of the tenants' cloud (default: the settings')")
    parser.add_argument("--issuer", action="append", default=[], help="exact issuer to trust; needs --tenant and --jwks")
    parser.add_argument("--audience", action="append", default=[], help="audience that the gateway takes")
    parser.add_argument("--client", action="append", default=[], help="client that the gateway takes (default: every one)")
    parser.add_argument("--caller", help="name of the gateway in the settings (default: the one that takes the token's audience)")
    parser.add_argument(
        "--directory",
        action="store_true",
        help="ask Microsoft Graph for the client and its grants, as if both checks were on (default: as the settings say)",
    )
    parser.add_argument("--now", type=float, help="the time to judge by, in seconds since 1970 (default: now)")
    return parser.parse_args(argv)


def _read_settings(
    arguments: argparse.Namespace, variables: Mapping[str, str]
) -> tuple[IntrospectionConfiguration, TenantSettings]:
    """The bridge's settings, with what the flags replace. Raises ValueError or InvalidSettings for those that are wrong; the
    bridge's identity isn't needed here, and nor is a tenant where a flag names one."""
    environment = Environment(with_file(variables))
    tenant = read_tenant(environment)
    environment.problems = [
        problem for problem in environment.problems if problem.name in _NEEDED and variables.get(problem.name, "").strip()
    ]
    authority = arguments.authority or tenant.cloud.authority
    tenant = replace(tenant, cloud=replace(tenant.cloud, authority=authority))
    configuration = read_introspection(environment, tenant)
    environment.done()
    if arguments.issuer:
        if not arguments.tenant or not arguments.jwks:
            raise ValueError("--issuer needs --tenant and --jwks")
        versions = {issuer: V2 if issuer.rstrip("/").endswith("v2.0") else V1 for issuer in arguments.issuer}
        keys, owner = f"{authority}/keys", arguments.tenant[0]
        trusted = tuple(TrustedIssuer(issuer, owner, keys, version) for issuer, version in versions.items())
        return replace(configuration, tenants=(), issuers=trusted), tenant
    if arguments.tenant:
        tenants = tuple(TrustedTenant(tenant_id.lower(), authority) for tenant_id in arguments.tenant)
        return replace(configuration, tenants=tenants, issuers=()), tenant
    return configuration, tenant


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


def _directory_check(
    arguments: argparse.Namespace,
    variables: Mapping[str, str],
    configuration: IntrospectionConfiguration,
    fetchers: Executor,
    lookup: DirectoryLookup | None,
) -> DirectoryCheck | None:
    """What asks Graph, as the bridge's identity; None where nothing is to be asked, or there is no identity and no flag demands
    one. Raises InvalidSettings."""
    if not configuration.asks_directory or (arguments.jwks and not arguments.directory):
        return None
    if lookup is None:
        from shared.graph.lookups import GraphLookup

        application = Application(variables)
        try:
            lookup = GraphLookup(application.directory, application.clock)
        except InvalidSettings:
            if arguments.directory:
                raise
            return None
    return DirectoryCheck(configuration.options, configuration.directory_tenant, lookup, fetchers)


def _shown(claims: Mapping[str, object] | None, now: float) -> list[str]:
    lines = []
    for name in _SHOWN:
        value = (claims or {}).get(name)
        if value is not None:
            text = " ".join(map(one_line, value)) if isinstance(value, list) else " ".join(map(one_line, str(value).split(" ")))
            lines.append(f"  {name:6}{text}")
    expires = (claims or {}).get("exp")
    if isinstance(expires, int):
        lines.append(f"  exp   {expires} ({abs(expires - now):.0f} s {'ahead' if expires > now else 'ago'})")
    return lines


def report(examination: Examination) -> str:
    """The outcomes as text for a terminal, a remedy under each failure."""
    lines = [f"The token, as it says of itself, for the gateway {one_line(examination.caller.name)}:"]
    lines += _shown(examination.claims, examination.now)
    lines.append("The checks:")
    seen = set()
    for reason, passed in examination.outcomes:
        if reason in seen and passed is not False:
            continue
        seen.add(reason)
        remedy = REMEDIES[reason]
        lines.append(f"  {_MARKS[passed]}  {remedy.check}")
        if passed is False:
            lines.append(f"        reason {reason}. {remedy.remedy}")
    if examination.failure is not None:
        lines.append(f"The {examination.failure} couldn't be read, so the endpoint would answer 503.")
    elif examination.first_failure is not None:
        lines.append(f'Inactive: {examination.first_failure}. Anypoint\'s consumers see 401 "Token has been revoked."')
    elif examination.directory is None:
        lines.append("Active, as far as can be told without the directory.")
    else:
        lines.append("Active.")
    if examination.directory is None and examination.asked_of_directory:
        lines.append(
            "Not checked: what the settings have Microsoft Graph asked for. Run it with the bridge's own settings for that."
        )
    return "\n".join(lines)


def main(
    argv: Sequence[str],
    environment: Mapping[str, str],
    source: TextIO,
    output: TextIO,
    read: DocumentReader | None = None,
    lookup: DirectoryLookup | None = None,
) -> int:
    """Explains the token or message on `source`. Returns 0 for an active token and a message that is known, 1 for an inactive
    token, 2 when that can't be told."""
    arguments = _arguments(argv)
    now = time.time() if arguments.now is None else arguments.now
    given = source.read()
    pasted = _PASTED.fullmatch(given)
    token = (pasted[1] if pasted else given.strip()).encode("utf-8", "replace")
    if not token:
        output.write("There is no token on the standard input.\n")
        return 2
    if messages := [] if _is_token(token) else find_messages(given):
        output.write("\n".join(map(as_text, messages)) + "\n")
        return 0
    try:
        configuration, tenant = _read_settings(arguments, environment)
        if arguments.jwks is not None:
            read = FileDocuments(json.loads(arguments.jwks.read_text("utf-8")))
        aud = None
        with suppress(Refused):
            aud = read_claims(split_token(token)[1]).get("aud")
        caller = _caller(arguments, configuration, aud)
        if arguments.directory:
            caller, mode = replace(caller, grants=ENFORCE), configuration.options.revocation.mode
            revocation = replace(configuration.options.revocation, mode="client" if mode == "off" else mode)
            options = replace(configuration.options, revocation=revocation)
            configuration = replace(configuration, options=options)
    except (ValueError, OSError, InvalidSettings) as error:
        output.write(f"{error}\n")
        return 2
    with ThreadPoolExecutor(1) as fetchers:
        issuers = TrustedIssuers(configuration, read or HttpsDocuments(trust(tenant.verify)), fetchers)
        for trusted in issuers.sources:
            with suppress(FetchFailed):  # the checks that need its keys say so
                settled(partial(trusted.store.value, now), PATIENCE, FETCHES)
        try:
            directory = _directory_check(arguments, environment, configuration, fetchers, lookup)
        except InvalidSettings as error:
            output.write(f"{error}\n")
            return 2
        examination = Examination(token, issuers, configuration.options, caller, now, directory).run()
        as_given = replace(examination, token=given.encode("utf-8", "replace"), claims=None, outcomes=[], failure=None).run()
    if as_given.token != token:
        state = "gets the same answer" if as_given.first_failure is None else f"is inactive there ({as_given.first_failure})"
        output.write("Blanks and line ends around the token, and the word Bearer before it, are left out below. ")
        output.write(f"The endpoint wants the token alone: exactly what was given {state}.\n")
    output.write(report(examination) + "\n")
    if examination.failure is not None:
        return 2
    return 0 if examination.first_failure is None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, sys.stdin, sys.stdout))
