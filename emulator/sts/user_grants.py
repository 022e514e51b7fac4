"""The grants of the token endpoint that act for a user: authorization code, refresh token, device code."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import replace
from typing import Any

from emulator.clock import graph_time
from emulator.directory.record import State
from emulator.directory.sign_ins import DELEGATED
from emulator.message import Request
from emulator.sts.client_authentication import Client, find_client, is_public
from emulator.sts.consent import check_agreed, check_assigned
from emulator.sts.delegated import UserGrant, UserTokens, read_scopes
from emulator.sts.device_codes import DeviceCodes
from emulator.sts.errors import StsError
from emulator.sts.redirects import origin_of, platform_of
from emulator.sts.sign_in import Code, SignIn, sessions_valid_from
from emulator.sts.token_endpoint import TokenEndpoint, note_sign_in
from emulator.sts.tokens import TokenIssuer
from emulator.tenant import Tenant

REFRESH_SECONDS = 90 * 24 * 3600
SPA_REFRESH_SECONDS = 24 * 3600
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class UserGrants:
    """Redeems codes and refresh tokens."""

    def __init__(
        self, tenant: Tenant, issuer: TokenIssuer, endpoint: TokenEndpoint, sign_in: SignIn, devices: DeviceCodes
    ) -> None:
        self._tenant = tenant
        self._endpoint = endpoint
        self._sign_in = sign_in
        self._devices = devices
        self._tokens = UserTokens(tenant, issuer)
        self.refresh_tokens: dict[str, UserGrant] = {}
        endpoint.grants |= {
            "authorization_code": self.authorization_code,
            "refresh_token": self.refresh_token,
            DEVICE_GRANT: self.device_code,
            "device_code": self.device_code,
        }

    def authorization_code(self, request: Request, form: dict[str, str], version: int) -> dict[str, Any]:
        """Redeem a code once. The platform of the redirect URI decides how the client must appear."""
        for name in ("code", "redirect_uri"):
            if not form.get(name):
                raise StsError(900144, name=name)
        _, state = find_client(self._tenant, form.get("client_id", ""))
        any_port = self._tenant.assumptions.port_of_127_0_0_1_is_ignored
        platform = platform_of(state, form["redirect_uri"], any_port) or "web"
        client = self._client(request, form, platform, state)
        code = self._sign_in.codes.get(form["code"])
        if code is None or code.pending.client_id != client.app_id:
            raise StsError(70000, name="code")
        if form["redirect_uri"] != code.pending.redirect_uri:
            raise StsError(500112, redirect_uri=form["redirect_uri"], expected=code.pending.redirect_uri)
        if code.redeemed:
            raise StsError(54005)
        if code.grant.expires_at <= self._tenant.clock.time():
            raise StsError(70008)
        _check_verifier(code, form.get("code_verifier"))
        code.redeemed = True
        grant = self._narrowed(code.grant, form, client) if version == 2 else code.grant
        check_agreed(self._tenant, client.app_id, grant.scopes, grant.user)
        return self._answer(request, form, grant, client, version)

    def refresh_token(self, request: Request, form: dict[str, str], version: int) -> dict[str, Any]:
        """New tokens, for the same scopes or for others; the user must still be welcome."""
        if not form.get("refresh_token"):
            raise StsError(900144, name="refresh_token")
        grant = self.refresh_tokens.get(form["refresh_token"])
        _, state = find_client(self._tenant, form.get("client_id", ""))
        client = self._client(request, form, grant.platform if grant else "web", state)
        if grant is None or grant.client_id != client.app_id:
            raise StsError(70000, name="refresh_token")
        if grant.expires_at <= self._tenant.clock.time():
            raise StsError(70043 if grant.platform == "spa" else 70008)
        self._check_user(grant)
        if version == 2:
            refused = self._tenant.assumptions.refresh_with_resource_and_no_scope_is_refused
            if refused and "resource" in form and not form.get("scope"):
                raise StsError(9010010)
            grant = self._narrowed(grant, form, client)
        check_agreed(self._tenant, client.app_id, grant.scopes, grant.user)
        return self._answer(request, form, replace(grant, nonce=None), client, version)

    def device_code(self, request: Request, form: dict[str, str], version: int) -> dict[str, Any]:
        """The answer to a device that polls: 70016 until the user has decided."""
        _, state = find_client(self._tenant, form.get("client_id", ""))
        if not is_public(state):
            raise StsError(7000218)
        client = self._endpoint.authenticate(request, form, public=True)
        code = form.get("device_code") or form.get("code") or ""
        grant = self._devices.redeem(code, client.app_id)
        return self._answer(request, form, grant, client, version)

    def _narrowed(self, grant: UserGrant, form: dict[str, str], client: Client) -> UserGrant:
        """The grant for the scopes and the resource that a token request names, if it does."""
        indicator = form.get("resource")
        if not form.get("scope"):
            grant.scopes.resource.check_indicator(indicator)
            return grant
        asked = read_scopes(self._tenant, form["scope"], client.state, indicator=indicator)
        return replace(grant, scopes=replace(asked, openid=asked.openid | grant.scopes.openid))

    def _client(self, request: Request, form: dict[str, str], platform: str, state: State) -> Client:
        origin = request.headers.get("origin")
        if platform == "spa":
            if origin is None:
                raise StsError(9002327)
            registered = (state.get("spa") or {}).get("redirectUris") or ()
            if origin not in {origin_of(uri) for uri in registered}:
                raise StsError(9002326, origin=origin)
            return self._endpoint.authenticate(request, form, public=True)
        if origin is not None:
            raise StsError(9002326, origin=origin)
        return self._endpoint.authenticate(request, form, public=platform == "publicClient")

    def _check_user(self, grant: UserGrant) -> None:
        user = self._tenant.directory.users.live.get(grant.user.id)
        if user is None or user.state.get("accountEnabled") is False:
            raise StsError(50057)
        valid_from = user.state.get("signInSessionsValidFromDateTime") or ""
        if sessions_valid_from(user) > grant.issued_at:
            issued = graph_time(self._tenant.clock.now())
            raise StsError(50173, issued=issued, valid_from=valid_from)

    def _answer(self, request: Request, form: dict[str, str], grant: UserGrant, client: Client, version: int) -> dict[str, Any]:
        self._check_user(grant)
        for principal in (client.principal, grant.scopes.resource.principal):
            check_assigned(self._tenant, grant.user, principal)
        base = self._tenant.issuer_base_for(request)
        wants_info = form.get("client_info") == "1"
        note_sign_in(self._tenant, client, grant.scopes.resource, DELEGATED)
        content = self._tokens.answer(grant, client.state, client.principal, client.method, version, base, wants_info)
        if "offline_access" in grant.scopes.openid:
            now = self._tenant.clock.time()
            spa = grant.platform == "spa"
            end = now + REFRESH_SECONDS
            if spa:
                end = grant.expires_at if form.get("refresh_token") else now + SPA_REFRESH_SECONDS
            token = f"1.{secrets.token_urlsafe(72)}"
            self.refresh_tokens[token] = replace(grant, issued_at=now, expires_at=end)
            content["refresh_token"] = token
            if spa:
                content["refresh_token_expires_in"] = int(end - now)
        return content


def _check_verifier(code: Code, verifier: str | None) -> None:
    """RFC 7636 section 4.6."""
    challenge = code.pending.challenge
    if challenge is None:
        if verifier:
            raise StsError(50148)
        return
    if not verifier:
        raise StsError(50148)
    made = verifier
    if code.pending.challenge_method == "S256":
        made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    if not hmac.compare_digest(made.encode(), challenge.encode()):
        raise StsError(50148)
