"""`python -m tests.fuzz.guided NAME [flags of libFuzzer]`: one property test, its examples bred by what they reach in shared/.

`--list TEXT` names those whose names contain the text. Needs atheris; guided.sh sees to that.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

MODULES = ("test_graph", "test_introspection", "test_registration", "test_settings")


def properties() -> dict[str, Callable[[bytes], Any]]:
    """What turns bytes into an example and tries it, by the test's name; tests with fixtures or parameters are left out."""
    found: dict[str, Callable[[bytes], Any]] = {}
    for module in MODULES:
        for name, test in vars(import_module(f"tests.fuzz.{module}")).items():
            if hasattr(test, "hypothesis") and not getattr(test, "pytestmark", ()) and not _fixtures(test):
                found[name] = test.hypothesis.fuzz_one_input
    return found


def _fixtures(test: Any) -> bool:
    """Whether Hypothesis leaves an argument to pytest."""
    import inspect

    return bool(inspect.signature(test).parameters)


def main() -> None:
    """List, or fuzz until libFuzzer's flags say that it is enough."""
    if sys.argv[1:2] == ["--list"]:
        print("\n".join(name for name in properties() if "".join(sys.argv[2:3]) in name))
        return
    import atheris

    with atheris.instrument_imports(include=["shared"]):
        found = properties()
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, found[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
