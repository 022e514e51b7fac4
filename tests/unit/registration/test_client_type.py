"""Kinds of client, platforms, authentication methods, and the rules that join them with redirect URIs."""

from dataclasses import replace

import pytest

from shared.errors import InvalidClientMetadata, InvalidRedirectUri
from shared.registration.client_type import (
    ClientType,
    Platform,
    check_redirects,
    choose_application_type,
    choose_auth_method,
    classify_client,
    platform_of,
)
from shared.registration.policy import DEVICE_CODE, GRANT_TYPES, Policy
from shared.registration.redirect_uris import RedirectUri, read_redirect_uri

ANY = Policy(grant_types=GRANT_TYPES)
CODE = ("authorization_code",)
HTTPS = "https://a.example/cb"
LOOPBACK = "http://localhost:3000/cb"
PRIVATE = "com.example.app:/cb"


SERVER = "https://claude.ai/api/mcp/auth_callback"


def uris(*texts: str) -> tuple[RedirectUri, ...]:
    return tuple(read_redirect_uri(text, ANY) for text in texts)


@pytest.mark.duty(29)
def test_an_omitted_application_type_is_web() -> None:
    assert choose_application_type(None) == "web"


@pytest.mark.duty(29)
@pytest.mark.parametrize("known", ["web", "native", "browser", "backend_to_backend", "service"])
def test_takes_the_types_that_callers_send(known: str) -> None:
    assert choose_application_type(known) == known


@pytest.mark.duty(29)
@pytest.mark.parametrize("unknown", ["Web", "spa", "machine"])
def test_refuses_an_unknown_application_type(unknown: str) -> None:
    with pytest.raises(InvalidClientMetadata) as caught:
        choose_application_type(unknown)
    assert caught.value.description.startswith("application_type")


@pytest.mark.parametrize(
    ("application_type", "method", "grants", "texts", "expected"),
    [
        ("web", "client_secret_basic", CODE, (HTTPS,), ClientType.WEB),
        ("native", "client_secret_post", CODE, (LOOPBACK,), ClientType.WEB),
        ("web", "private_key_jwt", ("client_credentials",), (), ClientType.SERVICE),
        ("backend_to_backend", "client_secret_basic", ("client_credentials",), (HTTPS,), ClientType.SERVICE),
        ("browser", "none", CODE, (HTTPS,), ClientType.SINGLE_PAGE),
        ("browser", "none", CODE, (LOOPBACK,), ClientType.SINGLE_PAGE),
        ("web", "none", CODE, (HTTPS,), ClientType.SINGLE_PAGE),
        ("web", "none", CODE, (HTTPS, LOOPBACK), ClientType.SINGLE_PAGE),
        ("web", "none", CODE, (LOOPBACK,), ClientType.NATIVE),
        ("web", "none", CODE, (SERVER,), ClientType.NATIVE),
        ("web", "none", CODE, (SERVER, LOOPBACK), ClientType.NATIVE),
        ("web", "none", CODE, (SERVER, HTTPS), ClientType.SINGLE_PAGE),
        ("web", "none", CODE, (HTTPS, LOOPBACK, PRIVATE), ClientType.NATIVE),
        ("web", "client_secret_post", CODE, (SERVER,), ClientType.WEB),
        ("web", "none", CODE, (PRIVATE,), ClientType.NATIVE),
        ("web", "none", CODE, ("https://localhost/cb",), ClientType.SINGLE_PAGE),
        ("native", "none", CODE, (HTTPS,), ClientType.NATIVE),
        ("web", "none", (DEVICE_CODE,), (), ClientType.NATIVE),
        ("native", "none", (DEVICE_CODE,), (), ClientType.NATIVE),
    ],
)
def test_the_type_follows_from_everything_a_client_says(
    application_type: str, method: str, grants: tuple[str, ...], texts: tuple[str, ...], expected: ClientType
) -> None:
    assert classify_client(application_type, method, grants, uris(*texts)) is expected


@pytest.mark.duty(32)
@pytest.mark.parametrize(
    ("text", "client_type", "platform"),
    [
        (HTTPS, ClientType.WEB, Platform.WEB),
        (LOOPBACK, ClientType.WEB, Platform.WEB),
        (HTTPS, ClientType.SERVICE, Platform.WEB),
        (HTTPS, ClientType.SINGLE_PAGE, Platform.SINGLE_PAGE),
        (LOOPBACK, ClientType.SINGLE_PAGE, Platform.SINGLE_PAGE),
        (PRIVATE, ClientType.SINGLE_PAGE, Platform.NATIVE),
        (HTTPS, ClientType.NATIVE, Platform.NATIVE),
        (LOOPBACK, ClientType.NATIVE, Platform.NATIVE),
        (PRIVATE, ClientType.NATIVE, Platform.NATIVE),
    ],
)
def test_each_uri_goes_to_its_platform(text: str, client_type: ClientType, platform: Platform) -> None:
    assert platform_of(read_redirect_uri(text, ANY), client_type) is platform


def test_platforms_have_the_names_that_graph_gives_them() -> None:
    assert [platform.value for platform in Platform] == ["web", "spa", "publicClient"]


@pytest.mark.duty(12)
@pytest.mark.parametrize("application_type", ["web", "native", "service", "backend_to_backend"])
def test_an_omitted_method_is_client_secret_basic(application_type: str) -> None:
    assert choose_auth_method(None, application_type, CODE, uris(HTTPS), ANY) == "client_secret_basic"
    assert choose_auth_method(None, application_type, CODE, uris(LOOPBACK), ANY) == "client_secret_basic"


@pytest.mark.duty(12)
def test_an_omitted_method_is_none_where_a_secret_is_no_use() -> None:
    assert choose_auth_method(None, "browser", CODE, uris(HTTPS), ANY) == "none"
    assert choose_auth_method(None, "native", CODE, uris(PRIVATE), ANY) == "none"
    assert choose_auth_method(None, "native", CODE, uris(HTTPS, PRIVATE), ANY) == "none"
    assert choose_auth_method(None, "web", CODE, uris(PRIVATE), ANY) == "client_secret_basic"


def test_an_omitted_method_is_none_for_software_on_a_device_where_such_clients_are_shared() -> None:
    shared = replace(ANY, share_public_clients="localhost")
    assert choose_auth_method(None, "web", CODE, uris(LOOPBACK), shared) == "none"
    assert choose_auth_method(None, "web", CODE, uris(LOOPBACK, HTTPS), shared) == "client_secret_basic"
    assert choose_auth_method(None, "web", (), (), shared) == "client_secret_basic"
    assert choose_auth_method("client_secret_post", "web", CODE, uris(LOOPBACK), shared) == "client_secret_post"
    assert choose_auth_method(None, "native", ("client_credentials",), (), ANY) == "client_secret_basic"
    assert choose_auth_method(None, "native", (*CODE, "client_credentials"), uris(PRIVATE), ANY) == "client_secret_basic"


@pytest.mark.duty(20)
@pytest.mark.parametrize("method", ["client_secret_jwt", "tls_client_auth", "self_signed_tls_client_auth", "NONE", "bearer"])
def test_a_method_that_entra_does_not_know_is_refused(method: str) -> None:
    with pytest.raises(InvalidClientMetadata) as caught:
        choose_auth_method(method, "web", CODE, uris(HTTPS), ANY)
    assert "client_secret_basic, client_secret_post, none, private_key_jwt" in caught.value.description


@pytest.mark.duty(20)
def test_a_policy_may_leave_methods_out() -> None:
    policy = Policy(auth_methods=frozenset({"private_key_jwt"}))
    assert choose_auth_method("private_key_jwt", "web", CODE, uris(HTTPS), policy) == "private_key_jwt"
    for method in (None, "none"):
        with pytest.raises(InvalidClientMetadata) as caught:
            choose_auth_method(method, "web", CODE, uris(HTTPS), policy)
        assert caught.value.description.endswith("allowed here: private_key_jwt")


@pytest.mark.duty(12)
@pytest.mark.parametrize(
    ("allowed", "has_keys", "method"),
    [
        ({"client_secret_post", "private_key_jwt", "none"}, True, "client_secret_post"),
        ({"private_key_jwt", "none"}, True, "private_key_jwt"),
        ({"private_key_jwt", "none"}, False, "none"),
        ({"none"}, True, "none"),
        ({"client_secret_basic", "client_secret_post", "private_key_jwt"}, True, "client_secret_basic"),
    ],
)
def test_where_the_default_method_is_not_allowed_another_one_is_chosen(allowed: set[str], has_keys: bool, method: str) -> None:
    policy = Policy(auth_methods=frozenset(allowed))
    assert choose_auth_method(None, "web", CODE, uris(HTTPS), policy, has_keys=has_keys) == method


def test_none_is_not_chosen_for_a_grant_that_needs_a_credential() -> None:
    policy = Policy(auth_methods=frozenset({"private_key_jwt", "none"}))
    with pytest.raises(InvalidClientMetadata) as caught:
        choose_auth_method(None, "web", ("client_credentials",), (), policy)
    assert caught.value.description.endswith("allowed here: none, private_key_jwt")


def test_client_credentials_needs_a_credential() -> None:
    for application_type in ("web", "native", "browser"):
        with pytest.raises(InvalidClientMetadata) as caught:
            choose_auth_method("none", application_type, ("client_credentials",), (), ANY)
        assert "client_credentials" in caught.value.description


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "private_key_jwt"])
def test_a_client_in_a_browser_keeps_no_credential(method: str) -> None:
    with pytest.raises(InvalidClientMetadata) as caught:
        choose_auth_method(method, "browser", CODE, uris(HTTPS), ANY)
    assert "browser" in caught.value.description


def check(application_type: str, method: str, grants: tuple[str, ...], *texts: str, policy: Policy = ANY) -> None:
    found = uris(*texts)
    check_redirects(application_type, classify_client(application_type, method, grants, found), grants, found, policy)


@pytest.mark.duty(6)
@pytest.mark.parametrize("grants", [CODE, ("implicit",), ("client_credentials", "authorization_code")])
def test_a_redirect_grant_needs_a_redirect_uri(grants: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRedirectUri) as caught:
        check("web", "client_secret_basic", grants)
    assert caught.value.description.startswith("redirect_uris is missing")


@pytest.mark.duty(6)
def test_other_grants_need_no_redirect_uri() -> None:
    check("web", "client_secret_basic", ("client_credentials",))
    check("native", "none", (DEVICE_CODE,))


@pytest.mark.parametrize("grants", [CODE, ("client_credentials",)])
def test_a_client_with_a_secret_has_no_private_use_scheme(grants: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRedirectUri) as caught:
        check("web", "client_secret_basic", grants, HTTPS, PRIVATE)
    assert "token_endpoint_auth_method none" in caught.value.description


@pytest.mark.duty(30)
@pytest.mark.parametrize("text", [LOOPBACK, "http://127.0.0.1/cb", "https://localhost/cb"])
def test_a_web_client_with_the_implicit_grant_has_no_local_uri(text: str) -> None:
    check("web", "client_secret_basic", ("implicit",), HTTPS)
    with pytest.raises(InvalidRedirectUri) as caught:
        check("web", "client_secret_basic", ("implicit",), HTTPS, text)
    assert "implicit" in caught.value.description
    check("web", "client_secret_basic", CODE, HTTPS, text)
    check("browser", "none", ("implicit",), text)


@pytest.mark.duty(30)
def test_a_public_web_client_with_the_implicit_grant_has_no_private_use_scheme() -> None:
    with pytest.raises(InvalidRedirectUri):
        check("web", "none", ("implicit",), PRIVATE)


@pytest.mark.duty(31)
def test_native_clients_have_custom_schemes_and_loopback_uris() -> None:
    check("native", "none", CODE, LOOPBACK, PRIVATE, policy=Policy(native_https=False))


@pytest.mark.duty(31)
def test_https_for_native_clients_is_up_to_the_policy() -> None:
    check("native", "none", CODE, HTTPS)
    check("web", "none", CODE, HTTPS, policy=Policy(native_https=False))
    with pytest.raises(InvalidRedirectUri) as caught:
        check("native", "none", CODE, LOOPBACK, HTTPS, policy=Policy(native_https=False))
    assert "native" in caught.value.description
