"""A collection of directory objects: live ones, soft-deleted ones, and the indexes that find them."""

from collections.abc import Iterable, Iterator
from itertools import chain

from emulator.clock import Clock, graph_time
from emulator.consistency import Consistency
from emulator.directory.record import Record, State, Version


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
        self.created_by: dict[str, dict[str, Record]] = {}
        """The live and soft-deleted objects that a principal created, by its object id."""
        self.purged: list[tuple[int, str]] = []
        self.quota_of_purged: list[tuple[float, str]] = []
        """When objects were purged, and who had created them."""
        self.changes = 0
        self._under_way: dict[str, Record] = {}

    def add(self, state: State, owners: Iterable[str] = (), creator: str = "") -> Record:
        """Put a new object in; its state needs an id."""
        record = Record(state, creator=creator)
        absent = Version("absent", state, (), ())
        self.live[record.id] = record
        if creator:
            self.created_by.setdefault(creator, {})[record.id] = record
        self._index(record, {}, state)
        for owner in owners:
            self._own(record, owner)
        self._note(record, absent)
        return record

    def write(self, record: Record, changes: State) -> None:
        """Replace the members of `changes` in the object's state."""
        before = Version.of(record)
        record.state = {**record.state, **changes}
        self._index(record, before.state, record.state)
        self._note(record, before)

    def soft_delete(self, record: Record) -> None:
        """Move a live object to the deleted ones."""
        before = Version.of(record)
        del self.live[record.id]
        self.deleted[record.id] = record
        record.kind = "deleted"
        record.deleted_at = self._clock.time()
        record.state = {**before.state, "deletedDateTime": graph_time(self._clock.now())}
        self._index(record, before.state, {**record.state, "tags": []})
        self._note(record, before)

    def restore(self, record: Record) -> None:
        """Bring a soft-deleted object back."""
        before = Version.of(record)
        del self.deleted[record.id]
        self.live[record.id] = record
        record.kind = "live"
        record.state = {name: value for name, value in record.state.items() if name != "deletedDateTime"}
        self._index(record, {}, record.state)
        self._note(record, before)

    def purge(self, record: Record) -> None:
        """Forget a soft-deleted object for good; its unique values are free again."""
        before = Version.of(record)
        del self.deleted[record.id]
        for key, index in self.by_key.items():
            if index.get(record.state.get(key, "")) is record:
                del index[record.state[key]]
        for owner in record.owners:
            self.by_owner[owner].pop(record.id, None)
        record.kind = "purged"
        self._note(record, before)
        self.purged.append((self.changes, record.id))
        if record.creator:
            del self.created_by[record.creator][record.id]
            self.quota_of_purged.append((self._clock.time(), record.creator))

    def find(self, key: str, value: str) -> Record | None:
        """The object whose `key` ("id" or an indexed property) is `value`; also a deleted or purged one, if nothing else is.

        A purged one is found for as long as a replica may know it.
        """
        by_id = (self.live.get(value) or self.deleted.get(value)) if key == "id" else None
        found = by_id if key == "id" else self.by_key[key].get(value)
        if found is None and self._under_way:
            found = next((r for r in self.under_way() if r.kind == "purged" and r.state.get(key) == value), None)
        return found

    def holder(self, key: str, value: str) -> Record | None:
        """The live or soft-deleted object that has a unique value."""
        return self.by_key[key].get(value)

    def under_way(self) -> list[Record]:
        """The objects of which replicas may know something else than the present."""
        for object_id in [i for i, record in self._under_way.items() if self._consistency.is_settled(record)]:
            del self._under_way[object_id]
        return list(self._under_way.values())

    def with_tag(self, tag: str) -> Iterator[Record]:
        """The objects that have a tag, or of which a replica may think so."""
        indexed = self.by_tag.get(tag, {})
        yield from chain(indexed.values(), (record for record in self.under_way() if record.id not in indexed))

    def owned_by(self, owner: str) -> Iterator[Record]:
        """The objects that a principal owns."""
        yield from self.by_owner.get(owner, {}).values()

    def known(self) -> Iterator[Record]:
        """The live objects, and those that a replica may take for live."""
        yield from chain(self.live.values(), (record for record in self.under_way() if record.id not in self.live))

    def known_deleted(self) -> Iterator[Record]:
        """The soft-deleted objects, and those that a replica may take for such."""
        yield from chain(self.deleted.values(), (record for record in self.under_way() if record.id not in self.deleted))

    def add_owner(self, record: Record, owner: str) -> None:
        """Make the principal with the object id `owner` an owner."""
        before = Version.of(record)
        self._own(record, owner)
        self._note(record, before, changed=False)

    def remove_owner(self, record: Record, owner: str) -> None:
        """Undo `add_owner`; KeyError when it is none."""
        before = Version.of(record)
        del record.owners[owner]
        del self.by_owner[owner][record.id]
        self._note(record, before, changed=False)

    def write_federated(self, record: Record, credentials: list[State]) -> None:
        """Replace an application's federated identity credentials."""
        before = Version.of(record)
        record.federated = credentials
        self._note(record, before, changed=False)

    def _own(self, record: Record, owner: str) -> None:
        record.owners[owner] = None
        self.by_owner.setdefault(owner, {})[record.id] = record

    def _note(self, record: Record, before: Version, changed: bool = True) -> None:
        if changed:
            self.changes += 1
            record.changed = self.changes
        if self._consistency.note(record, before):
            self._under_way[record.id] = record
        else:
            self._under_way.pop(record.id, None)

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
