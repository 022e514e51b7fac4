"""`python -m shared.commands.check_settings` checks the settings of its environment, for a pipeline: 0 if all is well."""

import os
import sys

from shared.environment import InvalidSettings
from shared.settings.whole import read_settings


def main() -> int:
    """Check, and say on standard error what is wrong with each setting."""
    try:
        read_settings(os.environ)
    except InvalidSettings as invalid:
        for problem in invalid.problems:
            sys.stderr.write(f"{problem}\n")
        return 1
    sys.stdout.write("The settings can be used.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
