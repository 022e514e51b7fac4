"""The host behind uvicorn: what goes over the wire."""

import http.client
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.host.app import FunctionsHost
from tests.host.sample_app import SampleApp


@contextmanager
def connected(host: FunctionsHost) -> Iterator[http.client.HTTPConnection]:
    """A connection to the host while it serves."""
    with host.serving() as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        try:
            yield connection
        finally:
            connection.close()


def raw(url: str, request: bytes) -> bytes:
    """All that the host sends on a connection of its own until it closes it."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as sock:
        sock.sendall(request)
        received = b""
        while chunk := sock.recv(65536):
            received += chunk
    return received


def test_it_listens_on_the_loopback_address_only(app: SampleApp) -> None:
    app.http("echo")
    with app.host().serving() as url:
        assert url.startswith("http://127.0.0.1:")


def test_a_response_goes_out_in_chunks_and_the_connection_stays_open(app: SampleApp) -> None:
    """Azure/azure-functions-host issue 3765; RFC 9112, section 9.3."""
    app.answering("plain", "func.HttpResponse('hello')")
    with connected(app.host()) as connection:
        connection.connect()
        first_socket = connection.sock
        for _ in range(3):
            connection.request("GET", "/plain")
            response = connection.getresponse()
            assert response.read() == b"hello"
            assert response.getheader("Transfer-Encoding") == "chunked"
            assert response.getheader("Content-Length") is None
            assert response.getheader("Server") is None
            assert connection.sock is first_socket


def test_the_hosts_own_answers_have_a_content_length(app: SampleApp) -> None:
    app.http("echo")
    with connected(app.host()) as connection:
        connection.request("GET", "/nowhere")
        response = connection.getresponse()
        assert (response.status, response.getheader("Content-Length"), response.read()) == (404, "0", b"")


def test_a_chunked_body_is_lost_and_the_connection_goes_on(app: SampleApp) -> None:
    """Azure/azure-functions-host issues 4926 and 7930."""
    app.answering("size", "func.HttpResponse(str(len(req.get_body())))")
    with connected(app.host()) as connection:
        connection.request(
            "POST", "/size", body=iter([b"abc", b"def"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
        )
        assert connection.getresponse().read() == b"0"
        connection.request("POST", "/size", body=b"abcdef")
        assert connection.getresponse().read() == b"6"


def test_a_body_in_many_pieces_arrives_whole(app: SampleApp) -> None:
    app.answering("sum", "func.HttpResponse(str(sum(req.get_body())))")
    body = bytes(range(256)) * 4096
    with connected(app.host()) as connection:
        connection.request("POST", "/sum", body=body)
        assert connection.getresponse().read() == str(sum(body)).encode()


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 2000\r\n\r\n" + b"x" * 2000, b"Transfer-Encoding: chunked\r\n\r\n7d0\r\n" + b"x" * 2000]
)
def test_a_body_over_the_limit_ends_the_connection_with_a_500(app: SampleApp, framing: bytes) -> None:
    """Azure/azure-functions-host issue 10519."""
    app.http("echo")
    with app.host({"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1000"}).serving() as url:
        received = raw(url, b"POST /echo HTTP/1.1\r\nHost: x\r\n" + framing)
    assert received.startswith(b"HTTP/1.1 500 ")
    assert b"connection: close" in received.lower()
    assert received.endswith(b"\r\n\r\n")


def test_head_has_no_body(app: SampleApp) -> None:
    app.answering("plain", "func.HttpResponse('hello')")
    with connected(app.host()) as connection:
        connection.request("HEAD", "/plain")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"")
        connection.request("GET", "/plain")
        assert connection.getresponse().read() == b"hello"


def test_a_204_goes_out_without_a_body_and_without_a_length(app: SampleApp) -> None:
    """RFC 9112, section 6.3."""
    app.answering("gone", "func.HttpResponse(status_code=204)")
    with connected(app.host()) as connection:
        for _ in range(2):
            connection.request("DELETE", "/gone")
            response = connection.getresponse()
            assert (response.status, response.read()) == (204, b"")
            assert response.getheader("Transfer-Encoding") is None


def test_a_function_that_sets_a_content_length_has_it_sent(app: SampleApp) -> None:
    app.answering("sized", "func.HttpResponse('hello', headers={'Content-Length': '5'})")
    with connected(app.host()) as connection:
        connection.request("GET", "/sized")
        response = connection.getresponse()
        assert (response.getheader("Content-Length"), response.read()) == ("5", b"hello")


def test_leaving_waits_for_the_request_under_way(app: SampleApp) -> None:
    code = """
import threading
import azure.functions as func

entered = threading.Event()
release = threading.Event()

def main(req: func.HttpRequest) -> func.HttpResponse:
    entered.set()
    release.wait(30)
    return func.HttpResponse("done")
"""
    app.http("slow", code)
    answers: list[bytes] = []
    with app.host().serving() as url:
        module: Any = sys.modules["__app__.slow"]

        def call() -> None:
            connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
            connection.request("GET", "/slow")
            answers.append(connection.getresponse().read())
            connection.close()

        caller = threading.Thread(target=call)
        caller.start()
        assert module.entered.wait(30)
        threading.Timer(0.2, module.release.set).start()
    caller.join(30)
    assert answers == [b"done"]


def test_an_idle_connection_does_not_keep_the_host_from_ending(app: SampleApp) -> None:
    app.http("echo")
    with app.host().serving() as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        connection.request("GET", "/echo")
        connection.getresponse().read()
        idle = connection.sock
    assert idle.recv(1) == b""
    connection.close()


def test_the_port_is_free_again_after_it_and_the_host_can_serve_again(app: SampleApp) -> None:
    app.answering("plain", "func.HttpResponse('hello')")
    host = app.host()
    with host.serving() as url:
        port = urlsplit(url).port
        assert port is not None
    with host.serving(port) as again:
        assert again == url
        assert raw(again, b"GET /plain HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_a_port_that_is_taken_is_an_error(app: SampleApp) -> None:
    app.http("echo")
    host = app.host()
    with host.serving() as url, pytest.raises(OSError, match="in use"), host.serving(urlsplit(url).port or 0):
        pass
