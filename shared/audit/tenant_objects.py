"""Service principals that have credentials of their own: SAML applications, legacy ones, and other tenants' applications.

A SAML signing certificate is three entries (learn.microsoft.com/graph/api/serviceprincipal-addtokensigningcertificate): a key to
sign, one to verify, and a password for the first, which all share `customKeyIdentifier`; the password has the signing key's
`keyId`. It is one credential here, and the password is no client secret.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence

from shared.audit.clients import (
    AuditedClient,
    CredentialKind,
    Place,
    authenticating_keys,
    credential_entries,
    is_disabled,
    read_credential,
)
from shared.clock import read_time
from shared.strict_json import JsonObject

# What a whole list of service principals is asked for.
PRINCIPAL_PROPERTIES = (
    *("id", "appId", "displayName", "accountEnabled", "tags", "notes", "servicePrincipalType", "appOwnerOrganizationId"),
    *("passwordCredentials", "keyCredentials", "tokenEncryptionKeyId", "preferredTokenSigningKeyThumbprint"),
    *("isDisabled", "disabledByMicrosoftStatus"),
)
# Managed identities' credentials are Microsoft's to renew, and so are those of its own applications, which live in these tenants.
ROTATED_BY_MICROSOFT = "ManagedIdentity"
MICROSOFT_TENANTS = frozenset({"f8cdef31-a31e-4b4a-93e4-5f571e91255a", "72f988bf-86f1-41af-91ab-2d7cd011db47"})


def read_principal(principal: JsonObject, tenant_id: str) -> AuditedClient | None:
    """What there is to watch about a service principal of a tenant; None where it has no credential, or Microsoft renews them."""
    home = str(principal.get("appOwnerOrganizationId") or "").lower()
    if principal.get("servicePrincipalType") == ROTATED_BY_MICROSOFT or home in MICROSOFT_TENANTS:
        return None
    keys = authenticating_keys(principal)
    signing = [key for key in keys if str(key.get("usage")).lower() == "sign"]
    pairs = {key.get("customKeyIdentifier") for key in signing} - {None}
    key_ids = {key.get("keyId") for key in signing}
    secrets = [
        entry
        for entry in credential_entries(principal.get("passwordCredentials"))
        if entry.get("keyId") not in key_ids and entry.get("customKeyIdentifier") not in pairs
    ]
    if not keys and not secrets:
        return None
    active = _active(signing, str(principal.get("preferredTokenSigningKeyThumbprint") or ""))
    return AuditedClient(
        client_id=str(principal.get("appId") or ""),
        name=str(principal.get("displayName") or ""),
        created=read_time(principal.get("createdDateTime")),
        credentials=(
            *(read_credential(entry, CredentialKind.SECRET) for entry in secrets),
            *(read_credential(key, CredentialKind.CERTIFICATE) for key in keys if key not in signing),
            *(read_credential(key, CredentialKind.SIGNING) for key in active),
        ),
        disabled=principal.get("accountEnabled") is False or is_disabled(principal),
        object_id=str(principal.get("id") or ""),
        place=Place.SERVICE_PRINCIPALS,
        tenant=home if home and home != tenant_id.lower() else "",
    ).watched()


def _active(signing: Sequence[JsonObject], thumbprint: str) -> Sequence[JsonObject]:
    """The certificate that is in use: others are spare or left over. All, where none has the preferred thumbprint."""
    chosen = [key for key in signing if thumbprint and thumbprint.lower() in _thumbprints(key)]
    return chosen or signing


def _thumbprints(key: JsonObject) -> set[str]:
    """What a key's SHA-1 thumbprint may be, in hexadecimal: its identifier, where that has the length, and its own digest."""
    found = set()
    for member in ("customKeyIdentifier", "key"):
        try:
            value = base64.b64decode(str(key.get(member) or ""), validate=True)
        except (binascii.Error, ValueError):
            continue
        found.add(value.hex() if member == "customKeyIdentifier" else hashlib.sha1(value, usedforsecurity=False).hexdigest())
    return found
