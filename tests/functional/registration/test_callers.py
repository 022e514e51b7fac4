"""The recorded requests of real callers against the service. The same replays run over HTTP in the end-to-end tests."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from shared.registration import tokens
from shared.registration.policy import Policy
from shared.registration.tokens import InitialAccess, Key, KeyRing
from tests.functional.registration.bridge import BASE_URL, PORTAL, Bridge
from tests.wire import registration as callers

type Make = Callable[..., Bridge]
SIGNING = KeyRing(Key("i1", "signing-key-of-initial-access-tokens-0123"))


class BridgeAdapter(BaseAdapter):
    """Hands the requests of a session to a bridge, as its doors would."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        _, _, client_id, *rest = [*parts.path.split("/"), ""]
        query = dict(parse_qsl(parts.query))
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        headers.setdefault("content-type", "")
        body = request.body if isinstance(request.body, bytes) else b""
        rotate = rest[:1] == ["new-secret"]
        answer = self._bridge.call(
            str(request.method), client_id, raw=body, authorization=None, headers=headers, query=query, rotate=rotate
        )
        raw = HTTPResponse(io.BytesIO(answer.body), dict(answer.headers), answer.status, preload_content=False)
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """Nothing to release."""


def session_for(bridge: Bridge) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", BridgeAdapter(bridge))
    return session


@pytest.mark.duty(42, 58, 84, 85)
def test_mulesoft(bridge: Bridge) -> None:
    callers.mulesoft(BASE_URL, session_for(bridge), PORTAL)


@pytest.mark.duty(43, 60, 76, 94)
def test_gravitee(make: Make) -> None:
    bridge = make(initial_token_keys=SIGNING)
    now = bridge.clock.now()
    access = InitialAccess("j1", "gravitee", "default", now + timedelta(days=1))
    callers.gravitee(BASE_URL, session_for(bridge), tokens.mint_initial_token(access, BASE_URL, SIGNING, now))


@pytest.mark.duty(4, 43)
def test_wso2_with_an_entra_token(make: Make) -> None:
    bridge = make(entra_audience="api://bridge", entra_roles={"Clients.Register": "default"})
    bridge.entra_tokens.tokens = {"t": ("api://bridge", {"azp": "wso2", "roles": ["Clients.Register"]})}
    callers.wso2(BASE_URL, session_for(bridge), "Bearer t")


@pytest.mark.duty(32, 36, 54)
def test_mcp_clients_with_open_registration(make: Make) -> None:
    bridge = make(open_policy="open")
    callers.mcp(BASE_URL, session_for(bridge), None)


def test_mcp_clients_behind_a_gateway_that_adds_a_credential(bridge: Bridge) -> None:
    callers.mcp(BASE_URL, session_for(bridge), PORTAL)


@pytest.mark.duty(4)
def test_openid_connect_libraries(bridge: Bridge) -> None:
    callers.libraries(BASE_URL, session_for(bridge), PORTAL)


@pytest.mark.duty(14, 52)
def test_callers_that_ask_for_more_than_is_allowed(make: Make) -> None:
    bridge = make(policies={"default": Policy(unsupported_grants="drop")})
    callers.narrowed(BASE_URL, session_for(bridge), PORTAL)
