"""When a secret is renewed: pure rules over what directory and store show."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.audit.clients import AuditedClient, ClientCredential, CredentialKind
from shared.audit.renewal_rules import UNDER_WAY, RenewalStep, earlier_rival, is_renewal, plan_renewal, renewal_due
from shared.clock import ALWAYS, NEVER
from tests.unit.audit.sample_clients import DAY, NOW, client, clients, secret

BEFORE = 30 * DAY
HOUR = timedelta(hours=1)
LONG_AGO = NOW - 100 * DAY


def renewal(key_id: str, start: datetime, end: datetime) -> ClientCredential:
    return secret(key_id, start, end, "dcr renewal 2026-11-22")


def step(one: AuditedClient, held: str = "", since: datetime | None = LONG_AGO) -> RenewalStep:
    return plan_renewal(one, held, since if held else None, NOW, BEFORE).step


def test_a_secret_is_renewed_from_that_many_days_before_its_end() -> None:
    assert step(client(secret("a", LONG_AGO, NOW + BEFORE))) is RenewalStep.RENEW
    assert step(client(secret("a", LONG_AGO, NOW + BEFORE + timedelta(seconds=1)))) is RenewalStep.NOTHING


def test_the_secret_that_counts_is_the_one_that_the_store_hands_out() -> None:
    one = client(secret("a", LONG_AGO, NOW + 5 * DAY), secret("b", NOW - 50 * DAY, NOW + 132 * DAY))
    assert step(one, held="a") is RenewalStep.RENEW
    assert step(one, held="b") is RenewalStep.NOTHING
    assert step(one) is RenewalStep.NOTHING


def test_a_secret_that_nobody_was_told_of_does_not_put_a_renewal_off() -> None:
    untold = replace(secret("b", NOW - 50 * DAY, NOW + 132 * DAY), told=False)
    one = client(secret("a", LONG_AGO, NOW + 5 * DAY), untold)
    assert step(one) is RenewalStep.RENEW
    assert renewal_due(one, NOW, BEFORE) == NOW - 25 * DAY
    assert step(client(untold)) is RenewalStep.NOTHING


def test_a_renewal_that_never_arrived_counts_for_nothing() -> None:
    one = client(secret("a", LONG_AGO, NOW + 5 * DAY), renewal("b", NOW - 2 * HOUR, NOW + 180 * DAY))
    assert step(one) is RenewalStep.RENEW
    assert step(one, held="a") is RenewalStep.RENEW
    assert step(one, held="b") is RenewalStep.NOTHING


def test_a_young_renewal_is_left_to_the_run_that_made_it() -> None:
    one = client(secret("a", LONG_AGO, NOW + 5 * DAY), renewal("b", NOW - UNDER_WAY + timedelta(seconds=1), NOW + 180 * DAY))
    assert step(one) is RenewalStep.WAIT
    assert step(one, held="b") is RenewalStep.NOTHING


def test_a_store_that_was_just_written_to_is_waited_for() -> None:
    one = client(secret("a", LONG_AGO, NOW + 100 * DAY))
    assert step(one, held="unseen", since=NOW - HOUR / 2) is RenewalStep.WAIT
    assert step(one, held="unseen", since=NOW - 2 * HOUR) is RenewalStep.RENEW


def test_of_two_renewals_that_met_exactly_one_stays() -> None:
    one = client(renewal("b", NOW - HOUR / 4, NOW + 180 * DAY), renewal("a", NOW - HOUR / 4, NOW + 180 * DAY))
    assert earlier_rival("a", one, "", NOW) is None
    rival = earlier_rival("b", one, "", NOW)
    assert rival is not None
    assert rival.key_id == "a"
    assert earlier_rival("b", one, "a", NOW) is None


def test_a_client_in_good_order_costs_no_question_to_its_store() -> None:
    assert renewal_due(client(secret("a", LONG_AGO, NOW + 100 * DAY)), NOW, BEFORE) is None
    assert renewal_due(client(renewal("a", LONG_AGO, NOW + 100 * DAY)), NOW, BEFORE) is None


def test_a_newest_secret_with_a_shorter_life_than_the_one_before_is_renewed_for_its_own_end() -> None:
    one = client(secret("a", LONG_AGO, NOW + 100 * DAY), secret("b", NOW - 50 * DAY, NOW + 10 * DAY))
    assert renewal_due(one, NOW, BEFORE) == NOW - 20 * DAY
    assert step(one, held="b") is RenewalStep.RENEW


def test_a_store_that_a_rotation_left_behind_is_asked_about_while_its_secret_lives() -> None:
    one = client(secret("a", LONG_AGO, NOW + 10 * DAY), secret("b", NOW - 5 * DAY, NOW + 177 * DAY))
    assert renewal_due(one, NOW, BEFORE) is not None
    assert step(one, held="a") is RenewalStep.RENEW


def test_what_is_due_comes_before_what_only_wants_a_look() -> None:
    due = renewal_due(client(secret("a", LONG_AGO, NOW + 29 * DAY)), NOW, BEFORE)
    over = renewal_due(client(secret("a", LONG_AGO, NOW - 20 * DAY)), NOW, BEFORE)
    look = renewal_due(client(secret("a", LONG_AGO, NOW + 5 * DAY), renewal("b", NOW - 2 * HOUR, NOW + 180 * DAY)), NOW, BEFORE)
    assert due is not None
    assert over is not None
    assert look is not None
    assert over < due <= NOW < look


def test_clients_that_have_no_secret_by_design_are_never_renewed() -> None:
    for method in ("none", "private_key_jwt"):
        assert renewal_due(client(secret("a", LONG_AGO, NOW + DAY), auth_method=method), NOW, BEFORE) is None
    assert renewal_due(client(), NOW, BEFORE) is None


def test_a_renewal_is_under_way_for_an_hour_to_the_second() -> None:
    second = timedelta(seconds=1)
    for past, expected in ((HOUR - second, RenewalStep.WAIT), (HOUR, RenewalStep.RENEW)):
        assert step(client(secret("a", LONG_AGO, NOW + 5 * DAY)), held="unseen", since=NOW - past) is expected
        young = renewal("b", NOW - past, NOW + 180 * DAY)
        assert step(client(secret("a", LONG_AGO, NOW + 5 * DAY), young)) is expected
        own = renewal("c", NOW - second, NOW + 180 * DAY)
        assert (earlier_rival("c", client(young, own), "", NOW) is not None) is (expected is RenewalStep.WAIT)


def test_only_a_renewal_is_a_rival_of_a_renewal() -> None:
    own, plain = renewal("b", NOW - HOUR / 4, NOW + 180 * DAY), secret("a", NOW - HOUR / 2, NOW + 180 * DAY)
    assert earlier_rival("b", client(plain, own), "", NOW) is None
    assert earlier_rival("gone", client(plain, own), "", NOW) is None
    key = replace(plain, kind=CredentialKind.CERTIFICATE, name="dcr renewal 2026-11-22")
    assert not is_renewal(key)
    assert earlier_rival("b", client(key, own), "", NOW) is None
    later = renewal("a", NOW - HOUR / 8, NOW + 180 * DAY)
    assert earlier_rival("b", client(later, own), "", NOW) is None


def test_each_plan_says_why() -> None:
    def reason(one: AuditedClient, held: str = "", since: datetime | None = LONG_AGO) -> str:
        return plan_renewal(one, held, since, NOW, BEFORE).reason

    good, ending = secret("a", LONG_AGO, NOW + 100 * DAY), secret("a", LONG_AGO, NOW + 5 * DAY)
    untold = replace(ending, told=False)
    assert reason(client(good), "unseen", NOW) == "the store was just written to, and the directory doesn't show that secret yet"
    assert reason(client(good), "a") == "its secret is good for long enough"
    assert reason(client(good, renewal("b", NOW, NOW + 180 * DAY)), "a") == "a renewal of this client is under way"
    assert reason(client(good), "unseen") == "the store hands out a secret that no longer works"
    assert reason(client(good), "unseen", None) == "the store hands out a secret that no longer works"
    assert reason(client()) == "it has no secret that works and is known to anybody"
    assert reason(client(ending), "a") == "its secret ends within 30 days"
    assert reason(client(untold)) == "its secret ends within 30 days"


def test_when_a_renewal_is_due_to_the_second() -> None:
    second = timedelta(seconds=1)
    assert renewal_due(client(secret("a", LONG_AGO, NOW + BEFORE)), NOW, BEFORE) == NOW
    assert renewal_due(client(secret("a", LONG_AGO, NOW + BEFORE + second)), NOW, BEFORE) is None
    # All are over: since the last end, and what was to come doesn't count.
    over = client(secret("a", LONG_AGO, NOW - 9 * DAY), secret("b", LONG_AGO, NOW), secret("c", NOW + DAY, NOW + 9 * DAY))
    assert renewal_due(over, NOW, BEFORE) == NOW
    assert renewal_due(client(secret("c", NOW + DAY, NOW + 9 * DAY)), NOW, BEFORE) is None
    # Another secret is worth a look as long as it lives, and as long after its end as a renewal comes before one.
    newest = secret("n", NOW - DAY, NOW + 180 * DAY)
    look = NEVER - (newest.start - ALWAYS)
    for end, expected in ((NOW + DAY, look), (NOW - BEFORE + second, look), (NOW - BEFORE, None)):
        assert renewal_due(client(secret("a", LONG_AGO, end), newest), NOW, BEFORE) == expected
    certificate = replace(secret("k", LONG_AGO, NOW + DAY), kind=CredentialKind.CERTIFICATE)
    assert renewal_due(client(certificate, newest), NOW, BEFORE) is None
    assert renewal_due(client(certificate), NOW, BEFORE) is None


@given(one=clients(), data=st.data())
def test_who_is_not_asked_about_needs_no_renewal(one: AuditedClient, data: st.DataObject) -> None:
    if renewal_due(one, NOW, BEFORE) is not None or one.auth_method not in {"", "client_secret_basic"}:
        return
    secrets = [
        credential for credential in one.credentials if credential.kind is CredentialKind.SECRET and credential.start <= NOW
    ]
    lately = [credential for credential in secrets if credential.end > NOW - BEFORE]
    if not lately:
        return
    held = data.draw(st.sampled_from(["", *(credential.key_id for credential in lately)]))
    if held or not all(is_renewal(credential) for credential in lately):
        assert step(one, held=held) is not RenewalStep.RENEW


@given(one=clients())
def test_an_order_of_urgency_can_always_be_made(one: AuditedClient) -> None:
    due = renewal_due(one, NOW, BEFORE)
    assert due is None or ALWAYS <= due <= NEVER
