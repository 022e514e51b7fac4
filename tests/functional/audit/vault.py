"""A double of Azure Key Vault on a loopback port with TLS: Set Secret, Get Secret and Get Secret Versions of api-version 7.4.

Shapes after learn.microsoft.com/rest/api/keyvault/secrets (set-secret, get-secret-versions) and
learn.microsoft.com/azure/key-vault/general/rest-error-codes (the challenge of a 401, the bodies of errors).
"""

import json
import re
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import trustme

RESOURCE = "https://vault.azure.net"
GOOD_TOKEN = "good vault token"


@dataclass
class Version:
    """One version of a secret."""

    version: str
    value: str
    created: int
    content_type: str
    tags: dict[str, str]
    exp: int | None = None
    enabled: bool = True


@dataclass
class Vault:
    """The vault's state, and switches for what goes wrong."""

    now: Callable[[], float]
    ca_file: str
    page_size: int = 2
    secrets: dict[str, list[Version]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    calls: list[tuple[str, str]] = field(default_factory=list)
    # Answers given before the vault does anything, first ones first: a status, or a pair of status and Retry-After.
    refusals: list[tuple[int, str]] = field(default_factory=list)
    # How many writes are carried out and then not answered.
    lost_answers: int = 0
    resource: str = RESOURCE
    token: str = GOOD_TOKEN

    def __enter__(self) -> Self:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The vault's origin."""
        return f"https://localhost:{self._server.server_address[1]}"

    def held(self, name: str) -> str:
        """The key id of the version that is handed out; empty where there is none."""
        versions = [version for version in self.secrets.get(name, []) if version.enabled]
        return versions[-1].tags.get("entra-key-id", "") if versions else ""


def _handler(vault: Vault) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_PUT(self) -> None:
            self._answer(set_secret)

        def do_GET(self) -> None:
            self._answer(read)

        def _answer(self, act: Callable[[Vault, str, dict[str, list[str]], Any], tuple[int, Any]]) -> None:
            parts = urlsplit(self.path)
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
            vault.calls.append((self.command, parts.path))
            query = parse_qs(parts.query)
            if self.headers.get("Authorization") != f"Bearer {vault.token}":
                self._send(401, _error("Unauthorized", "AKV10000: Request is missing a Bearer or PoP token."))
            elif vault.refusals:
                status, retry_after = vault.refusals.pop(0)
                self._send(
                    status, _error("Throttled" if status == 429 else "Forbidden", "Request was not processed"), retry_after
                )
            elif query.get("api-version") not in (["7.4"], ["7.5"]):
                self._send(400, _error("BadParameter", "The specified version is not recognized."))
            else:
                status, answer = act(vault, parts.path, query, body)
                if self.command == "PUT" and vault.lost_answers:
                    vault.lost_answers -= 1
                    self.close_connection = True
                    self.connection.close()
                    return
                self._send(status, answer)

        def _send(self, status: int, body: Any, retry_after: str = "") -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            if status == 401:
                tenant = "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47"
                self.send_header("WWW-Authenticate", f'Bearer authorization="{tenant}", resource="{vault.resource}"')
            if retry_after:
                self.send_header("Retry-After", retry_after)
            self.end_headers()
            self.wfile.write(content)

    return Handler


def set_secret(vault: Vault, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    """PUT /secrets/{name}."""
    match = re.fullmatch(r"/secrets/([0-9a-zA-Z-]{1,127})", path)
    if match is None or not isinstance(body, dict) or not isinstance(body.get("value"), str):
        return 400, _error("BadParameter", "The request URI or body is invalid.")
    if match[1] in vault.deleted:
        text = f"Secret {match[1]} is currently in a deleted but recoverable state, and its name cannot be reused"
        return 409, {"error": {"code": "Conflict", "message": text, "innererror": {"code": "ObjectIsDeletedButRecoverable"}}}
    versions = vault.secrets.setdefault(match[1], [])
    attributes = body.get("attributes") or {}
    new = Version(
        version=f"{len(versions):032x}",
        value=body["value"],
        created=int(vault.now()),
        content_type=body.get("contentType", ""),
        tags=dict(body.get("tags") or {}),
        exp=attributes.get("exp"),
        enabled=attributes.get("enabled", True),
    )
    versions.append(new)
    return 200, {"value": new.value, **_item(vault, match[1], new)}


def read(vault: Vault, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
    """GET /secrets/{name}/versions, in pages."""
    match = re.fullmatch(r"/secrets/([0-9a-zA-Z-]{1,127})/versions", path)
    versions = vault.secrets.get(match[1]) if match else None
    if match is None or versions is None:
        return 404, _error("SecretNotFound", f"A secret with (name/id) {path} was not found in this key vault.")
    start = int(query.get("$skiptoken", ["0"])[0])
    page: dict[str, Any] = {"value": [_item(vault, match[1], version) for version in versions[start : start + vault.page_size]]}
    following = start + vault.page_size
    more = following < len(versions)
    page["nextLink"] = f"{vault.url}{path}?api-version=7.4&$skiptoken={following}" if more else None
    return 200, page


def _item(vault: Vault, name: str, version: Version) -> dict[str, Any]:
    attributes = {
        "enabled": version.enabled,
        "created": version.created,
        "updated": version.created,
        "recoveryLevel": "Recoverable+Purgeable",
        "recoverableDays": 90,
    }
    if version.exp is not None:
        attributes["exp"] = version.exp
    return {
        "contentType": version.content_type,
        "id": f"{vault.url}/secrets/{name}/{version.version}",
        "attributes": attributes,
        "tags": version.tags,
    }


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}
