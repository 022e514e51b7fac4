"""Tokens of Entra's agent identities: told apart by their claims, named for gateways that ask, refused for those that say so."""

import json
import logging
from copy import replace
from typing import Any

import pytest

from emulator.server import EntraEmulator
from emulator.sts.other_tokens import agent_token
from shared.introspection.claims import agent_of
from shared.introspection.configuration import Caller, IntrospectionConfiguration, IntrospectionOptions
from shared.introspection.jws import read_claims, split_token
from tests.unit.introspection.deployment import (
    AUDIENCES,
    GATEWAY,
    NOW,
    basic,
    configuration,
    introspect_request,
    introspection,
    secret_caller,
)
from tests.unit.introspection.tokens import Case, make_token

BLUEPRINT = "b1b2b3b4-aaaa-4bbb-8ccc-455566677788"
AGENT: Case = {"claims": {"idtyp": "app", "xms_act_fct": "3 9 11", "xms_sub_fct": "9 3 11", "xms_par_app_azp": BLUEPRINT}}
AGENT_USER: Case = {
    "template": "v2_user",
    "claims": {"idtyp": "user", "xms_act_fct": "3 9 11", "xms_sub_fct": "2 3 13", "xms_par_app_azp": BLUEPRINT},
}
FOR_A_PERSON: Case = {
    "template": "v2_user",
    "claims": {"idtyp": "user", "xms_act_fct": "3 9 11", "xms_sub_fct": "2 3", "xms_par_app_azp": BLUEPRINT},
}
# What Entra writes into tokens that have nothing to do with agents.
OTHER: Case = {"template": "v2_user", "claims": {"xms_act_fct": "9 3", "xms_sub_fct": "2 111", "xms_idrel": "1 11"}}


def answered(configured: IntrospectionConfiguration, case: Case, gateway: str = GATEWAY) -> dict[str, Any]:
    request = introspect_request(make_token(case, NOW), authorization=basic(gateway))
    answer: dict[str, Any] = json.loads(introspection(configured).handle(request, NOW).body)
    return answer


def gateway(**members: Any) -> IntrospectionConfiguration:
    return replace(configuration(), callers=(secret_caller(Caller(GATEWAY, AUDIENCES, **members)),))


@pytest.mark.duty(156)
@pytest.mark.parametrize(
    ("case", "kind"),
    [(AGENT, "agent_identity"), (AGENT_USER, "agent_user"), (FOR_A_PERSON, "agent_identity"), (OTHER, None), ({}, None)],
    ids=["agent", "agent's user", "for a person", "other", "none"],
)
def test_names_the_agent_for_a_gateway_that_lists_it(case: Case, kind: str | None) -> None:
    """One object, so that gateways that forward plain members as headers forward nothing new."""
    answer = answered(gateway(claims=("agent",)), case)
    assert answer["active"] is True
    assert answer.get("agent") == ({"kind": kind, "blueprint": BLUEPRINT} if kind else None)


def test_says_nothing_of_agents_unless_it_is_listed() -> None:
    """Answers have few members, and none that a gateway didn't ask for."""
    assert answered(configuration(), AGENT).keys() == answered(configuration(), {}).keys()


@pytest.mark.duty(156)
@pytest.mark.parametrize("case", [AGENT, AGENT_USER, FOR_A_PERSON], ids=["agent", "agent's user", "for a person"])
def test_a_gateway_may_refuse_agents(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    """By its own word or by the options, and its own word wins; the log names the agent either way."""
    caplog.set_level(logging.INFO)
    everywhere = IntrospectionOptions(agents="refuse")
    assert answered(gateway(agents="refuse"), case) == {"active": False}
    assert answered(replace(configuration(), options=everywhere), case) == {"active": False}
    assert answered(replace(gateway(agents="pass"), options=everywhere), case)["active"] is True
    assert answered(gateway(agents="refuse"), OTHER)["active"] is True
    by_word, by_options, passed = (line for line in caplog.messages if f"blueprint={BLUEPRINT}" in line)
    assert "reason=agent_not_allowed" in by_word
    assert "reason=agent_not_allowed" in by_options
    assert passed.startswith("token of an agent: agent=agent_")


@pytest.mark.parametrize(
    ("claims", "agent"),
    [
        ({}, None),
        ({"xms_act_fct": "3 9"}, None),
        ({"xms_act_fct": 11}, {"kind": "agent_identity"}),
        ({"xms_act_fct": None, "xms_sub_fct": ["11"]}, None),
        ({"xms_sub_fct": "11"}, {"kind": "agent_identity"}),
        ({"xms_sub_fct": "13"}, {"kind": "agent_user"}),
        ({"xms_par_app_azp": BLUEPRINT}, {"kind": "agent_identity", "blueprint": BLUEPRINT}),
        ({"xms_par_app_azp": 7}, {"kind": "agent_identity"}),
    ],
    ids=str,
)
def test_tells_agents_by_whole_numbers_in_their_facets(claims: dict[str, object], agent: object) -> None:
    """111 isn't 11; a claim of another type says nothing."""
    assert agent_of(claims) == agent


def test_tells_the_agents_that_the_emulator_makes() -> None:
    """In the shapes of Microsoft's documentation."""
    entra = EntraEmulator()
    user = entra.add_user("agent@example.com")
    for acts_as, kind in (("agent", "agent_identity"), ("agent_user", "agent_user"), ("person", "agent_identity")):
        text = agent_token(entra.mint, blueprint=BLUEPRINT, acts_as=acts_as, user=None if acts_as == "agent" else user)
        assert agent_of(read_claims(split_token(text.encode())[1])) == {"kind": kind, "blueprint": BLUEPRINT}
    plain = entra.mint(audience="x", user=user)
    assert agent_of(read_claims(split_token(plain.encode())[1])) is None
