"""Conformance to the host: which function a request reaches."""

import pytest

from local.host.templates import RouteTemplate, TemplateError
from tests.host.sample_app import SampleApp, ask, echoed


def test_the_route_prefix_is_api_unless_host_json_says_otherwise(app: SampleApp) -> None:
    """Microsoft Learn, host.json reference, extensions.http.routePrefix."""
    app.host_json()
    app.http("greet", route="hello")
    host = app.host()
    assert ask(host, "GET", "/api/hello").status == 200
    assert ask(host, "GET", "/hello").status == 404


def test_an_empty_route_prefix_puts_the_routes_at_the_root(app: SampleApp) -> None:
    """Microsoft Learn, host.json reference, extensions.http.routePrefix."""
    app.http("greet", route="hello")
    assert ask(app.host(), "GET", "/hello").status == 200


def test_a_function_without_a_route_answers_under_its_name(app: SampleApp) -> None:
    """Azure/azure-functions-host, WebScriptHostHttpRoutesManager.cs."""
    app.http("greet")
    assert ask(app.host(), "GET", "/greet").status == 200


def test_literals_match_in_any_case(app: SampleApp) -> None:
    """Microsoft Learn, Routing in ASP.NET Core: text matching is case-insensitive."""
    app.http("greet", route="Register/Me")
    assert ask(app.host(), "GET", "/rEGISTER/mE").status == 200


def test_a_trailing_slash_does_not_matter(app: SampleApp) -> None:
    """ASP.NET Core, PathTokenizer: an empty last segment is none."""
    app.http("greet", route="register")
    assert ask(app.host(), "GET", "/register/").status == 200


def test_route_values_keep_their_case(app: SampleApp) -> None:
    """Azure/azure-functions-host, GrpcMessageConversionExtensions.cs: params are the route values."""
    app.http("one", route="register/{client_id}")
    assert echoed(app.host(), "GET", "/register/AbC-1")["route"] == {"client_id": "AbC-1"}


def test_an_absent_optional_value_is_left_out(app: SampleApp) -> None:
    """Azure/azure-functions-host, GrpcMessageConversionExtensions.cs: null route values are not sent."""
    app.http("one", route="register/{client_id?}")
    host = app.host()
    assert echoed(host, "GET", "/register")["route"] == {}
    assert echoed(host, "GET", "/register/7")["route"] == {"client_id": "7"}


def test_a_catch_all_takes_the_rest_of_the_path(app: SampleApp) -> None:
    """Microsoft Learn, Routing in ASP.NET Core, Route templates."""
    app.http("files", route="files/{*rest}")
    host = app.host()
    assert echoed(host, "GET", "/files/a/b.txt")["route"] == {"rest": "a/b.txt"}
    assert echoed(host, "GET", "/files")["route"] == {}


@pytest.mark.parametrize(
    ("template", "fits", "fits_not"),
    [
        ("n/{id:int}", "/n/42", "/n/x"),
        ("n/{id:guid}", "/n/6f9619ff-8b86-d011-b42d-00c04fc964ff", "/n/6f9619ff"),
        ("n/{id:alpha}", "/n/abc", "/n/a1"),
        ("n/{id:bool}", "/n/True", "/n/1"),
        ("n/{id:length(3)}", "/n/abc", "/n/ab"),
        ("n/{id:minlength(2)}", "/n/ab", "/n/a"),
        ("n/{id:maxlength(2)}", "/n/ab", "/n/abc"),
        ("n/{id:range(1,5)}", "/n/5", "/n/6"),
        ("n/{id:min(3)}", "/n/3", "/n/2"),
        ("n/{id:max(3)}", "/n/3", "/n/4"),
        ("n/{id:regex(^a)}", "/n/ab", "/n/ba"),
        ("v{n}/x", "/v2/x", "/2/x"),
        ("f/{name}.json", "/f/a.b.json", "/f/json"),
        ("n/{id=7}", "/n", "/n/1/2"),
    ],
)
def test_templates_and_constraints(template: str, fits: str, fits_not: str) -> None:
    """Microsoft Learn, Routing in ASP.NET Core, Route templates and Route constraints."""
    assert RouteTemplate(template).match(fits) is not None
    assert RouteTemplate(template).match(fits_not) is None


def test_a_default_stands_in_for_an_absent_value() -> None:
    """Microsoft Learn, Routing in ASP.NET Core, Route templates."""
    assert RouteTemplate("n/{id=7}").match("/n") == {"id": "7"}


@pytest.mark.parametrize("template", ["a/{id?}/b", "a/{*rest}/b", "a/{id:unheard}", "a//b", "a/{id}/{ID}", "a/{id", "{a}?"])
def test_a_template_that_cannot_be_read_keeps_the_function_unknown(app: SampleApp, template: str) -> None:
    """Microsoft Learn, Routing in ASP.NET Core, Route templates: such a template is an error when the routes are built."""
    with pytest.raises(TemplateError):
        RouteTemplate(template)
    app.http("broken", route=template)
    assert app.host().functions[0].load_error is not None


def test_a_path_with_dots_is_an_ordinary_route(app: SampleApp) -> None:
    """ASP.NET Core route templates know no special dot."""
    app.http("discovery", route=".well-known/oauth-authorization-server")
    app.http("openid", route=".well-known/openid-configuration/{*path}")
    host = app.host()
    assert ask(host, "GET", "/.well-known/oauth-authorization-server").status == 200
    assert echoed(host, "GET", "/.well-known/openid-configuration/a.b/c")["route"] == {"path": "a.b/c"}


def test_dot_segments_are_taken_out_of_a_path(app: SampleApp) -> None:
    """RFC 3986, section 5.2.4, as Kestrel does."""
    app.http("greet", route="hello")
    host = app.host()
    assert ask(host, "GET", "/x/../hello").status == 200
    assert ask(host, "GET", "/./hello/.").status == 200
    assert ask(host, "GET", "/../../hello").status == 200
    assert ask(host, "GET", "/hello/..").status != 404  # The home page.


def test_an_encoded_slash_stays_encoded_in_a_route_value(app: SampleApp) -> None:
    """ASP.NET Core: Kestrel decodes all of a path but %2F."""
    app.http("one", route="register/{client_id}")
    seen = echoed(app.host(), "GET", "/register/a%2Fb%20%C3%A9")
    assert seen["route"] == {"client_id": "a%2Fb \u00e9"}
    assert seen["url"] == "http://localhost/register/a%2Fb%20%C3%A9"


def test_a_wrong_method_is_not_found_and_names_no_other(app: SampleApp) -> None:
    """Azure/azure-functions-host issue 10098: the method is a constraint of the route, so 404 and no Allow."""
    app.http("register", methods=["post"])
    response = ask(app.host(), "GET", "/register")
    assert response.status == 404
    assert response.header("Allow") is None
    assert response.header("Content-Length") == "0"
    assert response.body == b""


def test_a_function_without_methods_takes_all(app: SampleApp) -> None:
    """Azure/azure-functions-host, WebScriptHostHttpRoutesManager.cs: no methods, no constraint."""
    app.http("register")
    host = app.host()
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert ask(host, method, "/register").status == 200


def test_head_is_not_implied_by_get(app: SampleApp) -> None:
    """Azure/azure-functions-host issue 11625."""
    app.http("plain", methods=["get"])
    app.http("both", methods=["get", "head"])
    host = app.host()
    assert ask(host, "HEAD", "/plain").status == 404
    assert ask(host, "HEAD", "/both").status == 200


def test_options_reaches_a_function_that_names_it_and_no_other(app: SampleApp) -> None:
    """Azure/azure-functions-host, WebScriptHostHttpRoutesManager.cs."""
    app.http("plain", methods=["post"])
    app.http("both", methods=["post", "options"])
    host = app.host()
    assert ask(host, "OPTIONS", "/plain").status == 404
    assert ask(host, "OPTIONS", "/both").status == 200


def test_two_functions_share_a_route_by_their_methods(app: SampleApp) -> None:
    """Azure/azure-functions-host pull request 763."""
    app.answering("read", "func.HttpResponse('read')", route="register/{id}", methods=["get"])
    app.answering("write", "func.HttpResponse('write')", route="register/{id}", methods=["put"])
    host = app.host()
    assert ask(host, "GET", "/register/1").body == b"read"
    assert ask(host, "PUT", "/register/1").body == b"write"
    assert ask(host, "DELETE", "/register/1").status == 404


def test_the_first_of_two_overlapping_routes_wins(app: SampleApp) -> None:
    """Azure/azure-webjobs-sdk-extensions, WebJobsRouteBuilder: no order of precedence but that of registration, here by name."""
    app.answering("a", "func.HttpResponse('a')", route="register/{id}")
    app.answering("b", "func.HttpResponse('b')", route="register/initial")
    assert ask(app.host(), "GET", "/register/initial").body == b"a"


def test_an_unknown_path_is_not_found_with_an_empty_body(app: SampleApp) -> None:
    """Azure/azure-functions-host, FunctionInvocationMiddleware.cs."""
    response = ask(app.host(), "GET", "/nowhere")
    assert (response.status, response.body, response.header("Content-Length")) == (404, b"", "0")


@pytest.mark.parametrize("route", ["admin/users", "administration", "runtime/x"])
def test_a_reserved_route_is_refused(app: SampleApp, route: str) -> None:
    """Azure/azure-functions-host, ScriptHost.cs (ValidateHttpFunction): whatever the prefix, and "administration" too."""
    app.http("mine", route=route)
    host = app.host()
    assert host.functions[0].load_error == "the specified route conflicts with one or more built in routes"
    assert ask(host, "GET", f"/{route}").status == 404


def test_reserved_paths_never_reach_a_function(app: SampleApp) -> None:
    """Azure/azure-functions-host, WebJobsApplicationBuilderExtension.cs: controllers come before functions."""
    app.http("all", route="{*rest}")
    host = app.host()
    assert ask(host, "GET", "/other").status == 200
    assert ask(host, "GET", "/admin/unknown").status == 404
    assert ask(host, "POST", "/runtime/webhooks/anything").status == 404


def test_app_settings_are_filled_into_a_route(app: SampleApp) -> None:
    """Microsoft Learn, Azure Functions binding expression patterns, app settings."""
    app.http("greet", route="%HOST_TEST_ROUTE%/x")
    assert ask(app.host({"HOST_TEST_ROUTE": "from-setting"}), "GET", "/from-setting/x").status == 200
