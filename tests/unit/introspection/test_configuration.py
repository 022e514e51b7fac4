"""The settings of introspection: read strictly, refused by name, never repeated."""

import json
from hashlib import sha256
from typing import Any

import pytest

from shared.environment import Environment, InvalidSettings
from shared.graph.clouds import CLOUDS, Cloud
from shared.graph.identity import ManagedIdentity
from shared.introspection.configuration import Caller, IntrospectionConfiguration, SecretCaller, TrustedIssuer, TrustedTenant
from shared.introspection.keys import KeyLifetimes
from shared.settings.introspection import read_introspection
from shared.settings.tenant import TenantSettings
from tests.unit.introspection.authority import SECOND_TENANT, TENANT

PUBLIC = CLOUDS["public"]
DIGEST = sha256(b"secret").hexdigest()
CALLER = {"client_id": "gateway", "secret_sha256": [DIGEST], "audiences": ["api://one"]}


def settings(**values: Any) -> dict[str, str]:
    return {f"INTROSPECTION_{name}": value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


def read_configuration(variables: dict[str, str], tenant_id: str = "", cloud: Cloud = PUBLIC) -> IntrospectionConfiguration:
    """The configuration; raises InvalidSettings like the whole bridge."""
    environment = Environment(variables)
    configuration = read_introspection(environment, TenantSettings(tenant_id, cloud, ManagedIdentity(), True))
    environment.done()
    return configuration


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
            CALLERS=[{**CALLER, "clients": ["c"], "claims": ["tid"], "roles_as_scope": True, "tenants": [SECOND_TENANT.upper()]}],
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
                "bearer_tenants": [SECOND_TENANT],
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
    assert read.callers[0].caller == Caller(
        "gateway", frozenset({"api://one"}), frozenset({"c"}), ("tid",), True, frozenset({SECOND_TENANT})
    )
    assert read.bearer_callers[0].role == "Introspect"
    assert read.options.graph_clients == frozenset({"c"})
    assert read.options.revocation.mode == "client+user"
    assert read.options.keys == KeyLifetimes(600, 7200, 300, 10)


def test_nothing_set_trusts_the_bridges_own_tenant_and_nobody_else() -> None:
    """The least that works is the tenant id that registration needs anyway."""
    read = read_configuration({}, tenant_id=TENANT, cloud=CLOUDS["china"])
    assert read.tenants == (TrustedTenant(TENANT, "https://login.partner.microsoftonline.cn"),)
    assert (read.callers, read.issuers, read.bearer_callers) == ((), (), ())
    assert read_configuration({"INTROSPECTION_TENANTS": " "}, tenant_id="").tenants == ()


ISSUER = {"issuer": "https://x.example/", "tenant_id": TENANT, "jwks_uri": "https://x.example/keys"}
WRONG: list[tuple[dict[str, str], str]] = [
    (settings(TENANTS="{"), "INTROSPECTION_TENANTS: is not JSON"),
    (settings(TENANTS={}), "INTROSPECTION_TENANTS: must be a JSON list"),
    (settings(TENANTS=["contoso.onmicrosoft.com"]), "INTROSPECTION_TENANTS: [0] must be a GUID"),
    (settings(TENANTS=["common"]), "INTROSPECTION_TENANTS: [0] must be a GUID"),
    (settings(TENANTS=[{}]), "INTROSPECTION_TENANTS: [0].tenant_id is missing"),
    (settings(TENANTS=[7]), "INTROSPECTION_TENANTS: [0] must be a JSON object"),
    (
        settings(TENANTS=[{"tenant_id": TENANT, "authority": "http://x.example"}]),
        "[0].authority must be an https origin",
    ),
    (
        settings(TENANTS=[{"tenant_id": TENANT, "authority": "https://x.example/common"}]),
        "[0].authority must be an https origin",
    ),
    (
        settings(TENANTS=[{"tenant_id": TENANT, "authority": "https://u@x.example"}]),
        "[0].authority must be an https origin",
    ),
    (settings(TENANTS=[{"tenant_id": TENANT, "versions": ["3.0"]}]), "TENANTS: [0].versions must hold"),
    (settings(TENANTS=[{"tenant_id": TENANT, "tenant": 1}]), "INTROSPECTION_TENANTS: [0].tenant is not known"),
    (settings(TENANTS=[TENANT, TENANT]), "is trusted twice"),
    (settings(ISSUERS=[{**ISSUER, "issuer": "http://x.example/"}]), "INTROSPECTION_ISSUERS: [0].issuer must be an https URL"),
    (
        settings(ISSUERS=[{**ISSUER, "jwks_uri": "file:///etc/passwd"}]),
        "ISSUERS: [0].jwks_uri must be an https URL",
    ),
    (settings(ISSUERS=[{**ISSUER, "version": "3"}]), "INTROSPECTION_ISSUERS: [0].version must be one of: 1.0, 2.0"),
    (settings(CALLERS=[{**CALLER, "client_id": "a:b"}]), "INTROSPECTION_CALLERS: [0].client_id must be a string without colons"),
    (
        settings(CALLERS=[{**CALLER, "secret_sha256": ["secret"]}]),
        "CALLERS: [0].secret_sha256[0] must be a SHA-256",
    ),
    (settings(CALLERS=[{**CALLER, "secret_sha256": []}]), "INTROSPECTION_CALLERS: [0].secret_sha256 must not be empty"),
    (settings(CALLERS=[{**CALLER, "audiences": []}]), "INTROSPECTION_CALLERS: [0].audiences must not be empty"),
    (settings(CALLERS=[{**CALLER, "audiences": "api://one"}]), "INTROSPECTION_CALLERS: [0].audiences must be a JSON list"),
    (settings(CALLERS=[{**CALLER, "audiences": ["https://graph.microsoft.com"]}]), "a switch of its own"),
    (settings(CALLERS=[{**CALLER, "claims": ["active"]}]), "INTROSPECTION_CALLERS: [0].claims must not hold 'active'"),
    (settings(CALLERS=[{**CALLER, "roles_as_scope": "yes"}]), "INTROSPECTION_CALLERS: [0].roles_as_scope must be true or false"),
    (settings(CALLERS=[{**CALLER, "secret": "plain"}]), "INTROSPECTION_CALLERS: [0].secret is not known"),
    (settings(CALLERS=[{**CALLER, "tenants": ["contoso"]}]), "INTROSPECTION_CALLERS: [0].tenants[0] must be a GUID"),
    (
        settings(CALLERS=[{**CALLER, "tenants": [SECOND_TENANT]}]),
        "tenants of 'gateway' hold one whose tokens are not trusted",
    ),
    (settings(OPTIONS={"bearer_tenants": ["x"]}), "INTROSPECTION_OPTIONS: bearer_tenants[0] must be a GUID"),
    (settings(CALLERS=[CALLER, CALLER]), "two callers are named 'gateway'"),
    (
        settings(BEARER_CALLERS=[{"name": "x", "role": "r", "audiences": ["a"]}]),
        "OPTIONS: bearer_audiences is missing",
    ),
    (settings(BEARER_CALLERS=[{"name": "x", "audiences": ["a"]}]), "INTROSPECTION_BEARER_CALLERS: [0].role is missing"),
    (settings(OPTIONS={"accept_tokens_for_microsoft_graph": True}), "INTROSPECTION_OPTIONS: microsoft_graph_clients is missing"),
    (settings(OPTIONS={"microsoft_graph_clients": ["c"]}), "INTROSPECTION_OPTIONS: accept_tokens_for_microsoft_graph is missing"),
    (settings(OPTIONS={"allow_gett": True}), "INTROSPECTION_OPTIONS: allow_gett is not known"),
    (settings(OPTIONS={"cache_size": -1}), "INTROSPECTION_OPTIONS: cache_size must be an integer from 0"),
    (settings(OPTIONS={"cache_size": True}), "INTROSPECTION_OPTIONS: cache_size must be an integer"),
    (settings(OPTIONS={"revocation": {"mode": "all"}}), "INTROSPECTION_OPTIONS: revocation.mode must be one of"),
    (settings(OPTIONS={"keys": {"soft": 7200, "hard": 3600}}), "INTROSPECTION_OPTIONS: keys.hard must be an integer from 7200"),
    (
        settings(TENANTS=[TENANT, SECOND_TENANT], OPTIONS={"revocation": {"mode": "client"}}),
        "INTROSPECTION_OPTIONS: revocation.tenant_id is missing",
    ),
    (
        settings(TENANTS=[TENANT, SECOND_TENANT], CALLERS=[{**CALLER, "grants": "enforce"}]),
        "INTROSPECTION_OPTIONS: revocation.tenant_id is missing",
    ),
    (settings(OPTIONS={"grants": "on"}), "INTROSPECTION_OPTIONS: grants must be one of: off, enforce"),
    (settings(CALLERS=[{**CALLER, "agents": "no"}]), "INTROSPECTION_CALLERS: [0].agents must be one of: pass, refuse"),
    (settings(OPTIONS={"unregistered": "refuse"}), "INTROSPECTION_OPTIONS: unregistered needs grants to be 'enforce'"),
    (settings(CALLERS=[{**CALLER, "unregistered": "refuse"}]), "CALLERS: unregistered of 'gateway' needs grants to be 'enforce'"),
    (settings(SIGNING_KEYS="nonsense"), "INTROSPECTION_SIGNING_KEYS: is not JSON"),
    (settings(SIGNING_KEYS=["nonsense"]), "INTROSPECTION_SIGNING_KEYS: the signing key is not"),
    (settings(SIGNING_KEYS={"a": 1}), "INTROSPECTION_SIGNING_KEYS: must be"),
]


def test_every_wrong_setting_is_named_at_once_with_what_contradicts_another() -> None:
    """An operator mends all of them in one go; what only follows from a wrong one isn't listed."""
    values = settings(
        TENANTS=["contoso"],
        ISSUERS=[{**ISSUER, "version": "3"}],
        CALLERS=[CALLER, {**CALLER, "tenants": [SECOND_TENANT]}],
        BEARER_CALLERS=[{"name": "mi", "role": "r", "audiences": ["https://graph.microsoft.com"]}],
        OPTIONS={"revocation": {"mode": "client"}},
        SIGNING_KEYS=["nonsense"],
    )
    with pytest.raises(InvalidSettings) as caught:
        read_configuration(values, tenant_id=TENANT)
    assert {problem.name: problem.expected for problem in caught.value.problems} == {
        "INTROSPECTION_TENANTS": "[0] must be a GUID",
        "INTROSPECTION_ISSUERS": "[0].version must be one of: 1.0, 2.0",
        "INTROSPECTION_CALLERS": "two callers are named 'gateway'",
        "INTROSPECTION_BEARER_CALLERS": "the audiences of 'mi' hold Microsoft Graph's, which has a switch of its own",
        "INTROSPECTION_OPTIONS": "bearer_audiences is missing: bearer callers need the audience that their tokens are for",
        "INTROSPECTION_SIGNING_KEYS": "the signing key is not an unencrypted private key in PEM",
    }


def test_what_follows_from_a_wrong_setting_is_not_a_problem_of_another() -> None:
    """The tenants can't be read, so nothing is said of a caller that is limited to one of them."""
    values = settings(TENANTS=["contoso"], CALLERS=[{**CALLER, "tenants": [SECOND_TENANT]}])
    with pytest.raises(InvalidSettings) as caught:
        read_configuration(values, tenant_id=TENANT)
    assert [problem.name for problem in caught.value.problems] == ["INTROSPECTION_TENANTS"]


def test_bearer_callers_are_of_the_bridges_own_tenant_unless_others_are_named() -> None:
    """Trust for introspection opens no door."""
    assert read_configuration({}, tenant_id=TENANT).options.bearer_tenants == {TENANT}
    named = read_configuration(settings(OPTIONS={"bearer_tenants": [SECOND_TENANT.upper()]}), tenant_id=TENANT)
    assert named.options.bearer_tenants == {SECOND_TENANT}


def test_a_gateway_that_says_nothing_of_grants_and_agents_has_what_the_options_say() -> None:
    """And its own word wins."""
    callers = [{**CALLER, "grants": "off", "agents": "pass"}, {**CALLER, "client_id": "other"}]
    options = {"grants": "enforce", "unregistered": "refuse", "agents": "refuse"}
    read = read_configuration(settings(CALLERS=callers, OPTIONS=options), tenant_id=TENANT)
    own, usual = (entry.caller for entry in read.callers)
    assert [read.options.grants_for(own), read.options.agents_for(own)] == ["off", "pass"]
    assert [read.options.grants_for(usual), read.options.unregistered_for(usual), read.options.agents_for(usual)] == [
        *options.values()
    ]
    assert read.asks_directory
    strict = read_configuration(settings(CALLERS=[{**CALLER, "grants": "enforce", "unregistered": "refuse"}]), tenant_id=TENANT)
    assert [strict.options.unregistered_for(entry.caller) for entry in strict.callers] == ["refuse"]
    assert not read_configuration(settings(CALLERS=callers[:1], OPTIONS=options), tenant_id=TENANT).asks_directory
    assert not read_configuration(settings(CALLERS=[CALLER]), tenant_id=TENANT).asks_directory


@pytest.mark.parametrize(("values", "message"), WRONG, ids=[message for _, message in WRONG])
def test_names_the_member_at_fault(values: dict[str, str], message: str) -> None:
    """An operator reads the message, not the code."""
    with pytest.raises(InvalidSettings) as caught:
        read_configuration(values, tenant_id=TENANT)
    assert message in str(caught.value)


@pytest.mark.duty(45)
def test_secrets_show_in_no_representation_and_no_message() -> None:
    """Not the digest either, which could be guessed against."""
    read = read_configuration(settings(CALLERS=[CALLER]), tenant_id=TENANT)
    assert DIGEST not in repr(read)
    assert bytes.fromhex(DIGEST).hex() not in repr(read.callers[0])
    with pytest.raises(InvalidSettings, match="not JSON") as caught:
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
