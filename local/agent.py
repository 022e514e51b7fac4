"""The MCP client of the tour: without any credential, at Entra itself for its tokens (docs/mcp.md)."""

import base64
import hashlib
import re
import time
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from local.sandbox import LAG, Sandbox
from local.transcript import Transcript

USER = ("ada@example.com", "correct horse")


class Agent:
    """Its steps. Each prints what it does and checks what it gets."""

    def __init__(self, place: Sandbox, transcript: Transcript) -> None:
        self.place = place
        self.transcript = transcript

    def walk(self) -> None:
        """From its registration, which it repeats, to a token that the gateway takes."""
        self.transcript.title(
            "An MCP client, which nobody gave a credential, registers; at its next start again, with another port"
        )
        first, second = (self._register(port) for port in (50001, 50002))
        same = first.get("client_id") == second.get("client_id")
        self.transcript.check("it is one application, so that no start costs the directory another one", same)
        self._sign_in(second)

    def _register(self, port: int) -> dict[str, Any]:
        body = {
            "client_name": "MCP agent",
            "redirect_uris": [f"http://localhost:{port}/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
            "scope": f"{self.place.api.identifier_uri}/Orders.Read",
        }
        answer = self.transcript.call(
            "POST",
            f"{self.place.url}/register",
            status=201,
            json_body=body,
            expect={
                "there is nothing secret in the answer": lambda answer: (
                    not {"client_secret", "registration_access_token"} & answer.json.keys()
                ),
                "the redirect URI is its own": lambda answer: answer.json["redirect_uris"] == body["redirect_uris"],
            },
        )
        return dict(answer.json or {})

    def _sign_in(self, client: dict[str, Any]) -> None:
        self.transcript.title(
            "Its user signs in at Entra, where the client names the API as its resource; the bridge sees none of it"
        )
        api, tenant, verifier = self.place.api.identifier_uri, self.place.token_endpoint.removesuffix("/token"), token_urlsafe(48)
        redirect = str((client.get("redirect_uris") or [""])[0])
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "client_id": str(client.get("client_id")),
            "response_type": "code",
            "redirect_uri": redirect,
            "scope": f"{api}/Orders.Read",
            "resource": api,
            "state": "one",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        page = self.transcript.call("GET", f"{tenant}/authorize?{urlencode(asked)}", status=200, again_after=(302, 400))
        time.sleep(LAG[1])  # until each replica has heard of what this one knows; people take longer to type their password
        action, request = (re.search(rf'{name}="([^"]+)"', page.text) for name in ("action", 'name="request" value'))
        form = {"request": request[1] if request else "", "username": USER[0], "password": USER[1]}
        back = self.transcript.call("POST", f"{self.place.entra.url}{action[1] if action else ''}", status=302, form=form)
        code = parse_qs(urlsplit(back.headers.get("location", "")).query).get("code", [""])[0]
        form = {"grant_type": "authorization_code", "client_id": asked["client_id"], "code": code}
        form |= {"redirect_uri": redirect, "code_verifier": verifier, "resource": api}
        answer = self.transcript.call("POST", self.place.token_endpoint, status=200, form=form, again_after=(400, 401))
        self.transcript.say("The gateway asks about its token:")
        caller = self.place.introspection_client
        asked = {
            "token": (answer.json or {}).get("access_token", ""),
            "client_id": caller.client_id,
            "client_secret": caller.secret,
        }
        active = {
            "it is active, for the scope that the user agreed to": lambda answer: answer.json["scope"] == "Orders.Read",
            "its client_id is the registered one": lambda answer: answer.json["client_id"] == client["client_id"],
        }
        self.transcript.call("POST", f"{self.place.url}/introspect", status=200, form=asked, expect=active)
