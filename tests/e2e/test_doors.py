"""What holds at every door, whoever calls."""

import http.client
import json
from urllib.parse import urlsplit

import pytest
import requests

from local.sandbox import ROOT, Sandbox

PATHS = {
    "/register": {"POST"},
    "/register/0d9e8f7a-2222-4333-8444-a55566677788": {"GET", "HEAD", "PUT", "DELETE"},
    "/register/0d9e8f7a-2222-4333-8444-a55566677788/new-secret": {"POST", "PUT", "PATCH"},
    "/kong/": {"POST"},
    "/kong/0d9e8f7a-2222-4333-8444-a55566677788": {"DELETE"},
    "/kong/0d9e8f7a-2222-4333-8444-a55566677788/new-secret": {"POST"},
    "/kong/0d9e8f7a-2222-4333-8444-a55566677788/event-hook": {"POST"},
    "/wso2/token": {"POST"},
    "/wso2/register": {"POST"},
    "/wso2/register/0d9e8f7a-2222-4333-8444-a55566677788": {"GET", "HEAD", "PUT", "DELETE"},
    "/introspect": {"POST"},
    "/.well-known/oauth-authorization-server": {"GET", "HEAD"},
    "/.well-known/openid-configuration": {"GET", "HEAD"},
    "/health": {"GET", "HEAD"},
}
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
WRONG = [(path, method) for path, allowed in PATHS.items() for method in sorted(METHODS - allowed)]


@pytest.mark.duty(73)
@pytest.mark.parametrize(("path", "method"), WRONG)
def test_a_known_path_with_a_wrong_method_is_405_with_allow(place: Sandbox, path: str, method: str) -> None:
    answer = requests.request(method, place.url + path, timeout=30)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == PATHS[path]
    if method != "HEAD":
        assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize("path", [path for path, methods in PATHS.items() if "HEAD" in methods and "register" not in path])
def test_head_is_answered_as_get_without_a_body(place: Sandbox, path: str) -> None:
    """RFC 9110 section 9.3.2; Front Door and most probes use it."""
    head, get = requests.head(place.url + path, timeout=30), requests.get(place.url + path, timeout=30)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


def test_introspection_says_that_it_takes_post_alone(place: Sandbox) -> None:
    assert requests.put(f"{place.url}/introspect", timeout=30).headers["Allow"] == "POST"


@pytest.mark.parametrize(("path", "method"), [("/register", "POST"), ("/register/x", "PUT"), ("/introspect", "POST")])
def test_a_chunked_body_is_411_and_says_what_to_do(place: Sandbox, path: str, method: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(place.url).netloc, timeout=30)
    connection.request(
        method, path, iter([b'{"client_name":', b'"x"}']), {"Content-Type": "application/json"}, encode_chunked=True
    )
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    assert (answer.status, body["error"]) == (411, "invalid_request")
    assert "Content-Length" in body["error_description"]


@pytest.mark.duty(2)
@pytest.mark.parametrize("path", [path for path in PATHS if path != "/health"])
def test_errors_are_json_without_charset_that_no_cache_keeps(place: Sandbox, path: str) -> None:
    answer = requests.request("TRACE" if path.startswith("/register/") else "PROPFIND", place.url + path, timeout=30)
    if answer.status_code == 404:
        # A method that no HTTP standard of the host's knows reaches no function.
        assert answer.content == b""
        return
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json()) == {"error", "error_description"}


@pytest.mark.duty(127)
def test_both_metadata_documents_are_the_same(place: Sandbox) -> None:
    documents = [
        requests.get(f"{place.url}/.well-known/{name}", timeout=30).json()
        for name in ("oauth-authorization-server", "openid-configuration")
    ]
    assert documents[0] == documents[1]
    assert documents[0]["issuer"] == place.url


def test_is_ready_once_directory_and_metadata_can_be_reached(place: Sandbox) -> None:
    answer = requests.get(f"{place.url}/health/ready", timeout=30)
    assert (answer.status_code, answer.json()["checks"]) == (200, {"directory": "ok", "metadata": "ok"})


def test_every_function_of_the_app_is_loaded(place: Sandbox) -> None:
    assert {function.name: function.load_error for function in place.host.functions} == {
        path.parent.name: None for path in ROOT.glob("*/function.json")
    }
