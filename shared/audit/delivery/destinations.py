"""Where the renewed secret of a client goes: chosen by client or by policy, written as a URL.

    https://team.vault.azure.net/secrets/mule-{client_id}        Azure Key Vault
    aws-secretsmanager://eu-west-1/mule/{client_id}?form=json    AWS Secrets Manager

`{client_id}` and `{policy}` stand for those of the client. `form` is `plain`, the secret alone (Key Vault's default), or `json`:
an object with client_id, client_secret and expires_at (Secrets Manager's default, since its readers pick keys out of JSON).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from shared.audit.clients import Client

ANY = "*"
_SELECTOR = re.compile(r"\*|policy:[A-Za-z0-9_.-]{1,64}|client:[0-9a-f-]{36}")
_FIELD = re.compile(r"\{(client_id|policy)\}")
_REGION = re.compile(r"[a-z]{2}(-[a-z0-9]+)+-[0-9]")
# Names that the stores take. Key Vault: 1 to 127 letters, digits and hyphens. Secrets Manager: 1 to 512 of these characters.
_VAULT_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")
_AWS_NAME = re.compile(r"[0-9A-Za-z/_+=.@-]{1,512}")


class StoreKind(StrEnum):
    """The stores that the bridge can deliver to."""

    KEY_VAULT = "key_vault"
    SECRETS_MANAGER = "secrets_manager"


class Form(StrEnum):
    """How a secret is written into its store."""

    PLAIN = "plain"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Address:
    """One place in a store: `place` is the vault's origin or the AWS region, `name` the secret's name there."""

    store: StoreKind
    place: str
    name: str
    form: Form

    def __str__(self) -> str:
        return f"{self.place}/{self.name}"


@dataclass(frozen=True, slots=True)
class Destination:
    """An address with the client's identifiers still to be filled in."""

    store: StoreKind
    place: str
    template: str
    form: Form

    @classmethod
    def parse(cls, text: str) -> Self:
        """A destination from its URL. Raises ValueError."""
        parts = urlsplit(text)
        options = dict(parse_qsl(parts.query))
        path = unquote(parts.path).strip("/")
        if parts.fragment or parts.username or set(options) - {"form"}:
            raise ValueError("a destination has a user name, a fragment or options that nothing is done with")
        if parts.scheme == "https" and parts.hostname and path.startswith("secrets/"):
            kind, place, template, default = StoreKind.KEY_VAULT, f"https://{parts.netloc}", path[len("secrets/") :], Form.PLAIN
        elif parts.scheme == "aws-secretsmanager" and _REGION.fullmatch(parts.netloc):
            kind, place, template, default = StoreKind.SECRETS_MANAGER, parts.netloc, path, Form.JSON
        else:
            raise ValueError(f"expected https://VAULT/secrets/NAME or aws-secretsmanager://REGION/NAME, not {text}")
        if options.get("form", default) not in set(Form):
            raise ValueError(f"expected form=plain or form=json in {text}")
        destination = cls(kind, place, template, Form(options.get("form", default)))
        destination._fill("0" * 36, "default")
        return destination

    def of(self, client: Client) -> Address | None:
        """The address of a client's secret; None where the name that comes out isn't one of the store's."""
        try:
            return self._fill(client.client_id, client.registration.policy)
        except ValueError:
            return None

    def _fill(self, client_id: str, policy: str) -> Address:
        values = {"client_id": client_id, "policy": policy}
        name = _FIELD.sub(lambda match: values[match[1]], self.template)
        allowed = _VAULT_NAME if self.store is StoreKind.KEY_VAULT else _AWS_NAME
        if not allowed.fullmatch(name):
            raise ValueError(f"the store has no secrets with a name like {self.template}")
        return Address(self.store, self.place, name, self.form)


@dataclass(frozen=True, slots=True)
class Destinations:
    """Destinations by selector: `client:CLIENT_ID` comes first, then `policy:NAME`, then `*`."""

    by_selector: Mapping[str, Destination] = field(default_factory=lambda: MappingProxyType({}))

    def __bool__(self) -> bool:
        return bool(self.by_selector)

    def of(self, client: Client) -> Address | None:
        """The address for a client; None where its renewed secrets go nowhere."""
        for selector in (f"client:{client.client_id}", f"policy:{client.registration.policy}", ANY):
            if selector in self.by_selector:
                return self.by_selector[selector].of(client)
        return None


def parse_destinations(text: str) -> Destinations:
    """Destinations from a JSON object of selectors and URLs. Raises ValueError."""
    try:
        members = json.loads(text)
    except ValueError:
        members = None
    if not isinstance(members, dict) or not members or not all(isinstance(value, str) for value in members.values()):
        raise ValueError('expected a JSON object such as {"policy:mulesoft": "https://VAULT/secrets/{client_id}"}')
    for selector in members:
        if not _SELECTOR.fullmatch(selector):
            raise ValueError(f"expected selectors like client:CLIENT_ID, policy:NAME or *, not {selector}")
    parsed = {selector: Destination.parse(value) for selector, value in members.items()}
    urls = list(members.values())
    for_many = [url for selector, url in members.items() if not selector.startswith("client:")]
    shared = [url for url in urls if "{client_id}" not in url and (url in for_many or urls.count(url) > 1)]
    if shared:
        raise ValueError(f"several clients would share {shared[0]}: put {{client_id}} into its name")
    return Destinations(MappingProxyType(parsed))
