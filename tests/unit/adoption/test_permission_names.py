"""The scopes' names of what an adopted application asks for."""

from typing import Any, cast

import pytest

from shared.adoption.adopting import name_permissions
from shared.clock import SystemClock
from shared.graph.directory import Directory
from shared.registration.configuration import ResourceApi
from shared.retry import Deadline
from tests.functional.registration.bridge import configuration

API = "11111111-aaaa-4bbb-8ccc-000000000001"
SCOPE, ROLE = "22222222-aaaa-4bbb-8ccc-000000000001", "33333333-aaaa-4bbb-8ccc-000000000001"
PRINCIPAL: dict[str, Any] = {
    "appId": API,
    "oauth2PermissionScopes": [{"id": SCOPE, "value": "Orders.Read", "isEnabled": True}],
    "appRoles": [{"id": ROLE, "value": "Orders.All", "isEnabled": True, "allowedMemberTypes": ["Application"]}],
}


class Principals:
    """A directory of one service principal, or none."""

    def __init__(self, found: dict[str, Any] | None) -> None:
        self._found = found

    def read_service_principal(self, app_id: str, deadline: Deadline, *, select: tuple[str, ...]) -> dict[str, Any] | None:
        return self._found if app_id == API else None


@pytest.mark.parametrize(
    ("app_roles", "found", "names"),
    [
        (False, PRINCIPAL, {(API, SCOPE): "api://orders/Orders.Read"}),
        (True, PRINCIPAL, {(API, SCOPE): "api://orders/Orders.Read", (API, ROLE): "api://orders/Orders.All"}),
        (True, None, {}),
    ],
)
def test_app_roles_have_names_where_they_can_be_asked_for(
    found: dict[str, Any] | None, names: dict[tuple[str, str], str], *, app_roles: bool
) -> None:
    configured = configuration()._replace(resource_apis=(ResourceApi(API, "api://orders/", app_roles),))
    directory = cast("Directory", Principals(found))
    assert name_permissions(configured, directory, Deadline.after(SystemClock(), 10)) == names
