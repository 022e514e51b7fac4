"""Reading JSON settings: typed members of an object, unknown ones refused, every error naming the member at fault."""

import json
from collections.abc import Callable, Iterator, Mapping


class Members:
    """The members of one JSON object. `path` is how messages name it, such as `callers[0]`. Every reader raises ValueError."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise ValueError(f"{path} must be a JSON object")
        self._members: Mapping[str, object] = value
        self._known: set[str] = set()
        self._path = path

    def name(self, member: str) -> str:
        """How messages name `member`."""
        return f"{self._path}.{member}"

    def _take(self, member: str) -> object:
        self._known.add(member)
        return self._members.get(member)

    def text(self, member: str, default: str | None = None) -> str:
        """A string that isn't empty; required when there is no default."""
        value = self._take(member)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value:
            raise ValueError(f"{self.name(member)} must be a string" if value is not None else f"{self.name(member)} is missing")
        return value

    def optional_text(self, member: str) -> str | None:
        """A string, or None when it is absent or null."""
        return None if self._members.get(member) is None else self.text(member)

    def texts(self, member: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of strings that aren't empty; when required, at least one."""
        value = self._take(member)
        if value is None and not required:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise ValueError(f"{self.name(member)} must be a list of strings")
        if required and not value:
            raise ValueError(f"{self.name(member)} must not be empty")
        return tuple(value)

    def flag(self, member: str, default: bool = False) -> bool:
        """true or false."""
        value = self._take(member)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise ValueError(f"{self.name(member)} must be true or false")
        return value

    def number(self, member: str, default: int, least: int, most: int) -> int:
        """An integer from `least` to `most`."""
        value = self._take(member)
        if value is None:
            return default
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"{self.name(member)} must be an integer from {least} to {most}")
        return value

    def choice(self, member: str, default: str, choices: tuple[str, ...]) -> str:
        """One of `choices`."""
        value = self._take(member)
        if value is None:
            return default
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"{self.name(member)} must be one of: {', '.join(choices)}")
        return value

    def items[T](self, member: str, read: Callable[[object, str], T]) -> tuple[T, ...]:
        """A list whose items `read` turns into T, given each item and its name."""
        value = self._take(member)
        return () if value is None else read_list(value, self.name(member), read)

    def item[T](self, member: str, read: Callable[[object, str], T], default: T) -> T:
        """A value that `read` turns into T."""
        value = self._take(member)
        return default if value is None else read(value, self.name(member))

    def finish(self) -> None:
        """Refuses members that no reader asked for: a misspelt switch must not be silently off."""
        for member in self._members:
            if member not in self._known:
                raise ValueError(f"{self.name(member)} is not known")


def read_list[T](value: object, path: str, read: Callable[[object, str], T]) -> tuple[T, ...]:
    """The items of a JSON list, each turned into T."""
    if not isinstance(value, list):
        raise ValueError(f"{path} must be a JSON list")
    return tuple(_items(value, path, read))


def _items[T](value: list[object], path: str, read: Callable[[object, str], T]) -> Iterator[T]:
    for index, item in enumerate(value):
        yield read(item, f"{path}[{index}]")


def read_json(text: str, path: str) -> object:
    """The JSON value of a setting. Raises ValueError that names the setting and
    never repeats its text, which may hold secrets.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(f"{path} is not JSON{where}") from None
