"""Renewing into HashiCorp Vault and GitHub, from the finding to a secret that the token service takes."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.directory.record import Record
from emulator.directory.secrets import digest
from shared.audit.actions.renew import Renew
from shared.audit.configuration import VaultLogin
from shared.audit.delivery import Deliveries, SecretStore, StoreKind, parse_destinations
from shared.audit.github import GithubEnvironment
from shared.audit.hashicorp_vault import HashicorpVault
from shared.audit.result import AuditRun, Result
from shared.audit.sinks.webhook import HttpsCaller
from shared.graph.session import DirectorySession
from shared.secret import Secret
from tests.functional.audit.estate import Estate
from tests.functional.audit.store_double import Answer, StoreDouble
from tests.functional.audit.test_github import NAME, GithubDouble
from tests.functional.audit.test_hashicorp_vault import PATH, KvDouble


@dataclass
class Elsewhere:
    """A client of the tenant whose secret ends in ten days, and where its next one goes. `marks`: a part of the path by which the
    store is told whose a secret is."""

    estate: Estate
    record: Record
    double: StoreDouble
    deliveries: Deliveries
    read: Callable[[], str]
    marks: str

    def run(self) -> AuditRun:
        renew = Renew(
            self.estate.clients,
            self.estate.directory,
            10,
            deliveries=self.deliveries,
            before=timedelta(days=30),
            lifetime=timedelta(days=182),
            probe=self.estate.probe,
        )
        return self.estate.audit(actions=[renew]).run(600)

    def secrets(self) -> list[dict[str, Any]]:
        return list(self.record.state["passwordCredentials"])

    def works(self) -> bool:
        return digest(self.read()) in {self.record.secrets[entry["keyId"]] for entry in self.secrets()}


@contextmanager
def vault(
    caller: Callable[[str], HttpsCaller], ca_file: str
) -> Iterator[tuple[StoreDouble, SecretStore, str, Callable[[], str]]]:
    with KvDouble(ca_file) as double:
        store = HashicorpVault(caller(ca_file), VaultLogin(role="bridge"), lambda *_: "entra token")
        address = double.url.replace("https", "hashicorp-vault") + f"/{PATH}"
        yield double, store, address, lambda: str(double.versions[-1]["client_secret"])


@contextmanager
def github(
    caller: Callable[[str], HttpsCaller], ca_file: str
) -> Iterator[tuple[StoreDouble, SecretStore, str, Callable[[], str]]]:
    with GithubDouble(ca_file) as double:
        store = GithubEnvironment(caller(ca_file), Secret("github_pat_good"))
        address = double.url.replace("https", "github") + f"/acme/gateway/production/{NAME}"
        yield double, store, address, lambda: double.secrets[NAME][0]


@pytest.fixture(params=[(vault, StoreKind.HASHICORP_VAULT, "/metadata/"), (github, StoreKind.GITHUB, "/variables")])
def elsewhere(request: pytest.FixtureRequest, estate: Estate, tmp_path: Path) -> Iterator[Elsewhere]:
    opened, kind, marks = request.param
    record = estate.add_client((-172, 10))

    def caller(ca_file: str) -> HttpsCaller:
        return HttpsCaller(DirectorySession(ca_file), estate.clock)

    with opened(caller, str(tmp_path / "ca.pem")) as (double, store, address, read):
        destinations = parse_destinations(json.dumps({f"client:{record.state['appId']}": address}))
        yield Elsewhere(estate, record, double, Deliveries(destinations, {kind: store}), read, marks)


def test_a_renewed_secret_is_where_its_users_read_it_and_works(elsewhere: Elsewhere) -> None:
    [outcome] = elsewhere.run().outcomes
    assert outcome.result is Result.DONE, outcome.detail
    assert len(elsewhere.secrets()) == 2
    assert elsewhere.works()
    # The store says that it hands out the new one, so there is nothing to do again.
    assert elsewhere.run().outcomes == ()
    assert len(elsewhere.secrets()) == 2


def test_a_store_that_refuses_leaves_the_client_as_it_was(elsewhere: Elsewhere) -> None:
    before = elsewhere.secrets()

    def refuse(method: str, target: str, headers: Any, body: Any) -> Answer:
        if method == "GET" and "public-key" not in target:
            return type(elsewhere.double).answer(elsewhere.double, method, target, headers, body)
        return 403, elsewhere.double.refuse(403), {}

    elsewhere.double.answer = refuse  # type: ignore[method-assign]
    [outcome] = elsewhere.run().outcomes
    assert outcome.result is Result.FAILED
    assert elsewhere.secrets() == before


def test_a_secret_that_nobody_vouches_for_is_followed_by_one_that_works(elsewhere: Elsewhere) -> None:
    """Whether the store took it isn't known, so it stays until a later run, which writes another."""
    usual = type(elsewhere.double).answer

    def refuse_marks(method: str, target: str, headers: Any, body: Any) -> Answer:
        if elsewhere.marks in target and method != "GET":
            return 500, elsewhere.double.refuse(500), {}
        return usual(elsewhere.double, method, target, headers, body)

    elsewhere.double.answer = refuse_marks  # type: ignore[method-assign]
    [outcome] = elsewhere.run().outcomes
    assert outcome.result is Result.FAILED
    assert "isn't known" in outcome.detail
    assert elsewhere.works()
    del elsewhere.double.answer
    elsewhere.estate.clock.sleep(25 * 3600)
    [outcome] = elsewhere.run().outcomes
    assert outcome.result is Result.DONE, outcome.detail
    assert elsewhere.works()
    elsewhere.estate.clock.sleep(25 * 3600)
    assert elsewhere.run().outcomes == ()
