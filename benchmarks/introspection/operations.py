"""One introspection in one process, from the form to the bytes of the answer,
beside the one operation that it can't do without.
"""

import statistics
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from benchmarks.introspection.material import AUTHORIZATION, FORM, ISSUER, Material, make_introspection
from benchmarks.introspection.servers.pyjwt_answer import PyJwtAnswer
from shared.http.message import Request
from shared.introspection.jws import MAX_TOKEN, decode_segment, encode_segment

Round = Callable[[], None]
HEADERS = {"authorization": AUTHORIZATION, "content-type": FORM}


def medians(
    operations: dict[str, Round], count: int, rounds: int, prepare: Callable[[], None] = lambda: None
) -> dict[str, list[float]]:
    """Microseconds for one of the `count` operations of a call, for each round; the operations take turns within a round.

    `prepare` is called before each round and isn't measured.
    """
    times: dict[str, list[float]] = {name: [] for name in operations}
    for _ in range(rounds):
        prepare()
        for name, operation in operations.items():
            begun = time.perf_counter()
            operation()
            times[name].append((time.perf_counter() - begun) / count * 1e6)
    return times


def ratio(times: dict[str, list[float]], name: str, base: str) -> float:
    """The median over the rounds of one operation's time by another's in the same round."""
    return statistics.median(one / other for one, other in zip(times[name], times[base], strict=True))


def _posts(tokens: list[str]) -> list[Request]:
    return [Request("POST", "/introspect", HEADERS, body=f"token={token}".encode()) for token in tokens]


def hostile_tokens(good: str) -> dict[str, str]:
    """Tokens that a stranger can make up to cost as much as they can: right
    issuer and key, wrong signature, or no form at all.
    """
    header, _, _ = good.split(".")
    size = (MAX_TOKEN - len(header) - 344) * 3 // 4  # bytes of payload that fit

    def unsigned(member: str, filler: str = "x") -> str:
        """The member and the issuer, filled up to the full size with one long claim."""
        start = f'{{{member}"iss":"{ISSUER}","fill":"'.encode()
        payload = start + filler.encode() * ((size - len(start) - 2) // len(filler.encode())) + b'"}'
        return f"{header}.{encode_segment(payload).decode()}.{'A' * 342}"

    def many(text: str, count: int) -> str:
        return ",".join(text.format(number) for number in range(count))

    return {
        "junk": "A" * MAX_TOKEN,
        "dots": "." * MAX_TOKEN,
        "a long header": "A" * (MAX_TOKEN - 400) + ".AAAA.AAAA",
        "a new header each time": "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ." + good.partition(".")[2],
        "one long claim": unsigned(""),
        "text outside ASCII": unsigned("", "é"),
        "text that is dashes in base64url": unsigned("", "\u00fb\u00ef\u00be"),
        "escapes": unsigned("", "\\n"),
        "2,000 claims": unsigned(many('"{0}":1', 1500) + ","),
        "200 claims": unsigned(many('"{0}":1', 200) + ","),
        "5,000 numbers": unsigned('"x":[' + many("{0}", 2000) + "],"),
        "80 objects": unsigned('"x":[' + many("{{}}", 80) + "],"),
        "lists 200 deep": unsigned('"x":' + "[" * 200 + "]" * 200 + ","),
        "a long number": unsigned('"x":0.' + "1" * 5000 + ","),
        "dashes": f"{header}.{'-' * (MAX_TOKEN - 1000)}.{'A' * 342}",
        "a wrong signature": good[:-20] + "A" * 16 + good[-4:],
        "a signature of 8 KB": good.rpartition(".")[0] + "." + "A" * 8192,
    }


def measure_operations(material: Material, rounds: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Times of the operations on good tokens, and of refusing hostile ones; the latter beside good ones of 1.6 and 28 KB."""
    now = time.time()
    count = len(material.tokens)
    numbers = (int.from_bytes(decode_segment(material.jwk[name].encode()), "big") for name in ("e", "n"))
    key, pad, digest = RSAPublicNumbers(*numbers).public_key(), PKCS1v15(), SHA256()
    signed = []
    for token in material.tokens:
        text, _, signature = token.encode().rpartition(b".")
        signed.append((decode_segment(signature), text))
    requests = _posts(material.tokens)
    plain, first, remembering = (make_introspection(material, size) for size in (0, count * 2, count * 2))
    documented, by_hand = (PyJwtAnswer(material, documented=way) for way in (True, False))
    bodies = [request.body for request in requests]

    def bare() -> None:
        for signature, text in signed:
            key.verify(signature, text, pad, digest)

    def handle(introspection: object) -> Round:
        answer = introspection.handle  # type: ignore[attr-defined]

        def run() -> None:
            for request in requests:
                answer(request, now)

        return run

    def by_pyjwt(pyjwt: PyJwtAnswer) -> Round:
        def run() -> None:
            for body in bodies:
                pyjwt.answer(AUTHORIZATION, body)

        return run

    operations = {
        "bare verification": bare,
        "whole, memory off": handle(plain),
        "whole, first sight": handle(first),
        "repeated": handle(remembering),
        "PyJWT with PyJWKClient": by_pyjwt(documented),
        "PyJWT with the key found by hand": by_pyjwt(by_hand),
    }
    for operation in operations.values():
        operation()
        operation()
    good = medians(operations, count, rounds, first.forget)

    hostile = {name: _posts([token] * 64) for name, token in hostile_tokens(material.tokens[0]).items()}
    large = _posts([material.large] * 64)
    batches: dict[str, Round] = {
        "good": _batch(plain.handle, requests[:64], now),
        "good, 28 KB": _batch(plain.handle, large, now),
    }
    batches |= {name: _batch(plain.handle, batch, now) for name, batch in hostile.items()}
    return good, medians(batches, 64, rounds)


def _batch(answer: Callable[[Request, float], object], requests: list[Request], now: float) -> Round:
    def run() -> None:
        for request in requests:
            answer(request, now)

    return run
