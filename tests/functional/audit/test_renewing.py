"""Renew and delivering: what a client's users have always works, and after any break a later run comes to the same end."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.directory.record import Record
from emulator.directory.secrets import digest
from shared.audit.actions.prune import Prune
from shared.audit.actions.renew import Renew
from shared.audit.azure import KeyVault
from shared.audit.configuration import AuditRules
from shared.audit.delivery import Deliveries, StoreKind, parse_destinations
from shared.audit.findings import FindingKind
from shared.audit.result import AuditRun, Result
from shared.audit.sinks.webhook import HttpsCaller
from shared.audit.window import Window
from shared.graph.session import DirectorySession
from tests.functional.audit.estate import DAY, START, Estate
from tests.functional.audit.vault import GOOD_TOKEN, RESOURCE, Vault

LIFETIME = timedelta(days=182)


class Crash(BaseException):
    """The process dies here."""


class Scene:
    """A tenant with one client whose secret ends in ten days, and the vault that its secret is delivered to."""

    def __init__(self, estate: Estate, vault: Vault) -> None:
        self.estate = estate
        self.vault = vault
        vault.now = estate.emulator.clock.time
        self.record = estate.add_client((-172, 10))
        self.tokens = 0

    @property
    def name(self) -> str:
        return str(self.record.state["appId"])

    def deliveries(self) -> Deliveries:
        destinations = parse_destinations(json.dumps({"*": f"{self.vault.url}/secrets/{{client_id}}"}))
        caller = HttpsCaller(DirectorySession(self.vault.ca_file), self.estate.clock)
        store = KeyVault(caller, lambda *_: GOOD_TOKEN, {"localhost": RESOURCE})
        return Deliveries(destinations, {StoreKind.KEY_VAULT: store})

    def renewing(self, limit: int = 10, kind: type[Renew] = Renew) -> Renew:
        return kind(
            self.estate.clients,
            self.estate.directory,
            limit,
            deliveries=self.deliveries(),
            before=timedelta(days=30),
            lifetime=LIFETIME,
            settle=timedelta(seconds=20),
        )

    def run(self, seconds: float = 600, **options: Any) -> AuditRun:
        return self.estate.audit(actions=[self.renewing()]).run(seconds, **options)

    def later(self, hours: float = 24) -> None:
        self.estate.clock.sleep(hours * 3600)

    def secrets(self, record: Record | None = None) -> list[dict[str, Any]]:
        return list((record or self.record).state.get("passwordCredentials", []))

    def store_works(self) -> bool:
        """Whether what the vault hands out is a secret that the token service takes now."""
        versions = self.vault.secrets.get(self.name, [])
        if not versions:
            return False
        held = {c["keyId"] for c in self.secrets() if c["endDateTime"] > self.estate.at(0)}
        version = versions[-1]
        known = self.record.secrets.get(version.tags["entra-key-id"])
        return version.tags["entra-key-id"] in held and known == digest(version.value)

    def first_secret_is_untouched(self, key_id: str) -> bool:
        return key_id in {credential["keyId"] for credential in self.secrets()}


@pytest.fixture
def scene(estate: Estate, tmp_path: Path) -> Iterator[Scene]:
    with Vault(now=time.time, ca_file=str(tmp_path / "ca.pem")) as vault:
        yield Scene(estate, vault)


def test_a_secret_is_renewed_before_it_ends_and_stored_while_the_old_one_still_works(scene: Scene) -> None:
    (old,) = scene.secrets()
    run = scene.run(window=Window.of_last(DAY, START))
    assert [outcome.result for outcome in run.outcomes] == [Result.DONE]
    assert scene.secrets()[0] == old
    assert len(scene.secrets()) == 2
    assert scene.store_works()
    kinds = {finding.kind for finding in run.findings}
    assert FindingKind.RENEWED in kinds
    calls = [call.path.rpartition("/")[2] for call in scene.estate.emulator.requests if call.method == "POST"]
    assert "removePassword" not in calls


def test_the_new_secret_has_time_to_become_known_before_it_is_handed_out(scene: Scene) -> None:
    before = scene.estate.emulator.clock.time()
    scene.run()
    added = next(call.at for call in scene.estate.emulator.requests if call.path.endswith("addPassword"))
    assert scene.vault.secrets[scene.name][0].created >= int(added + 20) > before


def test_a_renewed_client_is_not_renewed_again(scene: Scene) -> None:
    scene.run()
    for _ in range(3):
        scene.later()
        assert scene.run().outcomes == ()
    assert len(scene.secrets()) == 2


def test_the_cycle_goes_on_for_years_without_a_gap_and_without_heaps_of_secrets(scene: Scene) -> None:
    estate = scene.estate
    pruning = Prune(
        estate.clients,
        estate.directory,
        50,
        rules=AuditRules(),
        spacing=timedelta(seconds=10),
        deliveries=scene.deliveries(),
    )
    for _ in range(80):
        estate.audit(actions=[scene.renewing(), pruning]).run(600)
        assert estate.usable(scene.record)
        assert scene.store_works()
        assert len(scene.secrets()) <= 2
        scene.later(hours=24 * 10)
    assert len(scene.vault.secrets[scene.name]) in range(5, 8)


def test_a_dry_run_makes_no_secret_and_stores_nothing(scene: Scene) -> None:
    run = scene.run(dry_run=True)
    assert [outcome.result for outcome in run.outcomes] == [Result.WOULD]
    assert len(scene.secrets()) == 1
    assert scene.vault.secrets == {}


def test_clients_without_destination_and_clients_without_secrets_are_not_renewed(scene: Scene) -> None:
    scene.estate.add_client((-172, 10), auth_method="private_key_jwt")
    scene.estate.add_client(auth_method="none")
    assert [outcome.client_id for outcome in scene.run().outcomes] == [scene.name]


def test_no_more_clients_are_renewed_than_the_limit_the_most_urgent_first(scene: Scene) -> None:
    for days in (25, 5, 3, 20):
        scene.estate.add_client((-150, days), name=f"{days} days")
    run = scene.estate.audit(actions=[scene.renewing(limit=2)]).run(600)
    assert [outcome.client_name for outcome in run.outcomes] == ["3 days", "5 days"]


def test_a_refused_delivery_takes_the_new_secret_back_and_says_so(scene: Scene) -> None:
    scene.vault.deleted.add(scene.name)
    (old,) = scene.secrets()
    run = scene.run(window=Window.of_last(DAY, START))
    assert scene.secrets() == [old]
    (finding,) = [finding for finding in run.findings if finding.kind is FindingKind.RENEWAL_FAILED]
    assert "removed again" in finding.summary
    assert "ObjectIsDeletedButRecoverable" in finding.summary
    scene.vault.deleted.clear()
    scene.later()
    scene.run()
    assert scene.store_works()
    assert len(scene.secrets()) == 2


def test_a_new_secret_that_may_have_arrived_is_not_taken_back(scene: Scene) -> None:
    scene.vault.lost_answers = 100
    scene.vault.calls.clear()
    run = scene.run()
    # The vault took it, and although no answer came, asking it showed that.
    assert [outcome.result for outcome in run.outcomes] == [Result.DONE]
    assert scene.store_works()


def test_when_the_store_cannot_even_be_asked_the_next_run_finds_out(scene: Scene) -> None:
    def break_down() -> float:
        scene.vault.lost_answers = 100
        scene.vault.refusals = [(503, "")] * 100
        return scene.estate.emulator.clock.time()

    scene.vault.now = break_down
    run = scene.run()
    assert [outcome.result for outcome in run.outcomes] == [Result.FAILED]
    assert len(scene.secrets()) == 2
    scene.vault.refusals, scene.vault.lost_answers = [], 0
    scene.vault.now = scene.estate.emulator.clock.time
    scene.later()
    scene.run()
    assert scene.store_works()
    assert len(scene.secrets()) == 2
