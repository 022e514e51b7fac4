"""The authorization endpoint and the sign-in after it (RFC 6749 section 4.1, RFC 7636, OpenID Connect Core section 3.1)."""

import secrets
from dataclasses import dataclass, field, replace

from emulator.clock import parse_graph_time
from emulator.directory.record import Record, State
from emulator.message import Request, Response
from emulator.sts.client_authentication import check_enabled, find_client
from emulator.sts.consent import agree, check_assigned, check_may_agree, is_agreed
from emulator.sts.delegated import Scopes, UserGrant, read_scopes
from emulator.sts.errors import StsError
from emulator.sts.redirects import platform_of, redirect
from emulator.sts.signin_page import consent_page, message_page, sign_in_page
from emulator.tenant import Tenant

CODE_SECONDS = 600
SESSION_SECONDS = 24 * 3600
COOKIE = "ESTSAUTH"


@dataclass(frozen=True, slots=True)
class Pending:
    """An authorization request that was found in order and waits for the user."""

    client_id: str
    client_name: str
    scopes: Scopes
    redirect_uri: str
    platform: str
    mode: str
    state: str | None
    nonce: str | None
    challenge: str | None
    challenge_method: str
    asks_consent: bool = False
    issuer: str = ""
    for_everyone: bool = False


@dataclass(slots=True)
class Code:
    """An authorization code: the grant it stands for, and what its redemption must match."""

    grant: UserGrant
    pending: Pending
    redeemed: bool = False


@dataclass(slots=True)
class SignIn:
    """Authorization requests under way, sessions of browsers, and codes not yet too old."""

    tenant: Tenant
    pending: dict[str, Pending] = field(default_factory=dict)
    sessions: dict[str, tuple[str, float]] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)

    def authorize(self, request: Request, segment: str, version: int) -> Response:
        """Show the sign-in page, or send the browser back at once: with a code for a session, or with an error.

        Until client and redirect URI are known to belong together, errors are shown and not sent anywhere.
        """
        parameters = request.query if request.method == "GET" else request.form
        for name in ("client_id", "response_type", "redirect_uri"):
            if not parameters.get(name):
                raise StsError(900144, name=name)
        _, state = find_client(self.tenant, parameters["client_id"])
        uri = parameters["redirect_uri"]
        platform = platform_of(state, uri, self.tenant.assumptions.port_of_127_0_0_1_is_ignored)
        if platform is None:
            raise StsError(50011, redirect_uri=uri, client_id=parameters["client_id"])
        mode = parameters.get("response_mode") or "query"
        try:
            pending = self._checked(parameters, state, platform, mode, version)
            pending = replace(pending, issuer=f"{self.tenant.issuer_base_for(request)}/{self.tenant.tenant_id}/v2.0")
            prompt = parameters.get("prompt", "")
            user = self._session_user(request)
            if user is not None and prompt not in ("login", "select_account"):
                check_assigned(self.tenant, user, check_enabled(self.tenant, state))
                if is_agreed(self.tenant, pending.client_id, pending.scopes, user, pending.asks_consent):
                    return self._send_code(pending, user)
                if prompt == "none":
                    raise StsError(65001, client_id=pending.client_id)
                check_may_agree(self.tenant, pending.client_id, pending.scopes, user)
            elif prompt == "none":
                raise StsError(16000)
        except StsError as error:
            if error.code in (50105, 90094, 90095):
                raise  # shown to the user, who is stuck here
            issuer = f"{self.tenant.issuer_base_for(request)}/{self.tenant.tenant_id}/v2.0"
            return self._send_error(uri, mode, parameters.get("state"), error, issuer)
        request_id = secrets.token_urlsafe(16)
        self.pending[request_id] = pending
        if user is not None and prompt not in ("login", "select_account"):
            return consent_page(f"/{segment}/login", request_id, pending.client_name, pending.scopes.shown)
        hint = parameters.get("login_hint", "")
        return sign_in_page(f"/{segment}/login", request_id, pending.client_name, hint, scopes=pending.scopes.shown)

    def admin_consent(self, request: Request, segment: str) -> Response:
        """Let an administrator sign in and agree for everyone (https://learn.microsoft.com/entra/identity-platform/v2-admin-consent)."""
        parameters = request.query
        for name in ("client_id", "redirect_uri", "scope"):
            if not parameters.get(name):
                raise StsError(900144, name=name)
        client_id, uri = parameters["client_id"], parameters["redirect_uri"]
        _, state = find_client(self.tenant, client_id)
        platform = platform_of(state, uri, self.tenant.assumptions.port_of_127_0_0_1_is_ignored)
        if platform is None:
            raise StsError(50011, redirect_uri=uri, client_id=client_id)
        scopes, name = read_scopes(self.tenant, parameters["scope"], state), str(state.get("displayName"))
        request_id = secrets.token_urlsafe(16)
        wanted = parameters.get("state")
        self.pending[request_id] = Pending(
            client_id, name, scopes, uri, platform, "query", wanted, None, None, "", for_everyone=True
        )
        return sign_in_page(f"/{segment}/login", request_id, name, scopes=scopes.shown)

    def _agree_for_everyone(self, pending: Pending, user: Record) -> Response:
        if user.id not in self.tenant.directory.admins:
            raise StsError(90094, client_id=pending.client_id)
        self.tenant.consents.grant(pending.client_id, pending.scopes.resource.app_id, pending.scopes.granted)
        parameters = {"admin_consent": "True", "tenant": self.tenant.tenant_id, "scope": " ".join(pending.scopes.shown)}
        return redirect(pending.redirect_uri, "query", parameters | ({} if pending.state is None else {"state": pending.state}))

    def login(self, request: Request, segment: str) -> Response:
        """Take the posted sign-in page: back to the client with a code, or the page again with the reason."""
        form = request.form
        request_id = form.get("request", "")
        pending = self.pending.get(request_id)
        if pending is None:
            return message_page("Sign in", "This sign-in is unknown or has been completed.", 400)
        if form.get("cancel"):
            del self.pending[request_id]
            return self._send_error(pending.redirect_uri, pending.mode, pending.state, StsError(65004), pending.issuer)
        try:
            known = self._session_user(request) if form.get("accept") else None
            user = known or self.check_password(form.get("username", ""), form.get("password", ""))
        except StsError as error:
            text = f"AADSTS{error.code}: {error.text}"
            return sign_in_page(f"/{segment}/login", request_id, pending.client_name, form.get("username", ""), text)
        del self.pending[request_id]
        # The page said what the application wants, so signing in there is consent.
        try:
            if pending.for_everyone:
                return self._agree_for_everyone(pending, user)
            check_assigned(self.tenant, user, check_enabled(self.tenant, find_client(self.tenant, pending.client_id)[1]))
            if not is_agreed(self.tenant, pending.client_id, pending.scopes, user, pending.asks_consent):
                agree(self.tenant, pending.client_id, pending.scopes, user)
        except StsError as error:
            return message_page("Need admin approval", f"AADSTS{error.code}: {error.text}", 400)
        response = self._send_code(pending, user)
        session = secrets.token_urlsafe(32)
        self.sessions[session] = (user.id, self.tenant.clock.time())
        response.headers["Set-Cookie"] = f"{COOKIE}={session}; Path=/; Secure; HttpOnly; SameSite=None"
        return response

    def logout(self, request: Request) -> Response:
        """End the browser's session, and go where the client asked to go afterwards."""
        self.sessions.pop(_cookie(request), None)
        target = request.query.get("post_logout_redirect_uri")
        response = Response(302, b"", {"Location": target}) if target else message_page("Signed out", "You have signed out.")
        response.headers["Set-Cookie"] = f"{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=None"
        return response

    def check_password(self, name: str, password: str) -> Record:
        """The user who signs in; StsError 50126 for a wrong name or password, 50057 for a disabled account."""
        user = self.tenant.directory.users.find("userPrincipalName", name)
        if user is None or not user.alive or self.tenant.directory.passwords.get(user.id) != password:
            raise StsError(50126)
        if user.state.get("accountEnabled") is False:
            raise StsError(50057)
        return user

    def _checked(self, parameters: dict[str, str], state: State, platform: str, mode: str, version: int) -> Pending:
        check_enabled(self.tenant, state)
        if mode not in ("query", "fragment", "form_post"):
            raise StsError(70000, name="response_mode")
        if parameters["response_type"] != "code":
            raise StsError(700051, response_type=parameters["response_type"])
        if version == 2 and not parameters.get("scope"):
            raise StsError(900144, name="scope")
        challenge, method = parameters.get("code_challenge"), parameters.get("code_challenge_method", "plain")
        if challenge is not None and (method not in ("S256", "plain") or not 43 <= len(challenge) <= 128):
            raise StsError(70000, name="code_challenge")
        if platform == "spa" and challenge is None:
            raise StsError(9002325)
        v1_resource = (parameters.get("resource") or "00000003-0000-0000-c000-000000000000") if version == 1 else ""
        indicator = parameters.get("resource") if version == 2 else None
        scopes = read_scopes(self.tenant, parameters.get("scope", ""), state, v1_resource, indicator)
        name = str(state.get("displayName"))
        client_id, uri, nonce = parameters["client_id"], parameters["redirect_uri"], parameters.get("nonce")
        asks = parameters.get("prompt") == "consent"
        return Pending(client_id, name, scopes, uri, platform, mode, parameters.get("state"), nonce, challenge, method, asks)

    def _session_user(self, request: Request) -> Record | None:
        user_id, since = self.sessions.get(_cookie(request), ("", 0.0))
        user = self.tenant.directory.users.live.get(user_id)
        if user is None or since + SESSION_SECONDS <= self.tenant.clock.time() or user.state.get("accountEnabled") is False:
            return None
        return user if sessions_valid_from(user) <= since else None

    def _send_code(self, pending: Pending, user: Record) -> Response:
        now = self.tenant.clock.time()
        code = f"1.{secrets.token_urlsafe(64)}"
        grant = UserGrant(pending.client_id, user, pending.scopes, now, pending.nonce, pending.platform, now + CODE_SECONDS)
        self.codes[code] = Code(grant, pending)
        parameters = {"code": code, "session_state": secrets.token_hex(16)}
        parameters |= {} if pending.state is None else {"state": pending.state}
        parameters |= self._issuer_member(pending.issuer)
        return redirect(pending.redirect_uri, pending.mode, parameters)

    def _issuer_member(self, issuer: str) -> dict[str, str]:
        return {"iss": issuer} if self.tenant.assumptions.authorization_responses_carry_iss else {}

    def _send_error(self, uri: str, mode: str, state: str | None, error: StsError, issuer: str) -> Response:
        host = self.tenant.cloud.authority_hosts[0]
        body = error.body(self.tenant.clock.now(), secrets.token_hex(16), host)
        parameters = {name: str(body[name]) for name in ("error", "error_description", "error_uri")}
        parameters |= {} if state is None else {"state": state}
        parameters |= self._issuer_member(issuer)
        return redirect(uri, mode if mode in ("query", "fragment", "form_post") else "query", parameters)


def sessions_valid_from(user: Record) -> float:
    """The moment before which a user's grants are void, in seconds since the epoch."""
    text = user.state.get("signInSessionsValidFromDateTime")
    return parse_graph_time(text).timestamp() if text else 0.0


def _cookie(request: Request) -> str:
    for part in request.headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""
