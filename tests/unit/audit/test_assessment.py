"""The findings about one client."""

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest
from hypothesis import given

from shared.audit.assessment import UNKNOWN, ClientFacts, assess
from shared.audit.clients import AuditedClient
from shared.audit.configuration import AuditRules
from shared.audit.findings import AuditFinding, FindingKind, Severity
from shared.clock import ALWAYS
from tests.unit.audit.sample_clients import DAY, NOW, SECOND, certificate, client, clients, secret

RULES = AuditRules()


def found(one: AuditedClient, rules: AuditRules = RULES, facts: ClientFacts = UNKNOWN) -> dict[FindingKind, AuditFinding]:
    return {finding.kind: finding for finding in assess(one, rules, NOW, facts).findings}


def test_a_client_with_one_healthy_secret_is_no_finding() -> None:
    assert found(client(secret("a", NOW - DAY, NOW + 180 * DAY))) == {}


@pytest.mark.parametrize(
    ("days", "severity"),
    [(60, Severity.LOW), (30, Severity.MEDIUM), (14, Severity.MEDIUM), (7, Severity.HIGH), (1, Severity.CRITICAL)],
)
def test_an_expiring_secret_matters_more_as_its_end_comes_nearer(days: int, severity: Severity) -> None:
    end = NOW + timedelta(days=days)
    finding = found(client(secret("a", NOW - 100 * DAY, end)))[FindingKind.EXPIRING]
    assert (finding.severity, finding.due, finding.threshold_days) == (severity, end, days)
    assert finding.since == NOW


def test_a_client_whose_secrets_are_all_over_has_no_usable_credential_since_the_last_end() -> None:
    finding = found(client(secret("a", NOW - 200 * DAY, NOW - 20 * DAY), secret("b", NOW - 100 * DAY, NOW - 3 * DAY)))
    assert finding[FindingKind.NO_USABLE_CREDENTIAL].since == NOW - 3 * DAY
    assert finding[FindingKind.NO_USABLE_CREDENTIAL].severity is Severity.CRITICAL


def test_a_certificate_is_a_usable_credential() -> None:
    assert FindingKind.NO_USABLE_CREDENTIAL not in found(client(certificate("a", NOW - DAY, NOW + 300 * DAY)))


def test_a_federated_credential_is_a_usable_credential() -> None:
    assert FindingKind.NO_USABLE_CREDENTIAL not in found(client(auth_method="private_key_jwt"), facts=ClientFacts(federated=True))
    assert FindingKind.NO_USABLE_CREDENTIAL in found(client(auth_method="private_key_jwt"), facts=ClientFacts(federated=False))


def test_a_public_client_needs_no_credential() -> None:
    assert found(client(auth_method="none")) == {}


def test_a_registration_in_progress_is_not_accused_of_being_half_done() -> None:
    young = client(created=NOW - RULES.settling + SECOND)
    assert found(young, facts=ClientFacts(principal=False)) == {}
    settled = client(created=NOW - RULES.settling)
    assert set(found(settled, facts=ClientFacts(principal=False))) == {
        FindingKind.HALF_REGISTERED,
        FindingKind.NO_USABLE_CREDENTIAL,
    }


def test_a_service_principal_that_nobody_asked_for_is_not_missing() -> None:
    one = client(secret("a", NOW - DAY, NOW + 180 * DAY))
    assert found(one, facts=ClientFacts(principal=None)) == {}
    assert set(found(one, facts=ClientFacts(principal=False))) == {FindingKind.HALF_REGISTERED}


def test_a_disabled_client_is_a_finding_without_a_date() -> None:
    good = secret("a", NOW - DAY, NOW + 180 * DAY)
    by_application = found(client(good, disabled=True))[FindingKind.DISABLED]
    by_principal = found(client(good), facts=ClientFacts(enabled=False))[FindingKind.DISABLED]
    assert by_application.since is None
    assert by_principal.since is None
    assert by_application.summary != by_principal.summary


def test_a_secret_may_be_a_day_longer_than_the_policy_and_no_more() -> None:
    rules = AuditRules(longest=timedelta(days=180))
    assert found(client(secret("a", NOW - DAY, NOW + 180 * DAY)), rules) == {}
    too_long = found(client(secret("a", NOW - DAY, NOW + 180 * DAY + SECOND)), rules)
    assert set(too_long) == {FindingKind.TOO_LONG}


def test_more_secrets_than_are_needed_to_change_over_are_in_excess() -> None:
    three = [secret(name, NOW - days * DAY, NOW + (200 - days) * DAY) for name, days in (("a", 3), ("b", 2), ("c", 1))]
    assert found(client(*three))[FindingKind.EXCESS].since == NOW - DAY
    assert FindingKind.EXCESS not in found(client(*three[:2]))


def test_the_lifetime_of_a_policy_ends_a_client_of_that_policy_alone() -> None:
    rules = AuditRules(lifetimes=MappingProxyType({"open": 30 * DAY}))
    good = secret("a", NOW - DAY, NOW + 180 * DAY)
    over = found(client(good, policy="open", created=NOW - 30 * DAY), rules)[FindingKind.LIFETIME_OVER]
    assert over.due == NOW
    assert found(client(good, policy="open", created=NOW - 30 * DAY + SECOND), rules) == {}
    assert found(client(good, policy="default", created=NOW - 300 * DAY), rules) == {}


def test_a_client_counts_as_unused_only_when_a_report_says_so_and_it_is_old_enough() -> None:
    good = secret("a", NOW - DAY, NOW + 180 * DAY)
    assert set(found(client(good), facts=ClientFacts(last_sign_in=ALWAYS))) == {FindingKind.UNUSED}
    assert found(client(good), facts=ClientFacts(last_sign_in=None)) == {}
    assert found(client(good, created=NOW - 89 * DAY), facts=ClientFacts(last_sign_in=ALWAYS)) == {}


def test_an_expired_secret_beside_a_good_one_is_only_untidy() -> None:
    one = client(secret("a", NOW - 200 * DAY, NOW - DAY), secret("b", NOW - 10 * DAY, NOW + 170 * DAY))
    assert {kind: finding.severity for kind, finding in found(one).items()} == {FindingKind.EXPIRED: Severity.LOW}


@given(one=clients())
def test_every_finding_has_advice_and_an_id_of_its_own(one: AuditedClient) -> None:
    facts = ClientFacts(principal=False, enabled=False, unclaimed=True, last_sign_in=ALWAYS)
    findings = assess(one, AuditRules(longest=180 * DAY), NOW, facts).findings
    assert all(finding.advice and finding.summary and finding.client_id == one.client_id for finding in findings)
    assert len({finding.id for finding in findings}) == len(findings)


@given(one=clients())
def test_a_client_lacks_a_credential_exactly_when_it_needs_one_and_none_is_usable(one: AuditedClient) -> None:
    lacking = any(finding.kind is FindingKind.NO_USABLE_CREDENTIAL for finding in assess(one, RULES, NOW).findings)
    assert lacking == (one.auth_method != "none" and not one.usable_credentials(NOW))


@given(one=clients())
def test_what_came_about_did_so_before_now(one: AuditedClient) -> None:
    assert all(finding.since <= NOW for finding in assess(one, RULES, NOW).findings if finding.since)


@pytest.mark.parametrize("enabled", [None, True])
def test_a_client_whose_approval_is_given_or_unknown_is_no_finding(enabled: bool | None) -> None:
    one = replace(client(secret("a", NOW - DAY, NOW + 180 * DAY)), awaits_approval=True)
    assert found(one, facts=ClientFacts(principal=True, enabled=enabled)) == {}


def test_a_client_that_waits_for_approval_matters_little_and_says_what_to_do() -> None:
    one = replace(client(secret("a", NOW - DAY, NOW + 180 * DAY)), awaits_approval=True)
    (finding,) = found(one, facts=ClientFacts(principal=True, enabled=False)).values()
    assert (finding.kind, finding.severity) == (FindingKind.DISABLED, Severity.LOW)
    assert finding.advice.startswith("Approve it")
