"""`python -m shared.expiry`: the audit from an operator's shell, by the settings of its environment."""

import sys

from shared.bridge import application
from shared.clock import SystemClock
from shared.environment import InvalidSettings
from shared.expiry.command import run_command


def main() -> int:
    """The exit code: 0, 1 for an incomplete audit, 2 for wrong options or settings."""
    try:
        return run_command(sys.argv[1:], lambda: application().audit, SystemClock())
    except InvalidSettings as invalid:
        sys.stderr.writelines(f"{problem}\n" for problem in invalid.problems)
        return 2


if __name__ == "__main__":
    sys.exit(main())
