"""The settings of dialects."""

import json

import pytest

from shared.settings.portals import PRODUCT_SCOPES

VERSION, OTHER = "11111111-1111-4111-8111-11111111111a", "22222222-2222-4222-8222-222222222222"


def test_reads_the_scopes_of_products() -> None:
    products = PRODUCT_SCOPES.parse(json.dumps({VERSION: ["api://orders/read", "api://orders/write"], OTHER: []}))
    assert products == {VERSION: ("api://orders/read", "api://orders/write"), OTHER: ()}


@pytest.mark.parametrize(
    "products",
    [[], {"orders": ["a"]}, {VERSION: "a"}, {VERSION: ["a b"]}, {VERSION: [""]}, {VERSION: ["a"], OTHER: ["a"]}],
)
def test_refuses_what_could_not_be_carried_out(products: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        PRODUCT_SCOPES.parse(json.dumps(products))
