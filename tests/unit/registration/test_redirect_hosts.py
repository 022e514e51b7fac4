"""Hosts of redirect URIs, judged by what a resolver makes of them, and by who redeems codes there."""

from typing import Any

import pytest

from shared.errors import InvalidRedirectUri
from shared.registration.policy import Policy
from shared.registration.redirect_uris import read_redirect_uri

ANY = Policy()


def refused(text: str, policy: Policy = ANY) -> str:
    with pytest.raises(InvalidRedirectUri) as caught:
        read_redirect_uri(text, policy)
    assert caught.value.description.startswith("redirect_uris")
    return caught.value.description


@pytest.mark.parametrize("host", ["192.0.2.1", "10.0.0.5", "169.254.169.254", "[2001:db8::1]", "[fe80::1]"])
def test_an_ip_address_is_a_host_only_where_the_policy_names_it(host: str) -> None:
    text = f"https://{host}:8443/cb"
    assert "IP address" in refused(text)
    assert "IP address" in refused(text, Policy(redirect_hosts=(".example",)))
    assert read_redirect_uri(text, Policy(redirect_hosts=(".example", host))).host == host


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.01",
        "127.0.0.256",
        "0x",
        "3221225985",
        "192.0.2",
        "a.127.1",
        "0",
        "1.2.3.4.5",
        "[::1",
        "[foo]",
        "[::1].a.example",
        "[v1.x]",
        "[fe80::1%25eth0]",
    ],
)
def test_a_number_that_only_resolvers_understand_is_no_host(host: str) -> None:
    """Each resolver, and each client, reads these its own way; a browser turns 2130706433 into 127.0.0.1."""
    for scheme in ("http", "https"):
        refused(f"{scheme}://{host}/cb", Policy(redirect_hosts=(host, ".a.example")))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.2",
        "127.255.255.254",
        "0.0.0.0",
        "localhost",
        "foo.localhost",
        "a.b.LOCALHOST",
        "localhost.localdomain",
        "ip6-localhost",
        "localhost6",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[::]",
        "[64:ff9b::7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.2]",
        "127.0.0.1.nip.io",
        "app.127.0.0.1.nip.io",
        "app-127-0-0-1.sslip.io",
        "127-0-0-2.a.example",
        "0-0-0-0.sslip.io",
        "7f000001.nip.io",
        "app-7F000002.nip.io",
        "0--1.sslip.io",
        "localhost6.localdomain6",
        "lvh.me",
        "app.localtest.me",
    ],
)
def test_a_policy_that_refuses_the_loopback_interface_knows_its_other_names(host: str) -> None:
    """RFC 6761 section 6.3, RFC 4291 section 2.5.5, RFC 6052; what a resolver makes of a host counts."""
    policy = Policy(loopback=False, redirect_hosts=(host.lower(), ".nip.io", ".sslip.io", ".example"))
    assert "loopback" in refused(f"https://{host}/cb", policy)
    assert refused(f"http://{host}/cb", policy)


@pytest.mark.parametrize("host", ["localhost.", "foo.localhost.", "a.example.", "127.0.0.1.", "%6cocalhost", "a.example%2e"])
def test_a_host_that_resolvers_read_as_another_text_is_refused(host: str) -> None:
    for scheme in ("http", "https"):
        assert "host name" in refused(f"{scheme}://{host}/cb")


@pytest.mark.parametrize(
    "host",
    [
        "localhosts.example",
        "notlocalhost",
        "a127.example",
        "127.example",
        "128.0.0.1.nip.io",
        "7f.example",
        "7f000001.example",
        "notlvh.me",
    ],
)
def test_a_host_that_only_resembles_the_loopback_interface_is_taken(host: str) -> None:
    assert read_redirect_uri(f"https://{host}/cb", Policy(loopback=False)).host == host


@pytest.mark.parametrize(
    ("public_https", "text", "at_server"),
    [
        ("by_host", "https://claude.ai/api/mcp/auth_callback", True),
        ("by_host", "https://CHATGPT.com/connector/oauth/x", True),
        ("by_host", "https://evil.claude.ai/", False),
        ("by_host", "https://claude.ai.evil.example/", False),
        ("by_host", "https://app.example.com/cb", False),
        ("by_host", "https://localhost/cb", False),
        ("native", "https://app.example.com/cb", True),
        ("native", "http://localhost/cb", False),
        ("native", "com.example.app:/cb", False),
        ("spa", "https://claude.ai/api/mcp/auth_callback", False),
    ],
)
def test_a_policy_says_where_a_server_redeems_codes(public_https: Any, text: str, at_server: bool) -> None:
    assert read_redirect_uri(text, Policy(public_https=public_https)).at_server is at_server
