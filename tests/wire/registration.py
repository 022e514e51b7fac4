"""Replays of callers that speak RFC 7591 and RFC 7592, each with what its caller then relies on.

Every function takes the bridge's base URL (without a slash at its end), a `requests` session, and the credential that the caller
would be configured with. They work over HTTP and, with an adapter, in one process.
"""

from typing import Any

import requests

from tests.wire.shapes import all_shapes, check, send


def mulesoft(base_url: str, session: requests.Session, authorization: str) -> None:
    """Anypoint: create, update, update with empty arrays, reset of the secret, delete; one static header on all of them."""
    url, product = f"{base_url}/register", "mulesoft-oidc"
    created = check(send(session, product, "create", url, {}, authorization), product, "create")
    client = f"{url}/{created['client_id']}"
    values = {"{client_id}": created["client_id"], "<current secret>": created["client_secret"]}
    updated = check(send(session, product, "update", client, values, authorization), product, "update")
    assert updated["client_id"] == created["client_id"]
    assert updated["client_secret"] == created["client_secret"]
    assert updated["client_name"] == "test-client-name"
    emptied = check(send(session, product, "update-empty-arrays", client, values, authorization), product, "update-empty-arrays")
    assert (emptied["grant_types"], emptied["response_types"]) == (["authorization_code"], ["code"])
    assert emptied["client_secret"] == created["client_secret"]
    rotated = check(send(session, product, "rotate", client, values, authorization), product, "rotate")
    assert rotated["client_secret"] != created["client_secret"]
    check(send(session, product, "delete", client, {}, authorization), product, "delete")
    # A deletion whose answer got lost is sent again.
    check(send(session, product, "delete", client, {}, authorization), product, "delete")


def gravitee(base_url: str, session: requests.Session, initial_token: str) -> dict[str, Any]:
    """Gravitee: the answer to each call replaces what it keeps, so each answer must be complete. It never deletes. The first
    client as Gravitee has it in the end."""
    url, product = f"{base_url}/register", "gravitee"
    initial = f"Bearer {initial_token}"
    created = check(send(session, product, "create-b2b", url, {}, initial), product, "create-b2b")
    assert created["application_type"] == "backend_to_backend"
    spa = check(send(session, product, "create-spa-extra", url, {}, initial), product, "create-spa-extra")
    assert spa["application_type"] == "browser"
    assert "metadata" not in spa
    kept = created
    for method in ("POST", "PUT", "PATCH"):
        values = {"{client_id}": kept["client_id"]}
        token = f"Bearer {kept['registration_access_token']}"
        kept = check(send(session, product, "update", kept["registration_client_uri"], values, token), product, "update")
        token = f"Bearer {kept['registration_access_token']}"
        renew = f"{kept['registration_client_uri']}/new-secret"
        renewed = check(send(session, product, f"rotate-{method}", renew, {}, token), product, f"rotate-{method}")
        assert renewed["client_secret"] != kept["client_secret"]
        kept = renewed
    assert kept["client_id"] == created["client_id"]
    described = check(send(session, product, "create-all-metadata", url, {}, initial), product, "create-all-metadata")
    # The scope goes as an array; an answer whose scope isn't a string fails after the client was made.
    assert described["scope"] == "openid profile"
    values, token = {"{client_id}": described["client_id"]}, f"Bearer {described['registration_access_token']}"
    renamed = send(session, product, "update-scope-string", described["registration_client_uri"], values, token)
    renamed_client = check(renamed, product, "update-scope-string")
    assert (renamed_client["client_name"], renamed_client["scope"]) == ("web2", "openid profile")
    for answer in (described, renamed_client):
        assert type(answer["client_secret_expires_at"]) is type(answer["client_id_issued_at"]) is int
    return kept


def tyk(base_url: str, session: requests.Session, initial_token: str, scope: str) -> dict[str, Any]:
    """Tyk's portal registers a client when access is approved, with the scopes of product and plan, which the bridge registers as
    `scope`; with the next product it adds to them. The client as it is then."""
    url, product = f"{base_url}/register", "tyk"
    created = check(send(session, product, "create-other", url, {}, f"Bearer {initial_token}"), product, "create-other")
    assert created["scope"] == scope
    more = {**all_shapes()[product, "create-other"].json, "client_id": created["client_id"]}
    more["scope"] = f"{created['scope']} product_payments gold_plan"
    headers = {"Authorization": f"Bearer {created['registration_access_token']}"}
    updated = session.put(created["registration_client_uri"], json=more, headers=headers, timeout=30)
    assert updated.status_code == 200, updated.text
    client: dict[str, Any] = updated.json()
    assert (client["scope"], client["client_secret"]) == (scope, created["client_secret"])
    return client


def wso2(base_url: str, session: requests.Session, authorization: str) -> None:
    """WSO2's Keycloak connector writes nulls for what it doesn't know; its ForgeRock connector a name in English alone."""
    url, product = f"{base_url}/register", "wso2-keycloak"
    created = check(send(session, product, "create", url, {}, authorization), product, "create")
    assert created["grant_types"] == ["client_credentials"]
    client = f"{url}/{created['client_id']}"
    values = {"{client_id}": created["client_id"]}
    read = check(send(session, product, "read", client, values, authorization), product, "read")
    assert read["client_name"] == "adminApp_PRODUCTION"
    check(send(session, product, "update", client, values, authorization), product, "update")
    check(send(session, product, "delete", client, values, authorization), product, "delete")
    assert send(session, product, "read", client, values, authorization).status_code == 404
    forgerock = check(send(session, "wso2-forgerock", "create", url, {}, authorization), "wso2-forgerock", "create")
    assert forgerock["client_name#en"] == "app"
    renew = f"{url}/{forgerock['client_id']}/new-secret"
    check(send(session, "wso2-resident", "rotate", renew, {}, authorization), "wso2-resident", "rotate")
    _manage_by_query(url, session, forgerock)


def _manage_by_query(url: str, session: requests.Session, created: dict[str, Any]) -> None:
    """The ForgeRock connector manages a client at the registration endpoint, its id in the query, with its token."""
    product, client = "wso2-forgerock", f"{url}?client_id={created['client_id']}"
    token = f"Bearer {created['registration_access_token']}"
    read = send(session, product, "read", client, {}, token)
    assert (read.status_code, read.json()["client_id"]) == (200, created["client_id"])
    # The recording has no body for the update: it is the registration's, with the id.
    body = {**all_shapes()[product, "create"].json, "client_id": created["client_id"]}
    updated = session.put(client, json=body, headers={"Authorization": token}, timeout=30)
    assert updated.status_code == 200, updated.text
    token = f"Bearer {updated.json()['registration_access_token']}"
    assert send(session, product, "delete", client, {}, token).status_code == 204
    assert send(session, product, "read", client, {}, token).status_code == 401


def mcp(base_url: str, session: requests.Session, authorization: str | None) -> None:
    """MCP clients, which have no credential of their own: `authorization` is None where registration is open."""
    for product in ("mcp-python-sdk", "mcp-typescript-sdk", "claude-connector"):
        response = send(session, product, "create", f"{base_url}/register", {}, authorization)
        answer = check(response, product, "create", "client_secret" if authorization is None else "")
        asked = all_shapes()[product, "create"].json
        assert answer["redirect_uris"] == asked["redirect_uris"]
        assert answer["grant_types"] == asked["grant_types"]
        method = answer["token_endpoint_auth_method"]
        # Open registration gives no secrets.
        assert method == ("none" if authorization is None else asked.get("token_endpoint_auth_method", "client_secret_basic"))
        assert ("client_secret" in answer) is (method != "none")


def libraries(base_url: str, session: requests.Session, authorization: str) -> None:
    """OpenID Connect libraries that send more than a server needs to know."""
    for product in ("openid-client", "idpyoidc"):
        answer = check(send(session, product, "create", f"{base_url}/register", {}, authorization), product, "create")
        assert answer["grant_types"] == ["authorization_code"]


def narrowed(base_url: str, session: requests.Session, authorization: str) -> None:
    """Callers that ask for more grants than are allowed, under a policy that drops what it doesn't allow."""
    for product in ("mod_auth_openidc", "vscode"):
        answer = check(send(session, product, "create", f"{base_url}/register", {}, authorization), product, "create")
        assert answer["grant_types"] == ["authorization_code", "refresh_token"]
        assert answer["response_types"] == ["code"]
