"""Serve a function app on this machine: `python -m local.host [--port N] [--app DIR]`. Ctrl-C or SIGTERM ends it."""

import argparse
import contextlib
import logging
import os
import sys
from pathlib import Path

from local.host.app import FunctionsHost
from local.host.listing import list_functions
from local.host.local_settings import read_local_port, read_local_settings
from local.host.server import listening_socket, make_server


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped. The exit code is 1 for an app or a port that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m local.host", description="Serve a function app on this machine.")
    parser.add_argument("--app", type=Path, default=Path.cwd(), help="the app's directory, with its host.json (default: here)")
    parser.add_argument(
        "--port", type=int, help="the port to listen on (default: that of local.settings.json, or 7071; 0: any free)"
    )
    options = parser.parse_args(arguments)
    level = logging.DEBUG if os.environ.get("PYTHON_ENABLE_DEBUG_LOGGING", "").lower() in ("1", "true") else logging.INFO
    logging.basicConfig(level=level, format="[%(asctime)s] %(levelname)s %(name)s: %(message)s")
    # The worker's own log says that a function was called, for each call, and repeats what the host logs of a failure.
    logging.getLogger("azure.functions").setLevel(logging.CRITICAL)
    try:
        app_directory = options.app.resolve()
        port = read_local_port(app_directory) if options.port is None else options.port
        host = FunctionsHost(app_directory, read_local_settings(app_directory, os.environ))
        listener, url = listening_socket(port)
    except (OSError, ValueError) as error:
        print(f"local host: {error}", file=sys.stderr)
        return 1
    with host, listener:
        for line in list_functions(host, url):
            print(line)
        print(f"\nListening on {url}; Ctrl-C ends it.", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            make_server(host.asgi).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
