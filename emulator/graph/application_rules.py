"""What an application may hold: the rules that the schema does not say.

Sources: the reference text of the application resource (https://learn.microsoft.com/graph/api/resources/application), and
https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation for the limits of each audience.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from emulator.assumptions import Assumptions
from emulator.graph.errors import GraphError, bad_request, invalid_value
from emulator.graph.redirect_uris import PERSONAL, PLATFORMS, check_redirect_uris

AUDIENCES = frozenset({"AzureADMyOrg", "AzureADMultipleOrgs", *PERSONAL})
_PERSONAL_NAME = 90
_COLLECTIONS = (
    "addIns",
    "appRoles",
    "identifierUris",
    "keyCredentials",
    "passwordCredentials",
    "requiredResourceAccess",
    "tags",
)
_VALUE = re.compile(r"[!#$%&'()*+,\-./:;=?@\[\]^_{}~0-9A-Za-z]+")


def check_application(state: dict[str, Any], changed: set[str], assumptions: Assumptions) -> None:
    """Raise GraphError 400 or 403 unless an application may become `state`, in which the members `changed` are new."""
    _check_texts(state, changed, assumptions)
    if "signInAudience" in changed and state["signInAudience"] not in AUDIENCES:
        raise invalid_value("signInAudience")
    _check_token_version(state)
    if "tags" in changed:
        _check_tags(state["tags"])
    if "identifierUris" in changed:
        _check_identifier_uris(state, assumptions.https_identifier_uris_need_token_version_2)
    if changed & {*PLATFORMS, "signInAudience"}:
        # Another audience has other limits, so all platforms are looked at again.
        platforms = set(PLATFORMS) if "signInAudience" in changed else changed & set(PLATFORMS)
        check_redirect_uris(state, platforms, assumptions)
    if assumptions.urls_must_be_absolute:
        _check_urls(state, changed)
    if "requiredResourceAccess" in changed:
        _check_required_access(state)
    if changed & {"api", "appRoles"}:
        _check_permissions_offered(state)
    check_size(state, assumptions)


def check_size(state: dict[str, Any], assumptions: Assumptions) -> None:
    """Raise GraphError when all collections together hold more entries than an application may."""
    api = state.get("api") or {}
    count = sum(len(state.get(name) or ()) for name in _COLLECTIONS)
    count += sum(len((state.get(name) or {}).get("redirectUris") or ()) for name in PLATFORMS)
    count += sum(len(r.get("resourceAccess") or ()) for r in state.get("requiredResourceAccess") or ())
    count += sum(
        len(api.get(n) or ()) for n in ("oauth2PermissionScopes", "preAuthorizedApplications", "knownClientApplications")
    )
    if count > assumptions.total_entries_limit:
        text = "The size of the object has exceeded its limit. Please reduce the number of values and retry your request."
        raise GraphError(assumptions.size_status, "Directory_ResourceSizeExceeded", text)


def _check_texts(state: dict[str, Any], changed: set[str], assumptions: Assumptions) -> None:
    name_limit = _PERSONAL_NAME if state.get("signInAudience") in PERSONAL else assumptions.display_name_limit
    for name, limit in (("displayName", name_limit), ("description", 1024), ("notes", assumptions.notes_limit)):
        if name in changed and len(state.get(name) or "") > limit:
            raise invalid_value(name)
    if "displayName" in changed and not state.get("displayName"):
        raise invalid_value("displayName")
    if "uniqueName" in changed and state.get("uniqueName") == "":
        raise invalid_value("uniqueName")


def _check_token_version(state: dict[str, Any]) -> None:
    version = (state.get("api") or {}).get("requestedAccessTokenVersion")
    if version not in (None, 1, 2):
        raise invalid_value("api")
    if state.get("signInAudience") in PERSONAL and version != 2:
        raise bad_request("Property api.requestedAccessTokenVersion is invalid.", "InvalidValue", "api")


def _check_tags(tags: list[str]) -> None:
    if any(not 1 <= len(tag) <= 256 or re.search(r"\s", tag) for tag in tags):
        raise invalid_value("tags")
    if len(set(tags)) != len(tags):
        raise bad_request("Request contains a property with duplicate values.")


def _check_identifier_uris(state: dict[str, Any], version_2_for_https: bool) -> None:
    version = (state.get("api") or {}).get("requestedAccessTokenVersion")
    for uri in state["identifierUris"]:
        if version_2_for_https and version != 2 and uri.startswith("https://"):
            text = (
                f"Failed to add identifier URI {uri}. All newly added URIs must contain a tenant verified domain, tenant ID, or "
            )
            raise bad_request(
                f"{text}app ID, as per the default tenant policy of your organization.", "InvalidValue", "identifierUris"
            )
    uris = state["identifierUris"]
    limit = 120 if state.get("signInAudience") in PERSONAL else 255
    if any(len(uri) > limit or "*" in uri or not urlsplit(uri).scheme for uri in uris):
        raise invalid_value("identifierUris")
    if len(set(uris)) != len(uris):
        raise bad_request("Request contains a property with duplicate values.")


def _is_web_address(value: str | None, local: bool = True) -> bool:
    if value is None or value == "":
        return True
    parts = urlsplit(value)
    return (parts.scheme == "https" and bool(parts.netloc)) or (local and parts.scheme == "http" and bool(parts.netloc))


def _check_urls(state: dict[str, Any], changed: set[str]) -> None:
    web = state.get("web") or {}
    logout = web.get("logoutUrl")
    if "web" in changed and not (
        _is_web_address(web.get("homePageUrl")) and _is_web_address(logout, local=False) and len(logout or "") <= 255
    ):
        raise invalid_value("web")
    if "info" in changed and not all(_is_web_address(url) for url in (state.get("info") or {}).values()):
        raise invalid_value("info")


def _check_required_access(state: dict[str, Any]) -> None:
    personal = state.get("signInAudience") in PERSONAL
    resources = state["requiredResourceAccess"]
    counts = [len(resource["resourceAccess"]) for resource in resources if "resourceAccess" in resource]
    names = [resource.get("resourceAppId") for resource in resources]
    types = {access.get("type") for resource in resources for access in resource.get("resourceAccess", ())}
    if len(resources) > 50 or sum(counts) > (200 if personal else 400) or (personal and max(counts, default=0) > 30):
        raise invalid_value("requiredResourceAccess")
    if not types <= {"Scope", "Role"} or len(set(names)) != len(names):
        raise invalid_value("requiredResourceAccess")


def _check_permissions_offered(state: dict[str, Any]) -> None:
    """Scopes and roles of one application share ids and values."""
    scopes = (state.get("api") or {}).get("oauth2PermissionScopes") or []
    roles = state.get("appRoles") or []
    longest = 40 if state.get("signInAudience") in PERSONAL else 120
    for kind, offered in (("api", scopes), ("appRoles", roles)):
        for permission in offered:
            value = permission.get("value")
            if permission.get("id") is None or (
                value and (len(value) > longest or value.startswith(".") or not _VALUE.fullmatch(value))
            ):
                raise invalid_value(kind)
    ids = [permission["id"] for permission in (*scopes, *roles)]
    values = [permission["value"] for permission in (*scopes, *roles) if permission.get("value")]
    if len(set(ids)) != len(ids) or len(set(values)) != len(values):
        raise bad_request("Request contains a property with duplicate values.")


def check_disabled_before_removal(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Raise GraphError 400 when a scope or role goes, or changes, that was not disabled by an earlier write."""
    for name, old in (
        ("api", (before.get("api") or {}).get("oauth2PermissionScopes") or []),
        ("appRoles", before.get("appRoles") or []),
    ):
        new = (after.get("api") or {}).get("oauth2PermissionScopes") or [] if name == "api" else after.get("appRoles") or []
        kept = {permission["id"] for permission in new}
        if any(permission["id"] not in kept and permission.get("isEnabled", True) for permission in old):
            raise bad_request("Permission (scope or role) cannot be deleted or updated unless disabled first.")
