"""Renew and delivering: what a client's users have always works, and after any break a later run comes to the same end."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

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
from shared.graph.clouds import CLOUDS
from shared.graph.secret_probe import SecretProbe
from shared.graph.session import DirectorySession
from shared.retry import Deadline
from shared.secret import Secret
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
            probe=self.estate.probe,
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


@pytest.mark.parametrize("lag", [(0.0, 0.0), (4.0, 20.0), (120.0, 300.0)])
def test_a_new_secret_is_handed_out_when_every_replica_of_the_token_service_takes_it(
    scene: Scene, lag: tuple[float, float]
) -> None:
    scene.estate.emulator.consistency.set(sts_credentials=lag)
    (outcome,) = scene.run().outcomes
    assert outcome.result is Result.DONE, outcome
    emulator = scene.estate.emulator
    added = next(call.at for call in emulator.requests if call.path.endswith("addPassword"))
    # The vault's clock is in whole seconds.
    emulator.clock.advance(scene.vault.secrets[scene.name][0].created - emulator.clock.time())
    assert emulator.clock.time() - added >= lag[0]
    secret = Secret(scene.vault.secrets[scene.name][0].value)
    refusals = {scene.estate.probe.refusal(scene.name, secret, Deadline.after(scene.estate.clock, 5)) for _ in range(30)}
    assert refusals == {""}


def test_a_secret_that_the_token_service_does_not_take_in_time_is_taken_back(scene: Scene) -> None:
    (old,) = scene.secrets()
    scene.estate.emulator.consistency.set(sts_credentials=3600)
    (outcome,) = scene.run(seconds=300).outcomes
    assert outcome.result is Result.FAILED
    assert "AADSTS7000215" in outcome.detail
    assert "removed again" in outcome.detail
    assert scene.secrets() == [old]
    assert scene.vault.secrets == {}
    scene.estate.emulator.consistency.set(sts_credentials=5)
    scene.later()
    assert [outcome.result for outcome in scene.run().outcomes] == [Result.DONE]


@pytest.mark.parametrize("kind", ["token_html", "token_error_object", "token_refused", "token_without_token"])
def test_a_token_service_that_is_out_of_order_proves_nothing(scene: Scene, kind: str) -> None:
    fault = scene.estate.emulator.faults.add(kind, times=None, skip=1)
    assert scene.run(seconds=300).outcomes[0].result is Result.FAILED
    assert scene.vault.secrets == {}
    scene.estate.emulator.faults.remove(fault)


def test_what_entra_refuses_after_it_found_the_secret_right_proves_it_too(scene: Scene) -> None:
    """Here an assignment that Graph, as the resource, would require of a client."""
    said: list[bytes] = []

    class Session(requests.Session):
        def request(self, *_: Any, **__: Any) -> requests.Response:
            answer = requests.Response()
            answer.status_code, answer._content = 400, said[-1]
            return answer

    probe = SecretProbe(Session(), CLOUDS["public"], scene.estate.emulator.tenant_id)
    for content, refusal in (
        (b'{"error": "invalid_grant", "error_codes": [501051]}', ""),
        (b'{"error": "invalid_client", "error_codes": [7000215]}', "AADSTS7000215"),
        (b'{"error": "invalid_client", "error_codes": []}', "status 400"),
        (b'{"error": {"code": "x"}}', "status 400"),
        (b"[]", "status 400"),
        (b"<html>", "status 400"),
    ):
        said.append(content)
        assert probe.refusal(scene.name, Secret("x"), Deadline.after(scene.estate.clock, 5)) == refusal


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
