"""`doctor`, on a tenant that is well and on such that aren't."""

import io
import json
import re
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from emulator.server import EntraEmulator
from shared.commands.doctor import main
from tests.functional.audit.inbox import running_inbox
from tests.functional.audit.test_github import GithubDouble
from tests.functional.audit.test_hashicorp_vault import KvDouble
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


@pytest.mark.parametrize("wrong", ["credential", "permissions"])
def test_no_probe_is_made_by_who_may_not_make_one(entra: EntraEmulator, settings: dict[str, str], wrong: str) -> None:
    variables = with_secret(entra, settings, roles=("Directory.Read.All",) if wrong == "permissions" else OWNED_BY)
    if wrong == "credential":
        variables["ENTRA_CLIENT_SECRET"] = "not-the-s3cret"
    before = len(entra.directory.applications.live)
    code, text = examine(variables, "--probe")
    assert code == 1
    assert " lag: " not in text
    assert len(entra.directory.applications.live) == before


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


@pytest.mark.parametrize(
    ("audit", "roles", "expected"),
    [
        ({"AUDIT_SCOPE": "tenant"}, (), "PROBLEM  permissions: Application.Read.All is not granted: AUDIT_SCOPE is tenant"),
        ({"AUDIT_SCOPE": "tenant"}, ("Application.Read.All",), "ok       permissions: Application.Read.All is granted: "),
        ({"AUDIT_ACTIONS": "purge"}, (), "PROBLEM  permissions: Application.Read.All is not granted: AUDIT_ACTIONS has purge"),
        ({"AUDIT_USAGE_REPORT": "true"}, (), "PROBLEM  permissions: AuditLog.Read.All is not granted"),
        (
            {"AUDIT_SCOPE": "owned", "AUDIT_MAIL_FROM": "audit@contoso.com"},
            (),
            "warning  permissions: User.ReadBasic.All is not granted, so only the fallback",
        ),
        (
            {"INTROSPECTION_OPTIONS": '{"revocation": {"mode": "client+user"}}'},
            (),
            "PROBLEM  permissions: User.Read.All is not granted: INTROSPECTION_OPTIONS",
        ),
        ({}, ("Mail.Send",), "warning  permissions: Mail.Send is granted, which is more than the bridge needs"),
    ],
)
def test_permissions_follow_what_is_turned_on(
    entra: EntraEmulator, settings: dict[str, str], audit: dict[str, str], roles: tuple[str, ...], expected: str
) -> None:
    code, text = examine({**with_secret(entra, settings, roles=(*OWNED_BY, *roles)), **audit})
    assert expected in text
    if expected.startswith("PROBLEM"):
        assert code == 1


def test_wider_permissions_serve_and_are_said_to_be_more(entra: EntraEmulator, settings: dict[str, str]) -> None:
    _, text = examine({**with_secret(entra, settings, roles=("Application.ReadWrite.All",)), "AUDIT_SCOPE": "tenant"})
    assert "is not granted" not in text
    assert "warning  permissions: Application.ReadWrite.All is granted, which is more" in text
    assert "-> grant Application.ReadWrite.OwnedBy instead" in text


@pytest.mark.parametrize("roles", [("Mail.Send",), ()])
def test_the_mailbox_is_tried_without_a_mail(entra: EntraEmulator, settings: dict[str, str], roles: tuple[str, ...]) -> None:
    entra.add_user("audit@contoso.com")
    code, text = examine({**with_secret(entra, settings, (*OWNED_BY, *roles)), "AUDIT_MAIL_FROM": "audit@contoso.com"})
    if roles:
        assert code == 0, text
        assert "ok       mail: audit@contoso.com may write; nothing was sent" in text
    else:
        assert code == 1
        assert "PROBLEM  mail: audit@contoso.com can't write: Graph failed: " in text
        assert "Exchange's role" in text
    assert entra.tenant.mails == []


def test_a_mailbox_that_is_not_there(entra: EntraEmulator, settings: dict[str, str]) -> None:
    variables = with_secret(entra, settings, (*OWNED_BY, "Mail.Send"))
    code, text = examine({**variables, "AUDIT_MAIL_FROM": "nobody@contoso.com"})
    assert code == 1
    assert "PROBLEM  mail: nobody@contoso.com can't write" in text


@pytest.mark.parametrize(
    ("password", "expected"),
    [("pass%20word", "ok       mail: "), ("wrong", "PROBLEM  mail: audit@contoso.com can't write: 127.0.0.1")],
)
def test_the_mail_server_is_signed_in_to_without_a_mail(
    entra: EntraEmulator, settings: dict[str, str], password: str, expected: str
) -> None:
    with running_inbox() as (inbox, server):
        address = f"smtp://bridge:{password}@127.0.0.1:{server.port}"
        mail = {"AUDIT_MAIL_FROM": "audit@contoso.com", "AUDIT_MAIL_SERVER": address}
        _, text = examine({**with_secret(entra, settings), **mail})
    assert expected in text
    assert password not in text
    assert inbox.received == []


def test_stores_are_asked_and_the_one_that_refuses_is_named_with_its_cure(
    entra: EntraEmulator, settings: dict[str, str], tmp_path: Path
) -> None:
    with KvDouble(str(tmp_path / "kv.pem")) as vault, GithubDouble(str(tmp_path / "github.pem")) as github:
        bundle = tmp_path / "bundle.pem"
        bundle.write_text("".join(Path(file).read_text() for file in (vault.ca_file, github.ca_file, entra.ca_file)))
        places = vault.url.removeprefix("https://"), github.url.removeprefix("https://")
        destinations = {
            "policy:a": f"hashicorp-vault://{places[0]}/team/secret/data/mule/{{client_id}}",
            "policy:b": f"hashicorp-vault://{places[0]}/nowhere/data/{{client_id}}",
            "policy:c": f"github://{places[1]}/acme/gateway/production/ENTRA_{{client_id}}",
            "policy:d": f"github://{places[1]}/acme/gateway/staging/ENTRA_{{client_id}}",
            "*": "https://localhost:1/secrets/{client_id}",
        }
        audit = {
            "AUDIT_DELIVERIES": json.dumps(destinations),
            "AUDIT_VAULT_TOKEN": "hvs.good",
            "AUDIT_GITHUB_TOKEN": "github_pat_good",
            "ENTRA_CA_BUNDLE": str(bundle),
        }
        code, text = examine({**with_secret(entra, settings), **audit})
    assert code == 1
    lines = [line for line in text.splitlines() if " stores: " in line]
    assert [line.split()[0] for line in lines] == ["ok", "PROBLEM", "ok", "PROBLEM", "PROBLEM"]
    assert "the environment's public key was answered 404 Not Found" in lines[3]
    assert "localhost isn't the name of a key vault" in lines[4]
    assert "-> look at AUDIT_GITHUB_TOKEN" in text
    assert "hvs.good" not in text
    assert "github_pat_good" not in text


def test_the_deployed_bridge_is_called_unless_it_is_told_not_to(entra: EntraEmulator, settings: dict[str, str]) -> None:
    output = io.StringIO()
    assert main(["--url", "http://127.0.0.1:9"], with_secret(entra, settings), output) == 1
    assert "PROBLEM  doors: GET /health got no answer" in output.getvalue()
    assert "doors" not in examine(with_secret(entra, settings))[1]
    output = io.StringIO()
    assert main(["--only-doors", "--url", "http://127.0.0.1:9"], {}, output) == 1
    assert "settings" not in output.getvalue()


def test_a_clock_that_is_wrong(entra: EntraEmulator, settings: dict[str, str]) -> None:
    variables = with_secret(entra, settings)
    entra.clock.advance(600)
    _, text = examine(variables)
    assert re.search(r"PROBLEM  clock: differs from Microsoft's by \+(59[0-9]|60[0-9]) seconds", text)
