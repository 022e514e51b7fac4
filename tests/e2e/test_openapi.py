"""What the doors answer over HTTP is what the served description says."""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate

from local.sandbox import Sandbox
from tests.wire.patience import patiently

WEB = {
    "client_name": "Orders",
    "client_name#de": "Bestellungen",
    "redirect_uris": ["https://orders.example.com/callback"],
    "grant_types": ["authorization_code", "client_credentials"],
    "scope": ["openid", "profile"],
    "logo_uri": "https://orders.example.com/logo.png",
}


@cache
def served(url: str) -> dict[str, Any]:
    answer = requests.get(f"{url}/openapi.json", timeout=30)
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


def described(place: Sandbox, path: str) -> Mapping[str, Any]:
    """The path's item, whose template the path fits."""
    for template, item in sorted(served(place.url)["paths"].items(), key=lambda entry: entry[0].count("{")):
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", re.escape(template).replace(r"\{", "{").replace(r"\}", "}")), path):
            return dict(item)
    raise AssertionError(f"{path} is not described")


def call(place: Sandbox, method: str, path: str, **options: Any) -> requests.Response:
    """One request, whose answer must be one of those described for it."""
    answer = requests.request(method, place.url + path, timeout=60, **options)
    responses = described(place, path.partition("?")[0])[method.lower()]["responses"]
    assert str(answer.status_code) in responses, answer.text
    content = responses[str(answer.status_code)].get("content", {})
    media_type = answer.headers.get("Content-Type", "").partition(";")[0]
    if not content:
        assert answer.content == b""
        return answer
    assert media_type in content
    if media_type == "application/json":
        schema = {**content[media_type]["schema"], "components": served(place.url)["components"]}
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(answer.json())
    return answer


@pytest.fixture
def portal(place: Sandbox) -> Mapping[str, str]:
    return {"Authorization": place.authorization}


def test_the_served_description_is_valid(place: Sandbox) -> None:
    document = served(place.url)
    validate(document)
    assert document["servers"] == [{"url": place.url}]


def test_requests_and_answers_of_a_clients_whole_life(place: Sandbox, portal: Mapping[str, str]) -> None:
    components = served(place.url)["components"]
    asked = {"$ref": "#/components/schemas/ClientMetadata", "components": components}
    Draft202012Validator(asked).validate(WEB)
    client = call(place, "POST", "/register", json=WEB, headers=portal).json()
    path = f"/register/{client['client_id']}"
    own = {"Authorization": f"Bearer {client['registration_access_token']}"}
    read = call(place, "GET", path, headers=own).json()
    call(place, "GET", f"/register?client_id={client['client_id']}", headers=portal)
    call(place, "PUT", path, json={**WEB, "client_id": read["client_id"], "client_secret": None}, headers=portal)
    for method in ("POST", "PUT", "PATCH"):
        call(place, method, f"{path}/new-secret", headers=portal)
    call(place, "POST", f"{path}/new-secret", json={"remove_old": True}, headers=portal)
    call(place, "DELETE", path, headers=portal)


def test_an_application_of_konnect(place: Sandbox, portal: Mapping[str, str]) -> None:
    body = {
        "client_name": "Orders",
        "redirect_uris": ["https://orders.example.com/cb"],
        "grant_types": ["authorization_code"],
        "scopes": [],
        "developer_id": "d",
        "portal_id": "p",
    }
    created = call(place, "POST", "/kong/", json=body, headers=portal).json()
    path = f"/kong/{created['client_id']}"
    call(place, "POST", f"{path}/new-secret", headers=portal)
    renamed = {"event_type": "update_application", "application_name": "Bills", "redirect_uris": ["https://bills.example.com/cb"]}
    added = {"event_type": "add_registration", "api_product_version_id": "0d9e8f7a-2222-4333-8444-a55566677788"}
    for event in (renamed, added, added | {"event_type": "remove_registration"}):
        patiently(partial(call, place, "POST", f"{path}/event-hook", json=event, headers=portal), 200)
    call(place, "POST", f"{path}/event-hook", json={"event_type": "other"}, headers=portal)
    call(place, "POST", "/kong/", json={"client_name": 1}, headers=portal)
    call(place, "POST", "/kong/", json=body)
    call(place, "DELETE", path, headers=portal)


def test_a_client_of_wso2(place: Sandbox, portal: Mapping[str, str]) -> None:
    body = {"client_name#en": "app", "grant_types": ["client_credentials"], "redirect_uris": None, "scope": None}
    created = call(place, "POST", "/wso2/register", json=body, headers=portal).json()
    assert created["client_name#en"] == "app"
    path = f"/wso2/register/{created['client_id']}"
    for template in (path, f"/wso2/register?client_id={created['client_id']}"):
        read = patiently(partial(call, place, "GET", template, headers=portal), 200).json()
        call(place, "PUT", template, json={**body, "client_id": read["client_id"]}, headers=portal)
    for method, last in (("PUT", "lifecycle/newSecret"), ("POST", "regenerate-consumer-secret"), ("POST", "change-owner")):
        call(place, method, f"{path}/{last}", headers=portal)
    for last in ("token", "revoke"):
        assert call(place, "POST", f"/wso2/{last}", data={"grant_type": "client_credentials"}).status_code == 401
    call(place, "DELETE", path, headers=portal)


def test_portals_paths_take_the_methods_that_are_described_and_no_others(place: Sandbox) -> None:
    paths = served(place.url)["paths"]
    for path in [path for path in paths if path.startswith(("/kong", "/wso2"))]:
        url = place.url + path.replace("{client_id}", "0d9e8f7a-2222-4333-8444-a55566677788")
        answers = [requests.request("TRACE", url + query, timeout=30) for query in ("", "?client_id=x")]
        assert {answer.status_code for answer in answers} == {405}
        allowed = {method for answer in answers for method in answer.headers["Allow"].split(", ")}
        assert allowed - {"HEAD", "OPTIONS"} == {method.upper() for method in paths[path]}, path


def test_introspection(place: Sandbox) -> None:
    account = place.entra.add_caller("a client")
    form = {
        "grant_type": "client_credentials",
        "client_id": account.client_id,
        "client_secret": account.client_secret,
        "scope": place.scope,
    }
    token = requests.post(place.token_endpoint, data=form, verify=place.entra.ca_file, timeout=30).json()["access_token"]
    gateway = (place.introspection_client.client_id, place.introspection_client.secret)
    assert call(place, "POST", "/introspect", data={"token": token}, auth=gateway).json()["active"] is True
    assert call(place, "POST", "/introspect", data={"token": "x"}, auth=gateway).json() == {"active": False}


@pytest.mark.parametrize(
    "path",
    [
        *("/health", "/health/live", "/health/ready", "/health/other", "/introspect/keys", "/openapi.json"),
        *("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"),
    ],
)
def test_what_anyone_may_read(place: Sandbox, path: str) -> None:
    answer = call(place, "GET", path)
    # A cache may keep it or not; both at once would be up to each cache.
    assert ("no-store" in answer.headers["Cache-Control"]) is ("Pragma" in answer.headers)


def refusals() -> list[Callable[[Sandbox, Mapping[str, str]], requests.Response]]:
    missing = "/register/0d9e8f7a-2222-4333-8444-a55566677788"
    return [
        lambda place, _: call(place, "POST", "/register", json=WEB),
        lambda place, portal: call(place, "POST", "/register", data="{", headers={**portal, "Content-Type": "application/json"}),
        lambda place, portal: call(place, "POST", "/register", data="x=1", headers=portal),
        lambda place, portal: call(place, "POST", "/register", json={"redirect_uris": [1]}, headers=portal),
        lambda place, portal: call(place, "POST", "/register", json={"client_name": "x" * 300_000}, headers=portal),
        lambda place, portal: call(place, "GET", "/register", headers=portal),
        lambda place, _: call(place, "GET", missing),
        lambda place, portal: call(place, "GET", "/register/nothing", headers=portal),
        lambda place, portal: call(place, "PUT", missing, data="x", headers={**portal, "Content-Type": "text/plain"}),
        lambda place, portal: call(place, "POST", f"{missing}/new-secret", data=json.dumps([]), headers=portal),
        lambda place, _: call(place, "POST", "/introspect", data={"token": "x"}),
        lambda place, _: call(place, "POST", "/introspect", data={"token": "x"}, auth=("mule-gateway", "wrong")),
        lambda place, portal: call(place, "GET", "/audit", headers=portal),
        lambda place, _: call(place, "GET", "/audit"),
    ]


@pytest.mark.parametrize("refusal", refusals())
def test_refusals_are_described_too(
    place: Sandbox, portal: Mapping[str, str], refusal: Callable[[Sandbox, Mapping[str, str]], requests.Response]
) -> None:
    assert refusal(place, portal).status_code >= 400
