"""The small rules at the endpoint's edge: forms, reserved members, times at their bounds."""

import pytest

from shared.errors import InvalidRequest
from shared.introspection.answer import RESERVED_MEMBERS, active_answer
from shared.introspection.callers import MAX_PARAMETERS, decode_form_text, read_form
from shared.introspection.claims import GRAPH_AUDIENCES, LATEST, SKEW, check_times
from shared.introspection.reasons import Reason, Refused

NOW = 1_795_341_600.5
MEMBERS = {
    *("active", "scope", "client_id", "token_type", "exp", "iat", "nbf", "sub", "aud", "iss", "jti", "roles"),
    "token_introspection",
}


@pytest.mark.parametrize(
    ("text", "meant"),
    [(b"plain", b"plain"), (b"a+b", b"a b"), (b"a%2Bb", b"a+b"), (b"a%20b+c", b"a b c"), (b"%", b"%"), (b"", b"")],
)
def test_form_encoding_is_undone(text: bytes, meant: bytes) -> None:
    assert decode_form_text(text) == meant


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"token=a.b.c", {b"token": b"a.b.c"}),
        (b"token=a", {b"token": b"a"}),
        (b"token=", {}),
        (b"token=a+b", {b"token": b"a b"}),
        (b"token=a%2Eb", {b"token": b"a.b"}),
        (b"tok%65n=a", {b"token": b"a"}),
        (b"token=a&client_id=g&x=1&x=2", {b"token": b"a", b"client_id": b"g"}),
        (b"client_secret=a=b&token=t", {b"client_secret": b"a=b", b"token": b"t"}),
        (b"", {}),
    ],
)
def test_a_form_is_read(body: bytes, form: dict[bytes, bytes]) -> None:
    assert read_form(body) == form


@pytest.mark.parametrize("body", [b"token=a&token=b", b"token=a&tok%65n=b", b"client_id=a&client_id=a"])
def test_a_repeated_parameter_is_refused_by_its_name(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="is repeated"):
        read_form(body)


def test_so_many_parameters_and_no_more() -> None:
    assert read_form(b"&".join([b"x=1"] * MAX_PARAMETERS)) == {}
    with pytest.raises(InvalidRequest, match="too many"):
        read_form(b"&".join([b"x=1"] * (MAX_PARAMETERS + 1)))


def test_a_caller_can_ask_for_no_member_of_the_answers_own() -> None:
    assert RESERVED_MEMBERS == MEMBERS
    claims = {"aud": "api", "iss": "i", "sub": "s", "exp": 2, "nbf": 1, "iat": 1, "uti": "u", "roles": ["r"], "scp": "read"}
    answer = active_answer(claims, "client")
    assert set(answer) <= MEMBERS
    assert answer == {
        "active": True,
        "scope": "read",
        "client_id": "client",
        "token_type": "Bearer",
        "exp": 2,
        "iat": 1,
        "nbf": 1,
        "sub": "s",
        "aud": "api",
        "iss": "i",
        "jti": "u",
        "roles": ["r"],
    }


def test_the_audiences_of_microsoft_graph_in_each_cloud() -> None:
    """learn.microsoft.com/graph/deployments; its application's id is the same everywhere."""
    hosts = {"graph.microsoft.com", "graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"}
    names = {f"https://{host}" for host in hosts} | {"00000003-0000-0000-c000-000000000000"}
    assert names | {f"{name}/" for name in names} == GRAPH_AUDIENCES


def times(expires: object, not_before: object, issued: object, most: int | None = None) -> Reason | int:
    try:
        return check_times({"exp": expires, "nbf": not_before, "iat": issued}, NOW, most)
    except Refused as refused:
        return refused.reason


LATER = int(NOW) + 100


@pytest.mark.parametrize(
    ("expires", "not_before", "issued", "found"),
    [
        (LATER, 0, 0, LATER),
        (LATER, -1, 0, Reason.TIME_MALFORMED),
        (LATER, 0, -1, Reason.TIME_MALFORMED),
        (-1, 0, 0, Reason.TIME_MALFORMED),
        (LATEST, 0, 0, Reason.TIME_MALFORMED),
        (LATEST - 1, 0, 0, LATEST - 1),
        (0, 0, 0, Reason.EXPIRED),
        (int(NOW), 0, 0, Reason.EXPIRED),
        (int(NOW) + 1, 0, 0, int(NOW) + 1),
        (LATER, int(NOW + SKEW), 0, LATER),
        (LATER, int(NOW + SKEW) + 1, 0, Reason.NOT_YET_VALID),
        (True, 0, 0, Reason.TIME_MALFORMED),
        (float(LATER), 0, 0, Reason.TIME_MALFORMED),
        (None, 0, 0, Reason.TIME_MALFORMED),
    ],
)
def test_times_at_their_bounds(expires: object, not_before: object, issued: object, found: Reason | int) -> None:
    assert times(expires, not_before, issued) == found
