"""The set in constant memory."""

import uuid

from shared.audit.membership import BITS, Membership


def ids(prefix: int, count: int) -> list[str]:
    return [str(uuid.UUID(int=prefix << 64 | number)) for number in range(count)]


def test_knows_every_id_that_was_added() -> None:
    members = Membership(salt=b"1" * 16)
    for client_id in ids(1, 20_000):
        members.add(client_id)
    assert all(client_id in members for client_id in ids(1, 20_000))
    assert members.size == 20_000


def test_takes_hardly_any_stranger_for_a_member() -> None:
    members = Membership(salt=b"2" * 16)
    for client_id in ids(1, 20_000):
        members.add(client_id)
    assert sum(client_id in members for client_id in ids(2, 20_000)) == 0


def test_makes_other_mistakes_with_another_salt() -> None:
    crowded = [Membership(salt=bytes([number]) * 16) for number in (1, 2)]
    for members in crowded:
        members._bits = bytearray(b"\x0f" * (BITS // 8))
    mistaken = [{client_id for client_id in ids(3, 30_000) if client_id in members} for members in crowded]
    assert all(mistaken)
    assert mistaken[0] != mistaken[1]
