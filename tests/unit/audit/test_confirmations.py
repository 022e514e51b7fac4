"""Whose turn it is to be asked about: nothing is stored between runs, and nobody is left out for ever."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from shared.audit.confirmations import place_of, start_of_turn

CLIENTS = [str(uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)) for number in range(2000)]


def chosen(now: datetime, most: int) -> list[str]:
    start = start_of_turn(now)
    return sorted(CLIENTS, key=lambda client_id: (place_of(client_id) - start) % 1.0)[:most]


@pytest.mark.parametrize("hours", [1, 2, 6, 12, 24, 7 * 24])
@pytest.mark.parametrize("times", [2, 5, 20])
@pytest.mark.parametrize("first", [datetime(2026, 11, 22, 3, tzinfo=UTC), datetime(2031, 2, 3, 4, 5, tzinfo=UTC)])
def test_every_pending_client_is_asked_about_within_a_few_times_the_fewest_possible_runs(
    hours: int, times: int, first: datetime
) -> None:
    seen: set[str] = set()
    for run in range(3 * times + 3):
        seen.update(chosen(first + run * timedelta(hours=hours), len(CLIENTS) // times))
    assert seen == set(CLIENTS)


def test_runs_in_the_same_hour_ask_about_the_same_clients() -> None:
    assert start_of_turn(datetime(2026, 11, 22, 3, 0, 1, tzinfo=UTC)) == start_of_turn(datetime(2026, 11, 22, 3, 59, tzinfo=UTC))
