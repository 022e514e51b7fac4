"""The key store under a clock that the test turns: what it fetches, when, and what it serves meanwhile."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from shared.http.refreshed import FetchFailed, Pending
from shared.introspection.keys import KeyLifetimes, KeyStore, Published, read_key_set
from tests.unit.introspection.authority import TENANT, jwk
from tests.unit.introspection.deployment import InlineExecutor

ISSUER = f"https://login.microsoftonline.com/{TENANT}/v2.0"
LIFETIMES = KeyLifetimes(soft=3600, hard=86400, unknown_key=300, retry=5)


class Source:
    """Key documents that the test changes, and a count of how often they were read."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.fetches = 0
        self.failure: Exception | None = None
        self.changed: dict[str, str] = {}
        self.audiences: frozenset[str] | None = None
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self) -> Published:
        self.fetches += 1
        assert self.gate.wait(30)
        if self.failure is not None:
            raise self.failure
        keys = [jwk(name, None, self.changed.get(name)) for name in self.names]
        return Published({ISSUER: "2.0"}, read_key_set({"keys": keys}, ISSUER, TENANT, None, self.audiences))


def store_of(source: Source) -> KeyStore:
    return KeyStore("test", source, LIFETIMES, InlineExecutor())


def finds(store: KeyStore, name: str, now: float) -> bool:
    """Whether the key is found; a fetch that is needed has ended by then."""
    for _ in range(3):
        try:
            return store.find(name, now) is not None
        except Pending as pending:
            pending.future.result(0)
    raise AssertionError("more fetches than a key can need")


def test_reads_the_documents_when_the_first_token_comes() -> None:
    """Nothing is fetched before; one fetch serves all keys."""
    source = Source("current", "previous")
    store = store_of(source)
    assert source.fetches == 0
    assert finds(store, "current", 0)
    assert finds(store, "previous", 3599)
    assert source.fetches == 1


@pytest.mark.duty(112)
def test_ten_thousand_unknown_kids_cause_no_fetch_and_later_ten_thousand_cause_one() -> None:
    """RFC 8725 section 3.10; Microsoft's signing key rollover guide: at most one refresh in five minutes."""
    source = Source("current")
    store = store_of(source)
    assert finds(store, "current", 1000)
    for index in range(10_000):
        assert not finds(store, f"made-up-{index}", 1000 + index * 0.0299)
    assert source.fetches == 1
    for index in range(10_000):
        assert not finds(store, f"made-up-{index}", 1300 + index * 0.0299)
    assert source.fetches == 2


def test_renews_in_the_background_after_the_soft_lifetime() -> None:
    """The old keys answer the request that starts the renewal; the new ones answer from then on."""
    source = Source("current")
    store = store_of(source)
    assert finds(store, "current", 0)
    source.names = ("current", "next")
    assert store.find("current", 3600) is not None
    assert source.fetches == 2
    assert store.find("next", 3601) is not None
    assert store.find("current", 7199) is not None
    assert source.fetches == 2


def test_a_key_that_goes_missing_serves_for_ten_minutes_while_the_documents_are_read_again() -> None:
    """During a rollover Entra's servers disagree; what a document lacks once isn't withdrawn."""
    source = Source("current")
    store = store_of(source)
    assert finds(store, "current", 0)
    source.names = ("next",)
    assert finds(store, "current", 3600)
    assert source.fetches == 2
    assert finds(store, "current", 3601)
    assert source.fetches == 3  # at once
    for second in range(3602, 4200):
        assert finds(store, "current", second)
        assert finds(store, "next", second)
    assert source.fetches <= 3 + 600 // LIFETIMES.unknown_key
    assert not finds(store, "current", 4200)
    assert finds(store, "next", 4200)


def test_a_key_that_is_back_counts_as_if_it_had_never_been_missing() -> None:
    """One stale answer among good ones changes nothing, and the usual pace of renewals comes back."""
    source = Source("current", "previous")
    store = store_of(source)
    assert finds(store, "current", 0)
    source.names = ("previous",)
    assert finds(store, "current", 3600)
    source.names = ("current", "previous")
    assert finds(store, "current", 3601)
    assert source.fetches == 3
    assert finds(store, "current", 3601 + 3599)
    assert source.fetches == 3


def test_a_missing_key_does_not_outlive_its_ten_minutes_in_an_outage() -> None:
    """The last document said that it is gone; that no further one can be read doesn't bring it back for a day."""
    source = Source("current")
    store = store_of(source)
    assert finds(store, "current", 0)
    source.names = ("next",)
    assert finds(store, "current", 3600)
    source.failure = OSError("unreachable")
    assert finds(store, "current", 4199)
    with pytest.raises(FetchFailed):
        finds(store, "current", 4201)
    assert finds(store, "next", 4201)


def test_a_key_that_changed_hands_or_numbers_changes_at_once() -> None:
    """It isn't missing: what the document says of it now holds."""
    source = Source("current")
    store = store_of(source)
    assert finds(store, "current", 0)
    before = store.find("current", 0)
    source.changed = {"current": "another"}
    store.find("current", 3600)
    assert store.find("current", 3601) != before
    assert source.fetches == 2


def test_a_key_of_the_tenant_that_only_an_application_lists_for_once_stays_the_tenants() -> None:
    """The same flapping, seen from the documents of an application with keys of its own."""
    source = Source("current")
    store = store_of(source)
    assert finds(store, "current", 0)
    source.audiences = frozenset({"api://own"})
    store.find("current", 3600)
    kept = store.find("current", 3601)
    assert kept is not None
    assert kept.audiences is None
    store.find("current", 4200)
    limited = store.find("current", 4201)
    assert limited is not None
    assert limited.audiences == frozenset({"api://own"})


def test_finds_a_new_key_at_its_first_use() -> None:
    """Entra gives no notice of an emergency roll-over."""
    source = Source("current")
    store = store_of(source)
    assert finds(store, "current", 0)
    source.names = ("current", "next")
    assert finds(store, "next", 301)
    assert source.fetches == 2


def test_serves_the_last_good_keys_through_an_outage_of_a_day_and_no_longer() -> None:
    """Then the keys may have been withdrawn, and the answer is unavailable."""
    source = Source("current")
    store = store_of(source)
    assert finds(store, "current", 0)
    source.failure = OSError("unreachable")
    for hour in range(1, 24):
        assert store.find("current", hour * 3600 + 1) is not None
    assert source.fetches == 24
    with pytest.raises(FetchFailed):
        finds(store, "current", 86_400)
    source.failure = None
    assert finds(store, "current", 86_405)


def test_tries_again_every_five_seconds_while_there_are_no_keys() -> None:
    """A flood of requests in an outage is not a flood of fetches."""
    source = Source("current")
    source.failure = OSError("unreachable")
    store = store_of(source)
    for tenth in range(200):
        with pytest.raises(FetchFailed) as caught:
            finds(store, "current", tenth / 10)
        assert 1 <= caught.value.retry_after <= 5
    assert source.fetches == 4


@pytest.mark.duty(102)
def test_an_unknown_kid_is_unavailable_while_renewals_fail() -> None:
    """It may be a new key's: an outage must not turn a good token inactive."""
    source = Source("current")
    store = store_of(source)
    assert finds(store, "current", 0)
    source.failure = OSError("unreachable")
    for _ in range(100):
        with pytest.raises(FetchFailed):
            finds(store, "next", 400)
    assert source.fetches == 2
    assert finds(store, "current", 400)


@pytest.mark.parametrize("step", [-86_400.0, -3600.0])
def test_a_clock_that_goes_back_renews_the_keys_instead_of_trusting_them_for_ever(step: float) -> None:
    """An age below zero says nothing about the age."""
    source = Source("current")
    store = store_of(source)
    assert finds(store, "current", 100_000)
    assert finds(store, "current", 100_000 + step)
    assert source.fetches == 2


def test_a_key_is_held_only_while_the_same_numbers_are_published() -> None:
    """For answers that are remembered: another key under an old name doesn't vouch for them."""
    source = Source("current")
    store = store_of(source)
    assert finds(store, "current", 0)
    key = store.find("current", 0)
    assert key is not None
    assert store.holds(key, 1)
    store.find("current", 3600)
    assert store.holds(key, 3601)
    source.changed = {"current": "another"}
    store.find("current", 7300)
    assert not store.holds(key, 7301)


@pytest.mark.duty(112)
def test_e24_a_hundred_threads_with_an_unknown_kid_make_one_fetch() -> None:
    """One fetch at a time, and all of them see what it brought."""
    source = Source("current")
    with ThreadPoolExecutor(4) as fetchers, ThreadPoolExecutor(100) as callers:
        store = KeyStore("test", source, LIFETIMES, fetchers)

        def find(name: str, now: float) -> bool:
            while True:
                try:
                    return store.find(name, now) is not None
                except Pending as pending:
                    pending.future.result(30)

        assert find("current", 0)
        source.names = ("current", "next")
        source.gate.clear()
        waiting = [callers.submit(find, "next", 400.0) for _ in range(100)]
        source.gate.set()
        assert all(future.result(30) for future in waiting)
    assert source.fetches == 2


def test_an_executor_that_was_shut_down_is_an_outage_and_not_a_crash() -> None:
    """A worker that is going down still answers properly."""
    fetchers = ThreadPoolExecutor(1)
    fetchers.shutdown()
    store = KeyStore("test", Source("current"), LIFETIMES, fetchers)
    with pytest.raises(FetchFailed):
        store.find("current", 0)


def test_a_waiter_that_gives_up_does_not_cancel_the_fetch_for_the_others() -> None:
    """The future that waiters share can't be cancelled by one of them."""
    source = Source("current")
    source.gate.clear()
    with ThreadPoolExecutor(1) as fetchers:
        store = KeyStore("test", source, LIFETIMES, fetchers)
        with pytest.raises(Pending) as caught:
            store.find("current", 0)
        shared: Future[None] = caught.value.future
        assert not shared.cancel()
        source.gate.set()
        shared.result(30)
        assert store.find("current", 0) is not None
