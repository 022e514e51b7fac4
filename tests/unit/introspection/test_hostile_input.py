"""No token makes the bridge do more than a good one does: counted in operations, never in time."""

import json
from collections import Counter
from typing import Any

import pytest

from shared.introspection import jws, verifier
from shared.introspection.endpoint import Introspection
from shared.introspection.jws import MAX_TOKEN, encode_segment
from tests.unit.introspection.authority import ORIGIN, TENANT, Authority
from tests.unit.introspection.deployment import NOW, introspect_request, introspection
from tests.unit.introspection.tokens import make_token

GOOD_HEADER = make_token({}, NOW).split(".")[0]
ISSUER = json.dumps({"iss": f"{ORIGIN}/{TENANT}/v2.0"})[1:-1]
MANY = ",".join(f'"{index}":{index}' for index in range(1100))


def unsigned(payload: str, signature: str = "A" * 342) -> str:
    """A token of the right form with any payload text and a signature of nobody."""
    return f"{GOOD_HEADER}.{encode_segment(payload.encode()).decode()}.{signature}"


# Tokens that try to cost as much as they can within the form's limit.
HOSTILE = {
    "dots": "." * 30_000,
    "one long segment": "A" * 30_000,
    "thirty kilobytes of segments": "A." * 15_000,
    "a long header": "A" * 16_000 + ".A.A",
    "a long signature": unsigned(f"{{{ISSUER}}}", "A" * 15_000),
    "deep lists": unsigned("[" * 11_000),
    "deep objects": unsigned('{"a":' * 2_000),
    "many members": unsigned(f"{{{MANY},{ISSUER}}}"),
    "a long number": unsigned(f'{{{ISSUER},"exp":{"9" * 11_000}}}'),
    "an unknown issuer with a long claim": unsigned(json.dumps({"iss": "https://x.example", "x": "x" * 10_000})),
    "a foreign signature": make_token({"key": "foreign", "claims": {"x": "x" * 9_000}}, NOW),
}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts what costs: bytes decoded and parsed, signatures verified."""
    counts: Counter[str] = Counter()
    decode: Any = getattr(jws, "a2b_base64")  # noqa: B009 - imported there for its own use
    loads: Any = getattr(jws, "loads")  # noqa: B009
    verify: Any = getattr(verifier, "verify_signature")  # noqa: B009

    def counting_decode(text: bytes, **options: Any) -> Any:
        counts["decoded bytes"] += len(text)
        return decode(text, **options)

    def counting_loads(text: bytes) -> Any:
        counts["parsed bytes"] += len(text)
        return loads(text)

    def counting_verify(*arguments: Any) -> None:
        counts["signatures"] += 1
        verify(*arguments)

    monkeypatch.setattr(jws, "a2b_base64", counting_decode)
    monkeypatch.setattr(jws, "loads", counting_loads)
    monkeypatch.setattr(verifier, "verify_signature", counting_verify)
    return counts


@pytest.mark.duty(119)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token_costs_one_signature_and_its_own_length_at_most(name: str, counted: Counter[str]) -> None:
    """RFC 8725 section 3.10 and RFC 7662 section 4: work is bounded before anything is believed."""
    deployed = introspection()
    deployed.handle(introspect_request(make_token({}, NOW)), NOW)
    counted.clear()
    token = HOSTILE[name]
    assert deployed.handle(introspect_request(token), NOW).body == b'{"active":false}'
    assert counted["signatures"] <= 1
    assert counted["decoded bytes"] <= MAX_TOKEN + 4
    assert counted["parsed bytes"] <= MAX_TOKEN
    if len(token) > MAX_TOKEN:
        assert not counted


@pytest.mark.duty(112, 119)
def test_made_up_tokens_fetch_nothing_and_leave_nothing_behind() -> None:
    """Neither issuers, nor tenants, nor kids, nor headers that a stranger invents are remembered."""
    authority = Authority()
    deployed: Introspection = introspection(read=authority)
    deployed.handle(introspect_request(make_token({}, NOW)), NOW)
    fetched = authority.fetched.copy()
    for index in range(500):
        case = {
            "key": "foreign",
            "header": {"kid": f"kid-{index}", "x": index},
            "claims": {"iss": f"https://{index}.example", "tid": f"{index:08d}-0000-4000-8000-000000000000"},
        }
        deployed.handle(introspect_request(make_token(case, NOW)), NOW)
        deployed.handle(introspect_request(make_token({**case, "claims": {}}, NOW)), NOW)
    assert authority.fetched == fetched
    assert deployed.remembered == 0
