"""The report's page: what it says of distances, months, weeks and plans."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from shared.audit.findings import FindingKind
from shared.audit.report.page import TITLES, distance, render_page
from shared.audit.result import Outcome, Result
from tests.unit.audit.test_forms import EXPIRING, STARTED, UNUSED, record


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (datetime(2026, 11, 22, 0, 0, tzinfo=UTC), "today"),
        (datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC), "today"),
        (datetime(2026, 11, 23, 0, 0, tzinfo=UTC), "in 1 day"),
        (datetime(2026, 11, 24, 0, 0, tzinfo=UTC), "in 2 days"),
        (datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC), "1 day ago"),
        (datetime(2026, 11, 20, 3, 0, tzinfo=UTC), "2 days ago"),
    ],
)
def test_a_distance_is_in_whole_days_of_utc(due: datetime, words: str) -> None:
    assert distance(due, STARTED) == words


def test_each_kind_has_a_title_of_its_own() -> None:
    assert TITLES[FindingKind.NO_USABLE_CREDENTIAL] == "No usable credential"
    assert (TITLES[FindingKind.EXCESS], TITLES[FindingKind.TOO_LONG]) == ("Too many", "Too long a life")
    assert len(set(TITLES.values())) == len(FindingKind)


def test_every_month_has_its_name_in_the_chart_of_the_coming_weeks() -> None:
    months: list[str] = []
    for month in (1, 7):
        page = render_page(replace(record(), started=datetime(2026, month, 1, 3, tzinfo=UTC)))
        months += re.findall(r'<text class="tick"[^>]*>([A-Z][a-z]{2})', page)
    english = [date(2026, month, 1).strftime("%b") for month in range(1, 13)]
    # From the week of the first day of January, which began in December.
    assert list(dict.fromkeys(months)) == ["Dec", *english[:11]]


def test_the_plan_of_a_run_that_acts_not_is_shown_up_to_two_hundred() -> None:
    outcomes = tuple(Outcome("prune", Result.WOULD, str(n), f"planned-{n}.", "would remove") for n in range(201))
    done = Outcome("prune", Result.DONE, "d", "done-and-over", "removed")
    page = render_page(record(outcomes=(done, *outcomes)))
    assert page.count("planned-") == 200
    assert "planned-199." in page
    assert "planned-200." not in page


def test_owners_and_kinds_to_choose_from_are_those_of_the_findings_in_order() -> None:
    page = render_page(record(findings=(UNUSED, replace(EXPIRING, owners=("bob", "Ada", "cy")))))
    owners = [page.index(f">{name}</option>") for name in ("Ada", "bob", "cy")]
    assert owners == sorted(owners)
    kinds = [page.index(f">{TITLES[kind]}</option>") for kind in (FindingKind.EXPIRING, FindingKind.UNUSED)]
    assert kinds == sorted(kinds)
    assert f">{TITLES[FindingKind.DISABLED]}</option>" not in page
