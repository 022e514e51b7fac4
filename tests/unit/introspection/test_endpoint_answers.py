"""The endpoint's answers: what they say, what is remembered, and for whom."""

# ruff: noqa: F811 - fixtures are imported under the names by which tests ask for them

import json
import logging
from copy import replace

import pytest

from shared.errors import (
    OAuthError,
)
from shared.http.message import error_response
from shared.introspection.configuration import Caller, IntrospectionOptions
from shared.introspection.endpoint import Introspection
from tests.unit.introspection.authority import API, ORIGIN, SECOND_TENANT, TENANT, Authority
from tests.unit.introspection.deployment import (
    AUDIENCES,
    GATEWAY,
    NOW,
    SECRET,
    basic,
    configuration,
    introspect_request,
    introspection,
    secret_caller,
)
from tests.unit.introspection.test_endpoint import GOOD, INACTIVE, deployed, is_active, token, with_options  # noqa: F401 - a fixture
from tests.unit.introspection.tokens import CLIENT, make_token


@pytest.mark.duty(102, 109)
def test_e15_a_token_for_another_callers_audience_is_inactive(token: str) -> None:
    """RFC 7662 section 4, RFC 9700 section 2.3: each gateway sees the tokens of its own APIs."""
    other = secret_caller(Caller("other", frozenset({"api://other"})), "other-secret")
    deployed = introspection(replace(configuration(), callers=(*configuration().callers, other)))
    assert is_active(deployed, introspect_request(token))
    assert deployed.handle(introspect_request(token, authorization=basic("other", "other-secret")), NOW).body == INACTIVE


@pytest.mark.duty(103, 115)
def test_e16_an_inactive_answer_says_nothing_else(deployed: Introspection) -> None:
    """RFC 7662 section 2.2."""
    answer = deployed.handle(introspect_request("nonsense"), NOW)
    assert (answer.status, answer.body) == (200, INACTIVE)


@pytest.mark.duty(118)
def test_e17_no_answer_may_be_stored(deployed: Introspection, token: str) -> None:
    """RFC 7662 section 4; the media type has no charset, which some MuleSoft policies misread."""
    for answer in (
        deployed.handle(introspect_request(token), NOW),
        deployed.handle(introspect_request(token), NOW),
        deployed.handle(introspect_request("nonsense"), NOW),
    ):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Type"] == "application/json"
    with pytest.raises(OAuthError) as caught:
        deployed.handle(introspect_request(body=""), NOW)
    assert error_response(caught.value).headers["Cache-Control"] == "no-store"


@pytest.mark.duty(97, 45)
def test_e18_neither_secrets_nor_tokens_are_logged_or_shown(
    deployed: Introspection, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    """RFC 7662 section 4: not in logs, errors or representations."""
    caplog.set_level(logging.DEBUG)
    wrong = make_token({"claims": {"aud": "another"}}, NOW)
    deployed.handle(introspect_request(wrong), NOW)
    said = caplog.text + repr(configuration()) + repr(introspect_request(token))
    with pytest.raises(OAuthError) as caught:
        deployed.handle(introspect_request(token, authorization=basic(secret="guess-of-a-secret")), NOW)
    said += repr(caught.value) + error_response(caught.value).body.decode() + caught.value.detail
    # Which key signed it and whose it is: of a token that is genuine and meant for somebody else, that is the answer.
    [line] = [line for line in caplog.messages if "reason=audience" in line]
    assert "kid=-" not in line
    assert "another" in line
    for secret in (wrong.split(".")[2], token.split(".")[2], SECRET, "guess-of-a-secret"):
        assert secret not in said


@pytest.mark.duty(118, 105)
def test_e19_a_token_seen_before_is_inactive_from_its_expiry_on(token: str) -> None:
    """RFC 7662 section 4: what is remembered never outlives exp."""
    deployed = introspection(with_options(cache_ttl=3600))
    short = make_token({"claims": {"exp": {"now": 30}}}, NOW)
    for elapsed in (0, 1, 2, 29):
        assert is_active(deployed, introspect_request(short), NOW + elapsed)
    assert deployed.remembered == 1
    assert not is_active(deployed, introspect_request(short), int(NOW) + 30)


@pytest.mark.duty(118)
def test_a_remembered_answer_is_not_given_to_a_clock_that_went_back(token: str) -> None:
    """What is valid from its nbf on isn't valid before, whatever was answered in between."""
    deployed = introspection()
    assert all(is_active(deployed, introspect_request(token), NOW) for _ in range(3))
    assert deployed.remembered == 1
    assert not is_active(deployed, introspect_request(token), NOW - 1000)


@pytest.mark.duty(108)
def test_e20_a_token_seen_before_is_inactive_once_its_key_is_withdrawn(token: str) -> None:
    """RFC 7662 section 4: a withdrawn key vouches for nothing, remembered or not."""
    authority = Authority()
    deployed = introspection(with_options(cache_ttl=3600), authority)
    late = make_token({"claims": {"exp": {"now": 20_000}}}, NOW)
    assert all(is_active(deployed, introspect_request(late), NOW) for _ in range(3))
    assert deployed.remembered == 1
    authority.keys = [key for key in authority.keys if key["kid"] != "current"]
    assert is_active(deployed, introspect_request(late), NOW + 3599)
    deployed.handle(introspect_request(late), NOW + 3601)  # soft lifetime over: this one renews in the background
    assert is_active(deployed, introspect_request(late), NOW + 3601 + 599)  # rollovers flap, so it stays for ten minutes
    assert not is_active(deployed, introspect_request(late), NOW + 3601 + 600)


@pytest.mark.duty(108)
def test_a_token_with_another_signature_is_not_taken_for_one_seen_before(token: str) -> None:
    """The remembered answer is for header, payload and signature together."""
    deployed = introspection()
    assert all(is_active(deployed, introspect_request(token)) for _ in range(3))
    assert deployed.remembered == 1
    forged = token.rpartition(".")[0] + "." + make_token({"claims": {"uti": "other"}}, NOW).rpartition(".")[2]
    assert not is_active(deployed, introspect_request(forged))
    assert is_active(deployed, introspect_request(token))


@pytest.mark.duty(117)
def test_a_remembered_answer_is_kept_apart_for_each_caller(token: str) -> None:
    """RFC 7662 section 2.2: answers may differ by caller."""
    curious = secret_caller(Caller("curious", AUDIENCES, claims=("tid", "username"), roles_as_scope=True), "s")
    deployed = introspection(replace(configuration(), callers=(*configuration().callers, curious)))
    plain = [json.loads(deployed.handle(introspect_request(token), NOW).body) for _ in range(3)]
    asked = introspect_request(token, authorization=basic("curious", "s"))
    more = [json.loads(deployed.handle(asked, NOW).body) for _ in range(3)]
    assert plain[0] == plain[1] == plain[2]
    assert "tid" not in plain[0]
    assert more[0] == more[1] == more[2]
    assert deployed.remembered == 2
    assert more[0]["tid"]
    assert more[0]["scope"] == "Orders.Read.All"
    assert "scope" not in plain[0]


@pytest.mark.duty(119)
def test_the_memory_of_answers_is_bounded() -> None:
    """Any number of tokens leaves at most cache_size answers behind; none when it is zero."""
    for size in (0, 3):
        deployed = introspection(with_options(cache_size=size))
        for index in range(8):
            once = introspect_request(make_token({"claims": {"uti": str(index)}}, NOW))
            assert all(is_active(deployed, once) for _ in range(3))
        assert deployed.remembered == size
        deployed.forget()
        assert deployed.remembered == 0


@pytest.mark.duty(119)
def test_a_token_that_comes_once_leaves_nothing_behind(token: str) -> None:
    """Gateways that remember on their own ask once; their tokens push nobody else's out."""
    deployed = introspection()
    for index in range(20):
        assert is_active(deployed, introspect_request(make_token({"claims": {"uti": str(index)}}, NOW)))
    assert deployed.remembered == 0
    for _ in range(3):
        assert is_active(deployed, introspect_request(token))
    assert deployed.remembered == 1


@pytest.mark.duty(100, 117)
def test_a_caller_with_a_list_of_clients_sees_no_other_clients_tokens(token: str) -> None:
    """RFC 7662 section 4: a caller learns only of tokens that concern it."""
    caller = Caller(GATEWAY, AUDIENCES, clients=frozenset({"another"}))
    deployed = introspection(replace(configuration(), callers=(secret_caller(caller),)))
    assert not is_active(deployed, introspect_request(token))


@pytest.mark.duty(116)
def test_client_id_is_what_registration_returned_byte_for_byte(deployed: Introspection) -> None:
    """MuleSoft, Kong and WSO2 look the contract up by it; Entra itself names it azp or appid."""
    for template in ("v2_app", "v2_user", "v1_app", "v1_user"):
        answer = json.loads(deployed.handle(introspect_request(make_token({"template": template}, NOW)), NOW).body)
        assert answer["client_id"] == CLIENT


@pytest.mark.duty(115, 116, 117)
def test_the_answer_holds_the_least_that_gateways_need(deployed: Introspection) -> None:
    """RFC 7662 section 2.2 for the members; names and object ids only for callers that list them."""
    answer = json.loads(deployed.handle(introspect_request(make_token({"template": "v2_user"}, NOW)), NOW).body)
    assert set(answer) == {"active", "scope", "client_id", "token_type", "exp", "iat", "nbf", "sub", "aud", "iss", "jti"}
    assert answer["aud"] == API
    assert [type(answer[name]) for name in ("active", "scope", "exp", "iat", "nbf", "aud")] == [bool, str, int, int, int, str]


@pytest.mark.duty(116, 117)
@pytest.mark.parametrize(
    ("template", "expected"), [("v2_user", "ada@example.com"), ("v1_user", "ada@example.com"), ("v2_app", None)]
)
def test_a_caller_that_lists_username_gets_it_where_there_is_a_user(template: str, expected: str | None) -> None:
    """RFC 7662 section 2.2: for display; Entra names it by version."""
    caller = Caller(GATEWAY, AUDIENCES, claims=("username", "oid", "absent"))
    deployed = introspection(replace(configuration(), callers=(secret_caller(caller),)))
    answer = json.loads(deployed.handle(introspect_request(make_token({"template": template}, NOW)), NOW).body)
    assert answer.get("username") == expected
    assert answer["oid"]
    assert "absent" not in answer


@pytest.mark.duty(116, 117)
@pytest.mark.parametrize("template", ["v1_app", "v2_app", "v1_user", "v2_user"])
def test_a_caller_gets_client_claims_under_the_name_that_it_lists_whichever_version_the_token_has(template: str) -> None:
    """v1 tokens say appid and appidacr, v2 tokens azp and azpacr."""
    caller = Caller(GATEWAY, AUDIENCES, claims=("azp", "appid", "azpacr", "appidacr"))
    deployed = introspection(replace(configuration(), callers=(secret_caller(caller),)))
    answer = json.loads(deployed.handle(introspect_request(make_token({"template": template}, NOW)), NOW).body)
    assert (answer["azp"], answer["appid"]) == (CLIENT, CLIENT)
    assert answer["azpacr"] == answer["appidacr"]
    only = introspection(replace(configuration(), callers=(secret_caller(Caller(GATEWAY, AUDIENCES, claims=("azp",))),)))
    answer = json.loads(only.handle(introspect_request(make_token({"template": template}, NOW)), NOW).body)
    assert "appid" not in answer


def test_a_claim_that_is_there_wins_over_the_other_versions_name() -> None:
    """A v2 token may carry appid as an optional claim of its own."""
    caller = Caller(GATEWAY, AUDIENCES, claims=("appid",))
    deployed = introspection(replace(configuration(), callers=(secret_caller(caller),)))
    token = make_token({"claims": {"appid": "its own"}}, NOW)
    assert json.loads(deployed.handle(introspect_request(token), NOW).body)["appid"] == "its own"


@pytest.mark.duty(115)
@pytest.mark.parametrize("template", ["v1_app", "v2_app"])
def test_an_empty_scope_is_left_out(template: str) -> None:
    """RFC 7662 section 2.2: optional; RFC 6749 section 3.3 has no empty scope string."""
    deployed = introspection()
    answer = json.loads(deployed.handle(introspect_request(make_token({"template": template}, NOW)), NOW).body)
    assert "scope" not in answer
    assert answer["roles"]


@pytest.mark.duty(100, 117)
def test_a_caller_that_is_limited_to_tenants_sees_no_other_tenants_tokens(caplog: pytest.LogCaptureFixture) -> None:
    """A shared API whose gateway serves one customer."""
    caplog.set_level(logging.INFO)
    second = {
        "claims": {"iss": f"{ORIGIN}/{SECOND_TENANT}/v2.0", "tid": SECOND_TENANT},
        "header": {"kid": "second_tenant"},
        "key": "second_tenant",
    }
    for tenants, expected in (
        (None, (True, True)),
        (frozenset({TENANT}), (True, False)),
        (frozenset({SECOND_TENANT}), (False, True)),
        (frozenset({TENANT, SECOND_TENANT}), (True, True)),
    ):
        caller = secret_caller(Caller(GATEWAY, AUDIENCES, tenants=tenants))
        deployed = introspection(replace(configuration(), callers=(caller,)))
        own, other = (introspect_request(make_token(case, NOW)) for case in (GOOD, second))
        for _ in range(3):
            assert (is_active(deployed, own), is_active(deployed, other)) == expected
    assert "reason=tenant_not_allowed" in caplog.text


@pytest.mark.duty(115)
def test_roles_join_the_scope_only_for_a_caller_that_asks() -> None:
    """A role named like a scope would otherwise pass a gateway's scope check."""
    case = {"template": "v2_user", "claims": {"roles": ["Orders.Admin", "Orders.Read", "two words", ""]}}
    caller = Caller(GATEWAY, AUDIENCES, roles_as_scope=True)
    deployed = introspection(replace(configuration(), callers=(secret_caller(caller),)))
    answer = json.loads(deployed.handle(introspect_request(make_token(case, NOW)), NOW).body)
    assert answer["scope"] == "Orders.Read Orders.Write Orders.Admin"
    assert answer["roles"] == ["Orders.Admin", "Orders.Read", "two words", ""]


@pytest.mark.duty(109)
def test_a_caller_that_asks_for_cnf_gets_bound_tokens_as_active() -> None:
    """RFC 8705 section 3.2: such a caller checks the proof itself."""
    caller = Caller(GATEWAY, AUDIENCES, claims=("cnf",))
    deployed = introspection(replace(configuration(), callers=(secret_caller(caller),)))
    bound = make_token({"claims": {"cnf": {"x5t#S256": "x"}}}, NOW)
    assert json.loads(deployed.handle(introspect_request(bound), NOW).body)["cnf"] == {"x5t#S256": "x"}


def test_options_default_to_the_safe_side() -> None:
    """What opens the endpoint further must be turned on by name."""
    options = IntrospectionOptions()
    assert (options.allow_get, options.graph_clients, options.revocation.mode) == (
        False,
        None,
        "off",
    )
