"""What makes a token one of Entra's access tokens, rule by rule and at each rule's border."""

from typing import Any

import pytest

from shared.introspection.claims import (
    LATEST,
    SKEW,
    agent_of,
    audience_of,
    check_access_token,
    check_lifetime,
    check_tenant,
    check_times,
    is_for_a_user,
    roles_of,
    scope_of,
)
from shared.introspection.reasons import Reason, Refused

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
NOW = 1_795_341_600
NAMED: dict[str, Any] = {"tid": TENANT, "ver": "2.0"}
TIMES: dict[str, Any] = {"exp": NOW + 3600, "nbf": NOW - 300, "iat": NOW - 300}


def refusal(check: Any, *arguments: Any) -> Reason | None:
    try:
        check(*arguments)
    except Refused as refused:
        return refused.reason
    return None


@pytest.mark.parametrize("spelling", ["Tid", "tId", "tiD", "TId", "tID", "TiD", "TID"])
def test_a_tenant_is_spelt_once(spelling: str) -> None:
    assert refusal(check_tenant, {**NAMED, spelling: TENANT}, TENANT, "2.0") is Reason.TENANT
    assert refusal(check_tenant, {**NAMED, f"x{spelling}": TENANT}, TENANT, "2.0") is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"tid": TENANT.upper()}, Reason.TENANT),
        ({"tid": None}, Reason.TENANT),
        ({"ver": "1.0"}, Reason.VERSION),
        ({"ver": 2.0}, Reason.VERSION),
        ({"ver": None}, Reason.VERSION),
    ],
)
def test_tenant_and_version_are_those_of_the_issuer(changes: dict[str, Any], reason: Reason | None) -> None:
    assert refusal(check_tenant, {**NAMED, **changes}, TENANT, "2.0") is reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"exp": NOW + 1}, None),
        ({"exp": NOW}, Reason.EXPIRED),
        ({"nbf": NOW + SKEW}, None),
        ({"nbf": NOW + SKEW + 1}, Reason.NOT_YET_VALID),
        ({"iat": NOW + SKEW}, None),
        ({"iat": NOW + SKEW + 1}, Reason.ISSUED_IN_THE_FUTURE),
        ({"exp": LATEST - 1}, None),
        ({"nbf": 0, "iat": 0}, None),
        *(({name: value}, Reason.TIME_MALFORMED) for name in TIMES for value in (None, True, "1", 1.5, LATEST, -1, [1])),
    ],
)
def test_times_are_integers_that_hold_now(changes: dict[str, Any], reason: Reason | None) -> None:
    assert refusal(check_times, {**TIMES, **changes}, NOW, None) is reason


def test_the_end_comes_back() -> None:
    assert check_times(TIMES, NOW, None) == NOW + 3600


def test_a_lifetime_counts_from_issuing_and_may_be_reached() -> None:
    assert refusal(check_times, TIMES, NOW, 3900) is None
    assert refusal(check_times, TIMES, NOW, 3899) is Reason.LIFETIME
    assert refusal(check_times, {**TIMES, "nbf": NOW}, NOW, 3899) is Reason.LIFETIME
    assert refusal(check_lifetime, {"exp": "3", "iat": 1}, 100) is Reason.LIFETIME
    assert refusal(check_lifetime, {"exp": 3, "iat": 1.0}, 100) is Reason.LIFETIME


@pytest.mark.parametrize(("version", "name", "method"), [("1.0", "appid", "appidacr"), ("2.0", "azp", "azpacr")])
def test_an_access_token_names_its_client_and_how_that_proved_itself(version: str, name: str, method: str) -> None:
    claims: dict[str, Any] = {name: "A-client", method: "1", "sub": "somebody"}
    assert check_access_token(claims, version) == "A-client"
    for changes, reason in (
        ({name: ""}, Reason.NOT_FOR_ACCESS),
        ({name: None}, Reason.NOT_FOR_ACCESS),
        ({name: 1}, Reason.NOT_FOR_ACCESS),
        ({method: None}, Reason.NOT_FOR_ACCESS),
        ({method: 1}, Reason.NOT_FOR_ACCESS),
        ({"sub": None}, Reason.SUBJECT_MALFORMED),
        ({"sub": ""}, Reason.SUBJECT_MALFORMED),
        ({"sub": 1}, Reason.SUBJECT_MALFORMED),
    ):
        assert refusal(check_access_token, {**claims, **changes}, version) is reason
    assert refusal(check_access_token, claims, {"1.0": "2.0", "2.0": "1.0"}[version]) is Reason.NOT_FOR_ACCESS


def test_scopes_roles_and_audience_have_entras_types() -> None:
    assert (scope_of({}), scope_of({"scp": "a b"})) == ("", "a b")
    assert refusal(scope_of, {"scp": ["a"]}) is Reason.SCOPE_MALFORMED
    assert refusal(scope_of, {"scp": None}) is Reason.SCOPE_MALFORMED
    assert (roles_of({}), roles_of({"roles": []}), roles_of({"roles": ["a", "b"]})) == ([], [], ["a", "b"])
    for wrong in ("a", {"a": 1}, ["a", 1], 0, False):
        assert refusal(roles_of, {"roles": wrong}) is Reason.SCOPE_MALFORMED
    assert audience_of({"aud": "api://one"}) == "api://one"
    for text in (None, "", ["api://one"], 1):
        assert refusal(audience_of, {"aud": text}) is Reason.AUDIENCE_MALFORMED


@pytest.mark.parametrize(
    ("claims", "user"),
    [
        ({"idtyp": "app", "scp": "a"}, False),
        ({"idtyp": "APP", "oid": "1", "sub": "2"}, False),
        ({"idtyp": "user", "oid": "1", "sub": "1"}, True),
        ({"idtyp": 1, "oid": "1", "sub": "1"}, False),
        ({"oid": "1", "sub": "1"}, False),
        ({"oid": "1", "sub": "2"}, True),
        ({"sub": "2"}, True),
        ({"scp": "", "oid": "1", "sub": "1"}, True),
    ],
)
def test_whether_a_user_stands_behind_a_token(claims: dict[str, Any], *, user: bool) -> None:
    assert is_for_a_user(claims) is user


@pytest.mark.parametrize(
    ("claims", "agent"),
    [
        ({}, None),
        ({"xms_act_fct": "1 9"}, None),
        ({"xms_sub_fct": "111 13x"}, None),
        ({"xms_sub_fct": "9 13"}, {"kind": "agent_user"}),
        ({"xms_sub_fct": 13}, {"kind": "agent_user"}),
        ({"xms_sub_fct": True}, None),
        ({"xms_sub_fct": ["13"]}, None),
        ({"xms_act_fct": "9 11"}, {"kind": "agent_identity"}),
        ({"xms_act_fct": 11}, {"kind": "agent_identity"}),
        ({"xms_act_fct": "13"}, None),
        ({"xms_sub_fct": "11"}, {"kind": "agent_identity"}),
        ({"xms_par_app_azp": "b"}, {"kind": "agent_identity", "blueprint": "b"}),
        ({"xms_par_app_azp": "b", "xms_sub_fct": "13"}, {"kind": "agent_user", "blueprint": "b"}),
        ({"xms_par_app_azp": 7}, {"kind": "agent_identity"}),
    ],
)
def test_an_agent_is_known_by_its_facets_or_its_blueprint(claims: dict[str, Any], agent: dict[str, Any] | None) -> None:
    assert agent_of(claims) == agent
