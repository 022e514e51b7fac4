"""The kinds of values that settings have: what each takes, and what its schema says of it."""

import pytest

from shared.environment import Setting, choice, flag, number, origin
from shared.settings.audit import REPORT_BLOB


@pytest.mark.parametrize("word", ["true", "1", "yes", "on", "TRUE", "On"])
def test_words_for_yes(word: str) -> None:
    assert flag("F", False, "").parse(word) is True


@pytest.mark.parametrize("word", ["false", "0", "no", "off", "False", "OFF"])
def test_words_for_no(word: str) -> None:
    assert flag("F", True, "").parse(word) is False


@pytest.mark.parametrize("word", ["", "y", "enabled", "2", "truee"])
def test_no_other_words(word: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        flag("F", True, "").parse(word)


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("7", 7), ("007", 7)])
def test_a_number_between_its_bounds(text: str, value: int) -> None:
    setting = number("N", 5, 3, 7, "")
    assert setting.parse(text) == value
    assert (setting.default, setting.schema) == (5, {"type": "integer", "minimum": 3, "maximum": 7})


@pytest.mark.parametrize("text", ["2", "8", "-3", "3.0", "٣", " 3", "", "0" * 20])
def test_no_other_number(text: str) -> None:
    with pytest.raises(ValueError, match="a whole number from 3 to 7"):
        number("N", 5, 3, 7, "").parse(text)


def test_a_choice_is_given_back_as_it_is_written() -> None:
    setting = choice("C", ("public", "USGov"), "")
    assert [setting.parse(word) for word in ("PUBLIC", "usgov")] == ["public", "USGov"]
    assert (setting.default, setting.schema) == ("public", {"enum": ["public", "USGov"]})
    with pytest.raises(ValueError, match="expected one of: public, USGov"):
        setting.parse("moon")


def refused(setting: Setting[str], text: str) -> str:
    with pytest.raises(ValueError, match="expected") as raised:
        setting.parse(text)
    return str(raised.value)


def test_an_origin_says_whether_it_may_have_a_path() -> None:
    assert origin("O", "").parse("https://h.example/") == "https://h.example"
    assert origin("O", "", path=True).parse("https://h.example/a/") == "https://h.example/a"
    assert refused(origin("O", ""), "https://h.example/a") == "expected a URL like https://host (http for a loopback host alone)"
    assert "https://host/path" in refused(origin("O", "", path=True), "ftp://h.example")


@pytest.mark.parametrize(
    "url",
    [
        "https://account.blob.core.windows.net/reports/a.html?sig=x",
        "https://account.blob.core.windows.net/reports/a.html#x",
        "https://account.blob.core.windows.net/reports",
        "https://account.example/reports/a.html",
        "http://account.blob.core.windows.net/reports/a.html",
    ],
)
def test_a_blob_has_an_address_without_a_key(url: str) -> None:
    assert "without a signature" in refused(REPORT_BLOB, url)
