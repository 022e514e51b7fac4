"""Reading a client from its application object."""

from datetime import UTC, datetime

import pytest

from shared.audit.clients import read_client
from shared.clock import ALWAYS, NEVER, read_time


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T10:00:00Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T10:00:00.1234567Z", datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-22T10:00:00+05:45", datetime(2026, 11, 22, 4, 15, tzinfo=UTC)),
        ("2026-11-22T10:00:00-12:00", datetime(2026, 11, 22, 22, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-12-31T18:59:60.5-05:00", datetime(2017, 1, 1, 0, 0, 0, 500000, tzinfo=UTC)),
        ("2028-02-29T00:00:00Z", datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_reads_a_graph_moment_in_any_zone_and_with_a_leap_second(text: str, moment: datetime) -> None:
    assert read_time(text) == moment


def test_the_ends_of_the_calendar_do_not_break_it() -> None:
    assert read_time("9999-12-31T23:59:59-12:00") == NEVER
    assert read_time("0001-01-01T00:00:00+12:00") == ALWAYS


@pytest.mark.parametrize("value", [None, 5, "", "tomorrow", "2026-11-22", "2026-11-22T10:00:00", "2027-02-29T00:00:00Z"])
def test_what_is_no_moment_is_none(value: object) -> None:
    assert read_time(value) is None


def test_nulls_and_missing_members_make_a_client_without_credentials() -> None:
    client = read_client({"appId": "x", "passwordCredentials": None, "keyCredentials": [None]})
    assert client.credentials == ()
    assert client.created is None


def test_a_credential_without_dates_counts_as_valid_for_ever() -> None:
    client = read_client({"appId": "x", "passwordCredentials": [{"keyId": "k"}]})
    assert (client.credentials[0].start, client.credentials[0].end) == (ALWAYS, NEVER)


@pytest.mark.parametrize(
    ("members", "disabled"),
    [
        ({}, False),
        ({"isDisabled": None, "disabledByMicrosoftStatus": None}, False),
        ({"isDisabled": False, "disabledByMicrosoftStatus": "NotDisabled"}, False),
        ({"isDisabled": True}, True),
        ({"disabledByMicrosoftStatus": "DisabledDueToViolationOfServicesAgreement"}, True),
    ],
)
def test_knows_a_disabled_application(members: dict[str, object], disabled: bool) -> None:
    assert read_client({"appId": "x", **members}).disabled is disabled


@pytest.mark.parametrize(
    ("members", "counts"),
    [
        ({"usage": "Verify"}, True),
        ({"usage": "Sign"}, True),
        ({"usage": "verify"}, True),
        ({}, True),
        ({"usage": "Encrypt"}, False),
    ],
)
def test_a_key_to_encrypt_tokens_for_a_client_is_none_of_its_credentials(members: dict[str, object], counts: bool) -> None:
    client = read_client({"appId": "x", "keyCredentials": [{"keyId": "k", "type": "AsymmetricX509Cert", **members}]})
    assert bool(client.credentials) is counts


@pytest.mark.parametrize(
    ("name", "told", "only"),
    [
        ("dcr 2026-11-22 0123abcd", None, False),
        ("dcr 2026-11-22 0123abcd only", None, True),
        ("dcr 2026-11-22", True, False),
        ("dcr renewal 2026-11-22", True, False),
        ("made in the portal", True, False),
        (None, True, False),
    ],
)
def test_only_a_name_with_a_random_part_leaves_open_who_was_told(name: str | None, told: bool | None, only: bool) -> None:
    client = read_client({"appId": "x", "passwordCredentials": [{"keyId": "k", "displayName": name}]})
    assert (client.credentials[0].told, client.credentials[0].only) == (told, only)
    assert client.knowing(["k"], {}).credentials[0].told is True
    assert client.knowing([], {}).credentials[0].told is (told or False)
    assert client.knowing([], {"k": datetime(2026, 11, 22, tzinfo=UTC)}).credentials[0].told is True
