"""A certificate authority made at start, and the server certificate it issues."""

import ssl
import tempfile
from pathlib import Path

import trustme

from emulator.clouds import AUTHORITY_HOSTS, GRAPH_HOSTS


class Authority:
    """The CA of one emulator. `ca_file` is its certificate as PEM, in a directory that goes with `close`."""

    def __init__(self, names: tuple[str, ...] = ()) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="entra-emulator-")
        self._ca = trustme.CA()
        hosts = {"127.0.0.1", "::1", "localhost", "host.docker.internal", *names, *AUTHORITY_HOSTS, *GRAPH_HOSTS}
        self._server = self._ca.issue_cert(*sorted(hosts), common_name="Entra emulator")
        self.ca_file = str(Path(self._directory.name, "ca.pem"))
        self._ca.cert_pem.write_to_path(self.ca_file)

    def server_context(self) -> ssl.SSLContext:
        """TLS settings for the listener."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._server.configure_cert(context)
        return context

    def close(self) -> None:
        """Remove the files."""
        self._directory.cleanup()
