"""The directory's calls one by one: where they go, what counts as done, and where the bridge's token never goes."""

import json
from typing import Any

import pytest

from shared.graph.directory import Directory
from shared.graph.errors import GraphFailure, ObjectMissing, PermissionRefused, Unavailable, ValueRefused
from shared.retry import Deadline
from tests.unit.graph.test_client import BASE, client, graph_error, wire_answer

APP, OWNER = "0d9e8f7a-2222-4333-8444-a55566677788", "1d9e8f7a-2222-4333-8444-a55566677788"
GONE = graph_error(404, "Request_ResourceNotFound", "Resource does not exist")
KEYED = f"{BASE}/applications(appId='{APP}')"


def called(method: str, *arguments: Any, answers: tuple[Any, ...], **more: Any) -> tuple[object, list[tuple[str, str, Any]]]:
    graph, wire, _, clock = client(*answers)
    result = getattr(Directory(graph), method)(*arguments, Deadline.after(clock, 30), **more)
    return result, [(verb, url, options.get("json")) for verb, url, options in wire.sent]


def test_an_owner_is_taken_away_and_one_that_is_not_there_is_no_failure() -> None:
    for answer in (wire_answer(204), GONE):
        _, sent = called("remove_owner", "applications", APP, OWNER, answers=(answer,))
        assert sent == [("DELETE", f"{KEYED}/owners/{OWNER}/$ref", None)]
    with pytest.raises(PermissionRefused):
        called("remove_owner", "applications", APP, OWNER, answers=(graph_error(403, "Authorization_RequestDenied"),))


def test_an_owner_that_is_there_already_is_no_failure() -> None:
    there = graph_error(400, "Request_BadRequest", "One or more added object references already exist for: 'owners'.")
    for answer in (wire_answer(204), there):
        _, sent = called("add_owner", "servicePrincipals", APP, OWNER, answers=(answer,))
        assert sent == [
            (
                "POST",
                f"{BASE}/servicePrincipals(appId='{APP}')/owners/$ref",
                {"@odata.id": f"{BASE}/directoryObjects/{OWNER}"},
            )
        ]
    with pytest.raises(ValueRefused):
        called("add_owner", "servicePrincipals", APP, OWNER, answers=(graph_error(400, "Request_BadRequest", "Something else"),))


def test_purging_says_whether_there_was_anything() -> None:
    for answer, there in ((wire_answer(204), True), (GONE, False)):
        done, sent = called("purge_application", OWNER, answers=(answer,))
        assert (done, sent) == (there, [("DELETE", f"{BASE}/directory/deletedItems/{OWNER}", None)])


def test_a_federated_credential_that_is_gone_is_removed() -> None:
    path = f"{KEYED}/federatedIdentityCredentials/{OWNER}"
    for answer in (wire_answer(204), GONE):
        _, sent = called("remove_federated_credential", APP, OWNER, answers=(answer,))
        assert sent == [("DELETE", path, None)]


def test_a_missing_application_is_waited_for_only_where_it_is_asked_for() -> None:
    with pytest.raises(ObjectMissing):
        called("delete_application", APP, answers=(GONE,))
    _, sent = called("delete_application", APP, answers=(GONE, wire_answer(204)), await_replication=True)
    assert sent == [("DELETE", KEYED, None)] * 2
    with pytest.raises(ObjectMissing):
        called("update_application", APP, {"displayName": "x"}, answers=(GONE,))
    _, sent = called("update_application", APP, {"displayName": "x"}, answers=(GONE, wire_answer(204)), await_replication=True)
    assert sent == [("PATCH", KEYED, {"displayName": "x"})] * 2


def test_a_user_is_read_by_id_or_is_none() -> None:
    user = {"id": OWNER, "accountEnabled": True}
    found, sent = called("read_user", OWNER, answers=(wire_answer(200, user),), select=("accountEnabled", "mail"))
    assert (found, [(verb, url) for verb, url, _ in sent]) == (user, [("GET", f"{BASE}/users/{OWNER}")])
    assert called("read_user", OWNER, answers=(GONE,), select=("mail",))[0] is None


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.example/v1.0/applications",
        "https://[::1/v1.0/applications",
        "https://graph.example:8443/v1.0/applications",
        "https://graph.example.evil.example/v1.0/applications",
    ],
)
def test_the_token_goes_to_graphs_own_host_alone(link: str) -> None:
    graph, wire, tokens, clock = client()
    with pytest.raises(Unavailable, match="leads to another host"):
        graph.call("GET", link, Deadline.after(clock, 30))
    assert (wire.sent, tokens.asked) == ([], [])


def test_a_token_that_cannot_be_read_has_no_claims() -> None:
    graph, _, _, clock = client()
    assert graph.own_claims(Deadline.after(clock, 30)) == {}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>a page</html>", "answered 200 without a JSON object"),
        (b"[]", "answered 200 without a JSON object"),
        (json.dumps("text").encode(), "answered 200 without a JSON object"),
    ],
)
def test_what_is_no_object_is_no_answer(body: bytes, message: str) -> None:
    graph, _, _, clock = client(*[wire_answer(200, body)] * 9)
    with pytest.raises(GraphFailure, match=message):
        graph.call("GET", "applications", Deadline.after(clock, 5))
