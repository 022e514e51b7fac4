"""Which tests run which lines of shared/: `python -m tests.mutation.coverage_map OUTPUT` runs the tests once and writes JSON.

{"seconds": {test: seconds}, "lines": {file: {line: [test, ...]}}}, of the tests that pass. Lines that run when a module is loaded
are of no test.
"""

import json
import sys
import time
from collections.abc import Generator
from pathlib import Path

import coverage
import pytest

ROOT = Path(__file__).parents[2]
SUITES = ("tests/unit", "tests/functional")


class Recorder:
    """Names the running test to coverage, and keeps how long it took."""

    def __init__(self, watch: coverage.Coverage) -> None:
        self._watch = watch
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        begun = time.perf_counter()
        self._watch.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self._watch.switch_context("")
            self.seconds[item.nodeid] = round(time.perf_counter() - begun, 3)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.failed.add(report.nodeid)


def main(output: Path, suites: list[str]) -> None:
    """Run the tests and write the map."""
    watch = coverage.Coverage(data_file=None, source=[str(ROOT / "shared")], config_file=False)
    recorder = Recorder(watch)
    watch.start()
    code = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-W", "ignore", *suites], plugins=[recorder])
    watch.stop()
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise SystemExit(f"the tests can't be run: pytest ended with {code}")
    data = watch.get_data()
    lines: dict[str, dict[int, list[str]]] = {}
    for file in data.measured_files():
        contexts = data.contexts_by_lineno(file)
        tests = {line: sorted(set(found) - recorder.failed - {""}) for line, found in contexts.items()}
        lines[Path(file).relative_to(ROOT).as_posix()] = tests
    seconds = {test: taken for test, taken in recorder.seconds.items() if test not in recorder.failed}
    output.write_text(json.dumps({"seconds": seconds, "lines": lines}), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(SUITES))
