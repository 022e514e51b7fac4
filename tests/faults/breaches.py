"""What breaks a promise, and what is declared impossible."""

from dataclasses import dataclass
from enum import StrEnum


class Declared(StrEnum):
    """What is impossible, and says so in docs/reliability.md. Each is counted, none is a violation."""

    STRAY = "after a dead worker an application may stay that nobody was told of"
    KEYED_STRAY = "under an Idempotency-Key an application stays for the request that comes again"
    NOT_PURGED = "a worker that died between deletion and purge leaves a deleted object for 30 days"
    STUCK_NAME = "then its name is 503 for the ten minutes in which a worker sees that nothing is there"
    UNTOLD_SECRET = "after a dead worker nobody knows whether a secret was told; it stays and replaces nobody"
    KEY_MISSING = "a worker's first key document may lack the key that signs, and is read again after a minute"
    TWO_OF_A_NAME = "two applications of one uniqueName, if Graph doesn't check it where it writes"
    LOST_ANSWER = "an answer that got lost beyond the bridge counts as given"


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was not kept: its number, what kind of breach, and what happened."""

    promise: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"promise {self.promise}, {self.kind}: {self.text}"
