"""Loaded by Schemathesis: what it must never be answered with."""

from typing import Any

import schemathesis


@schemathesis.check
def answered_by_the_bridge(ctx: Any, response: Any, case: Any) -> None:
    """503 says that Entra may only be behind, as it may about any client id that it doesn't know yet. Every other 5xx is a fault."""
    assert response.status_code < 500 or response.status_code == 503, f"{response.status_code}: {response.text}"
    if response.status_code == 503:
        assert response.headers.get("retry-after"), "503 without Retry-After"
