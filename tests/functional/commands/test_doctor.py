"""`doctor`, on a tenant that is well and on such that aren't."""

import io
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from emulator.server import EntraEmulator
from shared.commands.doctor import main
from tests.functional.graph.test_credential import certificate_pair

OWNED_BY = ("Application.ReadWrite.OwnedBy",)


def examine(settings: dict[str, str], *arguments: str) -> tuple[int, str]:
    output = io.StringIO()
    code = main(["--no-doors", *arguments], settings, output)
    return code, output.getvalue()


def with_secret(entra: EntraEmulator, settings: dict[str, str], roles: tuple[str, ...] = OWNED_BY) -> dict[str, str]:
    bridge = entra.add_caller("bridge", roles=roles)
    return {**settings, "ENTRA_CLIENT_ID": bridge.client_id, "ENTRA_CLIENT_SECRET": bridge.client_secret or ""}


def test_a_sound_deployment_by_secret(entra: EntraEmulator, settings: dict[str, str]) -> None:
    code, text = examine(with_secret(entra, settings))
    assert code == 0, text
    assert "Nothing to mend." in text
    for check in ("settings", "keys", "clock", "credential", "permissions", "quota"):
        assert f"ok       {check}: " in text


def test_a_sound_deployment_by_certificate(entra: EntraEmulator, settings: dict[str, str]) -> None:
    bridge = entra.add_caller("bridge", roles=OWNED_BY, secret=False)
    key, certificate = certificate_pair()
    entra.add_certificate(bridge.object_id, x509.load_pem_x509_certificate(certificate.encode()).public_bytes(Encoding.DER))
    code, text = examine({**settings, "ENTRA_CLIENT_ID": bridge.client_id, "ENTRA_CLIENT_CERTIFICATE": key + certificate})
    assert code == 0, text
    assert "the certificate (ENTRA_CLIENT_CERTIFICATE) gets tokens" in text


def test_a_sound_deployment_by_managed_identity(
    entra: EntraEmulator, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entra.add_managed_identity("function app", roles=OWNED_BY)
    for name, value in entra.identity_environment.items():
        monkeypatch.setenv(name, value)
    code, text = examine({**settings, "ENTRA_MANAGED_IDENTITY": "system"})
    assert code == 0, text
    assert "the managed identity of the app (ENTRA_MANAGED_IDENTITY) gets tokens" in text


def test_a_managed_identity_that_is_not_there_is_named(settings: dict[str, str]) -> None:
    code, text = examine({**settings, "ENTRA_MANAGED_IDENTITY": "system"})
    assert code == 1
    assert "PROBLEM  credential: the managed identity of the app (ENTRA_MANAGED_IDENTITY) gets no token" in text


def test_a_wrong_secret_is_named_with_its_cure_and_not_shown(entra: EntraEmulator, settings: dict[str, str]) -> None:
    code, text = examine({**with_secret(entra, settings), "ENTRA_CLIENT_SECRET": "not-the-s3cret"})
    assert code == 1
    assert "PROBLEM  credential: the secret (ENTRA_CLIENT_SECRET) gets no token" in text
    assert "put the secret's value, not its id" in text
    assert "not-the-s3cret" not in text


def test_a_missing_permission_and_one_too_many(entra: EntraEmulator, settings: dict[str, str]) -> None:
    code, text = examine(with_secret(entra, settings, roles=("Directory.Read.All",)))
    assert code == 1
    assert "PROBLEM  permissions: Application.ReadWrite.OwnedBy is not granted" in text
    assert "warning  permissions: Directory.Read.All is granted, which is more" in text


def test_wrong_settings_are_named_and_the_rest_is_examined(entra: EntraEmulator, settings: dict[str, str]) -> None:
    code, text = examine({**with_secret(entra, settings), "AUDIT_SCHEDULE": "@daily", "REGISTRATION_CREDENTIAL": "x"})
    assert code == 1
    assert "PROBLEM  settings: AUDIT_SCHEDULE" in text
    assert "is it REGISTRATION_CREDENTIALS?" in text
    assert "ok       credential" in text


@pytest.mark.parametrize(
    ("restriction", "expected"),
    [
        ({"max_lifetime": "P90D"}, "warning  policies: secrets may live 90 days, and REGISTRATION_SECRET_DAYS is 182"),
        ({"max_lifetime": "P1Y"}, "ok       policies: secrets of 182 days are allowed"),
        ({"forbid": True}, "PROBLEM  policies: the tenant forbids new client secrets"),
        ({}, "ok       policies: secrets of 182 days are allowed"),
    ],
)
def test_the_tenants_policy_on_secrets(
    entra: EntraEmulator, settings: dict[str, str], restriction: dict[str, object], expected: str
) -> None:
    if restriction:
        entra.tenant.policies.restrict_passwords(**restriction)  # type: ignore[arg-type]
    _, text = examine(with_secret(entra, settings, roles=(*OWNED_BY, "Policy.Read.All")))
    assert expected in text


def test_policies_that_may_not_be_read_are_said_to_be_unknown(entra: EntraEmulator, settings: dict[str, str]) -> None:
    _, text = examine(with_secret(entra, settings))
    assert "warning  policies: can't be read" in text


def test_a_quota_that_is_nearly_used_up(entra: EntraEmulator, settings: dict[str, str]) -> None:
    entra.seed_applications(110, tags=["entra-dcr-bridge"])
    _, text = examine(with_secret(entra, settings))
    assert "warning  quota: 110 clients, which are 220 objects" in text


def test_the_probe_measures_and_leaves_nothing_behind(entra: EntraEmulator, settings: dict[str, str]) -> None:
    variables = with_secret(entra, settings)
    before = len(entra.directory.applications.live)
    code, text = examine(variables, "--probe")
    assert code == 0, text
    assert "ok       lag: a new client is read after" in text
    assert "the probe is removed" in text
    assert len(entra.directory.applications.live) == before
    entra.consistency.settle()
    assert not entra.directory.applications.deleted


def test_a_clock_that_is_wrong(entra: EntraEmulator, settings: dict[str, str]) -> None:
    variables = with_secret(entra, settings)
    entra.clock.advance(600)
    _, text = examine(variables)
    assert re.search(r"PROBLEM  clock: differs from Microsoft's by \+(59[0-9]|60[0-9]) seconds", text)
