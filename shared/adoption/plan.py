"""What adopting an application would write, and what stands in the way: pure, from the application object as it is.

An application that was made elsewhere becomes a client of the bridge by its tags alone (`shared.registration.tags`): the mark,
and a record of what it is already. So the registration is inferred from the object, and held against the body that an update of
the same would send: what differs there, an update would change.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.errors import OAuthError
from shared.registration.client_type import Platform
from shared.registration.entra_application import (
    SELECT,
    SELECT_KEYS,
    Provenance,
    create_body,
    read_provenance,
    update_body,
)
from shared.registration.metadata import ClientMetadata
from shared.registration.notes import write_application_notes
from shared.registration.policy import (
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    DEFAULT_AUTH_METHOD,
    DEVICE_CODE,
    IMPLICIT,
    NO_METHOD,
    PRIVATE_KEY_JWT,
    REFRESH_TOKEN,
    Policy,
)
from shared.registration.redirect_uris import read_stored_uri
from shared.registration.registration import Registration
from shared.registration.tags import PREFIX
from shared.registration.validation import resolve_registration
from shared.strict_json import JsonObject

# What a plan looks at. Keys are asked for by lists alone, a page at a time: the tenant may read them 150 times a minute.
SELECT_PLANNED = (*SELECT, "api", "identifierUris", "isFallbackPublicClient", "signInAudience")
SELECT_LISTED = (*SELECT_PLANNED, *SELECT_KEYS)
LONGEST_NOTES = 1024
# Members of an update that say nothing of what the registration was inferred from.
_WRITTEN = frozenset({"tags", "notes", "requiredResourceAccess", "keyCredentials"})
_APPLICATION_TYPES = {Platform.WEB: "web", Platform.SINGLE_PAGE: "browser", Platform.NATIVE: "native"}


@dataclass(frozen=True, slots=True)
class Adopter:
    """For whom applications are adopted: `caller` is the name of a credential, under `policy`, as the settings have them.

    `mark`, `sign_in_audience` and `impersonated` are the bridge's own settings, `apis` the appIds of its configured APIs, and
    `scopes` the names of their permissions by (the API's appId, the permission's id). `token_version` says to have
    requestedAccessTokenVersion 2 written where it is another.
    """

    caller: str
    policy: Policy
    now: datetime
    mark: str
    sign_in_audience: str
    impersonated: tuple[str, ...] = ()
    apis: frozenset[str] = frozenset()
    scopes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    token_version: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What the application object doesn't show. `may_write`: whether the directory would take what an adoption writes."""

    has_service_principal: bool = True
    may_write: bool = True
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class AdoptionPlan:
    """What an adoption would do with one application. `body` is the PATCH, empty where there is none to send: `adopted` says that
    the application is this caller's already, `obstacles` why it can't be. `remarks` stand in nobody's way."""

    client_id: str
    name: str
    body: JsonObject
    adopted: bool = False
    registration: Registration | None = None
    obstacles: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def plan_adoption(application: JsonObject, standing: Standing, adopter: Adopter) -> AdoptionPlan:
    """The plan for one application, read with SELECT_LISTED."""
    client_id, name, tags = str(application["appId"]), str(application.get("displayName") or ""), application.get("tags") or []
    if adopter.mark in tags:
        caller = read_provenance(application).caller
        other = () if caller == adopter.caller else (f"it is a client of this bridge already, of {caller or 'nobody'}",)
        return AdoptionPlan(client_id, name, {}, adopted=not other, obstacles=other)
    registration = infer_registration(application, adopter.scopes)
    provenance = Provenance(adopter.caller, adopter.policy.name)
    obstacles = list(_obstacles(application, standing))
    tags_written: list[str] = []
    changes: dict[str, Any] = {}
    try:
        tags_written = [*tags, *create_body(registration, provenance, [], mark=adopter.mark)["tags"]]
        changes = dict(_changes(update_body(registration, provenance, application, []), application))
    except OAuthError as error:
        obstacles.append(error.description)
    if any(path.endswith("redirectUris") for path in changes):
        obstacles.append("its redirect URIs are on more than one platform; an update would put them on one")
    if obstacles:
        return AdoptionPlan(client_id, name, {}, registration=registration, obstacles=tuple(obstacles))
    body: JsonObject = {"tags": tags_written, "notes": _notes(application, adopter.caller)}
    if adopter.token_version and _token_version(application) != 2:
        body["api"] = {"requestedAccessTokenVersion": 2}
    remarks = (*_remarks(application, adopter, registration), *(f"an update sets {path} to {changes[path]}" for path in changes))
    return AdoptionPlan(client_id, name, body, registration=registration, remarks=remarks)


def infer_registration(application: JsonObject, scopes: Mapping[tuple[str, str], str]) -> Registration:
    """What would have been registered for an application: its grants follow from its redirect URIs and credentials."""
    of_platform = {platform: (application.get(platform.value) or {}).get("redirectUris") or [] for platform in Platform}
    platforms = [platform for platform, uris in of_platform.items() if uris]
    secrets = application.get("passwordCredentials")
    # Others encrypt tokens for the client.
    keys = [key for key in application.get("keyCredentials") or [] if key.get("usage") != "Encrypt"]
    public = Platform.WEB not in platforms and bool(platforms or application.get("isFallbackPublicClient"))
    method = DEFAULT_AUTH_METHOD if secrets else PRIVATE_KEY_JWT if keys else NO_METHOD if public else DEFAULT_AUTH_METHOD
    web, info = application.get("web") or {}, application.get("info") or {}
    implicit = web.get("implicitGrantSettings") or {}
    tokens = [("id_token", "enableIdTokenIssuance"), ("token", "enableAccessTokenIssuance")]
    issued = tuple(response for response, switch in tokens if platforms and implicit.get(switch))
    grants: tuple[str, ...] = (AUTHORIZATION_CODE, REFRESH_TOKEN) if platforms else ()
    grants += (IMPLICIT,) if issued else ()
    grants += (CLIENT_CREDENTIALS,) if method != NO_METHOD else () if platforms else (DEVICE_CODE,)
    granted = (
        scopes.get((entry["resourceAppId"], one["id"]))
        for entry in application.get("requiredResourceAccess") or []
        for one in entry.get("resourceAccess") or []
    )
    return Registration(
        client_name=application.get("displayName") or "",
        application_type=_APPLICATION_TYPES[platforms[0]] if platforms else "native" if method == NO_METHOD else "web",
        token_endpoint_auth_method=method,
        grant_types=grants,
        response_types=("code", *issued) if platforms else (),
        redirect_uris=tuple(read_stored_uri(uri) for uris in of_platform.values() for uri in uris),
        scope=" ".join(dict.fromkeys(filter(None, granted))) or None,
        client_uri=web.get("homePageUrl"),
        tos_uri=info.get("termsOfServiceUrl"),
        policy_uri=info.get("privacyStatementUrl"),
        frontchannel_logout_uri=web.get("logoutUrl"),
    )


def _obstacles(application: JsonObject, standing: Standing) -> Iterator[str]:
    if standing.is_own:
        yield "it is the bridge's own application"
    if any(tag.startswith(PREFIX) for tag in application.get("tags") or []):
        yield "another bridge has a record on it"
    if not standing.has_service_principal:
        yield "it has no service principal, so that it gets no tokens"
    if not standing.may_write:
        yield "the bridge doesn't own it: an administrator adds the bridge as owner, or adopts with Application.ReadWrite.All"
    if application.get("signInAudience") == "PersonalMicrosoftAccount":
        yield "it is for personal accounts, whose tokens aren't the tenant's"


def _remarks(application: JsonObject, adopter: Adopter, registration: Registration) -> Iterator[str]:
    if _token_version(application) != 2 and not adopter.token_version:
        yield "requestedAccessTokenVersion is not 2: tokens for the application itself are v1.0 ones"
    if (audience := application.get("signInAudience")) != adopter.sign_in_audience:
        yield f"signInAudience is {audience}, and stays so"
    if application.get("identifierUris"):
        yield "it is an API too: deleting the client deletes the API"
    declared = application.get("requiredResourceAccess") or []
    asked = {(entry["resourceAppId"], one["id"]) for entry in declared for one in entry.get("resourceAccess") or []}
    if any(api in adopter.apis and (api, permission) not in adopter.scopes for api, permission in asked):
        yield "an update takes away a permission of a configured API that has no name"
    if registration.token_endpoint_auth_method == PRIVATE_KEY_JWT:
        # Whether its keys would do is seen when they are read.
        return
    try:
        metadata = ClientMetadata.parse(registration.as_metadata() | {"client_name": registration.client_name or None})
        resolve_registration(metadata, adopter.policy, adopter.now, adopter.impersonated)
    except OAuthError as error:
        yield f"the policy refuses an update that changes nothing: {error.description}"


def _token_version(application: JsonObject) -> object:
    return (application.get("api") or {}).get("requestedAccessTokenVersion")


def _notes(application: JsonObject, caller: str) -> str:
    """The bridge's notes, after an administrator's own where both have room; else theirs alone."""
    present, own = application.get("notes") or "", write_application_notes(caller, 1)
    both = f"{present}\n\n{own}" if present else own
    return both if len(both) <= LONGEST_NOTES else present


def _changes(body: JsonObject, application: JsonObject) -> Iterator[tuple[str, Any]]:
    """What an update would change of an object, by path, besides what it writes in any case. Arrays are compared as sets; null,
    false and empty are one."""
    for name, value in body.items():
        present = application.get(name)
        if isinstance(value, dict):
            yield from ((f"{name}.{path}", new) for path, new in _changes(value, present or {}))
        elif name not in _WRITTEN and _comparable(value) != _comparable(present):
            yield name, value


def _comparable(value: Any) -> Any:
    return (sorted(value) if isinstance(value, list) else value) or None
