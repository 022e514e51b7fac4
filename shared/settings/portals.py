"""The settings of developer portals' dialects."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, TypeAdapter

from shared.environment import GUID, Environment, Setting, document
from shared.settings.registration import read_setting

type Version = Annotated[str, Field(pattern=f"^{GUID.pattern}$")]
type Scope = Annotated[str, Field(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+$")]


def _products(text: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = read_setting(dict[Version, list[Scope]], text)
    scopes = [scope for own in found.values() for scope in set(own)]
    if len(set(scopes)) != len(scopes):
        # Nothing says whether a scope is still needed by another version when one is given up.
        raise ValueError("two versions have the same scope")
    return {version: tuple(own) for version, own in found.items()}


PRODUCT_SCOPES: Setting[Mapping[str, tuple[str, ...]]] = document(
    "REGISTRATION_KONG_PRODUCT_SCOPES",
    _products,
    {},
    "JSON object: the scopes that a client declares once Konnect registers it for an API product, by the id of the product's"
    " version, in lower case",
    lambda: TypeAdapter(dict[Version, list[Scope]]).json_schema(),
)


def read_product_scopes(environment: Environment) -> Mapping[str, tuple[str, ...]]:
    """Scopes by the id of an API product's version."""
    return environment.read(PRODUCT_SCOPES)
