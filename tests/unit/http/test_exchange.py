"""Who answers a request: its use case or, at the deadline, the door; never both."""

import socket
import threading
from collections.abc import Iterator

import pytest

from shared.clock import SystemClock
from shared.http.exchange import SOCKETS, Exchange, Sockets, sockets_of_its_own
from shared.http.message import Request, Response, json_response
from shared.retry import Deadline


@pytest.fixture
def exchange() -> Exchange:
    return Exchange(Request("POST", "/register"), Deadline.after(SystemClock(), 5))


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_the_use_case_answers_unless_the_door_has(exchange: Exchange) -> None:
    assert [exchange.expired, exchange.claim(), exchange.expire(), exchange.expired] == [False, True, False, False]
    assert not exchange.sockets.were_cut


def test_the_door_answers_at_the_deadline_and_ends_all_waiting(
    exchange: Exchange, pair: tuple[socket.socket, socket.socket]
) -> None:
    exchange.sockets.add(pair[0])
    assert exchange.expire()
    assert exchange.expired
    assert not exchange.claim()
    assert pair[0].recv(1) == b""
    assert exchange.sockets.were_cut


def test_what_was_secured_is_there_for_the_door(exchange: Exchange) -> None:
    assert exchange.secure(json_response(201, {"client_id": "1"}))
    assert exchange.expire()
    assert exchange.fallback is not None
    assert exchange.fallback.status == 201
    # A second one takes its place: the door has one to give.
    assert exchange.secure(json_response(200, {}))


def test_nothing_is_secured_after_an_answer_without_it(exchange: Exchange) -> None:
    assert exchange.expire()
    assert not exchange.secure(json_response(201, {}))
    assert exchange.fallback is None


def test_what_is_secured_speaks_the_callers_dialect(exchange: Exchange) -> None:
    exchange.translate(Request("GET", "/x"), lambda answer: Response(answer.status, b"other"))
    assert exchange.request.path == "/x"
    assert exchange.secure(json_response(201, {}))
    assert exchange.fallback is not None
    assert exchange.fallback.body == b"other"


def test_a_socket_that_comes_after_the_cut_is_shut_down_at_once(pair: tuple[socket.socket, socket.socket]) -> None:
    sockets = Sockets()
    sockets.cut()
    sockets.add(pair[0])
    assert pair[0].recv(1) == b""


def test_a_socket_is_closed_once_nobody_waits_on_it(pair: tuple[socket.socket, socket.socket]) -> None:
    sockets = Sockets()
    sockets.add(pair[0])
    sockets.close(pair[0])
    assert pair[0].fileno() >= 0
    sockets.clear()
    assert pair[0].fileno() == -1
    sockets.close(pair[1])
    assert pair[1].fileno() == -1
    sockets.cut()


def test_a_connection_that_the_garbage_collector_closes_meanwhile_ends_no_thread(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    sockets = Sockets()

    class Closing(socket.socket):
        """Closes another one while it is closed itself, as the collector may."""

        def close(self) -> None:
            sockets.close(pair[1])
            super().close()

    waiting = Closing()
    sockets.add(waiting)
    sockets.close(waiting)
    clearing = threading.Thread(target=sockets.clear, daemon=True)
    clearing.start()
    clearing.join(10)
    assert not clearing.is_alive()
    assert (waiting.fileno(), pair[1].fileno()) == (-1, -1)


def test_work_may_have_sockets_of_its_own() -> None:
    outer = Sockets()
    held = SOCKETS.set(outer)
    try:
        with sockets_of_its_own() as own:
            assert SOCKETS.get() is own
        assert SOCKETS.get() is outer
    finally:
        SOCKETS.reset(held)
