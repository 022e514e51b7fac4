"""Mutation testing of all of shared/: `python -m tests.mutation.run [--count N] [--seed S] [--minutes M] [--only PREFIX ...]`.

A sample of small changes, one at a time in a copy of the project, and for each the tests that run the changed line, the quickest
first; then others that run the module. A mutant that none of them notices survives and is printed, unless `equivalent.txt` says
why it changes no answer. Which tests run which lines is found out by running them all once, and kept until code or tests change.
"""

import argparse
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.mutation.mutants import Mutant, mutants_of, mutated
from tests.mutation.reach import reached_from, runs_at_import

ROOT = Path(__file__).parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
# Libraries that are loaded already can't have their assertions rewritten, which pytest would warn of.
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-W", "ignore::pytest.PytestAssertRewriteWarning")
# Tests that compare what is declared in modules with the published documents.
PUBLISHED = ("tests/unit/settings/test_described.py", "tests/unit/test_openapi.py", "tests/unit/test_messages.py")
# Loaded once, before any fork.
LIBRARIES = ("hypothesis.strategies", "cryptography.x509", "jwt", "msal", "requests", "orjson", "pydantic", "boto3", "jsonschema")
NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "images")
# Seconds of tests that one mutant may take, as measured without it, and the most tests.
MOST_SECONDS, MOST_TESTS = 60.0, 500


@dataclass(frozen=True, slots=True)
class Trial:
    """One mutant with its tests; `line` is the source that is changed."""

    module: str
    mutant: Mutant
    line: str
    tests: tuple[str, ...]
    limit: float

    def __str__(self) -> str:
        return f"{self.module} | {self.line} | {self.mutant.change}"


def read_map() -> dict[str, Any]:
    """The tests by line, out of the cache of the user's temporary files where nothing changed since."""
    digest = hashlib.sha256()
    for folder in ("shared", "tests", "emulator", "local"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    cached = Path(tempfile.gettempdir()) / f"mutation-map-{digest.hexdigest()[:16]}.json"
    if not cached.is_file():
        sys.stdout.write("finding out which tests run which lines\n")
        sys.stdout.flush()
        fresh = cached.with_suffix(".new")
        # The same examples each time, so that the map doesn't depend on luck.
        environment = {**os.environ, "CI": "1"}
        command = [sys.executable, "-m", "tests.mutation.coverage_map", str(fresh)]
        subprocess.run(command, cwd=ROOT, env=environment, stdout=sys.stderr, check=True)
        fresh.replace(cached)
    found: dict[str, Any] = json.loads(cached.read_text("utf-8"))
    return found


def tests_of(found: Mapping[str, Any], module: str, line: int) -> tuple[str, ...]:
    """The tests that run the line, those of the module's own room first; then those named after the module; those that run a line
    which the mutant reaches from there: the body of a function whose signature it changes, lines that name a constant; each the
    quickest first. For a line that runs at import then the unit tests of its room, and last the others that run the module: of
    each file of tests in turn, since one file alone has hundreds of quick ones. As many as time allows."""
    seconds: Mapping[str, float] = found["seconds"]
    lines: Mapping[str, list[str]] = found["lines"].get(module, {})
    first = set(lines.get(str(line), []))
    reached = {
        test for place, number in reached_from(module, line) for test in found["lines"].get(place, {}).get(str(number), [])
    }
    rooms = module.removesuffix(".py").split("/")[1:]
    # What is made out of modules' values compares all of them with what is published, and tests named after the module or its
    # room may read a value without running a line.
    imported = runs_at_import(module, line)
    published = {test for test in seconds if imported and test.startswith(PUBLISHED)}
    named = {test for test in seconds if f"/test_{rooms[-1]}.py" in test}
    of_room = {test for test in seconds if imported and f"unit/{rooms[0]}/" in test}
    own = {test for test in first if any(f"/{room}/" in test or f"_{room}." in test for room in rooms)}
    near = {test for tests in lines.values() for test in tests}
    ordered = dict.fromkeys(test for tests in (own, first, published, named, reached) for test in _quickest(tests, seconds))
    ordered |= dict.fromkeys(test for tests in (of_room, near) for test in _in_turn(tests, seconds))
    chosen: list[str] = []
    spent = 0.0
    for test in ordered:
        spent += seconds.get(test, 1.0)
        if chosen and (spent > MOST_SECONDS or len(chosen) >= MOST_TESTS):
            break
        chosen.append(test)
    return tuple(chosen)


def _quickest(tests: Iterable[str], seconds: Mapping[str, float]) -> list[str]:
    return sorted(tests, key=lambda test: seconds.get(test, 1.0))


def _in_turn(tests: Iterable[str], seconds: Mapping[str, float]) -> list[str]:
    """One of each file, then the next of each."""
    taken = Counter[str]()
    turns: list[tuple[int, str]] = []
    for test in _quickest(tests, seconds):
        file = test.partition("::")[0]
        turns.append((taken[file], test))
        taken[file] += 1
    return [test for _, test in sorted(turns, key=lambda turn: turn[0])]


def sample(count: int, seed: int, only: list[str]) -> list[Trial]:
    """The mutants to try, in a random order that the seed decides."""
    candidates: list[tuple[str, Mutant, str]] = []
    for path in sorted((ROOT / "shared").rglob("*.py")):
        module = path.relative_to(ROOT).as_posix()
        if only and not module.startswith(tuple(only)):
            continue
        source = path.read_text("utf-8")
        lines = source.splitlines()
        candidates += [(module, mutant, lines[mutant.line - 1].strip()) for mutant in mutants_of(source)]
    known = equivalents()
    candidates = [entry for entry in candidates if (entry[0], entry[2], entry[1].change) not in known]
    sys.stdout.write(f"{len(candidates)} mutants in all, seed {seed}\n")
    chosen = random.Random(seed).sample(candidates, min(count, len(candidates)))
    found = read_map()
    trials = []
    for module, mutant, line in chosen:
        tests = tests_of(found, module, mutant.line)
        limit = 30 + 5 * sum(found["seconds"].get(test, 1.0) for test in tests)
        trials.append(Trial(module, mutant, line, tests, limit))
    return trials


def equivalents() -> set[tuple[str, str, str]]:
    """Module, line of source and change of the mutants that are known to change no answer."""
    entries = (line.split(" | ") for line in EQUIVALENT.read_text("utf-8").splitlines() if line.strip() and line[0] != "#")
    return {(module.strip(), source.strip(), change.strip()) for module, source, change, _ in entries}


def survivors(trials: list[Trial], minutes: float, jobs: int) -> Iterator[tuple[Trial, bool]]:
    """Each trial that was carried out, and whether its mutant survived. Ends when the time is over."""
    end = time.monotonic() + minutes * 60
    waiting = list(reversed(trials))
    with tempfile.TemporaryDirectory() as folder:
        free = [Path(folder) / str(number) for number in range(jobs)]
        for copy in free:
            shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
            shutil.copy(ROOT / ".funcignore", copy)
        running: dict[int, tuple[Trial, Path, float]] = {}
        while running or (waiting and time.monotonic() < end):
            while free and waiting and time.monotonic() < end:
                trial, copy = waiting.pop(), free.pop()
                source = (ROOT / trial.module).read_text("utf-8")
                (copy / trial.module).write_text(mutated(source, trial.mutant), encoding="utf-8")
                running[_start(copy, trial)] = (trial, copy, time.monotonic() + trial.limit)
            for child, (trial, copy, limit) in list(running.items()):
                done, status = os.waitpid(child, os.WNOHANG)
                if not done and time.monotonic() > limit:
                    # A mutant that loops for ever is noticed too.
                    os.killpg(child, signal.SIGKILL)
                    done, status = os.waitpid(child, 0)
                if done:
                    del running[child]
                    shutil.copy(ROOT / trial.module, copy / trial.module)
                    free.append(copy)
                    yield trial, os.waitstatus_to_exitcode(status) == 0
            time.sleep(0.02)


def _start(copy: Path, trial: Trial) -> int:
    """Run the trial's tests in the copy, in a fork, which spares loading the libraries. The process ends with pytest's code."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _test(copy, trial.tests)
    return child


def _test(copy: Path, tests: tuple[str, ...]) -> NoReturn:
    code = 1
    try:
        os.setpgid(0, 0)
        os.chdir(copy)
        os.environ["CI"] = "1"
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "shared", "local", "emulator")]:
            del sys.modules[name]
        sys.path[:] = [str(copy), *(entry for entry in sys.path if entry not in ("", str(ROOT)))]
        # Without a test for it, nothing notices the mutant.
        code = int(pytest.main([*OPTIONS, *tests])) if tests else 0
    finally:
        os._exit(code)


def main(arguments: list[str]) -> int:
    """Run a sample, print what survives and the share that was killed, by room; 1 where that is below `--least` percent."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.run", description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--least", type=float, default=92)
    parser.add_argument("--only", nargs="+", default=[], metavar="PREFIX", help="modules such as shared/graph")
    options = parser.parse_args(arguments)
    sys.dont_write_bytecode = True
    trials = sample(options.count, options.seed, options.only)
    for library in LIBRARIES:
        importlib.import_module(library)
    tried, killed = Counter[str](), Counter[str]()
    for trial, survived in survivors(trials, options.minutes, options.jobs):
        room = "/".join(trial.module.split("/")[:2])
        tried[room] += 1
        killed[room] += not survived
        if survived:
            sys.stdout.write(f"survived: {trial} | line {trial.mutant.line}{'' if trial.tests else ', which no test runs'}\n")
            sys.stdout.flush()
    for room in sorted(tried):
        sys.stdout.write(f"{room}: {killed[room]} of {tried[room]} killed\n")
    share = 100 * killed.total() / max(tried.total(), 1)
    sys.stdout.write(f"in all: {killed.total()} of {tried.total()} killed, {share:.1f} %, {len(trials)} were asked for\n")
    return 0 if share >= options.least else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
