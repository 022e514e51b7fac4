"""Whether two routes can both fit one request.

The host takes the first that was registered, in the order in which the file system lists the folders, and that differs from
machine to machine: an app whose routes overlap works by chance.
"""

from collections.abc import Iterator
from itertools import product

from local.host.routes import Route

# Values that some constraint or other accepts where no literal of the other route stands.
_SAMPLES = ("x", "1", "true", "00000000-0000-0000-0000-000000000000")


def common_request(first: Route, second: Route) -> str | None:
    """A method and path that both routes fit, such as "GET /register/abc", or None if there seems to be none."""
    if first.methods is not None and second.methods is not None:
        methods = sorted(first.methods & second.methods)
    else:
        methods = sorted(first.methods or second.methods or {"GET"})
    if not methods:
        return None
    for path in _paths(first.template.template.split("/"), second.template.template.split("/")):
        if first.template.match(path) is not None and second.template.match(path) is not None:
            return f"{methods[0]} {path}"
    return None


def _paths(first: list[str], second: list[str]) -> Iterator[str]:
    """Paths worth trying: of both lengths and between, each segment a literal of either route or a sample."""
    for length in range(min(len(first), len(second)) - 1, max(len(first), len(second)) + 1):
        choices = [
            tuple(dict.fromkeys((*_literals(first, position), *_literals(second, position), *_SAMPLES)))
            for position in range(length)
        ]
        for segments in product(*choices):
            yield "/" + "/".join(segments)


def _literals(segments: list[str], position: int) -> tuple[str, ...]:
    if position < len(segments) and "{" not in segments[position]:
        return (segments[position],)
    return ()
