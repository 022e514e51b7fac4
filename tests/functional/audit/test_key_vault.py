"""Delivering to Azure Key Vault, on a loopback double with TLS."""

import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.audit.azure import KeyVault
from shared.audit.delivery import (
    Address,
    Delivery,
    DeliveryRefused,
    DeliveryUnknown,
    LookupFailed,
    SecretForm,
    StoreKind,
)
from shared.audit.sinks.webhook import HttpsCaller
from shared.graph.errors import PermissionRefused
from shared.graph.session import DirectorySession
from shared.retry import Deadline
from shared.secret import Secret
from tests.functional.audit.vault import GOOD_TOKEN, RESOURCE, Vault

END = datetime(2027, 5, 21, 10, tzinfo=UTC)
CLIENT = "0d9e8f7a-2222-4333-8444-a55566677788"


class QuickClock:
    """Counts sleeping instead of doing it."""

    def __init__(self) -> None:
        self.slept = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


class Tokens:
    """Gives tokens; the first ones may be stale."""

    def __init__(self, stale: int = 0) -> None:
        self.stale = stale
        self.asked: list[tuple[str, bool]] = []

    def __call__(self, resource: str, fresh: bool) -> str:
        self.asked.append((resource, fresh))
        return GOOD_TOKEN if fresh or not self.stale else "stale"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with Vault(now=time.time, ca_file=str(tmp_path / "ca.pem")) as running:
        yield running


@pytest.fixture
def clock() -> QuickClock:
    return QuickClock()


def store(vault: Vault, clock: QuickClock, tokens: Tokens | None = None) -> KeyVault:
    session = DirectorySession(vault.ca_file)
    return KeyVault(HttpsCaller(session, clock), tokens or Tokens(), {"localhost": RESOURCE})


def address(vault: Vault, form: SecretForm = SecretForm.PLAIN) -> Address:
    return Address(StoreKind.KEY_VAULT, vault.url, f"mule-{CLIENT}", form)


def delivery(key_id: str = "k1", text: str = "s3cret~value") -> Delivery:
    return Delivery(CLIENT, key_id, Secret(text), END)


def deadline(clock: QuickClock) -> Deadline:
    return Deadline.after(clock, 60)


def test_a_delivered_secret_is_a_new_version_with_its_end_and_key_id(vault: Vault, clock: QuickClock) -> None:
    store(vault, clock).put_secret(address(vault), delivery(), deadline(clock))
    (version,) = vault.secrets[f"mule-{CLIENT}"]
    assert version.value == "s3cret~value"
    assert version.exp == int(END.timestamp())
    assert version.tags == {"entra-client-id": CLIENT, "entra-key-id": "k1"}
    assert version.content_type == "text/plain"


def test_the_json_form_holds_what_a_reader_needs(vault: Vault, clock: QuickClock) -> None:
    store(vault, clock).put_secret(address(vault, SecretForm.JSON), delivery(), deadline(clock))
    (version,) = vault.secrets[f"mule-{CLIENT}"]
    assert version.content_type == "application/json"
    assert json.loads(version.value) == {
        "client_id": CLIENT,
        "client_secret": "s3cret~value",
        "expires_at": int(END.timestamp()),
    }


def test_knows_the_newest_version_over_several_pages(vault: Vault, clock: QuickClock) -> None:
    keeper = store(vault, clock)
    moments = iter(range(1_000, 1_005))
    vault.now = lambda: next(moments)
    for number in range(5):
        keeper.put_secret(address(vault), delivery(f"k{number}"), deadline(clock))
    stored = keeper.read_current(address(vault), deadline(clock))
    assert stored is not None
    assert (stored.key_id, stored.since) == ("k4", datetime.fromtimestamp(1_004, UTC))


def test_a_secret_that_the_bridge_did_not_put_there_is_none_of_its_own(vault: Vault, clock: QuickClock) -> None:
    keeper = store(vault, clock)
    assert keeper.read_current(address(vault), deadline(clock)) is None
    keeper.put_secret(address(vault), delivery(), deadline(clock))
    vault.secrets[f"mule-{CLIENT}"][0].tags.clear()
    assert keeper.read_current(address(vault), deadline(clock)) is None


def test_a_disabled_version_is_not_handed_out(vault: Vault, clock: QuickClock) -> None:
    keeper = store(vault, clock)
    keeper.put_secret(address(vault), delivery("k1"), deadline(clock))
    keeper.put_secret(address(vault), delivery("k2"), deadline(clock))
    vault.secrets[f"mule-{CLIENT}"][1].enabled = False
    stored = keeper.read_current(address(vault), deadline(clock))
    assert stored is not None
    assert stored.key_id == "k1"


def test_a_stale_token_is_renewed_once_on_the_vaults_challenge(vault: Vault, clock: QuickClock) -> None:
    tokens = Tokens(stale=1)
    store(vault, clock, tokens).put_secret(address(vault), delivery(), deadline(clock))
    assert tokens.asked == [(RESOURCE, False), (RESOURCE, True)]
    assert vault.held(f"mule-{CLIENT}") == "k1"


def test_a_challenge_for_another_resource_is_not_answered_with_a_token(vault: Vault, clock: QuickClock) -> None:
    vault.resource = "https://evil.example"
    tokens = Tokens(stale=1)
    with pytest.raises(DeliveryRefused, match="evil"):
        store(vault, clock, tokens).put_secret(address(vault), delivery(), deadline(clock))
    assert [resource for resource, _ in tokens.asked] == [RESOURCE]


def test_throttling_is_waited_for_as_long_as_the_vault_says(vault: Vault, clock: QuickClock) -> None:
    vault.refusals = [(429, "11"), (503, "")]
    store(vault, clock).put_secret(address(vault), delivery(), deadline(clock))
    assert vault.held(f"mule-{CLIENT}") == "k1"
    assert clock.slept >= 12


def test_a_vault_that_refuses_has_not_taken_the_secret(vault: Vault, clock: QuickClock) -> None:
    vault.refusals = [(403, "")]
    with pytest.raises(DeliveryRefused, match=r"403 Forbidden\Z"):
        store(vault, clock).put_secret(address(vault), delivery(), deadline(clock))
    assert vault.secrets == {}


def test_the_name_of_a_deleted_secret_is_a_refusal_that_says_so(vault: Vault, clock: QuickClock) -> None:
    vault.deleted.add(f"mule-{CLIENT}")
    with pytest.raises(DeliveryRefused, match="ObjectIsDeletedButRecoverable"):
        store(vault, clock).put_secret(address(vault), delivery(), deadline(clock))


def test_a_lost_answer_is_asked_for_again(vault: Vault, clock: QuickClock) -> None:
    vault.lost_answers = 1
    store(vault, clock).put_secret(address(vault), delivery(), deadline(clock))
    assert vault.held(f"mule-{CLIENT}") == "k1"


def test_when_all_answers_are_lost_the_outcome_is_unknown(vault: Vault, clock: QuickClock) -> None:
    vault.lost_answers = 99
    with pytest.raises(DeliveryUnknown):
        store(vault, clock).put_secret(address(vault), delivery(), deadline(clock))


def test_a_refusal_after_a_lost_answer_leaves_the_outcome_unknown(vault: Vault, clock: QuickClock) -> None:
    def lose_and_then_refuse() -> float:
        vault.lost_answers, vault.refusals = 1, [(403, "")]
        return 1.0

    vault.now = lose_and_then_refuse
    with pytest.raises(DeliveryUnknown, match="403"):
        store(vault, clock).put_secret(address(vault), delivery(), deadline(clock))
    assert vault.held(f"mule-{CLIENT}") == "k1"


def test_a_token_that_is_refused_after_a_lost_answer_leaves_the_outcome_unknown(vault: Vault, clock: QuickClock) -> None:
    def lose_and_then_ask_for_a_token() -> float:
        vault.lost_answers, vault.token = 1, "another"
        return 1.0

    def token_for(resource: str, fresh: bool) -> str:
        if fresh:
            raise PermissionRefused("the token service refused the bridge's own credential")
        return GOOD_TOKEN

    vault.now = lose_and_then_ask_for_a_token
    keeper = KeyVault(HttpsCaller(DirectorySession(vault.ca_file), clock), token_for, {"localhost": RESOURCE})
    with pytest.raises(DeliveryUnknown, match="no token"):
        keeper.put_secret(address(vault), delivery(), deadline(clock))


def test_a_vault_that_does_not_answer_is_a_failed_lookup(vault: Vault, clock: QuickClock) -> None:
    vault.refusals = [(500, "")] * 10
    with pytest.raises(LookupFailed):
        store(vault, clock).read_current(address(vault), deadline(clock))


def test_no_token_goes_to_a_host_that_is_no_vault(vault: Vault, clock: QuickClock) -> None:
    tokens = Tokens()
    keeper = KeyVault(HttpsCaller(DirectorySession(vault.ca_file), clock), tokens)
    with pytest.raises(DeliveryRefused, match="localhost"):
        keeper.put_secret(address(vault), delivery(), deadline(clock))
    assert tokens.asked == []
    assert vault.calls == []


@pytest.mark.parametrize(
    ("url", "resource"),
    [
        ("https://team.vault.azure.net/secrets/mule-{client_id}", "https://vault.azure.net"),
        ("https://team.vault.usgovcloudapi.net/secrets/mule-{client_id}", "https://vault.usgovcloudapi.net"),
        ("https://team.vault.azure.cn/secrets/mule-{client_id}", "https://vault.azure.cn"),
    ],
)
def test_each_cloud_has_its_own_resource(url: str, resource: str) -> None:
    found = Address.parse(url)
    keeper = KeyVault(HttpsCaller(DirectorySession(True), QuickClock()), Tokens())
    assert keeper._resource_of(Address(found.store, found.place, "x", found.form)) == resource


def test_neither_secret_nor_token_gets_into_the_log_or_a_text(
    vault: Vault, clock: QuickClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    vault.refusals = [(403, "")]
    with pytest.raises(DeliveryRefused) as failure:
        store(vault, clock).put_secret(address(vault), delivery(text="very~secret"), deadline(clock))
    seen = caplog.text + str(failure.value) + repr(delivery(text="very~secret"))
    assert "very~secret" not in seen
    assert GOOD_TOKEN not in seen


def test_a_deadline_that_is_over_is_not_waited_past(vault: Vault, clock: QuickClock) -> None:
    vault.refusals = [(429, "120")]
    with pytest.raises(DeliveryRefused, match="429"):
        store(vault, clock).put_secret(address(vault), delivery(), Deadline.after(clock, timedelta(seconds=5).total_seconds()))
    assert clock.slept == 0
