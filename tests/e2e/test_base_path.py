"""A base URL with a path, behind a proxy that takes it off: both forms of the well-known paths."""

from collections.abc import Iterator

import pytest
import requests

from local.sandbox import Sandbox, sandbox

BASE = "https://apis.example.com/dcr"


@pytest.fixture(scope="module")
def below() -> Iterator[Sandbox]:
    with sandbox(settings={"BRIDGE_BASE_URL": BASE}) as place:
        yield place


@pytest.mark.parametrize("name", ["oauth-authorization-server", "openid-configuration"])
@pytest.mark.parametrize("path", ["", "/", "/dcr", "/dcr/"])
def test_metadata_are_found_by_the_appended_and_the_inserted_form(below: Sandbox, name: str, path: str) -> None:
    """`{BASE}/.well-known/...` comes without the path; RFC 8414 section 3.1 puts it behind the name."""
    answer = requests.get(f"{below.url}/.well-known/{name}{path}", timeout=30)
    assert (answer.status_code, answer.json()["issuer"]) == (200, BASE)
    assert answer.json()["registration_endpoint"] == f"{BASE}/register"


@pytest.mark.parametrize("path", ["/other", "/dcr/more", "/DCR"])
def test_no_other_issuer_is_described(below: Sandbox, path: str) -> None:
    assert requests.get(f"{below.url}/.well-known/oauth-authorization-server{path}", timeout=30).status_code == 404
