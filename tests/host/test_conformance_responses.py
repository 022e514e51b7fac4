"""Conformance to the host: what becomes of what a function returns."""

import json

import pytest

from tests.host.sample_app import SampleApp, ask


def test_text_gets_a_content_type_with_a_charset(app: SampleApp) -> None:
    """azure-functions, http.py: text/plain by default, a charset for text types."""
    app.answering("plain", "func.HttpResponse('hello')")
    response = ask(app.host(), "GET", "/plain")
    assert (response.status, response.body) == (200, b"hello")
    assert response.header("Content-Type") == "text/plain; charset=utf-8"


def test_json_gets_no_charset(app: SampleApp) -> None:
    """azure-functions, http.py: no charset but for text types."""
    app.answering("data", "func.HttpResponse('{}', mimetype='application/json')")
    assert ask(app.host(), "GET", "/data").header("Content-Type") == "application/json"


def test_status_headers_and_bytes_are_the_functions_own(app: SampleApp) -> None:
    """Azure/azure-functions-host, RawScriptResult.cs: a body of bytes is written as it is."""
    app.answering("own", "func.HttpResponse(bytes([0, 255]), status_code=418, headers={'X-A': '1', 'Content-Type': 'x/y'})")
    response = ask(app.host(), "GET", "/own")
    assert (response.status, response.body) == (418, b"\x00\xff")
    assert response.header("x-a") == "1"
    assert [value for name, value in response.headers if name.lower() == "content-type"] == ["x/y"]


def test_a_function_response_has_no_content_length(app: SampleApp) -> None:
    """Azure/azure-functions-host issue 3765: it goes out in chunks."""
    app.answering("plain", "func.HttpResponse('hello')")
    assert ask(app.host(), "GET", "/plain").header("Content-Length") is None


def test_of_two_headers_of_one_name_the_last_wins(app: SampleApp) -> None:
    """Azure/azure-functions-host, the RpcHttp message: headers are a map."""
    code = """
import azure.functions as func

def main(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse(status_code=401)
    response.headers.add("WWW-Authenticate", "Basic")
    response.headers.add("www-authenticate", "Bearer")
    return response
"""
    app.http("twice", code)
    response = ask(app.host(), "GET", "/twice")
    assert [value for name, value in response.headers if name.lower() == "www-authenticate"] == ["Bearer"]


def test_set_cookie_may_repeat(app: SampleApp) -> None:
    """Azure/azure-functions-host, GrpcMessageExtensionUtilities.cs: cookies travel apart from the headers."""
    code = """
import azure.functions as func

def main(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse("x")
    response.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=60; Domain=x.example")
    response.headers.add("Set-Cookie", "b=x/y")
    return response
"""
    app.http("cookies", code)
    response = ask(app.host(), "GET", "/cookies")
    assert [value for name, value in response.headers if name == "Set-Cookie"] == [
        "a=1; max-age=60; domain=x.example; path=/; secure; samesite=strict; httponly",
        "b=x%2Fy",
    ]


@pytest.mark.parametrize("expression", ["None", "{'a': 1}", "[1]", "5"])
def test_none_and_dicts_are_no_responses(app: SampleApp, expression: str) -> None:
    """azure-functions, http.py (encode): a response is an HttpResponse or a text; anything else fails the call."""
    app.answering("wrong", expression)
    response = ask(app.host(), "GET", "/wrong")
    assert (response.status, response.body, response.header("Content-Length")) == (500, b"", "0")


def test_a_returned_text_is_a_plain_text_response(app: SampleApp) -> None:
    """Azure/azure-functions-host, HttpBinding.cs (CreateResult)."""
    app.answering("text", "'hello'")
    response = ask(app.host(), "GET", "/text")
    assert (response.status, response.header("Content-Type"), response.body) == (200, "text/plain; charset=utf-8", b"hello")


def test_a_returned_json_text_is_read_by_the_host(app: SampleApp) -> None:
    """Azure/azure-functions-host, HttpBinding.cs (CreateResult): which is why a function should return an HttpResponse."""
    app.answering("text", "'{\"a\": [1, 2]}'")
    response = ask(app.host(), "GET", "/text")
    assert response.header("Content-Type") == "application/json; charset=utf-8"
    assert json.loads(response.body) == {"a": [1, 2]}


def test_a_returned_json_text_with_a_body_is_taken_for_a_response(app: SampleApp) -> None:
    """Azure/azure-functions-host, HttpBinding.cs (ParseResponseObject)."""
    app.answering("text", """'{"Body": "made", "status": "201", "headers": {"X-A": "1"}}'""")
    response = ask(app.host(), "GET", "/text")
    assert (response.status, response.body, response.header("X-A")) == (201, b"made", "1")


def test_an_out_parameter_is_the_response_too(app: SampleApp) -> None:
    """Azure/azure-functions-python-worker: func.Out for a binding of type http."""
    code = """
import azure.functions as func

def main(req: func.HttpRequest, res: func.Out[func.HttpResponse]) -> None:
    if "set" in req.params:
        res.set(func.HttpResponse("out", status_code=202))
"""
    bindings = [
        {"type": "httpTrigger", "name": "req", "direction": "in", "authLevel": "anonymous"},
        {"type": "http", "name": "res", "direction": "out"},
    ]
    app.function("out", code, bindings)
    host = app.host()
    response = ask(host, "GET", "/out?set=1")
    assert (response.status, response.body) == (202, b"out")
    # Microsoft Learn, Azure Functions HTTP triggers and bindings overview: 204 where a function sets no response.
    assert ask(host, "GET", "/out").status == 204


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_an_exception_is_a_500_with_an_empty_body(app: SampleApp, kind: str) -> None:
    """Azure/azure-functions-host, ExceptionMiddleware.cs."""
    app.http(
        "fails", f"import azure.functions as func\n\n{kind} main(req: func.HttpRequest):\n    raise ValueError('secret cause')\n"
    )
    response = ask(app.host(), "GET", "/fails")
    assert (response.status, response.body, response.header("Content-Length")) == (500, b"", "0")


@pytest.mark.parametrize("value", ["a\\r\\nX-Evil: 1", "caf\\u00e9", "a\\x00b"])
def test_a_header_that_must_not_go_over_the_wire_is_a_500(app: SampleApp, value: str) -> None:
    """ASP.NET Core, Kestrel HttpHeaders (ValidateHeaderValueCharacters)."""
    code = f"""
import azure.functions as func

def main(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse("x")
    response.headers.add("X-A", "{value}")
    return response
"""
    app.http("header", code)
    response = ask(app.host(), "GET", "/header")
    assert (response.status, response.body) == (500, b"")
    assert response.header("X-Evil") is None


def test_a_204_has_no_body(app: SampleApp) -> None:
    """RFC 9110, section 15.3.5."""
    app.answering("gone", "func.HttpResponse('ignored', status_code=204)")
    response = ask(app.host(), "DELETE", "/gone")
    assert (response.status, response.body) == (204, b"")


def test_a_status_that_is_no_number_becomes_200(app: SampleApp) -> None:
    """Azure/azure-functions-host, HttpBinding.cs (TryParseStatusCode)."""
    app.answering("odd", "func.HttpResponse('x', status_code='teapot')")
    assert ask(app.host(), "GET", "/odd").status == 200


def test_custom_headers_are_added_to_every_response_but_never_replace_one(app: SampleApp) -> None:
    """Azure/azure-functions-host, CustomHttpHeadersMiddleware.cs: TryAdd when the response starts."""
    app.host_json(routePrefix="", customHeaders={"X-Content-Type-Options": "nosniff", "Cache-Control": "private"})
    app.answering("own", "func.HttpResponse('x', headers={'cache-control': 'no-store'})")
    app.http("fails", "def main(req):\n    raise ValueError\n")
    host = app.host()
    response = ask(host, "GET", "/own")
    assert response.header("X-Content-Type-Options") == "nosniff"
    assert [value for name, value in response.headers if name.lower() == "cache-control"] == ["no-store"]
    for target in ("/fails", "/nowhere", "/admin/host/ping", "/"):
        assert ask(host, "GET", target).header("X-Content-Type-Options") == "nosniff"


def test_hsts_is_sent_over_https_only(app: SampleApp) -> None:
    """Microsoft Learn, host.json reference, extensions.http.hsts: maxAge is a TimeSpan, a bare number are days."""
    app.host_json(routePrefix="", hsts={"isEnabled": True, "maxAge": "365", "includeSubDomains": True, "preload": True})
    app.http("echo")
    host = app.host()
    assert ask(host, "GET", "/echo").header("Strict-Transport-Security") is None
    secure = ask(host, "GET", "/echo", {"X-Forwarded-Proto": "https"})
    assert secure.header("Strict-Transport-Security") == "max-age=31536000; includeSubDomains; preload"


def test_hsts_is_off_unless_it_is_enabled(app: SampleApp) -> None:
    """Microsoft Learn, host.json reference, extensions.http.hsts."""
    app.host_json(routePrefix="", hsts={"maxAge": "365"})
    app.http("echo")
    assert ask(app.host(), "GET", "/echo", {"X-Forwarded-Proto": "https"}).header("Strict-Transport-Security") is None
