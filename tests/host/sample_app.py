"""Small function apps, written to a temporary directory and loaded by the local host."""

import asyncio
import json
from pathlib import Path
from typing import Any

from local.host.app import FunctionsHost
from local.host.response import HostResponse

ECHO = """
import json
import azure.functions as func

def main(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "query": dict(req.params),
        "route": dict(req.route_params),
        "body": req.get_body().decode("latin-1"),
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")
"""


class SampleApp:
    """A function app in the making."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._hosts: list[FunctionsHost] = []
        self.host_json(routePrefix="")

    def host_json(self, **http: Any) -> None:
        """Write host.json with these properties of extensions.http."""
        self.write("host.json", json.dumps({"version": "2.0", "extensions": {"http": http}}))

    def write(self, path: str, text: str) -> None:
        """Write any file of the app."""
        target = self.directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def function(self, name: str, code: str, bindings: list[dict[str, Any]], **top: Any) -> None:
        """Add a function folder with these bindings; `top` are further properties of its function.json."""
        self.write(f"{name}/function.json", json.dumps({"bindings": bindings, **top}))
        self.write(f"{name}/{top.get('scriptFile', '__init__.py')}", code)

    def http(self, name: str, code: str = ECHO, *, top: dict[str, Any] | None = None, **trigger: Any) -> None:
        """Add an HTTP function; `trigger` are properties of its httpTrigger."""
        bindings = [
            {"type": "httpTrigger", "name": "req", "direction": "in", "authLevel": "anonymous", **trigger},
            {"type": "http", "name": "$return", "direction": "out"},
        ]
        self.function(name, code, bindings, **top or {})

    def answering(self, name: str, expression: str, **trigger: Any) -> None:
        """Add an HTTP function that returns the value of a Python expression."""
        self.http(
            name, f"import azure.functions as func\n\ndef main(req: func.HttpRequest):\n    return {expression}\n", **trigger
        )

    def timer(self, name: str, code: str, schedule: str = "0 0 3 * * *", **trigger: Any) -> None:
        """Add a timer function."""
        self.function(name, code, [{"type": "timerTrigger", "name": "timer", "direction": "in", "schedule": schedule, **trigger}])

    def host(self, settings: dict[str, str] | None = None, **options: Any) -> FunctionsHost:
        """Load the app; closed when the test ends."""
        host = FunctionsHost(self.directory, settings, **options)
        self._hosts.append(host)
        return host

    def close(self) -> None:
        """Close all hosts, the last one first."""
        for host in reversed(self._hosts):
            host.close()


def ask(host: FunctionsHost, method: str, target: str, headers: Any = (), body: bytes = b"") -> HostResponse:
    """One request without a socket."""
    return asyncio.run(host.request(method, target, headers, body))


def echoed(host: FunctionsHost, method: str, target: str, headers: Any = (), body: bytes = b"") -> dict[str, Any]:
    """What a function made of ECHO saw of a request."""
    response = ask(host, method, target, headers, body)
    assert response.status == 200
    seen: dict[str, Any] = json.loads(response.body)
    return seen
