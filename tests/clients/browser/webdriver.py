"""A small W3C WebDriver client (https://www.w3.org/TR/webdriver2/): as much as walking a sign-in page needs."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import requests

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    """One session of a headless Chromium, through chromedriver."""

    def __init__(self, session_url: str, http: requests.Session) -> None:
        self._url = session_url
        self._http = http

    def _call(self, method: str, path: str, body: object = None) -> Any:
        answer = self._http.request(method, f"{self._url}{path}", json=body if method == "POST" else None, timeout=60)
        value = answer.json()["value"]
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {value['error']}: {value['message'].splitlines()[0]}")
        return value

    def open(self, url: str) -> None:
        """Go to a page and wait until it has loaded."""
        self._call("POST", "/url", {"url": url})

    @property
    def address(self) -> str:
        """The address of the page that is shown."""
        return str(self._call("GET", "/url"))

    @property
    def title(self) -> str:
        """The title of the page that is shown."""
        return str(self._call("GET", "/title"))

    def _find(self, selector: str) -> str:
        return str(self._call("POST", "/element", {"using": "css selector", "value": selector})[_ELEMENT])

    def text(self, selector: str) -> str:
        """What an element shows."""
        return str(self._call("GET", f"/element/{self._find(selector)}/text"))

    def fill(self, selector: str, text: str) -> None:
        """Type into a field that is emptied first."""
        element = self._find(selector)
        self._call("POST", f"/element/{element}/clear", {})
        self._call("POST", f"/element/{element}/value", {"text": text})

    def click(self, selector: str) -> None:
        """Click an element."""
        self._call("POST", f"/element/{self._find(selector)}/click", {})

    def wait_for(self, condition: Callable[[], bool], seconds: float = 15) -> None:
        """Return as soon as `condition` holds; TimeoutError when it does not in time."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"the page is still {self.address}")
            time.sleep(0.05)

    def run(self, script: str, *arguments: object) -> Any:
        """Run an asynchronous script in the page; it gives its result to its last argument."""
        return self._call("POST", "/execute/async", {"script": script, "args": list(arguments)})


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A browser with no cookies that accepts the emulator's certificate. RuntimeError when Chromium is not installed."""
    driver = shutil.which("chromedriver")
    if driver is None:
        raise RuntimeError("chromedriver is not installed; run.sh installs it")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen([driver, f"--port={port}", "--log-level=SEVERE"], stdout=subprocess.DEVNULL)
    http = requests.Session()
    http.trust_env = False
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(http, base)
        arguments = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        wanted = {"browserName": "chrome", "acceptInsecureCerts": True, "goog:chromeOptions": {"args": arguments}}
        answer = http.post(f"{base}/session", json={"capabilities": {"alwaysMatch": wanted}}, timeout=60).json()["value"]
        if "sessionId" not in answer:
            raise RuntimeError(f"no session: {answer}")
        session = f"{base}/session/{answer['sessionId']}"
        try:
            yield Browser(session, http)
        finally:
            http.delete(session, timeout=30)
    finally:
        process.terminate()
        process.wait(10)
        http.close()


def _wait_until_up(http: requests.Session, base: str) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with contextlib.suppress(requests.ConnectionError):
            if http.get(f"{base}/status", timeout=5).json()["value"]["ready"]:
                return
        time.sleep(0.05)
    raise TimeoutError("chromedriver does not answer")
