"""Renewal when the directory or the store fails."""

# ruff: noqa: F811 - fixtures are imported under the names by which tests ask for them

import json
import logging
from datetime import timedelta
from typing import Any

import pytest

from shared.audit.actions.prune import Prune
from shared.audit.actions.renew import Renew
from shared.audit.azure import KeyVault
from shared.audit.configuration import AuditRules
from shared.audit.result import AuditRun, Result
from shared.audit.run import Progress
from tests.functional.audit.test_renewing import (
    Crash,
    Scene,
    scene,  # noqa: F401 - a fixture
)
from tests.functional.audit.vault import Version

KINDS: list[tuple[str, dict[str, Any]]] = [
    ("reset_before", {}),
    ("reset_after", {}),
    ("error", {"status": 500}),
    ("error", {"status": 403, "code": "Authorization_RequestDenied"}),
    ("concurrency", {}),
    ("throttle", {"retry_after": 4000}),
    ("truncated", {}),
]


@pytest.mark.parametrize(("kind", "details"), KINDS)
@pytest.mark.parametrize("path", ["addPassword", r"applications\(|applications/", "removePassword"])
@pytest.mark.parametrize("vault_refuses", [False, True])
def test_after_any_fault_of_graph_a_later_run_comes_to_the_same_end(
    scene: Scene, kind: str, details: dict[str, Any], path: str, vault_refuses: bool
) -> None:
    first = scene.secrets()[0]["keyId"]
    fault = scene.estate.emulator.faults.add(kind, path=path, times=None, **details)
    if vault_refuses:
        scene.vault.deleted.add(scene.name)
    scene.run()
    assert scene.first_secret_is_untouched(first)
    scene.estate.emulator.faults.remove(fault)
    scene.vault.deleted.clear()
    scene.later()
    scene.run()
    assert scene.first_secret_is_untouched(first)
    assert scene.store_works()
    scene.later()
    assert scene.run().outcomes == ()


class Breaking:
    """A part whose method dies before or after it has done its work, at a given call."""

    def __init__(self, part: Any, method: str, at: int, after: bool) -> None:
        self._part, self._method, self._left, self._after = part, method, at, after

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._part, name)
        if name != self._method:
            return real

        def call(*arguments: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left < 0 and not self._after:
                raise Crash
            result = real(*arguments, **options)
            if self._left < 0:
                raise Crash
            return result

        return call


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("part", "method", "at"),
    [
        ("_directory", "add_password", 0),
        ("_directory", "add_password", 1),
        ("_clients", "find_again", 0),
        ("_clients", "find_client", 0),
        ("_deliveries", "read_current", 0),
        ("_deliveries", "put_secret", 0),
        ("_deliveries", "put_secret", 1),
    ],
)
def test_after_a_crash_at_any_step_a_later_run_comes_to_the_same_end(
    scene: Scene, part: str, method: str, at: int, after: bool
) -> None:
    second = scene.estate.add_client((-170, 12))
    firsts = [scene.secrets()[0]["keyId"], scene.secrets(second)[0]["keyId"]]
    action = scene.renewing()
    setattr(action, part, Breaking(getattr(action, part), method, at, after))
    with pytest.raises(Crash):
        scene.estate.audit(actions=[action]).run(600)
    assert scene.estate.key_ids(scene.record)[0] == firsts[0]
    scene.later()
    scene.run()
    assert [scene.secrets()[0]["keyId"], scene.secrets(second)[0]["keyId"]] == firsts
    assert scene.store_works()
    assert scene.vault.held(second.state["appId"]) in scene.estate.key_ids(second)
    scene.later()
    assert scene.run().outcomes == ()


def test_a_renewal_that_another_run_has_under_way_is_left_to_it(scene: Scene) -> None:
    scene.estate.add_secret(scene.record, -0.01, 182, "dcr renewal 2026-11-22")
    (outcome,) = scene.run().outcomes
    assert outcome.result is Result.SKIPPED
    assert len(scene.secrets()) == 2


def test_two_runs_that_meet_leave_one_renewal_and_a_store_that_works(scene: Scene) -> None:
    class Meeting(Renew):
        """Lets another run go by between its decision and its write."""

        def _add_secret(self, *arguments: Any) -> Any:
            if not met:
                met.append(scene.run())
            return super()._add_secret(*arguments)

    met: list[AuditRun] = []
    scene.estate.audit(actions=[scene.renewing(kind=Meeting)]).run(600)
    assert scene.store_works()
    assert len(scene.secrets()) <= 3
    scene.later()
    assert scene.run().outcomes == ()


def test_of_two_renewals_made_at_the_same_time_the_later_one_withdraws(scene: Scene) -> None:
    class Rival(Renew):
        """Another run adds a secret while this one waits for its own to settle."""

        def _add_secret(self, *arguments: Any) -> Any:
            scene.estate.add_secret(scene.record, -0.001, 182, "dcr renewal 2026-11-22")
            return super()._add_secret(*arguments)

    run = scene.estate.audit(actions=[scene.renewing(kind=Rival)]).run(600)
    assert [outcome.result for outcome in run.outcomes] == [Result.SKIPPED]
    assert len(scene.secrets()) == 2
    assert scene.vault.secrets == {}


def test_a_store_that_hands_out_a_secret_that_is_gone_gets_a_new_one_at_once(scene: Scene) -> None:
    scene.run()
    scene.later()
    held = scene.vault.held(scene.name)
    kept = [credential for credential in scene.secrets() if credential["keyId"] != held]
    scene.estate.emulator.directory.write_application(scene.record, {"passwordCredentials": kept})
    assert not scene.store_works()
    scene.run()
    assert scene.store_works()


def test_a_client_whose_secret_is_over_gets_a_new_one(scene: Scene) -> None:
    scene.later(hours=24 * 11)
    assert not scene.estate.usable(scene.record)
    scene.run()
    assert scene.store_works()


def test_a_run_whose_time_is_nearly_over_makes_no_secret(scene: Scene) -> None:
    assert scene.run(seconds=30).outcomes == ()
    assert len(scene.secrets()) == 1


def test_a_tenant_policy_against_secrets_is_a_failure_that_changes_nothing(scene: Scene) -> None:
    scene.estate.emulator.faults.add(
        "error", path="addPassword", times=None, status=400, code="CredentialTypeNotAllowedAsPerAppPolicy"
    )
    (outcome,) = scene.run().outcomes
    assert outcome.result is Result.FAILED
    assert "CredentialTypeNotAllowedAsPerAppPolicy" in outcome.detail
    assert len(scene.secrets()) == 1


def test_no_secret_gets_into_logs_findings_or_records(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[Progress] = []
    run = scene.run(progress=seen.append)
    text = caplog.text + repr(run) + json.dumps(run.as_json()) + repr(seen)
    assert all(version.value not in text for version in scene.vault.secrets[scene.name])


def test_a_store_that_hands_out_something_else_after_the_delivery_is_a_failure(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An administrator writes at the same moment, or a policy of the store turns the new version off."""
    put = KeyVault.put_secret

    def overwritten(store: KeyVault, *arguments: Any) -> None:
        put(store, *arguments)
        now = int(scene.estate.emulator.clock.time())
        scene.vault.secrets[scene.name].append(Version("f" * 32, "somebody else's", now + 1, "", {}))

    monkeypatch.setattr(KeyVault, "put_secret", overwritten)
    (outcome,) = scene.run().outcomes
    assert outcome.result is Result.FAILED
    assert "hands out another one" in outcome.detail
    monkeypatch.setattr(KeyVault, "put_secret", put)
    scene.later()
    assert [outcome.result for outcome in scene.run().outcomes] == [Result.DONE]
    assert scene.store_works()


@pytest.mark.parametrize("trouble", ["disabled", "no service principal", "a secret that nobody hears of"])
def test_a_client_that_gets_no_tokens_keeps_no_other_action_from_its_work(scene: Scene, trouble: str) -> None:
    """The other client's expired secret is pruned in the same run, and the healthy one beside it is renewed."""
    estate = scene.estate
    principal = estate.emulator.directory.service_principal_of(scene.record.state["appId"])
    assert principal is not None
    if trouble == "disabled":
        estate.emulator.directory.service_principals.write(principal, {"accountEnabled": False})
    elif trouble == "no service principal":
        estate.emulator.directory.service_principals.soft_delete(principal)
    else:
        estate.emulator.consistency.set(sts_credentials=3600)
    old = estate.add_client((-200, -3), (-20, 162), name="to prune")
    pruning = Prune(
        estate.clients,
        estate.directory,
        50,
        rules=AuditRules(),
        spacing=timedelta(seconds=10),
        deliveries=scene.deliveries(),
    )
    run = estate.audit(actions=[scene.renewing(), pruning]).run(540)
    results = {(outcome.action, outcome.client_name): outcome.result for outcome in run.outcomes}
    assert results["renew", "orders"] is Result.FAILED
    assert results["prune", "to prune"] is Result.DONE
    assert len(estate.key_ids(old)) == 1
    assert len(scene.secrets()) == 1
    assert run.duration < (540 if trouble.startswith("a secret") else 120)
