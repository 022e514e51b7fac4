"""Callers that bring an Entra access token of their own, and how secrets are compared."""

import json
from copy import replace

import pytest

from shared.errors import InsufficientScope, InvalidClient, InvalidRequest, InvalidToken
from shared.http.message import error_response
from shared.introspection.callers import CallerAuthentication
from shared.introspection.configuration import BearerCaller, Caller, IntrospectionConfiguration
from shared.introspection.endpoint import Introspection
from tests.unit.introspection.authority import CUSTOM_KEY_APPLICATION, ORIGIN, SECOND_TENANT, TENANT
from tests.unit.introspection.deployment import (
    AUDIENCES,
    GATEWAY,
    NOW,
    SECRET,
    configuration,
    introspect_request,
    introspection,
    secret_caller,
)
from tests.unit.introspection.tokens import Case, make_token

BRIDGE = "api://bridge"
BY_APPLICATION_KEY: Case = {"header": {"kid": "application"}, "key": "application"}
BY_SECOND_TENANT: Case = {"header": {"kid": "second_tenant"}, "key": "second_tenant"}
OF_SECOND_TENANT = {"iss": f"{ORIGIN}/{SECOND_TENANT}/v2.0", "tid": SECOND_TENANT}
OWN = {"claims": {"aud": BRIDGE, "roles": ["Other", "Tokens.Introspect"]}}


@pytest.fixture(scope="module")
def deployed() -> Introspection:
    usual = configuration()
    caller = BearerCaller(Caller("oathkeeper", AUDIENCES, claims=("tid",)), "Tokens.Introspect")
    options = replace(usual.options, bearer_audiences=frozenset({BRIDGE}), bearer_tenants=frozenset({TENANT}))
    return introspection(replace(usual, bearer_callers=(caller,), options=options))


def bearer(case: Case) -> str:
    return "Bearer " + make_token(case, NOW)


@pytest.mark.duty(99, 100)
def test_takes_an_entra_token_for_the_bridge_with_the_app_role(deployed: Introspection) -> None:
    """RFC 7662 section 2.1: a separate access token; Oathkeeper and managed identities have nothing else."""
    answer = deployed.handle(introspect_request(make_token({}, NOW), authorization=bearer(OWN)), NOW)
    assert json.loads(answer.body)["active"] is True
    assert json.loads(answer.body)["tid"]


@pytest.mark.duty(101)
@pytest.mark.parametrize(
    "case",
    [
        {"claims": {"roles": ["Tokens.Introspect"]}},
        {"claims": {"aud": BRIDGE, "roles": ["Tokens.Introspect"], "exp": {"now": -1}}},
        {"claims": {"aud": BRIDGE, "roles": ["Tokens.Introspect"]}, "key": "foreign"},
        {"claims": {"aud": BRIDGE, "roles": ["Tokens.Introspect"], "cnf": {"kid": "x"}}},
        {"claims": {"aud": BRIDGE, "roles": "Tokens.Introspect"}},
        {"template": "id_token", "claims": {"aud": BRIDGE, "roles": ["Tokens.Introspect"]}},
        {"claims": {"aud": BRIDGE, "roles": ["Tokens.Introspect"]}, **BY_APPLICATION_KEY},
        {"claims": {"aud": CUSTOM_KEY_APPLICATION, "roles": ["Tokens.Introspect"]}, **BY_APPLICATION_KEY},
        {"claims": {"aud": BRIDGE, "roles": ["Tokens.Introspect"], **OF_SECOND_TENANT}, **BY_SECOND_TENANT},
        {"token": "opaque"},
        {"token": ""},
    ],
    ids=str,
)
def test_answers_401_invalid_token_to_a_bad_bearer(deployed: Introspection, case: Case) -> None:
    """RFC 7662 section 2.3, RFC 6750 section 3.1."""
    with pytest.raises(InvalidToken) as caught:
        deployed.handle(introspect_request(make_token({}, NOW), authorization=bearer(case)), NOW)
    assert error_response(caught.value).status == 401
    assert 'error="invalid_token"' in caught.value.headers["WWW-Authenticate"]


@pytest.mark.duty(100)
def test_other_tenants_and_application_keys_open_this_door_only_by_name() -> None:
    """What is trusted for introspection isn't trusted to introspect; an application's own key never is."""
    usual = configuration()
    audiences = frozenset({BRIDGE, CUSTOM_KEY_APPLICATION})
    caller = BearerCaller(Caller("oathkeeper", AUDIENCES), "Tokens.Introspect")
    tenants = frozenset({TENANT, SECOND_TENANT})
    options = replace(usual.options, bearer_audiences=audiences, bearer_tenants=tenants)
    deployed = introspection(replace(usual, bearer_callers=(caller,), options=options))
    roles = {"roles": ["Tokens.Introspect"]}
    second = {"claims": {"aud": BRIDGE, **roles, **OF_SECOND_TENANT}, **BY_SECOND_TENANT}
    token = make_token({}, NOW)
    assert json.loads(deployed.handle(introspect_request(token, authorization=bearer(second)), NOW).body)["active"] is True
    own_key = {"claims": {"aud": CUSTOM_KEY_APPLICATION, **roles}, **BY_APPLICATION_KEY}
    with pytest.raises(InvalidToken):
        deployed.handle(introspect_request(token, authorization=bearer(own_key)), NOW)


@pytest.mark.duty(100)
@pytest.mark.parametrize("roles", [None, [], ["Other"], ["tokens.introspect"], ["Tokens.Introspect.All"]], ids=str)
def test_answers_403_to_a_good_token_without_the_role(deployed: Introspection, roles: list[str] | None) -> None:
    """RFC 7662 section 4: not any valid client may introspect."""
    with pytest.raises(InsufficientScope):
        deployed.handle(introspect_request("x", authorization=bearer({"claims": {"aud": BRIDGE, "roles": roles}})), NOW)


def test_the_token_in_question_does_not_authenticate_its_bearer(deployed: Introspection) -> None:
    """An API's token is no credential for the bridge."""
    token = make_token({}, NOW)
    with pytest.raises(InvalidToken):
        deployed.handle(introspect_request(token, authorization=f"Bearer {token}"), NOW)


def test_refuses_a_bearer_token_beside_a_secret(deployed: Introspection) -> None:
    """RFC 6749 section 2.3: one method a request."""
    body = f"token=x&client_id={GATEWAY}&client_secret={SECRET}"
    with pytest.raises(InvalidRequest):
        deployed.handle(introspect_request(body=body, authorization=bearer(OWN)), NOW)


@pytest.mark.duty(101)
def test_the_challenge_names_both_ways_when_both_exist(deployed: Introspection) -> None:
    """One header line, since the Functions host keeps one value for each name; RFC 9110 section 11.6.1."""
    with pytest.raises(InvalidClient) as caught:
        deployed.handle(introspect_request("x", authorization=None), NOW)
    challenge = caught.value.headers["WWW-Authenticate"]
    assert challenge.startswith("Basic realm=")
    assert ", Bearer realm=" in challenge


@pytest.mark.duty(45)
def test_a_secret_belongs_to_one_client_id() -> None:
    """Right secret, wrong id, and the other way round; empty ones are nobody's."""
    callers = (secret_caller(Caller("one", AUDIENCES), "a", "b"), secret_caller(Caller("two", AUDIENCES), "c"))
    usual = introspection()
    authentication = CallerAuthentication(IntrospectionConfiguration(callers=callers), usual.verifier)

    def find(client_id: bytes, secret: bytes) -> str:
        return authentication.authenticate({}, {b"client_id": client_id, b"client_secret": secret}, NOW)[0].name

    assert [find(b"one", b"a"), find(b"one", b"b"), find(b"two", b"c")] == ["one", "one", "two"]
    for pair in ((b"one", b"c"), (b"two", b"a"), (b"", b"a"), (b"one", b""), (b"ONE", b"a"), (b"three", b"a")):
        with pytest.raises(InvalidClient):
            find(*pair)
