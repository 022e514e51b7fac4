"""Who may read the report on all clients' secrets, and what the others are told, browsers among them."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import InsufficientScope, InvalidToken, MissingToken, OAuthError
from shared.http.message import Request
from shared.introspection.bearer_tokens import BearerTokens
from shared.registration.authorization import Authorization
from shared.registration.policy import Policy
from tests.functional.registration.bridge import PORTAL, WEB, Bridge, assert_error, credential

AUDITOR = "Basic YXVkaXRvcjpwYXNz"


@pytest.fixture
def authorization(make: Callable[..., Bridge]) -> Authorization:
    bridge = make(
        static_credentials=(credential("portal", PORTAL), credential("auditor", AUDITOR, "auditors")),
        policies={"default": Policy(), "auditors": Policy(name="auditors", may_audit=True)},
    )

    def no_tokens() -> BearerTokens:
        raise AssertionError("nobody brings one of Entra's")

    return Authorization(bridge.configuration, no_tokens, bridge.clock)


def ask(authorization: Authorization, value: str = "", **headers: str) -> Any:
    return authorization.to_audit(Request("GET", "/audit", {**headers, **({"authorization": value} if value else {})}))


def test_a_policy_lets_a_caller_read_it(authorization: Authorization) -> None:
    assert ask(authorization, AUDITOR).name == "auditor"
    assert ask(authorization, AUDITOR, accept="text/html").name == "auditor"


def test_another_caller_may_not(authorization: Authorization) -> None:
    with pytest.raises(InsufficientScope, match="may not read the report"):
        ask(authorization, PORTAL)


@pytest.mark.parametrize(("value", "error"), [("", MissingToken), ("Basic d3Jvbmc6d3Jvbmc=", InvalidToken)])
def test_a_browser_is_asked_for_name_and_password(authorization: Authorization, value: str, error: type[OAuthError]) -> None:
    with pytest.raises(error) as caught:
        ask(authorization, value, accept="text/html,application/xhtml+xml")
    assert caught.value.headers["WWW-Authenticate"].startswith('Basic realm="')
    assert caught.value.headers["WWW-Authenticate"].endswith('", charset="UTF-8"')
    for accept in ("", "application/json"):
        with pytest.raises(error) as other:
            ask(authorization, value, accept=accept)
        assert not other.value.headers.get("WWW-Authenticate", "").startswith("Basic")


def test_who_may_audit_alone_registers_nothing(make: Callable[..., Bridge]) -> None:
    bridge = make(
        static_credentials=(credential("auditor", AUDITOR, "auditors"),),
        policies={"default": Policy(), "auditors": Policy(name="auditors", may_audit=True, may_register=False)},
    )
    response = bridge.call("POST", body=WEB, authorization=AUDITOR)
    assert_error(response, 403, "insufficient_scope", "may not register")
    assert not [call for call in bridge.emulator.requests if call.method == "POST" and "/v1.0/" in call.path]
