"""The states of credentials, tried around each border and over random lives."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.audit.clients import AuditedClient
from shared.audit.configuration import AuditRules
from shared.audit.credential_states import CredentialState, credential_statuses
from tests.unit.audit.sample_clients import DAY, MOMENTS, NOW, SECOND, ZONES, certificate, client, clients, secret

RULES = AuditRules()
OVER = {CredentialState.SUPERSEDED, CredentialState.EXPIRED}


def state_of(end: datetime, now: datetime) -> tuple[CredentialState, int | None]:
    status = credential_statuses(client(secret("a", end - 400 * DAY, end)), RULES, now)[0]
    return status.state, status.threshold


@pytest.mark.parametrize("days", AuditRules().thresholds)
@given(end=MOMENTS)
def test_a_threshold_is_crossed_exactly_that_many_days_before_the_end(days: int, end: datetime) -> None:
    border = end - timedelta(days=days)
    assert state_of(end, border) == (CredentialState.EXPIRING, days)
    assert state_of(end, border + SECOND) == (CredentialState.EXPIRING, days)
    before, threshold = state_of(end, border - timedelta(microseconds=1))
    assert (before, threshold) != (CredentialState.EXPIRING, days)


@given(end=MOMENTS, hours=st.integers(-24 * 100, 24 * 100))
def test_the_threshold_named_is_the_last_one_crossed(end: datetime, hours: int) -> None:
    now = end + timedelta(hours=hours)
    state, threshold = state_of(end, now)
    left = end - now
    if left <= timedelta(0):
        assert state is CredentialState.EXPIRED
    elif left > 60 * DAY:
        assert state is CredentialState.HEALTHY
    else:
        assert state is CredentialState.EXPIRING
        assert threshold == min(days for days in AuditRules().thresholds if left <= timedelta(days=days))


@given(end=MOMENTS, zone=ZONES, minutes=st.integers(-200_000, 10_000))
def test_the_zone_in_which_a_moment_is_written_changes_nothing(end: datetime, zone: timezone, minutes: int) -> None:
    now = end + timedelta(minutes=minutes)
    assert state_of(end, now) == state_of(end.astimezone(zone), now.astimezone(UTC))


@pytest.mark.parametrize(
    ("end", "border"),
    [
        (datetime(2028, 3, 1, 12, tzinfo=UTC), datetime(2028, 2, 29, 12, tzinfo=UTC)),
        (datetime(2027, 3, 1, 12, tzinfo=UTC), datetime(2027, 2, 28, 12, tzinfo=UTC)),
        (datetime(2028, 2, 29, 0, tzinfo=UTC), datetime(2028, 2, 28, 0, tzinfo=UTC)),
        (datetime(2100, 3, 1, tzinfo=UTC), datetime(2100, 2, 28, tzinfo=UTC)),
    ],
)
def test_one_day_before_is_the_29th_of_february_in_leap_years_alone(end: datetime, border: datetime) -> None:
    assert state_of(end, border) == (CredentialState.EXPIRING, 1)
    assert state_of(end, border - SECOND) == (CredentialState.EXPIRING, 7)


def test_a_credential_is_over_at_its_very_end() -> None:
    end = NOW + 10 * DAY
    assert state_of(end, end) == (CredentialState.EXPIRED, None)
    assert state_of(end, end - SECOND) == (CredentialState.EXPIRING, 1)


def test_a_credential_is_pending_until_its_start() -> None:
    one = client(secret("a", NOW, NOW + 100 * DAY))
    assert credential_statuses(one, RULES, NOW - SECOND)[0].state is CredentialState.PENDING
    assert credential_statuses(one, RULES, NOW)[0].state is CredentialState.HEALTHY


def test_an_old_secret_overlaps_until_the_overlap_is_over() -> None:
    newer = secret("b", NOW, NOW + 180 * DAY)
    one = client(secret("a", NOW - 170 * DAY, NOW + 12 * DAY), newer)
    over = newer.start + RULES.overlap
    assert credential_statuses(one, RULES, over - SECOND)[0].state is CredentialState.OVERLAPPING
    assert credential_statuses(one, RULES, over)[0].state is CredentialState.SUPERSEDED
    assert credential_statuses(one, RULES, over)[0].since == over


def test_a_newer_secret_that_ends_earlier_takes_nobodys_place() -> None:
    one = client(secret("a", NOW - 100 * DAY, NOW + 100 * DAY), secret("b", NOW - 30 * DAY, NOW + 90 * DAY))
    assert [status.state for status in credential_statuses(one, RULES, NOW)] == [
        CredentialState.HEALTHY,
        CredentialState.HEALTHY,
    ]


def test_a_certificate_takes_no_secrets_place() -> None:
    one = client(secret("a", NOW - 100 * DAY, NOW + 5 * DAY), certificate("b", NOW - 30 * DAY, NOW + 300 * DAY))
    assert credential_statuses(one, RULES, NOW)[0].state is CredentialState.EXPIRING


@given(one=clients())
def test_what_is_superseded_leaves_a_usable_credential_that_somebody_has_and_that_lasts_as_long(one: AuditedClient) -> None:
    found = credential_statuses(one, RULES, NOW)
    kept = [status.credential for status in found if status.state not in OVER]
    for status in found:
        if status.state is CredentialState.SUPERSEDED:
            gone = status.credential
            lasting = [other for other in kept if status.revoked or other.end >= gone.end]
            assert any(other.kind is gone.kind and other.is_usable(NOW) and other.told for other in lasting)


def test_a_secret_that_nobody_is_known_to_have_takes_nobodys_place() -> None:
    old = secret("a", NOW - 100 * DAY, NOW + 12 * DAY)
    for told in (False, None):
        newer = replace(secret("b", NOW - 30 * DAY, NOW + 150 * DAY), told=told)
        states = [status.state for status in credential_statuses(client(old, newer), RULES, NOW)]
        assert states == [CredentialState.EXPIRING, CredentialState.HEALTHY]


@given(one=clients())
def test_removing_expired_and_superseded_never_takes_the_last_usable_credential(one: AuditedClient) -> None:
    kept = [
        s.credential
        for s in credential_statuses(one, RULES, NOW)
        if s.state not in {CredentialState.SUPERSEDED, CredentialState.EXPIRED}
    ]
    assert any(credential.is_usable(NOW) for credential in kept) == bool(one.usable_credentials(NOW))


@given(one=clients())
def test_every_credential_has_exactly_one_state_in_the_order_given(one: AuditedClient) -> None:
    assert tuple(status.credential for status in credential_statuses(one, RULES, NOW)) == one.credentials


@given(one=clients(), days=st.integers(0, 900))
def test_time_alone_never_makes_a_credential_younger(one: AuditedClient, days: int) -> None:
    order = [CredentialState.PENDING, CredentialState.HEALTHY, CredentialState.EXPIRING, CredentialState.EXPIRED]
    alone = [client(credential) for credential in one.credentials]
    for single in alone:
        before = credential_statuses(single, RULES, NOW)[0].state
        after = credential_statuses(single, RULES, NOW + timedelta(days=days))[0].state
        assert order.index(before) <= order.index(after)
