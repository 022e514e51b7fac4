"""The form of an introspection request. RFC 7662 section 2.1, RFC 6749 section 3.2."""

from urllib.parse import unquote_to_bytes

from shared.errors import InvalidRequest

MAX_BODY = 32 * 1024  # bytes
MAX_PARAMETERS = 32
FORM = "application/x-www-form-urlencoded"
# Those that mean something here; RFC 6749 section 3.2 forbids repeating them. Unknown ones are ignored.
PARAMETERS = frozenset({b"token", b"token_type_hint", b"client_id", b"client_secret"})


def decode_form_text(text: bytes) -> bytes:
    """`text` with its form encoding undone: plus signs and percent escapes."""
    return unquote_to_bytes(text.replace(b"+", b" ")) if b"%" in text or b"+" in text else text


def read_form(body: bytes) -> dict[bytes, bytes]:
    """The known parameters of a form body; one without a value counts as omitted. Raises InvalidRequest for a repeated one."""
    if body.count(b"&") >= MAX_PARAMETERS:
        raise InvalidRequest("the request has too many parameters")
    form: dict[bytes, bytes] = {}
    for pair in body.split(b"&"):
        name, _, value = pair.partition(b"=")
        name = decode_form_text(name)
        if name not in PARAMETERS or not value:
            continue
        if name in form:
            raise InvalidRequest(f"the parameter {name.decode('ascii')} is repeated")
        form[name] = decode_form_text(value)
    return form
