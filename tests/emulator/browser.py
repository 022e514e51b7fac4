"""What a browser does at the sign-in page, with `requests`: for tests that need no real one."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from requests import Response, Session

from emulator.server import EntraEmulator


@dataclass
class AuthorizationRequest:
    """One walk through the authorization endpoint, with PKCE."""

    entra: EntraEmulator
    client_id: str
    redirect_uri: str
    scope: str
    session: Session
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def open(self, **more: str) -> Response:
        """GET of the authorization endpoint; `more` replaces or, with an empty value, removes parameters."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        parameters = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": "the state",
            "nonce": "the nonce",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            **more,
        }
        url = f"{self.entra.url}/{self.entra.tenant_id}/oauth2/v2.0/authorize"
        wanted = {name: value for name, value in parameters.items() if value}
        return self.session.get(url, params=wanted, allow_redirects=False)

    def submit(self, page: Response, name: str, password: str, **more: str) -> Response:
        """Fill in the sign-in page and send it."""
        action, request = re.search(r'action="([^"]+)"', page.text), re.search(r'name="request" value="([^"]+)"', page.text)
        assert action is not None, page.text
        assert request is not None, page.text
        form = {"request": request[1], "username": name, "password": password, **more}
        return self.session.post(f"{self.entra.url}{action[1]}", data=form, allow_redirects=False)

    def code(self, name: str, password: str, **more: str) -> str:
        """The authorization code after a sign-in that goes well."""
        return returned(self.submit(self.open(**more), name, password))["code"]

    def redeem(self, code: str, headers: dict[str, str] | None = None, **more: str) -> Response:
        """POST of the code to the token endpoint; `more` as for `open`."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
            **more,
        }
        url = f"{self.entra.url}/{self.entra.tenant_id}/oauth2/v2.0/token"
        return self.session.post(url, data={name: value for name, value in form.items() if value}, headers=headers)


def returned(answer: Response) -> dict[str, str]:
    """The parameters that a redirect carries, in its query or fragment."""
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["Location"])
    return dict(parse_qsl(parts.query or parts.fragment))
