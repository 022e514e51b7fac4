"""What standards allow callers to write, and what they have servers say: over HTTP, with neighbours of what was once misread."""

import hashlib
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from local.sandbox import Sandbox, sandbox
from tests.wire.patience import client_token, patiently

GATEWAY, SECRET = "gateway", "secret-of-the-gateway"
SERVICE = {"client_name": "service", "grant_types": ["client_credentials"]}


@pytest.fixture(scope="module")
def standard() -> Iterator[Sandbox]:
    """A bridge that signs its answers, and whose gateway wants a claim that v1 tokens name otherwise."""
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    caller = {
        "client_id": GATEWAY,
        "secret_sha256": [hashlib.sha256(SECRET.encode()).hexdigest()],
        "audiences": ["api://legacy"],
        "claims": ["azp"],
    }
    settings = {
        "INTROSPECTION_CALLERS": json.dumps([caller]),
        "INTROSPECTION_SIGNING_KEYS": key.decode(),
        "INTROSPECTION_OPTIONS": json.dumps({"issuer": "https://bridge.example.com"}),
    }
    with sandbox(settings=settings) as place:
        yield place


@pytest.fixture(scope="module")
def client(standard: Sandbox) -> dict[str, Any]:
    headers = {"Authorization": standard.authorization}
    registered: dict[str, Any] = requests.post(f"{standard.url}/register", json=SERVICE, headers=headers, timeout=30).json()
    return registered


def test_metadata_name_the_algorithms_of_all_that_is_signed(standard: Sandbox) -> None:
    """RFC 8414 section 2, RFC 9701 section 7."""
    for name in ("oauth-authorization-server", "openid-configuration"):
        document = requests.get(f"{standard.url}/.well-known/{name}", timeout=30).json()
        assert "private_key_jwt" in document["token_endpoint_auth_methods_supported"]
        assert document["token_endpoint_auth_signing_alg_values_supported"] == ["RS256", "PS256"]
        assert document["introspection_signing_alg_values_supported"] == ["ES256"]
        assert "api://orders/Orders.Read" in document["scopes_supported"]


@pytest.mark.parametrize(
    ("scope", "registered"),
    [
        (["api://orders/Orders.Read", "openid"], "api://orders/Orders.Read openid"),
        (["openid"], "openid"),
        ([], None),
        ("  openid   profile ", "openid profile"),
    ],
)
def test_a_scope_may_be_an_array_and_is_answered_as_a_string(standard: Sandbox, scope: object, registered: str | None) -> None:
    body = {"client_name": "portal", "redirect_uris": ["https://portal.example.com/cb"], "scope": scope}
    answer = requests.post(f"{standard.url}/register", json=body, headers={"Authorization": standard.authorization}, timeout=30)
    assert (answer.status_code, answer.json().get("scope")) == (201, registered), answer.text


@pytest.mark.parametrize("form", ["path", "query", "rotation"])
def test_a_client_id_may_be_written_in_capitals(standard: Sandbox, client: dict[str, Any], form: str) -> None:
    client_id, headers = client["client_id"].upper(), {"Authorization": standard.authorization}
    path = {"path": f"/{client_id}", "query": f"?client_id={client_id}", "rotation": f"/{client_id}/new-secret"}[form]
    method = "POST" if form == "rotation" else "GET"
    answer = patiently(lambda: requests.request(method, f"{standard.url}/register{path}", headers=headers, timeout=30), 200)
    assert answer.json()["client_id"] == client["client_id"]


def test_a_v1_tokens_client_comes_under_the_claims_name_that_the_gateway_asks_for(
    standard: Sandbox, client: dict[str, Any]
) -> None:
    token = client_token(standard, client, "api://legacy/.default")
    form, pair = {"token": token}, (GATEWAY, SECRET)
    found = requests.post(f"{standard.url}/introspect", data=form, auth=pair, timeout=30).json()
    assert (found["active"], found["azp"], found["client_id"]) == (True, client["client_id"], client["client_id"])
    assert "scope" not in found


@pytest.mark.parametrize("host", ["[", "[::1", "a b", "a\x01b", "x:y:z", "]:80"])
def test_a_host_that_is_none_is_a_bad_request(standard: Sandbox, host: str) -> None:
    """RFC 9112 section 3.2. Addresses in answers come from the settings, whatever the header says."""
    address = urlsplit(standard.url)
    with socket.create_connection((address.hostname, address.port), 10) as connection:
        connection.sendall(f"GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        status = int(connection.recv(65536).split()[1])
    assert status in (200, 400)
    assert status == 400 or host not in ("[", "[::1")
