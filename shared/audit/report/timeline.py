"""The expiries of the coming weeks as a bar chart: an SVG drawing for the eye, and a table with the same figures."""

from collections.abc import Sequence
from datetime import date

WIDTH, HEIGHT = 900, 210
LEFT, RIGHT, TOP, BOTTOM = 8, 8, 24, 34
GAP = 5
# Bars of the weeks in which somebody should act by now are darker.
NEAR_WEEKS = 5
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def drawing(weeks: Sequence[tuple[date, int]]) -> str:
    """The SVG element. It holds numbers and dates alone, so nothing in it needs escaping."""
    step = (WIDTH - LEFT - RIGHT) / max(len(weeks), 1)
    floor = HEIGHT - BOTTOM
    tallest = max((count for _, count in weeks), default=0) or 1
    total = sum(count for _, count in weeks)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="timeline-title timeline-text">',
        '<title id="timeline-title">Credentials that end, by week</title>',
        f'<desc id="timeline-text">{total} credentials end in the coming {len(weeks)} weeks. A table has the figures.</desc>',
    ]
    month = 0
    for position, (monday, count) in enumerate(weeks):
        left = LEFT + position * step
        height = (floor - TOP) * count / tallest
        if count:
            near = " near" if position < NEAR_WEEKS else ""
            parts.append(
                f'<rect class="bar{near}" x="{left + GAP / 2:.1f}" y="{floor - height:.1f}" width="{step - GAP:.1f}"'
                f' height="{height:.1f}" rx="3"><title>Week of {_day(monday)}: {count}</title></rect>'
            )
            parts.append(
                f'<text class="figure" x="{left + step / 2:.1f}" y="{floor - height - 6:.1f}" text-anchor="middle">{count}</text>'
            )
        if monday.month != month:
            month = monday.month
            year = f" {monday.year}" if position == 0 or month == 1 else ""
            parts.append(f'<text class="tick" x="{left + GAP / 2:.1f}" y="{floor + 18}">{MONTHS[month - 1]}{year}</text>')
    parts.append(f'<line class="axis" x1="{LEFT}" y1="{floor + 0.5}" x2="{WIDTH - RIGHT}" y2="{floor + 0.5}"/></svg>')
    return "".join(parts)


def table(weeks: Sequence[tuple[date, int]]) -> str:
    """The same figures as a table, weeks without an expiry left out."""
    rows = "".join(f'<tr><th scope="row">{_day(monday)}</th><td>{count}</td></tr>' for monday, count in weeks if count)
    if not rows:
        return "<p>No credential ends in these weeks.</p>"
    head = '<tr><th scope="col">Week of</th><th scope="col">Credentials that end</th></tr>'
    caption = '<caption class="unseen">Credentials that end, by week</caption>'
    return f'<table class="weeks">{caption}<thead>{head}</thead><tbody>{rows}</tbody></table>'


def _day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
