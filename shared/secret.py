"""A text that must not be seen by chance."""

from typing import Any, final


@final
class Secret:
    """Wraps a secret so that repr, str, format and tracebacks of its owner don't show it; `reveal` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret('**********')"


def repr_without(value: tuple[Any, ...], *hidden: str) -> str:
    """The repr of a named tuple without the members that aren't for logs."""
    names: tuple[str, ...] = value._fields  # type: ignore[attr-defined]
    members = ", ".join(f"{name}={member!r}" for name, member in zip(names, value, strict=True) if name not in hidden)
    return f"{type(value).__name__}({members})"
