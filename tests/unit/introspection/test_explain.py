"""What an operator sees who asks why a token is inactive."""

import io
import json
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from shared.commands.examination import REMEDIES, Examination
from shared.commands.explain import main
from shared.http.refreshed import settled
from shared.introspection.issuers import TrustedIssuers
from shared.introspection.reasons import Reason
from tests.unit.introspection.authority import API, TENANT, Authority
from tests.unit.introspection.deployment import NOW, InlineExecutor, configuration, introspect_request, introspection
from tests.unit.introspection.tokens import CASES, Case, make_token


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_first_failure_shown_is_the_endpoints_reason(case: Case) -> None:
    """One set of checks, two ways to run them."""
    configured = configuration(case.get("settings", "default"))
    issuers = TrustedIssuers(configured, Authority(), InlineExecutor())
    for source in issuers.sources:
        settled(partial(source.store.value, NOW), patience=1, rounds=1)
    token = make_token(case, NOW).encode("utf-8", "surrogatepass")
    examination = Examination(token, issuers, configured.options, configured.callers[0].caller, NOW)
    examination.run()
    assert examination.first_failure == case["expect"].get("reason")


def test_every_reason_has_a_check_and_a_remedy_in_words() -> None:
    """A code alone helps nobody."""
    assert set(REMEDIES) == set(Reason)
    assert all(remedy.check and remedy.remedy.endswith(".") for remedy in REMEDIES.values())


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": Authority().keys}))
    return path


def explain(
    token: str, *flags: str, environment: dict[str, str] | None = None, read: Authority | None = None, end: str = "\n"
) -> tuple[int, str]:
    output = io.StringIO()
    status = main(["--now", str(NOW), *flags], environment or {}, io.StringIO(token + end, newline=""), output, read)
    return status, output.getvalue()


def test_calls_a_good_token_active_offline(key_file: Path) -> None:
    """With a key file nothing is fetched."""
    for case in ({}, {"template": "v1_app"}):
        token = make_token(case, NOW)
        flags = ("--jwks", str(key_file), "--tenant", TENANT, "--audience", API, "--audience", f"api://{API}")
        status, text = explain(token, *flags)
        assert (status, "FAIL" in text) == (0, False)
        assert "Active" in text


@pytest.mark.duty(97)
def test_shows_all_that_is_wrong_with_its_remedy_and_never_the_token(key_file: Path) -> None:
    """Expired, and for Graph, and in the words of the page that Anypoint's users see."""
    case = {"claims": {"exp": {"now": -60}, "aud": "https://graph.microsoft.com"}}
    token = make_token(case, NOW)
    status, text = explain("Bearer " + token, "--jwks", str(key_file), "--tenant", TENANT, "--audience", API)
    assert status == 1
    assert "Token has been revoked" in text
    assert text.count("FAIL") == 2
    assert "reason expired. Get a new token." in text
    assert "reason graph_audience." in text
    assert "api://" in text
    assert not [segment for segment in token.split(".") if segment in text]


def test_goes_on_after_a_bad_signature(key_file: Path) -> None:
    """What the token says of itself still tells where it came from."""
    token = make_token({"key": "foreign", "claims": {"exp": {"now": -1}}}, NOW)
    status, text = explain(token, "--jwks", str(key_file), "--tenant", TENANT, "--audience", API)
    assert status == 1
    assert "FAIL  the signature is the issuer's" in text
    assert "FAIL  the token has not expired" in text
    assert "Inactive: signature" in text


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("", "\n", "signature_malformed"),
        ("", "\r\n", "signature_malformed"),
        ("", " ", "signature_malformed"),
        (" ", "", "header_malformed"),
        ("\n\t", "", "header_malformed"),
        ("Bearer ", "", "header_malformed"),
        ("bearer ", "\n", "header_malformed"),
        (" BEARER\t ", " \n", "header_malformed"),
    ],
    ids=repr,
)
def test_leaves_out_what_comes_along_when_a_token_is_pasted_and_says_what_the_endpoint_does_with_it(
    key_file: Path, before: str, after: str, reason: str
) -> None:
    """The endpoint takes the text as it stands."""
    text = before + make_token({}, NOW) + after
    status, shown = explain(text, "--jwks", str(key_file), "--tenant", TENANT, "--audience", API, end="")
    assert status == 0
    assert f"exactly what was given is inactive there ({reason})" in shown
    assert shown.count("FAIL") == 0
    assert introspection().handle(introspect_request(text), NOW).body == b'{"active":false}'


def test_says_nothing_of_pasting_when_there_is_the_token_alone(key_file: Path) -> None:
    """And takes no other text for something to leave out."""
    flags = ("--jwks", str(key_file), "--tenant", TENANT, "--audience", API)
    assert "left out" not in explain(make_token({}, NOW), *flags, end="")[1]
    token = make_token({}, NOW)
    for text in (token[:50] + "\n" + token[50:], f"Basic {token}", f"Bearer Bearer {token}", f'"{token}"'):
        assert explain(text, *flags, end="")[0] == 1


@pytest.mark.parametrize("text", ["", " ", "\n", "Bearer", "bearer \n"], ids=repr)
def test_says_when_there_is_no_token(text: str) -> None:
    """The endpoint answers 400 without one."""
    status, shown = explain(text, end="")
    assert (status, "no token" in shown) == (2, True)


def test_names_every_wrong_setting() -> None:
    """Not the first alone."""
    environment = {"INTROSPECTION_TENANTS": "[1]", "INTROSPECTION_OPTIONS": '{"x": 1}'}
    status, text = explain("x", environment=environment)
    assert status == 2
    assert "INTROSPECTION_TENANTS: [0] must be" in text
    assert "INTROSPECTION_OPTIONS: x is not known" in text


def test_takes_an_exact_issuer(key_file: Path) -> None:
    """For External ID, whose issuers have no form to guess."""
    issuer = "https://contoso.ciamlogin.com/x/v2.0"
    keys = {"keys": [{**key, "issuer": issuer} for key in Authority().keys]}
    key_file.write_text(json.dumps(keys))
    flags = ("--jwks", str(key_file), "--tenant", TENANT, "--audience", API)
    token = make_token({"claims": {"iss": issuer}}, NOW)
    assert explain(token, *flags, "--issuer", issuer)[0] == 0
    assert explain(token, *flags, "--issuer", issuer + "/")[0] == 1


def test_takes_the_settings_of_the_environment_and_the_caller_that_the_token_is_for() -> None:
    """What the deployed bridge would say, from the same settings."""
    callers = [
        {"client_id": name, "secret_sha256": [sha256(b"x").hexdigest()], "audiences": [audience]}
        for name, audience in (("one", "api://one"), ("two", API))
    ]
    environment = {"INTROSPECTION_TENANTS": json.dumps([TENANT]), "INTROSPECTION_CALLERS": json.dumps(callers)}
    token = make_token({}, NOW)
    status, text = explain(token, environment=environment, read=Authority())
    assert status == 0
    assert "for the gateway two" in text
    assert explain(token, "--caller", "one", environment=environment, read=Authority())[0] == 1
    assert explain(token, "--caller", "none", environment=environment, read=Authority())[0] == 2


def test_says_that_it_cannot_tell_when_keys_are_out_of_reach() -> None:
    """Not the same as inactive."""
    authority = Authority()
    authority.failing = OSError("unreachable")
    environment = {"INTROSPECTION_TENANTS": json.dumps([TENANT])}
    status, text = explain(make_token({}, NOW), environment=environment, read=authority)
    assert status == 2
    assert "503" in text


@pytest.mark.parametrize(
    ("flags", "environment", "message"),
    [
        (("--jwks", "no-such-file"), {}, "no-such-file"),
        (("--issuer", "https://x"), {}, "--issuer needs"),
        ((), {"INTROSPECTION_TENANTS": "nonsense"}, "INTROSPECTION_TENANTS: is not JSON"),
    ],
)
def test_says_what_is_wrong_with_the_command(flags: tuple[str, ...], environment: dict[str, str], message: str) -> None:
    """Status 2, one line."""
    status, text = explain("x", *flags, environment=environment)
    assert status == 2
    assert message in text


def test_a_terminal_gets_no_control_characters_from_a_token(key_file: Path) -> None:
    """Claims are a stranger's until the signature holds."""
    token = make_token({"key": "foreign", "claims": {"scp": "\u001b[31mred\u202e", "azp": "a\nb"}}, NOW)
    _, text = explain(token, "--jwks", str(key_file), "--tenant", TENANT, "--audience", API)
    assert "\u001b" not in text
    assert "\u202e" not in text
    assert "a?b" in text


def test_strictness_of_the_settings_is_shown_too(key_file: Path) -> None:
    """A client list on the command line counts like one in the settings."""
    token = make_token({}, NOW)
    flags = ("--jwks", str(key_file), "--tenant", TENANT, "--audience", API, "--client", "another")
    status, text = explain(token, *flags)
    assert status == 1
    assert "reason client_not_allowed" in text
