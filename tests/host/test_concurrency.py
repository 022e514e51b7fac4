"""How many calls run at once: sync functions in the worker's thread pool, async ones on the event loop.

Microsoft Learn, "Improve throughput performance of Python apps in Azure Functions"; PYTHON_THREADPOOL_THREAD_COUNT.
"""

import asyncio
import threading

from local.host.app import FunctionsHost
from tests.host.sample_app import SampleApp, ask

MEETING = """
import threading
import azure.functions as func

meeting = threading.Barrier(4)

def main(req: func.HttpRequest) -> func.HttpResponse:
    meeting.wait(30)
    return func.HttpResponse(str(threading.get_ident()))
"""

ASYNC_MEETING = """
import asyncio
import threading
import azure.functions as func

meeting = asyncio.Barrier(20)

async def main(req: func.HttpRequest) -> func.HttpResponse:
    async with asyncio.timeout(30):
        await meeting.wait()
    return func.HttpResponse(str(threading.get_ident()))
"""


async def call_many(host: FunctionsHost, target: str, times: int) -> list[str]:
    """The bodies of so many calls made at once, all of which must succeed."""
    responses = await asyncio.gather(*(host.request("GET", target) for _ in range(times)))
    assert {response.status for response in responses} == {200}
    return [response.body.decode() for response in responses]


def test_sync_functions_run_at_once_in_as_many_threads_as_the_setting_says(app: SampleApp) -> None:
    app.http("meet", MEETING)
    host = app.host({"PYTHON_THREADPOOL_THREAD_COUNT": "4"})
    threads = asyncio.run(call_many(host, "/meet", 8))
    assert len(set(threads)) == 4
    assert str(threading.get_ident()) not in threads


def test_with_one_thread_sync_functions_take_turns(app: SampleApp) -> None:
    app.answering("thread", "func.HttpResponse(str(__import__('threading').get_ident()))")
    host = app.host({"PYTHON_THREADPOOL_THREAD_COUNT": "1"})
    assert len(set(asyncio.run(call_many(host, "/thread", 8)))) == 1


def test_async_functions_share_the_event_loop(app: SampleApp) -> None:
    app.http("meet", ASYNC_MEETING)
    host = app.host({"PYTHON_THREADPOOL_THREAD_COUNT": "1"})
    assert set(asyncio.run(call_many(host, "/meet", 20))) == {str(threading.get_ident())}


def test_a_sync_function_that_waits_does_not_hold_up_others(app: SampleApp) -> None:
    code = """
import threading
import azure.functions as func

release = threading.Event()

def main(req: func.HttpRequest) -> func.HttpResponse:
    if "release" in req.params:
        release.set()
    return func.HttpResponse(str(release.wait(30)))
"""
    app.http("wait", code)
    host = app.host({"PYTHON_THREADPOOL_THREAD_COUNT": "2"})

    async def both() -> list[bytes]:
        waiting = asyncio.create_task(host.request("GET", "/wait"))
        releasing = await host.request("GET", "/wait?release=1")
        return [(await waiting).body, releasing.body]

    assert asyncio.run(both()) == [b"True", b"True"]


def test_a_host_can_be_made_inside_a_running_loop(app: SampleApp) -> None:
    app.answering("plain", "func.HttpResponse('x')")

    async def inside() -> bytes:
        return (await app.host().request("GET", "/plain")).body

    assert asyncio.run(inside()) == b"x"
    assert ask(app.host(), "GET", "/plain").status == 200
