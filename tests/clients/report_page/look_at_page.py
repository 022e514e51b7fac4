"""A headless Chromium opens the report page: no complaint in its console, names are text, filters work, on phones too."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.browser.webdriver import Browser, browser
from tests.clients.report_page.sample import NASTY, sample_page
from tests.clients.report_page.screenshots import chromium


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    page = tmp_path_factory.mktemp("page") / "page.html"
    page.write_text(sample_page(), encoding="utf-8")
    return page.as_uri()


@pytest.fixture(scope="module")
def window(address: str) -> Iterator[Browser]:
    with browser() as opened:
        opened.open(address)
        yield opened


def evaluate(window: Browser, expression: str) -> Any:
    return window.run(f"arguments[arguments.length - 1]({expression})")


def choose(window: Browser, name: str, value: str) -> None:
    window.run(
        "const [name, value, done] = arguments; const field = document.getElementById('filters').elements.namedItem(name);"
        "field.value = value; field.dispatchEvent(new Event('input', {bubbles: true})); done();",
        name,
        value,
    )


def test_the_console_stays_silent_and_the_script_runs(address: str) -> None:
    seen = chromium(address, "--enable-logging=stderr", "--v=0", "--dump-dom")
    assert [line for line in seen.stderr.splitlines() if "CONSOLE" in line] == []
    assert 'id="filters" role="search" aria-label="Filter the findings">' in seen.stdout
    assert "broken in" not in seen.stdout.partition("</title>")[0]


def test_a_complaint_would_be_heard(address: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    page = Path(address.removeprefix("file://")).read_text(encoding="utf-8")
    broken.write_text(page.replace("</main>", "<script>document.title = 'x'</script></main>"), encoding="utf-8")
    seen = chromium(broken.as_uri(), "--enable-logging=stderr", "--v=0", "--dump-dom")
    assert "Content Security Policy" in seen.stderr


def test_a_name_with_markup_is_shown_as_text(window: Browser) -> None:
    names = evaluate(window, "[...document.querySelectorAll('.name')].map((name) => name.textContent)")
    assert any(name.startswith("<img src=x onerror=") for name in names)
    assert any(NASTY[:40] in name for name in names)
    assert evaluate(window, "document.querySelectorAll('img').length") == 0
    assert evaluate(window, "document.title") == "Client secrets: 3 in trouble"


def test_nothing_was_fetched_from_anywhere(window: Browser) -> None:
    assert evaluate(window, "performance.getEntriesByType('resource').length") == 0


def test_clients_in_trouble_are_the_first_rows(window: Browser) -> None:
    rows = evaluate(window, "[...document.querySelectorAll('tr[data-kind]')].map((row) => row.dataset.kind)")
    assert rows[:3] == ["no_usable_credential", "half_registered", "disabled"]


def test_filters_narrow_the_list_and_say_so(window: Browser) -> None:
    everything = evaluate(window, "document.querySelectorAll('tr[data-kind]').length")
    choose(window, "severity", "critical")
    assert re.fullmatch(rf"\d+ of {everything} findings", window.text("#shown"))
    shown = evaluate(window, "[...document.querySelectorAll('tr[data-kind]:not([hidden])')].map((row) => row.dataset.severity)")
    assert set(shown) == {"critical"}
    choose(window, "text", "billing")
    assert evaluate(window, "document.querySelectorAll('tr[data-kind]:not([hidden])').length") == 1
    assert evaluate(window, "[...document.querySelectorAll('tbody[data-group]')].filter((group) => !group.hidden).length") == 1
    choose(window, "text", "no such client")
    assert window.text("#nothing") == "Nothing matches these filters."
    choose(window, "text", "")
    choose(window, "severity", "")
    assert window.text("#shown") == f"{everything} findings"


def test_the_bars_have_their_places_and_the_axis_is_not_covered(window: Browser) -> None:
    boxes = evaluate(
        window, "[...document.querySelectorAll('rect.bar')].map((bar) => {const b = bar.getBBox(); return [b.x, b.x + b.width]})"
    )
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(boxes))
    assert evaluate(window, "document.querySelector('svg').getBoundingClientRect().width") > 300


def test_text_stands_out_from_its_ground_in_light_and_dark(address: str) -> None:
    css = Path(address.removeprefix("file://")).read_text(encoding="utf-8")
    for theme in re.findall(r":root \{([^}]*)\}", css):
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", theme))
        pairs = [("ink", "ground"), ("ink", "sheet"), ("soft", "ground"), ("soft", "sheet"), ("soft", "wash")]
        pairs += [(name, f"{name}-wash") for name in ("critical", "high", "medium", "low", "good")]
        for text, ground in pairs:
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""

    def luminance(colour: str) -> float:
        channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_a_phone_needs_no_sideways_scrolling(window: Browser) -> None:
    window._call("POST", "/window/rect", {"width": 500, "height": 900})
    try:
        assert evaluate(window, "document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert evaluate(window, "getComputedStyle(document.querySelector('.findings td')).display") == "block"
    finally:
        window._call("POST", "/window/rect", {"width": 1200, "height": 900})


def test_a_screen_reader_finds_a_table_also_on_a_phone(window: Browser) -> None:
    roles = evaluate(
        window, "[...new Set([...document.querySelectorAll('.findings [role]')].map((part) => part.getAttribute('role')))]"
    )
    assert set(roles) == {"table", "rowgroup", "row", "columnheader", "rowheader", "cell"}
    assert evaluate(window, "[...document.querySelectorAll('input, select')].every((field) => field.labels.length === 1)")
    assert evaluate(window, "document.querySelectorAll('h1').length") == 1
