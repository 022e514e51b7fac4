"""Client metadata as a caller sends it: RFC 7591 section 2 and OpenID Connect Registration 1.0 section 2, typed and no more."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, ValidationError
from pydantic.json_schema import SkipJsonSchema

from shared.errors import InvalidClientMetadata, InvalidRedirectUri
from shared.strict_json import JsonObject

# RFC 7591 section 2.2: the members that people read may come in several languages, as `client_name#ja`.
HUMAN_READABLE = ("client_name", "client_uri", "logo_uri", "tos_uri", "policy_uri")
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_MOST_LANGUAGES = 50
# pydantic's kinds of errors in the words of JSON.
_EXPECTED = {
    "string_type": "a string",
    "tuple_type": "an array",
    "dict_type": "an object",
    "dataclass_type": "an object",
    "missing": "given",
    "unexpected_keyword_argument": "left out: it is unknown",
}


def _joined(value: object) -> object:
    """Some clients write their scopes as an array."""
    return " ".join(value) if isinstance(value, list) and all(isinstance(name, str) for name in value) else value


# Some clients write an empty string where they mean nothing.
type Text = Annotated[str | None, AfterValidator(lambda text: text or None)]
type Texts = Annotated[tuple[str, ...], Strict(False)] | None


@dataclass(frozen=True, slots=True)
class FederatedIdentity:
    """A token issuer whose tokens for `subject` stand in for a client credential (Graph: federatedIdentityCredential)."""

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    issuer: str
    subject: str
    audience: str = "api://AzureADTokenExchange"


class ClientMetadata(BaseModel):
    """What a caller asks for. A member that is absent or null is None; an empty array is an empty tuple.

    `localized` holds the members with a language tag, by their whole name. Unknown members are ignored (RFC 7591 section 2);
    so are client_id, client_secret and everything else that only a server may choose.
    """

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, defer_build=True)

    redirect_uris: Texts = None
    token_endpoint_auth_method: Text = None
    grant_types: Texts = None
    response_types: Texts = None
    application_type: Text = None
    client_name: str | None = None
    client_uri: Text = None
    logo_uri: Text = None
    tos_uri: Text = None
    policy_uri: Text = None
    scope: Annotated[Text, BeforeValidator(_joined, json_schema_input_type=str | list[str] | None)] = None
    contacts: Texts = None
    jwks: dict[str, Any] | None = Field(default=None, repr=False)
    jwks_uri: Text = None
    post_logout_redirect_uris: Texts = None
    frontchannel_logout_uri: Text = None
    software_id: Text = None
    software_version: Text = None
    software_statement: Text = Field(default=None, repr=False)
    # An extension of this bridge.
    federated_identities: Annotated[tuple[FederatedIdentity, ...], Strict(False)] | None = None
    localized: SkipJsonSchema[dict[str, str]] = Field(default_factory=dict)

    @classmethod
    def parse(cls, document: JsonObject) -> Self:
        """The members of `document` that the bridge knows.

        Raises InvalidRedirectUri where `redirect_uris` is no array of strings, InvalidClientMetadata where another known
        member has the wrong type; both name the member.
        """
        return read_members(cls, {**document, "localized": _localized(document)})


def read_members[M: BaseModel](model: type[M], document: JsonObject) -> M:
    """`document` as `model`. Raises as `ClientMetadata.parse` does."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        member = ".".join(str(step) for step in first["loc"] if step != "localized")
        kind = InvalidRedirectUri if member.startswith("redirect_uris") else InvalidClientMetadata
        raise kind(f"{member or 'the body'} must be {_EXPECTED.get(first['type'], first['msg'])}") from None


def _localized(document: JsonObject) -> dict[str, Any]:
    """Members with a well-formed language tag. Tags are compared without case (RFC 7591 section 2.2), so two that differ in
    case alone contradict each other."""
    found: dict[str, Any] = {}
    for name, value in document.items():
        member, _, tag = name.partition("#")
        if member not in HUMAN_READABLE or value is None or not _LANGUAGE_TAG.fullmatch(tag):
            continue
        if any(name.lower() == other.lower() for other in found):
            raise InvalidClientMetadata(f"{member}#{tag} is given twice")
        found[name] = value
    if len(found) > _MOST_LANGUAGES:
        raise InvalidClientMetadata(f"more than {_MOST_LANGUAGES} members have a language tag")
    return found
