"""Lists of directory objects with $filter, $select, $top, $count, $orderby, $search and paging.

https://learn.microsoft.com/graph/paging and .../aad-advanced-queries.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from emulator.directory.record import Record, State
from emulator.directory.store import Store
from emulator.graph.call import Call, answer
from emulator.graph.errors import bad_request, unsupported_query
from emulator.graph.filter_grammar import Filter, parse_filter
from emulator.graph.filter_rules import indexed_key, indexed_tag, is_advanced, predicate
from emulator.graph.key_credentials import count_key_read, with_keys
from emulator.graph.paging import Listings
from emulator.message import Response
from emulator.schema.body import members

DEFAULT_PAGE = 100
_KNOWN = frozenset({"$filter", "$select", "$top", "$count", "$orderby", "$search", "$skiptoken", "$expand", "$format"})
_SEARCH = re.compile(r'"(\w+):([^"]*)"')


@dataclass(slots=True)
class Kind:
    """A kind of object that can be listed: its type, defaults, collection name and the channel that its lists lag by."""

    type_name: str
    collection: str
    store: Store
    defaults: dict[str, Any]
    on_request: dict[str, Any] = field(default_factory=dict)
    channel: str = "lists"


def selected(call: Call, kind: Kind) -> list[str] | None:
    """The property names of $select in the order given; None without one. GraphError 400 for a name the type does not have."""
    text = call.query.get("$select")
    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = members(kind.type_name)
    for name in names:
        if name not in known or name in call.tenant.cloud.missing_properties:
            raise bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.{kind.type_name}'.")
    return names


def shape(state: State, kind: Kind, names: list[str] | None) -> dict[str, Any]:
    """An object as Graph shows it: whole, or the members selected."""
    if names is None:
        return {**kind.defaults, **state}
    defaults, on_request = kind.defaults, kind.on_request
    return {name: state[name] if name in state else defaults.get(name, on_request.get(name)) for name in names}


def _shown(record: Record, state: State, kind: Kind, names: list[str] | None) -> dict[str, Any]:
    shown = shape(state, kind, names)
    if names is not None and shown.get("keyCredentials"):
        shown["keyCredentials"] = with_keys(record, shown["keyCredentials"])
    return shown


class Lister:
    """Answers list requests, and keeps the listings whose pages are still to come."""

    def __init__(self) -> None:
        self._listings = Listings()
        self.page_fault: Callable[[], int | None] = lambda: None
        """Asked before each page: None, or the number of objects that this page may hold at most (a fault)."""

    def page(self, call: Call, kind: Kind, source: Iterable[Record] | None = None, context: str = "") -> Response:
        """The page that `call` asks for of the objects of `kind`, or of those in `source` alone."""
        top = self._top(call)
        names = selected(call, kind)
        allowed = self.page_fault()
        size = top if allowed is None else min(top, allowed)
        token = call.query.get("$skiptoken")
        page = (
            self._listings.following(token, size)
            if token is not None
            else self._listings.first(self._matching(call, kind, source), size)
        )
        content = self._head(call, kind, names, context)
        if call.query.get("$count") == "true" and page.is_first:
            content["@odata.count"] = page.total
        if page.next_token is not None:
            content |= self._next(call, page.next_token)
        if kind.type_name == "application" and names is not None and "keyCredentials" in names:
            count_key_read(call)
        visible = call.tenant.consistency.visible
        seen = [(record, state) for record in page.records if (state := visible(record, kind.channel)) is not None]
        content["value"] = [_shown(record, state, kind, names) for record, state in seen]
        return answer(200, content)

    def count(self, call: Call, kind: Kind) -> Response:
        """The answer to `/$count`: the number as plain text, for advanced queries only."""
        if not _is_eventual(call):
            raise bad_request("$count is not currently supported.")
        call.query["$count"] = "true"
        return Response(200, str(len(self._matching(call, kind, None))).encode(), {"Content-Type": "text/plain"})

    def _top(self, call: Call) -> int:
        text = call.query.get("$top")
        if text is None:
            return DEFAULT_PAGE
        maximum = call.tenant.assumptions.top_maximum
        if not text.isdigit() or not 1 <= int(text) <= maximum:
            raise bad_request(f"Invalid page size specified: '{text}'. Must be between 1 and {maximum} inclusive.")
        return int(text)

    def _matching(self, call: Call, kind: Kind, source: Iterable[Record] | None) -> list[Record]:
        _check_options(call)
        text = call.query.get("$filter")
        tree = parse_filter(text) if text is not None else None
        _check_level(call, kind, tree)
        if source is None:
            source = _candidates(kind.store, tree)
        found = _filtered(call, kind, source, tree)
        return _ordered(call, found)

    def _head(self, call: Call, kind: Kind, names: list[str] | None, context: str) -> dict[str, Any]:
        chosen = f"({','.join(names)})" if names is not None else ""
        return {"@odata.context": f"{call.base}/$metadata#{context or kind.collection}{chosen}"}

    def _next(self, call: Call, token: str) -> dict[str, str]:
        kept = [(n, v) for n, v in parse_qsl(call.request.query_string, keep_blank_values=True) if n != "$skiptoken"]
        query = urlencode([*kept, ("$skiptoken", token)], safe="$,", quote_via=quote)
        base = call.base.removesuffix("/v1.0")
        return {"@odata.nextLink": f"{base}{call.request.path}?{query}"}


def _is_eventual(call: Call) -> bool:
    return call.request.headers.get("consistencylevel", "").lower() == "eventual"


def _check_options(call: Call) -> None:
    for name in call.query:
        if name.startswith("$") and name not in _KNOWN:
            raise bad_request(f"Query option '{name}' was specified more than once or is not supported.")


def _check_level(call: Call, kind: Kind, tree: Filter | None) -> None:
    """Raise GraphError 400 for an advanced query without ConsistencyLevel: eventual and, for filters, $count=true."""
    eventual = _is_eventual(call)
    if call.query.get("$count") == "true" and not eventual:
        raise bad_request("$count is not currently supported.")
    if "$search" in call.query and not eventual:
        text = "Request with $search query parameter only works through MSGraph with a special request header: "
        raise bad_request(f"{text}'ConsistencyLevel: eventual'")
    extra = frozenset({"createdByAppId"}) if call.tenant.assumptions.created_by_app_id_is_filterable else frozenset[str]()
    advanced = tree is not None and is_advanced(tree, kind.type_name, extra)
    advanced |= "$orderby" in call.query and ("$filter" in call.query or not call.query["$orderby"].startswith("displayName"))
    if advanced and not (eventual and call.query.get("$count") == "true"):
        raise unsupported_query()


def _candidates(store: Store, tree: Filter | None) -> Iterable[Record]:
    """The records that can match, by an index where there is one."""
    key = indexed_key(tree) if tree is not None else None
    if key is not None and (key[0] == "id" or key[0] in store.by_key):
        found = store.find(*key)
        return [found] if found is not None else []
    tag = indexed_tag(tree) if tree is not None else None
    return store.with_tag(tag) if tag is not None else store.known()


def _filtered(call: Call, kind: Kind, source: Iterable[Record], tree: Filter | None) -> list[Record]:
    visible = call.tenant.consistency.visible
    search = _SEARCH.fullmatch(call.query["$search"]) if "$search" in call.query else None
    if "$search" in call.query and (search is None or search[1] not in ("displayName", "description", "tags")):
        raise bad_request('Invalid search query: expected "property:value".')
    test = predicate(tree, kind.defaults) if tree is not None else None
    found = []
    for record in source:
        state = visible(record, kind.channel)
        if state is None or (test is not None and not test(record, state)):
            continue
        if search is not None and search[2].lower() not in str(state.get(search[1], "")).lower():
            continue
        found.append(record)
    return found


def _ordered(call: Call, found: list[Record]) -> list[Record]:
    text = call.query.get("$orderby")
    if not text:
        return found
    name, _, direction = text.partition(" ")
    if name not in ("displayName", "createdDateTime", "deletedDateTime", "userPrincipalName") or direction not in (
        "",
        "asc",
        "desc",
    ):
        raise unsupported_query()
    return sorted(found, key=lambda record: str(record.state.get(name) or ""), reverse=direction == "desc")
