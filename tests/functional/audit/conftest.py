"""What the tests of the audit share."""

import pytest

from tests.functional.audit.estate import Estate


@pytest.fixture
def estate() -> Estate:
    return Estate()
