"""The check of an app's directory."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.host.doctor import Finding, examine, main
from local.host.overlap import common_request
from tests.host.sample_app import ECHO, SampleApp


@pytest.fixture
def sound(app: SampleApp) -> SampleApp:
    """An app without a fault."""
    app.http("register", route="register", methods=["post"])
    app.http("client", route="register/{client_id}")
    app.timer("audit", "def main(timer):\n    pass\n", "%HOST_TEST_SCHEDULE%")
    app.write("requirements.txt", "azure-functions==2.3.0 \\\n    --hash=sha256:00\nazure-functions-runtime-v1==1.2.0\n")
    app.write(".funcignore", "tests\n**/__pycache__\n__pycache__\n")
    app.write("shared/rules.py", "import logging\n\nlogger = logging.getLogger('bridge.rules')\n")
    return app


SETTINGS = {"HOST_TEST_SCHEDULE": "0 0 3 * * *"}


def found(app: SampleApp) -> list[str]:
    """The findings as texts."""
    return [str(finding) for finding in examine(app.directory, SETTINGS)]


def test_a_sound_app_has_no_findings(sound: SampleApp) -> None:
    assert found(sound) == []


def test_a_missing_setting_is_found(sound: SampleApp) -> None:
    assert examine(sound.directory, {}) == [
        Finding("audit/function.json", "%HOST_TEST_SCHEDULE% does not resolve to a value: there is no such app setting")
    ]


def test_a_host_json_that_cannot_be_read_is_found(sound: SampleApp) -> None:
    sound.write("host.json", "{")
    assert found(sound)[0].startswith("host.json: ")


def test_an_app_without_functions_is_found(app: SampleApp) -> None:
    assert "host.json: there is no function beside it" in found(app)


def test_bindings_that_do_not_fit_main_are_found(sound: SampleApp) -> None:
    sound.http("wrong", "def main(request):\n    pass\n")
    [finding] = found(sound)
    assert finding.startswith("wrong/__init__.py: does not load: ")
    assert "request" in finding


def test_a_sync_decorator_around_an_async_main_is_found(sound: SampleApp) -> None:
    code = """
import functools

def logged(main):
    @functools.wraps(main)
    def wrapper(req):
        return main(req)
    return wrapper

@logged
async def main(req):
    return None
"""
    sound.http("wrapped", code)
    assert found(sound) == [
        "wrapped/__init__.py: a sync decorator around an async main: the worker would get a coroutine for a response"
    ]


def test_routes_that_overlap_are_found(sound: SampleApp) -> None:
    sound.http("initial", route="register/initial", methods=["get", "put"])
    assert found(sound) == ["initial/function.json: GET /register/initial is a route of client too"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a/{x}", "a/b", "GET /a/b"),
        ("a/{x:int}", "a/b", None),
        ("a/{x:int}", "a/{y:alpha}", None),
        ("a/{x:int}", "a/{y}", "GET /a/1"),
        ("{*all}", "a/b", "GET /a/b"),
        ("a/{x?}", "a", "GET /a"),
        ("a", "A", "GET /a"),
        ("a/b", "a/c", None),
        ("a/{x}/c", "a/b/{y}", "GET /a/b/c"),
        ("a/{x}", "a/b/{y}", None),
    ],
)
def test_which_routes_overlap(app: SampleApp, first: str, second: str, expected: str | None) -> None:
    app.http("one", route=first)
    app.http("two", route=second)
    one, two = app.host().routes.routes
    assert common_request(one, two) == expected


def test_routes_of_different_methods_do_not_overlap(sound: SampleApp) -> None:
    sound.http("listing", route="register", methods=["get"])
    assert found(sound) == []


@pytest.mark.parametrize(
    ("trigger", "problem"),
    [
        ({"rout": "x"}, "binding req: the property 'rout' is not known"),
        ({"authLevel": "none"}, "authLevel is one of admin, anonymous, function"),
        ({"methods": []}, "methods is a list of HTTP methods, at least one; without it, all are meant"),
        ({"methods": ["gett"]}, "methods is a list of HTTP methods, at least one; without it, all are meant"),
        ({"direction": "out"}, "the trigger's direction is not 'in'"),
    ],
)
def test_a_trigger_that_says_nothing_or_nonsense_is_found(sound: SampleApp, trigger: dict[str, Any], problem: str) -> None:
    sound.http("odd", **trigger)
    assert f"odd/function.json: {problem}" in found(sound)


def test_unknown_properties_and_bindings_are_found(sound: SampleApp) -> None:
    sound.http("odd", top={"entrypoint": "main"})
    sound.function("queued", "def main(item):\n    pass\n", [{"type": "queueTrigger", "name": "item", "direction": "in"}])
    assert found(sound) == [
        "odd/function.json: the property 'entrypoint' is not known",
        "queued/function.json: binding item: this check does not know the type 'queueTrigger'",
    ]


def test_a_function_that_cannot_answer_is_found(sound: SampleApp) -> None:
    sound.function("mute", "def main(req):\n    pass\n", [{"type": "httpTrigger", "name": "req", "direction": "in"}])
    assert found(sound) == ["mute/function.json: there is no 'http' binding of direction 'out': the function cannot answer"]


NOT_PINNED = "azure-functions-runtime-v1 is not pinned: the platform would choose the code that executes the functions"
WORKER = "azure-functions-worker belongs to the platform"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("azure-functions-runtime-v1==1.2.0\n", "azure-functions is missing"),
        ("azure-functions==2.3.0\n", NOT_PINNED),
        ("azure_functions==2.3.0\nazure-functions-runtime-v1>=1\n", NOT_PINNED),
        ("azure-functions==2.3.0\nAzure.Functions.Runtime.V1==1.2.0\nazure-functions-worker==4\n", WORKER),
    ],
)
def test_requirements_that_leave_the_runtime_open_are_found(sound: SampleApp, text: str, problem: str) -> None:
    sound.write("requirements.txt", text)
    assert found(sound) == [f"requirements.txt: {problem}"]


def test_missing_requirements_are_found(sound: SampleApp) -> None:
    (sound.directory / "requirements.txt").unlink()
    assert found(sound) == ["requirements.txt: is missing: Core Tools do not publish without it"]


def test_a_function_app_py_is_found(sound: SampleApp) -> None:
    sound.write("function_app.py", "")
    assert found(sound) == ["function_app.py: a file of this name makes it an app of the v2 programming model"]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("from . import other\n", "a relative import: write it from the app's root"),
        ("from ..x import y\n", "a relative import: write it from the app's root"),
        ("from __app__.shared import y\n", "an import from __app__: write it from the app's root"),
        ("import __app__.shared\n", "an import of __app__: write it from the app's root"),
        (
            "from logging import getLogger\ngetLogger('azure.functions.mine')\n",
            "the logger azure.functions.mine belongs to the platform: nobody would see its records",
        ),
        ("def\n", "is not Python"),
    ],
)
def test_source_that_breaks_a_rule_is_found_with_its_line(sound: SampleApp, source: str, problem: str) -> None:
    sound.write("shared/other.py", source)
    assert found(sound) == [f"shared/other.py:{len(source.splitlines())}: {problem}"]


def test_what_should_not_be_deployed_is_found(sound: SampleApp) -> None:
    sound.write("shared/tests/test_x.py", "from . import anything\n")
    sound.write(".cache/x", "")
    assert found(sound) == [".funcignore: .cache would be deployed", ".funcignore: shared/tests would be deployed"]


def test_a_missing_funcignore_is_found(sound: SampleApp) -> None:
    (sound.directory / ".funcignore").unlink()
    assert found(sound) == [".funcignore: is missing: everything would be deployed"]


def test_the_command_prints_findings_and_reads_local_settings(sound: SampleApp, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--app", str(sound.directory)]
    assert main(arguments) == 1
    assert "HOST_TEST_SCHEDULE" in capsys.readouterr().out
    sound.write("local.settings.json", json.dumps({"Values": SETTINGS}))
    assert main(arguments) == 0
    assert capsys.readouterr().out == ""


def test_the_sample_code_of_these_tests_keeps_the_rules(tmp_path: Path) -> None:
    app = SampleApp(tmp_path)
    app.http("echo", ECHO)
    assert not [finding for finding in examine(tmp_path, {}) if finding.file.startswith("echo")]
