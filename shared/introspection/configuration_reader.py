"""Reading the introspection settings: JSON texts in, frozen configuration out.

Every reader raises ValueError that names the setting and the member at fault and never repeats a secret. A member that isn't
known is refused, since a misspelt switch would be silently off. docs/introspection.md describes the JSON forms.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from shared.introspection.answer import RESERVED_MEMBERS
from shared.introspection.claims import V1, V2
from shared.introspection.configuration import (
    PUBLIC_CLOUD,
    ApplicationKeys,
    BearerCaller,
    Caller,
    IntrospectionConfiguration,
    Options,
    RevocationOptions,
    SecretCaller,
    TrustedIssuer,
    TrustedTenant,
)
from shared.introspection.key_store import KeyLifetimes
from shared.introspection.members import Members, read_json, read_list
from shared.introspection.signed_answer import read_signing_key

TENANTS = "INTROSPECTION_TENANTS"
ISSUERS = "INTROSPECTION_ISSUERS"
CALLERS = "INTROSPECTION_CALLERS"
BEARER_CALLERS = "INTROSPECTION_BEARER_CALLERS"
OPTIONS = "INTROSPECTION_OPTIONS"
SIGNING_KEYS = "INTROSPECTION_SIGNING_KEYS"

REVOCATION_MODES = ("off", "client", "client+user")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _origin(value: str, name: str) -> str:
    parts = urlsplit(value)
    if (
        parts.scheme != "https"
        or not parts.hostname
        or "@" in parts.netloc
        or parts.path not in ("", "/")
        or parts.query
        or parts.fragment
    ):
        raise ValueError(f"{name} must be an https origin such as {PUBLIC_CLOUD}")
    return f"https://{parts.netloc.lower()}"


def _guid(value: str, name: str) -> str:
    if not _GUID.fullmatch(value.lower()):
        raise ValueError(f"{name} must be a GUID")
    return value.lower()


def _application(value: object, path: str) -> ApplicationKeys:
    members = Members(value, path)
    app_id = _guid(members.text("app_id"), members.name("app_id"))
    audiences = frozenset(members.texts("audiences")) | {app_id, f"api://{app_id}"}
    members.finish()
    return ApplicationKeys(app_id, audiences)


def read_tenant(value: object, path: str, authority: str = PUBLIC_CLOUD) -> TrustedTenant:
    """A tenant: its GUID as a string, or an object. `authority` holds where the object names none."""
    if isinstance(value, str):
        return TrustedTenant(_guid(value, path), _origin(authority, "authority"))
    members = Members(value, path)
    tenant_id = _guid(members.text("tenant_id"), members.name("tenant_id"))
    origin = _origin(members.text("authority", authority), members.name("authority"))
    versions = members.texts("versions") or (V1, V2)
    if not set(versions) <= {V1, V2}:
        raise ValueError(f"{members.name('versions')} must hold {V1} and {V2} at most")
    applications = members.items("applications", _application)
    members.finish()
    return TrustedTenant(tenant_id, origin, versions, applications)


def read_issuer(value: object, path: str) -> TrustedIssuer:
    """An explicit issuer with its tenant and the location of its keys."""
    members = Members(value, path)
    issuer, jwks_uri = members.text("issuer"), members.text("jwks_uri")
    for name, url in (("issuer", issuer), ("jwks_uri", jwks_uri)):
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or parts.fragment:
            raise ValueError(f"{members.name(name)} must be an https URL")
    tenant_id = _guid(members.text("tenant_id"), members.name("tenant_id"))
    version = members.choice("version", V2, (V1, V2))
    members.finish()
    return TrustedIssuer(issuer, tenant_id, jwks_uri, version)


def _caller(members: Members, name: str) -> Caller:
    audiences = frozenset(members.texts("audiences", required=True))
    clients = frozenset(members.texts("clients")) or None
    claims = members.texts("claims")
    for claim in claims:
        if claim in RESERVED_MEMBERS:
            raise ValueError(f"{members.name('claims')} must not hold {claim!r}: every answer has it")
    return Caller(name, audiences, clients, claims, members.flag("roles_as_scope"))


def read_caller(value: object, path: str) -> SecretCaller:
    """A caller with a client id and the SHA-256 of its secrets in hexadecimal."""
    members = Members(value, path)
    client_id = members.text("client_id")
    if ":" in client_id or _CONTROL.search(client_id):  # RFC 7617 section 2
        raise ValueError(f"{members.name('client_id')} must not hold a colon or a control character")
    digests = members.texts("secret_sha256", required=True)
    if not all(_SHA256.fullmatch(digest) for digest in digests):
        raise ValueError(f"{members.name('secret_sha256')} must hold SHA-256 digests of 64 hexadecimal digits")
    caller = _caller(members, client_id)
    members.finish()
    return SecretCaller(caller, tuple(bytes.fromhex(digest) for digest in digests))


def read_bearer_caller(value: object, path: str) -> BearerCaller:
    """A caller that authenticates with an Entra access token; `name` is what logs and signed answers call it."""
    members = Members(value, path)
    caller = _caller(members, members.text("name"))
    role = members.text("role")
    members.finish()
    return BearerCaller(caller, role)


def _revocation(value: object, path: str) -> RevocationOptions:
    members = Members(value, path)
    tenant_id = members.optional_text("tenant_id")
    options = RevocationOptions(
        members.choice("mode", "off", REVOCATION_MODES),
        members.number("ttl", 120, 10, 3600),
        members.number("grace", 900, 0, 86400),
        None if tenant_id is None else _guid(tenant_id, members.name("tenant_id")),
    )
    members.finish()
    return options


def _keys(value: object, path: str) -> KeyLifetimes:
    members = Members(value, path)
    usual = KeyLifetimes()
    soft = members.number("soft", usual.soft, 1, 86400)
    hard = members.number("hard", usual.hard, soft, 7 * 86400)
    unknown_key = members.number("unknown_key", usual.unknown_key, 1, 86400)
    retry = members.number("retry", usual.retry, 1, 3600)
    members.finish()
    return KeyLifetimes(soft, hard, unknown_key, retry)


def read_options(value: object, path: str) -> Options:
    """The switches. Graph-audience tokens need both the switch and a list of clients: neither alone turns them on."""
    members = Members(value, path)
    graph = members.flag("accept_tokens_for_microsoft_graph")
    graph_clients = members.texts("microsoft_graph_clients")
    if graph != bool(graph_clients):
        missing = "microsoft_graph_clients" if graph else "accept_tokens_for_microsoft_graph"
        raise ValueError(
            f"{members.name(missing)} is missing: tokens for Microsoft Graph need the switch and the list of clients"
        )
    max_lifetime = members.number("max_lifetime", 0, 0, 30 * 86400)
    options = Options(
        allow_get=members.flag("allow_get"),
        graph_clients=frozenset(graph_clients) if graph else None,
        graph_max_lifetime=members.number("microsoft_graph_max_lifetime", 7200, 300, 30 * 86400),
        max_lifetime=max_lifetime or None,
        cache_size=members.number("cache_size", 4096, 0, 1_000_000),
        cache_ttl=members.number("cache_ttl", 60, 1, 3600),
        issuer=members.optional_text("issuer"),
        bearer_audiences=frozenset(members.texts("bearer_audiences")),
        revocation=members.item("revocation", _revocation, RevocationOptions()),
        keys=members.item("keys", _keys, KeyLifetimes()),
    )
    members.finish()
    return options


def read_signing_keys(text: str) -> tuple[str, ...]:
    """Private keys in PEM: one as it stands, or several in a JSON list. Raises ValueError for what can't sign ES256."""
    if not text:
        return ()
    if text.startswith("-----BEGIN"):
        keys = [text]
    else:
        value = read_json(text, SIGNING_KEYS)
        if not isinstance(value, list) or not all(isinstance(key, str) for key in value):
            raise ValueError(f"{SIGNING_KEYS} must be a private key in PEM or a JSON list of them")
        keys = value
    for key in keys:
        try:
            read_signing_key(key)
        except ValueError as error:
            raise ValueError(f"{SIGNING_KEYS}: {error}") from None
    return tuple(keys)


def read_configuration(
    settings: Mapping[str, str], *, tenant_id: str | None = None, authority: str = PUBLIC_CLOUD
) -> IntrospectionConfiguration:
    """The configuration out of the environment's strings, JSON all but the signing key; an absent or empty one means none.

    `tenant_id` is trusted when INTROSPECTION_TENANTS is absent; `authority` holds for tenants that name none.
    """

    def value(name: str, default: object) -> object:
        text = settings.get(name, "").strip()
        return read_json(text, name) if text else default

    return IntrospectionConfiguration(
        tenants=read_list(
            value(TENANTS, [tenant_id] if tenant_id else []), TENANTS, lambda item, path: read_tenant(item, path, authority)
        ),
        issuers=read_list(value(ISSUERS, []), ISSUERS, read_issuer),
        callers=read_list(value(CALLERS, []), CALLERS, read_caller),
        bearer_callers=read_list(value(BEARER_CALLERS, []), BEARER_CALLERS, read_bearer_caller),
        options=read_options(value(OPTIONS, {}), OPTIONS),
        signing_keys=read_signing_keys(settings.get(SIGNING_KEYS, "").strip()),
    )
