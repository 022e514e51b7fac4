"""The whole corpus of good and bad tokens, over HTTP, through the real door and the worker library."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from local.sandbox import Sandbox, sandbox
from tests.functional.introspection.gateway import replay
from tests.functional.introspection.key_server import KeyServer, key_server
from tests.unit.introspection.authority import CUSTOM_KEY_APPLICATION, SECOND_TENANT, TENANT
from tests.unit.introspection.deployment import AUDIENCES, GATEWAY, SECRET, basic


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyServer]:
    with key_server(tmp_path_factory.mktemp("authority")) as running:
        yield running


@pytest.fixture(scope="module")
def place(keys: KeyServer) -> Iterator[Sandbox]:
    """A bridge whose trusted tenants are those of the corpus, set up by its settings as an operator would."""
    caller = {
        "client_id": GATEWAY,
        "secret_sha256": [sha256(SECRET.encode()).hexdigest()],
        "audiences": sorted(AUDIENCES),
    }
    application = {"app_id": CUSTOM_KEY_APPLICATION, "audiences": [f"api://{CUSTOM_KEY_APPLICATION}"]}
    settings = {
        "ENTRA_TENANT_ID": TENANT,
        "ENTRA_AUTHORITY_URL": keys.authority.origin,
        "ENTRA_CA_BUNDLE": str(Path(keys.ca_file)),
        "INTROSPECTION_TENANTS": json.dumps([{"tenant_id": TENANT, "applications": [application]}, SECOND_TENANT]),
        "INTROSPECTION_CALLERS": json.dumps([caller]),
    }
    with sandbox(settings=settings) as started:
        yield started


@pytest.mark.duty(102, 103, 108, 109, 110, 111)
def test_every_token_of_the_corpus_gets_its_answer(place: Sandbox, keys: KeyServer) -> None:
    assert replay(f"{place.url}/introspect", keys.authority.origin, basic()) == []
