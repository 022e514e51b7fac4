"""Delivering to HashiCorp Vault, on a loopback double with TLS.

Shapes after developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2 and .../auth/jwt.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from shared.audit.configuration import VaultLogin
from shared.audit.delivery import Address, DeliveryRefused, DeliveryUnknown, LookupFailed, SecretForm, Stored, StoreKind
from shared.audit.hashicorp_vault import HashicorpVault
from shared.audit.sinks.webhook import HttpsCaller
from shared.graph.errors import PermissionRefused
from shared.graph.session import DirectorySession
from shared.secret import Secret
from tests.functional.audit.store_double import Answer, StoreDouble
from tests.functional.audit.test_key_vault import CLIENT, END, QuickClock, deadline, delivery

CREATED = "2026-11-26T10:00:00.123456789Z"
PATH = f"team/secret/data/mule/{CLIENT}"


@dataclass
class KvDouble(StoreDouble):
    """An engine KV of version 2 at `team/secret` with the JWT login of the role bridge."""

    token: str = "hvs.good"
    versions: list[dict[str, Any]] = field(default_factory=list)
    custom: dict[str, str] = field(default_factory=dict)
    states: dict[int, dict[str, Any]] = field(default_factory=dict)
    logins: list[Any] = field(default_factory=list)

    def lets_in(self, headers: Any) -> Answer | None:
        if self.calls[-1][1] == "/v1/auth/jwt/login" or headers.get("X-Vault-Token") == self.token:
            return None
        return 403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}, {}

    def refuse(self, status: int) -> Any:
        return {"errors": ["permission denied" if status == 403 else "Vault is sealed"]}

    def answer(self, method: str, target: str, headers: Any, body: Any) -> Answer:
        if target == "/v1/auth/jwt/login":
            self.logins.append(body)
            good = body == {"role": "bridge", "jwt": "entra token"}
            return (200, {"auth": {"client_token": self.token}}, {}) if good else (400, {"errors": ["role not found"]}, {})
        if (method, target) == ("POST", f"/v1/team/secret/data/mule/{CLIENT}"):
            self.versions.append(body["data"])
            return 200, {"data": {"version": len(self.versions), "created_time": CREATED, "destroyed": False}}, {}
        if not target.startswith("/v1/team/secret/metadata/"):
            return 404, {"errors": [f"no handler for route {target}"]}, {}
        if method == "POST":
            self.custom = body["custom_metadata"]
            return 204, None, {}
        if not self.versions or not target.endswith(CLIENT):
            return 404, {"errors": []}, {}
        states = {
            str(number): {"created_time": CREATED, "deletion_time": "", "destroyed": False, **self.states.get(number, {})}
            for number in range(1, len(self.versions) + 1)
        }
        return (
            200,
            {"data": {"current_version": len(self.versions), "versions": states, "custom_metadata": self.custom or None}},
            {},
        )


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[KvDouble]:
    with KvDouble(str(tmp_path / "ca.pem")) as running:
        yield running


@pytest.fixture
def clock() -> QuickClock:
    return QuickClock()


def store(vault: KvDouble, clock: QuickClock, login: VaultLogin | None = None) -> HashicorpVault:
    login = login or VaultLogin(Secret("hvs.good"))
    return HashicorpVault(HttpsCaller(DirectorySession(vault.ca_file), clock), login, lambda *_: "entra token")


def address(vault: KvDouble, form: SecretForm = SecretForm.JSON) -> Address:
    return Address(StoreKind.HASHICORP_VAULT, vault.url, PATH, form)


def test_a_delivered_secret_is_a_new_version_that_the_metadata_vouch_for(vault: KvDouble, clock: QuickClock) -> None:
    vault.custom = {"team": "orders"}
    keeper = store(vault, clock)
    assert keeper.read_current(address(vault), deadline(clock)) is None
    keeper.put_secret(address(vault), delivery("k1"), deadline(clock))
    keeper.put_secret(address(vault, SecretForm.PLAIN), delivery("k2", "another"), deadline(clock))
    assert vault.versions == [
        {"client_id": CLIENT, "client_secret": "s3cret~value", "expires_at": int(END.timestamp())},
        {"value": "another"},
    ]
    assert vault.custom["team"] == "orders"
    since = datetime(2026, 11, 26, 10, 0, 0, 123456, tzinfo=UTC)
    assert keeper.read_current(address(vault), deadline(clock)) == Stored("k2", since)


@pytest.mark.parametrize("state", [{"destroyed": True}, {"deletion_time": CREATED}])
def test_a_version_that_is_gone_is_not_handed_out(vault: KvDouble, clock: QuickClock, state: dict[str, Any]) -> None:
    keeper = store(vault, clock)
    keeper.put_secret(address(vault), delivery(), deadline(clock))
    vault.states[1] = state
    assert keeper.read_current(address(vault), deadline(clock)) is None


def test_a_version_that_somebody_else_wrote_is_none_of_the_bridges(vault: KvDouble, clock: QuickClock) -> None:
    keeper = store(vault, clock)
    keeper.put_secret(address(vault), delivery(), deadline(clock))
    vault.versions.append({"client_secret": "by hand"})
    assert keeper.read_current(address(vault), deadline(clock)) is None


def test_a_role_opens_the_vault_once_and_anew_when_its_token_is_over(vault: KvDouble, clock: QuickClock) -> None:
    keeper = store(vault, clock, VaultLogin(role="bridge"))
    keeper.put_secret(address(vault), delivery("k1"), deadline(clock))
    assert len(vault.logins) == 1
    vault.token = "hvs.next"
    keeper.put_secret(address(vault), delivery("k2"), deadline(clock))
    assert len(vault.logins) == 2
    assert len(vault.versions) == 2


def test_a_wrong_role_and_a_wrong_token_are_said(vault: KvDouble, clock: QuickClock) -> None:
    with pytest.raises(DeliveryRefused, match=r"the login as gateway was answered 400\Z"):
        store(vault, clock, VaultLogin(role="gateway")).put_secret(address(vault), delivery(), deadline(clock))
    wrong = store(vault, clock, VaultLogin(Secret("hvs.wrong")))
    with pytest.raises(DeliveryRefused, match="Vault refuses"):
        wrong.put_secret(address(vault), delivery(), deadline(clock))
    with pytest.raises(LookupFailed, match="Vault refuses"):
        wrong.read_current(address(vault), deadline(clock))
    assert vault.versions == []


@pytest.mark.parametrize("page", ["<html>sign in here</html>", {"auth": "none"}, [], {"auth": {"client_token": ""}}])
def test_a_proxys_page_in_place_of_the_login_has_changed_nothing(vault: KvDouble, clock: QuickClock, page: Any) -> None:
    def login_page(method: str, target: str, headers: Any, body: Any) -> Answer:
        return 200, page, {}

    vault.answer = login_page  # type: ignore[method-assign]
    keeper = store(vault, clock, VaultLogin(role="bridge"))
    with pytest.raises(DeliveryRefused):
        keeper.put_secret(address(vault), delivery(), deadline(clock))
    with pytest.raises(LookupFailed):
        keeper.read_current(address(vault), deadline(clock))


@pytest.mark.parametrize("shape", [{"data": "x"}, {"data": {"versions": [], "custom_metadata": "x"}}, {"data": None}, {}])
def test_metadata_of_another_shape_vouch_for_nothing(vault: KvDouble, clock: QuickClock, shape: Any) -> None:
    def odd(method: str, target: str, headers: Any, body: Any) -> Answer:
        return 200, shape, {}

    vault.answer = odd  # type: ignore[method-assign]
    assert store(vault, clock).read_current(address(vault), deadline(clock)) is None


def test_an_identity_without_token_has_changed_nothing(vault: KvDouble, clock: QuickClock) -> None:
    def token_for(resource: str, fresh: bool) -> str:
        raise PermissionRefused("refused")

    caller = HttpsCaller(DirectorySession(vault.ca_file), clock)
    with pytest.raises(DeliveryRefused, match="no token for"):
        HashicorpVault(caller, VaultLogin(role="bridge"), token_for).put_secret(address(vault), delivery(), deadline(clock))
    assert vault.calls == []


def test_a_sealed_vault_leaves_the_outcome_unknown(vault: KvDouble, clock: QuickClock) -> None:
    vault.refusals = [(503, "")] * 10
    with pytest.raises(DeliveryUnknown, match="503"):
        store(vault, clock).put_secret(address(vault), delivery(), deadline(clock))
    vault.refusals = [(503, "")] * 10
    with pytest.raises(LookupFailed, match="503"):
        store(vault, clock).read_current(address(vault), deadline(clock))


def test_a_policy_without_metadata_leaves_a_version_that_nobody_vouches_for(vault: KvDouble, clock: QuickClock) -> None:
    keeper = store(vault, clock)

    def refuse_metadata(method: str, target: str, headers: Any, body: Any) -> Answer:
        if "/metadata/" in target and method == "POST":
            return 403, vault.refuse(403), {}
        return KvDouble.answer(vault, method, target, headers, body)

    vault.answer = refuse_metadata  # type: ignore[method-assign]
    with pytest.raises(DeliveryUnknown, match="the secret is written, and not marked: Vault refuses"):
        keeper.put_secret(address(vault), delivery(), deadline(clock))
    assert len(vault.versions) == 1
    assert keeper.read_current(address(vault), deadline(clock)) is None


def test_a_lost_answer_is_asked_for_again_and_ends_well(vault: KvDouble, clock: QuickClock) -> None:
    vault.lost_answers = 2
    keeper = store(vault, clock)
    keeper.put_secret(address(vault), delivery("k1"), deadline(clock))
    stored = keeper.read_current(address(vault), deadline(clock))
    assert stored is not None
    assert stored.key_id == "k1"


def test_a_login_without_an_answer_has_changed_nothing(vault: KvDouble, clock: QuickClock) -> None:
    class Silent(DirectorySession):
        def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
            raise requests.ConnectTimeout

    role = VaultLogin(role="bridge")
    away = HashicorpVault(HttpsCaller(Silent(vault.ca_file), clock), role, lambda *_: "entra token")
    with pytest.raises(DeliveryRefused, match="gave no answer to the login"):
        away.put_secret(address(vault), delivery(), deadline(clock))
