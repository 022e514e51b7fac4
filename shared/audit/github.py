"""Renewed secrets in an environment of a GitHub repository (docs.github.com/rest/actions/secrets, API version 2022-11-28).

GitHub never shows a secret again, and keeps nothing beside it. So the directory's key id goes into a variable of the environment
next to it, `{NAME}_KEY_ID`, with the moment at which GitHub says the secret was changed: while both agree, that key's secret is
what workflows get. Secrets are sealed for the environment's public key by PyNaCl: an optional package, imported where it is used.

A fine-grained token needs `Environments: read and write` on the repository.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import requests

from shared.audit.delivery import Address, Delivery, DeliveryRefused, DeliveryUnknown, LookupFailed, Stored, StoreFailure
from shared.audit.sinks.webhook import HttpsCaller
from shared.audit.store_calls import StoreCalls, answered_object
from shared.clock import ALWAYS, read_time
from shared.retry import Deadline
from shared.secret import Secret

API_VERSION = "2022-11-28"
TAKEN = frozenset({201, 204})
_NO_SEALING = "PyNaCl is not installed: add it to the app's requirements"


class GithubEnvironment:
    """A SecretStore in the environments that a token may write to."""

    def __init__(self, caller: HttpsCaller, token: Secret) -> None:
        self._calls = StoreCalls(caller, 401, _error_of)
        self._token = token

    def read_current(self, address: Address, deadline: Deadline) -> Stored | None:
        """The key id in the variable, while the secret is as old as it says."""
        secret = self._find(f"secrets/{_name(address)}", address, deadline)
        if secret is None:
            # What isn't there and what the token may not see look the same; the key tells whether the environment is there.
            self._public_key(address, deadline)
        variable = self._find(f"variables/{_name(address)}_KEY_ID", address, deadline) if secret else None
        if not secret or not variable:
            return None
        key_id, _, changed = str(variable.get("value")).partition(" ")
        if not changed or changed != secret.get("updated_at"):
            return None
        return Stored(key_id, read_time(changed) or ALWAYS)

    def put_secret(self, address: Address, delivery: Delivery, deadline: Deadline) -> None:
        """Seal and set the secret, then its variable. Where the second part fails, the outcome is unknown: the next run finds a
        secret that nobody vouches for, and sets another."""
        try:
            sealed = self._seal(address, delivery, deadline)
        except LookupFailed as failure:
            raise DeliveryRefused(str(failure)) from failure
        answer = self._call("PUT", f"secrets/{_name(address)}", address, deadline, DeliveryUnknown, json=sealed)
        self._calls.check("setting the secret", answer, TAKEN, DeliveryUnknown)
        try:
            self._mark(address, delivery, deadline)
        except StoreFailure as failure:
            raise DeliveryUnknown(f"the secret is set, and not marked: {failure}") from failure

    def _mark(self, address: Address, delivery: Delivery, deadline: Deadline) -> None:
        changed = (self._find(f"secrets/{_name(address)}", address, deadline) or {}).get("updated_at")
        name = f"{_name(address)}_KEY_ID"
        variable = {"name": name, "value": f"{delivery.key_id} {changed}"}
        answer = self._call("PATCH", f"variables/{name}", address, deadline, DeliveryUnknown, json=variable)
        if answer.status_code == 404:
            answer = self._call("POST", "variables", address, deadline, DeliveryUnknown, json=variable)
        self._calls.check("its variable", answer, TAKEN, DeliveryUnknown)

    def _seal(self, address: Address, delivery: Delivery, deadline: Deadline) -> dict[str, str]:
        seal, public = _sealing(), self._public_key(address, deadline)
        try:
            sealed = seal(base64.b64decode(str(public.get("key")), validate=True), delivery.text(address.form).encode())
        except ValueError:
            raise DeliveryRefused("the environment's public key isn't one") from None
        return {"encrypted_value": base64.b64encode(sealed).decode(), "key_id": str(public.get("key_id"))}

    def _public_key(self, address: Address, deadline: Deadline) -> dict[str, Any]:
        answer = self._call("GET", "secrets/public-key", address, deadline, LookupFailed)
        if answer.status_code != 200:
            raise LookupFailed(self._calls.refusal("the environment's public key", answer))
        return answered_object(answer)

    def _find(self, path: str, address: Address, deadline: Deadline) -> dict[str, Any] | None:
        answer = self._call("GET", path, address, deadline, LookupFailed)
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise LookupFailed(self._calls.refusal(path.partition("/")[0], answer))
        return answered_object(answer)

    def _call(
        self, method: str, path: str, address: Address, deadline: Deadline, failure: type[StoreFailure], **request: Any
    ) -> requests.Response:
        """One call below the environment's part of the API."""
        owner, repository, environment, _ = address.name.split("/")
        # GitHub Enterprise Server has its API below a path, the others on a host of its own.
        base = address.place if address.place.startswith("https://api.") else f"{address.place}/api/v3"
        url = f"{base}/repos/{owner}/{repository}/environments/{environment}/{path}"
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION}
        return self._calls.call(method, url, deadline, self._let_in, failure, headers, **request)

    def _let_in(self, refusal: requests.Response | None) -> Mapping[str, str]:
        if refusal is not None:
            raise DeliveryRefused("GitHub doesn't take the token (401): it is wrong, or over")
        return {"Authorization": f"Bearer {self._token.reveal()}"}


def _name(address: Address) -> str:
    return address.name.rpartition("/")[2]


def _sealing() -> Callable[[bytes, bytes], bytes]:
    """Seals a text for a public key: libsodium's sealed box. Raises DeliveryRefused without PyNaCl."""
    try:
        from nacl.public import PublicKey, SealedBox
    except ImportError:
        raise DeliveryRefused(_NO_SEALING) from None
    return lambda key, text: bytes(SealedBox(PublicKey(key)).encrypt(text))


def _error_of(body: Any) -> str:
    """GitHub's own sentences for a status repeat nothing of the request."""
    known = ("Bad credentials", "Resource not accessible by personal access token", "Not Found", "rate limit")
    return next((text for text in known if text.lower() in str(body.get("message")).lower()), "")
