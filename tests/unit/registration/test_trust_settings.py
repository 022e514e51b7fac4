"""What the settings of registration say of whom to trust with what."""

import json

import pytest

from shared.environment import Environment
from shared.registration.configuration import RegistrationConfiguration
from shared.settings.registration import read_registration

TENANT = "5f0c2a3e-6b1d-4d0e-9a55-3c8d1f7b9e01"
CREDENTIAL = {"name": "portal", "authorization": "SSWS portal-credential"}


def read(**settings: object) -> tuple[RegistrationConfiguration, list[str]]:
    """The configuration, and the names of the settings that are wrong."""
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in settings.items()}
    environment = Environment({"REGISTRATION_SEALING_KEYS": "x" * 32, **texts})
    found = read_registration(environment, "https://bridge.example.com", "a-bridge", TENANT)
    return found, [problem.name for problem in environment.problems]


def test_names_are_protected_unless_the_operators_own_callers_use_the_policy() -> None:
    found, wrong = read(
        REGISTRATION_CREDENTIALS=[CREDENTIAL],
        REGISTRATION_ENTRA_AUDIENCE="api://bridge",
        REGISTRATION_ENTRA_ROLES={"Clients.Register": "by-role"},
        REGISTRATION_OPEN_POLICY="open",
        REGISTRATION_POLICIES={
            "by-role": {},
            "partners": {},
            "strict": {"protect_names": True},
            "lenient": {"protect_names": False},
        },
    )
    protects = {name: policy.protect_names for name, policy in found.policies.items()}
    assert wrong == []
    assert protects == {
        "default": False,
        "by-role": False,
        "open": True,
        "partners": True,
        "strict": True,
        "lenient": False,
    }


def test_a_policy_of_anonymous_callers_protects_names_though_a_caller_with_a_credential_has_it_too() -> None:
    nobody = {"auth_methods": ["none"]}
    credential = {**CREDENTIAL, "policy": "both"}
    found, wrong = read(
        REGISTRATION_CREDENTIALS=[credential], REGISTRATION_POLICIES={"both": nobody}, REGISTRATION_OPEN_POLICY="both"
    )
    assert (wrong, found.policy("both").protect_names) == ([], True)


@pytest.mark.parametrize("methods", [None, ["none", "client_secret_post"], ["private_key_jwt"], ["none", "private_key_jwt"]])
def test_anonymous_callers_get_no_credential(methods: list[str] | None) -> None:
    policy = {"auth_methods": methods} if methods else {}
    _, wrong = read(REGISTRATION_OPEN_POLICY="walk-in", REGISTRATION_POLICIES={"walk-in": policy})
    assert wrong == ["REGISTRATION_OPEN_POLICY"]


def test_reads_the_tenants_whose_applications_may_call() -> None:
    roles = {"REGISTRATION_ENTRA_AUDIENCE": "api://bridge", "REGISTRATION_ENTRA_ROLES": {"Clients.Register": "default"}}
    other = "7A1B2C3D-0E4F-4A5B-8C6D-9E0F1A2B3C4D"
    found, wrong = read(**roles, REGISTRATION_ENTRA_TENANTS=[other, TENANT])
    assert (found.entra_tenants, wrong) == (frozenset({other.lower()}), [])
    assert read(REGISTRATION_ENTRA_TENANTS=[other])[1] == ["REGISTRATION_ENTRA_TENANTS"]
    for bad in (["example.onmicrosoft.com"], ["*"], "common", [other + "x"]):
        assert read(**roles, REGISTRATION_ENTRA_TENANTS=bad)[1] == ["REGISTRATION_ENTRA_TENANTS"]
