"""What introspection asks the directory: clients, their recorded grants, users."""

from typing import Any, cast

import pytest

from shared.clock import SystemClock
from shared.graph.directory import Directory
from shared.graph.lookups import GraphLookup


class Answering:
    """A directory that has one object of each kind, or none."""

    def __init__(self, found: dict[str, Any] | None) -> None:
        self._found = found
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def _answer(self, name: str, select: tuple[str, ...]) -> dict[str, Any] | None:
        self.asked.append((name, select))
        return self._found

    def read_service_principal(self, app_id: str, deadline: object, *, select: tuple[str, ...]) -> dict[str, Any] | None:
        return self._answer(app_id, select)

    def read_application(self, app_id: str, deadline: object, *, select: tuple[str, ...]) -> dict[str, Any] | None:
        return self._answer(app_id, select)

    def read_user(self, oid: str, deadline: object, *, select: tuple[str, ...]) -> dict[str, Any] | None:
        return self._answer(oid, select)


def lookup(found: dict[str, Any] | None) -> GraphLookup:
    return GraphLookup(cast("Directory", Answering(found)), SystemClock())


PRINCIPAL: dict[str, Any] = {
    "accountEnabled": True,
    "disabledByMicrosoftStatus": None,
    "servicePrincipalType": "Application",
    "appOwnerOrganizationId": "t-1",
    "tags": ["dcr:grant_types=authorization_code,refresh_token"],
}


@pytest.mark.parametrize(
    ("changes", "enabled", "home"),
    [
        ({}, True, "t-1"),
        ({"accountEnabled": None}, True, "t-1"),
        ({"accountEnabled": False}, False, "t-1"),
        ({"disabledByMicrosoftStatus": "NotDisabled"}, True, "t-1"),
        ({"disabledByMicrosoftStatus": "DisabledDueToViolationOfServicesAgreement"}, False, "t-1"),
        ({"servicePrincipalType": None}, True, "t-1"),
        ({"servicePrincipalType": "ManagedIdentity"}, True, None),
        ({"appOwnerOrganizationId": None}, True, None),
    ],
)
def test_a_client_is_enabled_and_has_a_home(changes: dict[str, Any], enabled: bool, home: str | None) -> None:
    state = lookup({**PRINCIPAL, **changes}).client_state("c")
    assert state is not None
    assert (state.enabled, state.home) == (enabled, home)


@pytest.mark.parametrize("tags", [None, [], ["others"]])
def test_a_client_without_tags_has_nothing_recorded(tags: object) -> None:
    state = lookup({**PRINCIPAL, "tags": tags}).client_state("c")
    assert state is not None
    assert state.grants == frozenset()
    assert lookup({"tags": tags}).recorded_grants("c") == frozenset()


def test_grants_are_read_from_the_record() -> None:
    state = lookup(PRINCIPAL).client_state("c")
    assert state is not None
    assert state.grants == frozenset({"authorization_code", "refresh_token"})
    assert lookup(PRINCIPAL).recorded_grants("c") == frozenset({"authorization_code", "refresh_token"})


def test_what_is_not_there_is_none() -> None:
    nothing = lookup(None)
    assert (nothing.client_state("c"), nothing.recorded_grants("c"), nothing.user_state("u")) == (None, None, None)


@pytest.mark.parametrize(
    ("user", "state"),
    [
        ({}, (True, None)),
        ({"accountEnabled": None, "signInSessionsValidFromDateTime": None}, (True, None)),
        ({"accountEnabled": False}, (False, None)),
        ({"accountEnabled": True, "signInSessionsValidFromDateTime": "2026-11-22T03:00:00Z"}, (True, 1795316400.0)),
        ({"signInSessionsValidFromDateTime": "2026-11-22T04:00:00+01:00"}, (True, 1795316400.0)),
    ],
)
def test_a_user_is_enabled_and_has_sessions_since(user: dict[str, Any], state: tuple[bool, float | None]) -> None:
    assert lookup(user).user_state("u") == state
