"""Shapes read documents strictly and describe them: what the one refuses, a validator refuses by the other."""

import json
import re
from typing import Any, NamedTuple

import pytest

from shared.settings.introspection import BEARER_CALLER, ISSUER, OPTIONS_OBJECT, SECRET_CALLER, TENANT
from shared.settings.shapes import Shape, boolean, guid, integer, list_of, object_of, one_of, optional, string, strings

ID = "5f0c2a3e-6b1d-4d0e-9a55-3c8d1f7b9e01"
CALLER = {"client_id": "gateway", "secret_sha256": ["a" * 64], "audiences": ["api://one"]}


class Pause(NamedTuple):
    seconds: int
    reason: str | None
    kind: str
    loud: bool
    owners: tuple[str, ...]


PAUSE = object_of(
    Pause,
    seconds=integer(5, 1, 60),
    reason=optional(string()),
    kind=one_of("short", "long", default="long"),
    loud=boolean(),
    owners=list_of(guid()),
)
NAMED: Shape[dict[str, Any]] = object_of(dict, name=string("[a-z]+", "letters"), pauses=list_of(PAUSE, 1))


def test_reads_members_and_fills_in_defaults() -> None:
    assert PAUSE.parse("{}") == PAUSE.default == Pause(5, None, "long", False, ())
    assert PAUSE.read({"seconds": 60, "owners": [ID.upper()], "reason": None}, "") == Pause(60, None, "long", False, (ID,))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "must be a JSON object"),
        ({"pauses": [{}]}, "name is missing"),
        ({"name": None, "pauses": [{}]}, "name is missing"),
        ({"name": "", "pauses": [{}]}, "name must be letters"),
        ({"name": "A", "pauses": [{}]}, "name must be letters"),
        ({"name": "a\n", "pauses": [{}]}, "name must be letters"),
        ({"name": ["a"], "pauses": [{}]}, "name must be letters"),
        ({"name": "a"}, "pauses is missing"),
        ({"name": "a", "pauses": []}, "pauses must not be empty"),
        ({"name": "a", "pauses": {}}, "pauses must be a JSON list"),
        ({"name": "a", "pauses": [{}, 1]}, "pauses[1] must be a JSON object"),
        ({"name": "a", "pauses": [{"seconds": 0}]}, "pauses[0].seconds must be an integer from 1 to 60"),
        ({"name": "a", "pauses": [{"seconds": 61}]}, "pauses[0].seconds must be an integer from 1 to 60"),
        ({"name": "a", "pauses": [{"seconds": True}]}, "pauses[0].seconds must be an integer from 1 to 60"),
        ({"name": "a", "pauses": [{"seconds": 1.0}]}, "pauses[0].seconds must be an integer from 1 to 60"),
        ({"name": "a", "pauses": [{"seconds": "1"}]}, "pauses[0].seconds must be an integer from 1 to 60"),
        ({"name": "a", "pauses": [{"kind": "Long"}]}, "pauses[0].kind must be one of: short, long"),
        ({"name": "a", "pauses": [{"loud": 1}]}, "pauses[0].loud must be true or false"),
        ({"name": "a", "pauses": [{"owners": [ID, ID + "0"]}]}, "pauses[0].owners[1] must be a GUID"),
        ({"name": "a", "pauses": [{"lound": True}]}, "pauses[0].lound is not known"),
    ],
)
def test_names_the_member_and_what_is_expected(value: Any, message: str) -> None:
    for path, shown in (("", message), ("x[3]", f"x[3]{' ' if message.startswith('must') else '.'}{message}")):
        with pytest.raises(ValueError, match=f"^{re.escape(shown)}"):
            NAMED.read(value, path)


def test_says_where_a_text_is_not_json_without_repeating_it() -> None:
    with pytest.raises(ValueError, match=r"^is not JSON at character 13$"):
        PAUSE.parse('{"reason": "s' + "\n")
    with pytest.raises(ValueError, match="JSON object"):
        PAUSE.parse('"secret"')


def test_a_conversion_says_what_must_hold_and_the_path_is_put_before_it() -> None:
    def few(values: tuple[str, ...]) -> int:
        if len(values) > 1:
            raise ValueError("must hold one at most")
        return len(values)

    shape: Shape[dict[str, Any]] = object_of(dict, tags=strings().then(few, maxItems=1))
    assert shape.read({}, "") == {"tags": 0}
    with pytest.raises(ValueError, match=r"^a\.tags must hold one at most$"):
        shape.read({"tags": ["x", "y"]}, "a")
    assert shape.schema["properties"]["tags"]["maxItems"] == 1


def test_the_schema_says_the_same() -> None:
    assert NAMED.schema == {
        "type": "object",
        "properties": {
            "name": {"type": "string", "pattern": "^(?:[a-z]+)$"},
            "pauses": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {
                        "seconds": {"type": "integer", "minimum": 1, "maximum": 60, "default": 5},
                        "reason": {"type": "string", "minLength": 1},
                        "kind": {"enum": ["short", "long"], "default": "long"},
                        "loud": {"type": "boolean", "default": False},
                        "owners": {"type": "array", "items": guid().schema},
                    },
                    "additionalProperties": False,
                },
            },
        },
        "additionalProperties": False,
        "required": ["name", "pauses"],
    }


@pytest.mark.parametrize(
    ("shape", "good"),
    [
        (SECRET_CALLER, {**CALLER, "clients": ["c"], "claims": ["tid"], "roles_as_scope": True, "tenants": [ID]}),
        (BEARER_CALLER, {"name": "x", "role": "r", "audiences": ["a"]}),
        (TENANT, {"tenant_id": ID, "versions": ["1.0"], "applications": [{"app_id": ID, "audiences": []}]}),
        (ISSUER, {"issuer": "https://x.example/", "tenant_id": ID, "jwks_uri": "https://x.example/keys"}),
        (OPTIONS_OBJECT, {"revocation": {"mode": "client"}, "keys": {"soft": 60}, "issuer": "https://b.example"}),
    ],
    ids=["caller", "bearer caller", "tenant", "issuer", "options"],
)
def test_every_document_of_introspection_has_a_schema_that_is_json_and_closed(shape: Shape[Any], good: dict[str, Any]) -> None:
    """Editors offer what the reader takes, and mark what it refuses."""
    shape.read(good, "")
    with pytest.raises(ValueError, match="is not known"):
        shape.read({**good, "unknown": 1}, "")
    schema = json.loads(json.dumps(shape.schema))
    described = schema["anyOf"][1] if "anyOf" in schema else schema
    assert described["additionalProperties"] is False
    assert good.keys() <= described["properties"].keys()
    for name in described.get("required", ()):
        with pytest.raises(ValueError, match=f"{name} is missing"):
            shape.read({key: value for key, value in good.items() if key != name}, "")
