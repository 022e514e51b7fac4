"""The whole directory, read only: what is found of applications and service principals that aren't the bridge's."""

import base64
import hashlib
import random
from datetime import timedelta
from typing import Any

import pytest

from shared.audit.actions.prune import Prune
from shared.audit.client_lists import ClientLists
from shared.audit.configuration import AuditConfiguration, AuditRules, Scope
from shared.audit.delivery import Deliveries, Destinations
from shared.audit.findings import FindingKind, Severity
from shared.audit.result import AuditRun
from shared.audit.run import Audit
from tests.functional.audit.estate import START, TAG, Estate

MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
ELSEWHERE = "11111111-2222-4333-8444-555555555555"


def audit(estate: Estate, scope: Scope = Scope.TENANT, actions: Any = (), **options: Any) -> AuditRun:
    origin = "https://graph.microsoft.com"
    lists = ClientLists(estate.directory, TAG, origin, scope, estate.emulator.tenant_id, estate.bridge.client_id)
    return Audit(AuditConfiguration(scope=scope, listed=10_000), lists, estate.clock, actions).run(3600, **options)


def found(run: AuditRun) -> set[tuple[str, FindingKind, str]]:
    return {(finding.client_name, finding.kind, finding.key_id) for finding in run.findings}


def key(estate: Estate, key_id: str, usage: str, start: float, end: float, **members: Any) -> dict[str, Any]:
    times = {"startDateTime": estate.at(start), "endDateTime": estate.at(end)}
    return {"keyId": key_id, "usage": usage, "type": "AsymmetricX509Cert", "displayName": "CN=sso", **times, **members}


def add_principal(estate: Estate, name: str, **values: Any) -> Any:
    record = estate.emulator.directory.add_application({"displayName": name, "tags": []}, owners=[])
    state = {"displayName": name, **values}
    return estate.emulator.directory.add_service_principal(record.state["appId"], state)


def saml(estate: Estate, name: str, *certificates: tuple[str, float, float], preferred: str = "") -> Any:
    keys, passwords = [], []
    for thumbprint, start, end in certificates:
        shared = {"customKeyIdentifier": base64.b64encode(bytes.fromhex(thumbprint)).decode()}
        keys += [
            key(estate, f"sign-{thumbprint[:4]}", "Sign", start, end, **shared),
            key(estate, f"verify-{thumbprint[:4]}", "Verify", start, end, **shared),
        ]
        passwords.append({**key(estate, f"sign-{thumbprint[:4]}", "", start, end, **shared), "usage": None})
    thumb = preferred or None
    values = {"keyCredentials": keys, "passwordCredentials": passwords, "preferredTokenSigningKeyThumbprint": thumb}
    return add_principal(estate, name, **values)


def thumbprint(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


def test_other_applications_are_watched_and_never_changed(estate: Estate) -> None:
    foreign = estate.add_client((-400, -100), (-170, 6), name="foreign", tags=())
    own = estate.add_client((-400, -100), (-170, 6), name="own")
    nowhere, spacing = Deliveries(Destinations(), {}), timedelta(seconds=10)
    prune = Prune(estate.clients, estate.directory, 50, rules=AuditRules(), spacing=spacing, deliveries=nowhere)
    run = audit(estate, actions=[prune])
    kinds = {FindingKind.EXPIRED, FindingKind.EXPIRING}
    assert {(name, kind) for name, kind, _ in found(run)} == {(name, kind) for name in ("foreign", "own") for kind in kinds}
    assert len(estate.key_ids(foreign)) == 2
    assert len(estate.key_ids(own)) == 1
    advice = {f.client_name: f.advice for f in run.findings if f.kind is FindingKind.EXPIRING}
    assert "bridge" in advice["own"]
    assert "bridge" not in advice["foreign"]


def test_an_application_without_credentials_lacks_nothing_and_one_whose_last_is_over_matters(estate: Estate) -> None:
    estate.add_client(name="api", tags=(), principal=False)
    estate.add_client((-200, -3), name="lapsed", tags=())
    estate.add_client((-400, -200), name="long ago", tags=())
    severities = {finding.client_name: finding.severity for finding in audit(estate).findings}
    assert severities == {"lapsed": Severity.HIGH, "long ago": Severity.LOW}


def test_what_may_not_sign_in_matters_little(estate: Estate) -> None:
    record = estate.add_client((-170, 1), name="off", tags=(), principal=False)
    estate.emulator.directory.add_service_principal(record.state["appId"], {"accountEnabled": False})
    assert [(f.kind, f.severity) for f in audit(estate).findings] == [(FindingKind.EXPIRING, Severity.LOW)]


@pytest.mark.parametrize("preferred", [True, False])
def test_a_saml_signing_certificate_counts_once_and_its_password_is_no_secret(estate: Estate, preferred: bool) -> None:
    active = thumbprint("active")
    saml(estate, "sso", (active, -300, 12), preferred=active.upper() if preferred else "")
    run = audit(estate)
    assert found(run) == {("sso", FindingKind.EXPIRING, f"sign-{active[:4]}")}
    assert "SAML signing certificate" in run.findings[0].summary
    assert run.findings[0].object.startswith("servicePrincipals/")


def test_only_the_active_certificate_counts_and_a_spare_one_takes_its_place_when_it_is_made_active(estate: Estate) -> None:
    old, active, spare = (thumbprint(name) for name in ("old", "active", "spare"))
    saml(estate, "sso", (old, -700, -300), (active, -300, 12), (spare, -10, 1000), preferred=active)
    assert found(audit(estate)) == {("sso", FindingKind.EXPIRING, f"sign-{active[:4]}")}


def test_a_certificate_to_encrypt_tokens_is_no_credential(estate: Estate) -> None:
    by_usage = key(estate, "a", "Encrypt", -300, 5)
    by_id = key(estate, "b", "Verify", -300, 5)
    add_principal(estate, "encrypted", keyCredentials=[by_usage, by_id], tokenEncryptionKeyId="b")
    estate.add_client(name="application", tags=(), keyCredentials=[by_usage, by_id], tokenEncryptionKeyId="b")
    assert audit(estate).findings == ()


def test_managed_identities_and_microsofts_own_are_left_out_and_legacy_ones_are_not(estate: Estate) -> None:
    keys = [key(estate, "k", "Verify", -80, 5)]
    add_principal(estate, "managed", keyCredentials=keys, servicePrincipalType="ManagedIdentity")
    add_principal(estate, "microsoft", keyCredentials=keys, appOwnerOrganizationId=MICROSOFT)
    add_principal(estate, "legacy", keyCredentials=keys, servicePrincipalType="Legacy")
    assert found(audit(estate)) == {("legacy", FindingKind.EXPIRING, "k")}


def test_a_credential_for_another_tenants_application_is_a_finding(estate: Estate) -> None:
    add_principal(estate, "theirs", keyCredentials=[key(estate, "k", "Verify", -5, 300)], appOwnerOrganizationId=ELSEWHERE)
    run = audit(estate)
    assert found(run) == {("theirs", FindingKind.FOREIGN_CREDENTIAL, "k")}
    assert ELSEWHERE in run.findings[0].summary


def test_null_dates_and_names_are_no_trouble(estate: Estate) -> None:
    endless = {"keyId": "k", "usage": "Verify", "endDateTime": None, "startDateTime": None, "displayName": None}
    add_principal(estate, "odd", keyCredentials=[endless], passwordCredentials=[{"keyId": "p"}])
    assert audit(estate).findings == ()


def test_owners_are_asked_for_objects_with_findings_alone() -> None:
    estate = Estate(roles=("Application.Read.All", "User.Read.All"))
    ann = estate.emulator.add_user("ann@contoso.com", mail="ann.lee@contoso.com")
    gone = estate.emulator.add_user("bob@contoso.com", accountEnabled=False)
    for number in range(45):
        record = estate.add_client((-170, 6), name=f"soon {number}", tags=())
        record.owners = dict.fromkeys([ann.id, gone.id])
    estate.add_client((-10, 400), name="fine", tags=())
    estate.emulator.faults.add("throttle", path="/owners", times=9, retry_after=3)
    run = audit(estate)
    assert run.notes == ()
    assert {finding.owners for finding in run.findings} == {("ann.lee@contoso.com", "Bob")}
    assert estate.calls("POST", "$batch") < 3 + 9


def test_owned_are_the_applications_that_the_bridges_identity_owns(estate: Estate) -> None:
    estate.add_client((-170, 6), name="own")
    estate.add_client((-170, 6), name="given to it", tags=())
    others = estate.add_client((-170, 6), name="somebody else's", tags=())
    estate.emulator.directory.applications.remove_owner(others, estate.bridge.service_principal_id)
    assert {finding.client_name for finding in audit(estate, Scope.OWNED).findings} == {"own", "given to it"}


def test_the_lists_are_read_at_a_pace_that_leaves_other_tools_their_share(estate: Estate) -> None:
    for _ in range(2000):
        estate.add_client(tags=(), principal=False)
    before = estate.clock.monotonic()
    assert audit(estate).complete
    assert estate.clock.monotonic() - before >= 3 * 0.8


def reference(estate: Estate) -> set[tuple[str, str, str]]:
    """What is expiring or over in a tenant without the bridge's clients, worked out anew in the simplest way."""
    now = START.strftime("%Y-%m-%dT%H:%M:%SZ")
    soon = estate.at(60)
    expected = set()
    directory = estate.emulator.directory
    for record in [*directory.applications.live.values(), *directory.service_principals.live.values()]:
        state = record.state
        if state.get("servicePrincipalType") == "ManagedIdentity":
            continue
        groups: dict[str, dict[str, Any]] = {}
        signing = {k["customKeyIdentifier"] for k in state.get("keyCredentials", ()) if k["usage"] == "Sign"}
        for entry in state.get("keyCredentials", ()):
            if entry["usage"] != "Encrypt" and (entry["usage"] == "Sign" or entry["customKeyIdentifier"] not in signing):
                groups[entry["keyId"]] = {**entry, "kind": "s" if entry["usage"] == "Sign" else "c"}
        for entry in state.get("passwordCredentials", ()):
            if entry.get("customKeyIdentifier") not in signing:
                groups[entry["keyId"]] = {**entry, "kind": "p"}
        for key_id, one in groups.items():
            start, end = one["startDateTime"], one["endDateTime"]
            newer = [
                o
                for o in groups.values()
                if o["kind"] == one["kind"] and start < o["startDateTime"] <= now < o["endDateTime"] and o["endDateTime"] >= end
            ]
            if end <= now:
                expected.add((state["displayName"], "expired", key_id))
            elif start <= now and newer:
                if min(o["startDateTime"] for o in newer) <= estate.at(-7):
                    expected.add((state["displayName"], "superseded", key_id))
            elif start <= now and end <= soon:
                expected.add((state["displayName"], "expiring", key_id))
    return expected


@pytest.mark.parametrize("seed", range(6))
def test_a_mixed_estate_is_found_as_a_simple_reference_finds_it(estate: Estate, seed: int) -> None:
    rng = random.Random(seed)

    def span() -> tuple[float, float]:
        start = rng.randint(-400, 20)
        return start, start + rng.randint(10, 700)

    for number in range(60):
        name = f"{number} {rng.choice(['é', '<b>', '‮', 'x' * 200])}"[:120]
        keys = [key(estate, f"k{number}-{i}", rng.choice(["Verify", "Encrypt"]), *span(), customKeyIdentifier=f"{number}{i}")
                for i in range(rng.randint(0, 3))]  # fmt: skip
        kind = rng.choice(["application", "saml", "principal", "managed"])
        if kind == "application":
            spans = [span() for _ in range(rng.randint(0, 4))]
            estate.add_client(*spans, name=name, tags=(), principal=rng.random() < 0.5, keyCredentials=keys)
        elif kind == "saml":
            saml(estate, name, *((thumbprint(f"{number} {i}"), *span()) for i in range(rng.randint(1, 3))))
        else:
            kinds = {"principal": "Application", "managed": "ManagedIdentity"}
            add_principal(estate, name, keyCredentials=keys, servicePrincipalType=kinds[kind])
    expected = reference(estate)
    assert len(expected) > 20
    assert {(name, kind.value, key_id) for name, kind, key_id in found(audit(estate))} == expected
