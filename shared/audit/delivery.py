"""Where the renewed secret of a client goes: chosen by client or by policy, written as a URL.

    https://team.vault.azure.net/secrets/mule-{client_id}        Azure Key Vault
    aws-secretsmanager://eu-west-1/mule/{client_id}?form=json    AWS Secrets Manager
    hashicorp-vault://vault.example.com:8200/secret/data/mule/{client_id}   HashiCorp Vault, KV version 2: the path of its API
    github://api.github.com/OWNER/REPOSITORY/ENVIRONMENT/ENTRA_{client_id}  a secret of a GitHub environment

`{client_id}` and `{policy}` stand for those of the client; GitHub takes no hyphens in names, so they become underscores there.
`form` is `plain`, the secret alone (the default in Key Vault and GitHub), or `json`: an object with client_id, client_secret and
expires_at (the default in the others, since their readers pick keys out of it).

StoreFailure
 ├─ DeliveryRefused   the store has not taken the secret, for certain
 ├─ DeliveryUnknown   an answer was lost: it may have
 └─ LookupFailed      the store didn't say which secret it holds
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Protocol, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from shared.retry import Deadline
from shared.secret import Secret

_SELECTOR = re.compile(r"\*|policy:[A-Za-z0-9_.-]{1,64}|client:[0-9a-f-]{36}")
_REGION = re.compile(r"[a-z]{2}(-[a-z0-9]+)+-[0-9]")


class StoreFailure(Exception):
    """A store's call failed. The text is for the log: no secret, no token."""


class DeliveryRefused(StoreFailure):
    """The secret is not in the store."""


class DeliveryUnknown(StoreFailure):
    """The secret may be in the store or not."""


class LookupFailed(StoreFailure):
    """Which secret the store holds isn't known."""


class StoreKind(StrEnum):
    """The stores that the bridge can deliver to."""

    KEY_VAULT = "key_vault"
    SECRETS_MANAGER = "secrets_manager"
    HASHICORP_VAULT = "hashicorp_vault"
    GITHUB = "github"


# The names that they take. Vault's is a path of its API, whose mount (and namespace) ends at `data`; GitHub's are upper case
# without a prefix of its own, after owner, repository and environment.
_NAMES = {
    StoreKind.KEY_VAULT: re.compile(r"[0-9A-Za-z-]{1,127}"),
    StoreKind.SECRETS_MANAGER: re.compile(r"[0-9A-Za-z/_+=.@-]{1,512}"),
    StoreKind.HASHICORP_VAULT: re.compile(r"([0-9A-Za-z_-][0-9A-Za-z_.-]*/){1,8}?data(/[0-9A-Za-z_-][0-9A-Za-z_.@-]*){1,16}"),
    StoreKind.GITHUB: re.compile(r"([0-9A-Za-z_-][0-9A-Za-z_.-]{0,99}/){3}(?!GITHUB_)[A-Z_][A-Z0-9_]{0,199}"),
}


class SecretForm(StrEnum):
    """How a secret is written into its store."""

    PLAIN = "plain"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Address:
    """A place in a store: `place` is the origin of the vault or of GitHub's API, or the AWS region; `name` is the secret's name
    there, in which a client's identifiers may still have to be filled in."""

    store: StoreKind
    place: str
    name: str
    form: SecretForm

    def __str__(self) -> str:
        return f"{self.place}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """An address from its URL. Raises ValueError, which doesn't repeat it."""
        parts = urlsplit(text)
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        path = unquote(parts.path).strip("/")
        if parts.fragment or parts.username or parts.port == 0 or set(options) - {"form"}:
            raise ValueError("expected no user name, no fragment, no port 0 and no option but form")
        if parts.scheme == "https" and parts.hostname and path.startswith("secrets/"):
            kind, place, name, form = StoreKind.KEY_VAULT, f"https://{parts.netloc}", path[len("secrets/") :], SecretForm.PLAIN
        elif parts.scheme == "aws-secretsmanager" and _REGION.fullmatch(parts.netloc):
            kind, place, name, form = StoreKind.SECRETS_MANAGER, parts.netloc, path, SecretForm.JSON
        elif parts.scheme == "hashicorp-vault" and parts.hostname:
            kind, place, name, form = StoreKind.HASHICORP_VAULT, f"https://{parts.netloc}", path, SecretForm.JSON
        elif parts.scheme == "github" and parts.hostname:
            kind, place, name, form = StoreKind.GITHUB, f"https://{parts.netloc}", path, SecretForm.PLAIN
        else:
            raise ValueError(
                "expected https://VAULT/secrets/NAME, aws-secretsmanager://REGION/NAME, hashicorp-vault://HOST/MOUNT/data/NAME "
                "or github://api.github.com/OWNER/REPOSITORY/ENVIRONMENT/NAME"
            )
        if options.get("form", form) not in set(SecretForm):
            raise ValueError("expected form=plain or form=json")
        address = cls(kind, place, name, SecretForm(options.get("form", form)))
        if address.fill_in("0" * 36, "default") is None:
            raise ValueError("expected a name of letters, digits and what else its store takes in a secret's name")
        return address

    def fill_in(self, client_id: str, policy: str) -> Self | None:
        """The address of a client's secret; None where the name that comes out isn't one of the store's."""
        if self.store is StoreKind.GITHUB:
            client_id, policy = (re.sub(r"[^A-Z0-9_]", "_", part.upper()) for part in (client_id, policy))
        name = self.name.replace("{client_id}", client_id).replace("{policy}", policy)
        return replace(self, name=name) if _NAMES[self.store].fullmatch(name) else None


@dataclass(frozen=True, slots=True)
class Destinations:
    """Addresses by selector: `client:CLIENT_ID` comes first, then `policy:NAME`, then `*`."""

    by_selector: Mapping[str, Address] = field(default_factory=lambda: MappingProxyType({}))

    def __bool__(self) -> bool:
        return bool(self.by_selector)

    def stores(self) -> set[StoreKind]:
        """The kinds of store that are used."""
        return {address.store for address in self.by_selector.values()}

    def find_address(self, client_id: str, policy: str) -> Address | None:
        """Where a client's renewed secrets go; None for nowhere."""
        found = (self.by_selector.get(selector) for selector in (f"client:{client_id}", f"policy:{policy}", "*"))
        address = next((address for address in found if address is not None), None)
        return None if address is None else address.fill_in(client_id, policy)


def _document() -> Any:
    """The type of the document, for pydantic, which an app without destinations needn't load."""
    from pydantic import AfterValidator, Field, TypeAdapter, WithJsonSchema

    def check_selector(selector: str) -> str:
        if not _SELECTOR.fullmatch(selector):
            raise ValueError("expected client:CLIENT_ID, policy:NAME or *")
        return selector

    def check_url(url: str) -> str:
        Address.parse(url)
        return url

    pattern = WithJsonSchema({"type": "string", "pattern": f"^({_SELECTOR.pattern})$"})
    selector = Annotated[str, AfterValidator(check_selector), pattern]
    return TypeAdapter(Annotated[dict[selector, Annotated[str, AfterValidator(check_url)]], Field(min_length=1)])


def destinations_schema() -> Mapping[str, Any]:
    """The JSON Schema of the document that `parse_destinations` reads."""
    schema: Mapping[str, Any] = _document().json_schema()
    return schema


def parse_destinations(text: str) -> Destinations:
    """Destinations from a JSON object of URLs by selector. Raises ValueError, which names the member at fault."""
    from pydantic import ValidationError

    try:
        members: dict[str, str] = _document().validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place, message = str(first["loc"][0]) if first["loc"] else "", first["msg"].removeprefix("Value error, ")
        expected = f'expected a JSON object such as {{"policy:mulesoft": "https://VAULT/secrets/{{client_id}}"}}: {message}'
        raise ValueError(f"{place}: {message}" if place else expected) from None
    urls = list(members.values())
    for selector, url in members.items():
        if "{client_id}" not in url and (not selector.startswith("client:") or urls.count(url) > 1):
            raise ValueError(f"{selector}: several clients would share one secret: put {{client_id}} into its name")
    return Destinations(MappingProxyType({selector: Address.parse(url) for selector, url in members.items()}))


@dataclass(frozen=True, slots=True)
class Delivery:
    """A new secret on its way. `key_id` is that of the directory: the store keeps it beside the secret."""

    client_id: str
    key_id: str
    secret: Secret
    end: datetime

    def text(self, form: SecretForm) -> str:
        """What is written into the store."""
        return self.secret.reveal() if form is SecretForm.PLAIN else json.dumps(self.as_object())

    def as_object(self) -> dict[str, str | int]:
        """What the form `json` holds."""
        end = int(self.end.timestamp())
        return {"client_id": self.client_id, "client_secret": self.secret.reveal(), "expires_at": end}


@dataclass(frozen=True, slots=True)
class Stored:
    """What a store hands out now, if the bridge put it there: the key id, and since when."""

    key_id: str
    since: datetime


class SecretStore(Protocol):
    """One kind of store."""

    def read_current(self, address: Address, deadline: Deadline) -> Stored | None:
        """What is handed out at an address; None where there is nothing, or something that the bridge didn't put there.
        Raises LookupFailed."""
        ...

    def put_secret(self, address: Address, delivery: Delivery, deadline: Deadline) -> None:
        """Make the secret the one that is handed out. The same delivery again does no harm. Raises DeliveryRefused or
        DeliveryUnknown."""
        ...


class Deliveries:
    """The destinations with their stores. Without any, no client has an address."""

    def __init__(self, destinations: Destinations, stores: Mapping[StoreKind, SecretStore]) -> None:
        self.find_address = destinations.find_address
        self._stores = stores

    def read_current(self, address: Address | None, deadline: Deadline) -> Stored | None:
        """What the store hands out at an address; None for no address too. Raises LookupFailed."""
        return None if address is None else self._stores[address.store].read_current(address, deadline)

    def put_secret(self, address: Address, delivery: Delivery, deadline: Deadline) -> None:
        """Deliver to the store of an address. Raises DeliveryRefused or DeliveryUnknown."""
        self._stores[address.store].put_secret(address, delivery, deadline)
