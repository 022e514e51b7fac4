"""Tokens made from descriptions: the corpus is data, and this is its reader.

A case names a template and what differs from it: `header` and `claims` are merged in, `without` removes
members, `key` and `algorithm` sign, `header_text`, `payload_text` and `payload_bytes` replace the JSON,
`signature_*` the signature, and `edit` changes the finished text.
"""

import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from shared.introspection.jws import decode_segment, encode_segment
from tests.unit.introspection.authority import (
    API,
    CONSUMER_TENANT,
    CUSTOM_KEY_APPLICATION,
    ORIGIN,
    SECOND_TENANT,
    TENANT,
    UNTRUSTED_TENANT,
    ec_key,
    rsa_key,
)

CLIENT = "0d9e8f7a-2222-4333-8444-a55566677788"
OTHER_CLIENT = "1e9e8f7a-2222-4333-8444-a55566677799"
Case = dict[str, Any]

_CORPUS = json.loads(Path(__file__).with_name("corpus.json").read_text("utf-8"))
CASES: list[Case] = _CORPUS["cases"]
_TEMPLATES: dict[str, Case] = _CORPUS["templates"]


def fill(value: Any, now: float, origin: str = ORIGIN) -> Any:
    """`value` with its placeholders and times filled in; {"now": 60} is a minute
    after `now`, a JSON integer unless `as` says else.
    """
    if isinstance(value, str):
        for name, text in (
            ("$origin", origin),
            ("$tenant", TENANT),
            ("$second_tenant", SECOND_TENANT),
            ("$untrusted_tenant", UNTRUSTED_TENANT),
            ("$consumer_tenant", CONSUMER_TENANT),
            ("$custom_key_application", CUSTOM_KEY_APPLICATION),
            ("$client", CLIENT),
            ("$other_client", OTHER_CLIENT),
            ("$api", API),
        ):
            value = value.replace(name, text)
        return value
    if isinstance(value, list):
        return [fill(item, now, origin) for item in value]
    if isinstance(value, dict):
        if "now" in value:
            moment = int(now) + value["now"]
            return {"text": str(moment), "fraction": moment + 0.5}.get(value.get("as", ""), moment)
        return {name: fill(item, now, origin) for name, item in value.items()}
    return value


def _without(members: dict[str, Any], kind: str, case: Case) -> dict[str, Any]:
    gone = {path.partition(".")[2] for path in case.get("without", ()) if path.startswith(kind + ".")}
    return {name: value for name, value in members.items() if name not in gone}


def parts_of(case: Case, now: float, origin: str = ORIGIN) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a case."""
    template = _TEMPLATES[case.get("template", "v2_app")]
    header = _without({**template["header"], **case.get("header", {})}, "header", case)
    claims = _without({**template["claims"], **case.get("claims", {})}, "claims", case)
    filled_header: dict[str, Any] = fill(header, now, origin)
    filled_claims: dict[str, Any] = fill(claims, now, origin)
    return filled_header, filled_claims


def _json(value: Any, spaced: bool) -> str:
    return (
        json.dumps(value, ensure_ascii=False, indent=1)
        if spaced
        else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    )


def sign(text: bytes, algorithm: str, key: rsa.RSAPrivateKey) -> bytes:
    """The signature of `text` by a JWS algorithm name."""
    if algorithm == "ES256":
        pair: tuple[int, int] = utils.decode_dss_signature(ec_key("elliptic").sign(text, ec.ECDSA(hashes.SHA256())))
        return b"".join(number.to_bytes(32, "big") for number in pair)
    if algorithm == "HS256-PEM":
        pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return hmac.digest(pem, text, "sha256")
    if algorithm == "HS256-N":
        return hmac.digest(key.public_key().public_numbers().n.to_bytes(256, "big"), text, "sha256")
    if algorithm == "PS256":
        return key.sign(text, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    digests: Mapping[str, hashes.HashAlgorithm] = {"RS256": hashes.SHA256(), "RS384": hashes.SHA384(), "RS512": hashes.SHA512()}
    signature: bytes = key.sign(text, padding.PKCS1v15(), digests[algorithm])
    return signature


def _nonce_replaced(header: str, nonce: str, kind: str) -> str:
    hashed = encode_segment(sha256(nonce.encode()).digest()).decode()
    return header.replace(nonce, {"hashed": hashed, "another": "another-nonce"}[kind])


def _signature(case: Case, signed: bytes, key: rsa.RSAPrivateKey, now: float, origin: str) -> bytes:
    if "signature_of" in case:
        other = make_token({**case["signature_of"], "key": case.get("key", "current")}, now, origin)
        return decode_segment(other.encode().rpartition(b".")[2])
    signature = sign(signed, case.get("algorithm", "RS256"), key)
    change = case.get("signature_bytes", {})
    modulus: int = key.public_key().public_numbers().n
    if "repeat" in change:
        return bytes.fromhex(change["repeat"][0]) * int(change["repeat"][1])
    if "number" in change:
        return int(change["number"]).to_bytes(256, "big")
    if "modulus" in change:
        return (modulus + int(change["modulus"])).to_bytes(256, "big")
    if "plus_modulus" in change:
        return (int.from_bytes(signature, "big") + modulus).to_bytes(257, "big")
    signature = bytes.fromhex(change.get("prepend", "")) + signature + bytes.fromhex(change.get("append", ""))
    return signature[: len(signature) - change.get("drop", 0)]


def _edited(token: str, edit: dict[str, Any]) -> str:
    segments = token.split(".")
    if "prepend_text" in edit:
        return str(edit["prepend_text"]) + token
    if "append_text" in edit:
        return token + str(edit["append_text"])
    if "drop_segment" in edit:
        del segments[edit["drop_segment"]]
    if "segment" in edit:
        segments[edit["segment"][0]] = edit["segment"][1]
    if "append_to" in edit:
        segments[edit["append_to"][0]] += edit["append_to"][1]
    if "flip_bit" in edit:
        index, bit = edit["flip_bit"]
        content = bytearray(decode_segment(segments[index].encode()))
        content[bit // 8] ^= 1 << bit % 8
        segments[index] = encode_segment(bytes(content)).decode()
    if "swap_claim" in edit:
        old, new = (text.encode() for text in edit["swap_claim"])
        segments[1] = encode_segment(decode_segment(segments[1].encode()).replace(old, new)).decode()
    if "reheader" in edit:
        header = json.loads(decode_segment(segments[0].encode()))
        segments[0] = encode_segment(_json({**header, **edit["reheader"]}, False).encode()).decode()
    if "plain_base64" in edit:
        segments[2] = segments[2].replace("-", "+").replace("_", "/")
        if "+" not in segments[2] and "/" not in segments[2]:
            segments[2] = "+" + segments[2][1:]
    if "uncanonical" in edit:
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        segments[2] = segments[2][:-1] + alphabet[alphabet.index(segments[2][-1]) + 1]
    return ".".join(segments)


def make_token(case: Case, now: float, origin: str = ORIGIN) -> str:
    """The token that `case` describes, at `now`, for an authority at `origin`."""
    if "token" in case:
        return str(case["token"])
    header, claims = parts_of(case, now, origin)
    header_text = case.get("header_text") or _json(header, case.get("spaced", False))
    inner = _json(claims, False)[1:-1]
    payload = (
        case.get("payload_text", _json(claims, case.get("spaced", False)))
        .replace("%claims%", inner)
        .encode("utf-8", "surrogatepass")
    )
    if "payload_bytes" in case:
        payload = bytes.fromhex(case["payload_bytes"])
    signing_header, shown_header = header_text, header_text
    if case.get("nonce_rule"):
        signing_header = _nonce_replaced(header_text, header["nonce"], "hashed")
        if "nonce_shown" in case:
            shown_header = _nonce_replaced(header_text, header["nonce"], case["nonce_shown"])
    body = b"." + encode_segment(payload)
    key = rsa_key(case.get("key", "current"))
    signature = _signature(case, encode_segment(signing_header.encode()) + body, key, now, origin)
    token = (encode_segment(shown_header.encode()) + body + b"." + encode_segment(signature)).decode()
    for edit in case.get("edit", ()):
        token = _edited(token, edit)
    return token
