"""Kong Konnect's dialect as pure translation, and its events while Entra's reads lag."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.errors import InvalidClientMetadata, InvalidRedirectUri
from shared.http.exchange import Exchange
from shared.http.message import Request, Response, json_response
from shared.portals.kong import KongPortal, ProductRegistration, read_application, read_event, render_created
from shared.registration.endpoint import RegistrationService
from shared.retry import Deadline

CLIENT = "0d9e8f7a-2222-4333-8444-a55566677788"
ORDERS, STOCK = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
PRODUCTS = {ORDERS: ("api://orders/read",), STOCK: ("api://stock/read",)}


def body(**members: object) -> bytes:
    return json.dumps({"client_name": "app", **members}).encode()


@pytest.mark.parametrize(
    ("sent", "registered"),
    [
        (["bearer"], ["client_credentials"]),
        (["client_credentials", "bearer", "session"], ["client_credentials"]),
        (["authorization_code", "refresh_token", "implicit"], ["authorization_code", "refresh_token"]),
        (["implicit"], ["implicit"]),
        (["session"], []),
        (None, []),
    ],
)
def test_grants_in_the_words_of_oauth(sent: object, registered: list[str]) -> None:
    assert read_application(body(grant_types=sent))["grant_types"] == registered


def test_scopes_are_one_string_and_none_where_there_are_none() -> None:
    assert read_application(body(scopes=["openid", "profile"]))["scope"] == "openid profile"
    assert read_application(body(scopes=[]))["scope"] is None


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"client_name": 1}, InvalidClientMetadata),
        ({"redirect_uris": "https://a.example"}, InvalidRedirectUri),
        ({"token_endpoint_auth_method": "private_key_jwt"}, InvalidClientMetadata),
    ],
)
def test_a_member_of_the_wrong_kind_is_refused(members: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        read_application(body(**members))


@pytest.mark.parametrize(
    "event",
    [{}, {"event_type": "x"}, {"event_type": "add_registration"}, {"event_type": "update_application", "redirect_uris": 1}],
)
def test_an_event_that_lacks_what_it_is_about_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidClientMetadata, match="event"):
        read_event(json.dumps(event).encode())


def test_a_secret_without_an_end_has_no_date() -> None:
    information = {"client_id": "i", "client_secret": "s", "client_id_issued_at": 1_700_825_336, "client_secret_expires_at": 0}
    answer = json.loads(render_created(json_response(201, information)).body)
    assert answer == {"client_id": "i", "client_secret": "s", "client_id_issued_at": "2023-11-24T11:28:56Z"}


def test_the_case_of_a_versions_id_does_not_matter() -> None:
    event = ProductRegistration(event_type="add_registration", api_product_version_id=ORDERS.upper())
    assert event.apply({}, PRODUCTS)["scope"] == "api://orders/read"


class Clock:
    """Moves when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class LaggingRegistration(RegistrationService):
    """Reads what was registered at the start, whatever was updated since."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {"client_id": CLIENT, "scope": "openid"}
        self.updates: list[str] = []

    def read(self, exchange: Exchange) -> Response:
        return json_response(200, self.seen)

    def update(self, exchange: Exchange, read: Callable[[bytes], dict[str, Any]] = json.loads) -> Response:
        self.updates.append(read(b"")["scope"])
        return json_response(200, self.seen)


def send(portal: KongPortal, clock: Clock, event_type: str, version: str) -> None:
    event = json.dumps({"event_type": event_type, "api_product_version_id": version}).encode()
    request = Request("POST", "/", {}, {}, {"path": f"{CLIENT}/event-hook"}, event)
    assert portal.answer(Exchange(request, Deadline.after(clock, 5))).status == 200


def test_an_event_does_not_undo_the_one_before_that_reads_do_not_show_yet() -> None:
    registration, clock = LaggingRegistration(), Clock()
    portal = KongPortal(registration, PRODUCTS, clock)
    for event_type, version in (("add_registration", ORDERS), ("add_registration", STOCK), ("remove_registration", ORDERS)):
        send(portal, clock, event_type, version)
    assert registration.updates == [
        "openid api://orders/read",
        "openid api://orders/read api://stock/read",
        "openid api://stock/read",
    ]


def test_what_is_added_and_taken_back_at_once_is_written_both_times() -> None:
    """The read still shows the state before both, as if there were nothing to do."""
    registration, clock = LaggingRegistration(), Clock()
    portal = KongPortal(registration, PRODUCTS, clock)
    send(portal, clock, "add_registration", ORDERS)
    send(portal, clock, "remove_registration", ORDERS)
    assert registration.updates == ["openid api://orders/read", "openid"]


def test_after_a_while_reads_are_believed() -> None:
    registration, clock = LaggingRegistration(), Clock()
    portal = KongPortal(registration, PRODUCTS, clock)
    send(portal, clock, "add_registration", ORDERS)
    clock.sleep(120)
    send(portal, clock, "remove_registration", STOCK)
    assert registration.updates == ["openid api://orders/read"]
