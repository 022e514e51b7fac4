"""A collection of directory objects: live ones, soft-deleted ones, and the indexes that find them."""

from collections.abc import Iterable, Iterator

from emulator.clock import Clock, graph_time
from emulator.consistency import Consistency
from emulator.directory.record import Record, State


class Store:
    """Objects of one kind by id, with unique indexes (`keys`) and an index of each tag.

    Indexes hold live and soft-deleted objects, so that a deleted object's uniqueName stays taken and a lagging read finds it.
    Every change goes through here, so indexes, versions and change numbers cannot drift from the state.
    """

    def __init__(self, clock: Clock, consistency: Consistency, keys: tuple[str, ...]) -> None:
        self._clock = clock
        self._consistency = consistency
        self.live: dict[str, Record] = {}
        self.deleted: dict[str, Record] = {}
        self.by_key: dict[str, dict[str, Record]] = {key: {} for key in keys}
        self.by_tag: dict[str, dict[str, Record]] = {}
        self.by_owner: dict[str, dict[str, Record]] = {}
        self.purged: list[tuple[int, str]] = []
        self.changes = 0

    def add(self, state: State, owners: Iterable[str] = (), creator: str = "") -> Record:
        """Put a new object in; its state needs an id."""
        record = Record(state, creator=creator)
        self.live[record.id] = record
        self._index(record, {}, state)
        for owner in owners:
            self.add_owner(record, owner)
        self._note(record, None, state)
        return record

    def write(self, record: Record, changes: State) -> None:
        """Replace the members of `changes` in the object's state."""
        before = record.state
        after = {**before, **changes}
        record.state = after
        self._index(record, before, after)
        self._note(record, before, after)

    def soft_delete(self, record: Record) -> None:
        """Move a live object to the deleted ones."""
        before = record.state
        del self.live[record.id]
        self.deleted[record.id] = record
        record.alive = False
        record.deleted_at = self._clock.time()
        record.state = {**before, "deletedDateTime": graph_time(self._clock.now())}
        self._index(record, before, {**record.state, "tags": []})
        self._note(record, before, None)

    def restore(self, record: Record) -> None:
        """Bring a soft-deleted object back."""
        del self.deleted[record.id]
        self.live[record.id] = record
        record.alive = True
        record.state = {name: value for name, value in record.state.items() if name != "deletedDateTime"}
        self._index(record, {}, record.state)
        self._note(record, None, record.state)

    def purge(self, record: Record) -> None:
        """Forget a soft-deleted object for good; its unique values are free again."""
        del self.deleted[record.id]
        for key, index in self.by_key.items():
            if index.get(record.state.get(key, "")) is record:
                del index[record.state[key]]
        for owner in record.owners:
            self.by_owner[owner].pop(record.id, None)
        self.changes += 1
        self.purged.append((self.changes, record.id))

    def find(self, key: str, value: str) -> Record | None:
        """The object whose `key` ("id" or an indexed property) is `value`, soft-deleted ones included."""
        if key == "id":
            return self.live.get(value) or self.deleted.get(value)
        return self.by_key[key].get(value)

    def all(self) -> Iterator[Record]:
        """Every object, soft-deleted ones included."""
        yield from self.live.values()
        yield from self.deleted.values()

    def add_owner(self, record: Record, owner: str) -> None:
        """Make the principal with the object id `owner` an owner."""
        record.owners[owner] = None
        self.by_owner.setdefault(owner, {})[record.id] = record

    def remove_owner(self, record: Record, owner: str) -> None:
        """Undo `add_owner`; KeyError when it is none."""
        del record.owners[owner]
        del self.by_owner[owner][record.id]

    def _note(self, record: Record, before: State | None, after: State | None) -> None:
        self.changes += 1
        record.changed = self.changes
        self._consistency.note(record, before, after)

    def _index(self, record: Record, before: State, after: State) -> None:
        for key, index in self.by_key.items():
            old, new = before.get(key), after.get(key)
            if old is not None and old != new and index.get(old) is record:
                del index[old]
            if new is not None:
                index[new] = record
        old_tags, new_tags = before.get("tags") or (), after.get("tags") or ()
        if old_tags == new_tags:
            return
        for tag in old_tags:
            self.by_tag[tag].pop(record.id, None)
        for tag in new_tags:
            self.by_tag.setdefault(tag, {})[record.id] = record
