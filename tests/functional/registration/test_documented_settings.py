"""Every configuration that the documentation shows, driven by the recorded requests of the callers that it is for."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from emulator.server import EntraEmulator
from local.sandbox import ROOT
from shared.environment import Environment, with_file
from shared.registration.configuration import RegistrationConfiguration
from shared.settings.registration import read_registration
from shared.settings.whole import check_settings
from tests.functional.registration.bridge import BASE_URL, Bridge
from tests.functional.registration.test_callers import session_for
from tests.wire import registration as callers

pytestmark = pytest.mark.usefixtures("calm")

type Settings = dict[str, str]

LITERAL = "Bearer the portal's own long random text"
TENANT = "5f0c2a3e-6b1d-4d0e-9a55-3c8d1f7b9e01"
# What an operator puts where the documentation has a description of the value.
FILLED = {
    "a long random text": "a-long-text-that-is-made-at-random",
    "hex": "0" * 64,
    "text": "another-text-that-is-made-at-random",
    "64 digits": "0" * 64,
    "your API's client id": "f00dcafe-7777-4888-8999-f00011122233",
    "its App ID URI": "api://orders",
    "your tenant's id": TENANT,
    "client id of the bridge's own application": TENANT,
    "its secret": "its-own",
    "another random text of at least 32 characters": "x" * 40,
    "SHA-256 of its secret, 64 hexadecimal digits": "0" * 64,
    "your API": "orders",
}


def fill(text: str) -> str:
    return re.sub(r"<([^<>]+)>", lambda found: FILLED[found[1]], text)


def example_file(tmp_path: Path) -> Settings:
    """bridge.example.json, deployed as it stands, with the secrets that it refers to."""
    return {
        "BRIDGE_CONFIG": str(ROOT / "bridge.example.json"),
        "ANYPOINT_AUTHORIZATION": LITERAL,
        "SEALING_KEY": "x" * 40,
        "MULE_GATEWAY_SECRET_SHA256": "0" * 64,
        "SLACK_URL": "https://hooks.slack.example/x",
        "AUDIT_SCHEDULE": "0 0 3 * * *",
    }


def local_settings(tmp_path: Path) -> Settings:
    """local.settings.example.json, filled in."""
    values = json.loads((ROOT / "local.settings.example.json").read_text("utf-8"))["Values"]
    return {name: fill(value) for name, value in values.items()}


def readme(tmp_path: Path) -> Settings:
    """The table of the least settings in the README."""
    text = (ROOT / "README.md").read_text("utf-8").partition("any other way must make, are:")[2].partition("All settings")[0]
    told = dict(re.findall(r"\| `([A-Z_]+)` \| .*?`([^`]+)`", text))
    own = {"ENTRA_TENANT_ID": TENANT, "REGISTRATION_SEALING_KEYS": "x" * 40}
    return {name: fill(value) for name, value in told.items()} | own


DOCUMENTED = (example_file, local_settings, readme)


def read(variables: Settings) -> tuple[RegistrationConfiguration, str]:
    """The configuration of registration, and the portal's Authorization value."""
    values = with_file(variables)
    environment = Environment(values)
    found = read_registration(environment, BASE_URL, "entra-dcr-bridge", TENANT)
    environment.done()
    return found, json.loads(values["REGISTRATION_CREDENTIALS"])[0]["authorization"]


@pytest.mark.parametrize("documented", DOCUMENTED)
def test_the_check_finds_nothing_wrong(tmp_path: Path, documented: Any) -> None:
    assert check_settings(documented(tmp_path)).problems == ()


@pytest.mark.parametrize("documented", DOCUMENTED)
def test_anypoint_is_served(emulator: EntraEmulator, tmp_path: Path, documented: Any) -> None:
    configuration, authorization = read(documented(tmp_path))
    callers.mulesoft(BASE_URL, session_for(Bridge(emulator, configuration)), authorization)


@pytest.mark.parametrize("documented", DOCUMENTED)
def test_what_anypoint_adds_and_asks_for_besides_is_served(emulator: EntraEmulator, tmp_path: Path, documented: Any) -> None:
    """Its own redirect URIs; the grants that an older provider lists are dropped where the example says so."""
    configuration, authorization = read(documented(tmp_path))
    bridge = Bridge(emulator, configuration)
    page = "https://anypoint.mulesoft.com/apiplatform/org/authentication/oauth2.html"
    asked = {"redirect_uris": ["https://app.example.com/cb", page], "grant_types": ["authorization_code", "client_credentials"]}
    assert bridge.register(asked, authorization=authorization)["redirect_uris"] == asked["redirect_uris"]
    if documented is example_file:
        asked["grant_types"] += ["implicit", "password"]
        assert bridge.register(asked, authorization=authorization)["grant_types"] == ["authorization_code", "client_credentials"]


def test_the_examples_of_the_pages_can_be_read() -> None:
    """The JSON of docs/registration.md, under the settings that stand before it."""
    text = (ROOT / "docs" / "registration.md").read_text("utf-8")
    credentials = re.search(r"`(\[\{\"name\": \"anypoint\".+?\}\])`", text)
    apis = re.search(r"`(\[\{\"app_id\".+?\}\])`", text)
    roles = re.search(r"`(\{\"Clients.Register\".+?\})`", text)
    assert credentials is not None
    assert apis is not None
    assert roles is not None
    variables = {
        "REGISTRATION_SEALING_KEYS": "x" * 40,
        "REGISTRATION_CREDENTIALS": fill(credentials[1]),
        "REGISTRATION_RESOURCE_APIS": apis[1].replace("<client id>", TENANT),
        "REGISTRATION_ENTRA_ROLES": roles[1],
        "REGISTRATION_ENTRA_AUDIENCE": "api://bridge",
        "REGISTRATION_POLICIES": '{"portal": {}}',
    }
    environment = Environment(variables)
    found = read_registration(environment, BASE_URL, "entra-dcr-bridge", TENANT)
    environment.done()
    assert [caller.name for caller in found.static_credentials] == ["anypoint", "kong"]
