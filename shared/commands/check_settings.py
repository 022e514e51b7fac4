"""`python -m shared.commands.check_settings` checks the settings of its environment, for a pipeline: 0 if all is well."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from shared.settings.whole import check_settings


def main(arguments: Sequence[str], variables: Mapping[str, str]) -> int:
    """Check, and say on standard error what is wrong with each setting, or dangerous about it; 1 where one is wrong."""
    parser = argparse.ArgumentParser(prog="python -m shared.commands.check_settings", description=__doc__)
    parser.add_argument("--references", action="store_true", help="let Key Vault references pass, which only Azure resolves")
    options = parser.parse_args(arguments)
    check = check_settings(variables, references=options.references)
    for warning in check.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    for problem in check.problems:
        sys.stderr.write(f"{problem}\n")
    if check.problems:
        return 1
    sys.stdout.write("The settings can be used.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
