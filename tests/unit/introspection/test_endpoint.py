"""The endpoint as a caller sees it: who may ask, in which form, and what the answers look like."""

import json
import logging
from copy import replace
from urllib.parse import quote, urlencode

import pytest

from shared.errors import (
    InvalidClient,
    InvalidRequest,
    LengthRequired,
    MethodNotAllowed,
    OAuthError,
    PayloadTooLarge,
    TemporarilyUnavailable,
    UnsupportedMediaType,
)
from shared.http.message import Request, error_response
from shared.introspection.configuration import Caller, IntrospectionConfiguration, IntrospectionOptions
from shared.introspection.endpoint import Introspection
from shared.introspection.jws import MAX_TOKEN
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
from tests.unit.introspection.tokens import CLIENT, make_token

INACTIVE = b'{"active":false}'
GOOD: dict[str, object] = {}


@pytest.fixture(scope="module")
def deployed() -> Introspection:
    return introspection()


@pytest.fixture(scope="module")
def token() -> str:
    return make_token(GOOD, NOW)


def with_options(**options: object) -> IntrospectionConfiguration:
    usual = configuration()
    return replace(usual, options=replace(usual.options, **options))  # type: ignore[arg-type]


def is_active(deployed: Introspection, request: Request, now: float = NOW) -> bool:
    answer = deployed.handle(request, now)
    assert answer.status == 200
    active: bool = json.loads(answer.body)["active"]
    return active


@pytest.mark.duty(99)
def test_e01_answers_401_to_a_caller_without_credentials(deployed: Introspection, token: str) -> None:
    """RFC 7662 section 2.1, RFC 6749 section 5.2: invalid_client with a challenge."""
    with pytest.raises(InvalidClient) as caught:
        deployed.handle(introspect_request(token, authorization=None), NOW)
    answer = error_response(caught.value)
    assert answer.status == 401
    assert json.loads(answer.body)["error"] == "invalid_client"
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.duty(101)
@pytest.mark.parametrize(
    "authorization",
    [
        basic(secret="wrong"),
        basic(client_id="nobody"),
        basic(secret=""),
        basic(client_id=""),
        "Basic !!!!",
        "Basic Z2F0ZXdheQ==",  # no colon
        "Basic",
        "Basic ",
        "Basic Z2F0ZXdheTpz, Basic Z2F0ZXdheTpz",
        "Bearer abc.def.ghi",
        "Digest username=gateway",
        "",
        " ",
        "Basic é",
    ],
)
def test_e02_e03_answers_401_to_wrong_or_unreadable_credentials(deployed: Introspection, token: str, authorization: str) -> None:
    """RFC 7662 section 2.3."""
    request = introspect_request(token)
    request = replace(request, headers={**request.headers, "authorization": authorization})
    with pytest.raises(InvalidClient):
        deployed.handle(request, NOW)


@pytest.mark.duty(99)
def test_takes_credentials_in_the_body(deployed: Introspection, token: str) -> None:
    """RFC 6749 section 2.3.1: MuleSoft's OpenID Connect policy sends them there and nowhere else."""
    body = urlencode({"token": token, "client_id": GATEWAY, "client_secret": SECRET})
    assert is_active(deployed, introspect_request(authorization=None, body=body))


@pytest.mark.duty(101)
@pytest.mark.parametrize(
    "form", [{"client_id": GATEWAY}, {"client_secret": SECRET}, {"client_id": GATEWAY, "client_secret": "-"}][:]
)
def test_answers_401_to_wrong_or_half_credentials_in_the_body(deployed: Introspection, token: str, form: dict[str, str]) -> None:
    """RFC 7662 section 2.3."""
    with pytest.raises(InvalidClient):
        deployed.handle(introspect_request(authorization=None, body=urlencode({"token": token, **form})), NOW)


AWKWARD_ID, AWKWARD_SECRET = "0d9e-gateway.v1_~x", "p%+w d/é:&="


@pytest.mark.parametrize(
    ("client_id", "secret"),
    [
        (AWKWARD_ID, AWKWARD_SECRET),
        (quote(AWKWARD_ID, safe=""), quote(AWKWARD_SECRET, safe="")),
        ("0d9e%2Dgateway%2Ev1%5F%7Ex", quote(AWKWARD_SECRET, safe="")),
        (AWKWARD_ID, quote(AWKWARD_SECRET, safe="").replace("%20", "+")),
    ],
    ids=["raw", "encoded", "encoded even where needless", "plus for blank"],
)
@pytest.mark.duty(99)
def test_e04_takes_basic_credentials_raw_and_form_encoded(token: str, client_id: str, secret: str) -> None:
    """RFC 6749 section 2.3.1 wants them encoded; many gateways send them raw, oauth4webapi encodes dots and dashes too."""
    caller = secret_caller(Caller(AWKWARD_ID, AUDIENCES), AWKWARD_SECRET)
    deployed = introspection(replace(configuration(), callers=(caller,)))
    assert is_active(deployed, introspect_request(token, authorization=basic(client_id, secret)))


@pytest.mark.duty(99)
def test_e05_takes_equal_credentials_in_header_and_body(deployed: Introspection, token: str) -> None:
    """RFC 6749 section 2.3 forbids both; lua-resty-openidc, and so APISIX, sends both."""
    body = urlencode({"token": token, "client_id": GATEWAY, "client_secret": SECRET})
    assert is_active(deployed, introspect_request(body=body))
    assert is_active(deployed, introspect_request(body=urlencode({"token": token, "client_id": GATEWAY})))


@pytest.mark.duty(99)
@pytest.mark.parametrize(
    "form", [{"client_id": "other"}, {"client_secret": "other"}, {"client_id": "other", "client_secret": SECRET}]
)
def test_e06_refuses_different_credentials_in_header_and_body(deployed: Introspection, token: str, form: dict[str, str]) -> None:
    """RFC 6749 section 2.3."""
    with pytest.raises(InvalidRequest):
        deployed.handle(introspect_request(body=urlencode({"token": token, **form})), NOW)


@pytest.mark.duty(99)
def test_takes_each_of_several_secrets_during_a_rotation(token: str) -> None:
    """A caller's secret can be changed without a moment at which neither works."""
    deployed = introspection(replace(configuration(), callers=(secret_caller(Caller(GATEWAY, AUDIENCES), "old", "new"),)))
    assert is_active(deployed, introspect_request(token, authorization=basic(secret="old")))
    assert is_active(deployed, introspect_request(token, authorization=basic(secret="new")))


@pytest.mark.duty(97)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_e07_answers_405_to_anything_but_post(deployed: Introspection, token: str, method: str) -> None:
    """RFC 7662 section 2.1 and section 4: a token in a URL ends up in logs."""
    request = Request(method, "/introspect", {"authorization": basic()}, {"token": token})
    with pytest.raises(MethodNotAllowed) as caught:
        deployed.handle(request, NOW)
    assert error_response(caught.value).headers["Allow"] == "POST"


@pytest.mark.duty(97)
def test_takes_get_only_when_the_operator_turned_it_on(token: str) -> None:
    """Gravitee's default sends GET with the token in the query."""
    deployed = introspection(with_options(allow_get=True))
    headers = {"authorization": basic(), "accept": "application/json"}
    assert is_active(deployed, Request("GET", "/introspect", headers, {"token": token}))
    for query in ({"token": f"{token},{token}"}, {"token": token, "client_secret": SECRET}, {}):
        with pytest.raises(InvalidRequest):
            deployed.handle(Request("GET", "/introspect", headers, query), NOW)
    with pytest.raises(InvalidClient):
        deployed.handle(Request("GET", "/introspect", {}, {"token": token}), NOW)
    with pytest.raises(MethodNotAllowed) as caught:
        deployed.handle(Request("PUT", "/introspect", headers), NOW)
    assert error_response(caught.value).headers["Allow"] == "GET, POST"


@pytest.mark.duty(96)
@pytest.mark.parametrize(
    "body",
    ["token=a&token=b", "token=a&token_type_hint=x&token_type_hint=y", "token=a&%74oken=b", "token=a&client_id=x&client_id=x"],
)
def test_e08_refuses_a_repeated_parameter(deployed: Introspection, body: str) -> None:
    """RFC 6749 section 3.2."""
    with pytest.raises(InvalidRequest) as caught:
        deployed.handle(introspect_request(body=body), NOW)
    assert caught.value.status == 400


@pytest.mark.duty(96)
@pytest.mark.parametrize("body", ["", "token=", "token", "hint=x", "Token=x", "&&&", "=x"])
def test_e09_refuses_a_request_without_a_token(deployed: Introspection, body: str) -> None:
    """RFC 7662 section 2.1; RFC 6749 section 3.1: a parameter without a value counts as omitted."""
    with pytest.raises(InvalidRequest) as caught:
        deployed.handle(introspect_request(body=body), NOW)
    assert caught.value.status == 400


@pytest.mark.duty(96)
@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_e10_refuses_another_media_type(deployed: Introspection, token: str, media_type: str) -> None:
    """RFC 7662 section 2.1."""
    with pytest.raises(UnsupportedMediaType):
        deployed.handle(introspect_request(body=json.dumps({"token": token}), content_type=media_type), NOW)


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-Urlencoded"])
@pytest.mark.duty(96)
def test_takes_a_form_with_a_charset_or_capitals(deployed: Introspection, token: str, media_type: str) -> None:
    """RFC 9110 section 8.3.1."""
    assert is_active(deployed, introspect_request(token, content_type=media_type))


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "id_token", "nonsense", "%00", "x" * 200])
@pytest.mark.duty(104)
def test_e11_e12_ignores_the_hint(deployed: Introspection, token: str, hint: str) -> None:
    """RFC 7662 section 2.1: a hint never makes the difference."""
    assert is_active(deployed, introspect_request(body=f"token_type_hint={hint}&token={token}"))


@pytest.mark.duty(96)
def test_ignores_unknown_parameters_even_when_repeated(deployed: Introspection, token: str) -> None:
    """RFC 6749 section 3.1."""
    assert is_active(deployed, introspect_request(body=f"resource=a&resource=b&token={token}&x"))


@pytest.mark.duty(119)
def test_e13_refuses_a_body_above_64_kilobytes(deployed: Introspection) -> None:
    """RFC 7662 section 4: the endpoint bounds what a caller can make it do."""
    with pytest.raises(PayloadTooLarge) as caught:
        deployed.handle(introspect_request(body="token=" + "x" * 2 * MAX_TOKEN), NOW)
    assert caught.value.status == 413
    with pytest.raises(InvalidRequest):
        deployed.handle(introspect_request(body="&".join(f"p{index}=1" for index in range(40))), NOW)


@pytest.mark.duty(96)
def test_answers_411_to_a_body_that_the_host_dropped(deployed: Introspection) -> None:
    """The Functions host hands over no chunked body; an empty one would read as a missing token."""
    with pytest.raises(LengthRequired) as caught:
        deployed.handle(introspect_request(transfer_encoding="chunked"), NOW)
    assert caught.value.status == 411


@pytest.mark.duty(102)
def test_e14_answers_503_and_never_inactive_while_there_are_no_keys(token: str) -> None:
    """RFC 7662 section 2.2 speaks of the token's state; the bridge's own outage is none."""
    authority = Authority()
    authority.failing = OSError("no route")
    deployed = introspection(read=authority)
    with pytest.raises(TemporarilyUnavailable) as caught:
        deployed.handle(introspect_request(token), NOW)
    answer = error_response(caught.value)
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert b"active" not in answer.body
    authority.failing = None
    assert is_active(deployed, introspect_request(token), NOW + 5)


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
    assert "reason=audience" in caplog.text
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
