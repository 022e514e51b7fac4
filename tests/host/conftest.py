"""Fixtures of the local host's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.sample_app import SampleApp


@pytest.fixture
def app(tmp_path: Path) -> Iterator[SampleApp]:
    """An empty function app without a route prefix."""
    sample = SampleApp(tmp_path / "app")
    yield sample
    sample.close()
