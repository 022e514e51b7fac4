"""Use case: applications that were made elsewhere become the bridge's clients, one after the other, and back again.

Nothing here touches a credential. The tags are written last, in one PATCH with the notes, so an application that carries the mark
is adopted whole and a run that broke off is simply run again. Reads may be behind: writing the same again does no harm, and the
journal keeps what was there first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from shared.adoption.journal import Journal, JournalEntry
from shared.adoption.plan import SELECT_LISTED, SELECT_PLANNED, Adopter, AdoptionPlan, Standing, plan_adoption
from shared.clock import Clock, write_time
from shared.graph.directory import Directory, Owned
from shared.graph.errors import GraphFailure, PermissionRefused
from shared.graph.lists import LARGEST_PAGE
from shared.registration.configuration import RegistrationConfiguration
from shared.registration.scopes import read_permissions
from shared.registration.tags import foreign_tags
from shared.retry import Deadline
from shared.strict_json import JsonObject

# Seconds for one application.
ONE_APPLICATION = 120.0
OWNED_OBJECTS: tuple[Owned, ...] = ("applications", "servicePrincipals")
# The permission that lets a caller change what it doesn't own.
_WRITES_ALL = "Application.ReadWrite.All"


class AdoptionState(StrEnum):
    """What became of an application."""

    WOULD_ADOPT = "would adopt"
    ADOPTED = "adopted"
    PRESENT = "is adopted"
    BLOCKED = "blocked"
    FAILED = "failed"
    RESTORED = "restored"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class AdoptionOutcome:
    """One application, what became of it, and what else there is to say."""

    state: AdoptionState
    client_id: str
    name: str
    details: tuple[str, ...] = ()
    plan: AdoptionPlan | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which applications are meant: those that pass all that is given. `name` is a pattern with * and ?, `owner` an object id."""

    name: str = ""
    tag: str = ""
    owner: str = ""
    client_ids: frozenset[str] = frozenset()

    def includes(self, application: JsonObject) -> bool:
        """Whether it passes what the object itself shows, which is all but the owner."""
        return (
            (not self.name or fnmatchcase(str(application.get("displayName")).lower(), self.name.lower()))
            and (not self.tag or self.tag in (application.get("tags") or []))
            and (not self.client_ids or application["appId"] in self.client_ids)
        )


def name_permissions(
    configuration: RegistrationConfiguration, directory: Directory, deadline: Deadline
) -> dict[tuple[str, str], str]:
    """The scopes that clients write for the permissions of the configured APIs, by the API's appId and the permission's id."""
    names: dict[tuple[str, str], str] = {}
    for api in configuration.resource_apis:
        select = ("appId", "oauth2PermissionScopes", "appRoles")
        found = read_permissions(directory.read_service_principal(api.app_id, deadline, select=select) or {})
        for permissions in (found.roles if api.app_roles else {}, found.scopes):
            names |= {(api.app_id, identifier): f"{api.prefix}{value}" for value, identifier in permissions.items()}
    return names


class Adoption:
    """Adopts applications for one caller. `owner` is the object id of a service principal that is to own them, empty for none."""

    def __init__(self, directory: Directory, clock: Clock, adopter: Adopter, owner: str = "") -> None:
        self._directory = directory
        self._clock = clock
        self._adopter = adopter
        self._owner = owner

    def run(self, selection: Selection, journal: Journal | None, deadline: Deadline) -> Iterator[AdoptionOutcome]:
        """What becomes of each application of the selection; without a journal what would become of it, and nothing is written.

        Raises a GraphFailure where the applications can't be listed.
        """
        claims = self._directory.own_claims(deadline)
        chosen = list(self._choose(selection, deadline))
        listed = self._directory.service_principals_of([str(one["appId"]) for one in chosen], ("appId",), deadline)
        principals = {str(principal["appId"]) for principal in listed}
        for application in chosen:
            one = Deadline.after(self._clock, min(ONE_APPLICATION, deadline.remaining()))
            try:
                yield self._adopt(application, principals, claims, journal, one)
            except GraphFailure as failure:
                yield _failed(application, failure)
        for client_id in sorted(selection.client_ids - {str(one["appId"]) for one in chosen}):
            yield AdoptionOutcome(AdoptionState.BLOCKED, client_id, "", ("there is no such application among those chosen",))

    def _choose(self, selection: Selection, deadline: Deadline) -> Iterator[JsonObject]:
        query = {"$select": ",".join(SELECT_LISTED), "$top": str(LARGEST_PAGE)}
        for page in self._directory.pages("applications", query, deadline):
            for application in filter(selection.includes, page):
                if selection.owner and selection.owner not in self._owners("applications", application, deadline):
                    continue
                yield application

    def _adopt(
        self, listed: JsonObject, principals: set[str], claims: JsonObject, journal: Journal | None, deadline: Deadline
    ) -> AdoptionOutcome:
        application = listed if journal is None else self._reread(listed, deadline)
        standing = self._standing(application, principals, claims, deadline)
        plan = plan_adoption(application, standing, self._adopter)
        if plan.adopted or plan.obstacles:
            state = AdoptionState.PRESENT if plan.adopted else AdoptionState.BLOCKED
            return AdoptionOutcome(state, plan.client_id, plan.name, plan.obstacles, plan)
        owned = tuple(one for one in OWNED_OBJECTS if self._owner and self._owner not in self._owners(one, application, deadline))
        remarks = plan.remarks + ((f"{self._owner} becomes an owner of {', '.join(owned)}",) if owned else ())
        if journal is None:
            return AdoptionOutcome(AdoptionState.WOULD_ADOPT, plan.client_id, plan.name, remarks, plan)
        before = {name: _member(application, name, value) for name, value in plan.body.items()}
        at = write_time(self._clock.now())
        journal.add(
            JournalEntry(
                client_id=plan.client_id,
                at=at,
                before=before,
                after=plan.body,
                owner=self._owner if owned else "",
                owned=owned,
            )
        )
        for resource in owned:
            self._directory.add_owner(resource, plan.client_id, self._owner, deadline)
        self._directory.update_application(plan.client_id, plan.body, deadline, await_replication=True)
        return AdoptionOutcome(AdoptionState.ADOPTED, plan.client_id, plan.name, remarks, plan)

    def _reread(self, listed: JsonObject, deadline: Deadline) -> JsonObject:
        """The application now: lists are further behind than single reads, and its tags are written whole. Keys stay as
        listed."""
        client_id = str(listed["appId"])
        fresh = self._directory.read_application(client_id, deadline, select=SELECT_PLANNED, await_replication=True)
        return listed if fresh is None else {**listed, **fresh}

    def _standing(self, application: JsonObject, principals: set[str], claims: JsonObject, deadline: Deadline) -> Standing:
        client_id = str(application["appId"])
        present = (
            client_id in principals or self._directory.read_service_principal(client_id, deadline, select=("appId",)) is not None
        )
        writes = True
        if claims.get("oid") and _WRITES_ALL not in (claims.get("roles") or []):
            resources = OWNED_OBJECTS if present else OWNED_OBJECTS[:1]
            writes = all(claims["oid"] in self._owners(resource, application, deadline) for resource in resources)
        return Standing(present, writes, client_id in (claims.get("appid"), claims.get("azp")))

    def _owners(self, resource: Owned, application: JsonObject, deadline: Deadline) -> frozenset[str]:
        return self._directory.owners(resource, str(application["appId"]), deadline)


def undo_adoption(directory: Directory, clock: Clock, journal: Journal, deadline: Deadline) -> Iterator[AdoptionOutcome]:
    """Give the applications of a journal back what they had, the last one first. Tags that others have added since stay."""
    for entry in reversed(list(journal.entries.values())):
        one = Deadline.after(clock, min(ONE_APPLICATION, deadline.remaining()))
        try:
            outcome = _restore(directory, entry, one)
        except GraphFailure as failure:
            outcome = _failed({"appId": entry.client_id}, failure)
        if outcome.state is AdoptionState.RESTORED:
            journal.note_undone(entry.client_id, write_time(clock.now()))
        yield outcome


def _restore(directory: Directory, entry: JournalEntry, deadline: Deadline) -> AdoptionOutcome:
    select = ("appId", "displayName", "tags")
    application = directory.read_application(entry.client_id, deadline, select=select, await_replication=True)
    if application is None:
        return AdoptionOutcome(
            AdoptionState.GONE,
            entry.client_id,
            "",
            ("it isn't seen; an administrator can restore a deleted application for 30 days",),
        )
    added = [tag for tag in foreign_tags(application.get("tags") or []) if tag not in entry.after["tags"]]
    body = entry.before | {"tags": list(dict.fromkeys([*entry.before["tags"], *added]))}
    directory.update_application(entry.client_id, body, deadline, await_replication=True)
    # The application's last: it is what lets an owner change either of them.
    for resource in reversed(entry.owned):
        directory.remove_owner(resource, entry.client_id, entry.owner, deadline)
    return AdoptionOutcome(AdoptionState.RESTORED, entry.client_id, str(application.get("displayName") or ""))


def _member(application: JsonObject, name: str, written: object) -> object:
    """A member as it is before a PATCH: of a complex property those parts alone that are written."""
    present = application.get(name)
    if isinstance(written, dict):
        return {part: (present or {}).get(part) for part in written}
    return list(present or []) if isinstance(written, list) else present


def _failed(application: JsonObject, failure: GraphFailure) -> AdoptionOutcome:
    what = "the directory refuses it" if isinstance(failure, PermissionRefused) else "the directory failed"
    name = str(application.get("displayName") or "")
    return AdoptionOutcome(AdoptionState.FAILED, str(application["appId"]), name, (f"{what}: {failure}",))
