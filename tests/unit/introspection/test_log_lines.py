"""The log's line of a token that is answered as inactive: why, and what the token said of itself."""

import logging

import pytest

from shared.introspection.reasons import Reason, Refused, log_agent, log_inactive

CLAIMS = {"iss": "https://sts.example.com/", "aud": "api://orders", "uti": "AbC"}


@pytest.mark.parametrize(
    ("refused", "line"),
    [
        (
            Refused(Reason.EXPIRED, "k1", {**CLAIMS, "azp": "v2-client"}),
            "reason=expired kid=k1 iss=https://sts.example.com/ aud=api://orders client=v2-client jti=AbC caller=gateway",
        ),
        (
            Refused(Reason.SIGNATURE, "k1", {**CLAIMS, "appid": "v1-client"}),
            "reason=signature kid=k1 iss=https://sts.example.com/ aud=api://orders client=v1-client jti=AbC caller=gateway",
        ),
        (Refused(Reason.NOT_A_JWT), "reason=not_a_jwt kid=- iss=- aud=- client=- jti=- caller=gateway"),
        (
            Refused(Reason.AUDIENCE, "k\n1", {"iss": ["x"], "aud": "a" * 201, "azp": 7, "uti": None}),
            f"reason=audience kid=k?1 iss=<list> aud={'a' * 200} client=<int> jti=- caller=gateway",
        ),
    ],
    ids=["v2.0", "v1.0", "nothing read", "hostile"],
)
def test_an_inactive_token_is_logged_in_one_line(refused: Refused, line: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bridge.introspection")
    log_inactive(refused, "gateway")
    assert [record.getMessage() for record in caplog.records] == [f"inactive token: {line}"]


def test_an_agent_is_named_with_its_blueprint(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bridge.introspection")
    agent = {"kind": "agent_identity", "blueprint": "b1"}
    log_inactive(Refused(Reason.EXPIRED, "k1"), "gateway", agent)
    log_agent(agent, "c1", "AbC", "gateway")
    first, second = (record.getMessage() for record in caplog.records)
    assert first.endswith("caller=gateway agent=agent_identity blueprint=b1")
    assert second == "token of an agent: agent=agent_identity blueprint=b1 client=c1 jti=AbC caller=gateway"


def test_nothing_is_logged_above_the_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "bridge.introspection")
    log_inactive(Refused(Reason.EXPIRED, "k1"), "gateway")
    assert caplog.records == []
