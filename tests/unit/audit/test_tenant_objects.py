"""What there is to watch about the service principals of a tenant."""

import base64
import hashlib
from typing import Any

import pytest

from shared.audit.clients import CredentialKind, Place
from shared.audit.tenant_objects import MICROSOFT_TENANTS, read_principal

OWN, ELSEWHERE = "5e1d0b1c-1111-4222-8333-444455556666", "6e1d0b1c-1111-4222-8333-444455556666"
APP = "0d9e8f7a-2222-4333-8444-a55566677788"
DATES = {"startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2027-01-01T00:00:00Z"}


def certificate(name: str) -> bytes:
    return f"certificate {name}".encode()


def thumbprint(name: str) -> bytes:
    return hashlib.sha1(certificate(name), usedforsecurity=False).digest()


def key(name: str, usage: str = "Verify", *, identified: bool = True) -> dict[str, Any]:
    identifier = base64.b64encode(thumbprint(name)).decode() if identified else None
    return {"keyId": f"{usage}-{name}", "usage": usage, "displayName": f"CN={name}", "customKeyIdentifier": identifier, **DATES}


def secret(key_id: str, identifier: str | None = None) -> dict[str, Any]:
    return {"keyId": key_id, "displayName": "password", "customKeyIdentifier": identifier, **DATES}


def principal(**members: Any) -> dict[str, Any]:
    return {
        "id": "8",
        "appId": APP,
        "displayName": "sso",
        "createdDateTime": "2025-01-01T00:00:00Z",
        "appOwnerOrganizationId": OWN,
        "servicePrincipalType": "Application",
        "accountEnabled": True,
        **members,
    }


def watched(**members: Any) -> list[tuple[CredentialKind, str]]:
    found = read_principal(principal(**members), OWN)
    return [] if found is None else [(credential.kind, credential.key_id) for credential in found.credentials]


def test_it_is_shown_with_its_place_and_name() -> None:
    found = read_principal(principal(passwordCredentials=[secret("s")]), OWN)
    assert found is not None
    assert (found.client_id, found.name, found.object_id, found.place) == (APP, "sso", "8", Place.SERVICE_PRINCIPALS)
    assert found.path == "servicePrincipals/8"
    assert found.created is not None
    assert (found.own, found.disabled, found.tenant) == (False, False, "")
    [credential] = found.credentials
    assert (credential.kind, credential.name, credential.told) == (CredentialKind.SECRET, "password", True)


def test_members_that_graph_leaves_out_are_empty() -> None:
    found = read_principal({"passwordCredentials": [{}]}, OWN)
    assert found is not None
    assert (found.client_id, found.name, found.object_id, found.created) == ("", "", "", None)


@pytest.mark.parametrize(
    ("home", "tenant"), [(OWN, ""), (OWN.upper(), ""), (None, ""), (ELSEWHERE, ELSEWHERE), (ELSEWHERE.upper(), ELSEWHERE)]
)
def test_the_tenant_of_its_application_is_named_where_it_is_another(home: str | None, tenant: str) -> None:
    found = read_principal(principal(appOwnerOrganizationId=home, passwordCredentials=[secret("s")]), OWN)
    assert found is not None
    assert found.tenant == tenant


@pytest.mark.parametrize(
    "members",
    [
        {"servicePrincipalType": "ManagedIdentity", "passwordCredentials": [secret("s")]},
        *({"appOwnerOrganizationId": home.upper(), "passwordCredentials": [secret("s")]} for home in MICROSOFT_TENANTS),
        {"passwordCredentials": [], "keyCredentials": []},
        {"passwordCredentials": None, "keyCredentials": None},
        {"keyCredentials": [key("e", "Encrypt")]},
    ],
)
def test_without_credentials_or_with_such_as_microsoft_renews_there_is_nothing_to_watch(members: dict[str, Any]) -> None:
    assert read_principal(principal(**members), OWN) is None


def test_a_certificate_that_only_verifies_is_its_own() -> None:
    assert watched(keyCredentials=[key("a"), key("b")]) == [
        (CredentialKind.CERTIFICATE, "Verify-a"),
        (CredentialKind.CERTIFICATE, "Verify-b"),
    ]


def test_a_signing_certificate_is_two_keys_and_a_password_and_counts_once() -> None:
    pair = [key("a", "Verify"), key("a", "Sign")]
    identifier = base64.b64encode(thumbprint("a")).decode()
    one = [(CredentialKind.SIGNING, "Sign-a")]
    assert watched(keyCredentials=pair, passwordCredentials=[secret("Sign-a")]) == one
    assert watched(keyCredentials=pair, passwordCredentials=[secret("other", identifier)]) == one
    # A password without an identifier belongs to no certificate, nor does one with another.
    for own in (secret("other"), secret("other", base64.b64encode(b"x").decode())):
        assert watched(keyCredentials=pair, passwordCredentials=[own]) == [(CredentialKind.SECRET, "other"), *one]
    unnamed = [key("a", "Sign", identified=False)]
    assert watched(keyCredentials=unnamed, passwordCredentials=[secret("other")]) == [(CredentialKind.SECRET, "other"), *one]


@pytest.mark.parametrize("form", ["identifier", "the key itself"])
def test_of_several_signing_certificates_the_preferred_one_counts(form: str) -> None:
    keys = [key(name, "Sign", identified=form == "identifier") for name in ("a", "b")]
    if form != "identifier":
        keys = [{**one, "key": base64.b64encode(certificate(one["displayName"][3:])).decode()} for one in keys]
    for name in ("a", "b"):
        for text in (thumbprint(name).hex(), thumbprint(name).hex().upper()):
            assert watched(keyCredentials=keys, preferredTokenSigningKeyThumbprint=text) == [
                (CredentialKind.SIGNING, f"Sign-{name}")
            ]
    both = [(CredentialKind.SIGNING, "Sign-a"), (CredentialKind.SIGNING, "Sign-b")]
    assert watched(keyCredentials=keys, preferredTokenSigningKeyThumbprint="00" * 20) == both
    assert watched(keyCredentials=keys) == both


def test_what_is_no_base64_is_no_thumbprint() -> None:
    keys = [{**key("a", "Sign"), "customKeyIdentifier": "ü"}, key("b", "Sign")]
    assert watched(keyCredentials=keys, preferredTokenSigningKeyThumbprint=thumbprint("b").hex()) == [
        (CredentialKind.SIGNING, "Sign-b")
    ]
