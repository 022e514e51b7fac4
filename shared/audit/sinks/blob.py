"""The report page of a run in Azure Blob Storage, where people can look at it without asking the bridge.

Put Blob, learn.microsoft.com/rest/api/storageservices/put-blob, with the bridge's own identity: it needs the role Storage Blob
Data Contributor on the container. A binding of the Functions host would do the same, at the price of an extension bundle and a
storage connection for everybody who runs the bridge.
"""

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from shared.audit.findings import Finding
from shared.audit.report.page import render_page
from shared.audit.result import AuditRun
from shared.audit.sinks.posting import Poster
from shared.audit.sinks.sink import SinkFailure
from shared.graph.errors import GraphFailure
from shared.retry import Deadline
from shared.secret import Secret

API_VERSION = "2021-12-02"


class BlobPage:
    """A Sink. `url` is the blob's address; `token_for` gives a token for a resource, here the storage account itself."""

    name = "blob"

    def __init__(self, poster: Poster, url: str, token_for: Callable[[str, bool], str]) -> None:
        self._poster = poster
        self._url = url
        self._token_for = token_for

    def tell(self, findings: Sequence[Finding], deadline: Deadline) -> None:
        """Nothing: the page shows all findings of the run, news or not."""

    def conclude(self, run: AuditRun, deadline: Deadline) -> None:
        """Replace the page by that of this run."""
        parts = urlsplit(self._url)
        try:
            token = self._token_for(f"{parts.scheme}://{parts.netloc}", False)
        except GraphFailure as failure:
            raise SinkFailure(f"no token for {parts.hostname}: {type(failure).__name__}") from failure
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "text/html; charset=utf-8",
            "x-ms-version": API_VERSION,
            "x-ms-blob-type": "BlockBlob",
        }
        self._poster.post(Secret(self._url), render_page(run).encode(), headers, deadline, method="PUT")
