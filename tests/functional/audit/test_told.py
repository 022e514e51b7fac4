"""Only a secret that somebody is known to have been told takes the place of another."""

from datetime import timedelta
from typing import Any

import pytest

from emulator.directory.record import Record
from shared.audit.actions.prune import Prune
from shared.audit.actions.repair import Finish, Undo
from shared.audit.configuration import AuditConfiguration, AuditRules
from shared.audit.delivery import Deliveries, Destinations
from shared.audit.findings import FindingKind, Severity
from shared.audit.result import AuditRun, Result
from shared.audit.run import Progress
from shared.registration.entra_application import federated_credential
from shared.registration.metadata import FederatedIdentity
from shared.registration.tags import to_tags
from tests.functional.audit.estate import START, TAG, Estate

MARKED = "dcr 2026-11-02 0123abcd"
ONLY = f"{MARKED} only"
LAGGING = "dcr:lagging=complete"
IDENTITY = FederatedIdentity("https://ci.example.com", "main", "api://AzureADTokenExchange")
OTHER = FederatedIdentity("https://ci.example.com", "release", "api://AzureADTokenExchange")


def prune(estate: Estate, **options: Any) -> AuditRun:
    nowhere, spacing = Deliveries(Destinations(), {}), timedelta(seconds=10)
    action = Prune(estate.clients, estate.directory, 50, rules=AuditRules(), spacing=spacing, deliveries=nowhere)
    return estate.audit(actions=[action]).run(600, **options)


def test_a_secret_that_nobody_was_told_of_replaces_nobody_and_is_named(estate: Estate) -> None:
    record = estate.add_client((-170, 12), (-20, 162), names=("dcr", MARKED))
    old, untold = estate.key_ids(record)
    found = prune(estate)
    assert estate.key_ids(record) == [old, untold]
    kinds = {finding.kind: finding for finding in found.findings}
    assert set(kinds) == {FindingKind.EXPIRING, FindingKind.UNCLAIMED_SECRET}
    assert kinds[FindingKind.EXPIRING].key_id == old
    assert kinds[FindingKind.UNCLAIMED_SECRET].key_id == untold
    assert kinds[FindingKind.UNCLAIMED_SECRET].since == START - timedelta(days=19)


def test_a_secret_that_was_told_replaces_older_ones_after_the_overlap(estate: Estate) -> None:
    record = estate.add_client((-170, 12), (-20, 162), names=("dcr", MARKED))
    old, told = estate.key_ids(record)
    estate.tell(record, told)
    found = prune(estate)
    assert [outcome.key_id for outcome in found.outcomes] == [old]
    assert estate.key_ids(record) == [told]


def test_what_was_told_is_read_again_before_anything_is_removed(estate: Estate) -> None:
    record = estate.add_client((-170, 12), (-20, 162), names=("dcr", MARKED))
    old, told = estate.key_ids(record)
    estate.tell(record, told)

    def forget(step: Progress) -> None:
        if step.step == "clients":
            estate.tell(record)

    prune(estate, progress=forget)
    assert estate.key_ids(record) == [old, told]


def test_without_the_list_of_service_principals_nothing_is_said_to_be_untold(estate: Estate) -> None:
    estate.add_client((-170, 100), (-20, 162), names=(MARKED, MARKED))
    estate.emulator.faults.add("error", path="/servicePrincipals$", times=None, status=403)
    assert estate.run().findings == ()


def test_a_young_secret_may_still_be_told(estate: Estate) -> None:
    estate.add_client((-20, 162), (-0.9, 180), names=("dcr", MARKED))
    assert estate.run().findings == ()


@pytest.mark.parametrize("days", [30, 170])
def test_the_audit_finishes_what_a_rotation_that_was_to_end_the_older_secrets_left(estate: Estate, days: int) -> None:
    record = estate.add_client((-100, 20), (-90, days), (-80, days), (-0.05, 160), names=("portal", "dcr", MARKED, ONLY))
    portals, _, _, only = estate.key_ids(record)
    assert prune(estate).outcomes == ()
    estate.tell(record, only)
    found = prune(estate)
    assert {outcome.result for outcome in found.outcomes} == {Result.DONE}
    assert estate.key_ids(record) == [portals, only]
    superseded = {f.key_id: f.severity for f in found.findings if f.kind is FindingKind.SUPERSEDED}
    assert {severity for key_id, severity in superseded.items() if key_id != portals} == {Severity.MEDIUM}
    assert not [call for call in estate.emulator.requests if call.status == 409]


def test_the_worker_that_rotated_is_left_an_hour_to_end_the_older_secrets(estate: Estate) -> None:
    record = estate.add_client((-90, 90), (-0.04, 181), names=("dcr", ONLY))
    estate.tell(record, estate.key_ids(record)[1])
    assert prune(estate).outcomes == ()
    assert estate.run().findings == ()


def test_a_client_that_a_timer_finished_and_nobody_used_may_be_known_to_nobody(estate: Estate) -> None:
    record = estate.add_client((-3, 179), created=-3, names=(MARKED,), name="unclaimed")
    estate.tell(record, timer=True)
    told = estate.add_client((-3, 179), created=-3, names=(MARKED,), name="told")
    estate.tell(told, *estate.key_ids(told), timer=True)
    managed = estate.add_client((-3, 179), created=-3, name="managed", notes="dcr:generation=2")
    estate.tell(managed, timer=True)
    young = estate.add_client((-0.5, 179), created=-0.5, names=(MARKED,), name="young")
    estate.tell(young, timer=True)
    assert [(f.client_name, f.kind, f.severity) for f in estate.run().findings] == [
        ("unclaimed", FindingKind.UNCLAIMED_CLIENT, Severity.LOW)
    ]


def test_a_registration_that_lag_left_open_is_the_timers_for_a_day(estate: Estate) -> None:
    estate.add_client((-0.9, 179), created=-0.9, principal=False, tags=(TAG, LAGGING), name="today's")
    estate.add_client((-1.1, 179), created=-1.1, principal=False, tags=(TAG, LAGGING), name="yesterday's")
    estate.add_client((-0.9, 179), created=-0.9, principal=False, name="earlier version's")
    found = [finding.client_name for finding in estate.run().findings if finding.kind is FindingKind.HALF_REGISTERED]
    assert sorted(found) == ["earlier version's", "yesterday's"]


def test_undoing_leaves_what_was_to_be_completed_since_its_caller_may_know_it(estate: Estate) -> None:
    kept = estate.add_client((-2, 179), created=-2, principal=False, tags=(TAG, LAGGING))
    gone = estate.add_client((-2, 179), created=-2, principal=False, tags=(TAG, "dcr:lagging=refuse"))
    estate.audit(actions=[Undo(estate.clients, estate.directory, 50, timedelta(days=7))]).run(600)
    assert kept.alive and not gone.alive


def federated(estate: Estate, *identities: FederatedIdentity, **options: Any) -> Record:
    texts = [text for one in identities for text in (one.issuer, one.subject, one.audience)]
    tags = (TAG, *to_tags({"federated_identities": texts}))
    return estate.add_client(auth_method="private_key_jwt", tags=tags, **options)


def test_federated_identities_that_differ_from_those_registered_are_a_finding(estate: Estate) -> None:
    for name, actual in (("right", IDENTITY), ("wrong", OTHER)):
        record = federated(estate, IDENTITY, name=name)
        foreign = {"id": "2", "name": "portal", "issuer": "https://x.example.com", "subject": "s", "audiences": ["a"]}
        record.federated.extend([{"id": "1", **federated_credential(actual)}, foreign])
    assert [(f.client_name, f.kind) for f in estate.run().findings] == [("wrong", FindingKind.IDENTITIES_DIFFER)]


def test_finishing_gives_a_client_its_federated_identities_before_its_service_principal(estate: Estate) -> None:
    record = federated(estate, IDENTITY, OTHER, principal=False, created=-2)
    finish = Finish(estate.clients, estate.directory, 50)
    estate.audit(actions=[finish]).run(600)
    names = {credential["name"] for credential in record.federated}
    assert names == {federated_credential(one)["name"] for one in (IDENTITY, OTHER)}
    estate.emulator.consistency.settle()
    assert estate.audit(AuditConfiguration(), actions=[finish]).run(600).outcomes == ()
