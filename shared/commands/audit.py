"""The audit by hand: the timer's run from an operator's shell, with the report on standard output."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from threading import Timer
from typing import Any, NoReturn, TextIO

from shared.application import application
from shared.audit.report import FORMATS
from shared.audit.report.formats import render_text
from shared.audit.run import Audit, Progress
from shared.audit.window import Window
from shared.clock import Clock, SystemClock
from shared.environment import InvalidSettings

# Twelve hours: an operator is there to stop it.
TIME_LIMIT = 43_200
# Seconds from a signal to the end.
_ENDING = 1.5


def read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The command's options. Exits with 2 for wrong ones, as argparse does."""
    parser = argparse.ArgumentParser(
        prog="python -m shared.commands.audit",
        description="Audit the client secrets of the registration bridge, by the settings of its environment.",
        epilog="Without --act the actions only say what they would do. Exit code: 0 when the audit is complete, 1 when not, 2"
        " when options or settings are wrong, 130 or 143 when it was stopped by Ctrl-C or SIGTERM.",
    )
    parser.add_argument("--format", choices=["text", *FORMATS], default="text", help="form of the report (default: text)")
    parser.add_argument("--output", type=Path, help="file for the report (default: standard output)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--act", action="store_true", help="carry out the actions of AUDIT_ACTIONS, as the timer does")
    what.add_argument("--dry-run", action="store_true", help="actions only say what they would do (the default)")
    what.add_argument("--report-only", action="store_true", help="no actions at all, whatever AUDIT_ACTIONS says")
    parser.add_argument("--notify-days", type=_number, metavar="N", help="notify the sinks of what came about in the last N days")
    parser.add_argument("--time-limit", type=_number, metavar="SECONDS", default=TIME_LIMIT, help="stop after so many seconds")
    options = parser.parse_args(arguments)
    if options.notify_days and not (options.act or options.report_only):
        parser.error("--notify-days needs --act or --report-only: a dry run notifies nobody")
    return options


class ProgressBar:
    """One line on a terminal, by tqdm; nothing where the stream is none. The number of service principals, read first, is a good
    guess at the number of clients."""

    def __init__(self, stream: TextIO) -> None:
        from tqdm import tqdm

        # Its thread watches bars that stand still: ours may, while Graph throttles.
        tqdm.monitor_interval = 0
        self._bar: Any = tqdm(file=stream, disable=None, leave=False, mininterval=0)
        self._expected = 0

    def show(self, progress: Progress) -> None:
        """Show one step."""
        if self._bar.disable:
            return
        if progress.step == "service principals":
            self._expected = progress.done
        self._bar.total = max(self._expected, progress.done) or None if progress.step == "clients" else None
        self._bar.n = progress.done
        self._bar.set_description(progress.step)

    def close(self) -> None:
        """Clear the line."""
        self._bar.close()


def run_command(
    arguments: Sequence[str], audit: Callable[[], Audit], clock: Clock, stdout: TextIO = sys.stdout, stderr: TextIO = sys.stderr
) -> int:
    """Run the command and return its exit code. `audit` gives the audit, and is asked only once the options are right."""
    options = read_arguments(arguments)
    if options.output is not None:
        try:
            # Now and not after hours of work; what is in the file stays there until there is a new report.
            options.output.open("a", encoding="utf-8").close()
        except OSError as cause:
            stderr.write(f"--output: {options.output} can't be written: {cause.strerror}\n")
            return 2
    window = Window.of_last(timedelta(days=options.notify_days), clock.now()) if options.notify_days else None
    bar = ProgressBar(stderr)
    try:
        run = audit().run(
            options.time_limit,
            window=window,
            act=not options.report_only,
            dry_run=not options.act,
            log=False,
            progress=bar.show,
        )
    finally:
        bar.close()
    text = render_text(run) if options.format == "text" else FORMATS[options.format].render(run)
    if options.output is None:
        stdout.write(text if text.endswith("\n") else f"{text}\n")
    else:
        options.output.write_text(text, encoding="utf-8")
    for sink in run.failed_sinks:
        stderr.write(f"the sink {sink} failed; see the log\n")
    if not run.complete:
        stderr.write(f"the audit is not complete: {run.stopped}\n")
    return 0 if run.complete else 1


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError("expected a whole number above 0")
    return int(text)


class Stopped(BaseException):
    """A signal asked the command to end. No Exception, so that nothing on the way takes it for a failure of its own."""


def _stop(number: int, _: object) -> None:
    # Whatever the main thread waits for, the process ends in time.
    last = Timer(_ENDING, os._exit, (128 + number,))
    last.daemon = True
    last.start()
    raise Stopped(number)


def _end(number: int) -> NoReturn:
    """End without waiting for threads that hang in a read."""
    sys.stderr.write("stopped\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(128 + number)


def main() -> int:
    """The exit code: 0, 1 for an incomplete audit, 2 for wrong options or settings. Ctrl-C and SIGTERM end the process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        return run_command(sys.argv[1:], lambda: application().audit, SystemClock())
    except InvalidSettings as invalid:
        sys.stderr.writelines(f"{problem}\n" for problem in invalid.problems)
        return 2
    except Stopped as stopped:
        _end(stopped.args[0])


if __name__ == "__main__":
    sys.exit(main())
