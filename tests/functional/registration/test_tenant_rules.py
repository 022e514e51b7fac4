"""The tenant's app management policy: what it forbids isn't tried where it can be read, else refused at the first write."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from emulator.server import EntraEmulator
from shared.graph.client import GraphClient
from shared.graph.tenant_rules import NO_RULES, CredentialRules, TenantRules, read_duration, read_rules
from tests.functional.registration.bridge import (
    GRAPH,
    WEB,
    Bridge,
    EmulatorCredential,
    assert_error,
    bearer,
    content,
    update_of,
)
from tests.unit.registration.certificates import jwk

pytestmark = pytest.mark.usefixtures("calm")

type Json = dict[str, Any]
type Make = Callable[..., Bridge]

NOW = datetime(2026, 11, 26, tzinfo=UTC)
CERTIFICATE: Json = {**WEB, "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [jwk(0, kid="k0")]}}


def restriction(kind: str, longest: str | None = None, **members: Any) -> Json:
    usual = {"state": "enabled", "maxLifetime": longest, "restrictForAppsCreatedAfterDateTime": None, "excludeActors": None}
    return {"restrictionType": kind, **usual, **members}


def policy_of(*, secrets: bool, short_secrets: bool, short_certificates: bool, enabled: bool = True) -> Json:
    passwords = [restriction("passwordAddition")] * (not secrets) + [restriction("passwordLifetime", "P90D")] * short_secrets
    keys = [restriction("asymmetricKeyLifetime", "P30D")] * short_certificates
    return {"isEnabled": enabled, "applicationRestrictions": {"passwordCredentials": passwords, "keyCredentials": keys}}


def writes(emulator: EntraEmulator) -> list[int]:
    """The statuses of all writes to Graph."""
    return [call.status for call in emulator.requests if call.method != "GET" and call.path.startswith("/v1.0")]


@pytest.mark.parametrize(("secrets", "short_secrets", "short_certificates", "readable"), list(product((True, False), repeat=4)))
def test_no_combination_is_refused_after_the_first_write(
    make: Make, emulator: EntraEmulator, secrets: bool, short_secrets: bool, short_certificates: bool, readable: bool
) -> None:
    policy = policy_of(secrets=secrets, short_secrets=short_secrets, short_certificates=short_certificates)
    emulator.tenant.policies.change(policy)
    bridge = make()
    bridge.rules = read_rules(policy, bridge.clock.now()) if readable else NO_RULES
    for body, allowed in ((WEB, secrets), (CERTIFICATE, not short_certificates)):
        before = len(writes(emulator))
        answer = bridge.call("POST", body=body)
        made = writes(emulator)[before:]
        if allowed:
            client = content(answer)
            assert answer.status == 201, answer.body
            assert made[-2:] == [201, 201]
            if "client_secret" in client:
                days = (client["client_secret_expires_at"] - client["client_id_issued_at"]) / 86_400
                assert days == pytest.approx(90 if short_secrets else 182, abs=1)
                assert bridge.call("POST", client["client_id"], authorization=bearer(client), rotate=True).status == 200
            assert not (readable and [status for status in made if status >= 400])
        else:
            assert_error(answer, 400, "invalid_client_metadata")
            assert made == ([] if readable else [400])
    tagged = [
        r for r in emulator.directory.applications.live.values() if bridge.configuration.bridge_tag in r.state.get("tags", ())
    ]
    assert len(tagged) == secrets + (not short_certificates)
    assert not emulator.directory.applications.deleted


def test_who_has_a_secret_keeps_it_when_the_tenant_comes_to_forbid_new_ones(make: Make) -> None:
    bridge = make()
    client = bridge.register()
    bridge.rules = CredentialRules(secrets=False)
    answer = bridge.call("PUT", client["client_id"], update_of(client, client_name="New name"), authorization=bearer(client))
    assert (answer.status, content(answer)["client_secret"]) == (200, client["client_secret"])
    public = bridge.register({**WEB, "token_endpoint_auth_method": "none"})
    body = update_of(public, token_endpoint_auth_method="client_secret_basic")
    refused = bridge.call("PUT", public["client_id"], body, authorization=bearer(public))
    assert_error(refused, 400, "invalid_client_metadata", "token_endpoint_auth_method")


def test_a_client_that_names_no_method_gets_one_that_the_tenant_allows(make: Make) -> None:
    bridge = make()
    bridge.rules = CredentialRules(secrets=False)
    body = {**CERTIFICATE, "token_endpoint_auth_method": None}
    assert bridge.register(body)["token_endpoint_auth_method"] == "private_key_jwt"


@pytest.mark.parametrize(
    ("policy", "rules"),
    [
        ({}, NO_RULES),
        (policy_of(secrets=False, short_secrets=True, short_certificates=True, enabled=False), NO_RULES),
        (
            policy_of(secrets=False, short_secrets=True, short_certificates=True),
            CredentialRules(False, timedelta(days=90), timedelta(days=30)),
        ),
        ({"isEnabled": True, "applicationRestrictions": None}, NO_RULES),
        ({"isEnabled": True, "applicationRestrictions": {"passwordCredentials": None}}, NO_RULES),
    ],
)
def test_reads_a_policy(policy: Json, rules: CredentialRules) -> None:
    assert read_rules(policy, NOW) == rules


@pytest.mark.parametrize(
    ("members", "holds"),
    [
        ({}, True),
        ({"state": "disabled"}, False),
        ({"restrictForAppsCreatedAfterDateTime": "2026-01-01T00:00:00Z"}, True),
        ({"restrictForAppsCreatedAfterDateTime": "2027-01-01T00:00:00Z"}, False),
        # Who is excluded is told by attributes that the bridge doesn't see.
        ({"excludeActors": {"customSecurityAttributes": []}}, False),
    ],
)
def test_a_restriction_may_be_off_or_of_another_time_or_of_others(members: Json, holds: bool) -> None:
    passwords = [restriction("passwordAddition", **members), restriction("symmetricKeyAddition")]
    policy = {"isEnabled": True, "applicationRestrictions": {"passwordCredentials": passwords}}
    assert read_rules(policy, NOW).secrets is not holds


@pytest.mark.parametrize(
    ("text", "days"), [("P180D", 180), ("P1Y", 365), ("P6M", 180), ("P2W", 14), ("PT24H", 1), ("P1DT12H", 1.5), ("90", None)]
)
def test_reads_the_durations_of_policies(text: str, days: float | None) -> None:
    assert read_duration(text) == (None if days is None else timedelta(days=days))


@pytest.mark.parametrize("granted", [True, False])
def test_the_policy_is_read_behind_whoever_asks_and_only_with_the_permission(emulator: EntraEmulator, granted: bool) -> None:
    emulator.tenant.policies.change(policy_of(secrets=False, short_secrets=False, short_certificates=False))
    credential = EmulatorCredential(emulator, role="Policy.Read.All" if granted else "Application.ReadWrite.OwnedBy")
    rules = TenantRules(GraphClient(GRAPH, credential, emulator.session(), emulator.clock), emulator.clock)
    assert rules.current() == rules.current() == NO_RULES
    rules._refreshed._executor.submit(lambda: None).result(10)  # behind the fetch
    assert rules.current().secrets is not granted
    asked = [call for call in emulator.requests if call.path.endswith("defaultAppManagementPolicy")]
    assert len(asked) == granted
