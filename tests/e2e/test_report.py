"""GET /audit: who may see it, and in which forms."""

import json
from collections.abc import Iterator

import pytest
import requests

from local.sandbox import Sandbox, sandbox
from tests.wire.patience import eventually

AUDITOR = "Bearer the auditor's own long credential"
CREDENTIALS = [
    {"name": "anypoint", "authorization": "Bearer a portal's own long credential"},
    {"name": "auditor", "authorization": AUDITOR, "policy": "auditors"},
    {"name": "ada", "authorization": "Basic YWRhOnMzY3JldC1vZi1hZGE=", "policy": "auditors"},
]


@pytest.fixture(scope="module")
def audited() -> Iterator[Sandbox]:
    settings = {
        "REGISTRATION_CREDENTIALS": json.dumps(CREDENTIALS),
        "REGISTRATION_POLICIES": json.dumps({"auditors": {"may_audit": True, "may_register": False}}),
    }
    with sandbox(settings=settings) as place:
        yield place


def get(place: Sandbox, authorization: str | None = None, accept: str = "application/json", **query: str) -> requests.Response:
    headers = {"Accept": accept, **({"Authorization": authorization} if authorization else {})}
    return requests.get(f"{place.url}/audit", headers=headers, params=query, timeout=60)


def test_is_closed_to_the_public_with_a_challenge(audited: Sandbox) -> None:
    answer = get(audited)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="entra-dcr-bridge"')


def test_can_be_opened_in_a_browser(audited: Sandbox) -> None:
    """Which asks for name and password at a Basic challenge (RFC 7617), and sends them as a static credential."""
    page = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    for authorization in (None, "Basic d3Jvbmc6d3Jvbmc="):
        challenged = get(audited, authorization, page)
        assert challenged.status_code == 401
        assert challenged.headers["WWW-Authenticate"] == 'Basic realm="entra-dcr-bridge", charset="UTF-8"'
    answer = requests.get(f"{audited.url}/audit", headers={"Accept": page}, auth=("ada", "s3cret-of-ada"), timeout=60)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_is_closed_to_a_portal_that_only_registers(audited: Sandbox) -> None:
    answer = get(audited, CREDENTIALS[0]["authorization"])
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")


def test_lets_an_auditor_register_nothing(audited: Sandbox) -> None:
    metadata = {"redirect_uris": ["https://example.com/cb"]}
    answer = requests.post(f"{audited.url}/register", json=metadata, headers={"Authorization": AUDITOR}, timeout=30)
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")


def test_shows_all_clients_to_an_auditor_as_json_csv_and_page(audited: Sandbox) -> None:
    headers = {"Authorization": CREDENTIALS[0]["authorization"]}
    metadata = {"client_name": "<script>alert(1)</script>", "redirect_uris": ["https://example.com/cb"]}
    assert requests.post(f"{audited.url}/register", json=metadata, headers=headers, timeout=30).status_code == 400
    metadata["client_name"] = "An audited client"
    assert requests.post(f"{audited.url}/register", json=metadata, headers=headers, timeout=30).status_code == 201
    eventually(lambda: get(audited, AUDITOR).json(), lambda found: found["clients"] == 1)
    page = get(audited, AUDITOR, accept="text/html,application/xhtml+xml")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    table = get(audited, AUDITOR, format="csv")
    assert table.headers["Content-Type"].startswith("text/csv")


def test_refuses_a_form_that_it_does_not_have(audited: Sandbox) -> None:
    assert get(audited, AUDITOR, format="pdf").status_code == 400
