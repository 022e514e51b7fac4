"""Each finding word for word, and the second at which it comes about: what owners and directory teams read, and act on."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from shared.audit.assessment import UNKNOWN, ClientFacts, assess
from shared.audit.clients import AuditedClient, ClientCredential, CredentialKind, Place
from shared.audit.configuration import AuditRules
from shared.audit.findings import FindingKind
from shared.clock import ALWAYS, NEVER
from shared.registration.metadata import FederatedIdentity
from tests.unit.audit.sample_clients import DAY, NOW, SECOND, certificate, client, secret

WORDS = json.loads((Path(__file__).parent / "every_finding.json").read_text(encoding="utf-8"))
HOUR = timedelta(hours=1)
GOOD = secret("good", NOW - DAY, NOW + 180 * DAY)
RULES = AuditRules(thresholds=(60, 31, 30, 8, 7, 2, 1), longest=180 * DAY, lifetimes=MappingProxyType({"open": 30 * DAY}))
IDENTITY = FederatedIdentity("https://issuer.example.com", "workload")


def ending(left: timedelta, name: str = "dcr") -> ClientCredential:
    return secret("ending", NOW - 100 * DAY, NOW + left, name)


def mine(*credentials: ClientCredential, **members: Any) -> AuditedClient:
    """A client of the bridge with an object in the directory."""
    return replace(client(*credentials), object_id="7", **members)


def watched(*credentials: ClientCredential, **members: Any) -> AuditedClient:
    """Another object of the tenant."""
    return replace(client(*credentials), own=False, object_id="8", place=Place.SERVICE_PRINCIPALS, **members)


OLD, NEW = secret("old", NOW - 90 * DAY, NOW + 90 * DAY), secret("new", NOW - 8 * DAY, NOW + 172 * DAY)
ONLY = replace(secret("only", NOW - HOUR, NOW + 30 * DAY), only=True)
UNTOLD = replace(secret("untold", NOW - DAY, NOW + 172 * DAY), told=False)
SIGNED_IN = ClientFacts(last_sign_in=NOW - 90 * DAY)

SITUATIONS: dict[str, tuple[AuditedClient, AuditRules, ClientFacts]] = {
    "no credential at all": (mine(auth_method="private_key_jwt"), RULES, UNKNOWN),
    "a secret that ends now": (mine(secret("a", NOW - 90 * DAY, NOW)), RULES, UNKNOWN),
    "a certificate that ended": (mine(certificate("c", NOW - 90 * DAY, NOW - DAY)), RULES, UNKNOWN),
    "no service principal": (mine(GOOD), RULES, ClientFacts(principal=False)),
    "a lagging registration's last second": (
        mine(GOOD, lagging="complete", created=NOW - DAY),
        RULES,
        ClientFacts(principal=False),
    ),
    "disabled": (mine(GOOD, disabled=True), RULES, ClientFacts(enabled=False)),
    "waits for approval": (mine(GOOD, awaits_approval=True), RULES, ClientFacts(enabled=False)),
    "its principal is disabled": (mine(GOOD), RULES, ClientFacts(enabled=False)),
    "lifetime over": (mine(GOOD, policy="open", created=NOW - 30 * DAY), RULES, UNKNOWN),
    "a shared client's lifetime": (
        mine(policy="open", auth_method="none", shared=True, created=NOW - 80 * DAY),
        RULES,
        ClientFacts(last_sign_in=NOW - 40 * DAY, restored=NOW - 35 * DAY),
    ),
    "never signed in": (mine(GOOD, created=NOW - 90 * DAY), RULES, ClientFacts(last_sign_in=ALWAYS)),
    "unused since": (mine(GOOD), RULES, SIGNED_IN),
    "identities differ": (
        mine(GOOD, identities=(IDENTITY,)),
        RULES,
        ClientFacts(identities=frozenset({"dcr-1", "dcr-2"})),
    ),
    "nobody was told of the client": (mine(GOOD, created=NOW - DAY), RULES, ClientFacts(unclaimed=True)),
    "nobody was told, as the report says": (
        mine(GOOD, created=NOW - DAY),
        RULES,
        ClientFacts(unclaimed=True, last_sign_in=ALWAYS),
    ),
    "nobody was told of a secret": (mine(GOOD, UNTOLD), RULES, UNKNOWN),
    "nobody was told of a secret without an end": (mine(GOOD, replace(UNTOLD, end=NEVER)), AuditRules(), UNKNOWN),
    "superseded": (mine(OLD, NEW), RULES, UNKNOWN),
    "superseded and used": (mine(replace(OLD, last_used=NOW - 14 * DAY + SECOND), NEW), RULES, UNKNOWN),
    "superseded and used before": (mine(replace(OLD, last_used=NOW - 14 * DAY), NEW), RULES, UNKNOWN),
    "its caller asked for its end": (mine(OLD, ONLY), RULES, UNKNOWN),
    "its caller asked for its end, and uses it": (mine(replace(OLD, last_used=NOW), ONLY), RULES, UNKNOWN),
    "too long": (mine(secret("long", NOW - 400 * DAY, NOW + 800 * DAY)), RULES, UNKNOWN),
    "too long since its registration": (
        mine(secret("long", NOW - 400 * DAY, NEVER, "")),
        RULES,
        UNKNOWN,
    ),
    "too long, and moved to a younger application": (
        mine(secret("long", NOW - 400 * DAY, NOW + 800 * DAY), created=NOW - 20 * DAY),
        RULES,
        UNKNOWN,
    ),
    "too long, of an application without a date": (
        mine(secret("long", NOW - 400 * DAY, NOW + 800 * DAY), created=None),
        RULES,
        UNKNOWN,
    ),
    "too many": (mine(*(secret(str(n), NOW - n * DAY, NOW + (99 - n) * DAY) for n in (1, 2, 3)), OLD), RULES, UNKNOWN),
    "too many certificates": (
        mine(*(certificate(str(n), NOW - n * DAY, NOW + (99 - n) * DAY) for n in (1, 2, 3))),
        RULES,
        UNKNOWN,
    ),
    "another's, its last one ended": (watched(secret("a", NOW - 90 * DAY, NOW - 30 * DAY + SECOND)), RULES, UNKNOWN),
    "another's, its last one ended long ago": (watched(secret("a", NOW - 90 * DAY, NOW - 30 * DAY)), RULES, UNKNOWN),
    "another's, beside a good one": (watched(secret("a", NOW - 90 * DAY, NOW - DAY), GOOD), AuditRules(), UNKNOWN),
    "another's, ending": (watched(ending(7 * DAY, "")), RULES, UNKNOWN),
    "another's, ending while it is off": (watched(ending(7 * DAY)), RULES, ClientFacts(enabled=False)),
    "another's, ending while it is disabled": (watched(ending(7 * DAY), disabled=True), RULES, UNKNOWN),
    "another's, superseded": (watched(OLD, NEW), RULES, UNKNOWN),
    "another's, still used": (watched(replace(OLD, last_used=NOW), NEW), RULES, UNKNOWN),
    "another's, longer than the policy": (watched(secret("long", NOW - 400 * DAY, NOW + 800 * DAY)), RULES, UNKNOWN),
    "another tenant's application": (
        watched(GOOD, certificate("c", NOW - DAY, NOW + 99 * DAY), tenant="t-2"),
        AuditRules(),
        UNKNOWN,
    ),
    "a SAML signing certificate": (
        watched(ClientCredential(CredentialKind.SIGNING, "s", "CN=saml", NOW - 99 * DAY, NOW + DAY)),
        RULES,
        UNKNOWN,
    ),
    **{f"ends within {days} days": (mine(ending(timedelta(days=days))), RULES, UNKNOWN) for days in (1, 2, 7, 8, 30, 31, 60)},
    "ends within two years": (mine(ending(730 * DAY)), AuditRules(thresholds=(730,)), UNKNOWN),
}

# What is no finding yet, or no longer, by a second.
QUIET: dict[str, tuple[AuditedClient, AuditRules, ClientFacts]] = {
    "a lagging registration": (
        mine(lagging="complete", auth_method="private_key_jwt", created=NOW - DAY + SECOND),
        RULES,
        ClientFacts(principal=False),
    ),
    "a federated credential": (mine(auth_method="private_key_jwt"), RULES, ClientFacts(federated=True)),
    "no date of creation, in use": (mine(GOOD, created=None, policy="open"), RULES, ClientFacts(last_sign_in=NOW)),
    "no date of creation, never signed in": (mine(GOOD, created=None), RULES, ClientFacts(last_sign_in=ALWAYS)),
    "no date of creation, told nobody": (mine(GOOD, created=None), RULES, ClientFacts(unclaimed=True)),
    "a shared client of which no report tells": (
        mine(policy="open", auth_method="none", shared=True, created=NOW - 80 * DAY),
        RULES,
        UNKNOWN,
    ),
    "a shared client that came back": (
        mine(policy="open", auth_method="none", shared=True, created=NOW - 80 * DAY),
        RULES,
        ClientFacts(last_sign_in=NOW - 40 * DAY, restored=NOW - 30 * DAY + SECOND),
    ),
    "signed in within the time": (mine(GOOD), RULES, ClientFacts(last_sign_in=NOW - 90 * DAY + SECOND)),
    "the identities that it registered": (
        mine(GOOD, identities=()),
        RULES,
        ClientFacts(identities=frozenset()),
    ),
    "unclaimed, but signed in": (mine(GOOD, created=NOW - DAY), RULES, ClientFacts(unclaimed=True, last_sign_in=NOW)),
    "unclaimed, but updated": (mine(GOOD, created=NOW - DAY, generation=2), RULES, ClientFacts(unclaimed=True)),
    "unclaimed, but its secret is used": (
        mine(replace(GOOD, last_used=NOW), created=NOW - DAY),
        RULES,
        ClientFacts(unclaimed=True),
    ),
    "unclaimed for less than a day": (mine(GOOD, created=NOW - DAY + SECOND), RULES, ClientFacts(unclaimed=True)),
    "a secret told nobody for less than a day": (mine(GOOD, replace(UNTOLD, start=NOW - DAY + SECOND)), RULES, UNKNOWN),
    "a secret of which nobody knows who was told": (mine(GOOD, replace(UNTOLD, told=None)), RULES, UNKNOWN),
    "the overlap's last second": (mine(OLD, replace(NEW, start=NOW - 7 * DAY + SECOND)), RULES, UNKNOWN),
    "asked for its end a moment ago": (
        mine(OLD, replace(ONLY, start=NOW - HOUR + SECOND, end=NOW + 99 * DAY)),
        AuditRules(),
        UNKNOWN,
    ),
    "a certificate lives as long as it likes": (mine(certificate("c", NOW - DAY, NOW + 4000 * DAY)), RULES, UNKNOWN),
    "a second more than the first threshold": (mine(ending(60 * DAY + SECOND)), AuditRules(), UNKNOWN),
    "valid from a second later": (mine(GOOD, secret("b", NOW + SECOND, NOW + 20 * DAY)), RULES, UNKNOWN),
}


def findings(situation: tuple[AuditedClient, AuditRules, ClientFacts]) -> list[dict[str, Any]]:
    one, rules, facts = situation
    return [finding.as_json() for finding in assess(one, rules, NOW, facts).findings]


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_finding_says_word_for_word(name: str) -> None:
    assert findings(SITUATIONS[name]) == WORDS[name]


def test_the_words_are_of_these_situations_and_of_every_kind_that_the_directory_shows() -> None:
    assert set(WORDS) == set(SITUATIONS)
    kinds = {finding["kind"] for found in WORDS.values() for finding in found}
    made_by_runs = {FindingKind.RENEWED, FindingKind.RENEWAL_FAILED, FindingKind.AUDIT_INCOMPLETE}
    assert kinds == {kind.value for kind in set(FindingKind) - made_by_runs}


@pytest.mark.parametrize("name", QUIET)
def test_nothing_is_found_about(name: str) -> None:
    assert findings(QUIET[name]) == []


@pytest.mark.parametrize("days", [1, 2, 7, 8, 30, 31])
def test_a_threshold_is_crossed_at_its_second(days: int) -> None:
    [crossed] = findings((mine(ending(timedelta(days=days))), RULES, UNKNOWN))
    [before] = findings((mine(ending(timedelta(days=days) + SECOND)), RULES, UNKNOWN))
    assert crossed["threshold_days"] == days
    assert before["threshold_days"] > days
