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


def test_names_every_lag_and_every_kind_of_fault() -> None:
    names = {field.name for field in dataclasses.fields(Lags)} | KINDS
    assert [name for name in sorted(names) if name not in README] == []
