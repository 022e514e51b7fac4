"""Renewed secrets in HashiCorp Vault, engine KV version 2 (developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2).

A new version is written by `POST {mount}/data/{path}`; the directory's key id and the number of that version stand in the custom
metadata of the secret (`{mount}/metadata/{path}`, Vault 1.9), which tell what is handed out without reading a value. So a policy
for the bridge needs `create` and `update` on data, and `create`, `read` and `update` on metadata.

The bridge comes with a token of Vault's, or with its own Entra token by the auth method JWT (`auth/jwt/login`), so that no
setting holds a key.
"""

from collections.abc import Mapping
from typing import Any

import requests

from shared.audit.azure import TokenFor
from shared.audit.configuration import VaultLogin
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
from shared.audit.sinks.webhook import HttpsCaller
from shared.audit.store_calls import StoreCalls, answered_object, object_in
from shared.clock import ALWAYS, read_time
from shared.graph.errors import GraphFailure
from shared.retry import Deadline

KEY_ID, VERSION = "entra-key-id", "entra-key-version"
WRITTEN = frozenset({200, 204})


class HashicorpVault:
    """A SecretStore in any Vault. One token a host is kept for as long as it is taken."""

    def __init__(self, caller: HttpsCaller, login: VaultLogin, token_for: TokenFor) -> None:
        self._caller = caller
        self._calls = StoreCalls(caller, 403, _error_of)
        self._login = login
        self._token_for = token_for
        self._tokens: dict[str, str] = {}

    def read_current(self, address: Address, deadline: Deadline) -> Stored | None:
        """The current version's key id, where the custom metadata are about that version."""
        metadata = self._read_metadata(address, deadline)
        current = str(metadata.get("current_version"))
        version, known = object_in(object_in(metadata, "versions"), current), object_in(metadata, "custom_metadata")
        if known.get(VERSION) != current or not known.get(KEY_ID) or version.get("destroyed") or version.get("deletion_time"):
            return None
        return Stored(str(known[KEY_ID]), read_time(version.get("created_time")) or ALWAYS)

    def put_secret(self, address: Address, delivery: Delivery, deadline: Deadline) -> None:
        """Write a new version, then say in the metadata whose it is. Where the second part fails, the outcome is unknown: the
        next run finds a version that nobody vouches for, and writes another."""
        plain = address.form is SecretForm.PLAIN
        data = {"value": delivery.secret.reveal()} if plain else delivery.as_object()
        answer = self._call("POST", address, "data", deadline, DeliveryUnknown, json={"data": data})
        self._calls.check("writing the secret", answer, WRITTEN, DeliveryUnknown)
        try:
            self._mark(address, delivery, str(object_in(answered_object(answer), "data").get("version")), deadline)
        except StoreFailure as failure:
            raise DeliveryUnknown(f"the secret is written, and not marked: {failure}") from failure

    def _mark(self, address: Address, delivery: Delivery, version: str, deadline: Deadline) -> None:
        kept = object_in(self._read_metadata(address, deadline), "custom_metadata")
        marks = {"custom_metadata": {**kept, KEY_ID: delivery.key_id, VERSION: version, "entra-client-id": delivery.client_id}}
        answer = self._call("POST", address, "metadata", deadline, DeliveryUnknown, json=marks)
        self._calls.check("its metadata", answer, WRITTEN, DeliveryUnknown)

    def _read_metadata(self, address: Address, deadline: Deadline) -> dict[str, Any]:
        answer = self._call("GET", address, "metadata", deadline, LookupFailed)
        if answer.status_code == 404 and not answered_object(answer).get("errors"):
            # Where there is no engine, Vault says "no handler for route".
            return {}
        if answer.status_code != 200:
            raise LookupFailed(self._calls.refusal("the metadata of the secret", answer))
        return object_in(answered_object(answer), "data")

    def _call(
        self, method: str, address: Address, part: str, deadline: Deadline, failure: type[StoreFailure], **request: Any
    ) -> requests.Response:
        """One call to the `data` or `metadata` of a secret."""
        mount, _, path = address.name.partition("/data/")

        def headers_for(refusal: requests.Response | None) -> Mapping[str, str]:
            return {"X-Vault-Token": self._token(address, deadline, refusal), "X-Vault-Request": "true"}

        return self._calls.call(method, f"{address.place}/v1/{mount}/{part}/{path}", deadline, headers_for, failure, **request)

    def _token(self, address: Address, deadline: Deadline, refusal: requests.Response | None) -> str:
        """The configured token, or one for the bridge's own Entra token."""
        if self._login.token:
            if refusal is not None:
                raise DeliveryRefused("Vault refuses (403): the token is over, or its policy doesn't allow this path")
            return self._login.token.reveal()
        if refusal is not None or address.place not in self._tokens:
            try:
                jwt = self._token_for(self._login.audience, refusal is not None)
            except GraphFailure as cause:
                raise DeliveryRefused(f"no token for {self._login.audience}: {cause}") from cause
            body = {"role": self._login.role, "jwt": jwt}
            answer, _ = self._caller.call("POST", f"{address.place}/v1/auth/jwt/login", deadline, json=body)
            if answer is None:
                raise DeliveryRefused(f"{address.place} gave no answer to the login")
            token = object_in(answered_object(answer), "auth").get("client_token") if answer.status_code == 200 else None
            if not token:
                raise DeliveryRefused(self._calls.refusal(f"the login as {self._login.role}", answer))
            self._tokens[address.place] = str(token)
        return self._tokens[address.place]


def _error_of(body: Any) -> str:
    """Vault has no codes; of its sentences only the one that says nothing about the request."""
    return "permission denied" if any("permission denied" in str(error) for error in body.get("errors") or ()) else ""
