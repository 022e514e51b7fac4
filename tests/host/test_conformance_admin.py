"""Conformance to the host: its own paths."""

import asyncio
import json
import sys

from local.host.keys import HostKeys
from tests.host.sample_app import SampleApp, ask

RECORDING = """
import azure.functions as func

runs = []

def main(timer: func.TimerRequest) -> None:
    runs.append(timer.past_due)
"""


def test_ping_answers_to_anyone(app: SampleApp) -> None:
    """Azure/azure-functions-host, HostController.cs: GET and POST, no key."""
    host = app.host(keys=HostKeys(master="m"))
    assert ask(host, "GET", "/admin/host/ping").status == 200
    assert ask(host, "POST", "/admin/host/ping").status == 200


def test_status_says_that_the_host_runs(app: SampleApp) -> None:
    """Azure/azure-functions-host, HostController.cs (GetHostStatus)."""
    status = json.loads(ask(app.host(), "GET", "/admin/host/status").body)
    assert status["state"] == "Running"
    assert status["version"] == "1.2.0"


def test_the_admin_paths_ask_for_the_master_key(app: SampleApp) -> None:
    """Azure/azure-functions-host, HostController.cs and FunctionsController.cs: policy AdminAuthLevel."""
    app.timer("tick", RECORDING)
    host = app.host(keys=HostKeys(master="m", host="h"))
    assert ask(host, "GET", "/admin/host/status").status == 401
    assert ask(host, "GET", "/admin/host/status", {"x-functions-key": "h"}).status == 401
    assert ask(host, "GET", "/admin/host/status", {"x-functions-key": "m"}).status == 200
    assert ask(host, "POST", "/admin/functions/tick", {}, b'{"input": ""}').status == 401


def test_a_timer_is_run_by_hand(app: SampleApp) -> None:
    """Microsoft Learn, Manually run a non HTTP-triggered function: POST with an input, answered 202 before it ran."""
    app.timer("tick", RECORDING)
    host = app.host()

    async def run() -> int:
        response = await host.request("POST", "/admin/functions/Tick", {"Content-Type": "application/json"}, b'{"input": ""}')
        await host.drain()
        return response.status

    assert asyncio.run(run()) == 202
    assert sys.modules["__app__.tick"].runs == [False]


def test_running_by_hand_needs_a_known_function_and_a_json_object(app: SampleApp) -> None:
    """Azure/azure-functions-host, FunctionsController.cs (Invoke)."""
    app.timer("tick", RECORDING)
    host = app.host()
    assert ask(host, "POST", "/admin/functions/other", {}, b'{"input": ""}').status == 404
    assert ask(host, "POST", "/admin/functions/tick").status == 400
    assert ask(host, "POST", "/admin/functions/tick", {}, b"not json").status == 400


def test_the_root_shows_a_home_page_unless_a_setting_or_a_function_takes_it(app: SampleApp) -> None:
    """Azure/azure-functions-host, HomepageMiddleware.cs."""
    page = ask(app.host(), "GET", "/")
    assert (page.status, page.header("Content-Type")) == (200, "text/html")
    assert ask(app.host({"AzureWebJobsDisableHomepage": "true"}), "GET", "/").status == 204
    app.answering("root", "func.HttpResponse('mine')", route="{*rest}")
    assert ask(app.host(), "GET", "/").body == b"mine"
