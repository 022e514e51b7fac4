"""WSO2's key manager connectors on the emulated Entra, by their recorded requests."""

import base64
import hashlib
import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from shared.http.message import Response
from shared.portals.wso2 import Wso2Portal
from shared.registration.configuration import TokenCaller
from tests.functional.portals.door import call
from tests.functional.registration.bridge import OTHER_PORTAL, PORTAL, Bridge, Json, assert_error, bearer, content
from tests.wire.shapes import all_shapes, replaced

pytestmark = pytest.mark.usefixtures("calm")

ID, SECRET = "apim", "secret of the connector + % 0123"
CALLER = TokenCaller("wso2", ID, hashlib.sha256(SECRET.encode()).digest())


def basic(client_id: str = ID, secret: str = SECRET) -> str:
    return f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"


class Connector:
    """One of the connectors, calling the dialect as the door does."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        self.restart()

    def restart(self) -> None:
        self.portal = Wso2Portal(self.bridge.service, self.bridge.configuration, self.bridge.clock)

    def call(self, method: str, path: str, authorization: str, body: object = None, **query: str) -> Response:
        return call(
            self.bridge, self.portal, method, path, {"authorization": authorization} if authorization else {}, body, query
        )

    def form(self, path: str, authorization: str = "", **form: str) -> Response:
        headers = {"authorization": authorization or basic(), "content-type": "application/x-www-form-urlencoded"}
        return call(self.bridge, self.portal, "POST", path, headers, urlencode(form).encode())

    def token(self, product: str = "wso2-keycloak") -> str:
        response = self.form("token", **(all_shapes()[product, "own-token"].form or {}))
        assert response.status == 200, response.body
        return f"Bearer {content(response)['access_token']}"

    def create(self, product: str, operation: str, authorization: str) -> Json:
        response = self.call("POST", "register", authorization, all_shapes()[product, operation].json)
        assert response.status == 201, response.body
        return content(response)


@pytest.fixture
def connector(make: Callable[..., Bridge]) -> Connector:
    return Connector(make(token_callers=(CALLER,)))


@pytest.mark.parametrize("product", ["wso2-keycloak", "wso2-forgerock"])
def test_answers_the_token_requests_that_entra_refuses(connector: Connector, product: str) -> None:
    response = connector.form("token", **(all_shapes()[product, "own-token"].form or {}))
    answer = content(response)
    assert (response.status, answer["token_type"], type(answer["expires_in"])) == (200, "Bearer", int)
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}, "invalid_scope"),
    ],
)
def test_other_token_requests_are_refused(connector: Connector, form: dict[str, str], error: str) -> None:
    assert_error(connector.form("token", **form), 400, error)


@pytest.mark.parametrize("authorization", ["Bearer x", "Basic x", basic(secret="wrong"), basic("another"), basic("", "")])
@pytest.mark.parametrize("path", ["token", "revoke"])
def test_the_token_endpoint_wants_the_callers_secret(connector: Connector, path: str, authorization: str) -> None:
    response = connector.form(path, authorization, grant_type="client_credentials", token="x")
    assert (response.status, content(response)["error"]) == (401, "invalid_client")
    assert response.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_form_encoded_secret_is_taken_too(connector: Connector) -> None:
    """RFC 6749 section 2.3.1 has it so."""
    encoded = basic(secret="secret+of+the+connector+%2B+%25+0123")
    assert connector.form("token", encoded, grant_type="client_credentials").status == 200


FORM = b"grant_type=client_credentials"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (FORM + b"&" + FORM, 400),
        (FORM + b"&x=\xff", 400),
        (FORM + b"".join(b"&p%d=1" % number for number in range(15)), 200),
        (FORM + b"".join(b"&p%d=1" % number for number in range(16)), 400),
        (FORM + b"&x=" + b"y" * (16 * 1024 - len(FORM) - 3), 200),
        (FORM + b"&x=" + b"y" * (16 * 1024 - len(FORM) - 2), 400),
    ],
)
def test_a_form_that_no_connector_sends_is_refused(connector: Connector, body: bytes, status: int) -> None:
    headers = {"authorization": basic(), "content-type": "application/x-www-form-urlencoded"}
    response = call(connector.bridge, connector.portal, "POST", "token", headers, body)
    if status == 200:
        assert response.status == 200
    else:
        assert_error(response, 400, "invalid_request")
    json_headers = {**headers, "content-type": "application/json"}
    assert call(connector.bridge, connector.portal, "POST", "token", json_headers, b"{}").status == 415


def test_without_configured_callers_nobody_gets_a_token(make: Callable[..., Bridge]) -> None:
    assert Connector(make()).form("token", grant_type="client_credentials").status == 401


def test_a_token_ends_after_ten_minutes_and_with_its_caller(connector: Connector) -> None:
    token = connector.token()
    client = connector.create("wso2-keycloak", "create-code", token)
    path = f"register/{client['client_id']}"
    connector.bridge.clock.sleep(599)
    assert connector.call("GET", path, token).status == 200
    connector.bridge.clock.sleep(1)
    assert_error(connector.call("GET", path, token), 401, "invalid_token")
    fresh = connector.token()
    connector.bridge.reconfigure(token_callers=())
    connector.restart()
    assert_error(connector.call("GET", path, fresh), 401, "invalid_token")


def test_an_altered_token_and_one_of_another_purpose_are_unknown(connector: Connector) -> None:
    token = connector.token()
    assert_error(connector.call("GET", "register/x", f"{token[:-4]}AAAA"), 401, "invalid_token")
    client = connector.bridge.register()
    disguised = bearer(client).replace("dcr1.", "dcrc1.")
    assert_error(connector.call("GET", f"register/{client['client_id']}", disguised), 401, "invalid_token")


def test_a_token_manages_its_callers_clients_alone(connector: Connector) -> None:
    foreign = connector.bridge.register(authorization=OTHER_PORTAL)
    assert_error(connector.call("GET", f"register/{foreign['client_id']}", connector.token()), 403, "insufficient_scope")


def test_revocation_is_acknowledged(connector: Connector) -> None:
    form = replaced(all_shapes()["wso2-keycloak", "own-revoke"].form, {"<token>": connector.token()})
    response = connector.form("revoke", **form)
    assert (response.status, response.body) == (200, b"")
    assert_error(connector.form("revoke"), 400, "invalid_request", "token")


def test_the_word_null_as_a_token_has_a_reason_in_the_log(connector: Connector, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "bridge.registration"):
        response = connector.call("POST", "register", "Bearer null", all_shapes()["wso2-keycloak", "create-code"].json)
    assert_error(response, 401, "invalid_token")
    (record,) = [record for record in caplog.records if record.name == "bridge.registration"]
    assert "its own request for a token must have failed" in json.loads(record.getMessage())["detail"]


def test_keycloaks_connector_updates_with_what_it_was_answered(connector: Connector) -> None:
    created = connector.create("wso2-keycloak", "create-code", connector.token())
    path = f"register/{created['client_id']}"
    values = {"{client_id}": created["client_id"], "<secret or null>": created["client_secret"]}
    body = replaced(all_shapes()["wso2-keycloak", "update-echo"].json, values)
    response = connector.call("PUT", path, connector.token(), body)
    updated = content(response)
    assert (response.status, updated["client_secret"]) == (200, created["client_secret"])
    assert type(updated["client_secret_expires_at"]) is int
    assert len(connector.bridge.application(created["client_id"])["passwordCredentials"]) == 1
    assert connector.call("DELETE", path, connector.token()).status == 204


def test_a_response_type_none_means_nothing(connector: Connector) -> None:
    body = {**all_shapes()["wso2-keycloak", "create-code"].json, "response_types": ["none", "code"]}
    response = connector.call("POST", "register", connector.token(), body)
    assert (response.status, content(response)["response_types"]) == (201, ["code"])


def test_forgerocks_connector_keeps_the_name_and_sends_back_what_it_read(connector: Connector) -> None:
    created = connector.create("wso2-forgerock", "create-defaults", connector.token("wso2-forgerock"))
    client_id = created["client_id"]
    assert created["client_name#en"] == created["client_name"] == "adminApp_PRODUCTION"
    assert created["redirect_uris"] == []
    stored = bearer(created)
    read = content(connector.call("GET", "register", stored, client_id=client_id))
    assert read["client_name#en"] == "adminApp_PRODUCTION"
    values = {
        "{client_id}": client_id,
        "<if in additionalProperties>": created["client_secret"],
        "{registration_client_uri}": read["registration_client_uri"],
        "<rat>": read["registration_access_token"],
    }
    body = replaced(all_shapes()["wso2-forgerock", "update"].json, values)
    response = connector.call("PUT", "register", stored, {**body, "client_name#en": "Renamed"}, client_id=client_id)
    updated = content(response)
    assert (response.status, updated["client_name#en"], updated["client_secret"]) == (200, "Renamed", created["client_secret"])
    assert connector.bridge.application(client_id)["displayName"] == "Renamed"
    assert connector.call("DELETE", "register", bearer(updated), client_id=client_id).status == 204


@pytest.mark.parametrize("member", ["registration_access_token", "registration_client_uri"])
def test_another_clients_token_or_uri_in_an_update_is_refused(connector: Connector, member: str) -> None:
    created = connector.create("wso2-forgerock", "create-defaults", connector.token())
    another = connector.create("wso2-forgerock", "create-defaults", connector.token())
    body = {**all_shapes()["wso2-forgerock", "create-defaults"].json, "client_id": created["client_id"], member: another[member]}
    response = connector.call("PUT", "register", bearer(created), body, client_id=created["client_id"])
    assert_error(response, 400, "invalid_client_metadata", member)


def test_oktas_connector_plugs_in_by_its_static_key(connector: Connector) -> None:
    """`Authorization: SSWS ...` as REGISTRATION_CREDENTIALS has it."""
    created = connector.create("wso2-okta", "create", PORTAL)
    path = f"register/{created['client_id']}"
    read = content(connector.call("GET", path, PORTAL))
    assert read["application_type"] == created["application_type"]
    values = {"{client_id}": created["client_id"], "<from additionalProperties>": created["client_secret"]}
    updated = connector.call("PUT", path, PORTAL, replaced(all_shapes()["wso2-okta", "update"].json, values))
    assert updated.status == 200, updated.body
    renewed = connector.call("PUT", f"{path}/lifecycle/newSecret", PORTAL)
    assert (renewed.status, content(renewed)["client_id"]) == (200, created["client_id"])
    assert content(renewed)["client_secret"] != created["client_secret"]
    assert connector.call("DELETE", path, PORTAL).status == 204


def test_the_resident_form_answers_201_for_new_secrets_and_owners(connector: Connector) -> None:
    created = connector.create("wso2-resident", "create", PORTAL)
    path = f"register/{created['client_id']}"
    assert connector.call("GET", path, PORTAL, decodeKey="true").status == 200
    assert connector.call("PUT", path, PORTAL, all_shapes()["wso2-resident", "update"].json).status == 200
    renewed = connector.call("POST", f"{path}/regenerate-consumer-secret", PORTAL)
    assert (renewed.status, content(renewed)["client_secret"] != created["client_secret"]) == (201, True)
    owned = connector.call("POST", f"{path}/change-owner", PORTAL, applicationOwner="bob")
    assert (owned.status, content(owned)["client_id"]) == (201, created["client_id"])


def test_a_wished_id_and_secret_are_not_given(connector: Connector) -> None:
    body = {**all_shapes()["wso2-resident", "create"].json, "ext_param_client_id": "mine", "ext_param_client_secret": "mine"}
    answer: Any = content(connector.call("POST", "register", PORTAL, body))
    assert "mine" not in (answer["client_id"], answer["client_secret"])


def test_other_paths_are_404_and_other_methods_405(connector: Connector) -> None:
    for path in ("", "tokens", "register/a/b", "register/a/lifecycle/newSecret/x"):
        assert_error(connector.call("POST", path, PORTAL), 404, "not_found")
    for path, allowed in (
        ("token", "POST"),
        ("revoke", "POST"),
        ("register", "POST"),
        ("register/a", "GET, PUT, DELETE, HEAD"),
        ("register/a/lifecycle/newSecret", "PUT, POST"),
        ("register/a/regenerate-consumer-secret", "POST"),
        ("register/a/change-owner", "POST"),
    ):
        response = connector.call("PATCH", path, PORTAL)
        assert (response.status, response.headers["Allow"]) == (405, allowed)
