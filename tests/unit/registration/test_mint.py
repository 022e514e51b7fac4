"""The operator's command for initial access tokens."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.commands.mint_token import main
from shared.registration.tokens import verify_initial_token
from shared.settings.registration import read_keys

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SECRET = "a-signing-secret-of-the-operator-012345"
SETTINGS = {"REGISTRATION_INITIAL_TOKEN_KEYS": SECRET, "BRIDGE_BASE_URL": "https://bridge.example.com/"}


@pytest.mark.duty(35)
def test_prints_a_token_that_the_bridge_believes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--name", "Partner Ltd", "--policy", "partners", "--days", "7", "--clients", "3"], SETTINGS, NOW) == 0
    printed = capsys.readouterr()
    access = verify_initial_token(printed.out.strip(), "https://bridge.example.com", read_keys(SECRET), NOW)
    assert access is not None
    assert (access.name, access.policy, access.most_clients) == ("Partner Ltd", "partners", 3)
    assert access.expires == NOW + timedelta(days=7)
    assert "2026-11-29" in printed.err
    assert SECRET not in printed.out + printed.err


def test_no_two_tokens_are_the_same_caller(capsys: pytest.CaptureFixture[str]) -> None:
    tokens = []
    for _ in range(2):
        main(["--name", "Partner"], SETTINGS, NOW)
        tokens.append(capsys.readouterr().out.strip())
    first, second = (verify_initial_token(token, "https://bridge.example.com", read_keys(SECRET), NOW) for token in tokens)
    assert first is not None
    assert second is not None
    assert first.id != second.id
    assert (first.policy, first.most_clients, first.expires) == ("default", None, NOW + timedelta(days=30))


@pytest.mark.parametrize(
    ("arguments", "settings", "named"),
    [
        ([], SETTINGS, "--name"),
        (["--name", "x", "--days", "0"], SETTINGS, "--days"),
        (["--name", "x", "--clients", "0"], SETTINGS, "--clients"),
        (["--name", "x"], {}, "REGISTRATION_INITIAL_TOKEN_KEYS"),
        (["--name", "x"], {**SETTINGS, "BRIDGE_BASE_URL": ""}, "BRIDGE_BASE_URL"),
        (["--name", "x"], {**SETTINGS, "REGISTRATION_INITIAL_TOKEN_KEYS": "sh0rt"}, "at least 32"),
    ],
)
def test_says_what_is_missing(
    arguments: list[str], settings: dict[str, str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments, settings, NOW)
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert named in printed.err
    assert "sh0rt" not in printed.err
    assert printed.out == ""
