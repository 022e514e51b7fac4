"""The bridge as its callers meet it: real HTTP, the real worker library, and the emulated directory behind."""

from collections.abc import Iterator

import pytest

from local.sandbox import Sandbox, sandbox


@pytest.fixture(scope="session")
def place() -> Iterator[Sandbox]:
    """One bridge for all tests of the session."""
    with sandbox() as started:
        yield started
