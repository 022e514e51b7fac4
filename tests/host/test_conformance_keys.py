"""Conformance to the host: access keys and authLevel.

Microsoft Learn, "Work with access keys in Azure Functions"; Azure/azure-functions-host, FunctionInvocationMiddleware.cs.
"""

import pytest

from local.host.keys import HostKeys
from tests.host.sample_app import SampleApp, ask

KEYS = HostKeys(master="the-master-key", host="the-host-key", functions={"one": "the-key-of-one"})


@pytest.fixture
def levels(app: SampleApp) -> SampleApp:
    """Functions of each level; `one` says nothing, which means `function`."""
    app.function(
        "one",
        "import azure.functions as func\n\ndef main(req):\n    return func.HttpResponse('one')\n",
        [{"type": "httpTrigger", "name": "req", "direction": "in"}, {"type": "http", "name": "$return", "direction": "out"}],
    )
    app.http("two", authLevel="function")
    app.http("three", authLevel="admin")
    app.http("four", authLevel="anonymous")
    return app


def test_keys_are_not_asked_for_unless_the_host_is_given_some(levels: SampleApp) -> None:
    """Azure/azure-functions-core-tools, CoreToolsAuthorizationHandler.cs: `func start` lets all through without --enableAuth."""
    host = levels.host()
    for name in ("one", "two", "three", "four"):
        assert ask(host, "GET", f"/{name}").status == 200


@pytest.mark.parametrize("name", ["one", "two", "three"])
@pytest.mark.parametrize("headers", [{}, {"x-functions-key": "wrong"}, {"Authorization": "Bearer the-master-key"}])
def test_a_missing_or_wrong_key_is_a_401_without_a_challenge(levels: SampleApp, name: str, headers: dict[str, str]) -> None:
    """Azure/azure-functions-host, FunctionInvocationMiddleware.cs: UnauthorizedResult; functions ask for a key by default."""
    response = ask(levels.host(keys=KEYS), "GET", f"/{name}", headers)
    assert (response.status, response.body, response.header("Content-Length")) == (401, b"", "0")
    assert response.header("WWW-Authenticate") is None


@pytest.mark.parametrize(
    ("name", "key", "status"),
    [
        ("one", "the-key-of-one", 200),
        ("one", "the-host-key", 200),
        ("one", "the-master-key", 200),
        ("two", "the-key-of-one", 401),
        ("two", "the-host-key", 200),
        ("three", "the-host-key", 401),
        ("three", "the-master-key", 200),
        ("four", "wrong", 200),
    ],
)
def test_which_key_is_good_for_which_level(levels: SampleApp, name: str, key: str, status: int) -> None:
    """Microsoft Learn, "Work with access keys in Azure Functions", section "Understand keys"."""
    host = levels.host(keys=KEYS)
    assert ask(host, "GET", f"/{name}", {"X-Functions-Key": key}).status == status
    assert ask(host, "GET", f"/{name}?code={key}").status == status


def test_an_unset_function_key_is_no_key(levels: SampleApp) -> None:
    """An empty key must never open a function."""
    host = levels.host(keys=HostKeys(master="m"))
    assert ask(host, "GET", "/two?code=", {"x-functions-key": ""}).status == 401


def test_keys_do_not_show_in_the_repr_of_their_holder() -> None:
    """A secret does not end up in a log."""
    assert "the-" not in repr(KEYS)
