"""The rules about client secrets."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.registration.secrets import ClientSecret, find, in_excess, matching, read_secrets, superseded

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
WEEK = timedelta(days=7)


def secret(key_id: str, *, age: int, life: int = 180, hint: str = "", own: bool = True) -> ClientSecret:
    """A secret made `age` days ago that lives `life` days."""
    start = NOW - timedelta(days=age)
    return ClientSecret(key_id, start, start + timedelta(days=life), hint, own)


def ids(secrets: tuple[ClientSecret, ...]) -> list[str]:
    return [entry.key_id for entry in secrets]


def test_reads_passwords_the_newest_first() -> None:
    old = {
        "keyId": "a",
        "displayName": "dcr 2026-01-01",
        "startDateTime": "2026-01-01T00:00:00Z",
        "endDateTime": "2026-07-01T00:00:00.9Z",
        "hint": "abc",
    }
    new = {
        "keyId": "b",
        "displayName": None,
        "startDateTime": "2026-06-01T00:00:00Z",
        "endDateTime": "2026-12-01T00:00:00Z",
        "hint": None,
    }
    first, second = read_secrets({"passwordCredentials": [old, new]})
    assert (first.key_id, first.own, first.hint) == ("b", False, "")
    assert (second.key_id, second.own, second.hint) == ("a", True, "abc")
    assert second.expires_at == 1_782_864_000
    assert read_secrets({}) == read_secrets({"passwordCredentials": None}) == ()


def test_finds_a_secret_by_its_hint() -> None:
    secrets = (secret("new", age=1, hint="abc"), secret("old", age=9, hint="xyz"), secret("bare", age=10))
    assert matching(secrets, "xyz~rest") == secrets[1]
    assert matching(secrets, "abd~rest") is None
    assert matching(secrets, "") is None
    assert find(secrets, "bare") == secrets[2]
    assert find(secrets, "gone") is None


@pytest.mark.duty(95)
def test_an_old_secret_may_go_when_its_successor_is_as_old_as_the_overlap() -> None:
    secrets = (secret("new", age=7), secret("old", age=90))
    assert ids(superseded(secrets, NOW, WEEK)) == ["old"]
    assert superseded(secrets, NOW - timedelta(seconds=1), WEEK) == ()


@pytest.mark.duty(95)
def test_the_newest_secret_never_goes() -> None:
    assert superseded((secret("only", age=400),), NOW, WEEK) == ()
    assert superseded((), NOW, WEEK) == ()


@pytest.mark.duty(95)
def test_an_expired_secret_may_go_at_once_when_there_is_a_newer_one() -> None:
    secrets = (secret("new", age=1), secret("over", age=180), secret("older", age=300, life=600))
    assert ids(superseded(secrets, NOW, timedelta(days=30))) == ["over", "older"]
    assert ids(superseded((secret("new", age=1), secret("good", age=179)), NOW, WEEK)) == []


def test_secrets_that_the_bridge_did_not_make_stay() -> None:
    secrets = (secret("new", age=10), secret("admin", age=100, own=False), secret("old", age=100))
    assert ids(superseded(secrets, NOW, WEEK)) == ["old"]
    assert ids(in_excess(secrets, 1)) == ["old"]


@pytest.mark.duty(95)
def test_the_oldest_secrets_are_in_excess() -> None:
    secrets = (secret("b", age=20), secret("a", age=10), secret("c", age=30))
    assert ids(in_excess(secrets, 2)) == ["c"]
    assert ids(in_excess(secrets, 0)) == ["a", "b", "c"]
    assert in_excess(secrets, 3) == ()
