"""What the audit writes in Azure beside the directory, with the bridge's own identity: Key Vault and Blob Storage, over REST.

learn.microsoft.com/rest/api/keyvault/secrets, api-version 7.4 (Set Secret, Get Secret Versions): neither call shows the bridge a
secret's value, so the identity needs to set secrets and to read their metadata, no more. Key Vault hands out the newest version.

learn.microsoft.com/rest/api/storageservices/put-blob: needs the role Storage Blob Data Contributor on the container. A binding of
the Functions host would do the same, at the price of an extension bundle and a storage connection for everybody.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import requests

from shared.audit.delivery import (
    Address,
    Delivery,
    DeliveryRefused,
    DeliveryUnknown,
    LookupFailed,
    SecretForm,
    Stored,
    StoreFailure,
)
from shared.audit.findings import AuditFinding
from shared.audit.report.page import render_page
from shared.audit.result import AuditRun
from shared.audit.sinks import SinkFailure
from shared.audit.sinks.webhook import HttpsCaller
from shared.audit.store_calls import StoreCalls, answered_object
from shared.graph.errors import GraphFailure
from shared.retry import Deadline
from shared.secret import Secret

VAULT_VERSION = {"api-version": "7.4"}
BLOB_VERSION = "2021-12-02"
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
_RESOURCE = re.compile(r'\bresource="([^"]+)"')

type TokenFor = Callable[[str, bool], str]
"""Gives an access token for a resource such as https://vault.azure.net; the flag asks for a fresh one. Raises a GraphFailure."""


class KeyVault:
    """A SecretStore in any vault that the bridge's identity may write to."""

    def __init__(self, caller: HttpsCaller, token_for: TokenFor, resources: Mapping[str, str] = RESOURCES) -> None:
        self._calls = StoreCalls(caller, 401, _error_of)
        self._token_for = token_for
        self._resources = resources

    def read_current(self, address: Address, deadline: Deadline) -> Stored | None:
        """The newest enabled version's key id, from its tags."""
        newest = (0, "")
        url: str | None = f"{address.place}/secrets/{address.name}/versions"
        query: Mapping[str, str] = {**VAULT_VERSION, "maxresults": "25"}
        while url is not None:
            answer = self._call("GET", url, address, deadline, LookupFailed, params=query)
            if answer.status_code == 404:
                return None
            if answer.status_code != 200:
                raise LookupFailed(self._calls.refusal("the versions of the secret", answer))
            page = answered_object(answer)
            for version in page.get("value") or []:
                attributes = version.get("attributes") or {}
                created = attributes.get("created")
                if attributes.get("enabled") is not False and isinstance(created, int):
                    newest = max(newest, (created, str((version.get("tags") or {}).get(KEY_ID_TAG) or "")))
            url, query = _next_link(page, address), {}
        created, key_id = newest
        return Stored(key_id, datetime.fromtimestamp(created, UTC)) if key_id else None

    def put_secret(self, address: Address, delivery: Delivery, deadline: Deadline) -> None:
        """Set the secret. Repeating it after a lost answer makes one more version of the same value, which changes nothing."""
        body = {
            "value": delivery.text(address.form),
            "contentType": "application/json" if address.form is SecretForm.JSON else "text/plain",
            "attributes": {"enabled": True, "exp": int(delivery.end.timestamp())},
            "tags": {CLIENT_ID_TAG: delivery.client_id, KEY_ID_TAG: delivery.key_id},
        }
        url = f"{address.place}/secrets/{address.name}"
        answer = self._call("PUT", url, address, deadline, DeliveryUnknown, params=VAULT_VERSION, json=body)
        self._calls.check("setting the secret", answer, frozenset({200}), DeliveryUnknown)

    def _call(
        self, method: str, url: str, address: Address, deadline: Deadline, failure: type[StoreFailure], **request: Any
    ) -> requests.Response:
        resource = self._resource_of(address)

        def headers_for(refusal: requests.Response | None) -> Mapping[str, str]:
            if refusal is not None:
                _check_challenge(refusal, resource)
            try:
                return {"Authorization": f"Bearer {self._token_for(resource, refusal is not None)}"}
            except GraphFailure as cause:
                raise DeliveryRefused(f"no token for {resource}: {cause}") from cause

        return self._calls.call(method, url, deadline, headers_for, failure, **request)

    def _resource_of(self, address: Address) -> str:
        host = urlsplit(address.place).hostname or ""
        for ending, resource in self._resources.items():
            if host.endswith(ending):
                return resource
        # A token must not be sent to whatever host stands in a setting.
        raise DeliveryRefused(f"{host} isn't the name of a key vault in a known cloud")


def _check_challenge(answer: requests.Response, expected: str) -> None:
    match = _RESOURCE.search(answer.headers.get("WWW-Authenticate", ""))
    if match is not None and match[1].rstrip("/") != expected:
        raise DeliveryRefused(f"the vault asks for a token for {match[1]}, where {expected} belongs to its name")


def _next_link(page: Mapping[str, Any], address: Address) -> str | None:
    link = page.get("nextLink")
    if not isinstance(link, str) or not link:
        return None
    if urlsplit(link).scheme != "https" or urlsplit(link).hostname != urlsplit(address.place).hostname:
        raise LookupFailed("a link in the vault's answer leads to another host")
    return link


def _error_of(body: Any) -> str:
    error = body.get("error") or {}
    inner = error.get("innererror") or {}
    return "/".join(str(part) for part in (error.get("code"), inner.get("code")) if part)


class ReportBlob:
    """A Sink: the report page of a run as a blob, where people can look at it without asking the bridge."""

    name = "blob"

    def __init__(self, caller: HttpsCaller, url: str, token_for: TokenFor) -> None:
        self._caller = caller
        self._url = url
        self._token_for = token_for

    def notify(self, findings: Sequence[AuditFinding], deadline: Deadline) -> None:
        """Nothing: the page shows all findings of the run, news or not."""

    def report_run(self, run: AuditRun, deadline: Deadline) -> None:
        """Replace the page by that of this run."""
        parts = urlsplit(self._url)
        try:
            # Storage takes tokens for the account itself.
            token = self._token_for(f"{parts.scheme}://{parts.netloc}", False)
        except GraphFailure as failure:
            raise SinkFailure(f"no token for {parts.hostname}: {type(failure).__name__}") from failure
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "text/html; charset=utf-8",
            "x-ms-date": format_datetime(self._caller.clock.now(), usegmt=True),
            "x-ms-version": BLOB_VERSION,
            "x-ms-blob-type": "BlockBlob",
        }
        self._caller.send("PUT", Secret(self._url), render_page(run).encode(), headers, deadline)
