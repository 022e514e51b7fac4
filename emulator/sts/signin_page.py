"""The pages that a person sees: sign-in, device code, and errors. Plain HTML, so that any browser or script can walk them."""

from collections.abc import Sequence
from html import escape

from emulator.message import Response

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px sans-serif;max-width:26em;margin:4em auto;padding:0 1em}}label{{display:block;margin:.6em 0}}
input{{width:100%;padding:.4em;box-sizing:border-box}}button{{padding:.5em 1.5em}}.error{{color:#a00}}</style></head>
<body><h1>{title}</h1>{content}<hr><small>Entra emulator. Not a Microsoft page.</small></body></html>
"""
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store, no-cache",
    "X-Frame-Options": "DENY",
}


def page(title: str, content: str, status: int = 200) -> Response:
    """A page whose `content` is HTML already."""
    return Response(status, _PAGE.format(title=escape(title), content=content).encode(), dict(_HEADERS))


def sign_in_page(
    action: str, request_id: str, application: str, hint: str = "", error: str = "", scopes: Sequence[str] = ()
) -> Response:
    """The form for user name and password. `request_id` names the authorization request that is under way."""
    wanted = f'<p>which wants <span id="scopes">{escape(" ".join(scopes))}</span></p>' if scopes else ""
    problem = f'<p class="error" id="error">{escape(error)}</p>' if error else ""
    form = (
        f'<p>to continue to <strong id="application">{escape(application)}</strong></p>{wanted}{problem}'
        f'<form method="post" action="{escape(action)}"><input type="hidden" name="request" value="{escape(request_id)}">'
        f'<label>User name<input name="username" autocomplete="username" value="{escape(hint)}"></label>'
        '<label>Password<input name="password" type="password" autocomplete="current-password"></label>'
        '<button id="sign-in" type="submit">Sign in</button> '
        '<button id="cancel" type="submit" name="cancel" value="1">Cancel</button></form>'
    )
    return page("Sign in", form)


def consent_page(action: str, request_id: str, application: str, scopes: Sequence[str]) -> Response:
    """The dialog for a user who is signed in."""
    listed = "".join(f"<li>{escape(scope)}</li>" for scope in scopes)
    form = (
        f'<p><strong id="application">{escape(application)}</strong> wants to</p><ul id="scopes">{listed}</ul>'
        f'<form method="post" action="{escape(action)}"><input type="hidden" name="request" value="{escape(request_id)}">'
        '<button id="accept" type="submit" name="accept" value="1">Accept</button> '
        '<button id="cancel" type="submit" name="cancel" value="1">Cancel</button></form>'
    )
    return page("Permissions requested", form)


def device_page(action: str, user_code: str = "", error: str = "") -> Response:
    """The form for a device's user code, with the sign-in in one."""
    problem = f'<p class="error" id="error">{escape(error)}</p>' if error else ""
    form = (
        f'{problem}<form method="post" action="{escape(action)}">'
        f'<label>Code<input name="user_code" value="{escape(user_code)}"></label>'
        '<label>User name<input name="username"></label><label>Password<input name="password" type="password"></label>'
        '<button id="sign-in" type="submit">Approve</button> '
        '<button id="cancel" type="submit" name="cancel" value="1">Decline</button></form>'
    )
    return page("Enter code", form)


def message_page(title: str, text: str, status: int = 200) -> Response:
    """A page with one sentence."""
    return page(title, f'<p id="message">{escape(text)}</p>', status)
