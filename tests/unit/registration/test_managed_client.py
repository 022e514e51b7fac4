"""When the secret in a caller's own token may be handed back: never one that was removed, always one that lag only hides."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.registration.authorization import CallerKind, Principal
from shared.registration.clients import YOUNG, ManagedClient
from shared.registration.entra_application import Provenance
from shared.registration.policy import Policy
from shared.registration.registration import Registration
from shared.registration.secrets import ClientSecret, IssuedSecret
from shared.registration.tokens import RegistrationAccessToken, SealedSecret

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WEB = Registration("Orders", "web", "client_secret_basic", ("authorization_code",), ("code",))
KEY_ID, CLIENT = "9b8a7c6d-6666-4777-8888-e99900011122", "0d9e8f7a-2222-4333-8444-a55566677788"
SEALED_AT = NOW - timedelta(seconds=60)
ENDS = NOW + timedelta(days=182)
STARTS = SEALED_AT - SECOND
KNOWN = ClientSecret(KEY_ID, STARTS, ENDS, "abc")
SEALED = SealedSecret(KEY_ID, "the text", int(ENDS.timestamp()), int(STARTS.timestamp() * 1_000_000))


def found(
    *listed: ClientSecret,
    sealed: SealedSecret | None = SEALED,
    sealed_at: datetime = SEALED_AT,
    method: str = "client_secret_basic",
) -> IssuedSecret | None:
    client = ManagedClient(
        {"appId": CLIENT}, WEB._replace(token_endpoint_auth_method=method), Provenance("portal", "default"), listed, Policy()
    )
    token = RegistrationAccessToken(CLIENT, 1, int(sealed_at.timestamp()), sealed)
    return client.unsealed_secret(Principal("portal", CallerKind.STATIC, Policy(), token), NOW)


def test_a_listed_secret_is_handed_back_as_the_directory_has_it() -> None:
    assert found(KNOWN) == IssuedSecret(KNOWN, "the text")
    assert found(KNOWN, sealed_at=NOW - timedelta(days=90)) == IssuedSecret(KNOWN, "the text")


def test_nothing_is_handed_back_without_a_secret_in_the_token_or_for_a_client_without_secrets() -> None:
    assert found(KNOWN, sealed=None) is None
    assert found(KNOWN, method="none") is None
    assert found(KNOWN, method="private_key_jwt") is None
    client = ManagedClient({"appId": CLIENT}, WEB, Provenance("portal", "default"), (KNOWN,), Policy())
    assert client.unsealed_secret(Principal("portal", CallerKind.STATIC, Policy()), NOW) is None


def test_a_young_token_proves_a_secret_that_the_list_lacks_as_yet() -> None:
    older = ClientSecret("older", STARTS - SECOND, ENDS)
    proven = ClientSecret(KEY_ID, STARTS, ENDS)
    for listed in ((), (older,), (ClientSecret("same", STARTS, ENDS),)):
        assert found(*listed) == IssuedSecret(proven, "the text")


def test_a_newer_secret_in_the_list_takes_its_place() -> None:
    newer = ClientSecret("newer", STARTS + timedelta(microseconds=1), ENDS)
    assert found(newer) is None
    assert found(ClientSecret("older", STARTS - SECOND, ENDS), newer) is None


@pytest.mark.parametrize(("age", "proven"), [(0, True), (YOUNG - 1, True), (YOUNG, False)])
def test_a_token_is_young_for_ten_minutes(age: int, *, proven: bool) -> None:
    assert (found(sealed_at=NOW - age * SECOND) is not None) is proven


def test_a_token_that_does_not_say_when_its_secret_began_says_when_it_was_sealed() -> None:
    assert found(sealed=SEALED._replace(starts=None)) == (IssuedSecret(ClientSecret(KEY_ID, SEALED_AT, ENDS), "the text"))


def test_a_token_that_does_not_say_when_its_secret_ends_proves_none() -> None:
    assert found(sealed=SEALED._replace(ends=None)) is None
    assert found(KNOWN, sealed=SEALED._replace(ends=None)) == IssuedSecret(KNOWN, "the text")
