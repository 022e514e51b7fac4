"""One introspection in one process, from the form to the bytes of the answer, beside the one operation that it can't do
without.
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
from shared.introspection.jws import decode_segment, encode_segment

Round = Callable[[], None]
HEADERS = {"authorization": AUTHORIZATION, "content-type": FORM}


def medians(operations: dict[str, Round], count: int, rounds: int) -> dict[str, list[float]]:
    """Microseconds for one of the `count` operations of a call, for each round; the operations take turns within a round."""
    times: dict[str, list[float]] = {name: [] for name in operations}
    for _ in range(rounds):
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
    """Tokens that a stranger can make up to cost as much as they can: right issuer and key, wrong signature, or no form at
    all.
    """
    header, _, _ = good.split(".")
    room = 16 * 1024 - len(header) - 344

    def unsigned(payload: str) -> str:
        return f"{header}.{encode_segment(payload.encode())[:room].decode()}.{'A' * 342}"

    inner = f'"iss":"{ISSUER}"'
    size = room * 3 // 4 - 80
    return {
        "junk of 16 KB": "A" * 16_384,
        "16 KB of dots": "." * 16_384,
        "a header of 16 KB": "A" * 16_000 + ".AAAA.AAAA",
        "a new header each time": "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ." + good.partition(".")[2],
        "one claim of 11 KB": unsigned(f'{{{inner},"x":"{"x" * (size - 10)}"}}'),
        "2,000 claims": unsigned(f"{{{','.join(f'{chr(34)}{n}{chr(34)}:1' for n in range(size // 9))},{inner}}}"),
        "a list of 5,000 numbers": unsigned(f'{{{inner},"x":[{"1," * (size // 2 - 8)}1]}}'),
        "escapes": unsigned(f'{{{inner},"x":"{chr(92) + "u00e9" * 1}{(chr(92) + "n") * (size // 2 - 12)}"}}'),
        "a long number": unsigned(f'{{{inner},"x":0.{"1" * (size - 10)}}}'),
        "500 claims and a long one": unsigned(
            f'{{{",".join(f"{chr(34)}{n}{chr(34)}:1" for n in range(500))},{inner},"x":"{"x" * (size - 5000)}"}}'
        ),
        "500 objects": unsigned(f'{{{inner},"x":[{"{}," * 250}1],"y":"{"x" * (size - 1000)}"}}'),
        "text outside ASCII": unsigned(f'{{{inner},"x":"{"é" * (size // 2 - 10)}"}}'),
        "dashes": f"{header}.{'-' * 15_000}.{'A' * 342}",
        "deep lists": unsigned(f'{{{inner},"x":{"[" * 1000}{"]" * 1000}}}'),
        "a wrong signature": good[:-20] + ("A" * 16) + good[-4:],
        "a signature of 8 KB": good.rpartition(".")[0] + "." + "A" * 8192,
    }


def measure_operations(material: Material, rounds: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Times of the operations on good tokens, and of refusing hostile ones; the latter beside a good one as "good"."""
    now = time.time()
    count = len(material.tokens)
    numbers = (int.from_bytes(decode_segment(material.jwk[name].encode()), "big") for name in ("e", "n"))
    key, pad, digest = RSAPublicNumbers(*numbers).public_key(), PKCS1v15(), SHA256()
    signed = []
    for token in material.tokens:
        text, _, signature = token.encode().rpartition(b".")
        signed.append((decode_segment(signature), text))
    requests = _posts(material.tokens)
    plain, full, remembering = (make_introspection(material, size) for size in (0, count // 2, count * 2))
    pyjwt = PyJwtAnswer(material)
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

    def by_pyjwt() -> None:
        for body in bodies:
            pyjwt.answer(AUTHORIZATION, body)

    operations = {
        "bare verification": bare,
        "whole, memory off": handle(plain),
        # Half as many places as tokens: each is stored, pushes one out, and is gone when it comes again.
        "whole, memory full": handle(full),
        "repeated": handle(remembering),
        "PyJWT": by_pyjwt,
    }
    for operation in operations.values():
        operation()
    good = medians(operations, count, rounds)

    hostile = {name: _posts([token] * 64) for name, token in hostile_tokens(material.tokens[0]).items()}
    batches: dict[str, Round] = {"good": _batch(plain.handle, requests[:64], now)}
    batches |= {name: _batch(plain.handle, batch, now) for name, batch in hostile.items()}
    return good, medians(batches, 64, rounds)


def _batch(answer: Callable[[Request, float], object], requests: list[Request], now: float) -> Round:
    def run() -> None:
        for request in requests:
            answer(request, now)

    return run
