"""Settings: each is declared once, and the declaration reads it, gives its default, documents it and describes it to editors.

    BUDGET = number("REGISTRATION_BUDGET_MILLISECONDS", 4500, 500, 60_000, "the time for one request")

    environment = Environment(variables)
    seconds = environment.read(BUDGET) / 1000
    environment.done()

All settings are texts of environment variables. Every problem is collected, so that an operator mends all of them at once; a
value is never repeated, since it may be a secret. Nothing heavy is imported here: introspection starts with this module.
"""

import json
import os.path
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

# The lower-case form of Entra's ids.
GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
# What Azure leaves in a setting whose Key Vault reference it couldn't resolve.
_VAULT_REFERENCE = "@microsoft.keyvault("
# What stands for a value in the documentation and the examples: `<a long random text>`, `<hex>`, or the words that describe it.
_PLACEHOLDER = re.compile(
    r"<[A-Za-z0-9][^<>]* [^<>]*>|<(?:hex|text|tenant|app|app id|api)>|random text of at least 32 characters", re.IGNORECASE
)
# The directory of host.json; the worker's own differs between plans.
_APP_DIRECTORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - see with_file

type Schema = Mapping[str, Any]


class Problem(NamedTuple):
    """One setting that is missing or wrong: its name and what is expected. The value is not shown: it may be a secret."""

    name: str
    expected: str

    def __str__(self) -> str:
        return f"{self.name}: {self.expected}"


class InvalidSettings(Exception):
    """The settings can't be used; `problems` says why, one entry for each setting."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class Setting[T](NamedTuple):
    """One setting.

    `parse` makes a value of the text, without blanks around it, and raises ValueError that says what is expected. `default` holds
    where the setting is absent or empty; `shown` is how the reference writes the default. `required` says what is expected where
    the setting must be there. `schema` is the JSON Schema of its value in bridge.json, or makes it.
    """

    name: str
    parse: Callable[[str], T]
    default: T
    meaning: str
    shown: str
    required: str
    schema: Schema | Callable[[], Schema]


def text(name: str, meaning: str, default: str = "", *, required: str = "", shown: str = "") -> Setting[str]:
    """Any text."""
    return Setting(name, str, default, meaning, shown or default, required, {"type": "string"})


def flag(name: str, default: bool, meaning: str) -> Setting[bool]:
    """A switch: true or false."""

    def parse(value: str) -> bool:
        if value.lower() not in _TRUE | _FALSE:
            raise ValueError("expected true or false")
        return value.lower() in _TRUE

    return Setting(name, parse, default, meaning, str(default).lower(), "", {"type": "boolean"})


def number(name: str, default: int, least: int, most: int, meaning: str) -> Setting[int]:
    """A whole number between two bounds, both included."""

    def parse(value: str) -> int:
        if not (value.isascii() and value.isdigit() and len(value) < 20 and least <= int(value) <= most):
            raise ValueError(f"expected a whole number from {least} to {most}")
        return int(value)

    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Setting(name, parse, default, meaning, str(default), "", schema)


def choice(name: str, values: tuple[str, ...], meaning: str) -> Setting[str]:
    """One of some words, in any case; the first is the usual one."""
    by_word = {value.lower(): value for value in values}

    def parse(value: str) -> str:
        if value.lower() not in by_word:
            raise ValueError(f"expected one of: {', '.join(values)}")
        return by_word[value.lower()]

    return Setting(name, parse, values[0], meaning, values[0], "", {"enum": list(values)})


def origin(
    name: str, meaning: str, default: str = "", *, required: str = "", path: bool = False, shown: str = ""
) -> Setting[str]:
    """An https URL without query and fragment, given back without a trailing slash; http for a loopback host alone."""

    def parse(value: str) -> str:
        url = value.rstrip("/")
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            _ = parts.port
        except ValueError:
            host, parts = "", urlsplit("")
        plain = parts.scheme == "http" and host in LOOPBACK_HOSTS
        wrong = parts.username is not None or parts.query or parts.fragment or (parts.path and not path)
        if not host or wrong or not (parts.scheme == "https" or plain):
            raise ValueError(f"expected a URL like https://host{'/path' if path else ''} (http for a loopback host alone)")
        return url

    return Setting(name, parse, default, meaning, shown or default, required, {"type": "string", "format": "uri"})


def document[T](
    name: str,
    parse: Callable[[str], T],
    default: T,
    meaning: str,
    schema: Schema | Callable[[], Schema],
    *,
    required: str = "",
    shown: str = "none",
) -> Setting[T]:
    """A JSON document, or any other text that has a reader of its own."""
    return Setting(name, parse, default, meaning, shown, required, schema)


class Environment:
    """Typed access to settings. A wrong one is noted in `problems` and read as its default."""

    def __init__(self, variables: Mapping[str, str], *, references: bool = False) -> None:
        """With `references`, unresolved Key Vault references pass, as where a pipeline checks what Azure will resolve."""
        self._variables = variables
        self._references = references
        self._unresolved: set[str] = set()
        self.problems: list[Problem] = []

    def refuse(self, name: str, expected: str) -> None:
        """Note that a setting is missing or wrong. What is found first stands: the rest follows from it.

        What depends on a reference that may stay unresolved can't be judged, and isn't noted.
        """
        if any(unresolved in f"{name} {expected}" for unresolved in self._unresolved):
            return
        if self._unresolved and " " in name:  # a contradiction among several settings
            return
        if all(problem.name != name for problem in self.problems):
            self.problems.append(Problem(name, expected))

    def read[T](self, setting: Setting[T], default: T | None = None) -> T:
        """The setting's value, or its default where it is absent or wrong. `default` replaces the declared one."""
        name = setting.name
        usual = setting.default if default is None else default
        value = self._variables.get(name, "").strip()
        if not value:
            if setting.required:
                self.refuse(name, f"is not set; expected {setting.required}")
            return usual
        if _VAULT_REFERENCE in value.lower():
            if self._references:
                self._unresolved.add(name)
                # A text counts as set, and nothing else can be made of it.
                as_text: Callable[[str], Any] = str
                return setting.parse(value) if setting.parse is as_text else usual
            self.refuse(
                name, "its Key Vault reference was not resolved: check the secret's name and the app's access to the vault"
            )
            return usual
        if _PLACEHOLDER.search(value):
            self.refuse(name, "holds a placeholder of the documentation; put a value of your own in its place")
            return usual
        try:
            return setting.parse(value)
        except ValueError as error:
            self.refuse(name, str(error))
        except RecursionError:
            self.refuse(name, "is nested too deeply")
        return usual

    def is_wrong(self, setting: Setting[Any]) -> bool:
        """Whether a problem of this setting was noted."""
        return any(problem.name == setting.name for problem in self.problems)

    def done(self) -> None:
        """Raise InvalidSettings where there was any problem."""
        if self.problems:
            raise InvalidSettings(tuple(self.problems))


CONFIGURATION_FILE = text("BRIDGE_CONFIG", "path of a JSON file with settings, relative to the app's directory", shown="none")
REFERENCE = "$setting"


def with_file(variables: Mapping[str, str]) -> Mapping[str, str]:
    """`variables` and the settings of the file that BRIDGE_CONFIG names, whose schema is docs/schema/bridge.json.

    The file is one JSON object of settings by name, with JSON where a setting is JSON. `{"$setting": "NAME"}` anywhere in it
    stands for the text of the environment variable NAME, so that it holds no secret. Variables that are set win over the file.
    Raises InvalidSettings for a file that can't be read, isn't an object, or refers to a variable that isn't set.
    """
    environment = Environment(variables)
    path = environment.read(CONFIGURATION_FILE)
    environment.done()
    if not path:
        return variables
    try:
        members = json.loads(read_file(path))
    except (OSError, ValueError, RecursionError) as cause:
        where = f" at line {cause.lineno}" if isinstance(cause, json.JSONDecodeError) else ""
        environment.refuse(CONFIGURATION_FILE.name, f"expected the path of a JSON file, which can't be read{where}")
        members = {}
    if not isinstance(members, dict):
        environment.refuse(CONFIGURATION_FILE.name, "expected a file with one JSON object of settings by name")
        members = {}
    members = {name: value for name, value in members.items() if not name.startswith("$")}
    found = {name: _as_text(_resolved(value, name, environment, variables)) for name, value in members.items()}
    environment.done()
    return {**found, **{name: value for name, value in variables.items() if value.strip() or name not in found}}


def read_file(path: str) -> str:
    """The text of a file of the app, by a path from its directory, or any other by its whole path."""
    # pathlib costs introspection's start more than it tells.
    with open(os.path.join(_APP_DIRECTORY, path), encoding="utf-8") as file:  # noqa: PTH118, PTH123
        return file.read()


def _resolved(value: object, name: str, environment: Environment, variables: Mapping[str, str]) -> object:
    if isinstance(value, list):
        return [_resolved(entry, name, environment, variables) for entry in value]
    if not isinstance(value, dict):
        return value
    if REFERENCE not in value:
        return {member: _resolved(entry, name, environment, variables) for member, entry in value.items()}
    referred = value[REFERENCE]
    if len(value) != 1 or not isinstance(referred, str) or not variables.get(referred, "").strip():
        environment.refuse(name, f"in the file of BRIDGE_CONFIG: {REFERENCE} must name a setting of the environment")
        return ""
    return variables[referred].strip()


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def usable[T](settings: Callable[[], T]) -> T | None:
    """The settings of a part; None where they are wrong."""
    try:
        return settings()
    except InvalidSettings:
        return None
