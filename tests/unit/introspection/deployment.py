"""Introspection set up as the tests need it: configurations by name, requests as callers send them."""

from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import Executor, Future
from copy import replace
from hashlib import sha256
from typing import Any
from urllib.parse import quote_plus

from shared.http.documents import DocumentReader
from shared.http.message import Request
from shared.introspection.callers import FORM
from shared.introspection.configuration import (
    ApplicationKeys,
    Caller,
    IntrospectionConfiguration,
    IntrospectionOptions,
    SecretCaller,
    TrustedTenant,
)
from shared.introspection.endpoint import Introspection
from tests.unit.introspection.authority import API, CUSTOM_KEY_APPLICATION, ORIGIN, SECOND_TENANT, TENANT, Authority
from tests.unit.introspection.tokens import CLIENT

GATEWAY = "gateway"
SECRET = "correct-horse-battery-staple"  # a made-up secret of these tests
AUDIENCES = frozenset({API, f"api://{API}", CUSTOM_KEY_APPLICATION})
NOW = 1_795_341_600.5


class InlineExecutor(Executor):
    """Runs each task at once in the caller's thread, so that tests need neither threads nor waiting."""

    def submit(self, task: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(task(*args, **kwargs))
        return future


def secret_caller(caller: Caller, *secrets: str) -> SecretCaller:
    """A caller with the SHA-256 of `secrets`."""
    return SecretCaller(caller, tuple(sha256(secret.encode()).digest() for secret in secrets or (SECRET,)))


def configuration(settings: str = "default", origin: str = ORIGIN) -> IntrospectionConfiguration:
    """The configuration that the corpus calls `settings`: default, graph
    (Graph's tokens are taken), strict (clients, tenants, lifetime).
    """
    caller = Caller(GATEWAY, AUDIENCES)
    options = IntrospectionOptions()
    if settings == "graph":
        options = replace(options, graph_clients=frozenset({CLIENT}))
    if settings == "strict":
        caller = replace(caller, clients=frozenset({CLIENT}), tenants=frozenset({TENANT}))
        options = replace(options, max_lifetime=7200)
    application = ApplicationKeys(CUSTOM_KEY_APPLICATION, frozenset({CUSTOM_KEY_APPLICATION, f"api://{CUSTOM_KEY_APPLICATION}"}))
    return IntrospectionConfiguration(
        tenants=(TrustedTenant(TENANT, origin, applications=(application,)), TrustedTenant(SECOND_TENANT, origin)),
        callers=(secret_caller(caller),),
        options=options,
    )


def introspection(configured: IntrospectionConfiguration | None = None, read: DocumentReader | None = None) -> Introspection:
    """The use case over an authority in memory, with fetches that end before they are waited for."""
    return Introspection(configured or configuration(), read or Authority(), executor=InlineExecutor())


def basic(client_id: str = GATEWAY, secret: str = SECRET) -> str:
    """An Authorization header with credentials as they stand."""
    return "Basic " + b64encode(f"{client_id}:{secret}".encode()).decode()


def introspect_request(
    token: str | None = None, *, authorization: str | None = "", body: str | None = None, **headers: str
) -> Request:
    """POST /introspect as a gateway sends it; `body` replaces the form, an empty `authorization` means the gateway's own."""
    sent = {"content-type": FORM, **{name.replace("_", "-"): value for name, value in headers.items()}}
    if authorization is not None:
        sent["authorization"] = authorization or basic()
    form = body if body is not None else f"token={quote_plus(token)}" if token is not None else ""
    return Request("POST", "/introspect", sent, body=form.encode("utf-8", "surrogatepass"))
