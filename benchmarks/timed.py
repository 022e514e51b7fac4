"""The time that a session spends in its calls, told apart from our own."""

import time
from collections.abc import Callable
from typing import Any

import requests


def tell_times(session: requests.Session, tell: Callable[[float], None]) -> None:
    """From now on each call of the session tells how many seconds it took."""
    send = session.request

    def timed(*arguments: Any, **options: Any) -> requests.Response:
        begun = time.perf_counter()
        try:
            return send(*arguments, **options)
        finally:
            tell(time.perf_counter() - begun)

    session.request = timed  # type: ignore[method-assign]
