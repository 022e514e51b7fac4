"""Attributes of an object that are built when they are first used, each under a lock of its own."""

from collections.abc import Callable
from threading import RLock
from typing import Any, overload


class Parts:
    """An object with parts. They use each other without circles, so whoever waits for one is never waited for by its builder."""

    def __init__(self) -> None:
        members = (item for kind in type(self).__mro__ for item in vars(kind).items())
        self.locks = {name: RLock() for name, value in members if isinstance(value, part)}


class part[T]:  # noqa: N801 - used as a decorator, like property
    """An attribute that is built at its first use, once, also when several threads come at the same time."""

    def __init__(self, build: Callable[[Any], T]) -> None:
        self._build = build
        self._name = build.__name__
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> "part[T]": ...
    @overload
    def __get__(self, owner: "Parts", kind: type) -> T: ...
    def __get__(self, owner: "Parts | None", kind: type) -> "part[T] | T":
        if owner is None:
            return self
        with owner.locks[self._name]:
            # Once it is there, Python finds the value in the instance and doesn't come here again.
            if self._name not in owner.__dict__:
                owner.__dict__[self._name] = self._build(owner)
            value: T = owner.__dict__[self._name]
            return value
