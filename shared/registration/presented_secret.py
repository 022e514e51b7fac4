"""The `client_secret` in an update: RFC 7592 section 2.2 wants the current one there, MuleSoft's portal asks for a new one
with it."""

import hmac
from dataclasses import dataclass
from typing import Literal

from shared.errors import InvalidClientMetadata
from shared.registration.clients import ManagedClient
from shared.registration.issuing import IssuedSecret
from shared.registration.management import sealed_secret
from shared.registration.secrets import matching
from shared.registration.tokens import SealedSecret


@dataclass(frozen=True, slots=True)
class Presented:
    """What an update says about the secret: `current` is the secret to show in the answer, where its text is known; `renew` asks
    for a new one."""

    current: IssuedSecret | None = None
    renew: bool = False


def judge(client: ManagedClient, sealed: SealedSecret | None, sent: object, mismatch: Literal["rotate", "refuse"]) -> Presented:
    """Compare `sent`, the member of the update or None, with the secrets of the client.

    Entra tells of a secret its first three characters and no more, so a match by those is believed for an echo and not sealed
    into a token. The text in the caller's own token is compared whole. Raises InvalidClientMetadata where `sent` isn't a
    string, or isn't a current secret and `mismatch` is "refuse". An empty string says nothing, as null does.
    """
    known = sealed_secret(client, sealed)
    if sent is None or sent == "" or not client.secrets:
        return Presented(known)
    if not isinstance(sent, str):
        raise InvalidClientMetadata("client_secret must be a string")
    if known is not None and hmac.compare_digest(known.text.encode(), sent.encode()):
        return Presented(known)
    others = [secret for secret in client.secrets if known is None or secret.key_id != known.secret.key_id]
    match = matching(others, sent)
    if match is not None:
        return Presented(IssuedSecret(match, sent, proven=False))
    if mismatch == "refuse":
        raise InvalidClientMetadata("client_secret is not the current one of this client")
    return Presented(known, renew=True)
