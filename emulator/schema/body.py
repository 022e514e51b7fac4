"""Checks a request body against Microsoft's published schema: names, JSON types, null, read-only members.

The schema is the part of https://github.com/microsoftgraph/msgraph-metadata (schemas/v1.0-Prod.csdl, MIT) that concerns
applications, kept in graph_v1_subset.json with the commit it was taken from. The schema has no read-only marks; those below are
from the reference text in msgraph-sdk-python 1.65 and from the flags in microsoftgraph/msgraph-bicep-types (v1.0 types.json).
"""

import base64
import binascii
import re
from functools import cache
from pathlib import Path
from typing import Any

import orjson

READ_ONLY: dict[str, frozenset[str]] = {
    "application": frozenset(
        {
            "id",
            "appId",
            "applicationTemplateId",
            "certification",
            "createdByAppId",
            "createdDateTime",
            "deletedDateTime",
            "disabledByMicrosoftStatus",
            "publisherDomain",
            "verifiedPublisher",
        }
    ),
    "informationalUrl": frozenset({"logoUrl"}),
    "appRole": frozenset({"origin"}),
    "permissionScope": frozenset({"origin"}),
    "servicePrincipal": frozenset(
        {
            "id",
            "createdByAppId",
            "deletedDateTime",
            "signInAudience",
            "appOwnerOrganizationId",
            "servicePrincipalType",
            "verifiedPublisher",
            "appDisplayName",
            "replyUrls",
        }
    ),
    "user": frozenset({"id", "deletedDateTime", "signInSessionsValidFromDateTime", "lastPasswordChangeDateTime"}),
}
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)")
DURATION = re.compile(r"-?P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
_PRIMITIVES: dict[str, tuple[type, ...]] = {
    "Edm.String": (str,),
    "Edm.Boolean": (bool,),
    "Edm.Int32": (int,),
    "Edm.Guid": (str,),
    "Edm.DateTimeOffset": (str,),
    "Edm.Binary": (str,),
    "Edm.Duration": (str,),
}


class BodyError(ValueError):
    """A body that the schema does not allow: `kind` is "unknown", "read_only", "null" or "type"; `path` are the member names."""

    def __init__(self, kind: str, path: tuple[str, ...], problem: str) -> None:
        super().__init__(problem)
        self.kind = kind
        self.path = path


@cache
def schema() -> dict[str, Any]:
    """The schema subset: `types`, `enums`, `actions` and the `source` it was taken from."""
    content: dict[str, Any] = orjson.loads(Path(__file__).with_name("graph_v1_subset.json").read_bytes())
    return content


@cache
def members(type_name: str) -> dict[str, dict[str, Any]]:
    """Every structural property of a type, inherited ones included: name to {"type", "nullable"}."""
    found: dict[str, dict[str, Any]] = {}
    name = type_name
    while name:
        definition = schema()["types"][name]
        for key, value in definition["props"].items():
            found.setdefault(key, value)
        name = definition["base"]
    return found


def check_body(type_name: str, body: Any, path: tuple[str, ...] = (), allow_unknown: bool = False) -> None:
    """Raise BodyError for the first member of `body` that an entity or complex type `type_name` does not take."""
    if not isinstance(body, dict):
        raise BodyError("type", path, f"expected an object of type {type_name}")
    known = members(type_name)
    read_only = READ_ONLY.get(type_name, frozenset())
    for name, value in body.items():
        here = (*path, name)
        if name == "@odata.type":
            if value != f"#microsoft.graph.{type_name}":
                raise BodyError("type", here, "another type than that of the property")
        elif name not in known:
            if not allow_unknown:
                raise BodyError("unknown", here, f"not a property of {type_name}")
        elif name in read_only:
            raise BodyError("read_only", here, "read-only")
        else:
            _check_value(known[name]["type"], bool(known[name]["nullable"]), value, here, allow_unknown)


def check_action(name: str, bound_to: str, body: Any) -> None:
    """Raise BodyError unless `body` holds the parameters of an action bound to the type `bound_to`, and no others."""
    action = next(a for a in schema()["actions"] if a["name"] == name and a["bound_to"] == f"microsoft.graph.{bound_to}")
    body = {} if body is None else body
    if not isinstance(body, dict):
        raise BodyError("type", (), "expected an object")
    for key, value in body.items():
        if key not in action["params"]:
            raise BodyError("unknown", (key,), f"not a parameter of {name}")
        parameter = action["params"][key]
        _check_value(parameter["type"], bool(parameter["nullable"]), value, (key,), False)
    for key, parameter in action["params"].items():
        if not parameter["nullable"] and key not in body:
            raise BodyError("null", (key,), "missing")


def _check_value(type_name: str, nullable: bool, value: Any, path: tuple[str, ...], allow_unknown: bool) -> None:
    if type_name.startswith("Collection("):
        if value is None and nullable:
            return
        if not isinstance(value, list):
            raise BodyError("null" if value is None else "type", path, "expected an array")
        for item in value:
            _check_value(type_name[11:-1], False, item, path, allow_unknown)
        return
    if value is None:
        if not nullable:
            raise BodyError("null", path, "null is not allowed")
        return
    if type_name in _PRIMITIVES:
        _check_primitive(type_name, value, path)
        return
    name = type_name.removeprefix("microsoft.graph.")
    if name in schema()["enums"]:
        if value not in schema()["enums"][name]:
            raise BodyError("type", path, f"not a member of {name}")
    elif name in schema()["types"]:
        check_body(name, value, path, allow_unknown)
    else:
        raise BodyError("unknown", path, f"{type_name} cannot be written here")


def _check_primitive(type_name: str, value: Any, path: tuple[str, ...]) -> None:
    fits: bool = isinstance(value, _PRIMITIVES[type_name]) and not (type_name == "Edm.Int32" and isinstance(value, bool))
    if not fits:
        raise BodyError("type", path, f"expected {type_name}")
    pattern = {"Edm.Guid": GUID, "Edm.DateTimeOffset": DATE_TIME, "Edm.Duration": DURATION}.get(type_name)
    if pattern is not None and not pattern.fullmatch(value):
        raise BodyError("type", path, f"not an {type_name}")
    if type_name == "Edm.Binary":
        try:
            base64.b64decode(value, validate=True)
        except binascii.Error:
            raise BodyError("type", path, "not base64") from None
