"""Redirect URIs at sign-in: which registered one is meant, on which platform, and how the answer travels there."""

from html import escape
from urllib.parse import urlencode, urlsplit

from emulator.directory.record import State
from emulator.graph.redirect_uris import PLATFORMS
from emulator.message import Response


def platform_of(application: State, uri: str, any_port_of_127_0_0_1: bool) -> str | None:
    """The platform on which `uri` is registered ("web", "spa" or "publicClient"); None when it is on none.

    The comparison is exact but for the port of http://localhost (RFC 8252 section 7.3), by assumption that of http://127.0.0.1,
    and the slash of a URI without a path.
    """
    for platform in PLATFORMS:
        registered = (application.get(platform) or {}).get("redirectUris") or ()
        if any(_same(uri, known, any_port_of_127_0_0_1) for known in registered):
            return platform
    return None


def _same(asked: str, known: str, any_port_of_127_0_0_1: bool) -> bool:
    if asked == known:
        return True
    a, b = urlsplit(asked), urlsplit(known)
    if (a.path or "/", a.query) != (b.path or "/", b.query) or a.scheme != b.scheme or a.fragment:
        return False
    if a.scheme == "http" and a.hostname == b.hostname:
        return a.port == b.port or a.hostname == "localhost" or (a.hostname == "127.0.0.1" and any_port_of_127_0_0_1)
    return a.netloc == b.netloc and {a.path, b.path} <= {"", "/"}


def origin_of(uri: str) -> str:
    """The web origin of a redirect URI, as browsers send it in `Origin`."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"


def redirect(uri: str, mode: str, parameters: dict[str, str]) -> Response:
    """Send the browser to `uri` with `parameters`, by `mode`: query, fragment or form_post."""
    if mode == "form_post":
        fields = "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in parameters.items())
        page = f'<html><body onload="document.forms[0].submit()"><form method="post" action="{escape(uri)}">{fields}'
        page += "<noscript><button>Continue</button></noscript></form></body></html>"
        return Response(200, page.encode(), {"Content-Type": "text/html; charset=utf-8"})
    parts = urlsplit(uri)
    if not parts.path and parts.scheme in ("http", "https"):
        parts = parts._replace(path="/")
    if mode == "fragment":
        parts = parts._replace(fragment=urlencode(parameters))
    else:
        parts = parts._replace(query="&".join(filter(None, (parts.query, urlencode(parameters)))))
    return Response(302, b"", {"Location": parts.geturl(), "Cache-Control": "no-store, no-cache"})
