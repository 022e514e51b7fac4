"""The directory's operations where what they speak of isn't there, and what introspection looks up in it."""

from datetime import UTC, datetime

import pytest

from emulator.server import EntraEmulator
from shared.clock import SystemClock
from shared.graph.client import GraphClient
from shared.graph.directory import Directory
from shared.graph.errors import ObjectMissing, PermissionRefused
from shared.graph.lookups import GraphLookup
from shared.retry import Deadline
from tests.functional.registration.bridge import EmulatorCredential

ABSENT = "7e57ab1e-5555-4666-8777-d88899900011"
CLOCK = SystemClock()


@pytest.fixture
def entra() -> EntraEmulator:
    return EntraEmulator()


def directory_of(entra: EntraEmulator, *roles: str) -> Directory:
    credential = EmulatorCredential(entra)
    credential.account = entra.add_caller("caller", roles=roles or ("Application.ReadWrite.OwnedBy",))
    return Directory(GraphClient("https://graph.microsoft.com/v1.0", credential, entra.session(), CLOCK))


def deadline() -> Deadline:
    return Deadline.after(CLOCK, 20)


def test_removing_a_secret_that_is_not_there_counts_as_done(entra: EntraEmulator) -> None:
    entra.consistency.calm()
    directory = directory_of(entra)
    made = directory.create_application({"displayName": "x", "signInAudience": "AzureADMyOrg"}, deadline())
    key_id = directory.add_password(made["appId"], "x", datetime(2099, 1, 1, tzinfo=UTC), deadline())["keyId"]
    directory.remove_password(made["appId"], key_id, deadline())
    directory.remove_password(made["appId"], key_id, deadline())
    found = directory.read_application(made["appId"], deadline())
    assert found is not None
    assert found["passwordCredentials"] == []


def test_a_change_of_what_is_not_there_is_object_missing(entra: EntraEmulator) -> None:
    directory = directory_of(entra)
    with pytest.raises(ObjectMissing):
        directory.update_application(ABSENT, {"displayName": "x"}, deadline())
    with pytest.raises(ObjectMissing):
        directory.update_service_principal(ABSENT, {"accountEnabled": False}, deadline())


def test_reads_a_user_and_says_when_there_is_none(entra: EntraEmulator) -> None:
    directory = directory_of(entra, "User.Read.All")
    user = entra.add_user("ada@example.com")
    found = directory.read_user(user.state["id"], deadline(), select=("id", "accountEnabled"))
    assert found is not None
    assert (found["id"], found["accountEnabled"]) == (user.state["id"], True)
    assert directory.read_user(ABSENT, deadline(), select=("id",)) is None
    with pytest.raises(PermissionRefused):
        directory_of(entra).read_user(user.state["id"], deadline(), select=("id",))


@pytest.mark.parametrize(
    ("state", "enabled"),
    [
        ({}, True),
        ({"accountEnabled": False}, False),
        ({"disabledByMicrosoftStatus": "NotDisabled"}, True),
        ({"disabledByMicrosoftStatus": "DisabledDueToViolationOfServicesAgreement"}, False),
    ],
)
def test_looks_up_whether_a_client_may_sign_in(entra: EntraEmulator, state: dict[str, object], enabled: bool) -> None:
    application = entra.directory.add_application({"displayName": "x"})
    entra.directory.add_service_principal(application.state["appId"], state)
    lookup = GraphLookup(directory_of(entra, "Application.Read.All"), CLOCK)
    found = lookup.client_state(application.state["appId"])
    assert found is not None
    assert (found.enabled, found.home) == (enabled, entra.tenant_id)
    assert lookup.client_state(ABSENT) is None


def test_looks_up_whether_a_user_is_enabled_and_since_when_sessions_count(entra: EntraEmulator) -> None:
    lookup = GraphLookup(directory_of(entra, "User.Read.All"), CLOCK)
    since = "2026-11-25T10:00:00Z"
    revoked = entra.add_user("ada@example.com", signInSessionsValidFromDateTime=since).state["id"]
    disabled = entra.add_user("bob@example.com", accountEnabled=False).state["id"]
    found, other = lookup.user_state(revoked), lookup.user_state(disabled)
    assert found is not None
    assert (found.enabled, found.sessions_valid_from) == (True, datetime.fromisoformat(since).timestamp())
    assert other is not None
    assert not other.enabled
    assert lookup.user_state(ABSENT) is None
