"""What holds for all tests."""

import os

import pytest
from hypothesis import HealthCheck, settings

# Property tests are not timed: the machine may be slow. Where a change is judged they try the same examples each time, so that
# the verdict is about the change; elsewhere they look for new ones.
settings.register_profile(
    "here", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI")), database=None
)
settings.load_profile("here")


# Measured: these make up two thirds of the unit tests' time.
SLOW_FILES = frozenset(
    {
        "test_described",
        "test_confirmations",
        "test_corpus",
        "test_hostile_input",
        "test_explain",
        "test_import_cost",
        "test_oracles",
    }
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Property tests are slow by nature, and some files are: the fast part (`make test-fast`) leaves them out."""
    for item in items:
        if item.path.stem in SLOW_FILES or getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.slow)
