"""The rules about client secrets."""

from datetime import UTC, datetime, timedelta

from shared.registration.secrets import ClientSecret, find_secret, match_secret, read_secrets

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def secret(key_id: str, *, age: int, life: int = 180, hint: str = "", own: bool = True) -> ClientSecret:
    """A secret made `age` days ago that lives `life` days."""
    start = NOW - timedelta(days=age)
    return ClientSecret(key_id, start, start + timedelta(days=life), hint, own)


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
    assert ClientSecret("c", NOW, NOW).own
    assert not ClientSecret("c", NOW, NOW).hint
    assert second.expires_at == 1_782_864_000
    assert read_secrets({}) == read_secrets({"passwordCredentials": None}) == ()


def test_a_time_that_is_null_is_no_bound() -> None:
    (forever,) = read_secrets({"passwordCredentials": [{"keyId": "a", "startDateTime": None, "endDateTime": None}]})
    assert forever.starts < NOW < forever.ends
    assert forever.expires_at == 0


def test_finds_a_secret_by_its_hint() -> None:
    secrets = (secret("new", age=1, hint="abc"), secret("old", age=9, hint="xyz"), secret("bare", age=10))
    assert match_secret(secrets, "xyz~rest") == secrets[1]
    assert match_secret(secrets, "abd~rest") is None
    assert match_secret(secrets, "") is None
    assert find_secret(secrets, "bare") == secrets[2]
    assert find_secret(secrets, "gone") is None
