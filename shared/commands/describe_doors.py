"""`python -m shared.commands.describe_doors` writes docs/openapi.json and docs/api.md anew: the OpenAPI description of all doors,
and the same to be read. With `--check` nothing is written, and the exit code is 1 where a file isn't current.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared.commands.describe_settings import ROOT, bring_up_to_date
from shared.openapi.doors import describe_doors
from shared.openapi.operations import content_of
from shared.strict_json import JsonObject

PAGE, DESCRIPTION = Path("docs", "api.md"), Path("docs", "openapi.json")
# In the served description it is the bridge's own address.
BASE_URL = "https://bridge.example.com"
_HEAD = """# HTTP API

All doors of the bridge, as it describes them itself at `GET /openapi.json` (OpenAPI 3.1; a copy: [openapi.json](openapi.json)).
Made by `python -m shared.commands.describe_doors`. What the members mean is in [registration](registration.md) and
[introspection](introspection.md).

## Credentials

"""


def make_page(description: JsonObject) -> str:
    """The description as a page of Markdown."""
    schemes, paths, schemas = (
        description["components"]["securitySchemes"],
        description["paths"],
        description["components"]["schemas"],
    )
    lines = ["| name | how | what |", "|---|---|---|"]
    for name, scheme in schemes.items():
        how = f"header `{scheme['name']}`" if "name" in scheme else f"`Authorization: {scheme['scheme'].capitalize()}`"
        lines.append(f"| {name} | {how} | {scheme['description']} |")
    refusals = {
        status: answer["description"]
        for item in paths.values()
        for operation in item.values()
        for status, answer in operation["responses"].items()
        if _is_refusal(answer)
    }
    lines += ["", "## Errors", "", "In JSON: [Error](#error).", "", "| status | when |", "|---|---|"]
    lines += [f"| {status} | {when} |" for status, when in sorted(refusals.items())]
    for path, item in paths.items():
        lines += ["", f"## {path}"]
        for method, operation in item.items():
            lines += ["", f"### {method.upper()} {path}", "", *_operation_lines(operation)]
    lines += ["", "## Schemas"]
    for name, schema in sorted(schemas.items()):
        lines += ["", f"### {name}", "", *_schema_lines(schema)]
    return _HEAD + "\n".join(lines) + "\n"


def _operation_lines(operation: JsonObject) -> Iterator[str]:
    credentials = [" and ".join(entry) or "none, where an operator allows it" for entry in operation["security"]]
    yield f"{operation['summary'][0].upper()}{operation['summary'][1:]}."
    yield ""
    yield f"- Credential: {', or '.join(credentials) or 'none'}."
    for parameter in operation.get("parameters", ()):
        yield f"- Parameter `{parameter['name']}` in the {parameter['in']}: {_kind(parameter['schema'])}."
    if "requestBody" in operation:
        needed = "" if operation["requestBody"]["required"] else ", which may be left out"
        yield f"- Body{needed}: {_media(operation['requestBody']['content'])}."
    refusals = [status for status, answer in operation["responses"].items() if _is_refusal(answer)]
    for status, answer in operation["responses"].items():
        if status not in refusals:
            yield f"- Answer {status}, {answer['description']}: {_media(answer.get('content', {})) or 'no body'}."
    yield f"- Errors: {', '.join(refusals)}."


def _is_refusal(answer: JsonObject) -> bool:
    return bool(answer.get("content") == content_of("Error"))


def _media(content: JsonObject) -> str:
    return ", ".join(
        f"`{media}`" + (f" {_kind(entry['schema'])}" if "schema" in entry else "") for media, entry in content.items()
    )


def _schema_lines(schema: JsonObject) -> Iterator[str]:
    if "description" in schema:
        yield schema["description"]
        yield ""
    if "properties" not in schema:
        yield _kind(schema)
        return
    required = schema.get("required", ())
    yield "| member | type | |"
    yield "|---|---|---|"
    for name, member in schema["properties"].items():
        said = [*(["required"] if name in required else []), *([member["description"]] if "description" in member else [])]
        yield f"| `{name}` | {_kind(member)} | {'; '.join(said)} |"
    for pattern, member in schema.get("patternProperties", {}).items():
        yield f"| `{pattern.replace('|', '&#124;')}` | {_kind(member)} | |"


def _kind(schema: JsonObject) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for word, joint in (("anyOf", " or "), ("oneOf", " or "), ("allOf", " and ")):
        if word in schema:
            return joint.join(_kind(entry) for entry in schema[word])
    if "enum" in schema or "const" in schema:
        return " or ".join(f"`{json.dumps(value)}`" for value in schema.get("enum", [schema.get("const")]))
    kinds = schema.get("type", "anything")
    name = kinds if isinstance(kinds, str) else " or ".join(kinds)
    return (
        f"array of {_kind(schema['items'])}"
        if "items" in schema
        else f"{name} ({schema['format']})"
        if "format" in schema
        else name
    )


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Write what isn't current, and name it; 1 with `--check` where there is any."""
    parser = argparse.ArgumentParser(prog="python -m shared.commands.describe_doors", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    description = describe_doors(BASE_URL)
    files = {DESCRIPTION: json.dumps(description, indent=2, ensure_ascii=False) + "\n", PAGE: make_page(description)}
    stale = bring_up_to_date(files, root, check=options.check)
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
