"""Azure Key Vault over REST, api-version 7.4: a new version of a secret, and which version is handed out.

learn.microsoft.com/rest/api/keyvault/secrets: Set Secret, Get Secret Versions. Neither shows the bridge a secret's value, so the
identity needs to set secrets and to read their metadata, no more. Key Vault hands out the newest version.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import requests

from shared.audit.delivery.destinations import Address, Form
from shared.audit.delivery.store import Delivery, DeliveryRefused, DeliveryUnknown, LookupFailed, Stored, StoreFailure
from shared.graph.errors import GraphFailure
from shared.retry import Deadline, read_retry_after

API_VERSION = "7.4"
# The resource that a vault's token is for, by the end of the vault's name in each cloud.
RESOURCES: Mapping[str, str] = MappingProxyType(
    {
        ".vault.azure.net": "https://vault.azure.net",
        ".vault.usgovcloudapi.net": "https://vault.usgovcloudapi.net",
        ".vault.azure.cn": "https://vault.azure.cn",
    }
)
KEY_ID_TAG = "entra-key-id"
CLIENT_ID_TAG = "entra-client-id"
PAUSES = (1.0, 2.0, 4.0)
TIMEOUT = 10.0
_RESOURCE = re.compile(r'\bresource="([^"]+)"')

type TokenFor = Callable[[str, bool], str]
"""Gives an access token for a resource such as https://vault.azure.net; the flag asks for a fresh one. Raises a GraphFailure."""


class KeyVault:
    """A SecretStore in any vault that the bridge's identity may write to."""

    def __init__(
        self,
        session: requests.Session,
        token_for: TokenFor,
        now: Callable[[], datetime],
        resources: Mapping[str, str] = RESOURCES,
    ) -> None:
        """`session` follows no redirects and trusts the configured certificates, as a DirectorySession does."""
        self._session = session
        self._token_for = token_for
        self._now = now
        self._resources = resources

    def current(self, address: Address, deadline: Deadline) -> Stored | None:
        """The newest enabled version's key id, from its tags."""
        newest: tuple[int, str] | None = None
        url: str | None = f"{address.place}/secrets/{address.name}/versions"
        query: Mapping[str, str] = {"api-version": API_VERSION, "maxresults": "25"}
        while url is not None:
            answer = self._call("GET", url, deadline, address, query=query, failure=LookupFailed)
            if answer.status_code == 404:
                return None
            if answer.status_code != 200:
                raise LookupFailed(_refusal("the versions of the secret", answer))
            page = _object(answer)
            for version in page.get("value") or []:
                attributes = version.get("attributes") or {}
                created = attributes.get("created")
                if attributes.get("enabled") is not False and isinstance(created, int):
                    found = (created, str((version.get("tags") or {}).get(KEY_ID_TAG) or ""))
                    newest = max(newest, found) if newest is not None else found
            url, query = self._next(page, address), {}
        if newest is None or not newest[1]:
            return None
        return Stored(newest[1], datetime.fromtimestamp(newest[0], UTC))

    def put(self, address: Address, delivery: Delivery, deadline: Deadline) -> None:
        """Set the secret. Repeating it after a lost answer makes one more version of the same value, which changes nothing."""
        body = {
            "value": delivery.text(address.form),
            "contentType": "application/json" if address.form is Form.JSON else "text/plain",
            "attributes": {"enabled": True, "exp": int(delivery.end.timestamp())},
            "tags": {CLIENT_ID_TAG: delivery.client_id, KEY_ID_TAG: delivery.key_id},
        }
        url = f"{address.place}/secrets/{address.name}"
        answer = self._call("PUT", url, deadline, address, query={"api-version": API_VERSION}, body=body, failure=DeliveryUnknown)
        if answer.status_code >= 500:
            raise DeliveryUnknown(_refusal("setting the secret", answer))
        if answer.status_code != 200:
            raise DeliveryRefused(_refusal("setting the secret", answer))

    def _call(
        self,
        method: str,
        url: str,
        deadline: Deadline,
        address: Address,
        *,
        query: Mapping[str, str],
        failure: type[StoreFailure],
        body: Mapping[str, Any] | None = None,
    ) -> requests.Response:
        """The answer after repeating what may be repeated. `failure` is raised where none came, or where an earlier attempt may
        have done what the last one was refused."""
        resource = self._resource_of(address)
        fresh = doubtful = False
        for attempt in range(len(PAUSES) + 1):
            answer, pause = self._attempt(method, url, resource, deadline, query=query, body=body, fresh=fresh)
            if answer is not None and answer.status_code == 401 and not fresh:
                self._check_challenge(answer, resource)
                fresh = True
                continue
            final = answer is not None and answer.status_code != 429 and answer.status_code < 500
            if final or attempt == len(PAUSES) or not deadline.pause(max(PAUSES[attempt], pause)):
                if answer is None:
                    break
                if doubtful and answer.status_code >= 400:
                    raise failure(_refusal(f"a call to {address.place}, of which an answer was lost before,", answer))
                return answer
            doubtful |= answer is None or answer.status_code >= 500
        raise failure(f"{address.place} gave no answer")

    def _attempt(
        self,
        method: str,
        url: str,
        resource: str,
        deadline: Deadline,
        *,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        fresh: bool,
    ) -> tuple[requests.Response | None, float]:
        try:
            token = self._token_for(resource, fresh)
        except GraphFailure as cause:
            raise DeliveryRefused(f"no token for {resource}: {cause}") from cause
        timeout = min(max(deadline.remaining(), 1.0), TIMEOUT)
        try:
            answer = self._session.request(
                method,
                url,
                params=query,
                json=body,
                headers={"Authorization": f"Bearer {token}"},
                timeout=(timeout, timeout),
                allow_redirects=False,
            )
        except requests.RequestException:
            return None, 0.0
        return answer, read_retry_after(answer.headers.get("Retry-After"), self._now()) or 0.0

    def _resource_of(self, address: Address) -> str:
        host = urlsplit(address.place).hostname or ""
        for ending, resource in self._resources.items():
            if host.endswith(ending):
                return resource
        # A token must not be sent to whatever host stands in a setting.
        raise DeliveryRefused(f"{host} isn't the name of a key vault in a known cloud")

    def _check_challenge(self, answer: requests.Response, expected: str) -> None:
        match = _RESOURCE.search(answer.headers.get("WWW-Authenticate", ""))
        if match is not None and match[1].rstrip("/") != expected:
            raise DeliveryRefused(f"the vault asks for a token for {match[1]}, where {expected} belongs to its name")

    def _next(self, page: Mapping[str, Any], address: Address) -> str | None:
        link = page.get("nextLink")
        if not isinstance(link, str) or not link:
            return None
        if urlsplit(link).scheme != "https" or urlsplit(link).hostname != urlsplit(address.place).hostname:
            raise LookupFailed("a link in the vault's answer leads to another host")
        return link


def _object(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise LookupFailed("the vault's answer isn't a JSON object")
    return body


def _refusal(what: str, answer: requests.Response) -> str:
    """Status and code; the message may repeat parts of the request."""
    try:
        error = answer.json().get("error") or {}
        inner = error.get("innererror") or {}
        code = "/".join(str(part) for part in (error.get("code"), inner.get("code")) if part)
    except (ValueError, AttributeError):
        code = ""
    return f"{what} was answered {answer.status_code} {code}".strip()
