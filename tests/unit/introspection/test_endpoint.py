"""The endpoint as a caller sees it: who may ask, in which form, and what the answers look like."""

import json
from copy import replace
from urllib.parse import quote, urlencode

import pytest

from shared.errors import (
    InvalidClient,
    InvalidRequest,
    LengthRequired,
    MethodNotAllowed,
    PayloadTooLarge,
    TemporarilyUnavailable,
    UnsupportedMediaType,
)
from shared.http.message import Request, error_response
from shared.introspection.configuration import Caller, IntrospectionConfiguration
from shared.introspection.endpoint import Introspection
from shared.introspection.jws import MAX_TOKEN
from tests.unit.introspection.authority import Authority
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
from tests.unit.introspection.tokens import make_token

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
    assert not is_active(deployed, Request("GET", "/introspect", headers, {"token": "\ud800"}))
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
    assert not is_active(deployed, introspect_request(body="token=" + "x" * (2 * MAX_TOKEN - len("token="))))
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
