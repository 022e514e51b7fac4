"""Reading the settings that introspection needs, and no others: a gateway's calls don't depend on how registration is set up.

Each JSON document is declared once, which reads it and gives its JSON Schema; docs/introspection.md describes them in words.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from shared.environment import Environment, Setting, document
from shared.introspection.answer import RESERVED_MEMBERS
from shared.introspection.claims import V1, V2
from shared.introspection.configuration import (
    ENFORCE,
    OFF,
    PASS,
    REFUSE,
    ApplicationKeys,
    BearerCaller,
    Caller,
    ContradictoryConfiguration,
    IntrospectionConfiguration,
    IntrospectionOptions,
    RevocationOptions,
    SecretCaller,
    TrustedIssuer,
    TrustedTenant,
)
from shared.introspection.keys import KeyLifetimes
from shared.introspection.signed_answer import read_signing_key
from shared.settings.shapes import Shape, boolean, guid, integer, list_of, object_of, one_of, optional, read_json, string, strings
from shared.settings.tenant import AUTHORITY_URL, TenantSettings

_DAY = 86_400


def _https(what: str, *, path: bool) -> Callable[[str], str]:
    def check(value: str) -> str:
        parts = urlsplit(value)
        wrong = "@" in parts.netloc or parts.fragment or (not path and (parts.path.strip("/") or parts.query))
        if parts.scheme != "https" or not parts.hostname or wrong:
            raise ValueError(f"must be {what}")
        return value if path else f"https://{parts.netloc.lower()}"

    return check


def _application(app_id: str, audiences: tuple[str, ...]) -> ApplicationKeys:
    return ApplicationKeys(app_id, frozenset(audiences) | {app_id, f"api://{app_id}"})


def _versions(versions: tuple[str, ...]) -> tuple[str, ...]:
    if not set(versions) <= {V1, V2}:
        raise ValueError(f"must hold {V1} and {V2} at most")
    return versions or (V1, V2)


def _tenant(value: object, path: str) -> TrustedTenant:
    """A tenant by its GUID alone, or an object. What names no authority has the empty one."""
    if isinstance(value, str):
        return TrustedTenant(_GUID.read(value, path), "")
    return _TENANT_OBJECT.read(value, path)


def _claims(claims: tuple[str, ...]) -> tuple[str, ...]:
    reserved = next((claim for claim in claims if claim in RESERVED_MEMBERS), None)
    if reserved:
        raise ValueError(f"must not hold {reserved!r}: it is the answer's own")
    return claims


def _some(values: tuple[str, ...]) -> frozenset[str] | None:
    return frozenset(values) or None


def _secret_caller(client_id: str, secret_sha256: tuple[str, ...], **members: Any) -> SecretCaller:
    return SecretCaller(Caller(client_id, **members), tuple(map(bytes.fromhex, secret_sha256)))


def _bearer_caller(name: str, role: str, **members: Any) -> BearerCaller:
    return BearerCaller(Caller(name, **members), role)


def _key_lifetimes(**members: int) -> KeyLifetimes:
    if members["hard"] < members["soft"]:
        raise ValueError(f"hard must be an integer from {members['soft']} to {7 * _DAY}")
    return KeyLifetimes(**members)


def _options(
    accept_tokens_for_microsoft_graph: bool, microsoft_graph_clients: frozenset[str] | None, **members: Any
) -> IntrospectionOptions:
    if accept_tokens_for_microsoft_graph != bool(microsoft_graph_clients):
        missing = "microsoft_graph_clients" if accept_tokens_for_microsoft_graph else "accept_tokens_for_microsoft_graph"
        raise ValueError(f"{missing} is missing: tokens for Microsoft Graph need the switch and the list of clients")
    lifetime = members.pop("microsoft_graph_max_lifetime")
    return IntrospectionOptions(graph_clients=microsoft_graph_clients, graph_max_lifetime=lifetime, **members)


def _signing_keys(setting: str) -> tuple[str, ...]:
    """Private keys in PEM: one as it stands, or several in a JSON list. Raises ValueError for what can't sign ES256."""
    keys = [setting] if setting.startswith("-----BEGIN") else read_json(setting)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ValueError("must be a private key in PEM or a JSON list of them")
    for key in keys:
        read_signing_key(key)
    return tuple(keys)


def _json[T](name: str, shape: Shape[T], meaning: str, shown: str = "none") -> Setting[T]:
    return document(name, shape.parse, shape.default, meaning, shape.schema, shown=shown)


_GUID = guid()
_VERSION = one_of(V1, V2, default=V2)
_URL = string().then(_https("an https URL", path=True), format="uri")
_CALLER_MEMBERS: dict[str, Shape[Any]] = {
    "audiences": strings(1).then(frozenset),
    "clients": strings().then(_some),
    "claims": strings().then(_claims),
    "roles_as_scope": boolean(),
    "tenants": list_of(_GUID).then(_some),
    "grants": optional(one_of(OFF, ENFORCE)),
    "unregistered": optional(one_of(PASS, REFUSE)),
    "agents": optional(one_of(PASS, REFUSE)),
}
SECRET_CALLER = object_of(
    _secret_caller,
    # RFC 7617 section 2: no colon, no control character.
    client_id=string(r"[^:\x00-\x1f\x7f]+", "a string without colons and control characters"),
    secret_sha256=list_of(string("[0-9a-fA-F]{64}", "a SHA-256 digest of 64 hexadecimal digits"), 1),
    **_CALLER_MEMBERS,
)
BEARER_CALLER = object_of(_bearer_caller, name=string(), role=string(), **_CALLER_MEMBERS)
_TENANT_OBJECT = object_of(
    TrustedTenant,
    tenant_id=_GUID,
    authority=string().then(_https("an https origin such as https://login.microsoftonline.com", path=False))._replace(default=""),
    versions=list_of(string()).then(_versions, items={"enum": [V1, V2]}),
    applications=list_of(object_of(_application, app_id=_GUID, audiences=strings())),
)
TENANT = Shape(_tenant, {"anyOf": [_GUID.schema, _TENANT_OBJECT.schema]})
ISSUER = object_of(TrustedIssuer, issuer=_URL, tenant_id=_GUID, jwks_uri=_URL, version=_VERSION)
OPTIONS_OBJECT = object_of(
    _options,
    allow_get=boolean(),
    accept_tokens_for_microsoft_graph=boolean(),
    microsoft_graph_clients=strings().then(_some),
    microsoft_graph_max_lifetime=integer(7200, 300, 30 * _DAY),
    max_lifetime=integer(0, 0, 30 * _DAY).then(lambda seconds: seconds or None),
    cache_size=integer(4096, 0, 1_000_000),
    cache_ttl=integer(60, 1, 3600),
    issuer=optional(string()),
    bearer_audiences=strings().then(frozenset),
    bearer_tenants=list_of(_GUID).then(frozenset),
    grants=one_of(OFF, ENFORCE, default=OFF),
    unregistered=one_of(PASS, REFUSE, default=PASS),
    agents=one_of(PASS, REFUSE, default=PASS),
    revocation=object_of(
        RevocationOptions,
        mode=one_of("off", "client", "client+user", default="off"),
        ttl=integer(120, 10, 3600),
        grace=integer(900, 0, _DAY),
        tenant_id=optional(_GUID),
    ),
    keys=object_of(
        _key_lifetimes,
        soft=integer(3600, 1, _DAY),
        hard=integer(_DAY, 1, 7 * _DAY),
        unknown_key=integer(60, 1, _DAY),
        retry=integer(5, 1, 3600),
    ),
)

CALLERS = _json(
    "INTROSPECTION_CALLERS",
    list_of(SECRET_CALLER),
    "JSON list: gateways with client id, SHA-256 of their secrets, and their audiences",
)
BEARER_CALLERS = _json(
    "INTROSPECTION_BEARER_CALLERS",
    list_of(BEARER_CALLER),
    "JSON list: gateways that bring an Entra access token with an app role",
)
TENANTS = _json(
    "INTROSPECTION_TENANTS",
    optional(list_of(TENANT)),
    "JSON list of tenants whose tokens are trusted",
    shown="the bridge's own",
)
ISSUERS = _json("INTROSPECTION_ISSUERS", list_of(ISSUER), "JSON list of further issuers, each with its tenant and key location")
OPTIONS = _json(
    "INTROSPECTION_OPTIONS",
    OPTIONS_OBJECT,
    "JSON object of switches: revocation and grant checks, agents, lifetimes, GET, Graph-audience tokens and others",
    shown="{}",
)
SIGNING_KEYS = document(
    "INTROSPECTION_SIGNING_KEYS",
    _signing_keys,
    tuple[str, ...](),
    "P-256 private key in PEM, or a JSON list: answers are signed for callers that ask (RFC 9701)",
    {"type": ["string", "array"], "items": {"type": "string"}},
)
_BY_FIELD: dict[str, Setting[Any]] = {
    "tenants": TENANTS,
    "issuers": ISSUERS,
    "callers": CALLERS,
    "bearer_callers": BEARER_CALLERS,
    "options": OPTIONS,
    "signing_keys": SIGNING_KEYS,
}


def read_introspection(environment: Environment, tenant: TenantSettings) -> IntrospectionConfiguration:
    """The configuration from the settings whose names begin with INTROSPECTION_; all that is wrong is noted in the environment.

    The bridge's own tenant is trusted when no tenants are named, and its authority holds for tenants that name none.
    """
    found: dict[str, Any] = {field: environment.read(setting) for field, setting in _BY_FIELD.items()}
    if found["tenants"] is None:
        found["tenants"] = (TrustedTenant(tenant.tenant_id, ""),) if tenant.tenant_id else ()
    authority = tenant.cloud.authority
    if not authority.startswith("https://") and not all(entry.authority for entry in found["tenants"]):
        environment.refuse(AUTHORITY_URL.name, "expected https: the keys of tokens are read there")
    found["tenants"] = tuple(entry if entry.authority else entry._replace(authority=authority) for entry in found["tenants"])
    if not found["options"].bearer_tenants:
        found["options"] = found["options"]._replace(bearer_tenants=frozenset({tenant.tenant_id}))
    wrong = {field for field, setting in _BY_FIELD.items() if environment.is_wrong(setting)}
    try:
        return IntrospectionConfiguration(**found)
    except ContradictoryConfiguration as contradictory:
        for fields, why in contradictory.contradictions:
            if wrong.isdisjoint(fields):  # else it may only follow from what couldn't be read
                environment.refuse(_BY_FIELD[fields[0]].name, why)
        return IntrospectionConfiguration()
