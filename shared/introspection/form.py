"""The form of an introspection request. RFC 7662 section 2.1, RFC 6749 section 3.2."""

from urllib.parse import unquote_to_bytes

from shared.errors import InvalidRequest

MAX_BODY = 32 * 1024  # bytes
MAX_PARAMETERS = 32
FORM = "application/x-www-form-urlencoded"
# Those that mean something here; RFC 6749 section 3.2 forbids repeating them. Unknown ones are ignored.
PARAMETERS = frozenset({b"token", b"token_type_hint", b"client_id", b"client_secret"})
_PERCENT, _PLUS, _AMPERSAND = b"%+&"


def decode_form_text(text: bytes) -> bytes:
    """`text` with its form encoding undone: plus signs and percent escapes."""
    return unquote_to_bytes(text.replace(b"+", b" ")) if _PERCENT in text or _PLUS in text else text


def read_form(body: bytes) -> dict[bytes, bytes]:
    """The known parameters of a form body; one without a value counts as omitted. Raises InvalidRequest for a repeated one."""
    if body.startswith(b"token=") and _AMPERSAND not in body and _PERCENT not in body and _PLUS not in body:
        return {b"token": body[6:]} if len(body) > 6 else {}  # what nearly every gateway sends beside a Basic header
    form: dict[bytes, bytes] = {}
    encoded = _PERCENT in body or _PLUS in body  # a JWT needs no encoding, so most bodies have none
    rest = body
    for _ in range(MAX_PARAMETERS):
        pair, _, rest = rest.partition(b"&")
        name, _, value = pair.partition(b"=")
        if encoded:
            name, value = decode_form_text(name), decode_form_text(value)
        if name in PARAMETERS and value:
            if name in form:
                raise InvalidRequest(f"the parameter {name.decode('ascii')} is repeated")
            form[name] = value
        if not rest:
            return form
    raise InvalidRequest("the request has too many parameters")
