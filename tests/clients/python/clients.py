"""The Python SDK of the Model Context Protocol, pyoidc and Authlib against the bridge, in an environment that has just these.

Standard input: {"url", "initial_token"}. Each check prints a line; a failure ends the script with 1.
"""

import asyncio
import json
import sys
from typing import Any

import httpx2
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata
from mcp.client.auth.utils import (
    build_oauth_authorization_server_metadata_discovery_urls,
    create_client_registration_request,
    create_oauth_metadata_request,
    handle_auth_metadata_response,
    handle_registration_response,
    validate_metadata_issuer,
)
from mcp.shared.auth import OAuthClientMetadata
from oic.oic import Client
from oic.oic.message import RegistrationResponse
from oic.utils.authn.client import CLIENT_AUTHN_METHOD

REDIRECT_URI = "http://127.0.0.1:33418/callback"


def passed(sentence: str) -> None:
    print(f"ok {sentence}")


async def mcp_registers_without_a_credential(place: dict[str, Any]) -> None:
    """Discovery, issuer check and registration as the SDK's own flow does them."""
    async with httpx2.AsyncClient() as client:
        first = build_oauth_authorization_server_metadata_discovery_urls(place["url"], place["url"])[0]
        found = await handle_auth_metadata_response(await client.send(create_oauth_metadata_request(first)))
        metadata = found[1]
        assert metadata is not None
        validate_metadata_issuer(metadata, place["url"])
        assert "S256" in (metadata.code_challenge_methods_supported or [])
        asked = OAuthClientMetadata(redirect_uris=[REDIRECT_URI], client_name="an MCP client", token_endpoint_auth_method="none")
        request = create_client_registration_request(metadata, asked, place["url"])
        registered = await handle_registration_response(await client.send(request))
    assert registered.client_id
    assert registered.client_secret is None
    assert [str(uri) for uri in registered.redirect_uris or []] == [REDIRECT_URI]
    passed("the MCP SDK discovers, checks the issuer and registers a public client")


def pyoidc_registers_and_reads_its_registration(place: dict[str, Any]) -> None:
    """pyoidc sends an initial access token unaltered where it is a JWT, and reads by the registration access token."""
    client = Client(client_authn_method=CLIENT_AUTHN_METHOD)
    client.provider_config(place["url"])
    endpoint = client.provider_info["registration_endpoint"]
    metadata = {"redirect_uris": ["https://rp.example.com/cb"], "client_name": "a pyoidc client", "contacts": ["ops@example.com"]}
    registered = client.register(endpoint, registration_token=place["initial_token"], **metadata)
    assert isinstance(registered, RegistrationResponse), registered
    assert registered["client_secret"]
    read = client.registration_read(registered["registration_client_uri"], registered["registration_access_token"])
    assert read["client_id"] == registered["client_id"]
    assert read["client_secret"] == registered["client_secret"]
    passed("pyoidc registers with an initial access token and reads its registration")


def authlib_takes_the_metadata(place: dict[str, Any]) -> None:
    """Both documents, member by member, by the rules of RFC 8414 and OpenID Connect Discovery 1.0, which want an issuer and
    endpoints of https."""
    for path, rules in (
        ("oauth-authorization-server", AuthorizationServerMetadata),
        ("openid-configuration", OpenIDProviderMetadata),
    ):
        document = httpx2.get(f"{place['url']}/.well-known/{path}").raise_for_status().text
        found = rules(json.loads(document.replace(place["url"], "https://bridge.example.com")))
        found.validate()
        for member in ("introspection_endpoint_auth_methods_supported", "token_endpoint_auth_signing_alg_values_supported"):
            assert found.get(member), member
    passed("Authlib's validators take both metadata documents")


def main() -> int:
    place = json.load(sys.stdin)
    asyncio.run(mcp_registers_without_a_credential(place))
    pyoidc_registers_and_reads_its_registration(place)
    authlib_takes_the_metadata(place)
    print("3 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
