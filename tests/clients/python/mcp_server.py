"""A small MCP server on the SDK, set up as docs/mcp.md says: its metadata name the bridge, and the bridge judges its tokens.

Arguments: port, the bridge's URL, client id and secret of the gateway that it is to the bridge.
"""

import sys

import httpx2
import uvicorn
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

PORT, BRIDGE, GATEWAY, SECRET = int(sys.argv[1]), *sys.argv[2:5]
RESOURCE = f"http://127.0.0.1:{PORT}/mcp"


class BridgeVerifier:
    """A TokenVerifier that introspects. The audience is the bridge's business: it knows which one this server is let in for."""

    async def verify_token(self, token: str) -> AccessToken | None:
        async with httpx2.AsyncClient(auth=(GATEWAY, SECRET)) as client:
            answer = (await client.post(f"{BRIDGE}/introspect", data={"token": token})).raise_for_status().json()
        if not answer["active"]:
            return None
        # Entra writes short names into tokens and wants full ones in requests; the SDK compares with what it advertises.
        scopes = [f"{RESOURCE}/{scope}" for scope in answer.get("scope", "").split()]
        return AccessToken(
            token=token, client_id=answer["client_id"], scopes=scopes, expires_at=answer["exp"], subject=answer["sub"]
        )


server = MCPServer(
    "orders",
    log_level="WARNING",
    token_verifier=BridgeVerifier(),
    auth=AuthSettings(
        issuer_url=BRIDGE,
        resource_server_url=RESOURCE,
        required_scopes=[f"{RESOURCE}/tools.read"],
        # Entra's `aud` is the API's client id and never the URL, so there is nothing to compare here.
        validate_token_resource=False,
    ),
)


def count_orders(customer: str) -> int:
    """How many orders a customer has."""
    return len(customer)


server.add_tool(count_orders)
uvicorn.run(server.streamable_http_app(), port=PORT, log_level="warning")
