"""The authorization endpoint and the sign-in after it (RFC 6749 section 4.1, RFC 7636, OpenID Connect Core section 3.1)."""

import secrets
from dataclasses import dataclass, field

from emulator.clock import parse_graph_time
from emulator.directory.record import Record, State
from emulator.message import Request, Response
from emulator.sts.client_authentication import check_enabled, find_client
from emulator.sts.delegated import Scopes, UserGrant, read_scopes
from emulator.sts.errors import StsError
from emulator.sts.redirects import platform_of, redirect
from emulator.sts.signin_page import message_page, sign_in_page
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
        platform = platform_of(state, uri)
        if platform is None:
            raise StsError(50011, redirect_uri=uri, client_id=parameters["client_id"])
        mode = parameters.get("response_mode") or "query"
        try:
            pending = self._checked(parameters, state, platform, mode, version)
            prompt = parameters.get("prompt", "")
            user = self._session_user(request)
            if user is not None and prompt not in ("login", "select_account"):
                return self._send_code(pending, user)
            if prompt == "none":
                raise StsError(16000)
        except StsError as error:
            return self._send_error(uri, mode, parameters.get("state"), error)
        request_id = secrets.token_urlsafe(16)
        self.pending[request_id] = pending
        return sign_in_page(f"/{segment}/login", request_id, pending.client_name, parameters.get("login_hint", ""))

    def login(self, request: Request, segment: str) -> Response:
        """Take the posted sign-in page: back to the client with a code, or the page again with the reason."""
        form = request.form
        request_id = form.get("request", "")
        pending = self.pending.get(request_id)
        if pending is None:
            return message_page("Sign in", "This sign-in is unknown or has been completed.", 400)
        if form.get("cancel"):
            del self.pending[request_id]
            return self._send_error(pending.redirect_uri, pending.mode, pending.state, StsError(65004))
        try:
            user = self.check_password(form.get("username", ""), form.get("password", ""))
        except StsError as error:
            text = f"AADSTS{error.code}: {error.text}"
            return sign_in_page(f"/{segment}/login", request_id, pending.client_name, form.get("username", ""), text)
        del self.pending[request_id]
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
        if version == 2 and "resource" in parameters:
            raise StsError(901002)
        if version == 2 and not parameters.get("scope"):
            raise StsError(900144, name="scope")
        challenge, method = parameters.get("code_challenge"), parameters.get("code_challenge_method", "plain")
        if challenge is not None and (method not in ("S256", "plain") or not 43 <= len(challenge) <= 128):
            raise StsError(70000, name="code_challenge")
        if platform == "spa" and challenge is None:
            raise StsError(9002325)
        v1_resource = (parameters.get("resource") or "00000003-0000-0000-c000-000000000000") if version == 1 else ""
        scopes = read_scopes(self.tenant, parameters.get("scope", ""), parameters["client_id"], v1_resource)
        name = str(state.get("displayName"))
        client_id, uri, nonce = parameters["client_id"], parameters["redirect_uri"], parameters.get("nonce")
        return Pending(client_id, name, scopes, uri, platform, mode, parameters.get("state"), nonce, challenge, method)

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
        if pending.state is not None:
            parameters["state"] = pending.state
        return redirect(pending.redirect_uri, pending.mode, parameters)

    def _send_error(self, uri: str, mode: str, state: str | None, error: StsError) -> Response:
        host = self.tenant.cloud.authority_hosts[0]
        body = error.body(self.tenant.clock.now(), secrets.token_hex(16), host)
        parameters = {name: str(body[name]) for name in ("error", "error_description", "error_uri")}
        if state is not None:
            parameters["state"] = state
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
