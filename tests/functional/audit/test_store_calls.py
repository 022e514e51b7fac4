"""What a store's answer means: done, refused, or unknown because an answer was lost before."""

import io
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from shared.audit.delivery import DeliveryRefused, DeliveryUnknown, LookupFailed, StoreFailure
from shared.audit.sinks.webhook import HttpsCaller
from shared.audit.store_calls import StoreCalls, answered_object, object_in
from shared.retry import Deadline
from tests.functional.audit.test_webhook import Wire
from tests.unit.graph.test_client import MovedClock

URL = "https://store.example.com/v1/secret"


class Store:
    """Calls of a store that answers as told, and says 401 where a token isn't good any more."""

    def __init__(self, *answers: int | requests.RequestException, text: str = "") -> None:
        self.clock, self.wire = MovedClock(), Wire(*answers, text=text)
        self.calls = StoreCalls(HttpsCaller(self.wire, self.clock), 401, lambda body: str(body["code"]))
        self.refusals: list[int | None] = []

    def headers_for(self, refusal: requests.Response | None) -> Mapping[str, str]:
        self.refusals.append(None if refusal is None else refusal.status_code)
        return {"Authorization": f"token {len(self.refusals)}"}

    def call(self, method: str = "PUT", failure: type[StoreFailure] = DeliveryUnknown, **more: Any) -> int:
        deadline = Deadline.after(self.clock, 600)
        return self.calls.call(method, URL, deadline, self.headers_for, failure, **more).status_code


def test_an_answer_is_given_back_whatever_it_says() -> None:
    for status in (200, 204, 302, 400, 404, 409):
        store = Store(status)
        assert store.call(headers={"X-More": "1"}, json={"a": 1}) == status
        assert store.wire.sent[0]["headers"] == {"Authorization": "token 1", "X-More": "1"}
        assert store.wire.sent[0]["json"] == {"a": 1}
        assert store.refusals == [None]


def test_a_token_that_is_over_is_renewed_once() -> None:
    store = Store(401, 200)
    assert store.call() == 200
    assert (store.refusals, store.wire.sent[1]["headers"]) == ([None, 401], {"Authorization": "token 2"})
    store = Store(401, 401)
    assert store.call() == 401
    assert len(store.wire.sent) == 2


def test_no_answer_is_what_the_caller_calls_it() -> None:
    lost = [requests.ConnectionError()] * 4
    for failure in (DeliveryUnknown, LookupFailed):
        with pytest.raises(failure, match=r"\Astore.example.com gave no answer\Z"):
            Store(*lost).call(failure=failure)


def test_a_refusal_after_a_lost_answer_says_nothing_of_what_was_done() -> None:
    with pytest.raises(
        DeliveryUnknown, match=r"a call to store.example.com, of which an answer was lost before, was answered 403"
    ):
        Store(500, 403).call()
    assert Store(500, 399).call() == 399
    assert Store(500, 200).call() == 200
    # What is only read may be read again.
    assert Store(500, 403).call("GET", LookupFailed) == 403
    with pytest.raises(DeliveryUnknown):
        Store(500, 401, 400).call()


class NoToken(Store):
    """A store for which there is no token, or no second one."""

    def __init__(self, *answers: int, at: int) -> None:
        super().__init__(*answers)
        self._at = at

    def headers_for(self, refusal: requests.Response | None) -> Mapping[str, str]:
        if len(self.refusals) == self._at:
            raise LookupFailed("no token")
        return super().headers_for(refusal)


def test_without_a_token_nothing_was_done_unless_an_earlier_attempt_did_it() -> None:
    with pytest.raises(DeliveryRefused, match="no token"):
        NoToken(at=0).call()
    with pytest.raises(LookupFailed, match="no token"):
        NoToken(at=0).call("GET", LookupFailed)
    with pytest.raises(DeliveryRefused, match="no token"):
        NoToken(401, at=1).call()
    with pytest.raises(DeliveryUnknown, match="no token"):
        NoToken(500, 401, at=1).call()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"code": "E1"}', "the write was answered 418 E1"),
        ('{"code": ""}', "the write was answered 418"),
        ("<html>", "the write was answered 418"),
        ("[]", "the write was answered 418"),
        ("null", "the write was answered 418"),
    ],
)
def test_a_refusal_is_told_by_status_and_code(text: str, said: str) -> None:
    store = Store()
    answer = requests.Response()
    answer.status_code = 418
    answer.raw = io.BytesIO(text.encode())
    assert store.calls.refusal("the write", answer) == said


@pytest.mark.parametrize(
    ("status", "raised"),
    [(200, None), (201, DeliveryRefused), (404, DeliveryRefused), (499, DeliveryRefused), (500, DeliveryUnknown)],
)
def test_an_unexpected_answer_is_a_refusal_and_a_stores_own_failure_is_unknown(
    status: int, raised: type[StoreFailure] | None
) -> None:
    answer = requests.Response()
    answer.status_code = status
    answer.raw = io.BytesIO(b"")

    def check() -> None:
        Store().calls.check("the write", answer, frozenset({200}), DeliveryUnknown)

    if raised is None:
        check()
    else:
        with pytest.raises(raised, match=f"the write was answered {status}"):
            check()


@pytest.mark.parametrize(("text", "members"), [('{"a": {"b": 1}}', {"a": {"b": 1}}), ("[]", None), ("<html>", None), ("", None)])
def test_only_an_object_is_an_answer(text: str, members: dict[str, Any] | None) -> None:
    answer = requests.Response()
    answer.url = URL
    answer.raw = io.BytesIO(text.encode())
    if members is None:
        with pytest.raises(LookupFailed, match=r"\Athe answer of store.example.com isn't a JSON object\Z"):
            answered_object(answer)
    else:
        assert answered_object(answer) == members
        assert (object_in(members, "a"), object_in({"a": 1}, "a"), object_in({}, "a")) == ({"b": 1}, {}, {})
