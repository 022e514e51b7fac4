"""Revocation beyond exp: the directory is asked seldom, believed for a while, and missed honestly."""

import json
import logging
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from copy import replace

import pytest

from shared.errors import TemporarilyUnavailable
from shared.introspection.configuration import RevocationOptions
from shared.introspection.endpoint import Introspection
from shared.introspection.revocation import ClientState, UserState
from tests.unit.introspection.authority import SECOND_TENANT, TENANT, Authority
from tests.unit.introspection.deployment import NOW, InlineExecutor, configuration, introspect_request
from tests.unit.introspection.tokens import CLIENT, make_token

USER = "e0e0e0e0-aaaa-4bbb-8ccc-455566677788"


class Directory:
    """A directory that the test changes, with a count of the questions."""

    def __init__(self) -> None:
        self.enabled: bool | None = True
        self.user: UserState | None = UserState(True)
        self.failure: Exception | None = None
        self.asked: Counter[str] = Counter()

    def client_state(self, app_id: str) -> ClientState | None:
        self.asked[app_id] += 1
        if self.failure is not None:
            raise self.failure
        return None if self.enabled is None else ClientState(self.enabled, TENANT)

    def recorded_grants(self, app_id: str) -> frozenset[str] | None:
        raise AssertionError("nobody enforces grant types")

    def user_state(self, oid: str) -> UserState | None:
        self.asked[oid] += 1
        if self.failure is not None:
            raise self.failure
        return self.user


@pytest.fixture
def directory() -> Directory:
    return Directory()


def deployed(directory: Directory, mode: str = "client+user", ttl: int = 120, grace: int = 900) -> Introspection:
    usual = configuration()
    revocation = RevocationOptions(mode, ttl, grace, TENANT)
    configured = replace(usual, options=replace(usual.options, revocation=revocation))
    return Introspection(configured, Authority(), directory=directory, executor=InlineExecutor())


def is_active(introspection: Introspection, token: str, now: float = NOW) -> bool:
    answer: dict[str, object] = json.loads(introspection.handle(introspect_request(token), now).body)
    return answer["active"] is True


USER_TOKEN = {"template": "v2_user", "claims": {"exp": {"now": 7200}}}
LONG = {"claims": {"exp": {"now": 7200}}}
# Its client existed ten minutes before the test's time and more: Entra writes iat five minutes early.
OLD = {"claims": {"iat": {"now": -900}, "nbf": {"now": -900}, "exp": {"now": 7200}}}
OLD_USER = {"template": "v2_user", "claims": OLD["claims"]}


@pytest.mark.duty(107)
@pytest.mark.parametrize(("enabled", "reason"), [(False, "client_disabled"), (None, "client_deleted")])
def test_e21_a_disabled_or_deleted_client_is_inactive_within_the_ttl(
    directory: Directory, caplog: pytest.LogCaptureFixture, enabled: bool | None, reason: str
) -> None:
    """RFC 7662 section 4: this is what gives RFC 7592's DELETE a meaning at gateways; a remembered token is checked as well."""
    caplog.set_level(logging.INFO)
    introspection, token = deployed(directory, "client"), make_token(OLD, NOW)
    assert all(is_active(introspection, token) for _ in range(3))
    assert introspection.remembered == 1
    directory.enabled = enabled
    assert is_active(introspection, token, NOW + 59)
    assert not is_active(introspection, token, NOW + 120)
    assert f"reason={reason}" in caplog.text


@pytest.mark.duty(107)
def test_asks_once_for_a_client_and_not_once_for_each_token(directory: Directory) -> None:
    """The cost in Graph's quota is distinct clients by ttl."""
    introspection = deployed(directory, "client")
    for index in range(50):
        assert is_active(introspection, make_token({"claims": {"uti": str(index)}}, NOW), NOW + index)
    assert directory.asked == {CLIENT: 1}


@pytest.mark.duty(107)
def test_e22_serves_the_last_answer_while_the_directory_fails_and_then_503(directory: Directory) -> None:
    """429 and 5xx of Graph are no state of the token; neither active for ever nor inactive."""
    introspection, token = deployed(directory, "client"), make_token(LONG, NOW)
    assert is_active(introspection, token)
    directory.failure = OSError("429")
    for elapsed in range(60, 1020, 10):
        assert is_active(introspection, token, NOW + elapsed)
    with pytest.raises(TemporarilyUnavailable) as caught:
        introspection.handle(introspect_request(token), NOW + 1020)
    assert caught.value.headers["Retry-After"]
    directory.failure = None
    assert is_active(introspection, token, NOW + 1030)


@pytest.mark.duty(107)
def test_a_young_client_that_the_directory_has_not_heard_of_is_never_inactive(directory: Directory) -> None:
    """Replicas hear of a new service principal late, and Entra gives app-only callers no read after write."""
    introspection, token = deployed(directory, "client"), make_token(LONG, NOW)
    directory.enabled = None
    for elapsed in (0, 10, 300, 595):
        with pytest.raises(TemporarilyUnavailable) as caught:
            introspection.handle(introspect_request(token), NOW + elapsed)
        assert caught.value.headers["Retry-After"]
    directory.enabled = True
    assert is_active(introspection, token, NOW + 600)


@pytest.mark.duty(107)
def test_a_young_client_that_a_replica_forgets_keeps_its_last_answer_until_it_is_old(
    directory: Directory, caplog: pytest.LogCaptureFixture
) -> None:
    """Another replica may answer the second question; deleted for good, it is inactive ten minutes after it was first seen."""
    caplog.set_level(logging.INFO)
    introspection, token = deployed(directory, "client"), make_token(LONG, NOW)
    assert is_active(introspection, token)
    directory.enabled = None
    assert all(is_active(introspection, token, NOW + elapsed) for elapsed in range(60, 600, 20))
    assert not is_active(introspection, token, NOW + 610)
    assert "reason=client_deleted" in caplog.text


def test_an_older_token_proves_that_a_client_is_not_young(directory: Directory) -> None:
    """It was issued to the client, which existed then: that the directory doesn't know it means that it is gone."""
    introspection = deployed(directory, "client")
    directory.enabled = None
    with pytest.raises(TemporarilyUnavailable):
        introspection.handle(introspect_request(make_token(LONG, NOW)), NOW)
    assert not is_active(introspection, make_token(OLD, NOW), NOW + 5)
    # A client that was deleted and restored can get tokens again, which replicas hear of late.
    with pytest.raises(TemporarilyUnavailable):
        introspection.handle(introspect_request(make_token(LONG, NOW)), NOW + 6)
    assert not is_active(introspection, make_token(LONG, NOW), NOW + 130)


@pytest.mark.duty(107)
@pytest.mark.parametrize("before", [False, None], ids=["blocked", "deleted"])
def test_a_token_issued_after_a_no_was_read_is_not_judged_by_it(directory: Directory, before: bool | None) -> None:
    """Whoever got it was let in at that time: approved, enabled again or restored. The directory is asked anew, at most every
    five seconds, and what it says counts once replicas have heard of it."""
    introspection = deployed(directory, "client")
    directory.enabled = before
    assert not is_active(introspection, make_token(OLD, NOW), NOW)
    later = {"claims": {"iat": {"now": -260}, "nbf": {"now": -260}, "exp": {"now": 7200}}}
    token = make_token(later, NOW)
    for elapsed in (45, 47, 60):
        with pytest.raises(TemporarilyUnavailable) as caught:
            introspection.handle(introspect_request(token), NOW + elapsed)
        assert caught.value.headers["Retry-After"]
    assert directory.asked == {CLIENT: 3}
    directory.enabled = True
    assert is_active(introspection, token, NOW + 66)


@pytest.mark.duty(107)
def test_a_block_counts_for_new_tokens_when_replicas_have_heard_of_them(
    directory: Directory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    introspection, token = deployed(directory, "client"), make_token(LONG, NOW)
    directory.enabled = False
    with pytest.raises(TemporarilyUnavailable):
        introspection.handle(introspect_request(token), NOW + 100)
    assert not is_active(introspection, token, NOW + 160)
    assert "reason=client_disabled" in caplog.text


def test_a_young_user_whom_the_directory_has_not_heard_of_is_not_inactive(directory: Directory) -> None:
    """As for clients."""
    directory.user = None
    with pytest.raises(TemporarilyUnavailable):
        deployed(directory).handle(introspect_request(make_token(USER_TOKEN, NOW)), NOW)


def test_e22_answers_503_when_the_first_look_fails(directory: Directory) -> None:
    """Nothing is known of the client yet, so nothing is said."""
    directory.failure = OSError("503")
    with pytest.raises(TemporarilyUnavailable):
        deployed(directory, "client").handle(introspect_request(make_token({}, NOW)), NOW)


@pytest.mark.duty(107)
@pytest.mark.parametrize(
    ("user", "reason"),
    [
        (None, "user_deleted"),
        (UserState(False), "user_disabled"),
        (UserState(True, NOW + 1), "sessions_revoked"),
        (UserState(True, NOW - 100), None),
        (UserState(True, None), None),
    ],
    ids=str,
)
def test_e23_a_user_who_is_gone_disabled_or_signed_out_is_inactive(
    directory: Directory, caplog: pytest.LogCaptureFixture, user: UserState | None, reason: str | None
) -> None:
    """Entra writes iat five minutes early, so a revocation counts from five minutes after iat."""
    caplog.set_level(logging.INFO)
    directory.user = user
    case = OLD_USER if user is None or not user.enabled else USER_TOKEN
    assert is_active(deployed(directory), make_token(case, NOW)) is (reason is None)
    assert reason is None or f"reason={reason}" in caplog.text


def test_asks_for_no_user_behind_a_clients_own_token(directory: Directory) -> None:
    """The object id of such a token is the service principal's."""
    directory.user = None
    introspection = deployed(directory)
    assert is_active(introspection, make_token({}, NOW))
    assert is_active(introspection, make_token({"claims": {"idtyp": "app", "oid": USER}}, NOW))
    assert not is_active(introspection, make_token({"claims": {**OLD["claims"], "idtyp": "user"}}, NOW))


def test_mode_client_asks_for_no_users(directory: Directory) -> None:
    """It needs no permission to read users."""
    assert is_active(deployed(directory, "client"), make_token(USER_TOKEN, NOW))
    assert USER not in directory.asked


def test_tokens_of_other_tenants_are_not_looked_up_in_this_directory(directory: Directory) -> None:
    """An application of another tenant isn't there, which doesn't make its tokens bad."""
    directory.enabled = None
    case = {
        "claims": {"iss": "$origin/$second_tenant/v2.0", "tid": SECOND_TENANT},
        "header": {"kid": "second_tenant"},
        "key": "second_tenant",
    }
    assert is_active(deployed(directory), make_token(case, NOW))
    assert not directory.asked


def test_a_mode_without_a_directory_is_refused_at_the_start() -> None:
    """Silently unchecked would be worse."""
    usual = configuration()
    configured = replace(usual, options=replace(usual.options, revocation=RevocationOptions("client", tenant_id=TENANT)))
    with pytest.raises(ValueError, match="directory"):
        Introspection(configured, Authority())


def test_many_requests_at_once_ask_the_directory_once() -> None:
    """Single flight by id."""
    gate, directory = threading.Event(), Directory()

    class Slow(Directory):
        def client_state(self, app_id: str) -> ClientState | None:
            assert gate.wait(30)
            return directory.client_state(app_id)

    usual = configuration()
    configured = replace(usual, options=replace(usual.options, revocation=RevocationOptions("client", tenant_id=TENANT)))
    introspection, token = Introspection(configured, Authority(), directory=Slow()), make_token({}, NOW)
    with ThreadPoolExecutor(20) as callers:
        waiting = [callers.submit(is_active, introspection, token) for _ in range(20)]
        gate.set()
        assert all(future.result(30) for future in waiting)
    assert directory.asked == {CLIENT: 1}
