"""Faults: what strikes, when, and what the client sees."""

from datetime import UTC, datetime

import pytest
import requests

from emulator.faults import ODD_SHAPES
from emulator.server import EntraEmulator
from tests.emulator.client import GraphClient


@pytest.mark.parametrize(
    ("given", "header"),
    [
        (10, "10"),
        (2.128, "2.128"),
        (None, None),
        (datetime(2026, 11, 22, 10, tzinfo=UTC), "Sun, 22 Nov 2026 10:00:00 GMT"),
        ("soon", "soon"),
    ],
)
def test_throttles_with_every_form_of_retry_after(
    graph: GraphClient, entra: EntraEmulator, given: object, header: str | None
) -> None:
    entra.faults.add("throttle", retry_after=given)
    answer = graph("GET", "/applications")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "TooManyRequests")
    assert answer.headers.get("Retry-After") == header
    assert graph("GET", "/applications").status_code == 200


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_errors_come_as_json_html_or_nothing(graph: GraphClient, entra: EntraEmulator, status: int) -> None:
    for body in ("json", "html", "empty"):
        entra.faults.add("error", status=status, body=body)
    answers = [graph("GET", "/applications") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status] * 3
    assert answers[0].json()["error"]["message"]
    assert answers[1].text.startswith("<html>")
    assert answers[2].content == b""


@pytest.mark.parametrize("shape", ODD_SHAPES)
def test_error_bodies_come_in_odd_shapes(graph: GraphClient, entra: EntraEmulator, shape: str) -> None:
    entra.faults.add("error", status=400, body=shape, message="what went wrong")
    answer = graph("GET", "/applications")
    assert answer.status_code == 400
    assert "what went wrong" in answer.text
    usual = isinstance(answer.json().get("error", {}).get("message"), str) if shape != "text" else False
    assert usual == (shape == "details_object")


def test_a_reset_before_leaves_nothing_and_a_reset_after_leaves_an_application(graph: GraphClient, entra: EntraEmulator) -> None:
    for kind, expected in (("reset_before", 0), ("reset_after", 1)):
        entra.faults.add(kind, method="POST")
        with pytest.raises(requests.ConnectionError):
            graph("POST", "/applications", {"displayName": "x", "tags": [kind]})
        assert len(graph("GET", f"/applications?$filter=tags/any(t:t eq '{kind}')").json()["value"]) == expected


def test_a_fault_strikes_by_method_path_count_and_after_a_delay(graph: GraphClient, entra: EntraEmulator) -> None:
    fault = entra.faults.add("error", status=503, method="POST", path=r"/applications$", skip=1, times=2)
    assert graph("GET", "/applications").status_code == 200
    statuses = [graph("POST", "/applications", {"displayName": "x"}).status_code for _ in range(4)]
    assert statuses == [201, 503, 503, 201]
    assert fault.hits == 2


def test_a_fault_with_a_probability_is_repeatable(entra: EntraEmulator, graph: GraphClient) -> None:
    def run() -> list[int]:
        entra.faults.clear(seed=7)
        entra.faults.add("error", times=None, probability=0.5)
        return [graph("GET", "/applications").status_code for _ in range(20)]

    first = run()
    assert {200, 503} == set(first)
    assert run() == first


def test_an_expired_token_and_a_claims_challenge_say_how_to_go_on(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.faults.add("expired_token")
    entra.faults.add("claims_challenge", claims='{"access_token":{}}')
    expired, challenged = graph("GET", "/applications"), graph("GET", "/applications")
    assert "error=" not in expired.headers["WWW-Authenticate"]
    assert 'error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="' in challenged.headers["WWW-Authenticate"]


def test_a_slow_answer_is_a_timeout_for_the_impatient(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.faults.add("slow", seconds=30, times=None)
    headers = {"Authorization": f"Bearer {graph.token}"}
    with pytest.raises(requests.ReadTimeout):
        graph.session.get(f"{graph.base}/applications", headers=headers, timeout=5)


def test_the_token_service_and_the_metadata_fail_too(entra: EntraEmulator) -> None:
    for body in ("json", "html"):
        entra.faults.add("error", status=503, body=body, path="openid-configuration")
    entra.faults.add("throttle", path="openid-configuration", retry_after=3)
    url = f"{entra.url}/{entra.tenant_id}/v2.0/.well-known/openid-configuration"
    answers = [entra.session().get(url) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 503, 429, 200]
    assert answers[2].headers["Retry-After"] == "3"


def test_an_unknown_fault_is_refused(entra: EntraEmulator) -> None:
    with pytest.raises(ValueError, match="no such fault"):
        entra.faults.add("earthquake")


def test_secrets_that_are_never_removed_fill_the_object(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.assumptions.total_entries_limit = 5
    made = graph("POST", "/applications", {"displayName": "x", "tags": ["a"]}).json()
    statuses = [graph("POST", f"/applications/{made['id']}/addPassword", {}).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 200, 403]
