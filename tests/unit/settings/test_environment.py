"""Settings: what an operator is told about a wrong one."""

import json
from pathlib import Path

import pytest

from shared.environment import Environment, InvalidSettings, Setting, choice, document, flag, number, origin, text, with_file


def problems[T](setting: Setting[T], value: str | None) -> list[str]:
    environment = Environment({} if value is None else {setting.name: value})
    environment.read(setting)
    return [str(problem) for problem in environment.problems]


def test_names_every_wrong_setting_at_once() -> None:
    environment = Environment({"A": "maybe", "B": "seven"})
    assert environment.read(flag("A", False, "")) is False
    assert environment.read(number("B", 1, 1, 9, "")) == 1
    environment.read(text("C", "", required="a name"))
    with pytest.raises(InvalidSettings) as raised:
        environment.done()
    assert [problem.name for problem in raised.value.problems] == ["A", "B", "C"]


def test_is_silent_when_nothing_is_wrong() -> None:
    environment = Environment({"A": " Yes ", "B": "7", "C": "x", "D": "TWO"})
    assert environment.read(flag("A", False, "")) is True
    assert environment.read(number("B", 1, 1, 9, "")) == 7
    assert environment.read(text("C", "", required="a name")) == "x"
    assert environment.read(choice("D", ("one", "two"), "")) == "two"
    environment.done()


def test_an_absent_or_empty_setting_has_its_default_or_the_one_given() -> None:
    environment = Environment({"A": " "})
    assert environment.read(number("A", 3, 1, 9, "")) == 3
    assert environment.read(number("A", 3, 1, 9, ""), 5) == 5
    environment.done()


def test_refuses_another_word_than_those_of_a_choice() -> None:
    assert problems(choice("MODE", ("one", "two"), ""), "three") == ["MODE: expected one of: one, two"]


def test_says_what_a_missing_setting_should_hold() -> None:
    setting = text("ENTRA_TENANT_ID", "", required="a GUID")
    assert problems(setting, None) == ["ENTRA_TENANT_ID: is not set; expected a GUID"]


@pytest.mark.parametrize(
    "reference",
    [
        "@Microsoft.KeyVault(SecretUri=https://v.example/s)",
        "@microsoft.keyvault(VaultName=v;SecretName=s)",
        '[{"name": "x", "authorization": "@Microsoft.KeyVault(SecretUri=https://v.example/s)"}]',
    ],
)
def test_refuses_an_unresolved_key_vault_reference_wherever_it_stands(reference: str) -> None:
    [problem] = problems(text("ENTRA_CLIENT_SECRET", ""), reference)
    assert problem.startswith("ENTRA_CLIENT_SECRET: its Key Vault reference was not resolved")
    assert "v.example" not in problem


@pytest.mark.parametrize("value", ["10", "-1", "1.5", "1e1", "٣", "x"])
def test_refuses_a_number_outside_its_bounds_or_alphabet(value: str) -> None:
    assert problems(number("DAYS", 1, 1, 9, ""), value) == ["DAYS: expected a whole number from 1 to 9"]


@pytest.mark.parametrize(
    "value",
    [
        "http://bridge.example.com",
        "ftp://bridge.example.com",
        "bridge.example.com",
        "https://",
        "https://user@bridge.example.com",
        "https://bridge.example.com?x=1",
        "https://bridge.example.com#x",
        "https://bridge.example.com:port",
        "https://[::1",
    ],
)
def test_refuses_a_base_url_that_is_not_an_https_origin(value: str) -> None:
    assert [problem.partition(":")[0] for problem in problems(origin("URL", ""), value)] == ["URL"]


@pytest.mark.parametrize(
    "value", ["https://bridge.example.com", "http://localhost:7071", "http://127.0.0.1:7071", "http://[::1]:7071"]
)
def test_takes_https_anywhere_and_http_on_loopback(value: str) -> None:
    environment = Environment({"URL": value + "/"})
    assert environment.read(origin("URL", "")) == value
    assert environment.problems == []


def test_takes_a_path_only_where_one_may_be() -> None:
    assert problems(origin("URL", ""), "https://h.example/api") != []
    assert Environment({"URL": "https://h.example/api/"}).read(origin("URL", "", path=True)) == "https://h.example/api"


def test_tells_what_a_parser_found_wrong_without_the_value() -> None:
    def parse(text: str) -> int:
        raise ValueError("expected JSON")

    assert problems(document("CALLERS", parse, 0, "", {}), "s3cret") == ["CALLERS: expected JSON"]


def configured(folder: Path, members: object, **variables: str) -> dict[str, str]:
    path = folder / "bridge.json"
    path.write_text(json.dumps(members), encoding="utf-8")
    return dict(with_file({"BRIDGE_CONFIG": str(path), **variables}))


def test_a_file_holds_settings_as_json_and_variables_win(tmp_path: Path) -> None:
    members = {"$schema": "x", "A": "text", "B": 7, "C": True, "D": [{"name": "x"}], "E": "of the file"}
    found = configured(tmp_path, members, E="of the environment", A=" ")
    assert (found["A"], found["B"], found["C"], found["E"]) == ("text", "7", "true", "of the environment")
    assert json.loads(found["D"]) == [{"name": "x"}]
    assert "$schema" not in found


def test_a_file_refers_to_secrets_instead_of_holding_them(tmp_path: Path) -> None:
    members = {"CREDENTIALS": [{"name": "anypoint", "authorization": {"$setting": "ANYPOINT_LITERAL"}}]}
    found = configured(tmp_path, members, ANYPOINT_LITERAL="Bearer s3cret")
    assert json.loads(found["CREDENTIALS"]) == [{"name": "anypoint", "authorization": "Bearer s3cret"}]


@pytest.mark.parametrize("reference", [{"$setting": "ABSENT"}, {"$setting": 7}, {"$setting": "A", "more": 1}])
def test_names_the_setting_whose_reference_leads_nowhere(tmp_path: Path, reference: object) -> None:
    with pytest.raises(InvalidSettings) as raised:
        configured(tmp_path, {"CREDENTIALS": [reference]}, A="x")
    assert [problem.name for problem in raised.value.problems] == ["CREDENTIALS"]


@pytest.mark.parametrize("content", [None, "{", "[]", "7", "\ud800"])
def test_refuses_a_file_that_is_not_there_or_no_object(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "bridge.json"
    if content is not None:
        path.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(InvalidSettings) as raised:
        with_file({"BRIDGE_CONFIG": str(path)})
    assert [problem.name for problem in raised.value.problems] == ["BRIDGE_CONFIG"]
