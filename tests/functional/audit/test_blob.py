"""The report page in blob storage: the request that Azure's REST interface wants, and what happens when it isn't taken."""

from datetime import UTC
from email.utils import parsedate_to_datetime

import pytest

from shared.audit.azure import ReportBlob
from shared.audit.sinks import SinkFailure
from shared.audit.sinks.webhook import HttpsCaller
from shared.environment import Environment
from shared.graph.errors import PermissionRefused
from shared.retry import Deadline
from shared.settings.audit import read_audit
from tests.functional.audit.test_key_vault import QuickClock
from tests.functional.audit.test_webhook import Wire, run

URL = "https://reports.blob.core.windows.net/audit/secrets.html"


def conclude(wire: Wire) -> list[str]:
    """Put the page; the resources that tokens were asked for."""
    asked: list[str] = []

    def token_for(resource: str, fresh: bool) -> str:
        asked.append(resource)
        return "t0ken"

    clock = QuickClock()
    ReportBlob(HttpsCaller(wire, clock), URL, token_for).report_run(run(), Deadline.after(clock, 60))
    return asked


def test_replaces_the_blob_by_the_page_of_the_run() -> None:
    wire = Wire(201)
    assert conclude(wire) == ["https://reports.blob.core.windows.net"]
    [sent] = wire.sent
    assert (sent["method"], sent["url"]) == ("PUT", URL)
    assert sent["headers"]["x-ms-blob-type"] == "BlockBlob"
    assert parsedate_to_datetime(sent["headers"]["x-ms-date"]).tzinfo is UTC
    assert sent["headers"]["x-ms-date"].endswith(" GMT")
    assert sent["headers"]["Authorization"] == "Bearer t0ken"
    assert sent["headers"]["Content-Type"] == "text/html; charset=utf-8"
    assert sent["data"].startswith(b"<!doctype html>")
    assert b"1,234" in sent["data"]


def test_tries_again_when_storage_is_busy() -> None:
    wire = Wire(503, 201)
    conclude(wire)
    assert len(wire.sent) == 2


def test_a_refusal_names_the_host_and_not_the_token() -> None:
    with pytest.raises(SinkFailure) as raised:
        conclude(Wire(403))
    assert str(raised.value) == "reports.blob.core.windows.net answered 403"


def test_a_missing_right_of_the_identity_is_a_failed_sink() -> None:
    def refuse(resource: str, fresh: bool) -> str:
        raise PermissionRefused("no such role")

    clock = QuickClock()
    with pytest.raises(SinkFailure):
        ReportBlob(HttpsCaller(Wire(), clock), URL, refuse).report_run(run(), Deadline.after(clock, 60))


@pytest.mark.parametrize(
    "url",
    [
        "http://reports.blob.core.windows.net/audit/x",
        "https://example.com/a/b",
        f"{URL}?sig=s3cret",
        "https://a.blob.core.windows.net/x",
    ],
)
def test_refuses_a_setting_that_is_no_blob_or_holds_a_key(url: str) -> None:
    environment = Environment({"AUDIT_REPORT_BLOB": url})
    read_audit(environment, "entra-dcr-bridge")
    [problem] = environment.problems
    assert problem.name == "AUDIT_REPORT_BLOB"
    assert "s3cret" not in str(problem)
