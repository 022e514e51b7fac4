"""The HTTP session towards Microsoft: pooled, without redirects and cookies, trusting just the configured certificates."""

from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter

# As many connections as the worker has threads at its documented setting (PYTHON_THREADPOOL_THREAD_COUNT=32).
POOL_SIZE = 32


class DirectorySession(requests.Session):
    """A session for Graph and the token service.

    `verify` is a CA bundle's path, True for the machine's certificates, or False to skip validation. It is passed with each
    request, since requests lets REQUESTS_CA_BUNDLE override what is only set on the session. Proxies of the environment are used.
    `timeout` (seconds) is for callers that name none, as MSAL does.
    """

    def __init__(self, verify: str | bool, timeout: float = 5) -> None:
        super().__init__()
        self._verify = verify
        self._timeout = timeout
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Retries are the client's decision, since not every request may be repeated.
        self.mount("https://", HTTPAdapter(pool_connections=4, pool_maxsize=POOL_SIZE, max_retries=0))

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """As `requests.Session.request`, with our certificates; a redirect is an answer, not followed with a token."""
        if self._verify is not True:
            kwargs["verify"] = self._verify
        kwargs["allow_redirects"] = False
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout
        return super().request(method, url, *args, **kwargs)
