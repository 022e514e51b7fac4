"""Which function answers a request: the routes of an app, compiled once.

Azure/azure-webjobs-sdk-extensions (WebJobsRouteBuilder, RouteCollection) and Azure/azure-functions-host
(WebScriptHostHttpRoutesManager.cs): the first route that fits wins, in the order of registration; the method is part of it.
"""

from dataclasses import dataclass

from local.host.description import FunctionDescription
from local.host.templates import RouteTemplate, TemplateError


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTP function's route; `methods` None is every method."""

    function: FunctionDescription
    template: RouteTemplate
    methods: frozenset[str] | None
    auth_level: str


class RouteTable:
    """The routes of all HTTP functions, in order."""

    def __init__(self, functions: list[FunctionDescription], prefix: str) -> None:
        """A function whose template cannot be read gets an `index_error` and no route."""
        self.routes: list[Route] = []
        for function in functions:
            if function.index_error is None and function.is_triggered_by("httpTrigger"):
                try:
                    self.routes.append(_route(function, prefix))
                except TemplateError as error:
                    function.index_error = str(error)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and its values for a method (upper case) and a decoded path, or None."""
        for route in self.routes:
            if route.methods is None or method in route.methods:
                values = route.template.match(path)
                if values is not None:
                    return route, values
        return None


def _route(function: FunctionDescription, prefix: str) -> Route:
    properties = function.trigger.properties
    template = str(properties.get("route") or function.name).strip("/")
    methods = properties.get("methods")
    return Route(
        function,
        RouteTemplate(f"{prefix}/{template}" if prefix else template),
        frozenset(str(method).upper() for method in methods) if methods is not None else None,
        str(properties.get("authLevel", "function")).lower(),
    )
