"""/applications: create, read, list, update, upsert and delete."""

from typing import Any

from emulator.directory import defaults
from emulator.directory.record import Record, State
from emulator.directory.secrets import digest, new_password
from emulator.graph import authorization, lookup
from emulator.graph.application_rules import check_application, check_disabled_before_removal
from emulator.graph.bodies import bound_ids, checked_body, existing_principals
from emulator.graph.call import Call, answer
from emulator.graph.errors import bad_request, conflict_on, invalid_value, passwords_refused
from emulator.graph.key_credentials import count_key_read, merged_keys, with_keys
from emulator.graph.listing import Kind, Lister, selected, shape
from emulator.graph.password_rules import check_keys, check_password
from emulator.graph.quota import check_quota
from emulator.graph.router import Router
from emulator.message import Response


class Applications:
    """The answers to calls on applications."""

    def __init__(self, kind: Kind, lister: Lister) -> None:
        self._kind = kind
        self._lister = lister

    def add_routes(self, router: Router) -> None:
        """Serve /applications and /applications/{}."""
        router.add("GET", "/applications", self.index)
        router.add("GET", "/applications/$count", self.count)
        router.add("POST", "/applications", self.create)
        router.add("GET", "/applications/{}", self.read)
        router.add("PATCH", "/applications/{}", self.update)
        router.add("DELETE", "/applications/{}", self.delete)

    def index(self, call: Call) -> Response:
        """GET /applications."""
        authorization.require_read(call)
        return self._lister.page(call, self._kind)

    def count(self, call: Call) -> Response:
        """GET /applications/$count."""
        authorization.require_read(call)
        return self._lister.count(call, self._kind)

    def create(self, call: Call) -> Response:
        """POST /applications: 201 with the whole object, and the secrets of the passwords asked for, this once."""
        authorization.require_create(call)
        body = checked_body(call, "application")
        record, secrets = self._create(call, body, allow_passwords=True)
        return self._created(call, record, secrets)

    def read(self, call: Call) -> Response:
        """GET of one application. The keys of certificates come only with `$select=keyCredentials`."""
        record, seen = lookup.application(call)
        authorization.require_read(call, record)
        names = selected(call, self._kind)
        shown = shape(seen.state, self._kind, names)
        if names is not None and "keyCredentials" in names:
            count_key_read(call)
            shown["keyCredentials"] = with_keys(record, shown["keyCredentials"])
        chosen = f"({','.join(names)})" if names is not None else ""
        expand = call.query.get("$expand")
        if expand == "owners":
            shown["owners"] = [owner_entry(call, owner) for owner in seen.owners]
        elif expand:
            raise bad_request(f"Could not expand '{expand}'.")
        return answer(200, {"@odata.context": f"{call.base}/$metadata#applications{chosen}/$entity", **shown})

    def update(self, call: Call) -> Response:
        """PATCH: complex members merge, arrays are replaced. By uniqueName with Prefer: create-if-missing, an upsert."""
        if call.key.name == "uniqueName":
            found = call.tenant.directory.applications.find("uniqueName", call.key.value)
            wanted = "create-if-missing" in call.request.headers.get("prefer", "")
            if (found is None or not found.alive) and wanted:
                authorization.require_create(call)
                body = checked_body(call, "application")
                if body.setdefault("uniqueName", call.key.value) != call.key.value:
                    raise invalid_value("uniqueName")
                record, _ = self._create(call, body, allow_passwords=False)
                return self._created(call, record, {})
        record, _ = lookup.application(call)
        authorization.require_write(call, record)
        body = checked_body(call, "application")
        self._change(call, lookup.living(record, call.key), body)
        return answer(204)

    def delete(self, call: Call) -> Response:
        """DELETE: a soft delete; the service principal goes along."""
        record, _ = lookup.application(call)
        authorization.require_write(call, record)
        along = call.tenant.assumptions.deleting_an_application_deletes_its_service_principal
        call.tenant.directory.delete_application(lookup.living(record, call.key), along)
        return answer(204)

    def _create(self, call: Call, body: dict[str, Any], allow_passwords: bool) -> tuple[Record, dict[str, str]]:
        tenant = call.tenant
        if not body.get("displayName"):
            raise invalid_value("displayName")
        own = call.caller.principal_id
        owners = existing_principals(call, bound_ids(call, "owners"))
        if authorization.creator_becomes_owner(call):
            owners.append(own)
        check_quota(call)
        maps_claims = bool((body.get("api") or {}).get("acceptMappedClaims"))
        refused = tenant.assumptions.accept_mapped_claims_at_creation_is_refused
        if maps_claims and refused and not call.caller.has(authorization.READ_WRITE_ALL):
            raise invalid_value("api")
        state = _filled(body)
        asked = body.get("passwordCredentials") or []
        if asked and (not allow_passwords or tenant.assumptions.passwords_at_creation == "refused"):
            raise passwords_refused()
        if tenant.assumptions.passwords_at_creation == "ignored":
            asked = []
        state.pop("passwordCredentials", None)
        credentials, keys = merged_keys({}, body.get("keyCredentials") or [], tenant.clock.now())
        check_keys(tenant, state, credentials, keys)
        state |= {"keyCredentials": credentials} if credentials else {}
        check_application({**defaults.APPLICATION, **state}, set(body), tenant.assumptions)
        self._check_unique(call, state, None)
        passwords: list[State] = []
        secrets: dict[str, str] = {}
        digests: dict[str, bytes] = {}
        for one in asked:
            check_password(tenant, {**state, "passwordCredentials": passwords}, one, at_creation=True)
            credential, secret = new_password(one, tenant.clock.now())
            passwords.append(credential)
            secrets[credential["keyId"]] = secret
            digests[credential["keyId"]] = digest(secret)
        if passwords:
            state["passwordCredentials"] = passwords
        record = tenant.directory.add_application(state, creator_app_id=call.caller.app_id, owners=owners, creator=own)
        record.secrets.update(digests)
        record.keys.update(keys)
        if passwords:
            record.last_credential_write = tenant.clock.time()
        return record, secrets

    def _created(self, call: Call, record: Record, secrets: dict[str, str]) -> Response:
        content = {"@odata.context": f"{call.base}/$metadata#applications/$entity", **self._kind.defaults, **record.state}
        content["passwordCredentials"] = [
            {**credential, "secretText": secrets.get(credential["keyId"])} for credential in content["passwordCredentials"]
        ]
        headers = {}
        if call.tenant.assumptions.sends_location_header:
            headers["Location"] = f"{call.base}/directoryObjects/{record.id}/Microsoft.DirectoryServices.Application"
        return answer(201, content, **headers)

    def _change(self, call: Call, record: Record, body: dict[str, Any]) -> None:
        tenant = call.tenant
        before = {**defaults.APPLICATION, **record.state}
        changes = {name: _merged(before.get(name), defaults.APPLICATION.get(name), value) for name, value in body.items()}
        if "uniqueName" in body and before["uniqueName"] not in (None, body["uniqueName"]):
            raise bad_request("Property 'uniqueName' is read-only and cannot be changed.", "ReadOnlyProperty", "uniqueName")
        if "passwordCredentials" in body:
            changes["passwordCredentials"] = _kept_passwords(call, before, body["passwordCredentials"])
        keys: dict[str, str] = {}
        if "keyCredentials" in body:
            lookup.check_credential_window(call, record)
            changes["keyCredentials"], keys = merged_keys(
                {k["keyId"]: k for k in before["keyCredentials"]}, body["keyCredentials"], tenant.clock.now()
            )
            check_keys(tenant, before, changes["keyCredentials"], keys)
        after = {**before, **changes}
        check_application(after, set(body), tenant.assumptions)
        if body.keys() & {"api", "appRoles"}:
            check_disabled_before_removal(before, after)
        self._check_unique(call, changes, record)
        if "keyCredentials" in body:
            record.keys.update(keys)
            record.last_credential_write = tenant.clock.time()
        _number_redirect_uris(changes)
        tenant.directory.write_application(record, changes)

    def _check_unique(self, call: Call, state: State, record: Record | None) -> None:
        directory, consistency = call.tenant.directory, call.tenant.consistency
        name = state.get("uniqueName")
        holder = directory.applications.holder("uniqueName", name) if name is not None else None
        at_once = call.tenant.assumptions.unique_name_is_checked_where_the_write_happens
        if holder not in (None, record) and (at_once or consistency.has_heard(holder, "by_unique_name")):
            raise conflict_on("uniqueName")
        for uri in state.get("identifierUris") or ():
            holder = directory.identifier_uris.get(uri)
            if holder is not None and holder is not record and holder.alive:
                raise conflict_on("identifierUris")


def owner_entry(call: Call, owner: str) -> dict[str, Any]:
    """An owner in a list of directory objects."""
    found = call.tenant.directory.principal(owner)
    kind = found[0] if found else "directoryObject"
    state = found[1].state if found else {}
    entry = {"@odata.type": f"#microsoft.graph.{kind}", "id": owner, "displayName": state.get("displayName")}
    # Without a permission to read users nothing else of them comes back.
    if kind == "user" and call.caller.has("User.ReadBasic.All", "User.Read.All", authorization.DIRECTORY_READ):
        entry |= {name: state.get(name) for name in ("mail", "userPrincipalName")}
        if call.caller.has("User.Read.All", authorization.DIRECTORY_READ):
            entry["accountEnabled"] = state.get("accountEnabled", True)
    return entry


def _filled(body: dict[str, Any]) -> State:
    """The state of a new application: complex members completed, null read as the default."""
    state = {
        name: defaults.merged(defaults.APPLICATION.get(name), value)
        for name, value in body.items()
        if value is not None and name != "keyCredentials"
    }
    _number_redirect_uris(state)
    return state


def _merged(current: Any, default: Any, value: Any) -> Any:
    """What a PATCHed member becomes: complex ones merge into what is there, null brings back what nothing was set gives."""
    if value is None:
        return default
    return defaults.merged(current if isinstance(current, dict) else default, value)


def _number_redirect_uris(state: State) -> None:
    """Keep web.redirectUriSettings in step with web.redirectUris, with the indexes that were given."""
    web = state.get("web")
    if web:
        given = {setting.get("uri"): setting.get("index") for setting in web.get("redirectUriSettings") or ()}
        settings = [{"uri": uri, "index": given.get(uri)} for uri in web.get("redirectUris") or ()]
        state["web"] = {**web, "redirectUriSettings": settings}


def _kept_passwords(call: Call, before: State, given: list[dict[str, Any]]) -> list[State]:
    """The passwords that stay when a PATCH lists them; a new one, and by assumption a shorter list, is refused."""
    known = {credential["keyId"]: credential for credential in before["passwordCredentials"]}
    ids = [credential.get("keyId") for credential in given]
    shorter = len(ids) < len(known) and call.tenant.assumptions.shortened_password_list_in_patch_is_refused
    if any(key_id not in known for key_id in ids) or shorter:
        raise passwords_refused()
    return [known[key_id] for key_id in known if key_id in ids]
