"""Whether any caller's policy shares applications: the doctor asks it, for the permission that restoring takes."""

import json

import pytest

from shared.environment import Environment
from shared.registration.configuration import RegistrationConfiguration
from shared.settings.registration import read_registration

POLICIES = {"sharing": {"share_public_clients": "localhost", "auth_methods": ["none"]}, "other": {}}
CREDENTIAL = {"name": "portal", "authorization": "Bearer of a long and random text"}
TENANT = "5f0c2a3e-6b1d-4d0e-9a55-3c8d1f7b9e01"
TOKEN_CALLER = {"name": "robot", "tenant_id": TENANT, "client_id": TENANT}


def read(**settings: object) -> RegistrationConfiguration:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in settings.items()}
    environment = Environment(
        {"REGISTRATION_SEALING_KEYS": "a sealing key that is long enough", "REGISTRATION_POLICIES": json.dumps(POLICIES), **texts}
    )
    return read_registration(environment, "https://dcr.example.com", "entra-dcr-bridge", TENANT)


@pytest.mark.parametrize("policy", ["sharing", "other"])
def test_each_way_to_come_by_a_policy_counts(policy: str) -> None:
    shares = policy == "sharing"
    assert read(REGISTRATION_CREDENTIALS=[{**CREDENTIAL, "policy": policy}]).shares_clients() is shares
    assert read(REGISTRATION_ENTRA_ROLES={"Clients.Register": policy}).shares_clients() is shares
    several = read(REGISTRATION_CREDENTIALS=[{**CREDENTIAL, "policy": "other"}], REGISTRATION_ENTRA_ROLES={"R": policy})
    assert several.shares_clients() is shares


def test_open_registration_counts_and_what_nobody_uses_does_not() -> None:
    assert read(REGISTRATION_OPEN_POLICY="sharing").shares_clients()
    assert read(REGISTRATION_OPEN_POLICY="open").shares_clients()
    assert not read().shares_clients()
