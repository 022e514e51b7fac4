"""Reading settings from environment variables: every problem is collected, so that an operator mends all of them at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

TRUE = frozenset({"true", "1", "yes", "on"})
FALSE = frozenset({"false", "0", "no", "off"})
# What Azure leaves in a setting whose Key Vault reference it couldn't resolve.
VAULT_REFERENCE = "@microsoft.keyvault("
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Problem:
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


class Environment:
    """Typed access to environment variables. A wrong one is noted in `problems` and read as its default."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.problems: list[Problem] = []

    def refuse(self, name: str, expected: str) -> None:
        """Note that a setting is missing or wrong. What is found first stands: the rest follows from it."""
        if all(problem.name != name for problem in self.problems):
            self.problems.append(Problem(name, expected))

    def text(self, name: str, default: str = "", *, required: str = "") -> str:
        """A text without surrounding white space. `required` says what is expected where it must be set."""
        value = self._variables.get(name, "").strip()
        if value.lower().startswith(VAULT_REFERENCE):
            self.refuse(
                name, "its Key Vault reference was not resolved: check the secret's name and the app's access to the vault"
            )
            return default
        if not value and required:
            self.refuse(name, f"is not set; expected {required}")
        return value or default

    def flag(self, name: str, default: bool) -> bool:
        """A switch: true or false."""
        value = self.text(name).lower()
        if value and value not in TRUE | FALSE:
            self.refuse(name, "expected true or false")
        return value in TRUE if value in TRUE | FALSE else default

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number between two bounds, both included."""
        value = self.text(name)
        if not value:
            return default
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            self.refuse(name, f"expected a whole number from {least} to {most}")
            return default
        return int(value)

    def origin(self, name: str, default: str = "", *, required: str = "", path: bool = False) -> str:
        """An https URL without query and fragment, given back without a trailing slash; http for a loopback host alone."""
        value = self.text(name, default, required=required).rstrip("/")
        if not value:
            return ""
        try:
            parts = urlsplit(value)
            host = parts.hostname or ""
            _ = parts.port
        except ValueError:
            host, parts = "", urlsplit("")
        plain = parts.scheme == "http" and host in LOOPBACK
        wrong = parts.username is not None or parts.query or parts.fragment or (parts.path and not path)
        if not host or wrong or not (parts.scheme == "https" or plain):
            self.refuse(name, f"expected a URL like https://host{'/path' if path else ''} (http for a loopback host alone)")
            return ""
        return value

    def parsed[T](self, name: str, parse: Callable[[str], T], default: T, *, required: str = "") -> T:
        """What `parse` makes of the text; its ValueError says what is wrong with it."""
        value = self.text(name, required=required)
        if not value:
            return default
        try:
            return parse(value)
        except ValueError as error:
            self.refuse(name, str(error))
            return default

    def done(self) -> None:
        """Raise InvalidSettings where there was any problem."""
        if self.problems:
            raise InvalidSettings(tuple(self.problems))
