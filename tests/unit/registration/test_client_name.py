"""Client names: what people will read when they are asked to consent."""

import pytest

from shared.errors import InvalidClientMetadata
from shared.registration.client_name import IMPERSONATED, check_name, with_prefix
from tests.unit.registration import confusables


def refusal(text: str, impersonated: tuple[str, ...] = IMPERSONATED) -> str:
    with pytest.raises(InvalidClientMetadata) as caught:
        check_name("client_name", text, impersonated)
    assert caught.value.description.startswith("client_name")
    return caught.value.description


@pytest.mark.parametrize(
    "text",
    [
        "Orders",
        "Büro Müller & Söhne",
        "株式会社 注文",
        "заказы",
        "می‌خواهم",
        "Orders 👩‍💻",
        "client's app (test) #1",
        "Central Windows of Entrances",
        "Micro Software",
        "Azure sky photos",
        "x",
        "X",
        "Hello! World",
        "Intra ID cards",
        "Büro | Orders",
        "Mike Rosoft",
        "Ünïcödé façade",
        "Ἑλληνικά",
        "हिन्दी",
        "❤️ Orders",
        "O'Neill & Sons – 24/7",
    ],
)
def test_takes_names_in_any_language(text: str) -> None:
    assert check_name("client_name", text) == text


def test_takes_blanks_around_a_name_away() -> None:
    assert check_name("client_name", "  Orders app\t\n") == "Orders app"


@pytest.mark.duty(33)
@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u3000", "\u200d", " \u200c ", "\u0301", "\ufe0f \ufe0f", "\u200d\u20e3"])
def test_refuses_a_blank_name(text: str) -> None:
    assert "blank" in refusal(text)


@pytest.mark.duty(33)
def test_takes_120_characters_and_no_more() -> None:
    assert check_name("client_name", "x" * 120)
    assert "longer than 120" in refusal("x" * 121)


def test_counts_characters_as_the_directory_does() -> None:
    assert check_name("client_name", "😀" * 60)
    assert "longer than 120" in refusal("😀" * 61)


@pytest.mark.duty(23)
@pytest.mark.parametrize(
    "char",
    [
        "\x00",
        "\x07",
        "\n",
        "\x7f",
        "\x9b",
        "\u200b",
        "\u200e",
        "\u202e",
        "\u2066",
        "\ufeff",
        "\u2028",
        "\u2029",
        "\ue000",
        "\U000e0041",
        "\u0378",
        "\ud800",
        # They show nothing though Unicode counts them among letters, marks and symbols.
        "\u3164",
        "\u2800",
        "\uffa0",
        "\u115f",
        "\u1160",
        "\u034f",
        "\u17b4",
        "\u180b",
    ],
)
def test_refuses_control_bidi_and_invisible_characters(char: str) -> None:
    assert "character" in refusal(f"Orders{char}app")


@pytest.mark.duty(23)
@pytest.mark.parametrize("text", ["<b>Orders</b>", "a < b", "a > b"])
def test_refuses_markup(text: str) -> None:
    assert "angle bracket" in refusal(text)


@pytest.mark.duty(23)
@pytest.mark.parametrize(
    "text",
    [
        "Microsoft",
        "microsoft graph explorer",
        "MicrosoftSupport",
        "M i c r o s o f t",
        "Micro-soft",
        "Mïcrosöft",
        "ＭＩＣＲＯＳＯＦＴ",
        "Μicrоsоft",
        "Micr0s0ft",
        "Micro$oft",
        "@zure AD",
        "@zure|AD",
        "Micro\u200dsoft",
        "MyMïcrosoftApp",
        "MyMicro\u200dsoftApp",
        "𝐌𝐢𝐜𝐫𝐨𝐬𝐨𝐟𝐭",
        "Azure AD",
        "My azure-ad sync",
        "Azure Active Directory",
        "Entra ID login",
        "Office 365",
        "Windows Live",
        "M1crosoft",
        "Mlcrosoft",
        "MIcrosoft",
        "M|crosoft",
        "M!crosoft",
        "Mıcrosoft",
        "MyM|crosoftApp",
        "rnicrosoft",
        "ⓜicrosoft",
        "ᛖicrosoft Μicrоsоft",
        "Ⅿicrosoft",
        "Micros๐ft",
        "Micrοsοƒt",
        "Mіϲrоѕоft",
        "Micro\ufe0fsoft",
        "MyMicro\ufe0fsoftApp",
        "M̲i̲c̲r̲o̲s̲o̲f̲t̲",
        "МІСRОЅОFТ",
        "ᎷᏆᏟᎡᎾsoft Ꭰ Microsoft",
        "Office|365",
        "Office\u00a0365!",
        "0ffice 365",
        "Azure|AD",
        "(Azure AD)",
        "Аzurе АD",
        "Entra 1D",
        "Entra lD!",
        "Windows L1ve",
    ],
)
def test_refuses_a_name_that_reads_like_one_of_microsoft(text: str) -> None:
    assert "not the client's own" in refusal(text)


@pytest.mark.duty(23)
def test_refuses_names_that_the_operator_listed() -> None:
    assert "not the client's own" in refusal("Contoso Pay login", ("Contoso Pay",))
    assert check_name("client_name", "Pay Contoso", ("Contoso Pay",)) == "Pay Contoso"
    assert check_name("client_name", "Cobol", ("Cob",)) == "Cobol"
    assert "not the client's own" in refusal("MyFabrikamApp", ("Fabrikam",))
    assert check_name("client_name", "MyContosoApp", ("Contoso",)) == "MyContosoApp"


@pytest.mark.parametrize("text", ["Контосо", "Кoнтocо", "KOHTOCO"])
def test_names_of_the_operator_may_be_in_any_alphabet(text: str) -> None:
    """They are compared by Unicode's table of confusable characters, of which none is about Latin letters alone."""
    assert "not the client's own" in refusal(text, ("КОНТОСО",))


def test_the_table_of_confusable_characters_is_unicodes() -> None:
    assert confusables.TABLE.read_text("ascii") == confusables.as_text(confusables.make_table())


def test_a_prefix_is_put_before_a_name_once() -> None:
    assert with_prefix("api-", "Orders") == "api-Orders"
    assert with_prefix("api-", "api-Orders") == "api-Orders"
    assert with_prefix("", "Orders") == "Orders"


def test_names_the_member_with_its_language_tag() -> None:
    with pytest.raises(InvalidClientMetadata) as caught:
        check_name("client_name#de", "")
    assert caught.value.description == "client_name#de is blank"
