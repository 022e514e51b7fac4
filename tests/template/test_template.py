"""The template, as far as it can be checked without Azure and its compiler: docs/deployment.md says what can't."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.settings.whole import declared_settings
from tests.template.bicep import Expression, objects_of, read_bicep

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
FILES = {path.relative_to(DEPLOY).as_posix(): read_bicep(path) for path in sorted(DEPLOY.rglob("*.bicep"))}
WEB_MODELS = json.loads((Path(__file__).parent / "web_models.json").read_text())
PLATFORM = {
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsDisableHomepage",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
}
# What azd's schema knows at the top and in a service, of what the project might want; the schema itself lets others pass.
AZD_KEYS = {"name", "metadata", "infra", "services", "hooks", "pipeline", "requiredVersions"}
AZD_INFRA_KEYS = {"provider", "path", "module"}
AZD_SERVICE_KEYS = {"project", "language", "host", "hooks", "resourceName", "remoteBuild"}

every_file = pytest.mark.parametrize("name", FILES)


@every_file
def test_a_file_parses(name: str) -> None:
    assert FILES[name].errors == []


@every_file
def test_everything_declared_is_used(name: str) -> None:
    file = FILES[name]
    source = (DEPLOY / name).read_text()
    unused = {each for each in file.parameters if len(re.findall(rf"\b{each}\b", source)) < 2}
    assert unused == set()


@every_file
def test_a_module_gets_what_it_asks_for_and_nothing_else(name: str) -> None:
    for module in FILES[name].modules:
        target = FILES[module.type]
        given = set(module.body["params"])
        assert given <= target.parameters
        assert target.required <= given


@every_file
def test_outputs_that_are_used_exist(name: str) -> None:
    file = FILES[name]
    paths = {module.name: module.type for module in file.modules}
    for module, output in file.used_outputs:
        assert output in FILES[paths[module]].outputs


@pytest.mark.parametrize(("type_", "model"), [("Microsoft.Web/sites", "Site"), ("Microsoft.Web/serverfarms", "AppServicePlan")])
def test_the_properties_of_app_and_plan_are_known_to_the_service(type_: str, model: str) -> None:
    bodies = [each.body for file in FILES.values() for each in file.resources if each.type.split("@")[0] == type_]
    assert len(bodies) == 1
    assert list(unknown_members(bodies[0], model)) == []


def unknown_members(value: Any, model: str, where: str = "") -> Iterator[str]:
    """The paths of members that the model has no property for."""
    if isinstance(value, Expression):
        for part in objects_of(value):
            yield from unknown_members(part, model, where)
    elif isinstance(value, list):
        for entry in value:
            yield from unknown_members(entry, model, where)
    elif isinstance(value, dict):
        for name, member in value.items():
            if name in ("dependsOn", "scope", "parent"):
                continue
            if name not in WEB_MODELS[model]:
                yield f"{where}/{name}"
            elif nested := WEB_MODELS[model][name]:
                yield from unknown_members(member, nested, f"{where}/{name}")


def test_the_check_of_names_sees_a_misspelt_one_deep_inside() -> None:
    body = {"properties": {"functionAppConfig": {"scaleAndConcurrency": {"instanceMemoryMb": 2048}}}}
    assert list(unknown_members(body, "Site")) == ["/properties/functionAppConfig/scaleAndConcurrency/instanceMemoryMb"]


def test_the_plan_is_flex_consumption_with_explicit_concurrency() -> None:
    plan, app = (find_resource("bridge.bicep", each) for each in ("Microsoft.Web/serverfarms", "Microsoft.Web/sites"))
    assert plan["sku"] == {"name": "FC1", "tier": "FlexConsumption"}
    scale = app["properties"]["functionAppConfig"]["scaleAndConcurrency"]
    assert scale["triggers"]["http"]["perInstanceConcurrency"] == "perInstanceConcurrency"
    assert app["properties"]["functionAppConfig"]["runtime"] == {"name": "python", "version": "3.13"}


def test_the_settings_are_the_bridges_and_the_platforms_and_none_that_flex_refuses() -> None:
    settings = app_settings()
    known = {setting.name for room in declared_settings().values() for setting in room}
    assert set(settings) - known == PLATFORM
    required = {setting.name for room in declared_settings().values() for setting in room if setting.required}
    assert required <= set(settings)


def test_storage_is_reached_by_identity_alone() -> None:
    account = find_resource("storage.bicep", "Microsoft.Storage/storageAccounts")
    assert account["properties"]["allowSharedKeyAccess"] == "false"
    assert "AzureWebJobsStorage" not in app_settings()


def test_secrets_are_never_an_output_or_a_plain_parameter() -> None:
    for path in DEPLOY.rglob("*.bicep"):
        source = path.read_text()
        for name in ("portalAuthorization", "sealingKey", "registrationCredentials", "registrationSealingKeys"):
            for declaration in re.finditer(rf"^param {name} ", source, re.MULTILINE):
                assert "@secure()" in source[: declaration.start()].rpartition("\n\n")[2]
    assert not {name for name in FILES["main.bicep"].outputs if "SECRET" in name or "KEY" in name}


def test_the_parameter_file_gives_what_has_no_default() -> None:
    given = json.loads((DEPLOY / "main.parameters.json").read_text())["parameters"]
    main = FILES["main.bicep"]
    assert set(given) <= main.parameters
    assert main.required <= set(given)


def test_azure_yaml_has_known_keys_and_names_what_is_there() -> None:
    project = yaml.safe_load((ROOT / "azure.yaml").read_text())
    assert set(project) <= AZD_KEYS
    assert set(project["infra"]) <= AZD_INFRA_KEYS
    assert (ROOT / project["infra"]["path"] / f"{project['infra']['module']}.bicep").is_file()
    for name, service in project["services"].items():
        assert set(service) <= AZD_SERVICE_KEYS
        assert f"'azd-service-name': '{name}'" in (DEPLOY / "bridge.bicep").read_text()


def test_the_queries_look_for_what_the_bridge_logs() -> None:
    logged = "\n".join(path.read_text("utf-8") for path in (ROOT / "shared").rglob("*.py"))
    sought = set()
    for query in (DEPLOY / "queries").glob("*.kql"):
        sought |= set(re.findall(r'event == "(\w+)"', query.read_text()))
        assert f"queries/{query.name}" in (DEPLOY / "alerts.bicep").read_text()
    assert sought == {"audit_run", "audit_finding"}
    assert all(f'"{event}"' in logged for event in sought)


def find_resource(file: str, type_: str) -> dict[str, Any]:
    return next(each.body for each in FILES[file].resources if each.type.split("@")[0] == type_)


def app_settings() -> dict[str, Any]:
    body = find_resource("bridge.bicep", "Microsoft.Web/sites/config")
    return next(objects_of(body["properties"]))
