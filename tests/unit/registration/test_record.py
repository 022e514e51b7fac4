"""The record in an application's tags."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.registration.tags import Record, foreign_tags, to_tags

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=600)
items = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200), max_size=8)


def utf_16_units(tag: str) -> int:
    return len(tag.encode("utf-16-le")) // 2


@given(text, items, st.randoms())
def test_gives_back_what_was_kept_in_tags_that_graph_takes(value: str, values: list[str], shuffler: random.Random) -> None:
    tags = to_tags({"logo_uri": value, "grant_types": values, "client_name#ja": value})
    for tag in tags:
        assert 1 <= utf_16_units(tag) <= 256
        assert not any(char.isspace() for char in tag)
        assert tag.isprintable()
    assert len(set(tags)) == len(tags)
    shuffler.shuffle(tags)
    record = Record.from_tags(["entra-dcr-bridge", *tags, "HideApp"])
    assert record.text("logo_uri") == value
    assert record.texts("grant_types") == tuple(values)
    assert record.localized(["client_name"]) == {"client_name#ja": value}


def test_a_tag_can_be_read_by_people() -> None:
    assert to_tags({"grant_types": ("authorization_code", "refresh_token"), "response_types": ("code id_token",)}) == [
        "dcr:grant_types=authorization_code,refresh_token",
        "dcr:response_types=code%20id_token",
    ]
    assert to_tags({"client_name#ja": "注文 アプリ"}) == ["dcr:client_name#ja=注文%20アプリ"]
    assert to_tags({"logo_uri": "https://a.example/a,b", "scope": None, "software_id": "x"}) == [
        "dcr:logo_uri=https://a.example/a,b",
        "dcr:software_id=x",
    ]
    assert to_tags({"contacts": ("a,b@example.com", "100%")}) == ["dcr:contacts=a%2Cb@example.com,100%25"]


def test_a_long_value_goes_over_several_tags() -> None:
    tags = to_tags({"logo_uri": "x" * 243, "software_statement": "y" * 500})
    assert tags[0] == "dcr:logo_uri=" + "x" * 243
    assert utf_16_units(tags[0]) == 256
    assert [tag.partition("=")[0] for tag in tags[1:]] == [f"dcr:software_statement.{number}" for number in (1, 2, 3)]
    assert [tag.partition("=")[2] for tag in tags[1:]] == ["y" * 228, "y" * 228, "y" * 44]
    assert len(to_tags({"logo_uri": "x" * 244})) == 2


def test_an_empty_list_is_not_an_absent_one() -> None:
    assert to_tags({"response_types": (), "contacts": None}) == ["dcr:response_types="]
    record = Record.from_tags(["dcr:response_types="])
    assert record.texts("response_types") == ()
    assert record.texts("contacts") is None
    assert record.text("contacts") is None


def test_leaves_other_peoples_tags_alone() -> None:
    assert foreign_tags(["entra-dcr-bridge", "dcr:scope=a", "HideApp", "team:orders"]) == [
        "entra-dcr-bridge",
        "HideApp",
        "team:orders",
    ]


@pytest.mark.parametrize(
    "tags", [["dcr:logo_uri.1=a", "dcr:logo_uri.3=c"], ["dcr:logo_uri.2=b"], ["dcr:logo_uri"], ["dcr:LOGO=x"]]
)
def test_a_value_with_a_part_missing_is_as_if_never_kept(tags: list[str]) -> None:
    assert Record.from_tags(tags).text("logo_uri") is None


def test_a_value_in_one_tag_wins_over_parts() -> None:
    for tags in (["dcr:logo_uri=a", "dcr:logo_uri.1=b"], ["dcr:logo_uri.1=b", "dcr:logo_uri=a"]):
        assert Record.from_tags(tags).text("logo_uri") == "a"


def test_numbers_are_whole_and_small() -> None:
    record = Record.from_tags(["dcr:generation=12", "dcr:renewed=-1", "dcr:other=9999999999999999", "dcr:odd=１２"])
    assert record.number("generation") == 12
    assert [record.number(name) for name in ("renewed", "other", "odd", "absent")] == [None] * 4


def test_more_than_nine_parts_come_back_in_order() -> None:
    value = "".join(f"{number:08}" for number in range(400))
    tags = to_tags({"software_statement": value})
    assert len(tags) > 10
    assert Record.from_tags(sorted(tags)).text("software_statement") == value


def test_only_wanted_members_count_as_localized() -> None:
    record = Record.from_tags(["dcr:client_name#de=A", "dcr:scope#de=B", "dcr:client_name=C"])
    assert record.localized(["client_name"]) == {"client_name#de": "A"}
