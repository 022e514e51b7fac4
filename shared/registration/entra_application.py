"""Registration to Graph's application object and back: no I/O, nothing but values in and values out.

Resources: learn.microsoft.com/graph/api/resources/application and .../federatedidentitycredential. What Entra has no property
for goes into the record (`tags.py`).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple
from typing import Any, NamedTuple

from shared.errors import InvalidClientMetadata
from shared.registration.certificates import from_key_credentials, to_key_credential
from shared.registration.client_type import DEFAULT_APPLICATION_TYPE, ClientType, Platform, uses_redirects
from shared.registration.metadata import HUMAN_READABLE, FederatedIdentity
from shared.registration.notes import read_generation, write_application_notes
from shared.registration.policy import AUTHORIZATION_CODE, DEFAULT_AUTH_METHOD, PRIVATE_KEY_JWT
from shared.registration.redirect_uris import read_stored_uri
from shared.registration.registration import Registration
from shared.registration.tags import Record, Value, foreign_tags, to_tags
from shared.strict_json import JsonObject

# Tags count towards the object's limit of about 1200 values in all.
_MOST_TAGS = 200

# What a read must ask for, but for the keys.
SELECT = (
    *("id", "appId", "displayName", "createdDateTime", "tags", "web", "spa", "publicClient", "info"),
    *("requiredResourceAccess", "passwordCredentials", "notes"),
)
# Graph shows the `key` of a keyCredential where it is selected by name, which it answers 150 times a minute for the whole tenant:
# only clients that authenticate with a key are read so.
SELECT_KEYS = ("keyCredentials",)
# The members of a registration that the record keeps as they are.
_KEPT = (
    *("application_type", "token_endpoint_auth_method", "logo_uri", "contacts", "post_logout_redirect_uris"),
    *("software_id", "software_version", "software_statement"),
)
# What stands for the request where equal clients share one application.
SHARED = "shared"
# What the names of the bridge's own federated credentials begin with.
_FEDERATED = "dcr-"


class Provenance(NamedTuple):
    """What the bridge keeps about a registration besides its metadata: who registered, under which policy, and the state.

    `generation` counts registration access tokens. `request` is the digest of the request that an idempotency key stands for,
    "software" where the software id does, "shared" where the metadata do, and empty where no request repeats it. `lagging` says
    what becomes of a registration that the directory's lag left open: `complete` or `refuse`.
    """

    caller: str
    policy: str
    generation: int = 1
    approval: bool = False
    request: str = ""
    lagging: str = ""

    @property
    def shared(self) -> bool:
        """Whether all equal clients are this one."""
        return self.request == SHARED


def create_body(registration: Registration, provenance: Provenance, access: list[JsonObject], *, mark: str) -> JsonObject:
    """The members of POST /applications that follow from a registration.

    `access` is the requiredResourceAccess, `mark` the bridge's tag. Raises InvalidClientMetadata when the record has no room.
    """
    body = _common(registration) | {
        "tags": [mark, *_record(registration, provenance)],
        "notes": write_application_notes(provenance.caller, provenance.generation),
        "requiredResourceAccess": access,
        "api": {"requestedAccessTokenVersion": 2},
        "keyCredentials": [to_key_credential(certificate) for certificate in registration.certificates],
    }
    return _without_nothing(body)


def update_body(
    registration: Registration, provenance: Provenance, application: JsonObject, access: list[JsonObject]
) -> JsonObject:
    """The body of PATCH /applications that makes `application` carry `registration` and nothing of the one before.

    RFC 7592 section 2.2: what is absent is removed. Graph keeps what a PATCH doesn't name, so every member that the bridge
    owns is there, as null or an empty array where need be, and no other. Tags that aren't the record's stay. The notes are
    there only where the generation changes.
    """
    body = _common(registration)
    body |= {
        "tags": [*foreign_tags(application.get("tags") or []), *_record(registration, provenance)],
        "requiredResourceAccess": access,
    }
    if registration.token_endpoint_auth_method == PRIVATE_KEY_JWT or authenticates_by_key(application):
        # Otherwise a certificate there is an administrator's own.
        body["keyCredentials"] = [to_key_credential(certificate) for certificate in registration.certificates]
    if provenance.generation != read_generation(application):
        body["notes"] = write_application_notes(provenance.caller, provenance.generation)
    return body


def _common(registration: Registration) -> JsonObject:
    responses = {part for response in registration.response_types for part in response.split()}
    return {
        "displayName": registration.client_name,
        "web": {
            "redirectUris": list(registration.uris_of(Platform.WEB)),
            "homePageUrl": registration.client_uri,
            "logoutUrl": registration.frontchannel_logout_uri,
            "implicitGrantSettings": {
                "enableAccessTokenIssuance": "token" in responses,
                "enableIdTokenIssuance": "id_token" in responses,
            },
        },
        "spa": {"redirectUris": list(registration.uris_of(Platform.SINGLE_PAGE))},
        "publicClient": {"redirectUris": list(registration.uris_of(Platform.NATIVE))},
        "info": {"termsOfServiceUrl": registration.tos_uri, "privacyStatementUrl": registration.policy_uri},
        # Without redirect URIs (device code) nothing else tells Entra that the client is public.
        "isFallbackPublicClient": registration.client_type is ClientType.NATIVE,
    }


def _record(registration: Registration, provenance: Provenance) -> list[str]:
    identities = registration.federated_identities
    members: dict[str, Value | None] = {name: getattr(registration, name) or None for name in _KEPT}
    members |= {
        "grant_types": registration.grant_types,
        "response_types": registration.response_types,
        "scope": tuple(registration.scope.split(" ")) if registration.scope else None,
        "federated_identities": tuple(text for entry in identities for text in astuple(entry)) or None,
        **registration.localized,
        "caller": provenance.caller,
        "policy": provenance.policy,
        "approval": "required" if provenance.approval else None,
        "request": provenance.request or None,
        "lagging": provenance.lagging or None,
    }
    tags = to_tags(members)
    if len(tags) > _MOST_TAGS:
        raise InvalidClientMetadata("the metadata is longer than the directory can keep for one client")
    return tags


def _without_nothing(body: Mapping[str, Any]) -> JsonObject:
    """A new object needs no nulls and no empty arrays; false and zero are values."""
    kept: JsonObject = {}
    for name, value in body.items():
        inner = _without_nothing(value) if isinstance(value, dict) else value
        if inner is not None and inner != {} and inner != []:
            kept[name] = inner
    return kept


def read_registered(application: JsonObject) -> Registration:
    """The registration that an application object carries. What an administrator changed in the portal is what is registered."""
    record = Record.from_tags(application.get("tags") or [])
    web = application.get("web") or {}
    info = application.get("info") or {}
    uris = [uri for platform in Platform for uri in (application.get(platform.value) or {}).get("redirectUris") or []]
    grant_types = record.texts("grant_types") or (AUTHORIZATION_CODE,)
    response_types = record.texts("response_types")
    method = record.text("token_endpoint_auth_method") or DEFAULT_AUTH_METHOD
    return Registration(
        client_name=application.get("displayName") or "",
        application_type=record.text("application_type") or DEFAULT_APPLICATION_TYPE,
        token_endpoint_auth_method=method,
        grant_types=grant_types,
        response_types=response_types if response_types is not None else (("code",) if uses_redirects(grant_types) else ()),
        redirect_uris=tuple(read_stored_uri(uri) for uri in uris),
        scope=" ".join(record.texts("scope") or ()) or None,
        client_uri=web.get("homePageUrl"),
        logo_uri=record.text("logo_uri"),
        tos_uri=info.get("termsOfServiceUrl"),
        policy_uri=info.get("privacyStatementUrl"),
        contacts=record.texts("contacts") or (),
        certificates=from_key_credentials(application.get("keyCredentials") or []) if method == PRIVATE_KEY_JWT else (),
        federated_identities=_read_identities(record.texts("federated_identities") or ()),
        post_logout_redirect_uris=tuple(uri for uri in record.texts("post_logout_redirect_uris") or () if uri in uris),
        frontchannel_logout_uri=web.get("logoutUrl"),
        software_id=record.text("software_id"),
        software_version=record.text("software_version"),
        software_statement=record.text("software_statement"),
        localized=record.localized(HUMAN_READABLE),
    )


def authenticates_by_key(application: JsonObject) -> bool:
    """Whether the record says that the client uses private_key_jwt, so that its keyCredentials are the bridge's."""
    method = Record.from_tags(application.get("tags") or []).text("token_endpoint_auth_method")
    return method == PRIVATE_KEY_JWT


def _read_identities(texts: Iterable[str]) -> tuple[FederatedIdentity, ...]:
    rest = iter(texts)
    return tuple(FederatedIdentity(*three) for three in zip(rest, rest, rest, strict=False))


def read_provenance(application: JsonObject) -> Provenance:
    """What the bridge noted about an application when it registered or last updated it."""
    record = Record.from_tags(application.get("tags") or [])
    return Provenance(
        caller=record.text("caller") or "",
        policy=record.text("policy") or "",
        generation=read_generation(application),
        approval=record.text("approval") == "required",
        request=record.text("request") or "",
        lagging=record.text("lagging") or "",
    )


def federated_credential(identity: FederatedIdentity) -> JsonObject:
    """The Graph resource for an identity; its name follows from what it says, so that the same one has the same name."""
    text = json.dumps([identity.issuer, identity.subject, identity.audience])
    return {
        "name": _FEDERATED + hashlib.sha256(text.encode()).hexdigest()[:32],
        "issuer": identity.issuer,
        "subject": identity.subject,
        "audiences": [identity.audience],
    }


def is_own_credential(credential: JsonObject) -> bool:
    """Whether a federatedIdentityCredential is the bridge's; an administrator's have names of their own."""
    return str(credential["name"]).startswith(_FEDERATED)
