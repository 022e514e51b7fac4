"""What one run leaves to the next, and what a run knows beyond the lists: bookmark, facts, confirmations."""

from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from shared.audit.assessment import UNKNOWN, ClientFacts
from shared.audit.bookmark import Bookmark
from shared.audit.client_lists import ClientLists, PrincipalList
from shared.audit.clients import AuditedClient
from shared.audit.confirmations import Confirmations
from shared.audit.known_facts import KnownFacts
from shared.audit.window import Window
from shared.clock import ALWAYS, SystemClock
from shared.graph.errors import GraphFailure, ObjectMissing, Unavailable
from shared.retry import Deadline
from tests.unit.audit.sample_clients import DAY, NOW, client, secret

TODAY, TOMORROW = Window(NOW - DAY, NOW), Window(NOW, NOW + DAY)
GOOD = secret("good", NOW - DAY, NOW + 180 * DAY)
SOON = Deadline.after(SystemClock(), 60)


def test_what_a_cut_off_run_left_is_news_to_the_next_as_far_back_as_it_was_to_that() -> None:
    mark = Bookmark()
    assert (mark.open(), mark.reach(TODAY)) == ("", TODAY)
    mark.link = "page 3"
    mark.leave(TODAY)
    assert mark.open() == "page 3"
    assert mark.reach(TOMORROW) == Window(NOW - DAY, NOW + DAY)
    # Cut off again before it came round: what it didn't see is as old as before.
    mark.leave(TOMORROW)
    assert mark.open() == "page 3"
    assert mark.reach(Window(NOW + DAY, NOW + 2 * DAY)) == Window(NOW - DAY, NOW + 2 * DAY)
    mark.close()
    assert (mark.open(), mark.reach(TOMORROW), mark.start) == ("", TOMORROW, None)


ONE = replace(client(GOOD), client_id="one")


def test_without_a_list_nothing_is_known() -> None:
    assert KnownFacts().about(ONE) == ClientFacts()
    assert KnownFacts(sign_ins={"one": NOW}).about(ONE) == ClientFacts(last_sign_in=NOW)
    assert KnownFacts(sign_ins={}).about(ONE) == ClientFacts(last_sign_in=ALWAYS)


def test_a_list_tells_of_service_principals() -> None:
    known = KnownFacts(PrincipalList(enabled={"one": False}, unclaimed={"one"}, restored={"one": NOW}), {"two": NOW})
    assert known.about(ONE) == ClientFacts(principal=True, enabled=False, unclaimed=True, last_sign_in=ALWAYS, restored=NOW)
    assert known.about(replace(ONE, client_id="two")) == ClientFacts(
        principal=False, enabled=None, unclaimed=False, last_sign_in=NOW
    )


def test_of_anothers_object_only_whether_it_is_off_is_known() -> None:
    off = PrincipalList(enabled={"one": False}, switched_off={"one"})
    watched = replace(ONE, own=False)
    assert KnownFacts(off, {}).about(watched) == ClientFacts(enabled=False)
    assert KnownFacts(off, {}).about(replace(watched, client_id="two")) is UNKNOWN
    assert KnownFacts(None, {}).about(watched) is UNKNOWN


def test_credentials_are_completed_by_who_was_told_and_by_their_uses() -> None:
    pending = replace(ONE, credentials=(replace(GOOD, told=None),))
    listed = PrincipalList(told={"other"})
    assert KnownFacts().complete(pending).credentials[0].told is None
    assert KnownFacts(listed).complete(pending).credentials[0].told is False
    assert KnownFacts(PrincipalList(told={"good"})).complete(pending).credentials[0].told is True
    assert KnownFacts(listed).complete(replace(pending, own=False)).credentials[0].told is None
    used = KnownFacts(listed, uses={"good": NOW}).complete(pending).credentials[0]
    assert (used.told, used.last_used) == (True, NOW)


class Asked:
    """A directory that knows of some clients' identities and principals, and fails at some."""

    def __init__(self, **known: object) -> None:
        self.known, self.calls = known, list[str]()

    def _answer(self, kind: str, client_id: str) -> object:
        self.calls.append(f"{kind} {client_id}")
        found = self.known.get(f"{kind}_{client_id}")
        if isinstance(found, GraphFailure):
            raise found
        return found

    def list_identities(self, client_id: str, deadline: Deadline) -> object:
        return self._answer("identities", client_id) or {}

    def has_service_principal(self, client_id: str, deadline: Deadline) -> object:
        return self._answer("principal", client_id) or False

    def find_client(self, client_id: str, deadline: Deadline) -> object:
        return self._answer("client", client_id)


def confirmations(directory: Asked, most: int = 10) -> Confirmations:
    return Confirmations(cast("ClientLists", directory), most, NOW)


BARE = replace(client(auth_method="private_key_jwt"), client_id="bare")
LOST = ClientFacts(principal=False)


@pytest.mark.parametrize(
    ("one", "facts", "presumed"),
    [
        (ONE, ClientFacts(principal=True), ClientFacts(principal=True)),
        (ONE, ClientFacts(), ClientFacts()),
        (replace(BARE, auth_method="client_secret_post"), ClientFacts(principal=True), ClientFacts(principal=True)),
        (replace(BARE, auth_method="client_secret_basic"), ClientFacts(principal=True), ClientFacts(principal=True)),
        (replace(BARE, auth_method="none"), ClientFacts(principal=True), ClientFacts(principal=True)),
        (replace(BARE, credentials=(GOOD,)), ClientFacts(principal=True), ClientFacts(principal=True)),
    ],
)
def test_what_a_list_proves_is_not_asked_about(one: AuditedClient, facts: ClientFacts, presumed: ClientFacts) -> None:
    directory = Asked()
    pending = confirmations(directory)
    assert pending.presume(one, facts) == presumed
    assert (pending.left, list(pending.confirm(SOON)), directory.calls) == (0, [], [])


def test_a_missing_service_principal_is_asked_about() -> None:
    directory = Asked(client_one={"appId": "one"})
    pending = confirmations(directory)
    assert pending.presume(ONE, replace(LOST, federated=False)) == ClientFacts(principal=None, federated=False)
    assert pending.left == 1
    assert list(pending.confirm(SOON)) == [(ONE, replace(LOST, federated=False))]
    assert directory.calls == ["principal one", "client one"]
    assert pending.left == 0


def test_a_service_principal_that_came_late_is_there() -> None:
    directory = Asked(principal_one=True)
    pending = confirmations(directory)
    pending.presume(ONE, LOST)
    assert list(pending.confirm(SOON)) == [(ONE, ClientFacts(principal=True))]
    assert directory.calls == ["principal one"]


@pytest.mark.parametrize("answer", [{}, {"client_one": ObjectMissing("gone")}])
def test_a_client_that_was_deleted_meanwhile_is_no_finding(answer: dict[str, object]) -> None:
    pending = confirmations(Asked(**answer))
    pending.presume(ONE, LOST)
    assert list(pending.confirm(SOON)) == []
    assert pending.left == 0


def test_federated_credentials_are_asked_about_one_by_one() -> None:
    directory = Asked(identities_bare={"dcr-1": True, "theirs": False})
    pending = confirmations(directory)
    assert pending.presume(BARE, ClientFacts(principal=True)) == ClientFacts(principal=True, federated=True)
    assert list(pending.confirm(SOON)) == [(BARE, ClientFacts(principal=True, federated=True, identities=frozenset({"dcr-1"})))]
    assert directory.calls == ["identities bare"]
    none = confirmations(Asked())
    none.presume(BARE, ClientFacts(principal=True))
    assert list(none.confirm(SOON)) == [(BARE, ClientFacts(principal=True, federated=False, identities=frozenset()))]


def test_both_questions_are_asked_about_one_client() -> None:
    directory = Asked(client_bare={"appId": "bare"})
    pending = confirmations(directory)
    assert pending.presume(BARE, LOST) == ClientFacts(principal=None, federated=True)
    [(_, facts)] = pending.confirm(SOON)
    assert (facts.principal, facts.federated) == (False, False)
    assert directory.calls == ["identities bare", "principal bare", "client bare"]


def test_a_failure_leaves_the_rest_pending() -> None:
    clients = [replace(ONE, client_id=name) for name in ("a", "b", "c")]
    directory = Asked(**{f"principal_{name}": Unavailable("busy") for name in ("a", "b", "c")})
    pending = confirmations(directory)
    for one in clients:
        pending.presume(one, LOST)
    assert list(pending.confirm(SOON)) == []
    assert pending.left == 3
    assert len(directory.calls) == 1


def test_a_run_asks_about_so_many_and_the_others_stay() -> None:
    directory = Asked(**{f"principal_{number}": True for number in range(5)})
    pending = confirmations(directory, most=2)
    for number in range(5):
        pending.presume(replace(ONE, client_id=str(number)), LOST)
    assert len(list(pending.confirm(SOON))) == 2
    assert pending.left == 3
    later = Confirmations(cast("ClientLists", directory), 2, NOW + timedelta(hours=1))
    assert later.left == 0
