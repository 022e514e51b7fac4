"""Conformance to the host: what of a request reaches a function.

Azure/azure-functions-host, GrpcMessageConversionExtensions.cs (ToRpcHttp), unless a test says otherwise.
"""

from tests.host.sample_app import SampleApp, ask, echoed


def test_the_url_is_absolute_and_keeps_the_query(app: SampleApp) -> None:
    """ToRpcHttp: scheme, host, path and query string."""
    app.http("echo")
    seen = echoed(app.host(), "GET", "/echo?a=1&b=%20", {"Host": "bridge.example:8443"})
    assert seen["url"] == "http://bridge.example:8443/echo?a=1&b=%20"


def test_the_front_end_says_which_scheme_and_host_the_caller_used(app: SampleApp) -> None:
    """Azure/azure-functions-host, AppServiceHeaderFixupMiddleware.cs: X-Forwarded-Proto and DISGUISED-HOST, on Linux."""
    app.http("echo")
    seen = echoed(app.host(), "GET", "/echo", {"X-Forwarded-Proto": "https", "DISGUISED-HOST": "bridge.example"})
    assert seen["url"] == "https://bridge.example/echo"


def test_header_names_arrive_in_lower_case_and_repeated_headers_joined(app: SampleApp) -> None:
    """ToRpcHttp: ToLowerInvariant, and StringValues.ToString with a comma."""
    app.http("echo")
    seen = echoed(app.host(), "GET", "/echo", [("X-One", "a"), ("x-one", "b"), ("ACCEPT", "text/html")])
    assert seen["headers"]["x-one"] == "a,b"
    assert seen["headers"]["accept"] == "text/html"


def test_repeated_query_parameters_are_joined_and_empty_ones_dropped(app: SampleApp) -> None:
    """ToRpcHttp: StringValues.ToString with a comma; no parameter without a value."""
    app.http("echo")
    seen = echoed(app.host(), "GET", "/echo?a=1&A=2&empty=&bare&b=x%2By+z&=n")
    assert seen["query"] == {"a": "1,2", "b": "x+y z", "": "n"}


def test_a_body_arrives_byte_by_byte(app: SampleApp) -> None:
    """ToRpcHttp: RawHttpBodyBytes."""
    app.http("echo")
    body = bytes(range(256))
    assert echoed(app.host(), "POST", "/echo", {}, body)["body"].encode("latin-1") == body


def test_a_chunked_body_arrives_empty(app: SampleApp) -> None:
    """ToRpcHttp: only with a Content-Length. Azure/azure-functions-host issues 4926 and 7930."""
    app.http("echo")
    seen = echoed(app.host(), "POST", "/echo", {"Transfer-Encoding": "chunked"}, b'{"a": 1}')
    assert seen["body"] == ""
    assert seen["headers"]["transfer-encoding"] == "chunked"


def test_a_body_over_the_limit_is_a_500_with_an_empty_body(app: SampleApp) -> None:
    """Azure/azure-functions-host issue 10519 (FUNCTIONS_REQUEST_BODY_SIZE_LIMIT)."""
    app.http("echo")
    host = app.host({"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "10"})
    assert echoed(host, "POST", "/echo", {}, b"0123456789")["body"] == "0123456789"
    response = ask(host, "POST", "/echo", {}, b"0123456789a")
    assert (response.status, response.body) == (500, b"")


def test_the_body_limit_is_100_mb_by_default(app: SampleApp) -> None:
    """Microsoft Learn, Azure Functions HTTP trigger, Limits."""
    assert app.host().configuration.body_limit == 104_857_600


def test_a_function_gets_the_callers_trace_and_an_invocation_id(app: SampleApp) -> None:
    """W3C Trace Context, section 3.2; the worker's context object."""
    code = """
import json
import azure.functions as func

def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    return func.HttpResponse(json.dumps([
        context.trace_context.trace_parent, context.trace_context.trace_state, context.invocation_id, context.function_name,
    ]))
"""
    app.http("traced", code)
    host = app.host()
    received = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "k=v"}
    parent, state, invocation_id, name = (
        ask(host, "GET", "/traced", received).body.decode().strip("[]").replace('"', "").split(", ")
    )
    version, trace, span, flags = parent.split("-")
    assert (version, trace, flags) == ("00", "0af7651916cd43dd8448eb211c80319c", "01")
    assert span != "b7ad6b7169203331"
    assert state == "k=v"
    assert len(invocation_id) == 36
    assert name == "traced"
