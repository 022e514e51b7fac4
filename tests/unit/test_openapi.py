"""The OpenAPI description is valid, and speaks of every door."""

import importlib
import json
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from shared.commands.describe_doors import main
from shared.openapi.doors import describe_doors, openapi_answer
from shared.registration.metadata import ClientMetadata

ROOT = Path(__file__).parents[2]
BASE_URL = "https://bridge.example.com"
# Routes with optional or catch-all parts, as the description writes them.
PATHS = {
    "health/{probe?}": {"health", "health/{probe}"},
    ".well-known/oauth-authorization-server/{*path}": {".well-known/oauth-authorization-server"},
    ".well-known/openid-configuration/{*path}": {".well-known/openid-configuration"},
}
# Its methods are a setting.
INTROSPECTION = "introspect"


def doors() -> dict[str, set[str]]:
    """The methods of each path, by the functions themselves; those of portals' dialects are asked for over HTTP."""
    found: dict[str, set[str]] = {}
    for file in sorted(ROOT.glob("*/function.json")):
        (trigger, *_) = json.loads(file.read_text("utf-8"))["bindings"]
        if trigger["type"] != "httpTrigger" or "portal" in file.parent.name:
            continue
        function = importlib.import_module(file.parent.name)
        methods = {"POST"} if trigger["route"] == INTROSPECTION else set(function.ENDPOINTS)
        for path in PATHS.get(trigger["route"], {trigger["route"]}):
            found.setdefault(f"/{path}", set()).update(methods)
    return found


def test_is_valid_openapi_3_1() -> None:
    document = describe_doors(BASE_URL)
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_describes_each_method_of_every_door_and_no_other() -> None:
    paths = describe_doors(BASE_URL)["paths"]
    own = {path: item for path, item in paths.items() if not path.startswith(("/kong/", "/wso2/"))}
    assert {path: {method.upper() for method in item} for path, item in own.items()} == doors()


@pytest.mark.parametrize("schema", ["ClientMetadata", "ClientInformation"])
def test_every_member_that_a_client_may_send_is_described(schema: str) -> None:
    properties = describe_doors(BASE_URL)["components"]["schemas"][schema]["properties"]
    assert set(ClientMetadata.model_fields) - {"localized"} <= set(properties)


def test_the_page_and_the_copy_in_the_documentation_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_the_page_names_each_operation_and_each_schema() -> None:
    page, document = (ROOT / "docs" / "api.md").read_text("utf-8"), describe_doors(BASE_URL)
    operations = [f"### {method.upper()} {path}\n" for path, item in document["paths"].items() for method in item]
    schemas = [f"### {name}\n" for name in document["components"]["schemas"]]
    assert not [heading for heading in (*operations, *schemas) if heading not in page]


def test_is_made_once_and_may_be_kept() -> None:
    answer = openapi_answer(BASE_URL)
    assert openapi_answer(BASE_URL) is answer
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert json.loads(answer.body)["servers"] == [{"url": BASE_URL}]
