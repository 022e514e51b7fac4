"""`python -m tests.faults [COUNT] [SEED]`: sequences by seed, on all processors, and a summary. 1 if a promise was broken."""

import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from tests.faults.sequence import run_sequence
from tests.faults.shrink import shrink
from tests.faults.steps import draw_sequence

SHRUNK = 5


@dataclass(slots=True)
class Summary:
    """What many sequences came to. `broken`: seeds by kind of breach."""

    sequences: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    declared: Counter[str] = field(default_factory=Counter)
    broken: defaultdict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, other: "Summary") -> None:
        """Count those of another part too."""
        self.sequences += other.sequences
        for mine, others in ((self.hits, other.hits), (self.done, other.done), (self.declared, other.declared)):
            mine.update(others)
        for kind, seeds in other.broken.items():
            self.broken[kind] += seeds

    def lines(self) -> list[str]:
        """For people."""

        def listed(counter: Counter[str]) -> str:
            return ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))

        struck = {name: count for name, count in self.hits.items() if count}
        lines = [
            f"{self.sequences} sequences; faults of {len(struck)} kinds, {sum(struck.values())} in all",
            f"workers killed: {self.done['killed']}",
            f"faults: {listed(Counter(struck))}",
            f"operations: {listed(self.done)}",
            f"declared impossible: {listed(self.declared) or 'none'}",
        ]
        for kind, seeds in sorted(self.broken.items()):
            lines.append(f"BROKEN {len(seeds)} times: {kind}; seeds {', '.join(str(seed) for seed, _ in sorted(seeds)[:12])}")
            lines.append(f"    {sorted(seeds)[0][1]}")
        return [*lines, f"sequences that broke a promise: {len({seed for seeds in self.broken.values() for seed, _ in seeds})}"]


def run_seeds(seeds: range) -> Summary:
    """Run some sequences."""
    summary = Summary()
    for seed in seeds:
        outcome = run_sequence(draw_sequence(seed))
        summary.sequences += 1
        summary.hits.update(outcome.hits)
        summary.done.update(outcome.done)
        summary.declared.update({str(name): count for name, count in outcome.declared.items()})
        for violation in outcome.violations:
            summary.broken[f"promise {violation.promise}, {violation.kind}"].append((seed, violation.text))
    return summary


def run_many(first: int, count: int, size: int = 25) -> Summary:
    """Run sequences on all processors."""
    summary = Summary()
    with ProcessPoolExecutor() as pool:
        parts = [range(start, min(start + size, first + count)) for start in range(first, first + count, size)]
        for part in pool.map(run_seeds, parts):
            summary.add(part)
    return summary


def smallest_failures(summary: Summary) -> list[str]:
    """For some kinds of breach the smallest sequence found, to be pasted into `run_sequence`."""
    found = []
    for kind, seeds in sorted(summary.broken.items())[:SHRUNK]:
        seed = min(seeds)[0]
        found.append(f"{kind}, seed {seed}, at its smallest:\n{shrink(draw_sequence(seed), {kind.partition(', ')[2]})}\n")
    return found


def main(arguments: list[str]) -> int:
    """Run, print, shrink."""
    count, first = (int(arguments[0]) if arguments else 5000), (int(arguments[1]) if len(arguments) > 1 else 0)
    began = time.monotonic()
    summary = run_many(first, count)
    print("\n".join([*summary.lines(), f"{time.monotonic() - began:.0f} s", *smallest_failures(summary)]))
    return 1 if summary.broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
