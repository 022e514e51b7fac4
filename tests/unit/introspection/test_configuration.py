"""The settings of introspection: read strictly, refused by name, never repeated."""

import json
from hashlib import sha256
from typing import Any

import pytest

from shared.introspection.configuration import Caller, IntrospectionConfiguration, SecretCaller, TrustedIssuer, TrustedTenant
from shared.introspection.configuration_reader import read_configuration
from shared.introspection.key_store import KeyLifetimes
from tests.unit.introspection.authority import SECOND_TENANT, TENANT

DIGEST = sha256(b"secret").hexdigest()
CALLER = {"client_id": "gateway", "secret_sha256": [DIGEST], "audiences": ["api://one"]}


def settings(**values: Any) -> dict[str, str]:
    return {f"INTROSPECTION_{name}": value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


def test_reads_every_member() -> None:
    """All forms that docs/introspection.md describes."""
    read = read_configuration(
        settings(
            TENANTS=[
                TENANT.upper(),
                {
                    "tenant_id": SECOND_TENANT,
                    "authority": "https://login.microsoftonline.us/",
                    "versions": ["2.0"],
                    "applications": [{"app_id": TENANT, "audiences": ["api://own"]}],
                },
            ],
            ISSUERS=[
                {"issuer": "https://x.ciamlogin.com/t/v2.0", "tenant_id": TENANT, "jwks_uri": "https://x.ciamlogin.com/keys"}
            ],
            CALLERS=[{**CALLER, "clients": ["c"], "claims": ["tid"], "roles_as_scope": True}],
            BEARER_CALLERS=[{"name": "mi", "role": "Introspect", "audiences": ["api://one"]}],
            OPTIONS={
                "allow_get": True,
                "accept_tokens_for_microsoft_graph": True,
                "microsoft_graph_clients": ["c"],
                "microsoft_graph_max_lifetime": 6000,
                "max_lifetime": 86400,
                "cache_size": 10,
                "cache_ttl": 30,
                "issuer": "https://bridge.example",
                "bearer_audiences": ["api://bridge"],
                "revocation": {"mode": "client+user", "ttl": 60, "grace": 0, "tenant_id": TENANT},
                "keys": {"soft": 600, "hard": 7200, "unknown_key": 300, "retry": 10},
            },
        )
    )
    first, second = read.tenants
    assert first == TrustedTenant(TENANT, "https://login.microsoftonline.com")
    assert (second.authority, second.versions) == ("https://login.microsoftonline.us", ("2.0",))
    assert second.applications[0].audiences == {"api://own", TENANT, f"api://{TENANT}"}
    assert read.issuers == (TrustedIssuer("https://x.ciamlogin.com/t/v2.0", TENANT, "https://x.ciamlogin.com/keys"),)
    assert read.callers[0].caller == Caller("gateway", frozenset({"api://one"}), frozenset({"c"}), ("tid",), True)
    assert read.bearer_callers[0].role == "Introspect"
    assert read.options.graph_clients == frozenset({"c"})
    assert read.options.revocation.mode == "client+user"
    assert read.options.keys == KeyLifetimes(600, 7200, 300, 10)


def test_nothing_set_trusts_the_bridges_own_tenant_and_nobody_else() -> None:
    """The least that works is the tenant id that registration needs anyway."""
    read = read_configuration({}, tenant_id=TENANT, authority="https://login.partner.microsoftonline.cn")
    assert read.tenants == (TrustedTenant(TENANT, "https://login.partner.microsoftonline.cn"),)
    assert (read.callers, read.issuers, read.bearer_callers) == ((), (), ())
    assert read_configuration({"INTROSPECTION_TENANTS": " "}, tenant_id=None).tenants == ()


ISSUER = {"issuer": "https://x.example/", "tenant_id": TENANT, "jwks_uri": "https://x.example/keys"}
WRONG: list[tuple[dict[str, str], str]] = [
    (settings(TENANTS="{"), "INTROSPECTION_TENANTS is not JSON"),
    (settings(TENANTS={}), "INTROSPECTION_TENANTS must be a JSON list"),
    (settings(TENANTS=["contoso.onmicrosoft.com"]), "INTROSPECTION_TENANTS[0] must be a GUID"),
    (settings(TENANTS=["common"]), "INTROSPECTION_TENANTS[0] must be a GUID"),
    (settings(TENANTS=[{}]), "INTROSPECTION_TENANTS[0].tenant_id is missing"),
    (settings(TENANTS=[7]), "INTROSPECTION_TENANTS[0] must be a JSON object"),
    (settings(TENANTS=[{"tenant_id": TENANT, "authority": "http://x.example"}]), "TENANTS[0].authority must be an https origin"),
    (
        settings(TENANTS=[{"tenant_id": TENANT, "authority": "https://x.example/common"}]),
        "TENANTS[0].authority must be an https origin",
    ),
    (
        settings(TENANTS=[{"tenant_id": TENANT, "authority": "https://u@x.example"}]),
        "TENANTS[0].authority must be an https origin",
    ),
    (settings(TENANTS=[{"tenant_id": TENANT, "versions": ["3.0"]}]), "TENANTS[0].versions must hold"),
    (settings(TENANTS=[{"tenant_id": TENANT, "tenant": 1}]), "INTROSPECTION_TENANTS[0].tenant is not known"),
    (settings(TENANTS=[TENANT, TENANT]), "is trusted twice"),
    (settings(ISSUERS=[{**ISSUER, "issuer": "http://x.example/"}]), "INTROSPECTION_ISSUERS[0].issuer must be an https URL"),
    (settings(ISSUERS=[{**ISSUER, "jwks_uri": "file:///etc/passwd"}]), "INTROSPECTION_ISSUERS[0].jwks_uri must be an https URL"),
    (settings(ISSUERS=[{**ISSUER, "version": "3"}]), "INTROSPECTION_ISSUERS[0].version must be one of: 1.0, 2.0"),
    (settings(CALLERS=[{**CALLER, "client_id": "a:b"}]), "INTROSPECTION_CALLERS[0].client_id must not hold a colon"),
    (settings(CALLERS=[{**CALLER, "secret_sha256": ["secret"]}]), "INTROSPECTION_CALLERS[0].secret_sha256 must hold SHA-256"),
    (settings(CALLERS=[{**CALLER, "secret_sha256": []}]), "INTROSPECTION_CALLERS[0].secret_sha256 must not be empty"),
    (settings(CALLERS=[{**CALLER, "audiences": []}]), "INTROSPECTION_CALLERS[0].audiences must not be empty"),
    (settings(CALLERS=[{**CALLER, "audiences": "api://one"}]), "INTROSPECTION_CALLERS[0].audiences must be a list of strings"),
    (settings(CALLERS=[{**CALLER, "audiences": ["https://graph.microsoft.com"]}]), "a switch of its own"),
    (settings(CALLERS=[{**CALLER, "claims": ["active"]}]), "INTROSPECTION_CALLERS[0].claims must not hold 'active'"),
    (settings(CALLERS=[{**CALLER, "roles_as_scope": "yes"}]), "INTROSPECTION_CALLERS[0].roles_as_scope must be true or false"),
    (settings(CALLERS=[{**CALLER, "secret": "plain"}]), "INTROSPECTION_CALLERS[0].secret is not known"),
    (settings(CALLERS=[CALLER, CALLER]), "two callers are named 'gateway'"),
    (settings(BEARER_CALLERS=[{"name": "x", "role": "r", "audiences": ["a"]}]), "options.bearer_audiences is missing"),
    (settings(BEARER_CALLERS=[{"name": "x", "audiences": ["a"]}]), "INTROSPECTION_BEARER_CALLERS[0].role is missing"),
    (settings(OPTIONS={"accept_tokens_for_microsoft_graph": True}), "INTROSPECTION_OPTIONS.microsoft_graph_clients is missing"),
    (settings(OPTIONS={"microsoft_graph_clients": ["c"]}), "INTROSPECTION_OPTIONS.accept_tokens_for_microsoft_graph is missing"),
    (settings(OPTIONS={"allow_gett": True}), "INTROSPECTION_OPTIONS.allow_gett is not known"),
    (settings(OPTIONS={"cache_size": -1}), "INTROSPECTION_OPTIONS.cache_size must be an integer from 0"),
    (settings(OPTIONS={"cache_size": True}), "INTROSPECTION_OPTIONS.cache_size must be an integer"),
    (settings(OPTIONS={"revocation": {"mode": "all"}}), "INTROSPECTION_OPTIONS.revocation.mode must be one of"),
    (settings(OPTIONS={"keys": {"soft": 7200, "hard": 3600}}), "INTROSPECTION_OPTIONS.keys.hard must be an integer from 7200"),
    (
        settings(TENANTS=[TENANT, SECOND_TENANT], OPTIONS={"revocation": {"mode": "client"}}),
        "options.revocation.tenant_id is missing",
    ),
    (settings(SIGNING_KEYS="nonsense"), "INTROSPECTION_SIGNING_KEYS is not JSON"),
    (settings(SIGNING_KEYS=["nonsense"]), "INTROSPECTION_SIGNING_KEYS: the signing key is not"),
    (settings(SIGNING_KEYS={"a": 1}), "INTROSPECTION_SIGNING_KEYS must be"),
]


@pytest.mark.parametrize(("values", "message"), WRONG, ids=[message for _, message in WRONG])
def test_names_the_member_at_fault(values: dict[str, str], message: str) -> None:
    """An operator reads the message, not the code."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared below, as plain text
        read_configuration(values, tenant_id=TENANT)
    assert message in str(caught.value)


@pytest.mark.duty(45)
def test_secrets_show_in_no_representation_and_no_message() -> None:
    """Not the digest either, which could be guessed against."""
    read = read_configuration(settings(CALLERS=[CALLER]), tenant_id=TENANT)
    assert DIGEST not in repr(read)
    assert bytes.fromhex(DIGEST).hex() not in repr(read.callers[0])
    with pytest.raises(ValueError, match="not JSON") as caught:
        read_configuration({"INTROSPECTION_CALLERS": f'[{{"secret_sha256": "{DIGEST}"'})
    assert DIGEST not in str(caught.value)


def test_the_graph_audience_is_refused_in_code_too() -> None:
    """The switch can't be walked around by a caller's list of audiences."""
    caller = SecretCaller(Caller("x", frozenset({"00000003-0000-0000-c000-000000000000"})), (b"",))
    with pytest.raises(ValueError, match="a switch of its own"):
        IntrospectionConfiguration(callers=(caller,))


def test_signed_answers_need_the_bridges_own_name() -> None:
    """RFC 9701 section 5: iss is required."""
    with pytest.raises(ValueError, match="issuer is missing"):
        IntrospectionConfiguration(signing_keys=("x",))
