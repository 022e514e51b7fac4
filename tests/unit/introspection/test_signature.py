"""Signatures at the edges of RSASSA-PKCS1-v1_5: lengths, ranges, paddings and DigestInfo forms, made by hand.

RFC 8017 sections 8.2.2 and 9.2. Each forged block is signed with the private key itself, so that only the form is wrong.
"""

from hashlib import sha256, sha512

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from shared.introspection.jws import encode_segment, verify_signature
from shared.introspection.reasons import Reason, Refused
from tests.unit.introspection.authority import rsa_key

MESSAGE = b"header.payload"
DIGEST = sha256(MESSAGE).digest()
KEY = rsa_key("current")
NUMBERS = KEY.private_numbers()
MODULUS = NUMBERS.public_numbers.n
SIZE = 256
# DigestInfo of SHA-256, RFC 8017 section 9.2 note 1.
PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


def block(inner: bytes, *, head: bytes = b"\x00\x01", fill: bytes = b"\xff", end: bytes = b"\x00") -> bytes:
    """An encoded message of 256 bytes with `inner` at its end."""
    return head + fill * (SIZE - len(head) - len(end) - len(inner)) + end + inner


def raw_sign(encoded: bytes) -> bytes:
    """The RSA private operation on an encoded message, whatever its form."""
    return pow(int.from_bytes(encoded, "big"), NUMBERS.d, MODULUS).to_bytes(SIZE, "big")


def outcome(signature: bytes, digest: bytes = DIGEST) -> Reason | None:
    """Why the signature is refused; None when it is taken."""
    try:
        verify_signature(KEY.public_key(), SIZE, digest, encode_segment(signature))
    except Refused as refused:
        return refused.reason
    return None


def test_takes_the_one_right_form() -> None:
    """The block that RFC 8017 section 9.2 prescribes, and the library's own signature, are the same."""
    right = raw_sign(block(PREFIX + DIGEST))
    assert right == KEY.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    assert outcome(right) is None


FORGED = {
    "a digest of another message": block(PREFIX + sha256(b"x").digest()),
    "a digest without DigestInfo": block(DIGEST),
    "DigestInfo without NULL parameters": block(bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20" + DIGEST),
    "DigestInfo with a long-form length": block(bytes.fromhex("308131300d060960864801650304020105000420") + DIGEST),
    "DigestInfo with an indefinite length": block(bytes.fromhex("3080300d060960864801650304020105000420") + DIGEST + b"\x00\x00"),
    "DigestInfo of SHA-1": block(bytes.fromhex("3021300906052b0e03021a05000414") + DIGEST[:20]),
    "DigestInfo of SHA-512": block(bytes.fromhex("3051300d060960864801650304020305000440") + sha512(MESSAGE).digest()),
    "DigestInfo of SHA-384, digest filled up": block(
        bytes.fromhex("3041300d060960864801650304020205000430") + DIGEST + b"\x00" * 16
    ),
    "a changed byte in the algorithm": block(PREFIX[:-6] + bytes([PREFIX[-6] ^ 1]) + PREFIX[-5:] + DIGEST),
    "bytes after the digest": block(PREFIX + DIGEST + b"\x00"),
    "bytes after the digest with short padding": b"\x00\x01" + b"\xff" * 8 + b"\x00" + PREFIX + DIGEST + b"\x00" * 194,
    "junk hidden in the algorithm's parameters": (
        b"\x00\x01"
        + b"\xff" * 8
        + b"\x00"
        + bytes.fromhex("3081f33081ce0609608648016503040201")
        + b"\x04\x81\xc0"
        + b"j" * 192
        + b"\x04\x20"
        + DIGEST
    )[:256],
    "padding of seven bytes and a shifted block": (b"\x00\x01" + b"\xff" * 7 + b"\x00" + PREFIX + DIGEST).ljust(256, b"\x00"),
    "block type 2": block(PREFIX + DIGEST, head=b"\x00\x02"),
    "block type 0": block(PREFIX + DIGEST, head=b"\x00\x00"),
    "no leading zero": block(PREFIX + DIGEST, head=b"\x01"),
    "padding of zeros": block(PREFIX + DIGEST, fill=b"\x00"),
    "padding of FE": block(PREFIX + DIGEST, fill=b"\xfe"),
    "a zero in the middle of the padding": block(PREFIX + DIGEST)[:100] + b"\x00" + block(PREFIX + DIGEST)[101:],
    "no separator": block(PREFIX + DIGEST, end=b""),
    "a separator of 01": block(PREFIX + DIGEST, end=b"\x01"),
    "a truncated digest": block(PREFIX[:-1] + b"\x1f" + DIGEST[:31]),
    "an empty digest": block(bytes.fromhex("3011300d060960864801650304020105000400")),
    "only padding": b"\x00\x01" + b"\xff" * 254,
    "the digest alone as the number": b"\x00" * 224 + DIGEST,
}


@pytest.mark.duty(108)
@pytest.mark.parametrize("name", FORGED)
def test_refuses_a_signed_block_of_any_other_form(name: str) -> None:
    """RFC 8017 section 8.2.2: the whole block is compared, nothing in it is parsed."""
    assert len(FORGED[name]) == SIZE
    assert int.from_bytes(FORGED[name], "big") < MODULUS
    assert outcome(raw_sign(FORGED[name])) is Reason.SIGNATURE


RIGHT = raw_sign(block(PREFIX + DIGEST))
NUMBER = int.from_bytes(RIGHT, "big")


@pytest.mark.duty(108)
@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        (b"\x00" * 256, Reason.SIGNATURE),
        (b"\x00" * 255 + b"\x01", Reason.SIGNATURE),
        (b"\xff" * 256, Reason.SIGNATURE),
        (MODULUS.to_bytes(256, "big"), Reason.SIGNATURE),
        ((MODULUS - 1).to_bytes(256, "big"), Reason.SIGNATURE),
        ((MODULUS + 1).to_bytes(256, "big"), Reason.SIGNATURE),
        ((MODULUS - NUMBER).to_bytes(256, "big"), Reason.SIGNATURE),
        ((NUMBER + MODULUS).to_bytes(257, "big"), Reason.SIGNATURE_MALFORMED),
        (b"\x00" + RIGHT, Reason.SIGNATURE_MALFORMED),
        (RIGHT + b"\x00", Reason.SIGNATURE_MALFORMED),
        (RIGHT[:-1], Reason.SIGNATURE_MALFORMED),
        (RIGHT[1:], Reason.SIGNATURE_MALFORMED),
        (RIGHT[::-1], Reason.SIGNATURE),
        (RIGHT * 2, Reason.SIGNATURE_MALFORMED),
        (RIGHT[:64], Reason.SIGNATURE_MALFORMED),
        (b"\x30\x82" + RIGHT, Reason.SIGNATURE_MALFORMED),
        (b"\x00", Reason.SIGNATURE_MALFORMED),
    ],
    ids=lambda value: f"{len(value)} bytes" if isinstance(value, bytes) else value.value,
)
def test_refuses_numbers_out_of_range_and_texts_of_another_length(signature: bytes, reason: Reason) -> None:
    """RFC 8017 sections 5.2.2 and 8.2.2 step 1: exactly as long as the modulus, and below it."""
    assert outcome(signature) is reason


def test_refuses_a_probabilistic_signature() -> None:
    """RFC 7518 section 3.5 is another algorithm than section 3.3, with the same keys."""
    for salt in (0, 32, 222):
        signature = KEY.sign(MESSAGE, padding.PSS(padding.MGF1(hashes.SHA256()), salt), hashes.SHA256())
        assert outcome(signature) is Reason.SIGNATURE


@pytest.mark.slow
def test_a_signature_that_begins_with_zeros_is_taken_only_at_full_length() -> None:
    """A number that is short must keep its leading zeros: I2OSP, RFC 8017 section 4.1."""
    for counter in range(4000):
        digest = sha256(f"message {counter}".encode()).digest()
        signature = raw_sign(block(PREFIX + digest))
        if signature[0] == 0:
            assert outcome(signature, digest) is None
            assert outcome(signature.lstrip(b"\x00"), digest) is Reason.SIGNATURE_MALFORMED
            return
    raise AssertionError("no signature with a leading zero in four thousand")


@pytest.mark.parametrize("last", range(1, 16))
def test_refuses_base64url_whose_unused_bits_are_set(last: int) -> None:
    """RFC 4648 section 3.5: sixteen texts decode to the same bytes, one of them is the signature."""
    text = encode_segment(RIGHT)
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    changed = text[:-1] + bytes([alphabet[alphabet.index(text[-1]) + last]])
    with pytest.raises(Refused) as caught:
        verify_signature(KEY.public_key(), SIZE, DIGEST, changed)
    assert caught.value.reason is Reason.SIGNATURE_MALFORMED


@pytest.mark.parametrize("change", ["=", "==", " ", "\n", "%3D", "é", ".", "A", "AA", "AAA"])
def test_refuses_any_character_more(change: str) -> None:
    """RFC 7515 section 2: no padding, no blanks, no line breaks."""
    with pytest.raises(Refused) as caught:
        verify_signature(KEY.public_key(), SIZE, DIGEST, encode_segment(RIGHT) + change.encode())
    assert caught.value.reason is Reason.SIGNATURE_MALFORMED
