"""Registrations and application objects as the tests of translation make them."""

from typing import Any

from shared.registration.entra_application import Provenance, create_body
from shared.registration.metadata import ClientMetadata
from shared.registration.policy import GRANT_TYPES, Policy
from shared.registration.registration import Registration
from shared.registration.validation import resolve_registration
from tests.unit.registration.certificates import NOW

PROVENANCE = Provenance("portal", "default")
POLICY = Policy(
    grant_types=GRANT_TYPES,
    store_contacts=True,
    federated_issuers=frozenset({"https://i.example", "https://j.example/a,b c"}),
)


def create(registration: Registration, provenance: Provenance = PROVENANCE, access: Any = ()) -> dict[str, Any]:
    return create_body(registration, provenance, list(access), mark="entra-dcr-bridge")


def apply(application: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """What Graph's PATCH does: complex properties merge, everything else is replaced."""
    merged = dict(application)
    for name, value in body.items():
        merged[name] = apply(merged.get(name) or {}, value) if isinstance(value, dict) else value
    return merged


def registered(**sent: Any) -> Registration:
    return resolve_registration(ClientMetadata.parse(sent), POLICY, NOW, ())
