"""The pages of docs/portals: their settings are good settings, and the worked example works."""

import json
import re
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from local.sandbox import ROOT
from shared.http.exchange import Exchange
from shared.http.message import Response, json_response, parse_object
from shared.portals.dialect import Methods, choose_endpoint, information_of, path_segments, request_about
from shared.registration.endpoint import RegistrationService
from shared.registration.metadata import Texts, read_members
from shared.settings.whole import check_settings
from shared.strict_json import JsonObject
from tests.functional.portals.door import call
from tests.functional.registration.bridge import PORTAL, Bridge, assert_error, content

PAGES = sorted((ROOT / "docs" / "portals").glob("*.md"))
BLOCK = re.compile(r"```(json|python)\n(.*?)```", re.DOTALL)
# What an operator puts in the place of the page's words.
PLACES = {
    "<64 digits>": "ab" * 32,
    "<id of an API product's version>": "11111111-1111-4111-8111-111111111111",
    "<client id of the API>": "22222222-2222-4222-8222-222222222222",
}
SETTINGS = {
    "BRIDGE_BASE_URL": "https://bridge.example.com",
    "ENTRA_TENANT_ID": "33333333-3333-4333-8333-333333333333",
    "ENTRA_MANAGED_IDENTITY": "system",
    "REGISTRATION_SEALING_KEYS": "sealing-key-of-the-tests-0123456789abcdef",
    "AUDIT_SCHEDULE": "0 0 3 * * *",
    "INTROSPECTION_CALLERS": json.dumps([{"client_id": "g", "secret_sha256": ["ab" * 32], "audiences": ["api://orders"]}]),
}


def blocks(kind: str) -> list[Any]:
    found = [(page.stem, text) for page in PAGES for of, text in BLOCK.findall(page.read_text(encoding="utf-8")) if of == kind]
    return [pytest.param(text, id=name) for name, text in found]


@pytest.mark.parametrize("text", blocks("json"))
def test_the_settings_of_a_page_are_good(text: str) -> None:
    for words, value in PLACES.items():
        text = text.replace(words, value)
    text = re.sub(r'\{"\$setting": "\w+"\}', '"a-secret-of-an-operator-0123456789abcdef"', text)
    members = {name: value if isinstance(value, str) else json.dumps(value) for name, value in json.loads(text).items()}
    assert check_settings({**SETTINGS, **members}).problems == ()


@pytest.mark.parametrize("text", blocks("python"))
def test_the_worked_example_registers_a_client(bridge: Bridge, text: str) -> None:
    names: dict[str, Any] = {
        **{kind.__name__: kind for kind in (BaseModel, ConfigDict, Exchange, Response, RegistrationService)},
        **{tool.__name__: tool for tool in (json_response, parse_object, choose_endpoint, information_of, read_members)},
        "path_segments": path_segments,
        "request_about": request_about,
        "Texts": Texts,
        "Methods": Methods,
        "JsonObject": JsonObject,
        "__name__": "acme",
    }
    exec(compile(text, "docs/portals/index.md", "exec"), names)
    portal = names["AcmePortal"](bridge.service)
    app = {"app": {"title": "Orders", "callbacks": ["https://orders.example.com/cb"]}}
    created = call(bridge, portal, "POST", "apps", {"authorization": PORTAL}, app)
    assert created.status == 201
    assert content(created).keys() == {"key", "secret"}
    assert bridge.application(content(created)["key"])["displayName"] == "Orders"
    assert_error(
        call(bridge, portal, "POST", "apps", {"authorization": PORTAL}, {"app": {}}), 400, "invalid_client_metadata", "app.title"
    )
    assert call(bridge, portal, "POST", "apps", {}, {}).status == 401
