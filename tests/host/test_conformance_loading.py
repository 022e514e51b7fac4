"""Conformance to the host: which folders are functions, and what becomes of one that does not load."""

import os
import sys
from pathlib import Path

import pytest

from local.host.app import FunctionsHost
from tests.host.sample_app import ECHO, SampleApp, ask, echoed

HTTP_BINDINGS = [
    {"type": "httpTrigger", "name": "req", "direction": "in", "authLevel": "anonymous"},
    {"type": "http", "name": "$return", "direction": "out"},
]


def test_every_top_folder_with_a_function_json_is_a_function_and_no_other(app: SampleApp) -> None:
    """Azure/azure-functions-host, HostFunctionMetadataProvider.cs."""
    app.http("first")
    app.http("second-one_2")
    app.write("shared/__init__.py", "")
    app.write("shared/nested/function.json", "{}")
    assert [(function.name, function.load_error) for function in app.host().functions] == [
        ("first", None),
        ("second-one_2", None),
    ]


@pytest.mark.parametrize("name", ["1st", "_x", "a.b", "host", "x" * 129])
def test_a_folder_whose_name_is_no_function_name_is_not_known(app: SampleApp, name: str) -> None:
    """Azure/azure-functions-host, Utility.cs (IsValidFunctionName)."""
    app.http(name, route="here")
    host = app.host()
    assert host.functions[0].load_error is not None
    assert ask(host, "GET", "/here").status == 404


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("import no_such_module\n", "no_such_module"),
        ("def other(req):\n    pass\n", "main"),
        ("def main(request):\n    pass\n", "request"),
        ("def main(req, more):\n    pass\n", "more"),
        ("def main(req: int):\n    pass\n", "int"),
        ("def main(:\n", "SyntaxError"),
        (
            "import typing\nimport azure.functions as func\n\n"
            "def main(req: func.HttpRequest) -> typing.Optional[func.HttpResponse]:\n    pass\n",
            "return",
        ),
    ],
)
def test_a_function_that_does_not_load_answers_500_for_ever(app: SampleApp, code: str, part: str) -> None:
    """Azure/azure-functions-host, GrpcWorkerChannel.cs (_functionLoadErrors); the app itself starts."""
    app.http("broken", code)
    app.http("sound")
    host = app.host()
    broken, sound = host.functions
    assert broken.load_error is not None
    assert part in broken.load_error
    assert sound.load_error is None
    for _ in range(2):
        response = ask(host, "GET", "/broken")
        assert (response.status, response.body) == (500, b"")
    assert ask(host, "GET", "/sound").status == 200


def test_the_load_error_of_a_missing_module_is_one_short_line(app: SampleApp) -> None:
    """The library adds a page of advice and the import path to it."""
    app.http("broken", "import no_such_module_y\n")
    assert app.host().functions[0].load_error == "ModuleNotFoundError: No module named 'no_such_module_y'"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"bindings": []}',
        '{"bindings": [{"type": "http", "name": "$return", "direction": "out"}]}',
        '{"bindings": [{"name": "req"}]}',
        '{"bindings": [{"type": "httpTrigger", "name": "req", "direction": "up"}]}',
    ],
)
def test_a_function_json_that_makes_no_sense_keeps_the_function_unknown(app: SampleApp, text: str) -> None:
    """Azure/azure-functions-host, HostFunctionMetadataProvider.cs: such a function is in error and has no route."""
    app.write("broken/function.json", text)
    app.write("broken/__init__.py", ECHO)
    host = app.host()
    assert host.functions[0].index_error is not None
    assert ask(host, "GET", "/broken").status == 404


def test_a_missing_app_setting_keeps_the_function_unknown(app: SampleApp) -> None:
    """Microsoft Learn, Azure Functions binding expression patterns, app settings."""
    app.http("greet", route="%HOST_TEST_NOT_SET%")
    host = app.host()
    assert host.functions[0].load_error == "%HOST_TEST_NOT_SET% does not resolve to a value: there is no such app setting"


def test_script_file_and_entry_point_name_the_code(app: SampleApp) -> None:
    """Microsoft Learn, Azure Functions Python developer guide, Alternative entry point."""
    app.function("custom", ECHO.replace("def main", "def answer"), HTTP_BINDINGS, scriptFile="door.py", entryPoint="answer")
    assert echoed(app.host(), "GET", "/custom")["method"] == "GET"


def test_a_disabled_function_is_not_found(app: SampleApp) -> None:
    """Microsoft Learn, How to disable functions in Azure Functions; FunctionInvocationMiddleware.cs answers 404."""
    app.http("off", top={"disabled": True})
    app.http("setting")
    host = app.host({"AzureWebJobs.setting.Disabled": "true"})
    assert ask(host, "GET", "/off").status == 404
    assert ask(host, "GET", "/setting").status == 404


def test_a_sync_decorator_around_an_async_main_fails_at_each_call(app: SampleApp) -> None:
    """Azure/azure-functions-python-worker: a function is async if main itself is; a coroutine is no response."""
    code = """
import functools
import azure.functions as func

def logged(main):
    @functools.wraps(main)
    def wrapper(req):
        coroutine = main(req)
        coroutine.close()
        return coroutine
    return wrapper

@logged
async def main(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("never")
"""
    app.http("wrapped", code)
    host = app.host()
    assert host.functions[0].load_error is None
    assert ask(host, "GET", "/wrapped").status == 500


def test_functions_import_from_the_apps_root_as_the_tests_do(app: SampleApp) -> None:
    """Microsoft Learn, Azure Functions Python developer guide, Import behavior: absolute imports give one module object."""
    app.write("host_sample_package/__init__.py", "calls = []\n")
    code = """
from azure.functions import HttpResponse
from host_sample_package import calls

def main(req):
    calls.append(1)
    return HttpResponse(str(len(calls)))
"""
    app.http("counts", code)
    host = app.host()
    assert ask(host, "GET", "/counts").body == b"1"
    assert sys.modules["host_sample_package"].calls == [1]
    del sys.modules["host_sample_package"]


def test_the_app_directory_comes_last_on_the_import_path(app: SampleApp) -> None:
    """Azure/azure-functions-python-worker, dependency.py: a dependency of the same name goes first."""
    host = app.host()
    assert sys.path[-1] == str(host.app_directory)
    host.close()
    assert str(host.app_directory) not in sys.path


def test_two_apps_with_a_function_of_the_same_name_do_not_mix(tmp_path: Path) -> None:
    """The worker's library keeps one registry and one package for the whole process."""
    hosts = []
    for directory in ("a", "b"):
        sample = SampleApp(tmp_path / directory)
        sample.answering("same", f"func.HttpResponse('{directory}')")
        hosts.append(sample.host())
    assert [ask(host, "GET", "/same").body for host in hosts] == [b"a", b"b"]
    for host in hosts:
        host.close()


def test_settings_are_environment_variables_until_the_host_is_closed(app: SampleApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Microsoft Learn, Azure Functions Python developer guide, Environment variables."""
    monkeypatch.setenv("HOST_TEST_PRESENT", "before")
    monkeypatch.delenv("HOST_TEST_ABSENT", raising=False)
    app.answering("env", "func.HttpResponse(__import__('os').environ['HOST_TEST_ABSENT'])")
    with app.host({"HOST_TEST_PRESENT": "during", "HOST_TEST_ABSENT": "here"}) as host:
        assert os.environ["HOST_TEST_PRESENT"] == "during"
        assert ask(host, "GET", "/env").body == b"here"
    assert os.environ["HOST_TEST_PRESENT"] == "before"
    assert "HOST_TEST_ABSENT" not in os.environ


def test_an_app_without_a_host_json_of_version_2_is_refused(app: SampleApp) -> None:
    """Microsoft Learn, host.json reference, version."""
    app.write("host.json", "{}")
    with pytest.raises(ValueError, match="version"):
        FunctionsHost(app.directory)
    (app.directory / "host.json").unlink()
    with pytest.raises(FileNotFoundError):
        FunctionsHost(app.directory)
