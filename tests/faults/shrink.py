"""Makes a failing sequence small: leaves out whatever isn't needed to break the same promise in the same way."""

from tests.faults.sequence import run_sequence
from tests.faults.steps import Sequence, parts_of

MOST_RUNS = 400


def shrink(sequence: Sequence, kinds: set[str]) -> Sequence:
    """The smallest sequence found that still breaks a promise in one of these ways."""
    runs = 0
    while True:
        for simpler in parts_of(sequence):
            if runs >= MOST_RUNS:
                return sequence
            runs += 1
            if simpler.steps and kinds & {violation.kind for violation in run_sequence(simpler).violations}:
                sequence = simpler
                break
        else:
            return sequence
