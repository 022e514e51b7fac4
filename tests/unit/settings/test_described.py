"""The reference, the schemas and the example of settings: made from the declarations, and true."""

import json
import re
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from local.package import deployed_files
from local.sandbox import ROOT
from shared.commands.describe_settings import main, make_files
from shared.environment import with_file
from shared.settings.whole import check_settings, declared_settings

EXAMPLE = ROOT / "bridge.example.json"
# What the example takes from the environment.
REFERRED = {
    "ANYPOINT_AUTHORIZATION": "Bearer of the portal, long and random",
    "SEALING_KEY": "a sealing secret that is long enough",
    "MULE_GATEWAY_SECRET_SHA256": "0" * 64,
    "SLACK_URL": "https://hooks.slack.example/services/T/B/x",
}


def validator() -> Draft202012Validator:
    schema = json.loads((ROOT / "docs" / "schema" / "bridge.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_reference_and_the_schemas_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_the_reference_lists_every_setting_once() -> None:
    listed = re.findall(r"^\| `((?:BRIDGE|ENTRA|REGISTRATION|INTROSPECTION|AUDIT)_\w+)` \|", page(), re.MULTILINE)
    assert sorted(listed) == sorted(setting.name for settings in declared_settings().values() for setting in settings)


def page() -> str:
    return (ROOT / "docs" / "settings.md").read_text("utf-8")


def test_a_stale_reference_is_named_and_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("images"))
    path = tmp_path / "docs" / "settings.md"
    path.write_text(page().replace("`BRIDGE_TAG`", "`BRIDGE_LABEL`"), encoding="utf-8")
    assert main(["--check"], tmp_path) == 1
    assert "docs/settings.md is not current" in capsys.readouterr().out
    assert main([], tmp_path) == 0
    assert path.read_text("utf-8") == page()
    (tmp_path / "docs" / "schema" / "gone.json").write_text("{}")
    assert main(["--check"], tmp_path) == 1


def test_every_schema_is_one() -> None:
    for path, text in make_files(ROOT).items():
        if path.suffix == ".json":
            Draft202012Validator.check_schema(json.loads(text))


def test_the_example_fits_its_schema_and_can_be_used() -> None:
    assert [error.message for error in validator().iter_errors(json.loads(EXAMPLE.read_text("utf-8")))] == []
    variables = {"BRIDGE_CONFIG": EXAMPLE.name, "AUDIT_SCHEDULE": "0 0 3 * * *", **REFERRED}
    assert check_settings(variables).problems == ()
    assert "ANYPOINT_AUTHORIZATION" not in with_file(variables)["REGISTRATION_CREDENTIALS"]


@pytest.mark.parametrize(
    "members",
    [
        {"BRIDGE_BASE_URI": "https://bridge.example.com"},
        {"REGISTRATION_SECRET_DAYS": 0},
        {"REGISTRATION_SECRET_DAYS": {"$setting": ""}},
        {"REGISTRATION_ALLOW_UPDATE": "perhaps"},
        {"INTROSPECTION_CALLERS": {}},
        {"AUDIT_SCHEDULE": "0 0 3 * * *"},
    ],
)
def test_the_schema_refuses_what_the_bridge_refuses(members: object) -> None:
    assert list(validator().iter_errors(members)) != []


def test_a_configuration_is_deployed_and_the_example_is_not(tmp_path: Path) -> None:
    for name in ("bridge.json", "bridge.example.json"):
        shutil.copy(EXAMPLE, tmp_path / name)
    shutil.copy(ROOT / ".funcignore", tmp_path)
    assert deployed_files(tmp_path) == [Path("bridge.json")]
