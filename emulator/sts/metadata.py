"""OpenID Connect metadata and key documents, v1.0 and v2.0, tenant-specific and common.

Shapes: captured live documents in AzureAD/azure-activedirectory-identitymodel-extensions-for-dotnet (OpenIdConfigData.cs).
"""

from typing import Any

from emulator.tenant import COMMON_TENANTS, Tenant

_AUTH_METHODS = ["client_secret_post", "private_key_jwt", "client_secret_basic"]
_CLAIMS = [
    "sub",
    "iss",
    "cloud_instance_name",
    "cloud_instance_host_name",
    "cloud_graph_host_name",
    "msgraph_host",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "acr",
    "nonce",
]


def _issuer_tenant(tenant: Tenant, segment: str) -> str:
    return COMMON_TENANTS.get(segment, tenant.tenant_id)


def openid_configuration(
    tenant: Tenant, segment: str, version: int, base: str, issuer_base: str, app_id: str | None
) -> dict[str, Any]:
    """The metadata document of a path's tenant `segment`. `app_id` (from ?appid=) leads to that application's own keys."""
    authority = f"{base}/{segment}"
    issuer_tenant = _issuer_tenant(tenant, segment)
    v2 = version == 2
    oauth = f"{authority}/oauth2/v2.0" if v2 else f"{authority}/oauth2"
    keys = f"{authority}/discovery/v2.0/keys" if v2 else f"{base}/common/discovery/keys"
    return {
        "token_endpoint": f"{oauth}/token",
        "token_endpoint_auth_methods_supported": _AUTH_METHODS,
        "jwks_uri": f"{keys}?appid={app_id}" if app_id else keys,
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"]
        if v2
        else ["code", "id_token", "code id_token", "token id_token", "token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"] if v2 else ["openid"],
        "issuer": f"{issuer_base}/{issuer_tenant}/v2.0" if v2 else f"https://{tenant.cloud.v1_issuer_host}/{issuer_tenant}/",
        **({"request_uri_parameter_supported": False} if v2 else _v1_only(authority)),
        "userinfo_endpoint": f"{tenant.cloud.graph_resource}/oidc/userinfo" if v2 else f"{authority}/openid/userinfo",
        "authorization_endpoint": f"{oauth}/authorize",
        "device_authorization_endpoint": f"{oauth}/devicecode",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": f"{oauth}/logout",
        "claims_supported": [
            *_CLAIMS,
            *(
                ["preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"]
                if v2
                else ["amr", "email", "given_name", "family_name", "nickname"]
            ),
        ],
        "kerberos_endpoint": f"{authority}/kerberos",
        "tenant_region_scope": None if segment in COMMON_TENANTS else tenant.region,
        "cloud_instance_name": tenant.cloud.instance_name,
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": tenant.cloud.graph_host,
        "rbac_url": "https://pas.windows.net",
    }


def _v1_only(authority: str) -> dict[str, Any]:
    return {"microsoft_multi_refresh_token": True, "check_session_iframe": f"{authority}/oauth2/checksession"}


def key_document(tenant: Tenant, segment: str, version: int, issuer_base: str, app_id: str | None) -> dict[str, Any]:
    """The JSON Web Key Set of a path's tenant `segment`. v2.0 keys carry their issuer, v1.0 keys do not."""
    common = segment in COMMON_TENANTS
    keys = tenant.keys.published(app_id, consumers=common and version == 2)
    if version == 1:
        return {"keys": [key.jwk() for key in keys]}
    shown = []
    for key in keys:
        key_tenant = key.tenant if common or key.tenant != "{tenantid}" else tenant.tenant_id
        shown.append(key.jwk(f"{issuer_base}/{key_tenant}/v2.0", tenant.cloud.instance_name))
    return {"keys": shown}


def instance_discovery(tenant: Tenant, base: str) -> dict[str, Any]:
    """The answer to MSAL's instance discovery: this host is an authority like the real ones of its cloud."""
    host = base.removeprefix("https://")
    cloud = tenant.cloud.authority_hosts
    return {
        "tenant_discovery_endpoint": f"{base}/{tenant.tenant_id}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [
            {"preferred_network": host, "preferred_cache": host, "aliases": [host]},
            {"preferred_network": cloud[0], "preferred_cache": cloud[-1], "aliases": list(cloud)},
        ],
    }
