"""The report: its three forms, and that nothing a stranger named does anything in any of them."""

import base64
import csv
import hashlib
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from shared.audit.build import build_actions
from shared.audit.configuration import ActionName, AuditConfiguration
from shared.audit.delivery import Deliveries, Destinations
from shared.audit.findings import AuditFinding, FindingKind, Severity
from shared.audit.report import ReportEndpoint
from shared.errors import InvalidRequest, TemporarilyUnavailable
from shared.http.message import Request, Response
from tests.functional.audit.estate import Estate

NASTY = "<img src=x onerror=alert(1)>\"'&</script><script>alert(2)</script>\u202e"


class Page(HTMLParser):
    """The elements, attributes and texts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.inline: dict[str, list[str]] = {"script": [], "style": []}
        self._open = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in self.inline:
            self.inline[self._open].append(data)
        else:
            self.texts.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def get(estate: Estate, query: dict[str, str] | None = None, accept: str = "") -> Response:
    headers = {"accept": accept} if accept else {}
    return ReportEndpoint(estate.audit(), 200).handle(Request("GET", "/audit", headers=headers, query=query or {}))


def page(estate: Estate) -> Page:
    return Page(get(estate, {"format": "html"}).body.decode())


def populate(estate: Estate) -> None:
    estate.add_client((-200, -3), name="gone")
    estate.add_client((-170, 6), name="soon")
    estate.add_client((-100, 45), name="later")
    estate.add_client((-10, 170), name="healthy")


@pytest.mark.parametrize(
    ("query", "accept", "content_type"),
    [
        ({}, "", "application/json"),
        ({}, "*/*", "application/json"),
        ({}, "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ({}, "text/csv", "text/csv; charset=utf-8; header=present"),
        ({}, "text/*", "text/csv; charset=utf-8; header=present"),
        ({}, "application/json;q=0.2, text/html;q=0.9", "text/html; charset=utf-8"),
        ({}, "text/html;q=0, */*", "application/json"),
        ({}, "image/png", "application/json"),
        ({"format": "CSV"}, "text/html", "text/csv; charset=utf-8; header=present"),
    ],
)
def test_the_form_follows_the_query_then_the_accept_header(
    estate: Estate, query: dict[str, str], accept: str, content_type: str
) -> None:
    assert get(estate, query, accept).headers["Content-Type"] == content_type


def test_an_unknown_format_is_an_invalid_request(estate: Estate) -> None:
    with pytest.raises(InvalidRequest):
        get(estate, {"format": "pdf"})


def test_a_report_writes_nothing_and_is_not_kept(estate: Estate) -> None:
    populate(estate)
    answer = get(estate)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert estate.calls("POST") == estate.calls("PATCH") == estate.calls("DELETE") == 0


@pytest.mark.parametrize(
    ("form", "own"),
    [
        ("json", {"Content-Type": "application/json"}),
        (
            "csv",
            {
                "Content-Type": "text/csv; charset=utf-8; header=present",
                "Content-Disposition": 'attachment; filename="client-secrets.csv"',
            },
        ),
        (
            "html",
            {"Content-Type": "text/html; charset=utf-8", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"},
        ),
    ],
)
def test_each_form_has_its_headers(estate: Estate, form: str, own: dict[str, str]) -> None:
    headers = dict(get(estate, {"format": form}).headers)
    assert headers.pop("Content-Security-Policy").endswith("; frame-ancestors 'none'")
    assert headers == {"Cache-Control": "no-store", "Pragma": "no-cache", "X-Content-Type-Options": "nosniff", **own}


def test_json_holds_the_counts_the_timeline_and_the_list(estate: Estate) -> None:
    populate(estate)
    document = json.loads(get(estate).body)
    assert (document["clients"], document["clients_in_trouble"], document["complete"]) == (4, 1, True)
    assert [entry["client_name"] for entry in document["list"]] == ["gone", "soon", "later", "gone"]
    assert len(document["timeline"]) == 26
    assert sum(week["credentials"] for week in document["timeline"]) == 3
    assert {"week_of": "2026-11-23", "credentials": 1} in document["timeline"]


def test_csv_has_a_line_for_each_finding_and_no_formula(estate: Estate) -> None:
    for name in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\uff1d1", 'with "quotes", and\r\nlines', "plain"):
        estate.add_client((-170, 6), name=name)
    text = get(estate, {"format": "csv"}).body.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == 9
    names = {row["client_name"] for row in rows}
    assert {"'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "' =1", "'\uff1d1", "plain", 'with "quotes", and\r\nlines'} == names
    assert {row["kind"] for row in rows} == {"expiring"}


def test_a_name_with_markup_is_text_on_the_page(estate: Estate) -> None:
    estate.add_client((-170, 6), name=NASTY)
    found = page(estate)
    assert found.named("img") == []
    assert len(found.named("script")) == 1
    assert not any(name.startswith("on") for _, attributes in found.elements for name in attributes)
    assert any("<img src=x onerror=alert(1)>" in text for text in found.texts)
    assert not any("\u202e" in text for text in found.texts)


def test_the_page_needs_nothing_from_elsewhere(estate: Estate) -> None:
    populate(estate)
    found = page(estate)
    assert not any(
        name in {"src", "href", "srcset", "action", "style"} for _, attributes in found.elements for name in attributes
    ) or [attributes["href"] for _, attributes in found.elements if "href" in attributes] == ["#list"]
    assert "url(" not in found.inline["style"][0]
    assert "http" not in found.inline["script"][0]


def test_the_content_security_policy_allows_just_the_pages_own_style_and_script(estate: Estate) -> None:
    answer = get(estate, {"format": "html"})
    found = Page(answer.body.decode())
    policy = answer.headers["Content-Security-Policy"]
    (meta,) = [m["content"] for m in found.named("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    for tag in ("script", "style"):
        (text,) = found.inline[tag]
        hashed = "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
        assert f"{tag}-src {hashed}" in policy
        assert f"{tag}-src {hashed}" in str(meta)
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_clients_in_trouble_come_first_and_then_the_due_dates(estate: Estate) -> None:
    populate(estate)
    body = get(estate, {"format": "html"}).body.decode()
    order = [body.index(f'<bdi class="name">{name}</bdi>') for name in ("gone", "soon", "later")]
    assert order == sorted(order)
    assert body.index("Clients in trouble</th>") < order[0] < body.index("Coming up, by due date</th>") < order[1]


def test_a_screen_reader_finds_landmarks_captions_and_headers(estate: Estate) -> None:
    populate(estate)
    found = page(estate)
    assert found.named("html")[0]["lang"] == "en"
    assert {tag for tag, _ in found.elements} >= {"header", "main", "footer", "caption", "figcaption", "time"}
    assert len(found.named("h1")) == 1
    assert all(attributes.get("scope") for attributes in found.named("th"))
    (drawing,) = found.named("svg")
    assert drawing["role"] == "img"
    assert drawing["aria-labelledby"]
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = {part for _, a in found.elements if a.get("aria-labelledby") for part in str(a["aria-labelledby"]).split()}
    assert labelled <= set(ids)


def test_an_incomplete_run_says_so_on_the_page(estate: Estate) -> None:
    for _ in range(1200):
        estate.add_client((-10, 170))
    for form, sign in (("html", "not the whole picture"), ("json", '"complete": false')):
        fault = estate.emulator.faults.add("error", path="/applications$", skip=1, times=None, status=503)
        assert sign in get(estate, {"format": form}).body.decode()
        estate.emulator.faults.remove(fault)


def test_without_a_single_page_there_is_no_report(estate: Estate) -> None:
    estate.emulator.faults.add("error", path="/applications$", times=None, status=403)
    with pytest.raises(TemporarilyUnavailable):
        get(estate)


def test_an_empty_tenant_has_a_page_that_says_there_is_nothing_to_do(estate: Estate) -> None:
    found = page(estate)
    assert any("nothing to do" in text for text in found.texts)


def test_figures_of_the_drawing_and_of_its_table_agree(estate: Estate) -> None:
    for days in (3, 4, 20, 45, 45, 160):
        estate.add_client((-10, days))
    body = get(estate, {"format": "html"}).body.decode()
    drawn = [int(number) for number in re.findall(r'class="figure"[^>]*>(\d+)<', body)]
    listed = [int(number) for number in re.findall(r'<th scope="row">\d+ \w+ \d+</th><td>(\d+)</td>', body)]
    assert drawn == listed
    assert sum(drawn) == 6


def test_no_secret_and_no_hint_of_one_is_in_any_form(estate: Estate) -> None:
    record = estate.add_client((-170, 6))
    hint: Any = record.state["passwordCredentials"][0]["hint"]
    document = json.loads(get(estate).body)
    assert "hint" not in json.dumps(document)
    assert all(
        hint not in str(value) for entry in document["list"] for key, value in entry.items() if key in {"summary", "advice"}
    )


def pruning_report(estate: Estate, **query: str) -> Response:
    configuration = AuditConfiguration(actions=frozenset({ActionName.PRUNE}), portal="https://portal.azure.com")
    nowhere = Deliveries(Destinations(), {})
    actions = build_actions(configuration, estate.clients, estate.directory, nowhere, estate.probe)
    return ReportEndpoint(estate.audit(configuration, actions), 200).handle(Request("GET", "/audit", query=query))


def test_it_tells_what_the_next_run_would_do_where_that_is_asked(estate: Estate) -> None:
    record = estate.add_client((-200, -3), (-20, 162), name="gone")
    (planned,) = json.loads(pruning_report(estate, format="json", plan="true").body)["plan"]
    assert (planned["action"], planned["client_name"], planned["key_id"]) == ("prune", "gone", estate.key_ids(record)[0])
    html = pruning_report(estate, format="html", plan="true").body.decode()
    assert "What the next run will do" in html
    assert "would remove it" in html
    assert len(estate.key_ids(record)) == 2
    assert "plan" not in json.loads(pruning_report(estate, format="json").body)
    assert "What the next run will do" not in pruning_report(estate, format="html").body.decode()
    assert estate.calls("POST") == estate.calls("DELETE") == 0


def test_findings_lead_to_the_portal_where_it_is_known(estate: Estate) -> None:
    populate(estate)
    links = [link["href"] for link in Page(pruning_report(estate, format="html").body.decode()).named("a")]
    assert sum("Credentials/appId/" in str(link) for link in links) == len(json.loads(get(estate).body)["list"])
    assert not any("portal" in str(link["href"]) for link in page(estate).named("a"))


@pytest.mark.parametrize(
    ("client_id", "place", "expected"),
    [
        ("0d9e8f7a-2222-4333-8444-a55566677788", "applications/1", "ApplicationMenuBlade/~/Credentials/appId/0d9e8f7a"),
        (
            "0d9e8f7a-2222-4333-8444-a55566677788",
            "servicePrincipals/a b",
            "ManagedAppMenuBlade/~/SignOn/objectId/a%20b/appId/0d9e8f7a",
        ),
        ("javascript:alert(1)", "applications/1", ""),
        ("", "", ""),
    ],
)
def test_a_link_is_made_of_ids_alone(estate: Estate, client_id: str, place: str, expected: str) -> None:
    run = replace(estate.run(), portal="https://portal.azure.us")
    finding = AuditFinding(FindingKind.EXPIRED, Severity.LOW, client_id, "x", "", "", object=place)
    link = run.portal_link(finding)
    assert expected in link
    assert bool(link) is bool(expected)
    assert not link or link.startswith("https://portal.azure.us/#view/")
