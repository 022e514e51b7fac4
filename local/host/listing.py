"""What `func start` prints of an app: every function with its methods and URL, or its trigger, and what does not load."""

from collections.abc import Iterator

from local.host.app import FunctionsHost


def list_functions(host: FunctionsHost, url: str) -> Iterator[str]:
    """The lines to print. `url` is where the host listens, without a path."""
    routes = {route.function.name: route for route in host.routes.routes}
    yield "Functions:"
    for function in host.functions:
        yield ""
        if function.load_error is not None:
            yield f"\t{function.name}: does not load: {function.load_error}"
        elif function.name in routes:
            route = routes[function.name]
            methods = ",".join(sorted(route.methods)) if route.methods is not None else "ALL"
            yield f"\t{function.name}: [{methods}] {url}/{route.template.template}"
        else:
            yield f"\t{function.name}: {function.trigger.type} {function.trigger.properties.get('schedule', '')}".rstrip()
        if function.disabled:
            yield f"\t{function.name}: is disabled"
