"""Who can act on a finding: the owners of what it is about (learn.microsoft.com/graph/api/application-list-owners).

Expanding owners would cut the pages of a list to a hundred objects, so they are asked for afterwards, for objects with findings
alone, twenty in a call. Owners are users and service principals; the latter have no mail, and the bridge owns what it creates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.strict_json import JsonObject

# How many objects a run asks about; each twenty are a call.
MOST_OBJECTS = 5_000
USER = "#microsoft.graph.user"
# A guest's user principal name holds this and is no mailbox.
_GUEST = "#EXT#"


@dataclass(frozen=True, slots=True)
class Owner:
    """One owner. `address` is empty for whom no mail reaches: a service principal, a disabled user, one without a mailbox."""

    name: str
    address: str = ""

    def __str__(self) -> str:
        return self.address or self.name


def read_owner(entry: JsonObject) -> Owner:
    """An owner from a directory object."""
    principal_name = str(entry.get("userPrincipalName") or "")
    address = str(entry.get("mail") or "") or ("" if _GUEST in principal_name else principal_name)
    name = str(entry.get("displayName") or entry.get("id") or "")
    reached = entry.get("@odata.type") == USER and entry.get("accountEnabled") is not False
    return Owner(name, address if reached else "")


def read_owners(found: Mapping[str, Sequence[JsonObject]]) -> dict[str, tuple[Owner, ...]]:
    """The owners of each object."""
    return {path: tuple(read_owner(entry) for entry in entries) for path, entries in found.items()}
