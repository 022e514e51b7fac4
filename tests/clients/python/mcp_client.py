"""The MCP SDK's client, unchanged, from a 401 to a tool call: discovery and registration at the bridge, sign-in at Entra.

Standard input: {"server", "api", "entra", "user", "offline"}: the URL of the server, the client id of its API, the emulated
directory, name and password, whether the metadata list offline_access. A failure ends the script with 1.
"""

import asyncio
import json
import logging
import re
import sys
import time
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.auth.oauth2 import AuthorizationCodeResult
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

REDIRECT_URI = "http://localhost:33418/callback"


class Storage:
    """What a client keeps."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Browser:
    """A person with a browser: fills in Entra's sign-in page and comes back with what the redirect carries."""

    def __init__(self, user: list[str]) -> None:
        self.user = user
        self.asked: list[dict[str, list[str]]] = []

    async def open(self, url: str) -> None:
        self.asked.append(parse_qs(urlsplit(url).query))
        async with httpx2.AsyncClient() as client:
            page = await client.get(url)
            if page.status_code == 200:
                action, request = (
                    re.search(pattern, page.text) for pattern in ('action="([^"]+)"', 'name="request" value="([^"]+)"')
                )
                if action is None or request is None:
                    raise PermissionError(page.text)
                form = {"request": request[1], "username": self.user[0], "password": self.user[1]}
                page = await client.post(urljoin(url, action[1]), data=form)
        if page.status_code != 302:
            code = re.search("AADSTS[0-9]+", page.text)
            raise PermissionError(code[0] if code else page.text)
        self.back = {name: values[0] for name, values in parse_qs(urlsplit(page.headers["location"]).query).items()}

    async def come_back(self) -> AuthorizationCodeResult:
        if "code" not in self.back:
            raise PermissionError(self.back.get("error_description", "").partition(":")[0])
        return AuthorizationCodeResult(**{name: self.back.get(name) for name in ("code", "state", "iss")})


def provider_of(place: dict[str, Any], storage: Storage, browser: Browser) -> OAuthClientProvider:
    """The SDK's sign-in for one run of a client that has what is in `storage`."""
    metadata = OAuthClientMetadata(redirect_uris=[REDIRECT_URI], client_name="mcp client", token_endpoint_auth_method="none")
    return OAuthClientProvider(place["server"], metadata, storage, browser.open, browser.come_back)


async def call_tool(place: dict[str, Any], provider: OAuthClientProvider) -> object:
    """What the server's tool says."""
    async with (
        httpx2.AsyncClient(auth=provider) as http,
        Client(streamable_http_client(place["server"], http_client=http)) as client,
    ):
        return (await client.call_tool("count_orders", {"customer": "Ada"})).structured_content


def causes(failure: BaseException) -> str:
    """All that is said in a group of exceptions."""
    inner = failure.exceptions if isinstance(failure, BaseExceptionGroup) else ()
    return " ".join([str(failure), *map(causes, inner), *([causes(failure.__cause__)] if failure.__cause__ else [])])


async def refusal(place: dict[str, Any], storage: Storage) -> str:
    """Why a client gets no further; empty where it gets through."""
    try:
        await call_tool(place, provider_of(place, storage, Browser(place["user"])))
    except BaseException as failure:
        return causes(failure)
    return ""


async def control(place: dict[str, Any], method: str, path: str, **body: object) -> None:
    """Change what the emulated directory does."""
    async with httpx2.AsyncClient() as client:
        (await client.request(method, f"{place['entra']}/_emulator/{path}", json=body)).raise_for_status()


async def signs_in_and_calls(place: dict[str, Any]) -> Storage:
    """From nothing but the server's URL."""
    storage, browser = Storage(), Browser(place["user"])
    provider = provider_of(place, storage, browser)
    assert await call_tool(place, provider) == {"result": 3}
    asked, tokens, client = browser.asked[0], storage.tokens, storage.client
    assert tokens is not None
    assert client is not None
    assert client.client_secret is None
    assert asked["resource"] == [place["server"]]
    scope = f"{place['server']}/tools.read"
    assert asked["scope"] == [f"{scope} offline_access" if place["offline"] else scope]
    assert (asked.get("prompt"), tokens.refresh_token is not None) == ((["consent"], True) if place["offline"] else (None, False))
    print("ok the SDK gets from 401 to a tool call, with the bridge as the server's authorization server")

    assert provider.context.token_expiry_time is not None
    provider.context.token_expiry_time = time.time() - 1
    assert await call_tool(place, provider) == {"result": 3}
    assert storage.tokens is not None
    assert storage.tokens.access_token != tokens.access_token
    assert len(browser.asked) == (1 if place["offline"] else 2)
    print(f"ok when its token is over it gets another {'by refresh' if place['offline'] else 'in the browser, without a dialog'}")
    return storage


async def consent_is_off(place: dict[str, Any], storage: Storage) -> None:
    """An administrator consented for everyone, and users may not consent themselves."""
    assert storage.client is not None
    scopes = ["tools.read"]
    await control(place, "POST", "consents", client_id=storage.client.client_id, resource_id=place["api"], scopes=scopes)
    await control(place, "PATCH", "consent", mode="off")
    storage.tokens = None
    why = await refusal(place, storage)
    if place["offline"]:
        assert "AADSTS90094" in why, why
        print("ok with offline_access in the metadata a user is locked out where users may not consent")
    else:
        assert why == ""
        print("ok without it an administrator's consent is enough")
    await control(place, "PATCH", "consent", mode="on")


async def entra_sends_its_issuer(place: dict[str, Any]) -> None:
    """RFC 9207, which Entra doesn't do today."""
    await control(place, "PATCH", "assumptions", authorization_responses_carry_iss=True)
    why = await refusal(place, Storage())
    assert "iss mismatch" in why, why
    await control(place, "PATCH", "assumptions", authorization_responses_carry_iss=False)
    print("ok should Entra ever send iss, the SDK refuses it, which docs/mcp.md says")


async def main() -> None:
    place = json.load(sys.stdin)
    storage = await signs_in_and_calls(place)
    await consent_is_off(place, storage)
    await entra_sends_its_issuer(place)


if __name__ == "__main__":
    logging.disable()  # the SDK logs what is refused here on purpose
    asyncio.run(main())
