"""What the metadata may promise: only what some caller's policy allows, of endpoints that are set up."""

import json
from typing import Any

import pytest

from shared.environment import Environment
from shared.introspection.configuration import (
    BearerCaller,
    Caller,
    IntrospectionConfiguration,
    IntrospectionOptions,
    SecretCaller,
    TrustedTenant,
)
from shared.registration.configuration import RegistrationConfiguration
from shared.settings.offer import make_offer
from shared.settings.registration import read_registration

BASE = "https://bridge.example.com"
TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"


def registration(policies: dict[str, Any], **settings: object) -> RegistrationConfiguration:
    """Registration with these policies, under a default one that lets nobody register."""
    values = {
        "REGISTRATION_SEALING_KEYS": "a sealing secret that is long enough",
        "REGISTRATION_POLICIES": json.dumps({"default": {"may_register": False}, **policies}),
        **{f"REGISTRATION_{name}": value if isinstance(value, str) else json.dumps(value) for name, value in settings.items()},
    }
    environment = Environment(values)
    read = read_registration(environment, BASE, "entra-dcr-bridge")
    environment.done()
    return read


def credential(policy: str) -> list[dict[str, str]]:
    return [{"name": "portal", "authorization": "Bearer credential of the portal", "policy": policy}]


SERVICES = {"grant_types": ["client_credentials"], "auth_methods": ["private_key_jwt"], "scopes": ["b", "a"]}
WEB = {"grant_types": ["authorization_code", "implicit"], "auth_methods": ["client_secret_post", "none"]}


def test_without_registration_and_introspection_nothing_is_offered() -> None:
    offer = make_offer(BASE, None, None, offline_access=False)
    assert (offer.base_url, offer.grant_types, offer.auth_methods, offer.scopes) == (BASE, (), (), ())
    assert offer.response_types == ("code",)
    assert not any((offer.registration, offer.introspection, offer.signs_introspection, offer.all_scopes, offer.offline_access))
    assert make_offer(BASE, None, None).offline_access


@pytest.mark.parametrize(
    "settings",
    [
        {"CREDENTIALS": credential("services")},
        {"TOKEN_CALLERS": [{"name": "portal", "client_id": "portal", "secret": "a secret of the portal", "policy": "services"}]},
        {"ENTRA_ROLES": {"Clients.Register": "services"}, "ENTRA_AUDIENCE": "api://bridge"},
    ],
)
def test_the_policy_of_each_sort_of_caller_is_offered(settings: dict[str, Any]) -> None:
    offer = make_offer(BASE, registration({"services": SERVICES, "web": WEB}, **settings), None)
    assert offer.registration
    assert (offer.grant_types, offer.auth_methods, offer.scopes) == (("client_credentials",), ("private_key_jwt",), ("a", "b"))
    assert offer.response_types == ("code",)
    assert not offer.all_scopes


def test_open_registration_is_offered() -> None:
    offer = make_offer(BASE, registration({}, OPEN_POLICY="open"), None)
    assert (offer.grant_types, offer.auth_methods) == (("authorization_code", "refresh_token"), ("none",))
    assert offer.all_scopes


def test_initial_access_tokens_may_name_any_policy() -> None:
    policies = {"services": SERVICES, "open": {"may_register": False}}
    keys = "a secret that signs initial tokens, long enough"
    assert make_offer(BASE, registration(policies, INITIAL_TOKEN_KEYS=keys), None).auth_methods == ("private_key_jwt",)


def test_who_may_not_register_offers_nothing() -> None:
    offer = make_offer(BASE, registration({"services": SERVICES}, CREDENTIALS=credential("default")), None)
    assert (offer.registration, offer.grant_types) == (False, ())


def test_implicit_brings_its_response_types_and_scopes_need_the_code_grant() -> None:
    offer = make_offer(BASE, registration({"web": WEB}, CREDENTIALS=credential("web")), None)
    assert offer.response_types == ("code", "id_token", "code id_token", "id_token token")
    assert offer.all_scopes
    implicit = {**WEB, "grant_types": ["implicit"]}
    assert not make_offer(BASE, registration({"web": implicit}, CREDENTIALS=credential("web")), None).all_scopes


def test_introspection_is_offered_to_callers_and_signed_with_a_key() -> None:
    caller = Caller("gateway", frozenset({"api://one"}))

    def offered(**members: Any) -> tuple[bool, bool]:
        offer = make_offer(BASE, None, IntrospectionConfiguration(**members))
        return offer.introspection, offer.signs_introspection

    assert offered() == (False, False)
    assert offered(callers=(SecretCaller(caller, (b"digest",)),)) == (True, False)
    options = IntrospectionOptions(bearer_audiences=frozenset({"api://bridge"}), bearer_tenants=frozenset({TENANT}))
    bearers = (BearerCaller(caller, "Tokens.Introspect"),)
    tenants = (TrustedTenant(TENANT, "https://login.microsoftonline.com"),)
    assert offered(tenants=tenants, bearer_callers=bearers, options=options) == (True, False)
    signed = IntrospectionOptions(issuer=BASE)
    assert offered(callers=(SecretCaller(caller, (b"digest",)),), signing_keys=("pem",), options=signed) == (True, True)
