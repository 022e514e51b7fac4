"""On an event loop: the straight path never leaves it, and a fetch never holds it up."""

import asyncio
import json
import threading

import pytest

from shared.errors import TemporarilyUnavailable
from shared.introspection.endpoint import Introspection
from tests.unit.introspection.authority import TENANT, Authority, jwk
from tests.unit.introspection.deployment import NOW, configuration, introspect_request
from tests.unit.introspection.tokens import make_token


class Gated(Authority):
    """An authority whose answers wait for the test."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def __call__(self, url: str, host: str) -> object:
        assert self.gate.wait(30)
        return super().__call__(url, host)


async def active(introspection: Introspection, token: str, now: float = NOW) -> bool:
    answer: dict[str, object] = json.loads((await introspection.handle_async(introspect_request(token), now)).body)
    return answer["active"] is True


def test_the_loop_runs_on_while_keys_are_fetched() -> None:
    """Other requests are served, and a hundred that wait share one fetch."""

    async def scenario() -> None:
        authority = Gated()
        introspection = Introspection(configuration(), authority)
        token = make_token({}, NOW)
        waiting = [asyncio.create_task(active(introspection, token)) for _ in range(100)]
        # A token that needs no keys is answered while the others wait.
        assert not await active(introspection, "nonsense")
        assert not any(task.done() for task in waiting)
        authority.gate.set()
        assert all(await asyncio.gather(*waiting))
        assert authority.key_fetches == 1

    asyncio.run(scenario())


@pytest.mark.duty(112)
def test_e24_a_hundred_parallel_requests_with_an_unknown_kid_make_one_fetch() -> None:
    """And all of them are active once the key is there."""

    async def scenario() -> None:
        authority = Gated()
        authority.gate.set()
        introspection = Introspection(configuration(), authority)
        assert await active(introspection, make_token({}, NOW))
        authority.gate.clear()
        authority.keys.append(jwk("next"))
        token = make_token({"header": {"kid": "next"}, "key": "next"}, NOW)
        waiting = [asyncio.create_task(active(introspection, token, NOW + 60)) for _ in range(100)]
        await asyncio.sleep(0)
        authority.gate.set()
        assert all(await asyncio.gather(*waiting))
        assert authority.key_fetches == 2

    asyncio.run(scenario())


def test_a_request_that_is_cancelled_leaves_the_fetch_to_the_others() -> None:
    """A caller that hangs up must not cost the next one its keys."""

    async def scenario() -> None:
        authority = Gated()
        introspection = Introspection(configuration(), authority)
        token = make_token({}, NOW)
        first, second = (asyncio.create_task(active(introspection, token)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        authority.gate.set()
        assert await second

    asyncio.run(scenario())


@pytest.mark.duty(102)
def test_an_outage_is_503_on_the_loop_too() -> None:
    """The same answers by both ways."""

    async def scenario() -> None:
        authority = Authority()
        authority.failing = OSError("unreachable")
        introspection = Introspection(configuration(), authority)
        with pytest.raises(TemporarilyUnavailable):
            await introspection.handle_async(introspect_request(make_token({}, NOW)), NOW)
        with pytest.raises(TemporarilyUnavailable):
            await asyncio.to_thread(introspection.handle, introspect_request(make_token({}, NOW)), NOW)
        assert authority.fetched == {f"/{TENANT}/v2.0/.well-known/openid-configuration": 1}

    asyncio.run(scenario())


def test_a_fetch_that_hangs_ends_in_503_and_not_in_a_hanging_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request's patience is shorter than the caller's."""
    monkeypatch.setattr("shared.introspection.endpoint._PATIENCE", 0.05)

    async def scenario() -> None:
        authority = Gated()
        introspection = Introspection(configuration(), authority)
        try:
            with pytest.raises(TemporarilyUnavailable):
                await introspection.handle_async(introspect_request(make_token({}, NOW)), NOW)
            with pytest.raises(TemporarilyUnavailable):
                await asyncio.to_thread(introspection.handle, introspect_request(make_token({}, NOW)), NOW)
        finally:
            authority.gate.set()

    asyncio.run(scenario())
