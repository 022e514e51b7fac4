"""The authorization code flow with PKCE in a real browser: from the authorization endpoint to tokens."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import requests

from tests.clients.browser.redirect_listener import RedirectListener
from tests.clients.browser.webdriver import Browser


@dataclass
class CodeFlow:
    """One walk for a client. `authority` is scheme, host and tenant, such as entra.url + "/" + entra.tenant_id."""

    authority: str
    ca_file: str
    client_id: str
    scope: str
    listener: RedirectListener
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    def address(self, **more: str) -> str:
        """Where the client sends its user; `more` adds or replaces parameters."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        parameters = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": self.listener.url,
            "scope": self.scope,
            "state": self.state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **more,
        }
        return f"{self.authority}/oauth2/v2.0/authorize?{urlencode(parameters)}"

    def sign_in(self, browser: Browser, name: str, password: str, **more: str) -> dict[str, str]:
        """Sign a user in; the parameters with which the browser came back."""
        visits = len(self.listener.received)
        browser.open(self.address(**more))
        browser.fill("input[name=username]", name)
        browser.fill("input[name=password]", password)
        browser.click("#sign-in")
        browser.wait_for(lambda: len(self.listener.received) > visits)
        return self.listener.received[-1]

    def form(self, code: str) -> dict[str, str]:
        """The token request for a code."""
        return {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "code": code,
            "redirect_uri": self.listener.url,
            "code_verifier": self.verifier,
        }

    def redeem(self, code: str, client_secret: str | None = None) -> dict[str, Any]:
        """The token response to a client that has a server, with its secret unless it is public."""
        session = requests.Session()
        session.trust_env = False
        form = {**self.form(code), **({"client_secret": client_secret} if client_secret else {})}
        answer = session.post(f"{self.authority}/oauth2/v2.0/token", data=form, verify=self.ca_file, timeout=30)
        return dict(answer.json())

    def redeem_in_page(self, browser: Browser, code: str) -> dict[str, Any]:
        """The token response to a single-page application: fetched by the page that the browser shows, across origins."""
        script = (
            "const [url, body, done] = arguments;"
            "fetch(url, {method: 'POST', body: new URLSearchParams(body)})"
            ".then(r => r.json()).then(done, e => done({error: 'blocked', error_description: String(e)}));"
        )
        return dict(browser.run(script, f"{self.authority}/oauth2/v2.0/token", self.form(code)))
