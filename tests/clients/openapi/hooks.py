"""Loaded by Schemathesis: which client the requests are about, and what none of them may be answered with."""

import os
from typing import Any

import schemathesis


def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    return _of_a_client(path_parameters)


def map_query(context: Any, query: Any) -> Any:
    return _of_a_client(query)


def _of_a_client(parameters: Any) -> Any:
    """An id that nobody has would be looked for at length, because Entra might only be behind."""
    known = isinstance(parameters, dict) and "client_id" in parameters
    return {**parameters, "client_id": os.environ["CLIENT_ID"]} if known else parameters


def answered_by_the_bridge(ctx: Any, response: Any, case: Any) -> None:
    """503 says that Entra may only be behind. Every other 5xx is a fault."""
    assert response.status_code < 500 or response.status_code == 503, f"{response.status_code}: {response.text}"
    if response.status_code == 503:
        assert response.headers.get("retry-after"), "503 without Retry-After"


schemathesis.hook(map_path_parameters)
schemathesis.hook(map_query)
schemathesis.check(answered_by_the_bridge)
