"""Each setting of a destination for news makes an audit notify there."""

from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import botocore.client
import pytest
import requests
from urllib3.response import HTTPResponse

from emulator.server import EntraEmulator
from shared.application import Application
from shared.clock import SystemClock, write_time
from shared.registration.tags import to_tags

SINKS = {
    "AUDIT_WEBHOOK_URL": "https://events.example.com/hook",
    "AUDIT_TEAMS_URL": "https://teams.example.com/hook",
    "AUDIT_SLACK_URL": "https://slack.example.com/hook",
    "AUDIT_SNS_TOPIC": "arn:aws:sns:eu-central-1:123456789012:news",
    "AUDIT_EVENT_BUS": "arn:aws:events:eu-central-1:123456789012:event-bus/news",
    "AUDIT_REPORT_BLOB": "https://reports.blob.core.windows.net/audit/secrets.html",
}
# Where each is seen to be reached.
PLACES = {
    "AUDIT_WEBHOOK_URL": "events.example.com",
    "AUDIT_TEAMS_URL": "teams.example.com",
    "AUDIT_SLACK_URL": "slack.example.com",
    "AUDIT_SNS_TOPIC": "sns",
    "AUDIT_EVENT_BUS": "events",
    "AUDIT_REPORT_BLOB": "reports.blob.core.windows.net",
}


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The hosts and services of others that are called; all of them accept what they get."""
    places: set[str] = set()
    send = requests.Session.send

    def answer(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        host = urlsplit(request.url or "").hostname or ""
        if str(host) == "127.0.0.1" or host == "localhost":
            return send(session, request, **options)
        places.add(str(host))
        response = requests.Response()
        response.status_code, response.url, response.request = 201, str(request.url), request
        response.raw = HTTPResponse(BytesIO(), status=201, preload_content=False)
        return response

    def call(client: Any, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        places.add(client.meta.service_model.service_name)
        return {"FailedEntryCount": 0, "Entries": [], "MessageId": "x", "Successful": [], "Failed": []}

    monkeypatch.setattr(requests.Session, "send", answer)
    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    return places


@pytest.mark.parametrize("setting", list(SINKS))
def test_each_setting_makes_a_sink_that_gets_the_news(reached: set[str], setting: str) -> None:
    with EntraEmulator() as entra:
        bridge = entra.add_caller("bridge", roles=("Application.ReadWrite.OwnedBy",))
        entra.add_resource_api("storage", "https://reports.blob.core.windows.net")
        now = SystemClock().now()
        secret = {
            "keyId": "00000007-0000-4000-8000-000000000000",
            "startDateTime": write_time(now - timedelta(days=100)),
            "endDateTime": write_time(now + timedelta(hours=5)),
        }
        tags = to_tags({"policy": "default", "caller": "portal", "token_endpoint_auth_method": "client_secret_basic"})
        client = entra.directory.add_application(
            {"displayName": "Orders", "tags": ["entra-dcr-bridge", *tags], "passwordCredentials": [secret]},
            owners=[bridge.service_principal_id],
        )
        entra.directory.add_service_principal(client.state["appId"], {})
        variables = {
            "BRIDGE_BASE_URL": "https://bridge.example.com",
            "ENTRA_TENANT_ID": entra.tenant_id,
            "ENTRA_AUTHORITY_URL": entra.url,
            "ENTRA_GRAPH_URL": entra.url,
            "ENTRA_CA_BUNDLE": entra.ca_file,
            "ENTRA_CLIENT_ID": bridge.client_id,
            "ENTRA_CLIENT_SECRET": bridge.client_secret or "",
            setting: SINKS[setting],
        }
        if setting == "AUDIT_WEBHOOK_URL":
            variables["AUDIT_WEBHOOK_SECRET"] = "whsec_" + "QUJD" * 10
        run = Application(variables).run_audit(None, False, "run")
    assert reached == {PLACES[setting]}, run
