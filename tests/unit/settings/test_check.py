"""The check of all settings: every problem named, none a traceback, no value repeated."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from local.sandbox import ROOT
from shared.commands.check_settings import main
from shared.environment import Setting
from shared.settings.whole import check_settings, declared_settings

GOOD = {
    "BRIDGE_BASE_URL": "https://bridge.example.com",
    "ENTRA_TENANT_ID": "5f0c2a3e-6b1d-4d0e-9a55-3c8d1f7b9e01",
    "ENTRA_MANAGED_IDENTITY": "system",
    "REGISTRATION_SEALING_KEYS": "a sealing secret that is long enough",
    "AUDIT_SCHEDULE": "0 0 3 * * *",
}
REFERENCE = "@Microsoft.KeyVault(VaultName=v;SecretName=s)"
NAMES = [setting.name for settings in declared_settings().values() for setting in settings]


def problems(variables: dict[str, str], *, references: bool = False) -> dict[str, str]:
    check = check_settings({name: value for name, value in (GOOD | variables).items() if value}, references=references)
    return {problem.name: problem.expected for problem in check.problems}


def test_good_settings_have_no_problem() -> None:
    assert problems({}) == {}


def test_names_the_problems_of_every_part_at_once() -> None:
    wrong = {
        "BRIDGE_BASE_URL": "bridge.example.com",
        "ENTRA_CLOUD": "moon",
        "REGISTRATION_SECRET_DAYS": "soon",
        "INTROSPECTION_CALLERS": "[7]",
        "AUDIT_SLACK_URL": "http://x",
        "AUDIT_SCHEDULE": "@daily",
        "AUDIT_TRESHOLDS": "60",
    }
    assert problems(wrong).keys() == wrong.keys()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("REGISTRATION_CREDENTIAL", "REGISTRATION_CREDENTIALS"),
        ("INTROSPECTION_CALLER", "INTROSPECTION_CALLERS"),
        ("AUDIT_SLACK_UR", "AUDIT_SLACK_URL"),
        ("ENTRA_TENANT", "ENTRA_TENANT_ID"),
        ("BRIDGE_URL", "BRIDGE_BASE_URL"),
    ],
)
def test_a_name_that_nothing_reads_is_named_with_the_nearest(tmp_path: Path, name: str, meant: str) -> None:
    assert problems({name: "x"})[name] == f"is no setting of the bridge; is it {meant}?"
    (tmp_path / "bridge.json").write_text(json.dumps({name: "x"}))
    assert list(problems({"BRIDGE_CONFIG": str(tmp_path / "bridge.json")})) == [name]


def test_a_variable_that_the_file_refers_to_may_have_any_name(tmp_path: Path) -> None:
    literal = [{"name": "portal", "authorization": {"$setting": "REGISTRATION_PORTAL_LITERAL"}}]
    (tmp_path / "bridge.json").write_text(json.dumps({"REGISTRATION_CREDENTIALS": literal}))
    variables = {"BRIDGE_CONFIG": str(tmp_path / "bridge.json"), "REGISTRATION_PORTAL_LITERAL": "Bearer long and random"}
    assert problems(variables) == {}


def test_names_of_other_programs_are_none_of_its_business() -> None:
    assert problems({"AZURE_CLIENT_ID": "x", "AUDITOR": "x", "entra_tenant": "x"}) == {}


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"ENTRA_CLOUD": "moon"}, "ENTRA_CLOUD"),
        ({"REGISTRATION_SECRET_MISMATCH": "ignore"}, "REGISTRATION_SECRET_MISMATCH"),
        ({"REGISTRATION_SIGN_IN_AUDIENCE": "everyone"}, "REGISTRATION_SIGN_IN_AUDIENCE"),
        ({"AUDIT_NOTIFY_SEVERITY": "urgent"}, "AUDIT_NOTIFY_SEVERITY"),
        ({"REGISTRATION_ENTRA_ROLES": '{"Clients.Register": "default"}'}, "REGISTRATION_ENTRA_AUDIENCE"),
        ({"REGISTRATION_ENTRA_ROLES": '{"r": "gone"}', "REGISTRATION_ENTRA_AUDIENCE": "api://b"}, "REGISTRATION_ENTRA_ROLES"),
        (
            {"REGISTRATION_CREDENTIALS": '[{"name": "portal", "authorization": "Bearer long and random", "policy": "gone"}]'},
            "REGISTRATION_CREDENTIALS",
        ),
        ({"REGISTRATION_OPEN_POLICY": "gone"}, "REGISTRATION_OPEN_POLICY"),
        ({"REGISTRATION_OPEN_POLICY": "default"}, "REGISTRATION_OPEN_POLICY"),
        (
            {
                "REGISTRATION_CREDENTIALS": json.dumps(
                    [{"name": name, "authorization": "Bearer the same for both"} for name in ("one", "other")]
                )
            },
            "REGISTRATION_CREDENTIALS",
        ),
        (
            {
                "INTROSPECTION_BEARER_CALLERS": '[{"name": "g", "role": "r", "audiences": ["api://orders"]}]',
                "INTROSPECTION_OPTIONS": json.dumps(
                    {"bearer_audiences": ["b"], "bearer_tenants": ["7a1b2c3d-0e4f-4a5b-8c6d-9e0f1a2b3c4d"]}
                ),
            },
            "INTROSPECTION_OPTIONS",
        ),
    ],
)
def test_names_a_wrong_word_and_what_refers_to_nothing(variables: dict[str, str], name: str) -> None:
    assert list(problems(variables)) == [name]


def test_every_placeholder_that_is_published_is_named_as_such() -> None:
    example = json.loads((ROOT / "local.settings.example.json").read_text("utf-8"))["Values"]
    published = {name for name, value in example.items() if "<" in value}
    found = problems({"ENTRA_MANAGED_IDENTITY": "", **example})
    assert {name for name, expected in found.items() if "placeholder" in expected} == published
    assert len(published) == 6


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REGISTRATION_SEALING_KEYS", "a random text of at least 32 characters"),
        ("REGISTRATION_CREDENTIALS", '[{"name": "anypoint", "authorization": "Bearer <a long random text>"}]'),
        ("INTROSPECTION_CALLERS", '[{"client_id": "mule", "secret_sha256": ["<hex>"], "audiences": ["api://orders"]}]'),
        ("REGISTRATION_CREDENTIALS", '[{"name": "kong", "api_key_sha256": "<64 digits>"}]'),
        ("REGISTRATION_CREDENTIALS", '[{"name": "anypoint", "authorization": "Bearer <text>"}]'),
    ],
)
def test_what_the_readme_describes_a_value_by_is_no_value(name: str, value: str) -> None:
    assert "placeholder" in problems({name: value})[name]


def test_a_random_text_with_angle_brackets_is_no_placeholder() -> None:
    assert problems({"REGISTRATION_SEALING_KEYS": "q<Xy7>pL0<z>" * 4}) == {}


@pytest.mark.parametrize(
    "name", ["ENTRA_CLIENT_SECRET", "REGISTRATION_SEALING_KEYS", "REGISTRATION_CREDENTIALS", "AUDIT_SLACK_URL"]
)
def test_references_pass_where_a_pipeline_asks_for_that(name: str) -> None:
    own = {"ENTRA_MANAGED_IDENTITY": "", "ENTRA_CLIENT_ID": "7e57ab1e-5555-4666-8777-d88899900011", "ENTRA_CLIENT_SECRET": "s"}
    assert list(problems({**own, name: REFERENCE})) == [name]
    assert problems({**own, name: REFERENCE}, references=True) == {}


def test_what_depends_on_a_reference_is_not_judged() -> None:
    credentials = json.dumps([{"name": "portal", "authorization": "Bearer long and random", "policy": "portal"}])
    policies = {"REGISTRATION_CREDENTIALS": credentials, "REGISTRATION_POLICIES": REFERENCE}
    assert problems(policies, references=True) == {}
    certificate = {"ENTRA_MANAGED_IDENTITY": "", "ENTRA_CLIENT_ID": REFERENCE, "ENTRA_CLIENT_CERTIFICATE": REFERENCE}
    assert problems(certificate, references=True) == {}
    assert problems({"BRIDGE_BASE_URL": REFERENCE, "AUDIT_SCHEDULE": REFERENCE}, references=True) == {}


def refused(setting: Setting[Any]) -> bool:
    try:
        setting.parse("\u2603 nonsense")
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("name", [each.name for own in declared_settings().values() for each in own if refused(each)])
def test_the_check_reads_every_setting_that_can_be_wrong(name: str) -> None:
    # Several identities would be a problem of another name; the file is read before everything.
    if name not in {"BRIDGE_CONFIG"}:
        assert name in problems({name: "\u2603 nonsense"})


def test_traces_to_azure_need_an_address() -> None:
    check = check_settings(GOOD | {"BRIDGE_TELEMETRY": "azure"})
    assert check.problems == ()
    assert check.warnings == (
        "BRIDGE_TELEMETRY is azure and APPLICATIONINSIGHTS_CONNECTION_STRING is not set: nothing is exported",
    )
    with_address = {"BRIDGE_TELEMETRY": "azure", "APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=x"}
    assert check_settings(GOOD | with_address).warnings == ()


def test_a_policy_that_only_the_audit_names_is_a_warning() -> None:
    named = {
        "AUDIT_CLIENT_LIFETIMES": "trail=30,default=90",
        "AUDIT_DELIVERIES": '{"policy:mulesoft": "https://team.vault.azure.net/secrets/{client_id}"}',
    }
    check = check_settings(GOOD | named)
    assert check.problems == ()
    assert check.warnings == (
        "AUDIT_DELIVERIES names a policy that REGISTRATION_POLICIES doesn't have: mulesoft",
        "AUDIT_CLIENT_LIFETIMES names a policy that REGISTRATION_POLICIES doesn't have: trail",
    )


def certificate(key: ec.EllipticCurvePrivateKey, *, days: int = 30) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bridge")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(now - timedelta(days=60)).not_valid_after(now + timedelta(days=days))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def private(key: ec.EllipticCurvePrivateKey) -> str:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("good", None),
        ("other", "another private key"),
        ("ended", "ended on"),
        ("broken", "can't be read"),
        ("half", "expected PEM"),
    ],
)
def test_opens_the_certificate(tmp_path: Path, kind: str, expected: str | None) -> None:
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    texts = {
        "good": private(key) + certificate(key),
        "other": private(key) + certificate(other),
        "ended": private(key) + certificate(key, days=-1),
        "broken": private(key) + "-----BEGIN CERTIFICATE-----\nREVG\n-----END CERTIFICATE-----\n",
        "half": private(key),
    }
    (tmp_path / "bridge.pem").write_text(texts[kind])
    own = {"ENTRA_MANAGED_IDENTITY": "", "ENTRA_CLIENT_ID": "7e57ab1e-5555-4666-8777-d88899900011"}
    found = problems({**own, "ENTRA_CLIENT_CERTIFICATE": str(tmp_path / "bridge.pem")})
    assert list(found) == ([] if expected is None else ["ENTRA_CLIENT_CERTIFICATE"])
    assert (expected or "") in "".join(found.values())


@pytest.mark.parametrize("content", [None, b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nREVG\n-----END CERTIFICATE-----\n"])
def test_opens_the_ca_bundle(tmp_path: Path, content: bytes | None) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_bytes(content)
    assert list(problems({"ENTRA_CA_BUNDLE": str(bundle)})) == ["ENTRA_CA_BUNDLE"]
    bundle.write_text(certificate(ec.generate_private_key(ec.SECP256R1())))
    assert problems({"ENTRA_CA_BUNDLE": str(bundle)}) == {}


DOCUMENT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
VALUE = (
    st.text(max_size=30)
    | DOCUMENT.map(json.dumps)
    | st.sampled_from(["[" * 9999, "9" * 5000, "\udcff", "{}", "[]", "https://[", "\x00"])
)


@given(st.dictionaries(st.sampled_from(NAMES), VALUE, max_size=4), st.booleans())
def test_no_value_is_a_traceback(variables: dict[str, str], references: bool) -> None:
    check_settings({**GOOD, **variables}, references=references)


@given(st.sampled_from(NAMES), VALUE)
def test_no_value_of_any_setting_is_a_traceback(name: str, value: str) -> None:
    check_settings({**GOOD, name: value})


def test_the_command_names_problems_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], GOOD) == 0
    assert capsys.readouterr() == ("The settings can be used.\n", "")
    assert main([], {**GOOD, "REGISTRATION_SEALING_KEYS": "s3cret", "REGISTRATION_OPEN_POLICY": "open"}) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert [line.partition(":")[0] for line in errors.splitlines()] == ["warning", "REGISTRATION_SEALING_KEYS"]
    assert "s3cret" not in errors
    assert main(["--references"], {**GOOD, "REGISTRATION_SEALING_KEYS": REFERENCE}) == 0
