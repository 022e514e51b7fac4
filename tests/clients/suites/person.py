"""A person with a browser at Entra's sign-in page. As a script it is what BROWSER names: `person.py URL`, with the file that
describes the place in the variable PLACE."""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

# A client may name its page before it listens for the answer; people take longer than that, this one asks again.
PATIENT = Retry(connect=8, read=0, backoff_factor=0.1)


def sign_in(place: dict[str, Any], url: str) -> None:
    """Open the page, fill it in, and go where Entra sends the browser: to the client that listens there."""
    with requests.Session() as session:
        session.verify, session.trust_env = place["ca"], False  # REQUESTS_CA_BUNDLE would win
        session.mount("http://", HTTPAdapter(max_retries=PATIENT))
        page = session.get(url, allow_redirects=False, timeout=30)
        if page.status_code == 200:
            action, request = (re.search(f'{name}="([^"]+)"', page.text) for name in ("action", 'name="request" value'))
            assert action is not None, page.text
            assert request is not None, page.text
            form = {"request": request[1], "username": place["user"][0], "password": place["user"][1]}
            page = session.post(urljoin(url, action[1]), data=form, allow_redirects=False, timeout=30)
        assert page.status_code == 302, page.text
        session.get(page.headers["Location"], timeout=30).raise_for_status()


if __name__ == "__main__":
    sign_in(json.loads(Path(os.environ["PLACE"]).read_text("utf-8")), sys.argv[1])
