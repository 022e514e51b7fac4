"""What is inferred from an application object."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.adoption.plan import Adopter, Standing, infer_registration, plan_adoption
from shared.registration.client_type import ClientType
from shared.registration.entra_application import read_registered
from shared.registration.policy import DEVICE_CODE, Policy

ID = "0d9e8f7a-2222-4333-8444-a55566677788"
API = "11111111-2222-4333-8444-a55566677788"
SECRET = {"passwordCredentials": [{"keyId": "k"}]}
KEY = {"keyCredentials": [{"keyId": "k", "usage": "Verify"}]}
CALLBACK = ["https://a.example/cb"]


def adopter(**changes: Any) -> Adopter:
    usual = {"caller": "portal", "policy": Policy(), "now": datetime(2026, 11, 26, tzinfo=UTC), "mark": "bridge"}
    return Adopter(**{**usual, "sign_in_audience": "AzureADMyOrg", **changes})


def application(**members: Any) -> dict[str, Any]:
    return {"appId": ID, "displayName": "Orders", "signInAudience": "AzureADMyOrg", **members}


@pytest.mark.parametrize(
    ("members", "grants", "method", "kind"),
    [
        (SECRET, ("client_credentials",), "client_secret_basic", ClientType.SERVICE),
        ({}, ("client_credentials",), "client_secret_basic", ClientType.SERVICE),
        (KEY, ("client_credentials",), "private_key_jwt", ClientType.SERVICE),
        (SECRET | KEY, ("client_credentials",), "client_secret_basic", ClientType.SERVICE),
        ({"keyCredentials": [{"usage": "Encrypt"}]}, ("client_credentials",), "client_secret_basic", ClientType.SERVICE),
        (
            SECRET | {"web": {"redirectUris": CALLBACK}},
            ("authorization_code", "refresh_token", "client_credentials"),
            "client_secret_basic",
            ClientType.WEB,
        ),
        ({"spa": {"redirectUris": CALLBACK}}, ("authorization_code", "refresh_token"), "none", ClientType.SINGLE_PAGE),
        (
            {"spa": {"redirectUris": ["http://localhost:3000/"]}},
            ("authorization_code", "refresh_token"),
            "none",
            ClientType.SINGLE_PAGE,
        ),
        ({"publicClient": {"redirectUris": CALLBACK}}, ("authorization_code", "refresh_token"), "none", ClientType.NATIVE),
        ({"isFallbackPublicClient": True}, (DEVICE_CODE,), "none", ClientType.NATIVE),
    ],
)
def test_grants_and_method_follow_from_redirect_uris_and_credentials(
    members: dict[str, Any], grants: tuple[str, ...], method: str, kind: ClientType
) -> None:
    found = infer_registration(application(**members), {})
    assert (found.grant_types, found.token_endpoint_auth_method, found.client_type) == (grants, method, kind)


def test_the_tags_written_give_back_the_registration_that_was_inferred() -> None:
    access = [{"resourceAppId": API, "resourceAccess": [{"id": "p1", "type": "Scope"}, {"id": "p2", "type": "Role"}]}]
    before = application(
        **SECRET,
        web={
            "redirectUris": CALLBACK,
            "homePageUrl": "https://a.example",
            "logoutUrl": "https://a.example/out",
            "implicitGrantSettings": {"enableIdTokenIssuance": True},
        },
        info={"termsOfServiceUrl": "https://a.example/tos"},
        requiredResourceAccess=access,
        tags=["theirs"],
    )
    scopes = {(API, "p1"): "api://orders/Read", (API, "p2"): "api://orders/Read"}
    plan = plan_adoption(before, Standing(), adopter(scopes=scopes, apis=frozenset({API})))
    assert plan.obstacles == ()
    assert plan.registration is not None
    assert plan.registration.scope == "api://orders/Read"
    assert read_registered(before | plan.body) == plan.registration


def test_a_permission_of_a_configured_api_without_a_name_is_remarked() -> None:
    access = [{"resourceAppId": API, "resourceAccess": [{"id": "p1", "type": "Scope"}]}]
    plan = plan_adoption(application(requiredResourceAccess=access), Standing(), adopter(apis=frozenset({API})))
    assert "an update takes away a permission of a configured API that has no name" in plan.remarks


def test_a_record_that_needs_too_many_tags_stands_in_the_way() -> None:
    access = [{"resourceAppId": API, "resourceAccess": [{"id": str(n), "type": "Role"} for n in range(300)]}]
    scopes = {(API, str(n)): f"api://orders/{n:0200}" for n in range(300)}
    plan = plan_adoption(application(requiredResourceAccess=access), Standing(), adopter(scopes=scopes))
    assert plan.obstacles == ("the metadata is longer than the directory can keep for one client",)
    assert plan.body == {}


def test_notes_without_room_stay_an_administrators_own() -> None:
    assert plan_adoption(application(notes="x" * 1000), Standing(), adopter()).body["notes"] == "x" * 1000


@pytest.mark.parametrize(("present", "written"), [(None, True), (1, True), (2, False)])
def test_the_token_version_is_written_where_it_is_another_and_asked_for(present: int | None, written: bool) -> None:
    of_version = application(api={"requestedAccessTokenVersion": present})
    assert ("api" in plan_adoption(of_version, Standing(), adopter(token_version=True)).body) is written
    assert "api" not in plan_adoption(of_version, Standing(), adopter()).body


@pytest.mark.parametrize("tags", [None, []])
def test_an_application_without_tags_gets_the_bridges(tags: object) -> None:
    plan = plan_adoption(application(tags=tags, displayName=None), Standing(), adopter())
    assert (plan.adopted, plan.obstacles) == (False, ())
    assert plan.body["tags"][0] == adopter().mark
    assert plan.name == ""


@pytest.mark.parametrize(("present", "remarked"), [(None, True), (1, True), (2, False)])
def test_another_token_version_is_remarked_where_it_stays(present: int | None, remarked: bool) -> None:
    plan = plan_adoption(application(api={"requestedAccessTokenVersion": present}), Standing(), adopter())
    assert any("requestedAccessTokenVersion is not 2" in remark for remark in plan.remarks) is remarked


def test_the_bridges_own_application_is_never_adopted() -> None:
    plan = plan_adoption(application(), Standing(is_own=True), adopter())
    assert plan.obstacles == ("it is the bridge's own application",)
    assert (plan.body, plan.adopted) == ({}, False)
