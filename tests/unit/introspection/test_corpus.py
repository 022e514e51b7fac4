"""Every token of the corpus gets the answer that the corpus says, for the reason that it says."""

import json
import logging
from typing import Any

import pytest

from shared.introspection.endpoint import Introspection
from tests.unit.introspection.deployment import NOW, configuration, introspect_request, introspection
from tests.unit.introspection.tokens import CASES, Case, fill, make_token

LOGGER = "bridge.introspection"


@pytest.fixture(scope="module")
def deployments() -> dict[str, Introspection]:
    """As in a worker, the issuers' documents are read before the first token comes, whichever that is."""
    found = {settings: introspection(configuration(settings)) for settings in ("default", "graph", "strict")}
    for deployment in found.values():
        deployment.warm(NOW)
    return found


@pytest.mark.duty(102, 103, 105, 106, 108, 109, 110, 111, 112, 113, 114, 115, 116)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_answers_a_token_as_the_corpus_says(
    case: Case, deployments: dict[str, Introspection], caplog: pytest.LogCaptureFixture
) -> None:
    """RFC 7662 section 2.2: active with its members, or exactly {"active":false} with the reason in the log alone."""
    caplog.set_level(logging.INFO, LOGGER)
    token = make_token(case, NOW)
    answer = deployments[case.get("settings", "default")].handle(introspect_request(token), NOW)
    expected: dict[str, Any] = case["expect"]
    reasons = [record.getMessage().partition("reason=")[2].partition(" ")[0] for record in caplog.records]
    assert answer.status == 200
    if expected["active"]:
        assert reasons == []
        members = json.loads(answer.body)
        assert members["active"] is True
        for name, value in fill(expected.get("answer", {}), NOW).items():
            assert members[name] == value, name
        assert members.keys().isdisjoint(expected.get("absent", ()))
    else:
        assert answer.body == b'{"active":false}'
        assert reasons == [expected["reason"]]


def test_the_corpus_is_large_and_both_sides_are_in_it() -> None:
    """At least 110 tokens, of which enough are good that a verifier that refuses all would be noticed."""
    good = [case for case in CASES if case["expect"]["active"]]
    assert len(CASES) >= 110
    assert len(good) >= 30


@pytest.mark.duty(97)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_log_never_holds_a_token(case: Case, deployments: dict[str, Introspection], caplog: pytest.LogCaptureFixture) -> None:
    """RFC 7662 section 4: neither the token nor one of its segments is logged."""
    caplog.set_level(logging.DEBUG)
    token = make_token(case, NOW)
    deployments[case.get("settings", "default")].handle(introspect_request(token), NOW)
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert not [segment for segment in token.split(".") if len(segment) >= 20 and segment in logged]
