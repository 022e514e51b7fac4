"""The emulator's README keeps to the code."""

import dataclasses
import re
from pathlib import Path

from emulator.assumptions import Assumptions
from emulator.consistency import Lags
from emulator.faults import KINDS

README = (Path(__file__).parents[2] / "emulator" / "README.md").read_text()


def test_lists_every_assumption_with_its_default() -> None:
    table = README.partition("## Assumptions")[2]
    listed: dict[str, str] = {}
    for names, values in re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|", table, re.MULTILINE):
        listed |= zip(re.findall(r"`(\w+)`", names), values.split(", "), strict=True)
    assert listed == {field.name: str(field.default) for field in dataclasses.fields(Assumptions)}


def test_names_every_lag() -> None:
    assert [field.name for field in dataclasses.fields(Lags) if f"`{field.name}`" not in README] == []


def test_has_every_kind_of_fault_in_one_table() -> None:
    table = README.partition("## Faults")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(KINDS)
    assert len(KINDS) >= 26
