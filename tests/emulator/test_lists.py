"""Lists: filters, advanced queries, selection and paging."""

from urllib.parse import quote

import pytest
from requests import Response

from emulator.server import CallerAccount, EntraEmulator
from tests.emulator.client import GraphClient

ADVANCED = {"ConsistencyLevel": "eventual"}


def names(answer: Response) -> list[str]:
    """The display names of a page."""
    assert answer.status_code == 200, answer.text
    return [item["displayName"] for item in answer.json()["value"]]


@pytest.fixture
def seeded(entra: EntraEmulator) -> EntraEmulator:
    """Three applications that differ."""
    add = entra.directory.add_application
    add({"displayName": "alpha", "tags": ["one", "shared"], "createdDateTime": "2026-01-01T00:00:00Z"})
    add({"displayName": "beta", "tags": ["two", "shared"], "createdDateTime": "2026-02-01T00:00:00Z", "uniqueName": "b"})
    add({"displayName": "o'gamma", "tags": ["three"], "createdDateTime": "2026-03-01T00:00:00Z"})
    return entra


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tags/any(t:t eq 'shared')", ["alpha", "beta"]),
        ("tags/any(t:startsWith(t,'t'))", ["beta", "o'gamma"]),
        ("tags/any(t:t eq 'shared') and displayName eq 'beta'", ["beta"]),
        ("displayName eq 'o''gamma'", ["o'gamma"]),
        ("displayName in ('alpha','beta')", ["alpha", "beta"]),
        ("startsWith(displayName,'al')", ["alpha"]),
        ("createdDateTime ge 2026-02-01T00:00:00Z and createdDateTime le 2026-03-01T00:00:00.000Z", ["beta", "o'gamma"]),
        ("(displayName eq 'alpha' or displayName eq 'beta') and tags/any(t:t eq 'two')", ["beta"]),
        ("uniqueName eq 'b'", ["beta"]),
    ],
)
@pytest.mark.usefixtures("seeded")
def test_answers_the_default_filters(graph: GraphClient, text: str, expected: list[str]) -> None:
    assert names(graph("GET", f"/applications?$filter={quote(text)}")) == expected


@pytest.mark.usefixtures("seeded")
def test_finds_one_object_by_its_client_id(graph: GraphClient, entra: EntraEmulator, owner: CallerAccount) -> None:
    for collection in ("applications", "servicePrincipals"):
        answer = graph("GET", f"/{collection}?$filter=appId eq '{owner.client_id}'")
        assert names(answer) == ["bridge"]
        assert names(graph("GET", f"/{collection}?$filter=appId eq '{entra.tenant_id}'")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("not tags/any(t:t eq 'shared') and tags/any(t:t ge 'a')", ["o'gamma"]),
        ("displayName ne 'alpha' and tags/any(t:t eq 'shared')", ["beta"]),
        ("owners/$count eq 0 and displayName eq 'alpha'", ["alpha"]),
        ("endsWith(displayName,'ta')", ["beta"]),
    ],
)
@pytest.mark.usefixtures("seeded")
def test_answers_advanced_filters_only_with_header_and_count(graph: GraphClient, text: str, expected: list[str]) -> None:
    plain, counted = f"/applications?$filter={quote(text)}", f"/applications?$count=true&$filter={quote(text)}"
    for path, headers in ((plain, {}), (plain, ADVANCED), (counted, {})):
        assert graph("GET", path, headers=headers).status_code == 400
    answer = graph("GET", counted, headers=ADVANCED)
    assert names(answer) == expected
    assert answer.json()["@odata.count"] == len(expected)


@pytest.mark.parametrize(
    "query",
    [
        "$filter=passwordCredentials/any(p:p/endDateTime le 2027-01-01T00:00:00Z)",
        "$filter=notes eq 'x'",
        "$filter=displayName gt 'x'",
        "$filter=unheardOf eq 'x'",
        "$filter=displayName eq",
        "$filter=displayName eq 'x",
        "$filter=createdByAppId eq 'x'",
        "$select=unheardOf",
        "$top=1000",
        "$top=0",
        "$top=many",
        "$skip=10",
        '$search="displayName:x"',
        "$skiptoken=made-up",
        "$orderby=notes",
    ],
)
def test_refuses_queries_that_graph_refuses(graph: GraphClient, query: str) -> None:
    assert graph("GET", f"/applications?{query}").status_code == 400


@pytest.mark.usefixtures("seeded")
def test_orders_and_searches(graph: GraphClient) -> None:
    query = "$count=true&$orderby=displayName desc&$filter=tags/any(t:t ge 'a')"
    assert names(graph("GET", f"/applications?{query}", headers=ADVANCED)) == ["o'gamma", "beta", "alpha"]
    assert names(graph("GET", '/applications?$search="displayName:amm"', headers=ADVANCED)) == ["o'gamma"]


@pytest.mark.usefixtures("seeded")
def test_counts_with_the_header(graph: GraphClient) -> None:
    path = "/applications/$count?$filter=tags/any(t:t eq 'shared')"
    assert graph("GET", path, headers=ADVANCED).text == "2"


def test_pages_through_everything_once_by_the_next_link(graph: GraphClient, entra: EntraEmulator) -> None:
    made = {record.state["appId"] for record in entra.seed_applications(2500, tags=["bulk"])}
    url, seen, pages = "/applications?$filter=tags/any(t:t eq 'bulk')&$select=appId&$top=999", [], 0
    while url:
        page = graph("GET", url).json()
        assert all(set(item) == {"appId"} for item in page["value"])
        seen += [item["appId"] for item in page["value"]]
        pages += 1
        url = page.get("@odata.nextLink", "")
    assert pages == 3
    assert len(seen) == 2500
    assert set(seen) == made


def test_the_default_page_holds_a_hundred_and_the_count_comes_first_only(graph: GraphClient, entra: EntraEmulator) -> None:
    entra.seed_applications(150, tags=["bulk"])
    path = "/applications?$count=true&$filter=tags/any(t:t eq 'bulk')"
    first = graph("GET", path, headers=ADVANCED).json()
    second = graph("GET", first["@odata.nextLink"], headers=ADVANCED).json()
    assert (len(first["value"]), first["@odata.count"]) == (100, 150)
    assert len(second["value"]) == 50
    assert "@odata.count" not in second


def test_a_deleted_application_leaves_a_short_page(graph: GraphClient, entra: EntraEmulator) -> None:
    records = entra.seed_applications(4, tags=["bulk"])
    first = graph("GET", "/applications?$filter=tags/any(t:t eq 'bulk')&$top=2").json()
    entra.directory.delete_application(records[3])
    assert len(graph("GET", first["@odata.nextLink"]).json()["value"]) == 1


@pytest.mark.parametrize("size", [0, 1])
def test_pages_can_be_short_or_empty_and_go_on(graph: GraphClient, entra: EntraEmulator, size: int) -> None:
    entra.seed_applications(5, tags=["bulk"])
    entra.faults.add("page", size=size, times=2)
    url, lengths = "/applications?$filter=tags/any(t:t eq 'bulk')&$top=3", []
    while url:
        page = graph("GET", url).json()
        lengths.append(len(page["value"]))
        url = page.get("@odata.nextLink", "")
    assert lengths[:2] == [size, size]
    assert sum(lengths) == 5


def test_lists_what_a_service_principal_owns(graph: GraphClient, entra: EntraEmulator, owner: CallerAccount) -> None:
    entra.seed_applications(3, owner=owner.service_principal_id)
    entra.seed_applications(2)
    path = f"/servicePrincipals/{owner.service_principal_id}/ownedObjects/microsoft.graph.application?$top=2"
    first = graph("GET", path).json()
    second = graph("GET", first["@odata.nextLink"]).json()
    assert len(first["value"] + second["value"]) == 3
