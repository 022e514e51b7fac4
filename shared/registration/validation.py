"""From what a caller asks for to what will be registered: every rule that can be judged before the directory is asked."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.errors import InvalidClientMetadata
from shared.registration.certificates import Certificate, read_jwks
from shared.registration.client_name import IMPERSONATED, LONGEST_NAME, check_name, with_prefix
from shared.registration.client_type import (
    ClientType,
    Platform,
    check_redirects,
    choose_application_type,
    choose_auth_method,
    choose_grants,
    classify_client,
    platform_of,
)
from shared.registration.metadata import ClientMetadata, FederatedIdentity
from shared.registration.policy import NO_METHOD, PRIVATE_KEY_JWT, Policy
from shared.registration.redirect_uris import RedirectUri, UriKind, check_web_url, host_of, read_redirect_uris, split_url
from shared.registration.registration import Registration

UNNAMED = "Unnamed client"
LONGEST_TEXT = 255
LONGEST_STATEMENT = 4096
_MOST_CONTACTS = 10
_MOST_IDENTITIES = 20
_LONGEST_IDENTITY = 600
_CONTACT = re.compile(r"[^\s@<>,]+@[^\s@<>,]+")
_SHOWN_URLS = ("client_uri", "logo_uri", "tos_uri", "policy_uri")
_PLATFORM_ORDER = tuple(Platform)


def resolve_registration(
    metadata: ClientMetadata, policy: Policy, now: datetime, impersonated: tuple[str, ...] = IMPERSONATED
) -> Registration:
    """The registration that follows from `metadata` under `policy`, but for its scope, which the directory has to know.

    `impersonated`: names that no client may pretend to have, Microsoft's among them. Raises InvalidClientMetadata or
    InvalidRedirectUri, whose descriptions name the member at fault.
    """
    if policy.protect_names is False:
        impersonated = tuple(name for name in impersonated if name not in IMPERSONATED)
    application_type = choose_application_type(metadata.application_type)
    grant_types, response_types = choose_grants(metadata.grant_types, metadata.response_types, policy)
    uris = read_redirect_uris(metadata.redirect_uris or (), policy)
    has_keys = bool(metadata.jwks or metadata.federated_identities)
    asked = metadata.token_endpoint_auth_method
    method = choose_auth_method(asked, application_type, grant_types, uris, policy, has_keys=has_keys)
    if application_type == "browser":
        uris = tuple(replace(uri, at_server=False) for uri in uris)
    elif method == NO_METHOD and asked != NO_METHOD and any(uri.kind is UriKind.HTTPS for uri in uris):
        # Whoever asks for a credential, as RFC 7591 has it where nothing is said, redeems codes on a server. "native" says so in
        # the answer, so that an update that sends the answer back doesn't make a single-page application of it.
        application_type = "native"
    client_type = classify_client(application_type, method, grant_types, uris)
    check_redirects(application_type, client_type, grant_types, uris, policy)
    registration = Registration(
        client_name=_name(metadata.client_name, policy, impersonated),
        application_type=application_type,
        token_endpoint_auth_method=method,
        grant_types=grant_types,
        response_types=response_types,
        redirect_uris=_in_order(uris, client_type),
        contacts=_contacts(metadata.contacts, policy),
        certificates=_certificates(metadata, method, now),
        federated_identities=_identities(metadata.federated_identities, method, policy),
        post_logout_redirect_uris=_post_logout(metadata, uris),
        frontchannel_logout_uri=_logout(metadata.frontchannel_logout_uri),
        software_id=_short("software_id", metadata.software_id),
        software_version=_short("software_version", metadata.software_version),
        software_statement=_statement(metadata.software_statement),
        localized=_localized(metadata, impersonated),
        **{name: check_web_url(name, text) for name, text in _shown_urls(metadata)},
    )
    if method == PRIVATE_KEY_JWT and not registration.certificates and not registration.federated_identities:
        raise InvalidClientMetadata("token_endpoint_auth_method private_key_jwt needs jwks with X.509 certificates")
    return registration if policy.urls_elsewhere == "keep" else _without_urls_elsewhere(registration, policy)


def _name(asked: str | None, policy: Policy, impersonated: tuple[str, ...]) -> str:
    name = UNNAMED if asked is None else check_name("client_name", asked, impersonated)
    prefixed = with_prefix(policy.name_prefix, name)
    if len(prefixed.encode("utf-16-le")) > 2 * LONGEST_NAME:
        raise InvalidClientMetadata(
            f"client_name is longer than {LONGEST_NAME - len(policy.name_prefix)} characters, which are left after its prefix"
        )
    return prefixed


def _in_order(uris: tuple[RedirectUri, ...], client_type: ClientType) -> tuple[RedirectUri, ...]:
    """The order in which they come back from the directory: platform by platform."""
    return tuple(sorted(uris, key=lambda uri: _PLATFORM_ORDER.index(platform_of(uri, client_type))))


def _shown_urls(metadata: ClientMetadata | Registration) -> Iterator[tuple[str, Any]]:
    """The URLs that people see, by their members' names."""
    return ((name, text) for name in _SHOWN_URLS if (text := getattr(metadata, name)) is not None)


def _logout(text: str | None) -> str | None:
    """Entra's front-channel logout URL: https alone, without a fragment. Another is left out, as RFC 7591 section 3.2.1 allows: a
    portal's user can't change what the portal sends, and a client without single sign-out is still a client."""
    if text is None:
        return None
    check_web_url("frontchannel_logout_uri", text)
    return text if text.lower().startswith("https://") and "#" not in text else None


def _post_logout(metadata: ClientMetadata, uris: tuple[RedirectUri, ...]) -> tuple[str, ...]:
    """Entra returns from a logout to redirect URIs alone. Others aren't made redirect URIs by the way: they are left out."""
    known = {uri.text for uri in uris}
    return tuple(dict.fromkeys(uri for uri in metadata.post_logout_redirect_uris or () if uri in known))


def _contacts(contacts: tuple[str, ...] | None, policy: Policy) -> tuple[str, ...]:
    """RFC 7591 section 6: personal data, left out unless the operator wants it kept."""
    if not policy.store_contacts or contacts is None:
        return ()
    if len(contacts) > _MOST_CONTACTS:
        raise InvalidClientMetadata(f"contacts has more than {_MOST_CONTACTS} entries")
    if not all(len(contact) <= LONGEST_TEXT and contact.isprintable() and _CONTACT.fullmatch(contact) for contact in contacts):
        raise InvalidClientMetadata("contacts has an entry that is not an e-mail address")
    return tuple(dict.fromkeys(contacts))


def _certificates(metadata: ClientMetadata, method: str, now: datetime) -> tuple[Certificate, ...]:
    """RFC 7591 section 2: `jwks` and `jwks_uri` exclude each other. Entra fetches no keys, so the second can't be honoured."""
    if metadata.jwks is not None and metadata.jwks_uri is not None:
        raise InvalidClientMetadata("jwks and jwks_uri are both given")
    if metadata.jwks_uri is not None:
        if method == PRIVATE_KEY_JWT:
            raise InvalidClientMetadata("jwks_uri cannot be used: Microsoft Entra ID does not fetch keys; send jwks with x5c")
        return ()
    if metadata.jwks is None or method != PRIVATE_KEY_JWT:
        return ()
    return read_jwks(metadata.jwks, now)


def _identities(identities: tuple[FederatedIdentity, ...] | None, method: str, policy: Policy) -> tuple[FederatedIdentity, ...]:
    """Trust in another issuer's tokens: only issuers that the policy names."""
    if not identities:
        return ()
    if method != PRIVATE_KEY_JWT:
        raise InvalidClientMetadata("federated_identities needs token_endpoint_auth_method private_key_jwt")
    if len(identities) > _MOST_IDENTITIES:
        raise InvalidClientMetadata(f"federated_identities has more than {_MOST_IDENTITIES} entries")
    for entry in identities:
        if entry.issuer not in policy.federated_issuers:
            raise InvalidClientMetadata("federated_identities has an issuer that is not allowed here")
        for text in (entry.subject, entry.audience):
            if not 0 < len(text) <= _LONGEST_IDENTITY or not text.isprintable() or "*" in text:
                raise InvalidClientMetadata(
                    "federated_identities has a subject or audience that is empty, too long or not plain text"
                )
    if len({(entry.issuer, entry.subject) for entry in identities}) != len(identities):
        raise InvalidClientMetadata("federated_identities has the same issuer and subject twice")
    return identities


def _short(member: str, text: str | None) -> str | None:
    if text is not None and (len(text) > LONGEST_TEXT or not text.isprintable()):
        raise InvalidClientMetadata(f"{member} is not printable text of at most {LONGEST_TEXT} characters")
    return text


def _statement(text: str | None) -> str | None:
    if text is not None and len(text) > LONGEST_STATEMENT:
        raise InvalidClientMetadata(f"software_statement is longer than {LONGEST_STATEMENT} characters")
    return text


def _localized(metadata: ClientMetadata, impersonated: tuple[str, ...]) -> dict[str, str]:
    """Members with a language tag obey the rules of the plain ones and never take their place (RFC 7591 section 2.2)."""
    checked: dict[str, str] = {}
    for name, text in metadata.localized.items():
        if name.startswith("client_name#"):
            checked[name] = check_name(name, text, impersonated)
        elif text:
            checked[name] = check_web_url(name, text)
    return checked


def _without_urls_elsewhere(registration: Registration, policy: Policy) -> Registration:
    """RFC 7591 section 5: URLs that are shown to people share host and scheme with a redirect URI. Others are left out, or
    refused, as the policy says."""
    origins = {(uri.text.partition(":")[0].lower(), uri.host) for uri in registration.redirect_uris}
    tagged = ((name, text) for name, text in registration.localized.items() if not name.startswith("client_name#"))
    elsewhere = set()
    for name, text in (*_shown_urls(registration), *tagged):
        parts = split_url(text)
        if (parts.scheme, host_of(parts)) not in origins:
            if policy.urls_elsewhere == "refuse":
                raise InvalidClientMetadata(f"{name} is not on the scheme and host of a redirect URI")
            elsewhere.add(name)
    localized = {name: text for name, text in registration.localized.items() if name not in elsewhere}
    dropped: dict[str, Any] = dict.fromkeys(elsewhere.intersection(_SHOWN_URLS))
    return registration._replace(localized=localized, **dropped)
