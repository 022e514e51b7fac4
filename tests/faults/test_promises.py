"""The promises of docs/reliability.md, tried by sequences of operations under lag, faults and kills.

A failure names its seed and the smallest sequence that fails alike; `make faults SEED=... SEQUENCES=1` repeats it.
"""

import os

import pytest

from tests.faults.__main__ import run_many, smallest_failures
from tests.faults.sequence import run_sequence
from tests.faults.steps import draw_sequence

COUNT = 300
# Faults that a few hundred sequences can't miss.
FEWEST_KINDS = 26


@pytest.mark.timeout(600)
def test_every_promise_is_kept_under_lag_faults_and_kills() -> None:
    first = int(os.environ.get("FAULTS_SEED", "0"))
    summary = run_many(first, COUNT)
    lines = "\n".join(summary.lines())
    assert not summary.broken, "\n".join([lines, *smallest_failures(summary)])
    assert len([kind for kind, count in summary.hits.items() if count]) >= FEWEST_KINDS, lines
    assert summary.done["killed"] > COUNT / 10, lines


def test_a_seed_gives_the_same_sequence_each_time() -> None:
    first, second = run_sequence(draw_sequence(7)), run_sequence(draw_sequence(7))
    assert first.calls
    assert first.calls == second.calls
    assert first.declared == second.declared
