"""Makes web_models.json: the property names of Microsoft.Web resources by the models of azure-mgmt-web, which is too large for
a dependency. In an environment that has it: python tests/template/web_models.py > tests/template/web_models.json
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from azure.mgmt.web import models

ROOTS = ("Site", "AppServicePlan")


def wire_names(model: Any) -> Iterator[tuple[str, str]]:
    """The names of a model's properties in JSON, each with the model of its value, or an empty text."""
    hints: dict[str, Any] = {}
    for base in reversed(model.__mro__):
        hints |= vars(base).get("__annotations__", {})
    for base in model.__mro__:
        for name, field in vars(base).items():
            if type(field).__name__ == "_RestField":
                words = str(hints.get(name, "")).replace('"', " ").replace("'", " ").replace("[", " ").replace("]", " ")
                nested = [word.rpartition(".")[2] for word in words.split() if "models." in word]
                # A map's keys are the template's own.
                is_map = "dict" in words.lower().split()
                yield field._rest_name_input or name, nested[0] if nested and not is_map else ""


def main() -> None:
    found: dict[str, dict[str, str]] = {}
    waiting = list(ROOTS)
    while waiting:
        name = waiting.pop()
        model = getattr(models, name, None)
        if name in found or model is None or not hasattr(model, "__mro__"):
            continue
        members = dict(sorted(wire_names(model)))
        if members:
            found[name] = members
            waiting += [nested for nested in members.values() if nested]
    models_alone = {
        name: {key: nested if nested in found else "" for key, nested in members.items()} for name, members in found.items()
    }
    json.dump(models_alone, sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")


main()
