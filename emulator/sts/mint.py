"""A mint: tokens for tests, right ones and wrong ones."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from emulator.directory.directory import GRAPH_APP_ID, new_id
from emulator.directory.record import Record
from emulator.sts.jwt import encode_raw
from emulator.sts.signing_keys import SigningKey
from emulator.sts.tokens import TokenIssuer, pairwise_subject
from emulator.tenant import Tenant

REMOVED: Any = object()
"""As the value of a header member or claim: leave it out."""


class Mint:
    """Makes any token. What is not given is as the token service would have it, so that a test changes one thing at a time."""

    def __init__(self, tenant: Tenant, issuer: TokenIssuer) -> None:
        self._tenant = tenant
        self._issuer = issuer

    def __call__(
        self,
        *,
        audience: str | Sequence[str] = "",
        client_id: str = "",
        version: int = 2,
        roles: Sequence[str] = (),
        scopes: Sequence[str] = (),
        user: Record | None = None,
        object_id: str = "",
        lifetime: int = 3600,
        header: Mapping[str, Any] | None = None,
        claims: Mapping[str, Any] | None = None,
        key: SigningKey | None = None,
        algorithm: str = "RS256",
        nonce: str | None = None,
        raw_header: bytes | None = None,
        raw_payload: bytes | None = None,
    ) -> str:
        """A token of `version` 1 or 2 for a client (or, with `user`, for a user), valid for `lifetime` seconds from now.

        `header` and `claims` replace or add members (`REMOVED` leaves one out); `raw_header` and `raw_payload` replace the whole
        JSON text, for duplicate members and the like. `key` defaults to the one that signs now; `algorithm` is how the signature
        is made and, unless `header` says otherwise, what the header says: RS256, RS512, PS256, HS256 or none. `nonce` makes the
        header and signature of a Graph token.
        """
        key = key or self._tenant.keys.active
        head: dict[str, Any] = {"typ": "JWT", **({"nonce": nonce} if nonce else {}), "alg": algorithm}
        head |= {"x5t": key.kid} if version == 1 else {}
        head["kid"] = key.kid
        payload = self._claims(audience, client_id, version, roles, scopes, user, object_id, lifetime)
        header_text = raw_header if raw_header is not None else orjson.dumps(_changed(head, header))
        payload_text = raw_payload if raw_payload is not None else orjson.dumps(_changed(payload, claims))
        return encode_raw(header_text, payload_text, key, algorithm, nonce)

    def _claims(
        self,
        audience: str | Sequence[str],
        client_id: str,
        version: int,
        roles: Sequence[str],
        scopes: Sequence[str],
        user: Record | None,
        object_id: str,
        lifetime: int,
    ) -> dict[str, Any]:
        tenant = self._tenant
        client = client_id or new_id()
        v1 = version == 1
        payload = {
            **self._issuer.common_claims(lifetime),
            "aud": audience if isinstance(audience, str) else list(audience),
            "iss": tenant.v1_issuer if v1 else tenant.v2_issuer,
            "appid" if v1 else "azp": client,
            "appidacr" if v1 else "azpacr": "1",
        }
        if user is None:
            principal = tenant.directory.service_principal_of(client)
            subject = object_id or (principal.id if principal else new_id())
            payload |= {"oid": subject, "sub": subject}
            payload |= {"idtyp": "app"} if audience in tenant.graph_identifiers or audience == GRAPH_APP_ID else {}
        else:
            name = user.state["userPrincipalName"]
            payload |= {"oid": user.id, "name": user.state.get("displayName"), "sub": pairwise_subject(user.id, client)}
            payload |= {"unique_name": name, "upn": name} if v1 else {"preferred_username": name}
        payload |= {"roles": list(roles)} if roles else {}
        payload |= {"scp": " ".join(scopes)} if scopes else {}
        return {**payload, "ver": "1.0" if v1 else "2.0"}


def _changed(members: dict[str, Any], changes: Mapping[str, Any] | None) -> dict[str, Any]:
    merged = {**members, **(changes or {})}
    return {name: value for name, value in merged.items() if value is not REMOVED}
