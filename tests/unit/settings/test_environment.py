"""Settings: what an operator is told about a wrong one."""

import pytest

from shared.environment import Environment, InvalidSettings


def problems(variables: dict[str, str], read: str, *arguments: object, **options: object) -> list[str]:
    environment = Environment(variables)
    getattr(environment, read)(*arguments, **options)
    return [str(problem) for problem in environment.problems]


def test_names_every_wrong_setting_at_once() -> None:
    environment = Environment({"A": "maybe", "B": "seven"})
    environment.flag("A", False)
    environment.number("B", 1, 1, 9)
    environment.text("C", required="a name")
    with pytest.raises(InvalidSettings) as raised:
        environment.done()
    assert [problem.name for problem in raised.value.problems] == ["A", "B", "C"]


def test_is_silent_when_nothing_is_wrong() -> None:
    environment = Environment({"A": " Yes ", "B": "7", "C": "x"})
    assert environment.flag("A", False) is True
    assert environment.number("B", 1, 1, 9) == 7
    assert environment.text("C", required="a name") == "x"
    environment.done()


def test_says_what_a_missing_setting_should_hold() -> None:
    assert problems({}, "text", "ENTRA_TENANT_ID", required="a GUID") == ["ENTRA_TENANT_ID: is not set; expected a GUID"]


@pytest.mark.parametrize(
    "reference", ["@Microsoft.KeyVault(SecretUri=https://v.example/s)", "@microsoft.keyvault(VaultName=v;SecretName=s)"]
)
def test_refuses_an_unresolved_key_vault_reference(reference: str) -> None:
    [problem] = problems({"ENTRA_CLIENT_SECRET": reference}, "text", "ENTRA_CLIENT_SECRET")
    assert problem.startswith("ENTRA_CLIENT_SECRET: its Key Vault reference was not resolved")
    assert "v.example" not in problem


@pytest.mark.parametrize("value", ["10", "-1", "1.5", "1e1", "٣", "x"])
def test_refuses_a_number_outside_its_bounds_or_alphabet(value: str) -> None:
    assert problems({"DAYS": value}, "number", "DAYS", 1, 1, 9) == ["DAYS: expected a whole number from 1 to 9"]


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
    assert [problem.partition(":")[0] for problem in problems({"URL": value}, "origin", "URL")] == ["URL"]


@pytest.mark.parametrize(
    "value", ["https://bridge.example.com", "http://localhost:7071", "http://127.0.0.1:7071", "http://[::1]:7071"]
)
def test_takes_https_anywhere_and_http_on_loopback(value: str) -> None:
    environment = Environment({"URL": value + "/"})
    assert environment.origin("URL") == value
    assert environment.problems == []


def test_takes_a_path_only_where_one_may_be() -> None:
    assert problems({"URL": "https://h.example/api"}, "origin", "URL") != []
    assert Environment({"URL": "https://h.example/api/"}).origin("URL", path=True) == "https://h.example/api"


def test_tells_what_a_parser_found_wrong_without_the_value() -> None:
    def parse(text: str) -> int:
        raise ValueError("expected JSON")

    assert problems({"CALLERS": "s3cret"}, "parsed", "CALLERS", parse, 0) == ["CALLERS: expected JSON"]
