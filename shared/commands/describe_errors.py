"""`python -m shared.commands.describe_errors` writes docs/errors.md anew: every message with its cause and cure. With `--check`
nothing is written, and the exit code is 1 where the file isn't current.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from shared.commands.describe_settings import ROOT, bring_up_to_date
from shared.commands.messages import known_messages

PAGE = Path("docs", "errors.md")
_HEAD = """# Errors: what a message means, and what cures it

Find the message, read cause and cure; or hand it to `python -m shared.commands.explain`, which knows this page, Entra's codes and
tokens: for a token that is "not active" it says which check it fails. For a deployment, `python -m shared.commands.doctor` says
what is wrong with it. An answer's header `X-Correlation-ID` leads to the log: `traces | where message has "<id>"`.
"""


def errors_page() -> str:
    """The page, in Markdown. It is made of shared/commands/messages.json."""
    lines = [_HEAD]
    for section in known_messages():
        lines += [f"{'#' * section.level} {section.heading}\n", f"| {section.column} | cause | cure |", "|---|---|---|"]
        lines += [f"| {row.message} | {row.cause} | {row.cure} |" for row in section.rows]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def main(argv: Sequence[str], root: Path = ROOT) -> int:
    """Writes, or checks. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m shared.commands.describe_errors", description="Describe the errors.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where the file isn't current")
    check = parser.parse_args(argv).check
    stale = bring_up_to_date({PAGE: errors_page()}, root, check=check)
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
