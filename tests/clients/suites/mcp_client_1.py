"""The MCP SDK's client of 1.x, unchanged, from a 401 to a tool call. Standard input: what tests/clients/mcp_place.py tells."""

import asyncio
import json
import logging
import re
import sys
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamablehttp_client
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
    """A person with a browser, who fills in Entra's sign-in page."""

    back: dict[str, str]

    def __init__(self, user: list[str]) -> None:
        self.user = user

    async def open(self, url: str) -> None:
        async with httpx.AsyncClient() as client:
            page = await client.get(url)
            action, request = (re.search(f'{name}="([^"]+)"', page.text) for name in ("action", 'name="request" value'))
            assert action, page.text
            assert request, page.text
            form = {"request": request[1], "username": self.user[0], "password": self.user[1]}
            page = await client.post(urljoin(url, action[1]), data=form)
        self.back = {name: values[0] for name, values in parse_qs(urlsplit(page.headers["location"]).query).items()}

    async def come_back(self) -> tuple[str, str | None]:
        return self.back["code"], self.back.get("state")


async def call_tool(place: dict[str, Any], storage: Storage) -> Any:
    browser = Browser(place["user"])
    # Names no authentication method: that is the SDK's own default.
    metadata = OAuthClientMetadata(redirect_uris=[REDIRECT_URI], client_name="mcp client 1")
    provider = OAuthClientProvider(place["server"], metadata, storage, browser.open, browser.come_back)
    async with streamablehttp_client(place["server"], auth=provider) as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        return (await session.call_tool("count_orders", {"customer": "Ada"})).structuredContent


async def main() -> None:
    place = json.load(sys.stdin)
    first, second = Storage(), Storage()
    for storage in (first, second):
        assert await call_tool(place, storage) == {"result": 3}
        assert storage.client is not None
        assert storage.client.client_secret is None
    ids = {storage.client.client_id for storage in (first, second) if storage.client is not None}
    assert len(ids) == 1, ids
    print("ok the SDK for Python of 1.x gets from 401 to a tool call, and at its next start as the same client")


if __name__ == "__main__":
    logging.disable()
    asyncio.run(main())
