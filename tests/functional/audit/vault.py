"""A double of Azure Key Vault on a loopback port with TLS: Set Secret, Get Secret and Get Secret Versions of api-version 7.4.

Shapes after learn.microsoft.com/rest/api/keyvault/secrets (set-secret, get-secret-versions) and
learn.microsoft.com/azure/key-vault/general/rest-error-codes (the challenge of a 401, the bodies of errors).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.functional.audit.store_double import Answer, StoreDouble

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
class Vault(StoreDouble):
    """The vault's state."""

    now: Callable[[], float] = field(kw_only=True)
    page_size: int = 2
    secrets: dict[str, list[Version]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    resource: str = RESOURCE
    token: str = GOOD_TOKEN

    def held(self, name: str) -> str:
        """The key id of the version that is handed out; empty where there is none."""
        versions = [version for version in self.secrets.get(name, []) if version.enabled]
        return versions[-1].tags.get("entra-key-id", "") if versions else ""

    def lets_in(self, headers: Any) -> Answer | None:
        if headers.get("Authorization") == f"Bearer {self.token}":
            return None
        tenant = "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47"
        challenge = {"WWW-Authenticate": f'Bearer authorization="{tenant}", resource="{self.resource}"'}
        return 401, _error("Unauthorized", "AKV10000: Request is missing a Bearer or PoP token."), challenge

    def refuse(self, status: int) -> Any:
        return _error("Throttled" if status == 429 else "Forbidden", "Request was not processed")

    def answer(self, method: str, target: str, headers: Any, body: Any) -> Answer:
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        if query.get("api-version") not in (["7.4"], ["7.5"]):
            return 400, _error("BadParameter", "The specified version is not recognized."), {}
        act = set_secret if method == "PUT" else read
        return *act(self, parts.path, query, body), {}


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
