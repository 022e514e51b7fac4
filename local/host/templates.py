"""Route templates as in ASP.NET Core: literals in any case, `{id}`, `{id?}`, `{id=default}`, `{id:int}`, `{*rest}`, `v{n}.json`.

Microsoft Learn, "Routing in ASP.NET Core", sections "Route templates" and "Route constraints"; matching as in
Microsoft.AspNetCore.Routing.Template.TemplateMatcher.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

_PARAMETER = re.compile(
    r"\{(?P<star>\*{0,2})(?P<name>[^{}:=?]+)(?P<constraints>(?::[^{}=?]+)*)(?:=(?P<default>[^{}?]*))?(?P<optional>\??)\}"
)

# A constraint either is a pattern for the whole value or, with arguments, a check of it.
_PATTERNS = {
    "alpha": r"[A-Za-z]*",
    "bool": r"(?i:true|false)",
    "guid": r"\{?[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}\}?",
    "int": r"[+-]?\d{1,10}",
    "long": r"[+-]?\d{1,19}",
    "required": r".+",
}
_INTEGER = re.compile(r"[+-]?\d+")

Check = Callable[[str], bool]


class TemplateError(ValueError):
    """A route template that cannot be read, or that uses what this host does not know."""


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    default: str | None
    checks: tuple[Check, ...]


class RouteTemplate:
    """A route template, compiled once; `match` is called for each request."""

    def __init__(self, template: str) -> None:
        """Raises TemplateError."""
        self.template = template.strip("/")
        self._parameters: list[_Parameter] = []
        segments = self.template.split("/") if self.template else []
        pattern = ""
        for position, segment in enumerate(segments):
            pattern += self._segment(segment, is_last=position == len(segments) - 1)
        self._pattern = re.compile(f"{pattern}/?", re.IGNORECASE)
        names = [parameter.name.lower() for parameter in self._parameters]
        if len(names) != len(set(names)):
            raise TemplateError(f"{template}: a parameter appears twice")

    def match(self, path: str) -> dict[str, str] | None:
        """The route values of a decoded path ("/register/abc"), without absent optional ones; None if it does not fit."""
        found = self._pattern.fullmatch(path)
        if found is None:
            return None
        values: dict[str, str] = {}
        for parameter, value in zip(self._parameters, found.groups(), strict=True):
            if not value:
                if parameter.default is not None:
                    values[parameter.name] = parameter.default
                continue
            for check in parameter.checks:
                if not check(value):
                    return None
            values[parameter.name] = value
        return values

    def _segment(self, segment: str, is_last: bool) -> str:
        if not segment:
            raise TemplateError(f"{self.template}: an empty segment")
        pattern = ""
        rest = segment
        while rest:
            found = _PARAMETER.match(rest)
            if found is None:
                literal = re.match(r"[^{}?*]+", rest)
                if literal is None:
                    raise TemplateError(f"{self.template}: cannot read {rest!r}")
                pattern += re.escape(literal[0])
                rest = rest[literal.end() :]
                continue
            rest = rest[found.end() :]
            default = found["default"]
            self._parameters.append(_Parameter(found["name"], default, tuple(_checks(found["constraints"]))))
            is_whole = found[0] == segment
            may_be_absent = bool(found["optional"]) or default is not None
            if (found["star"] or found["optional"]) and not (is_last and is_whole):
                raise TemplateError(f"{self.template}: {found[0]} can only be the whole of the last segment")
            if found["star"]:
                return "(?:/(.*))?"
            if may_be_absent and is_last and is_whole:
                return "(?:/([^/]+))?"
            pattern += "([^/]+)"
        return f"/{pattern}"


def _checks(constraints: str) -> list[Check]:
    return [_check(constraint) for constraint in constraints.split(":") if constraint]


def _check(constraint: str) -> Check:
    found = re.fullmatch(r"(\w+)(?:\((.*)\))?", constraint)
    name, argument = (found[1].lower(), found[2]) if found else (constraint, None)
    if argument is None and name in _PATTERNS:
        whole = re.compile(_PATTERNS[name], re.ASCII)
        return lambda value: whole.fullmatch(value) is not None
    if argument is not None and name == "regex":
        within = re.compile(argument, re.IGNORECASE)
        return lambda value: within.search(value) is not None
    numbers = [int(number) for number in (argument or "").split(",") if _INTEGER.fullmatch(number.strip())]
    if name == "length" and len(numbers) in (1, 2):
        return lambda value: numbers[0] <= len(value) <= numbers[-1]
    if name == "minlength" and len(numbers) == 1:
        return lambda value: len(value) >= numbers[0]
    if name == "maxlength" and len(numbers) == 1:
        return lambda value: len(value) <= numbers[0]
    if name == "range" and len(numbers) == 2:
        return lambda value: _INTEGER.fullmatch(value) is not None and numbers[0] <= int(value) <= numbers[1]
    if name == "min" and len(numbers) == 1:
        return lambda value: _INTEGER.fullmatch(value) is not None and int(value) >= numbers[0]
    if name == "max" and len(numbers) == 1:
        return lambda value: _INTEGER.fullmatch(value) is not None and int(value) <= numbers[0]
    raise TemplateError(f"the route constraint {constraint!r} is not known to this host")
