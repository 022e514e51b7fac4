"""Clients that nobody uses, by the sign-in report of Graph's beta, whose shape is that of servicePrincipalSignInActivity."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from shared.audit.client_lists import ClientLists
from shared.audit.configuration import AuditConfiguration
from shared.audit.findings import FindingKind
from shared.audit.run import Audit
from shared.graph.directory import Directory
from shared.graph.errors import PermissionRefused
from shared.retry import Deadline
from shared.strict_json import JsonObject
from tests.functional.audit.estate import TAG, Estate

REPORT = "https://graph.microsoft.com/beta/reports/servicePrincipalSignInActivities"


class WithReport(Directory):
    """The emulator's directory, and a report that it doesn't have."""

    def __init__(self, estate: Estate, entries: list[JsonObject] | None) -> None:
        super().__init__(estate.graph)
        self._entries = entries

    def pages(self, path: str, query: Mapping[str, str], deadline: Deadline) -> Iterator[list[JsonObject]]:
        if path != REPORT:
            yield from super().pages(path, query, deadline)
        elif self._entries is None:
            raise PermissionRefused("GET /beta/reports/servicePrincipalSignInActivities answered 403", status=403)
        else:
            yield self._entries


def audit(estate: Estate, entries: list[JsonObject] | None) -> Audit:
    clients = ClientLists(WithReport(estate, entries), TAG, "https://graph.microsoft.com")
    return Audit(replace(AuditConfiguration(), usage_report=True), clients, estate.clock)


def activity(client_id: str, **moments: str) -> dict[str, Any]:
    return {"appId": client_id, **{name: {"lastSignInDateTime": moment} for name, moment in moments.items()}}


def test_a_client_without_a_sign_in_of_late_is_unused(estate: Estate) -> None:
    clients = {
        name: estate.add_client((-10, 170), name=name).state["appId"] for name in ("daily", "by users", "forgotten", "never")
    }
    entries = [
        activity(clients["daily"], applicationAuthenticationClientSignInActivity=estate.at(-1)),
        activity(clients["by users"], delegatedClientSignInActivity=estate.at(-80), lastSignInActivity=estate.at(-80)),
        activity(clients["forgotten"], lastSignInActivity=estate.at(-120)),
        {"appId": "somebody else's", "lastSignInActivity": None},
    ]
    run = audit(estate, entries).run(600)
    assert {(finding.client_name, finding.kind) for finding in run.findings} == {
        ("forgotten", FindingKind.UNUSED),
        ("never", FindingKind.UNUSED),
    }


def test_without_the_permission_the_audit_goes_on_and_says_so(estate: Estate) -> None:
    estate.add_client((-10, 170))
    run = audit(estate, None).run(600)
    assert run.complete
    assert run.findings == ()
    assert "sign-in report" in run.notes[0]


def test_the_report_is_not_asked_for_unless_an_operator_wants_it(estate: Estate) -> None:
    estate.add_client((-10, 170))
    estate.run()
    assert not any("beta" in call.path for call in estate.emulator.requests)
