"""What the doctor finds: how well something is, and what cures it."""

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How well it is."""

    WELL = "ok"
    WARNING = "warning"
    PROBLEM = "PROBLEM"


class Diagnosis(NamedTuple):
    """One finding. `cure` says what to do; it is empty where all is well."""

    level: Level
    check: str
    text: str
    cure: str = ""

    def __str__(self) -> str:
        line = f"{self.level:<8} {self.check}: {self.text}"
        return f"{line}\n         -> {self.cure}" if self.cure else line


def well(check: str, text: str) -> Diagnosis:
    """All is well."""
    return Diagnosis(Level.WELL, check, text)


def warning(check: str, text: str, cure: str) -> Diagnosis:
    """It works, and somebody should look at it."""
    return Diagnosis(Level.WARNING, check, text, cure)


def problem(check: str, text: str, cure: str) -> Diagnosis:
    """It doesn't work, or must not stay so."""
    return Diagnosis(Level.PROBLEM, check, text, cure)
