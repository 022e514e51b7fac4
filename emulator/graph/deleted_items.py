"""/directory/deletedItems: list, read, restore and purge."""

from emulator.directory.record import Record, State
from emulator.graph import authorization
from emulator.graph.call import Call, answer
from emulator.graph.errors import GraphError, conflict_on, not_found
from emulator.graph.listing import Kind, Lister, selected, shape
from emulator.graph.router import Handler, Router
from emulator.message import Response


class DeletedItems:
    """The answers to calls on soft-deleted applications, service principals and users. `kinds` are those of live objects."""

    def __init__(self, kinds: list[Kind], lister: Lister) -> None:
        self._kinds = [Kind(k.type_name, k.collection, k.store, k.defaults, k.on_request, "deleted_items") for k in kinds]
        self._lister = lister

    def add_routes(self, router: Router) -> None:
        """Serve /directory/deletedItems, and the restore action on an application's own path."""
        for kind in self._kinds:
            router.add("GET", f"/directory/deletedItems/graph.{kind.type_name}", self._lister_of(kind))
        router.add("GET", "/directory/deletedItems/{}", self.read)
        router.add("DELETE", "/directory/deletedItems/{}", self.purge)
        router.add("POST", "/directory/deletedItems/{}/restore", self.restore)
        router.add("POST", "/applications/{}/restore", self.restore)

    def read(self, call: Call) -> Response:
        """GET of one deleted item."""
        kind, record, state = self._find(call)
        authorization.require_read(call, record)
        names = selected(call, kind)
        context = f"{call.base}/$metadata#directoryObjects/$entity"
        odata_type = f"#microsoft.graph.{kind.type_name}"
        return answer(200, {"@odata.context": context, "@odata.type": odata_type, **shape(state, kind, names)})

    def purge(self, call: Call) -> Response:
        """DELETE: for good; unique values and quota are free again."""
        kind, record = self._writable(call)
        if kind.type_name == "application":
            along = call.tenant.assumptions.purging_an_application_purges_its_service_principal
            call.tenant.directory.purge_application(record, along)
        else:
            kind.store.purge(record)
        return answer(204)

    def restore(self, call: Call) -> Response:
        """POST: the object lives again. An application's service principal does not come back with it."""
        kind, record = self._writable(call)
        directory = call.tenant.directory
        if kind.type_name == "application":
            taken = [uri for uri in record.state.get("identifierUris", ()) if uri in directory.identifier_uris]
            if taken and call.tenant.assumptions.restore_refuses_a_taken_identifier_uri:
                raise conflict_on("identifierUris")
        elif kind.type_name == "servicePrincipal" and directory.service_principal_of(record.state["appId"]) is not None:
            text = "The service principal cannot be created, updated, or restored because the service principal name "
            text += f"{record.state['appId']} is already in use."
            raise GraphError(409, "Request_MultipleObjectsWithSameKeyValue", text)
        if kind.type_name == "application":
            directory.restore_application(record)
        else:
            kind.store.restore(record)
        context = f"{call.base}/$metadata#directoryObjects/$entity"
        content = {"@odata.context": context, "@odata.type": f"#microsoft.graph.{kind.type_name}"}
        return answer(200, {**content, **kind.defaults, **record.state})

    def _lister_of(self, kind: Kind) -> Handler:
        def listed(call: Call) -> Response:
            authorization.require_deleted_list(call)
            return self._lister.page(call, kind, list(kind.store.known_deleted()))

        return listed

    def _find(self, call: Call) -> tuple[Kind, Record, State]:
        for kind in self._kinds:
            record = kind.store.find("id", call.key.value)
            state = call.tenant.consistency.visible(record, "deleted_items")
            if record is not None and state is not None:
                return kind, record, state
        raise not_found(call.key.value)

    def _writable(self, call: Call) -> tuple[Kind, Record]:
        kind, record, _ = self._find(call)
        authorization.require_write(call, record)
        if record.kind != "deleted":  # restored or purged, which this replica has not heard of
            raise not_found(call.key.value)
        return kind, record
