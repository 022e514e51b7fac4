"""Where a run that was cut off stopped reading, so that the next one begins there and goes round.

Nothing is stored: the worker remembers it, and a new worker begins at the start. What the run that was cut off didn't see is news
to the next one as far back as it would have been to that run.
"""

from dataclasses import dataclass
from datetime import datetime

from shared.audit.window import Window


@dataclass(slots=True)
class Bookmark:
    """`link` leads to the first page that wasn't read; empty where the last run came to the end. `start` is that of its window.
    `catching_up`: whether what is read now was left out then."""

    link: str = ""
    start: datetime | None = None
    catching_up: bool = False

    def open(self) -> str:
        """Where to begin; empty for the start of the list."""
        self.catching_up = bool(self.link)
        return self.link

    def reach(self, window: Window) -> Window:
        """The window for what is read now."""
        return Window(self.start, window.end) if self.catching_up else window

    def leave(self, window: Window) -> None:
        """The run was cut off, so the page at `link` and those after it weren't seen."""
        if not self.catching_up:
            self.start = window.start

    def close(self) -> None:
        """All was read."""
        self.link, self.start, self.catching_up = "", None, False
