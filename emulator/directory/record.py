"""One directory object as the emulator keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

NEVER = float("-inf")
State = dict[str, Any]
"""The Graph form of an object without the members that have their default value. Never changed in place: a write replaces it,
and so do writes below it, so that earlier versions, shared defaults and rendered pages stay what they were."""


@dataclass(slots=True, eq=False)
class Record:
    """A directory object: its state, and what Graph never shows of it.

    `versions` are what replicas may still know, oldest first; empty once all know the present. `secrets` maps a keyId to the
    SHA-256 of the secret, `keys` a keyId to the base64 DER certificate; both keep what was removed, since a replica may still
    know it. `owners` are ids of service principals and users. `changed` is the number of its last write, for delta queries.
    """

    state: State
    kind: str = "live"
    """ "live", "deleted" (softly) or "purged"."""
    changed: int = 0
    creator: str = ""
    versions: list["Version"] = field(default_factory=list)
    owners: dict[str, None] = field(default_factory=dict)
    secrets: dict[str, bytes] = field(default_factory=dict, repr=False)
    keys: dict[str, str] = field(default_factory=dict, repr=False)
    federated: list[State] = field(default_factory=list)
    last_credential_write: float = NEVER
    deleted_at: float = 0.0

    @property
    def id(self) -> str:
        """The object id."""
        return str(self.state["id"])

    @property
    def alive(self) -> bool:
        """Whether it is neither deleted nor purged."""
        return self.kind == "live"


@dataclass(frozen=True, slots=True)
class Version:
    """What a record was after one write: `shares` places each replica of each channel in that channel's range of lags."""

    kind: str
    state: State
    owners: tuple[str, ...]
    federated: Sequence[State]
    serial: int = 0
    written_at: float = NEVER
    shares: Sequence[tuple[float, ...]] = ()

    @classmethod
    def of(
        cls, record: Record, serial: int = 0, written_at: float = NEVER, shares: Sequence[tuple[float, ...]] = ()
    ) -> "Version":
        """The record as it is now."""
        return cls(record.kind, record.state, tuple(record.owners), record.federated, serial, written_at, shares)
