"""The doctor's probe: how long the directory takes to know a new client everywhere. The client is removed again, for good."""

from collections.abc import Callable, Iterator

from shared.clock import Clock
from shared.commands.diagnosis import Diagnosis, problem, warning, well
from shared.graph.directory import Directory
from shared.graph.errors import GraphFailure
from shared.retry import Deadline

# Not the tag of the bridge's clients: neither the audit nor a caller may take the probe for one.
PROBE_TAG = "entra-dcr-bridge-doctor"
# Seconds for each sight of it, and the pause between two looks.
LONGEST = 120.0
PAUSE = 0.25


def measure_lag(directory: Directory, clock: Clock) -> Iterator[Diagnosis]:
    """Make an application, see when a read, the service principal and a list know it, and purge it. Raises nothing of Graph's."""
    deadline = Deadline.after(clock, LONGEST)
    body = {"displayName": "Registration bridge: probe of the doctor", "tags": [PROBE_TAG], "signInAudience": "AzureADMyOrg"}
    try:
        made = directory.create_application(body, deadline)
    except GraphFailure as failure:
        yield problem("lag", f"no client can be made: {failure}", "docs/errors.md has Graph's codes")
        return
    app_id, object_id = str(made["appId"]), str(made["id"])
    started = clock.monotonic()
    try:
        read = _seconds_until(lambda: directory.read_application(app_id, deadline, select=("id",)) is not None, clock, started)
        directory.create_service_principal(app_id, deadline)
        principal = clock.monotonic() - started
        listed = _seconds_until(lambda: _is_listed(directory, app_id, deadline), clock, started)
        shown = "not within 2 minutes" if listed is None else f"after {listed:.1f} s"
        text = (
            f"a new client is read after {read or 0:.1f} s, has a service principal after {principal:.1f} s, is in lists {shown}"
        )
        yield well("lag", text)
    except GraphFailure as failure:
        yield warning("lag", f"the measurement ended: {failure}", "run it again; the probe is removed all the same")
    finally:
        yield _remove(directory, app_id, object_id, clock, deadline.extended(LONGEST))


def _is_listed(directory: Directory, app_id: str, deadline: Deadline) -> bool:
    pages = directory.tagged_pages("applications", PROBE_TAG, ("appId",), deadline)
    return any(entry.get("appId") == app_id for page in pages for entry in page)


def _seconds_until(seen: Callable[[], bool], clock: Clock, started: float) -> float | None:
    while clock.monotonic() - started < LONGEST:
        if seen():
            return clock.monotonic() - started
        clock.sleep(PAUSE)
    return None


def _remove(directory: Directory, app_id: str, object_id: str, clock: Clock, deadline: Deadline) -> Diagnosis:
    try:
        directory.delete_application(app_id, deadline, await_replication=True)
        # A deleted application keeps its share of the quota for 30 days unless it is purged, and where it is purged that is known
        # late, too.
        if _seconds_until(lambda: directory.purge_application(object_id, deadline), clock, clock.monotonic()) is None:
            return warning("lag", f"the probe {app_id} is deleted, not purged", "nothing: Entra purges it after 30 days")
    except GraphFailure as failure:
        return problem("lag", f"the probe {app_id} is left over: {failure}", f"delete the application with the tag {PROBE_TAG}")
    return well("lag", "the probe is removed")
