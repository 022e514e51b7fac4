"""What the host knows of a function: the content of its function.json.

Schema: json.schemastore.org/function; name rule, script file and reserved routes as in Azure/azure-functions-host
(HostFunctionMetadataProvider.cs, ScriptHost.cs).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,127}", re.IGNORECASE)
_SETTING = re.compile(r"%([^%\s]+)%")
_DIRECTIONS = ("in", "out", "inout")


class DescriptionError(ValueError):
    """A function.json that the host would refuse; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One entry of `bindings`; `properties` holds all of the entry's own properties, with app settings filled in."""

    name: str
    type: str
    direction: str
    data_type: str
    properties: Mapping[str, Any]


_NO_TRIGGER = Binding("", "", "in", "", {})


@dataclass(slots=True)
class FunctionDescription:
    """A function folder as the host reads it.

    `index_error` says why the host would not know the function at all (its route answers 404), `load_error` why the worker could
    not load it (its route answers 500); both None is a function that runs. `function_id` is unique in the process.
    """

    name: str
    directory: Path
    script_file: Path
    entry_point: str = ""
    bindings: tuple[Binding, ...] = ()
    trigger: Binding = _NO_TRIGGER
    disabled: bool = False
    index_error: str | None = None
    worker_error: str | None = None
    function_id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def load_error(self) -> str | None:
        """Why the function does not run, whichever half of the host found out."""
        return self.index_error or self.worker_error

    def is_triggered_by(self, kind: str) -> bool:
        """True for a described function whose trigger is of this type, e.g. `httpTrigger`."""
        return self.trigger.type.lower() == kind.lower()


def resolve_settings(text: str, settings: Mapping[str, str]) -> str:
    """Replace each `%NAME%` by that app setting. Raises DescriptionError for one that is not set.

    Microsoft Learn, "Azure Functions binding expression patterns", section "Binding expressions - app settings".
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in settings:
            raise DescriptionError(f"%{match[1]}% does not resolve to a value: there is no such app setting")
        return settings[match[1]]

    return _SETTING.sub(value, text)


def read_descriptions(app_directory: Path, settings: Mapping[str, str]) -> list[FunctionDescription]:
    """All function folders of an app, by name: every directory at its top that holds a function.json."""
    folders = sorted(path.parent for path in app_directory.glob("*/function.json"))
    return [read_description(folder, settings) for folder in folders]


def read_description(folder: Path, settings: Mapping[str, str]) -> FunctionDescription:
    """One function folder. What the host would refuse is told in `index_error`, never raised."""
    function = FunctionDescription(folder.name, folder, folder / "__init__.py")
    try:
        _fill_in(function, json.loads((folder / "function.json").read_text("utf-8-sig")), settings)
    except DescriptionError as error:
        function.index_error = str(error)
    except ValueError as error:
        function.index_error = f"function.json is not JSON: {error}"
    return function


def _fill_in(function: FunctionDescription, content: Any, settings: Mapping[str, str]) -> None:
    if not _NAME.fullmatch(function.name) or function.name.lower() == "host":
        raise DescriptionError(
            "the folder's name is no function name: a letter, then up to 127 letters, digits, _ or -; not 'host'"
        )
    if not isinstance(content, dict) or not isinstance(content.get("bindings"), list) or not content["bindings"]:
        raise DescriptionError("function.json has no bindings")
    function.script_file = function.directory / str(content.get("scriptFile", "__init__.py"))
    function.entry_point = str(content.get("entryPoint", ""))
    setting = settings.get(f"AzureWebJobs.{function.name}.Disabled", "")
    function.disabled = content.get("disabled") is True or setting.lower() in ("true", "1")
    if not function.script_file.is_file():
        raise DescriptionError(f"there is no file {function.script_file.name}")
    function.bindings = tuple(_binding(entry, settings) for entry in content["bindings"])
    names = [binding.name for binding in function.bindings]
    if len(names) != len(set(names)):
        raise DescriptionError("two bindings have the same name")
    triggers = [binding for binding in function.bindings if binding.type.lower().endswith("trigger")]
    if len(triggers) != 1:
        raise DescriptionError(f"has {len(triggers)} trigger bindings, not one")
    function.trigger = triggers[0]
    # The prefix does not matter to this rule; "administration" falls under it too.
    route = str(function.trigger.properties.get("route", "")).strip("/").lower()
    if function.is_triggered_by("httpTrigger") and route.startswith(("admin", "runtime")):
        raise DescriptionError("the specified route conflicts with one or more built in routes")


def _binding(entry: Any, settings: Mapping[str, str]) -> Binding:
    if not isinstance(entry, dict):
        raise DescriptionError("a binding is not an object")
    for required in ("name", "type"):
        if not isinstance(entry.get(required), str) or not entry[required]:
            raise DescriptionError(f"a binding has no {required}")
    direction = str(entry.get("direction", "in")).lower()
    if direction not in _DIRECTIONS:
        raise DescriptionError(f"binding {entry['name']}: the direction is one of {', '.join(_DIRECTIONS)}")
    properties = {key: resolve_settings(value, settings) if isinstance(value, str) else value for key, value in entry.items()}
    return Binding(entry["name"], entry["type"], direction, str(entry.get("dataType", "")).lower(), properties)
