"""Which Entra tokens open the bridge's own doors: plain bearer tokens of its own tenant, signed by the tenant's keys."""

from datetime import UTC, datetime

import pytest

from shared.clock import SystemClock
from shared.errors import TemporarilyUnavailable
from shared.introspection.bearer_tokens import BearerTokens
from tests.unit.introspection.authority import CUSTOM_KEY_APPLICATION, ORIGIN, SECOND_TENANT, TENANT, Authority
from tests.unit.introspection.deployment import NOW, introspection
from tests.unit.introspection.tokens import CLIENT, Case, make_token

BRIDGE = "api://bridge"
BY_APPLICATION_KEY: Case = {"header": {"kid": "application"}, "key": "application"}
OF_SECOND_TENANT: Case = {
    "header": {"kid": "second_tenant"},
    "key": "second_tenant",
    "claims": {"aud": BRIDGE, "iss": f"{ORIGIN}/{SECOND_TENANT}/v2.0", "tid": SECOND_TENANT},
}


class FixedClock(SystemClock):
    def now(self) -> datetime:
        return datetime.fromtimestamp(NOW, UTC)


def bearer_tokens(authority: Authority | None = None, *tenants: str) -> BearerTokens:
    return BearerTokens(introspection(read=authority).verifier, FixedClock(), frozenset(tenants or (TENANT,)))


@pytest.mark.duty(43)
@pytest.mark.parametrize(("aud", "audience"), [(BRIDGE, BRIDGE), ("bridge", BRIDGE), ("bridge", "bridge")])
def test_gives_the_claims_of_a_token_for_the_bridge(aud: str, audience: str) -> None:
    """v1 tokens name the App ID URI, v2 tokens the client id."""
    claims = bearer_tokens().verify(make_token({"claims": {"aud": aud}}, NOW), audience)
    assert claims is not None
    assert (claims["azp"], claims["tid"]) == (CLIENT, TENANT)


@pytest.mark.duty(43)
@pytest.mark.parametrize(
    "case",
    [
        {},
        {"claims": {"aud": "api://bridge/"}},
        {"claims": {"aud": BRIDGE, "exp": {"now": 0}}},
        {"claims": {"aud": BRIDGE}, "key": "foreign"},
        {"claims": {"aud": BRIDGE, "cnf": {"kid": "x"}}},
        {"claims": {"aud": BRIDGE, "cnf": None}},
        {"claims": {"aud": BRIDGE}, **BY_APPLICATION_KEY},
        OF_SECOND_TENANT,
        {"token": "opaque"},
        {"token": ""},
        {"token": "\udc80.a.b"},
    ],
    ids=str,
)
def test_any_other_token_is_none_of_the_bridges(case: Case) -> None:
    """Another audience, over, forged, bound to a key, of another tenant, or no token at all."""
    assert bearer_tokens().verify(make_token(case, NOW), BRIDGE) is None


def test_an_applications_own_key_vouches_for_no_caller_even_with_the_right_audience() -> None:
    """Whoever holds it could write any role into a token."""
    token = make_token({"claims": {"aud": CUSTOM_KEY_APPLICATION}, **BY_APPLICATION_KEY}, NOW)
    assert bearer_tokens().verify(token, CUSTOM_KEY_APPLICATION) is None


def test_further_tenants_count_where_they_are_named() -> None:
    """And the bridge's own one only where it is among them."""
    own, second = make_token({"claims": {"aud": BRIDGE}}, NOW), make_token(OF_SECOND_TENANT, NOW)
    both = bearer_tokens(None, TENANT, SECOND_TENANT)
    assert both.verify(second, BRIDGE) is not None
    assert both.verify(own, BRIDGE) is not None
    assert bearer_tokens(None, SECOND_TENANT).verify(own, BRIDGE) is None


def test_keys_out_of_reach_are_an_outage_and_no_verdict() -> None:
    """RFC 9110 section 15.6.4: the caller may come back."""
    authority = Authority()
    authority.failing = OSError("unreachable")
    with pytest.raises(TemporarilyUnavailable) as caught:
        bearer_tokens(authority).verify(make_token({"claims": {"aud": BRIDGE}}, NOW), BRIDGE)
    assert int(caught.value.headers["Retry-After"]) >= 1
