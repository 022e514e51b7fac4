"""local.settings.json: the app settings of a developer's machine.

Microsoft Learn, "Code and test Azure Functions locally", section "Local settings file". Like Core Tools, a variable that the
environment has already wins over the file.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE_NAME = "local.settings.json"
_DEFAULT_PORT = 7071


def read_local_settings(app_directory: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The `Values` that are not in the environment yet; none without a file. Raises ValueError for a file that cannot be used."""
    values = _content(app_directory).get("Values", {})
    if not isinstance(values, dict):
        raise ValueError(f'{FILE_NAME}: "Values" is not an object')
    for name, value in values.items():
        if isinstance(value, (dict, list)) or value is None:
            raise ValueError(f"{FILE_NAME}: the value of {name} is not a text")
    return {name: str(value) for name, value in values.items() if name not in environment}


def read_local_port(app_directory: Path) -> int:
    """The port to listen on: `Host.LocalHttpPort`, or 7071 as `func start` has it."""
    return int(_content(app_directory).get("Host", {}).get("LocalHttpPort", _DEFAULT_PORT))


def _content(app_directory: Path) -> dict[str, Any]:
    path = app_directory / FILE_NAME
    if not path.is_file():
        return {}
    content = json.loads(path.read_text("utf-8-sig"))
    if not isinstance(content, dict):
        raise ValueError(f"{FILE_NAME} is not a JSON object")
    if content.get("IsEncrypted"):
        raise ValueError(f'{FILE_NAME} is encrypted; "func settings decrypt" makes it readable')
    return content
