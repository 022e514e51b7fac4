"""All settings at once: their declarations by room, and the check that names every problem, whatever part it stops."""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from types import ModuleType
from typing import Any, NamedTuple

from shared.audit.configuration import AuditConfiguration
from shared.environment import CONFIGURATION_FILE, Environment, InvalidSettings, Problem, Setting, read_file, with_file
from shared.graph.identity import ClientCertificate
from shared.settings import audit, introspection, portals, registration, schedule, tenant

logger = logging.getLogger("bridge.settings")

# The rooms in the order of docs/settings.md. A setting that several rooms read is declared in the first of them.
ROOMS: Mapping[str, tuple[ModuleType, ...]] = {
    "tenant": (tenant,),
    "registration": (registration, portals),
    "introspection": (introspection,),
    "audit": (schedule, audit),
}
# The platform's own, which the exporter reads too.
CONNECTION_STRING = "APPLICATIONINSIGHTS_CONNECTION_STRING"
PREFIXES = ("BRIDGE_", "ENTRA_", "REGISTRATION_", "INTROSPECTION_", "AUDIT_")
_REFERRED = re.compile(r'"\$setting"\s*:\s*"([^"]+)"')


class SettingsCheck(NamedTuple):
    """What is wrong with the settings, and what is dangerous about them."""

    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def declared_settings() -> dict[str, list[Setting[Any]]]:
    """Every setting, by room, in the order of their declarations."""
    found: dict[str, list[Setting[Any]]] = {room: [] for room in ROOMS}
    found["tenant"].append(CONFIGURATION_FILE)
    seen = {CONFIGURATION_FILE.name}
    for room, modules in ROOMS.items():
        for module in modules:
            own = [value for value in vars(module).values() if isinstance(value, Setting) and value.name not in seen]
            seen.update(setting.name for setting in own)
            found[room] += own
    return found


def check_settings(variables: Mapping[str, str], *, references: bool = False) -> SettingsCheck:
    """Read everything. With `references`, Key Vault references that only Azure resolves pass."""
    unknown = _unknown_names(variables, ())
    try:
        values = with_file(variables)
    except InvalidSettings as invalid:
        return SettingsCheck((*invalid.problems, *unknown), ())
    environment = Environment(values, references=references)
    environment.read(tenant.OFFLINE_ACCESS)
    telemetry = environment.read(tenant.TELEMETRY)
    base_url, tag, found = tenant.read_base_url(environment), tenant.read_tag(environment), tenant.read_tenant(environment)
    registered = registration.read_registration(environment, base_url, tag, found.tenant_id)
    portals.read_product_scopes(environment)
    introspection.read_introspection(environment, found)
    audited = audit.read_audit(environment, tag)
    if isinstance(found.identity, ClientCertificate) and not environment.is_wrong(tenant.CLIENT_CERTIFICATE):
        _check_certificate(environment, found.identity)
    # The host reads the schedule, and knows nothing of the file.
    host = Environment(variables, references=references)
    host.read(schedule.SCHEDULE)
    warnings = []
    if found.verify is False:
        warnings.append(f"{tenant.SKIP_VALIDATION.name} is on: whoever is on the network path can act as the directory")
    if registered.open_policy is not None:
        warnings.append("registration is open: anyone who reaches the bridge can create applications in the directory")
    if telemetry == "azure" and not variables.get(CONNECTION_STRING):
        warnings.append(f"{tenant.TELEMETRY.name} is azure and {CONNECTION_STRING} is not set: nothing is exported")
    warnings += _unknown_policies(audited, registered.policies)
    problems = (*environment.problems, *host.problems, *_unknown_names(values, _referred(variables)))
    return SettingsCheck(problems, tuple(warnings))


def _unknown_policies(audited: AuditConfiguration, policies: Iterable[str]) -> Iterator[str]:
    """The audit's settings that name a policy which no client can be registered under now; clients of before may have it."""
    selectors = {
        selector.removeprefix("policy:") for selector in audited.destinations.by_selector if selector.startswith("policy:")
    }
    for name, named in ((audit.DELIVERIES.name, selectors), (audit.CLIENT_LIFETIMES.name, set(audited.rules.lifetimes))):
        if unknown := sorted(named - set(policies)):
            yield f"{name} names a policy that {registration.POLICIES.name} doesn't have: {', '.join(unknown)}"


def _unknown_names(names: Iterable[str], referred: Iterable[str]) -> list[Problem]:
    """Settings of ours that nothing reads: a misspelt one would be silently off."""
    known = {setting.name for settings in declared_settings().values() for setting in settings}
    problems = []
    for name in sorted({name for name in names if name.startswith(PREFIXES)} - known - set(referred)):
        near = get_close_matches(name, known, 1)
        problems.append(Problem(name, f"is no setting of the bridge{f'; is it {near[0]}?' if near else ''}"))
    return problems


def _referred(variables: Mapping[str, str]) -> list[str]:
    """The variables that the file takes its secrets from, whatever their names."""
    path = variables.get(CONFIGURATION_FILE.name, "").strip()
    return _REFERRED.findall(read_file(path)) if path else []


def _check_certificate(environment: Environment, identity: ClientCertificate) -> None:
    """Whether key and certificate can be read and belong together. The library is too slow to load for introspection's start."""
    from datetime import UTC, datetime

    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    name = tenant.CLIENT_CERTIFICATE.name
    try:
        key = load_pem_private_key(identity.private_key.reveal().encode(), None)
        certificate = load_pem_x509_certificate(identity.certificate.encode())
        belongs = key.public_key() == certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        environment.refuse(name, "its private key or certificate can't be read")
        return
    if not belongs:
        environment.refuse(name, "the certificate is of another private key")
    elif certificate.not_valid_after_utc <= datetime.now(UTC):
        environment.refuse(name, f"the certificate ended on {certificate.not_valid_after_utc:%Y-%m-%d}")


def log_settings(variables: Mapping[str, str]) -> None:
    """Say in the log what is wrong with the settings, whatever part they are of, or dangerous about them."""
    check = check_settings(variables)
    for problem in check.problems:
        logger.error("setting %s", problem)
    for warning in check.warnings:
        logger.warning("%s", warning)
