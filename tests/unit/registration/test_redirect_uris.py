"""Redirect URIs: RFC 7591 section 5, RFC 8252, RFC 9700, and Entra's own limits."""

import pytest

from shared.errors import InvalidRedirectUri
from shared.registration.policy import Policy
from shared.registration.redirect_uris import RedirectUri, UriKind, read_redirect_uri, read_redirect_uris, read_stored_uri

ANY = Policy()


@pytest.mark.duty(7)
@pytest.mark.parametrize(
    ("text", "kind", "host"),
    [
        ("https://a.example", UriKind.HTTPS, "a.example"),
        ("https://A.Example/Callback?x=1&y=%20", UriKind.HTTPS, "a.example"),
        ("HTTPS://a.example/", UriKind.HTTPS, "a.example"),
        ("https://a.example:8443/cb", UriKind.HTTPS, "a.example"),
        ("https://xn--bcher-kva.example/cb", UriKind.HTTPS, "xn--bcher-kva.example"),
        ("http://localhost/cb", UriKind.LOOPBACK, "localhost"),
        ("http://LOCALHOST:3000/cb", UriKind.LOOPBACK, "localhost"),
        ("http://127.0.0.1:33418/", UriKind.LOOPBACK, "127.0.0.1"),
        ("https://localhost:8443/cb", UriKind.HTTPS, "localhost"),
        ("com.example.app:/cb", UriKind.PRIVATE, ""),
        ("com.example.app://host/cb", UriKind.PRIVATE, ""),
        ("msauth.com.example.app://auth", UriKind.PRIVATE, ""),
    ],
)
def test_takes_https_loopback_and_private_use_schemes(text: str, kind: UriKind, host: str) -> None:
    uri = read_redirect_uri(text, ANY)
    assert uri == RedirectUri(text, kind, host)
    assert uri.is_local is (host in ("localhost", "127.0.0.1"))


def refused(text: str, policy: Policy = ANY) -> str:
    with pytest.raises(InvalidRedirectUri) as caught:
        read_redirect_uri(text, policy)
    assert caught.value.description.startswith("redirect_uris")
    return caught.value.description


@pytest.mark.duty(7)
@pytest.mark.parametrize(
    "text",
    [
        "http://a.example/cb",
        "http://127.0.0.2/cb",
        "http://127.1/cb",
        "http://0.0.0.0/cb",
        "http://2130706433/cb",
        "http://0x7f.0.0.1/cb",
        "http://localhost.evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://localhost./cb",
        "http://evil.example:80/localhost",
    ],
)
def test_rejects_http_elsewhere_than_on_the_loopback_interface(text: str) -> None:
    assert "http" in refused(text) or "host" in refused(text)


@pytest.mark.duty(8)
@pytest.mark.parametrize(
    "text", ["https://a.example/cb#x", "https://a.example/#", "com.example.app:/cb#x", "https://a.example#@b.example"]
)
def test_rejects_a_redirect_uri_with_a_fragment(text: str) -> None:
    assert "fragment" in refused(text)


@pytest.mark.duty(9)
@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert%281%29",
        "JavaScript:alert%281%29",
        "data:text/html/x",
        "vbscript:x",
        "blob:https://a.example/1",
        "file:///etc/passwd",
        "about:blank",
        "ftp://a.example/",
        "ws://a.example/",
        "wss://a.example/",
        "view-source:https://a.example/",
        "intent://a.example/",
        "filesystem:https://a.example/x",
        "chrome-extension://abc/",
        "mailto:a@b.example",
        "chrome://settings",
        "content://a.example/1",
        "jar:https://a.example/x",
        "moz-extension://abc/",
        "resource://a",
        "sms:1",
        "tel:1",
    ],
)
def test_rejects_a_scheme_that_does_something_else_than_call_back(text: str) -> None:
    allowing = Policy(undotted_schemes=frozenset({"javascript", "data", "file"}))
    assert "never a client's own" in refused(text, allowing)


@pytest.mark.duty(10)
def test_rejects_a_private_use_scheme_without_a_dot() -> None:
    assert "reverse domain name" in refused("myapp://cb")
    assert "reverse domain name" in refused("urn:ietf:wg:oauth:2.0:oob")


@pytest.mark.duty(10)
def test_a_policy_may_name_schemes_without_a_dot() -> None:
    policy = Policy(undotted_schemes=frozenset({"myapp"}))
    assert read_redirect_uri("myapp://cb", policy) == RedirectUri("myapp://cb", UriKind.PRIVATE, "")
    assert read_redirect_uri("MyApp://cb", policy).kind is UriKind.PRIVATE
    assert "reverse domain name" in refused("other://cb", policy)


def test_a_policy_may_refuse_private_use_schemes_and_keep_the_ones_it_names() -> None:
    policy = Policy(private_schemes=False, undotted_schemes=frozenset({"com.example.app"}))
    assert read_redirect_uri("com.example.app:/cb", policy).kind is UriKind.PRIVATE
    assert "private-use scheme, which is not allowed" in refused("com.example.other:/cb", policy)


@pytest.mark.duty(11)
@pytest.mark.parametrize("text", ["https://*.a.example/cb", "https://a.example/*", "http://localhost:*/cb", "com.example.*:/cb"])
def test_rejects_a_wildcard(text: str) -> None:
    assert "wildcard" in refused(text)


@pytest.mark.duty(154)
@pytest.mark.parametrize(
    "text",
    [
        "http://localhost@evil.example/cb",
        "https://user:password@a.example/cb",
        "https://@a.example/cb",
        "https://a.example\\@evil.example/cb",
        "https:\\\\a.example/cb",
        "https://a.example/cb\n",
        "https://a.example/\x00",
        "https://a.example/\x7f",
        " https://a.example/cb",
        "https://a.example/c b",
        "https://bücher.example/cb",
        "https://a.example/ü",
        "https://аpple.example/",
        "https://a.example/%zz",
        "https://a.example/%2",
        "https://a.example:99999/cb",
        "https://a.example:/cb",
        "https://a.example:0/cb",
        "https://a.example:x/cb",
        "https://a_b.example/cb",
        "https://-a.example/cb",
        "https://a..example/cb",
        "https://.example/cb",
        "https://" + "a" * 64 + ".example/cb",
        "https://[::1/cb",
        "https://[zz]/cb",
        "https:///cb",
        "https:/a.example/cb",
        "https:a.example/cb",
        "https:",
        "http:",
        "//a.example/cb",
        "/cb",
        "cb",
        "",
        "https://a.example/<script>",
        'https://a.example/"',
        "https://a.example/{x}",
        "https://a.example/^`|",
    ],
)
def test_rejects_text_that_two_parsers_may_read_differently(text: str) -> None:
    assert refused(text)


@pytest.mark.parametrize("char", list("!$'(),;"))
def test_rejects_characters_that_entra_does_not_take(char: str) -> None:
    assert "Entra" in refused(f"https://a.example/{char}")


def test_tells_that_entra_does_not_take_the_ipv6_loopback() -> None:
    assert "127.0.0.1" in refused("http://[::1]:8080/cb")
    assert "127.0.0.1" in refused("https://[::1]/cb")


@pytest.mark.parametrize("text", ["/cb", "cb", "//a.example/cb"])
def test_says_that_a_scheme_is_missing(text: str) -> None:
    assert "without a scheme" in refused(text)


def test_takes_256_characters_and_no_more() -> None:
    stem = "https://a.example/"
    assert read_redirect_uri(stem + "x" * (256 - len(stem)), ANY)
    assert "longer than 256" in refused(stem + "x" * (257 - len(stem)))


def test_a_message_does_not_repeat_the_uri() -> None:
    assert "evil.example" not in refused("http://localhost@evil.example/cb")


def test_a_policy_may_name_the_hosts() -> None:
    policy = Policy(redirect_hosts=("a.example", ".b.example"))
    assert read_redirect_uri("https://a.example/cb", policy)
    assert read_redirect_uri("https://A.EXAMPLE/cb", policy)
    assert read_redirect_uri("https://x.y.b.example/cb", policy)
    assert read_redirect_uri("http://localhost/cb", policy)
    for text in ("https://b.example/", "https://x.a.example/", "https://evila.example/", "https://evilb.example/"):
        assert "host that is not allowed" in refused(text, policy)


def test_a_policy_may_refuse_the_loopback_interface() -> None:
    policy = Policy(loopback=False)
    for text in ("http://localhost/cb", "http://127.0.0.1/cb", "https://localhost/cb"):
        assert "loopback" in refused(text, policy)


def test_no_uri_is_registered_twice() -> None:
    sent = (
        "https://a.example",
        "https://a.example/",
        "https://a.example/cb",
        "https://a.example/cb/",
        "https://a.example/CB",
        "https://a.example/cb",
        "com.example.app:/",
        "com.example.app:/cb",
        "com.example.app:/",
        "com.example.app://host",
        "com.example.app://host/",
    )
    kept = [uri.text for uri in read_redirect_uris(sent, ANY)]
    assert kept == [
        "https://a.example",
        "https://a.example/cb",
        "https://a.example/cb/",
        "https://a.example/CB",
        "com.example.app:/",
        "com.example.app:/cb",
        "com.example.app://host",
        "com.example.app://host/",
    ]


def test_a_policy_limits_the_number() -> None:
    policy = Policy(most_redirect_uris=2)
    assert len(read_redirect_uris(("https://a.example/1", "https://a.example/2", "https://a.example/1"), policy)) == 2
    with pytest.raises(InvalidRedirectUri) as caught:
        read_redirect_uris(("https://a.example/1", "https://a.example/2", "https://a.example/3"), policy)
    assert "more than 2" in caught.value.description


@pytest.mark.parametrize(
    ("text", "kind", "host"),
    [
        ("https://*.a.example/cb", UriKind.HTTPS, "*.a.example"),
        ("HTTP://Localhost:80/cb", UriKind.LOOPBACK, "localhost"),
        ("https://a.example", UriKind.HTTPS, "a.example"),
        ("urn:ietf:wg:oauth:2.0:oob", UriKind.PRIVATE, ""),
        ("odd", UriKind.PRIVATE, ""),
    ],
)
def test_shows_what_an_administrator_put_there_as_it_stands(text: str, kind: UriKind, host: str) -> None:
    assert read_stored_uri(text) == RedirectUri(text, kind, host)
