"""/users: as much as checking tokens against accounts needs; and the user info endpoint of OpenID Connect."""

import base64
import binascii

from emulator.clock import graph_time
from emulator.directory.record import Record
from emulator.graph import authorization
from emulator.graph.bodies import checked_body
from emulator.graph.call import Call, Key, answer
from emulator.graph.errors import GraphError, bad_request, denied, not_found
from emulator.graph.listing import Kind, Lister, selected, shape
from emulator.graph.router import Router
from emulator.message import Response

READ = "User.Read.All"
WRITE = "User.ReadWrite.All"


class Users:
    """The answers to calls on users. accountEnabled and signInSessionsValidFromDateTime come only when selected."""

    def __init__(self, kind: Kind, lister: Lister) -> None:
        self._kind = kind
        self._lister = lister

    def add_routes(self, router: Router) -> None:
        """Serve /users and /me."""
        router.add("GET", "/users", self.index)
        router.add("GET", "/users/{}", self.read)
        router.add("PATCH", "/users/{}", self.update)
        router.add("DELETE", "/users/{}", self.delete)
        router.add("POST", "/users/{}/revokeSignInSessions", self.revoke_sign_in_sessions)
        router.add("POST", "/users/{}/sendMail", self.send_mail)
        router.add("GET", "/me", self.me)
        router.add("GET", "/oidc/userinfo", self.user_info)

    def index(self, call: Call) -> Response:
        """GET /users."""
        authorization.require(call, READ, WRITE, authorization.DIRECTORY_READ)
        return self._lister.page(call, self._kind)

    def read(self, call: Call) -> Response:
        """GET of one user, by object id or user principal name."""
        authorization.require(call, READ, WRITE, authorization.DIRECTORY_READ)
        return self._shown(call, call.key)

    def me(self, call: Call) -> Response:
        """GET /me with a user's token that has User.Read."""
        if call.caller.user_id is None or "User.Read" not in call.caller.scopes:
            raise denied()
        return self._shown(call, Key("id", call.caller.user_id))

    def update(self, call: Call) -> Response:
        """PATCH: 204. Turning accountEnabled off stops sign-in and refresh; tokens already out stay valid."""
        authorization.require(call, WRITE)
        body = checked_body(call, "user")
        call.tenant.directory.users.write(self._find(call, call.key), body)
        return answer(204)

    def delete(self, call: Call) -> Response:
        """DELETE: a soft delete."""
        authorization.require(call, WRITE)
        call.tenant.directory.users.soft_delete(self._find(call, call.key))
        return answer(204)

    def revoke_sign_in_sessions(self, call: Call) -> Response:
        """POST: refresh tokens issued before now are refused; access tokens stay valid."""
        authorization.require(call, WRITE)
        now = graph_time(call.tenant.clock.now())
        call.tenant.directory.users.write(self._find(call, call.key), {"signInSessionsValidFromDateTime": now})
        return answer(200, {"@odata.context": f"{call.base}/$metadata#Edm.Boolean", "value": True})

    def send_mail(self, call: Call) -> Response:
        """POST of a whole MIME message in base64 as text/plain: 202 (https://learn.microsoft.com/graph/api/user-sendmail)."""
        authorization.require(call, "Mail.Send")
        user = self._find(call, call.key)
        if not call.request.headers.get("content-type", "").startswith("text/plain"):
            raise bad_request("The emulator takes mail as MIME alone.")
        try:
            content = base64.b64decode(call.request.body, validate=True)
        except binascii.Error:
            raise GraphError(400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content.") from None
        call.tenant.mails.append((str(user.state["userPrincipalName"]), content))
        return answer(202)

    def user_info(self, call: Call) -> Response:
        """The claims of the user whose token this is."""
        if call.caller.user_id is None or "openid" not in call.caller.scopes:
            raise denied()
        user = self._find(call, Key("id", call.caller.user_id))
        name, email = user.state.get("displayName"), user.state["userPrincipalName"]
        return answer(200, {"sub": user.id, "name": name, "email": email, "preferred_username": email})

    def _shown(self, call: Call, key: Key) -> Response:
        state = call.tenant.consistency.visible(self._found(call, key), "users")
        if state is None:
            raise not_found(key.value)
        names = selected(call, self._kind)
        chosen = f"({','.join(names)})" if names is not None else ""
        context = f"{call.base}/$metadata#users{chosen}/$entity"
        return answer(200, {"@odata.context": context, **shape(state, self._kind, names)})

    def _found(self, call: Call, key: Key) -> Record | None:
        return call.tenant.directory.users.find("userPrincipalName" if "@" in key.value else "id", key.value)

    def _find(self, call: Call, key: Key) -> Record:
        record = self._found(call, key)
        if record is None or not record.alive:
            raise not_found(key.value)
        return record
