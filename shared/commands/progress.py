"""A progress bar for a person at a terminal: one line on standard error, drawn again as the run goes on."""

import sys
from collections.abc import Callable
from typing import TextIO

from shared.audit.run_steps import Progress

WIDTH = 28


class Bar:
    """Draws the steps of a run. The number of service principals, read first, is a good guess at the number of clients."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._expected = 0
        self._longest = 0

    def __call__(self, progress: Progress) -> None:
        """Show one step."""
        if progress.step == "service principals":
            self._expected = progress.done
        if progress.step == "clients" and self._expected:
            part = min(progress.done / self._expected, 1.0)
            filled = round(part * WIDTH)
            line = f"clients [{'#' * filled}{'.' * (WIDTH - filled)}] {part:4.0%} {progress.done:,}"
        else:
            line = f"{progress.step}: {progress.done:,}"
        self._longest = max(self._longest, len(line))
        self._stream.write(f"\r{line:<{self._longest}}")
        self._stream.flush()

    def close(self) -> None:
        """End the line."""
        if self._longest:
            self._stream.write("\r" + " " * self._longest + "\r")
            self._stream.flush()


def quiet(_: Progress) -> None:
    """Show nothing: what happens where standard error is no terminal."""


def bar_for(stream: TextIO) -> tuple[Callable[[Progress], None], Callable[[], None]]:
    """What shows progress on a stream, and what to call at the end."""
    if not stream.isatty():
        return quiet, lambda: None
    bar = Bar(stream)
    return bar, bar.close
