"""What holds for all tests."""

import os

from hypothesis import HealthCheck, settings

# Property tests are not timed: the machine may be slow. Where a change is judged they try the same examples each time, so that
# the verdict is about the change; elsewhere they look for new ones.
settings.register_profile(
    "here", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI")), database=None
)
settings.load_profile("here")
