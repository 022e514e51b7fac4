"""Addresses of secrets in stores: what their URLs say, and what they may not."""

import pytest

from shared.audit.delivery import Address, SecretForm


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("https://example.vault.azure.net/secrets/orders", "plain"),
        ("https://example.vault.azure.net/secrets/orders?form=json", "json"),
        ("aws-secretsmanager://eu-central-1/orders", "json"),
        ("aws-secretsmanager://eu-central-1/orders?form=plain", "plain"),
        ("github://api.github.com/owner/repository/production/ORDERS", "plain"),
    ],
)
def test_each_store_has_a_usual_form_and_takes_the_other(text: str, form: str) -> None:
    assert Address.parse(text).form == SecretForm(form)


@pytest.mark.parametrize(
    "text",
    [
        "https://example.vault.azure.net/secrets/orders#part",
        "https://user@example.vault.azure.net/secrets/orders",
        "https://example.vault.azure.net:0/secrets/orders",
        "https://example.vault.azure.net/secrets/orders?version=1",
        "https://example.vault.azure.net/secrets/orders?form=Xplain",
    ],
)
def test_what_no_address_has_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="expected") as refused:
        Address.parse(text)
    assert "orders" not in str(refused.value)
