"""Whom mail reaches among the owners of an object."""

from typing import Any

import pytest

from shared.audit.owners import Owner, read_owner, read_owners

USER: dict[str, Any] = {
    "@odata.type": "#microsoft.graph.user",
    "id": "7",
    "displayName": "Ann",
    "mail": "ann@contoso.com",
    "userPrincipalName": "ann@contoso.onmicrosoft.com",
    "accountEnabled": True,
}


@pytest.mark.parametrize(
    ("changes", "owner", "shown"),
    [
        ({}, Owner("Ann", "ann@contoso.com"), "ann@contoso.com"),
        ({"mail": None}, Owner("Ann", "ann@contoso.onmicrosoft.com"), "ann@contoso.onmicrosoft.com"),
        ({"mail": None, "userPrincipalName": "ann_fabrikam.com#EXT#@contoso.com"}, Owner("Ann"), "Ann"),
        ({"userPrincipalName": "ann_fabrikam.com#EXT#@contoso.com"}, Owner("Ann", "ann@contoso.com"), "ann@contoso.com"),
        ({"mail": None, "userPrincipalName": None}, Owner("Ann"), "Ann"),
        ({"accountEnabled": False}, Owner("Ann"), "Ann"),
        # Graph leaves it out where it may not be read.
        ({"accountEnabled": None}, Owner("Ann", "ann@contoso.com"), "ann@contoso.com"),
        ({"displayName": None, "accountEnabled": False}, Owner("7"), "7"),
        ({"@odata.type": "#microsoft.graph.servicePrincipal"}, Owner("Ann"), "Ann"),
        ({"@odata.type": None}, Owner("Ann"), "Ann"),
        ({"id": None, "displayName": None, "@odata.type": None}, Owner(""), ""),
    ],
)
def test_an_owner_is_reached_by_mail_or_named(changes: dict[str, Any], owner: Owner, shown: str) -> None:
    found = read_owner({**USER, **changes})
    assert (found, str(found)) == (owner, shown)


def test_owners_stay_with_their_objects() -> None:
    assert read_owners({"applications/1": [USER], "applications/2": []}) == {
        "applications/1": (Owner("Ann", "ann@contoso.com"),),
        "applications/2": (),
    }
