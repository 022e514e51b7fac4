"""Checks of an app directory that the platform makes late or not at all: `python -m local.host.doctor [--app DIR]`.

Every function is loaded as the worker does it, so that main's parameters are held against its bindings by the code that counts.
"""

import argparse
import inspect
import json
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from local.host.app import FunctionsHost
from local.host.description import FunctionDescription
from local.host.function_schema import schema_problems
from local.host.local_settings import read_local_settings
from local.host.overlap import common_request
from local.host.source_rules import broken_rules
from local.host.worker import loaded_function
from local.package import deployed_files

_RUNTIME = "azure-functions-runtime-v1"
_DEVELOPMENT_ONLY = frozenset({"__pycache__", "node_modules", "test", "tests", "venv"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem, and the file it is in (relative to the app's directory)."""

    file: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}: {self.problem}"


def examine(app_directory: Path, settings: Mapping[str, str]) -> list[Finding]:
    """All findings about an app; none if it is well. `settings` are the app settings that it is to run with."""
    try:
        host = FunctionsHost(app_directory, settings)
    except (OSError, ValueError) as error:
        return [Finding("host.json", str(error))]
    with host:
        findings = [*_about_functions(host), *_about_routes(host)]
    return [*findings, *_about_requirements(app_directory), *_about_files(app_directory)]


def _about_functions(host: FunctionsHost) -> Iterator[Finding]:
    if not host.functions:
        yield Finding("host.json", "there is no function beside it")
    for function in host.functions:
        described = f"{function.name}/function.json"
        if function.index_error is not None:
            yield Finding(described, function.index_error)
            continue
        content = json.loads((function.directory / "function.json").read_text("utf-8-sig"))
        for problem in schema_problems(function, content):
            yield Finding(described, problem)
        code = f"{function.name}/{function.script_file.name}"
        if function.worker_error is not None:
            yield Finding(code, f"does not load: {function.worker_error}")
        elif _hides_a_coroutine(function):
            yield Finding(code, "a sync decorator around an async main: the worker would get a coroutine for a response")


def _hides_a_coroutine(function: FunctionDescription) -> bool:
    entry = loaded_function(function)
    return not inspect.iscoroutinefunction(entry) and inspect.iscoroutinefunction(inspect.unwrap(entry))


def _about_routes(host: FunctionsHost) -> Iterator[Finding]:
    for first, second in combinations(host.routes.routes, 2):
        request = common_request(first, second)
        if request is not None:
            yield Finding(f"{second.function.name}/function.json", f"{request} is a route of {first.function.name} too")


def _about_requirements(app_directory: Path) -> Iterator[Finding]:
    path = app_directory / "requirements.txt"
    if not path.is_file():
        yield Finding(path.name, "is missing: Core Tools do not publish without it")
        return
    pinned = {}
    for line in path.read_text().splitlines():
        found = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?\s*(==)?", line)
        if found:
            pinned[re.sub(r"[-_.]+", "-", found[1]).lower()] = found[2] is not None
    if "azure-functions" not in pinned:
        yield Finding(path.name, "azure-functions is missing")
    if not pinned.get(_RUNTIME):
        yield Finding(path.name, f"{_RUNTIME} is not pinned: the platform would choose the code that executes the functions")
    if "azure-functions-worker" in pinned:
        yield Finding(path.name, "azure-functions-worker belongs to the platform")


def _about_files(app_directory: Path) -> Iterator[Finding]:
    if (app_directory / "function_app.py").exists():
        yield Finding("function_app.py", "a file of this name makes it an app of the v2 programming model")
    if not (app_directory / ".funcignore").is_file():
        yield Finding(".funcignore", "is missing: everything would be deployed")
        return
    unwanted = set()
    for path in deployed_files(app_directory):
        if _DEVELOPMENT_ONLY & set(path.parts[:-1]) or any(part.startswith(".") for part in path.parts[:-1]):
            unwanted.add(path.parent.as_posix())
        elif path.suffix == ".py":
            yield from _about_source(app_directory, path)
    for directory in sorted(unwanted):
        yield Finding(".funcignore", f"{directory} would be deployed")


def _about_source(app_directory: Path, path: Path) -> Iterator[Finding]:
    try:
        for line, problem in broken_rules((app_directory / path).read_text("utf-8")):
            yield Finding(f"{path.as_posix()}:{line}", problem)
    except SyntaxError as error:
        yield Finding(f"{path.as_posix()}:{error.lineno}", "is not Python")


def main(arguments: list[str] | None = None) -> int:
    """Print the findings. The exit code is 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m local.host.doctor", description="Check a function app's directory.")
    parser.add_argument("--app", type=Path, default=Path.cwd(), help="the app's directory (default: here)")
    options = parser.parse_args(arguments)
    # What does not load is among the findings.
    for name in ("azure.functions", "bridge.local.host"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    app_directory = options.app.resolve()
    try:
        settings = read_local_settings(app_directory, os.environ)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    findings = examine(app_directory, settings)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
