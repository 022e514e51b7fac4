"""The device authorization grant (RFC 8628): codes, the page where a user approves them, and their state."""

import secrets
import string
from dataclasses import dataclass
from typing import Any

from emulator.directory.record import Record
from emulator.message import Request, Response
from emulator.sts.client_authentication import find_client
from emulator.sts.consent import agree, is_agreed
from emulator.sts.delegated import Scopes, UserGrant, read_scopes
from emulator.sts.errors import StsError
from emulator.sts.sign_in import SignIn
from emulator.sts.signin_page import device_page, message_page
from emulator.tenant import Tenant

LIFETIME = 900
INTERVAL = 5


@dataclass(slots=True)
class DeviceCode:
    """A device that waits for its user."""

    client_id: str
    user_code: str
    scopes: Scopes
    expires_at: float
    user: Record | None = None
    declined: bool = False


class DeviceCodes:
    """All device codes given out."""

    def __init__(self, tenant: Tenant, sign_in: SignIn) -> None:
        self._tenant = tenant
        self._sign_in = sign_in
        self.codes: dict[str, DeviceCode] = {}

    def start(self, request: Request, version: int) -> Response:
        """Answer a device: its code, the user's code, where to enter that, and how often to ask."""
        form = request.form
        if not form.get("client_id"):
            raise StsError(900144, name="client_id")
        _, client = find_client(self._tenant, form["client_id"])
        if version == 2 and not form.get("scope"):
            raise StsError(900144, name="scope")
        resource = form.get("resource", "") if version == 1 else ""
        indicator = form.get("resource") if version == 2 else None
        scopes = read_scopes(self._tenant, form.get("scope", ""), client, resource, indicator)
        user_code = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(9))
        code = f"{secrets.token_urlsafe(48)}"
        self.codes[code] = DeviceCode(form["client_id"], user_code, scopes, self._tenant.clock.time() + LIFETIME)
        page = f"{self._tenant.endpoint_base(request)}/common/oauth2/deviceauth"
        text = f"To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate."
        content: dict[str, Any] = {"user_code": user_code, "device_code": code, "verification_uri": page}
        return Response.of_json(200, {**content, "expires_in": LIFETIME, "interval": INTERVAL, "message": text})

    def page(self, request: Request) -> Response:
        """The page for the user: GET shows the form, POST decides."""
        action = "/common/oauth2/deviceauth"
        if request.method == "GET":
            return device_page(action, request.query.get("user_code", ""))
        form = request.form
        try:
            user = self._sign_in.check_password(form.get("username", ""), form.get("password", ""))
            self.decide(form.get("user_code", ""), user, approve=not form.get("cancel"))
        except StsError as error:
            return device_page(action, form.get("user_code", ""), f"AADSTS{error.code}: {error.text}")
        return message_page("Done", "You can close this window and go back to your device.")

    def decide(self, user_code: str, user: Record, approve: bool = True) -> None:
        """Approve or decline the device with this user code for `user`; StsError 70018 for no such device, 90094 ..."""
        for device in self.codes.values():
            if device.user_code == user_code.strip().upper() and device.expires_at > self._tenant.clock.time():
                if approve and not is_agreed(self._tenant, device.client_id, device.scopes, user):
                    agree(self._tenant, device.client_id, device.scopes, user)
                device.user, device.declined = user, not approve
                return
        raise StsError(70018)

    def redeem(self, code: str, client_id: str) -> UserGrant:
        """The grant of an approved code, once; StsError 70016 while it waits, 70018, 70020 or 65004 when it is over."""
        device = self.codes.get(code)
        if device is None or device.client_id != client_id:
            raise StsError(70018)
        now = self._tenant.clock.time()
        if device.expires_at <= now:
            raise StsError(70020)
        if device.declined:
            raise StsError(65004)
        if device.user is None:
            raise StsError(70016)
        del self.codes[code]
        return UserGrant(client_id, device.user, device.scopes, now, platform="publicClient")
