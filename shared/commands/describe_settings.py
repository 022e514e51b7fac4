"""`python -m shared.commands.describe_settings` writes docs/settings.md and docs/schema/ anew from the declared settings.

The tables of docs/settings.md stand between markers; what is around them is written by hand. With `--check` nothing is written,
and the exit code is 1 where a file isn't current.
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.environment import REFERENCE, Setting
from shared.settings.schedule import SCHEDULE
from shared.settings.whole import declared_settings

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path("docs", "settings.md")
SCHEMAS = Path("docs", "schema")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TABLE = re.compile(r"(<!-- settings of (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
# Defaults that are described, not quoted.
_WORDS = re.compile(r"(?:required|none|.*[ `'].*)?")

type Schema = Mapping[str, Any]


def describe_table(settings: Sequence[Setting[Any]]) -> str:
    """The settings as a Markdown table."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for setting in settings:
        default = setting.shown if _WORDS.fullmatch(setting.shown) else f"`{setting.shown}`"
        lines.append(f"| `{setting.name}` | {f'{default} ' if default else ''}| {setting.meaning} |")
    return "\n".join(lines) + "\n"


def schema_of(setting: Setting[Any]) -> Schema:
    """The JSON Schema of the setting's value in the file."""
    return setting.schema() if callable(setting.schema) else setting.schema


def schema_of_file(settings: Sequence[Setting[Any]]) -> Schema:
    """The JSON Schema of the file that BRIDGE_CONFIG names: settings by name, any text by reference to a variable."""
    definitions: dict[str, Any] = {
        "reference": {
            "description": "The text of an environment variable, for what is secret.",
            "type": "object",
            "properties": {REFERENCE: {"type": "string", "minLength": 1}},
            "required": [REFERENCE],
            "additionalProperties": False,
        }
    }
    properties: dict[str, Any] = {"$schema": {"type": "string"}}
    for setting in settings:
        value = dict(schema_of(setting))
        # Definitions of one setting must not meet another's of the same name.
        for name, definition in value.pop("$defs", {}).items():
            definitions[f"{setting.name}.{name}"] = _with_references(definition, setting.name)
        properties[setting.name] = {
            "description": setting.meaning,
            "anyOf": [_with_references(value, setting.name), {"$ref": "#/$defs/reference"}],
        }
    return {
        "$schema": DIALECT,
        "title": "The settings of the Entra DCR Bridge, by name",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "$defs": definitions,
    }


def _with_references(value: Any, setting: str) -> Any:
    """The schema with each text in it replaceable by a reference, and its own definitions under the setting's name."""
    if isinstance(value, list):
        return [_with_references(entry, setting) for entry in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("$ref"), str):
        return {**value, "$ref": value["$ref"].replace("#/$defs/", f"#/$defs/{setting}.")}
    inner = {name: _with_references(entry, setting) if name != "default" else entry for name, entry in value.items()}
    if value.get("type") == "string":
        return {"anyOf": [inner, {"$ref": "#/$defs/reference"}]}
    return inner


def make_files(root: Path) -> dict[Path, str]:
    """What the files must hold, by path from `root`: the page, a schema of the file, and one of each JSON document."""
    rooms = declared_settings()
    tables = {room: describe_table(settings) for room, settings in rooms.items()}
    page = (root / PAGE).read_text(encoding="utf-8")
    page = _TABLE.sub(lambda found: f"{found[1]}\n{tables[found[2]]}\n{found[3]}", page)
    of_file = [
        setting for settings in rooms.values() for setting in settings if setting.name not in (SCHEDULE.name, "BRIDGE_CONFIG")
    ]
    files = {PAGE: page, SCHEMAS / "bridge.json": _json(schema_of_file(of_file))}
    for setting in of_file:
        schema = schema_of(setting)
        # What is only a list or an object, or a text, is described by its meaning alone.
        if len(schema) > 1 and schema.get("type") in ("array", "object"):
            described = {"$schema": DIALECT, "title": setting.name, "description": setting.meaning, **schema}
            files[SCHEMAS / f"{setting.name.lower()}.json"] = _json(described)
    return files


def _json(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Write what isn't current, and name it; 1 with `--check` where there is any."""
    parser = argparse.ArgumentParser(prog="python -m shared.commands.describe_settings", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    files = make_files(root)
    stale = bring_up_to_date(files, root, check=options.check)
    left = [path for path in sorted((root / SCHEMAS).glob("*.json")) if path.relative_to(root) not in files]
    for path in left:
        sys.stdout.write(f"{path.relative_to(root).as_posix()} is of no setting; remove it\n")
    return 1 if options.check and (stale or left) else 0


def bring_up_to_date(files: Mapping[Path, str], root: Path, *, check: bool) -> list[Path]:
    """Write those of the generated files that aren't current, unless it is only to `check`; their paths, which are printed."""
    stale = [path for path, text in files.items() if not (root / path).is_file() or (root / path).read_text("utf-8") != text]
    for path in stale:
        sys.stdout.write(f"{path.as_posix()} {'is not current' if check else 'is written anew'}\n")
        if not check:
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_text(files[path], encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
