"""One directory object as the emulator keeps it."""

from dataclasses import dataclass, field
from typing import Any

State = dict[str, Any]
"""The Graph form of an object without the members that have their default value. Never changed in place: a write replaces it,
and so do writes below it, so that earlier versions, shared defaults and rendered pages stay what they were."""


@dataclass(slots=True, eq=False)
class Record:
    """A directory object: its state, and what Graph never shows of it.

    `versions` are (time written, state) while reads lag, None standing for "does not exist". `secrets` maps a keyId to the
    SHA-256 of the secret, `keys` a keyId to the base64 DER certificate; both keep what was removed, since a replica may still
    know it. `owners` are ids of service principals and users. `changed` is the number of its last write, for delta queries.
    """

    state: State
    alive: bool = True
    changed: int = 0
    creator: str = ""
    versions: list[tuple[float, State | None]] = field(default_factory=list)
    owners: dict[str, None] = field(default_factory=dict)
    secrets: dict[str, bytes] = field(default_factory=dict, repr=False)
    keys: dict[str, str] = field(default_factory=dict, repr=False)
    federated: list[State] = field(default_factory=list)
    last_credential_write: float = float("-inf")
    deleted_at: float = 0.0

    @property
    def id(self) -> str:
        """The object id."""
        return str(self.state["id"])
