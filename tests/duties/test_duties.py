"""The table of duties: every line is proven or deviates for a reason."""

import re

from tests.duties.proofs import TABLE, marked_tests, read_rows, rewrite

REQUIRED = (*range(1, 129), *range(149, 157))
LAST = 156
DEVIATION = "Deviation: "


def test_every_duty_has_a_line() -> None:
    numbers = [row.number for row in read_rows(TABLE.read_text(encoding="utf-8"))]
    assert sorted(set(numbers)) == sorted(numbers)
    assert set(REQUIRED) <= set(numbers)


def test_every_line_has_a_proof_or_a_deviation_with_its_reason() -> None:
    tests = marked_tests()
    rows = read_rows(TABLE.read_text(encoding="utf-8"))
    bare = [row.number for row in rows if row.number not in tests and len(row.deviation) < len(DEVIATION) + 40]
    assert bare == []
    for row in rows:
        if row.number not in tests:
            assert row.deviation.startswith(DEVIATION), row.number


def test_the_table_names_tests_that_carry_the_duties_mark() -> None:
    tests = marked_tests()
    for row in read_rows(TABLE.read_text(encoding="utf-8")):
        named = re.findall(r"`([^`]+)`", row.proof)
        assert bool(named) is (row.number in tests), f"{row.number}: write the table anew"
        assert set(named) <= set(tests.get(row.number, ())), f"{row.number}: write the table anew"


def test_every_mark_is_of_a_duty() -> None:
    assert {number for number in marked_tests() if not 1 <= number <= LAST} == set()


def test_a_line_without_proof_and_deviation_is_noticed() -> None:
    table = "| 7 | M | something | RFC | a remark |  |\n"
    (row,) = read_rows(table)
    assert (row.number, row.deviation, row.proof) == (7, "a remark", "")
    assert rewrite(table, {7: ("a::b",)}) == "| 7 | M | something | RFC | a remark | `a::b` |\n"
    assert rewrite(table, {}) == "| 7 | M | something | RFC | a remark |  |\n"
