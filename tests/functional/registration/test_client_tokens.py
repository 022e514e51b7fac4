"""Registration access tokens, and callers who are kept to their own clients."""

from dataclasses import replace
from typing import Any

import pytest

from shared.registration.policy import Policy
from shared.registration.tokens import Key, KeyRing, RegistrationAccessToken, seal_token
from tests.functional.registration.bridge import (
    OTHER_PORTAL,
    PORTAL,
    SEALING_KEY,
    UNSHARED,
    WEB,
    Bridge,
    assert_error,
    bearer,
    content,
    credential,
)
from tests.functional.registration.test_authorization import Make

# Registration access tokens


@pytest.mark.duty(68, 79)
def test_a_registration_access_token_is_bound_to_one_client(bridge: Bridge) -> None:
    first, second = bridge.register(), bridge.register()
    for method in ("GET", "PUT", "DELETE"):
        response = bridge.call(method, second["client_id"], WEB, authorization=bearer(first))
        assert_error(response, 401, "invalid_token")
    assert bridge.call("POST", second["client_id"], authorization=bearer(first), rotate=True).status == 401
    assert bridge.call("GET", second["client_id"], authorization=bearer(second)).status == 200


@pytest.mark.duty(69)
def test_a_registration_access_token_sealed_with_another_key_is_invalid(bridge: Bridge) -> None:
    client_id = bridge.register()["client_id"]
    forged = seal_token(RegistrationAccessToken(client_id, 1, 0), KeyRing(Key("k1", "another-key-that-is-long-enough-0123")))
    assert_error(bridge.call("GET", client_id, authorization=f"Bearer {forged}"), 401, "invalid_token")


@pytest.mark.duty(69)
def test_sealing_keys_rotate_without_locking_a_client_out(bridge: Bridge) -> None:
    client = bridge.register()
    ring = KeyRing(Key("k2", "the-next-sealing-key-0123456789abcdef"), SEALING_KEY)
    bridge.reconfigure(sealing_keys=ring)
    read = content(bridge.call("GET", client["client_id"], authorization=bearer(client)))
    assert read["registration_access_token"].startswith("dcr1.k2.")
    assert read["client_secret"] == client["client_secret"]


@pytest.mark.duty(39)
def test_a_registration_access_token_registers_nothing(bridge: Bridge) -> None:
    client = bridge.register()
    assert_error(bridge.call("POST", body=WEB, authorization=bearer(client)), 403, "insufficient_scope")


@pytest.mark.duty(70)
def test_a_registration_access_token_lives_as_long_as_its_client(bridge: Bridge) -> None:
    client = bridge.register()
    bridge.emulator.clock.advance(700 * 86_400)
    read = bridge.call("GET", client["client_id"], authorization=bearer(client))
    assert read.status == 200


@pytest.mark.usefixtures("calm")
@pytest.mark.parametrize(("age", "status"), [(60, 503), (540, 503), (601, 401), (86_400, 401)])
def test_a_token_of_a_client_that_is_not_seen_is_invalid_once_reads_must_have_caught_up(
    bridge: Bridge, age: float, status: int
) -> None:
    client = bridge.register()
    bridge.restart()
    [record] = [one for one in bridge.emulator.directory.applications.live.values() if one.state["appId"] == client["client_id"]]
    bridge.emulator.directory.delete_application(record)
    bridge.emulator.clock.advance(age)
    response = bridge.call("GET", client["client_id"], authorization=bearer(client))
    assert_error(response, status, "invalid_token" if status == 401 else "temporarily_unavailable")


# Callers and each other's clients


@pytest.mark.duty(81)
def test_a_caller_has_no_right_to_another_callers_client(bridge: Bridge) -> None:
    client_id = bridge.register()["client_id"]
    for method in ("GET", "PUT", "DELETE"):
        response = bridge.call(method, client_id, {**WEB, "client_id": client_id}, authorization=OTHER_PORTAL)
        assert_error(response, 403, "insufficient_scope", "another caller")
    assert_error(bridge.call("POST", client_id, authorization=OTHER_PORTAL, rotate=True), 403, "insufficient_scope")


def test_a_policy_may_let_a_caller_manage_all_clients(make: Make) -> None:
    admin = "Bearer administrators-credential-1"
    bridge = make(
        static_credentials=(credential("portal", PORTAL), credential("admin", admin, "admin")),
        policies={"default": Policy(), "admin": Policy("admin", manages_all=True)},
    )
    client_id = bridge.register()["client_id"]
    assert bridge.call("DELETE", client_id, authorization=admin).status == 204


@pytest.mark.parametrize(
    ("right", "method", "rotate"),
    [("may_read", "GET", False), ("may_update", "PUT", False), ("may_delete", "DELETE", False), ("may_rotate", "POST", True)],
)
def test_a_policy_may_take_each_right_away(make: Make, right: str, method: str, rotate: bool) -> None:
    rights: dict[str, Any] = {right: False}
    bridge = make(policies={"default": replace(Policy(), **rights)})
    client = bridge.register()
    client_id = client["client_id"]
    for authorization in (PORTAL, bearer(client)):
        body = {**WEB, "client_id": client_id} if method == "PUT" else None
        response = bridge.call(method, client_id, body, authorization=authorization, rotate=rotate)
        assert_error(response, 403, "insufficient_scope")


# Open registration


@pytest.mark.duty(36)
def test_open_registration_is_off_by_default(bridge: Bridge) -> None:
    assert bridge.configuration.open_policy is None
    assert bridge.call("POST", body=WEB, authorization=None).status == 401


@pytest.mark.duty(36)
def test_open_registration_gives_each_client_to_itself_alone(make: Make) -> None:
    bridge = make(open_policy="open", policies=UNSHARED)
    first = bridge.register(authorization=None)
    second = bridge.register(authorization=None)
    assert first["client_id"] != second["client_id"]
    assert bridge.call("GET", first["client_id"], authorization=None).status == 401
    assert bridge.call("GET", first["client_id"], authorization=bearer(second)).status == 401
    assert bridge.call("GET", first["client_id"], authorization=bearer(first)).status == 200


@pytest.mark.duty(37)
def test_a_bad_credential_is_refused_where_registration_is_open_too(make: Make) -> None:
    bridge = make(open_policy="open")
    assert_error(bridge.call("POST", body=WEB, authorization="Bearer wrong"), 401, "invalid_token")


@pytest.mark.duty(36, 150)
@pytest.mark.usefixtures("calm")
def test_open_registration_is_limited_in_pace(make: Make) -> None:
    bridge = make(open_policy="open")
    limit = bridge.configuration.policies["open"].registrations_per_minute
    assert limit == 30
    for number in range(limit):
        bridge.register({**WEB, "client_name": f"Client {number}"}, authorization=None)
    response = bridge.call("POST", body=WEB, authorization=None)
    assert_error(response, 429, "temporarily_unavailable")
    bridge.register({**WEB, "client_name": "Client 0"}, authorization=None)  # costs nothing
    bridge.emulator.clock.advance(int(response.headers["Retry-After"]))
    bridge.register(authorization=None)


@pytest.mark.duty(24, 36)
def test_open_registration_binds_urls_to_redirect_hosts_and_takes_no_client_credentials(make: Make) -> None:
    bridge = make(open_policy="open")
    foreign = {**WEB, "logo_uri": "https://bank.example/logo.png", "client_uri": "https://orders.example.com/"}
    client = bridge.register(foreign, authorization=None)
    assert "logo_uri" not in client
    assert client["client_uri"] == "https://orders.example.com/"
    service = {"grant_types": ["client_credentials"]}
    assert_error(bridge.call("POST", body=service, authorization=None), 400, "invalid_client_metadata", "grant_types")


@pytest.mark.duty(36)
@pytest.mark.usefixtures("calm")
def test_a_caller_has_no_more_clients_than_its_policy_allows(make: Make) -> None:
    bridge = make(policies={"default": Policy(most_clients=2)})
    bridge.register()
    bridge.register()
    assert_error(bridge.call("POST", body=WEB), 403, "access_denied")
    bridge.register(authorization=OTHER_PORTAL)
