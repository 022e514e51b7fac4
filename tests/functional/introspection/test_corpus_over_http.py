"""The whole corpus over real HTTP, with keys fetched over real TLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.http.documents import HttpsDocuments
from shared.introspection.endpoint import Introspection
from tests.functional.introspection.gateway import replay, served
from tests.functional.introspection.key_server import KeyServer, key_server
from tests.unit.introspection.deployment import basic, configuration


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyServer]:
    directory: Path = tmp_path_factory.mktemp("authority")
    with key_server(directory) as running:
        yield running


@pytest.mark.duty(102, 103, 108, 109, 110, 111)
@pytest.mark.parametrize("settings", ["default", "graph", "strict"])
def test_every_token_of_the_corpus_gets_its_answer_over_http(keys: KeyServer, settings: str) -> None:
    """RFC 7662 section 2, from the wire to the wire."""
    introspection = Introspection(configuration(settings, keys.authority.origin), HttpsDocuments(keys.trust()))
    with served(introspection) as url:
        assert replay(url, keys.authority.origin, basic(), settings) == []


def test_the_replay_notices_a_wrong_answer(keys: KeyServer) -> None:
    """A bridge that trusts other audiences disagrees with the corpus."""
    introspection = Introspection(configuration("strict", keys.authority.origin), HttpsDocuments(keys.trust()))
    with served(introspection) as url:
        assert "a token for 24 hours, as managed identities have it: active is False" in replay(
            url, keys.authority.origin, basic()
        )
        assert all("401" in line for line in replay(url, keys.authority.origin, basic(secret="wrong")))
