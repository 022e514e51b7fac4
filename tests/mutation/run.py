"""Mutation testing of registration's rules: `python -m tests.mutation.run [module ...]`.

Every module is changed in a copy of the project, one small change at a time, and its tests run. A mutant that no test notices is
printed, unless `equivalent.txt` says why it changes no answer. Exit code 1 when one is left.
"""

import importlib
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

import pytest

from tests.mutation.mutants import Mutant, mutants_of

ROOT = Path(__file__).parents[2]
UNIT, FUNCTIONAL = "tests/unit/registration", "tests/functional/registration"
# Module -> the tests that should notice, the quickest first.
TESTS: dict[str, tuple[str, ...]] = {
    "json_document": (f"{UNIT}/test_json_document.py",),
    "metadata": (f"{UNIT}/test_metadata.py",),
    "urls": (f"{UNIT}/test_redirect_uris.py", f"{UNIT}/test_validation.py"),
    "redirect_uris": (f"{UNIT}/test_redirect_uris.py",),
    "client_name": (f"{UNIT}/test_client_name.py",),
    "grants": (f"{UNIT}/test_grants.py",),
    "client_type": (f"{UNIT}/test_client_type.py",),
    "certificates": (f"{UNIT}/test_certificates.py",),
    "record": (f"{UNIT}/test_record.py",),
    "validation": (f"{UNIT}/test_validation.py",),
    "registration": (
        f"{UNIT}/test_validation.py",
        f"{UNIT}/test_translation.py",
        f"{FUNCTIONAL}/test_rotation.py",
        f"{UNIT}/test_round_trip.py",
    ),
    "translation": (
        f"{UNIT}/test_translation.py",
        f"{FUNCTIONAL}/test_approval_and_keys.py",
        f"{FUNCTIONAL}/test_management.py",
        f"{UNIT}/test_round_trip.py",
    ),
    "secrets": (f"{UNIT}/test_secrets.py",),
    "scopes": (f"{FUNCTIONAL}/test_scopes.py",),
    "presented_secret": (f"{FUNCTIONAL}/test_rotation.py", f"{FUNCTIONAL}/test_management.py"),
    "access_token": (f"{UNIT}/test_keys.py",),
    "software_statement": (f"{FUNCTIONAL}/test_software_statements.py",),
}
# Libraries that are loaded already can't have their assertions rewritten, which pytest would tell as a warning.
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
# Loaded once, before any fork.
LIBRARIES = ("hypothesis.strategies", "cryptography.x509", "jwt", "requests", "orjson", "pydantic")
# A mutant that loops for ever is noticed too.
TIME = 120
EQUIVALENT = Path(__file__).with_name("equivalent.txt")


def equivalents() -> set[tuple[str, str, str]]:
    """Module, line of source and change of the mutants that are known to change no answer."""
    entries = (line.split("|") for line in EQUIVALENT.read_text(encoding="utf-8").splitlines() if line.strip() and line[0] != "#")
    return {(module.strip(), source.strip(), change.strip()) for module, source, change, _ in entries}


def survives(copy: Path, module: str, mutant: Mutant) -> bool:
    """Whether all tests of the module pass with the mutant in its place; in a fork, which spares loading the libraries."""
    target = copy / "shared" / "registration" / f"{module}.py"
    original = target.read_text(encoding="utf-8")
    target.write_text(mutant.source, encoding="utf-8")
    child = os.fork()
    if child == 0:
        _test(copy, module)
    try:
        return _status(child) == 0
    finally:
        target.write_text(original, encoding="utf-8")


def _test(copy: Path, module: str) -> NoReturn:
    """In the child: run the tests in the copy and end with pytest's code."""
    code = 1
    try:
        os.chdir(copy)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "shared", "local")]:
            del sys.modules[name]
        sys.path[:] = [str(copy), *(entry for entry in sys.path if entry not in ("", str(ROOT)))]
        code = int(pytest.main([*OPTIONS, *TESTS[module]]))
    finally:
        os._exit(code)


def _status(child: int) -> int:
    end = time.monotonic() + TIME
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 1


def main(modules: list[str]) -> int:
    """Run the mutants of these modules, or of all."""
    known = equivalents()
    left = 0
    sys.dont_write_bytecode = True
    for library in LIBRARIES:
        importlib.import_module(library)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("shared", "tests", "local"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", ".hypothesis"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        for module in modules or TESTS:
            source = (ROOT / "shared" / "registration" / f"{module}.py").read_text(encoding="utf-8")
            lines = source.splitlines()
            if not survives(copy, module, Mutant(0, "nothing", source)):
                raise RuntimeError(f"the tests of {module} fail without any change")
            count = 0
            for mutant in mutants_of(source):
                count += 1
                if (module, lines[mutant.line - 1].strip(), mutant.change) in known:
                    continue
                if survives(copy, module, mutant):
                    left += 1
                    sys.stdout.write(f"{module} | {lines[mutant.line - 1].strip()} | {mutant.change} | line {mutant.line}\n")
                    sys.stdout.flush()
            sys.stdout.write(f"# {module}: {count} mutants\n")
            sys.stdout.flush()
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
