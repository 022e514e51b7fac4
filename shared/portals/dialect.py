"""What the dialects of developer portals share: one route for all that is below a prefix, and requests as registration has them.

A dialect translates at the edge. Who may do what, policies, idempotency and the log are those of registration.
"""

from collections.abc import Mapping

from shared.errors import MethodNotAllowed, NotFound
from shared.http.door import Endpoint
from shared.http.exchange import Exchange
from shared.http.message import Request, Response
from shared.strict_json import JsonObject, loads

# The methods of a dialect's path, and their endpoints.
type Methods = Mapping[str, Endpoint]


def choose_endpoint(methods: Methods | None, method: str) -> Endpoint:
    """The endpoint of a method at a path. Raises NotFound where the dialect has no such path, MethodNotAllowed."""
    if methods is None:
        raise NotFound("there is nothing at this path")
    endpoint = methods.get("GET" if method == "HEAD" else method)
    if endpoint is None:
        raise MethodNotAllowed((*methods, "HEAD") if "GET" in methods else tuple(methods))
    return endpoint


def path_segments(request: Request) -> list[str]:
    """The segments of what the route's `path` caught."""
    return [segment for segment in request.params.get("path", "").split("/") if segment]


def request_about(exchange: Exchange, client_id: str) -> Request:
    """The request as registration has it, whose route gives the client's id."""
    return exchange.request._replace(params={"client_id": client_id} if client_id else {})


def information_of(response: Response) -> JsonObject:
    """The client information in an answer of registration."""
    information: JsonObject = loads(response.body)
    return information
