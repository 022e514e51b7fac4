"""What callers are told when Graph fails."""

import pytest

from shared.graph.errors import (
    ConcurrentWrite,
    DeadlineExceeded,
    GraphFailure,
    NotReplicated,
    ObjectMissing,
    OutcomeUnknown,
    PermissionRefused,
    PolicyRefused,
    QuotaExceeded,
    SizeExceeded,
    Throttled,
    TooManySecrets,
    Unavailable,
    UniqueNameTaken,
    ValueRefused,
)
from shared.registration.endpoint import error_of_graph

GRAPH_TEXT = "POST applications answered 400 'Invalid value \"s3cret\"'"


@pytest.mark.duty(66)
@pytest.mark.parametrize(
    ("failure", "status", "error"),
    [
        (ValueRefused(GRAPH_TEXT), 400, "invalid_client_metadata"),
        (UniqueNameTaken(GRAPH_TEXT), 503, "temporarily_unavailable"),
        (TooManySecrets(GRAPH_TEXT), 409, "conflict"),
        (NotReplicated(GRAPH_TEXT), 503, "temporarily_unavailable"),
        (SizeExceeded(GRAPH_TEXT), 400, "invalid_client_metadata"),
        (PolicyRefused(GRAPH_TEXT, code="CredentialTypeNotAllowedAsPerAppPolicy"), 400, "invalid_client_metadata"),
        (PolicyRefused(GRAPH_TEXT, code="CredentialInvalidLifetimeAsPerAppPolicy"), 500, "server_error"),
        (PermissionRefused(GRAPH_TEXT), 500, "server_error"),
        (QuotaExceeded(GRAPH_TEXT), 503, "temporarily_unavailable"),
        (Throttled(GRAPH_TEXT), 503, "temporarily_unavailable"),
        (ConcurrentWrite(GRAPH_TEXT), 503, "temporarily_unavailable"),
        (DeadlineExceeded(GRAPH_TEXT), 503, "temporarily_unavailable"),
        (Unavailable(GRAPH_TEXT), 503, "temporarily_unavailable"),
        (OutcomeUnknown(GRAPH_TEXT), 503, "temporarily_unavailable"),
        (ObjectMissing(GRAPH_TEXT), 503, "temporarily_unavailable"),
        (GraphFailure(GRAPH_TEXT), 503, "temporarily_unavailable"),
    ],
)
def test_each_failure_has_its_answer_and_graphs_words_stay_in_the_log(failure: GraphFailure, status: int, error: str) -> None:
    answer = error_of_graph(failure)
    assert (answer.status, answer.error) == (status, error)
    assert answer.description
    assert "s3cret" not in answer.description
    assert answer.detail == GRAPH_TEXT
    assert ("Retry-After" in answer.headers) is (status == 503)


@pytest.mark.duty(66)
@pytest.mark.parametrize(("given", "sent"), [(None, "10"), (2.128, "3"), (0.0, "1"), (30.0, "31"), (90_000.0, "3600")])
def test_throttling_is_passed_on_in_whole_seconds(given: float | None, sent: str) -> None:
    assert error_of_graph(Throttled("x", retry_after=given)).headers["Retry-After"] == sent


def test_an_outage_names_a_time_too() -> None:
    assert error_of_graph(Unavailable("x")).headers["Retry-After"] == "5"
    assert error_of_graph(Unavailable("x", retry_after=7.5)).headers["Retry-After"] == "8"


def test_the_member_is_named_where_the_policy_of_the_tenant_forbids_secrets() -> None:
    failure = PolicyRefused("x", code="CredentialTypeNotAllowedAsPerAppPolicy")
    assert error_of_graph(failure).description.startswith("token_endpoint_auth_method")
