"""Delivering to an environment of a GitHub repository, on a loopback double with TLS.

Shapes after docs.github.com/rest/actions/secrets and .../variables, API version 2022-11-28.
"""

import base64
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from nacl.public import PrivateKey, SealedBox

from shared.audit.delivery import Address, DeliveryRefused, DeliveryUnknown, LookupFailed, SecretForm, StoreKind
from shared.audit.github import GithubEnvironment
from shared.audit.sinks.webhook import HttpsCaller
from shared.graph.session import DirectorySession
from shared.secret import Secret
from tests.functional.audit.store_double import Answer, StoreDouble
from tests.functional.audit.test_key_vault import QuickClock, deadline, delivery

BASE = "/api/v3/repos/acme/gateway/environments/production"
NAME = "ENTRA_SECRET"


@dataclass
class GithubDouble(StoreDouble):
    """One environment. Secrets are opened as a workflow would read them."""

    token: str = "github_pat_good"
    private: PrivateKey = field(default_factory=PrivateKey.generate)
    secrets: dict[str, tuple[str, str]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    now: datetime = datetime(2026, 11, 26, 10, tzinfo=UTC)

    def lets_in(self, headers: Any) -> Answer | None:
        good = headers.get("Authorization") == f"Bearer {self.token}" and headers.get("X-GitHub-Api-Version") == "2022-11-28"
        good = good and headers.get("Accept") == "application/vnd.github+json"
        return None if good else (401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}, {})

    def refuse(self, status: int) -> Any:
        return {"message": "Resource not accessible by personal access token"}

    def answer(self, method: str, target: str, headers: Any, body: Any) -> Answer:
        missing: Answer = (404, {"message": "Not Found"}, {})
        part, _, name = target.removeprefix(f"{BASE}/").partition("/")
        if not target.startswith(f"{BASE}/"):
            return missing
        if (method, name) == ("GET", "public-key"):
            key = base64.b64encode(bytes(self.private.public_key)).decode()
            return 200, {"key_id": "568250167242549743", "key": key}, {}
        if part == "secrets" and method == "PUT":
            assert body["key_id"] == "568250167242549743"
            value = SealedBox(self.private).decrypt(base64.b64decode(body["encrypted_value"])).decode()
            created = name not in self.secrets
            self.now += timedelta(seconds=5)
            self.secrets[name] = (value, f"{self.now:%Y-%m-%dT%H:%M:%SZ}")
            return 201 if created else 204, {} if created else None, {}
        if part == "secrets" and name in self.secrets:
            return 200, {"name": name, "created_at": "2026-01-01T00:00:00Z", "updated_at": self.secrets[name][1]}, {}
        if part == "variables" and method == "POST" and not name:
            self.variables[body["name"]] = body["value"]
            return 201, {}, {}
        if part == "variables" and name in self.variables:
            if method == "PATCH":
                self.variables[name] = body["value"]
                return 204, None, {}
            return 200, {"name": name, "value": self.variables[name]}, {}
        return missing


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GithubDouble]:
    with GithubDouble(str(tmp_path / "ca.pem")) as running:
        yield running


@pytest.fixture
def clock() -> QuickClock:
    return QuickClock()


def store(github: GithubDouble, clock: QuickClock, token: str = "github_pat_good") -> GithubEnvironment:
    return GithubEnvironment(HttpsCaller(DirectorySession(github.ca_file), clock), Secret(token))


def address(github: GithubDouble, environment: str = "production") -> Address:
    return Address(StoreKind.GITHUB, github.url, f"acme/gateway/{environment}/{NAME}", SecretForm.PLAIN)


def test_a_workflow_reads_the_delivered_secret_and_the_bridge_whose_it_is(github: GithubDouble, clock: QuickClock) -> None:
    keeper = store(github, clock)
    assert keeper.read_current(address(github), deadline(clock)) is None
    for key_id, text in (("k1", "first"), ("k2", "second")):
        keeper.put_secret(address(github), delivery(key_id, text), deadline(clock))
        assert github.secrets[NAME][0] == text
        stored = keeper.read_current(address(github), deadline(clock))
        assert stored is not None
        assert (stored.key_id, stored.since) == (key_id, github.now)


def test_a_secret_that_somebody_set_by_hand_is_none_of_the_bridges(github: GithubDouble, clock: QuickClock) -> None:
    keeper = store(github, clock)
    keeper.put_secret(address(github), delivery(), deadline(clock))
    github.secrets[NAME] = ("by hand", "2026-11-26T12:00:00Z")
    assert keeper.read_current(address(github), deadline(clock)) is None
    github.variables[f"{NAME}_KEY_ID"] = "written by hand"
    assert keeper.read_current(address(github), deadline(clock)) is None


def test_a_wrong_token_is_said_and_nothing_is_set(github: GithubDouble, clock: QuickClock) -> None:
    wrong = store(github, clock, "github_pat_wrong")
    with pytest.raises(DeliveryRefused, match="GitHub doesn't take the token"):
        wrong.put_secret(address(github), delivery(), deadline(clock))
    with pytest.raises(LookupFailed, match="GitHub doesn't take the token"):
        wrong.read_current(address(github), deadline(clock))
    assert github.secrets == {}


def test_an_environment_that_is_not_there_takes_nothing(github: GithubDouble, clock: QuickClock) -> None:
    with pytest.raises(DeliveryRefused, match="the environment's public key was answered 404 Not Found"):
        store(github, clock).put_secret(address(github, "staging"), delivery(), deadline(clock))


def test_a_token_with_too_little_is_said_in_githubs_words(github: GithubDouble, clock: QuickClock) -> None:
    github.refusals = [(403, "")]
    with pytest.raises(DeliveryRefused, match="403 Resource not accessible by personal access token"):
        store(github, clock).put_secret(address(github), delivery(), deadline(clock))


def test_an_outage_is_a_failed_lookup_and_asks_for_nothing_more(github: GithubDouble, clock: QuickClock) -> None:
    github.refusals = [(502, "")] * 10
    with pytest.raises(LookupFailed, match="secrets was answered 502"):
        store(github, clock).read_current(address(github), deadline(clock))
    assert {path for _, path in github.calls} == {f"{BASE}/secrets/{NAME}"}


def test_without_a_secret_no_variable_is_asked_for(github: GithubDouble, clock: QuickClock) -> None:
    store(github, clock).read_current(address(github), deadline(clock))
    assert [path for _, path in github.calls] == [f"{BASE}/secrets/{NAME}", f"{BASE}/secrets/public-key"]


def test_a_key_that_is_none_takes_nothing(github: GithubDouble, clock: QuickClock) -> None:
    def short_key(method: str, target: str, headers: Any, body: Any) -> Answer:
        return 200, {"key_id": "1", "key": "c2hvcnQ="}, {}

    github.answer = short_key  # type: ignore[method-assign]
    with pytest.raises(DeliveryRefused, match="public key isn't one"):
        store(github, clock).put_secret(address(github), delivery(), deadline(clock))


def test_a_variable_that_is_refused_leaves_the_outcome_unknown(github: GithubDouble, clock: QuickClock) -> None:
    def refuse_variables(method: str, target: str, headers: Any, body: Any) -> Answer:
        if "/variables" in target and method != "GET":
            return 403, github.refuse(403), {}
        return GithubDouble.answer(github, method, target, headers, body)

    github.answer = refuse_variables  # type: ignore[method-assign]
    keeper = store(github, clock)
    with pytest.raises(DeliveryUnknown, match="the secret is set, and not marked: its variable was answered 403"):
        keeper.put_secret(address(github), delivery(), deadline(clock))
    assert keeper.read_current(address(github), deadline(clock)) is None


def test_a_lost_answer_is_asked_for_again_and_ends_well(github: GithubDouble, clock: QuickClock) -> None:
    github.lost_answers = 2
    keeper = store(github, clock)
    keeper.put_secret(address(github), delivery("k1"), deadline(clock))
    stored = keeper.read_current(address(github), deadline(clock))
    assert stored is not None
    assert stored.key_id == "k1"


def test_pynacl_is_only_needed_where_it_is_used() -> None:
    program = (
        "import sys; sys.modules['nacl.public'] = None\n"
        "import shared.audit.build\n"
        "from shared.audit.github import _sealing\n"
        "try: _sealing()\n"
        "except Exception as failure: print(failure)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "PyNaCl is not installed: add it to the app's requirements"
