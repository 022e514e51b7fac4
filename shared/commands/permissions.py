"""Which application permissions of Microsoft Graph the settings ask for, beside what the identity's token has (doctor)."""

from collections.abc import Iterator
from typing import NamedTuple

from shared.application import Application
from shared.audit.configuration import ActionName, Scope
from shared.commands.diagnosis import Diagnosis, problem, warning, well
from shared.commands.setup import NEEDED
from shared.environment import usable
from shared.graph.tenant_rules import READ_POLICY

ALL = "Application.ReadWrite.All"
READ_ALL = "Application.Read.All"
MAILBOXES = "User.ReadBasic.All"
# Has all that the reading permission beside it has.
WIDER = {MAILBOXES: {"User.Read.All"}, READ_ALL: {ALL}, NEEDED: {ALL}}
GRANT = "deploy/graph/grant.sh, or shared.commands.setup; then restart the app: a token keeps the permissions of its time"


class Wish(NamedTuple):
    """A permission with its reason. `needed`: without it something that is turned on fails; else it only does less."""

    permission: str
    reason: str
    needed: bool = True


def wishes(application: Application) -> Iterator[Wish]:
    """What the settings of each part ask for; parts whose settings can't be used ask for nothing."""
    yield Wish(NEEDED, "registration creates applications and changes them")
    yield Wish(READ_POLICY, "registration follows the tenant's policies, which this doctor reads too", needed=False)
    introspection = usable(lambda: application.introspection_settings)
    if introspection is not None and introspection.asks_users:
        yield Wish("User.Read.All", "INTROSPECTION_OPTIONS asks for users' state")
    registration = usable(lambda: application.registration_settings)
    if registration is not None and registration.shares_clients():
        yield Wish(READ_ALL, "a deleted shared client is restored under its own id (share_public_clients)", needed=False)
    audit = usable(lambda: application.audit_settings)
    if audit is None:
        return
    if ActionName.PURGE in audit.actions:
        yield Wish(READ_ALL, "AUDIT_ACTIONS has purge")
    if audit.scope is Scope.TENANT:
        yield Wish(READ_ALL, "AUDIT_SCOPE is tenant")
    if audit.usage_report:
        yield Wish("AuditLog.Read.All", "AUDIT_USAGE_REPORT is on")
    if audit.scope is not Scope.BRIDGE and audit.mail.sender:
        yield Wish(MAILBOXES, "owners are written to at their mailbox", needed=False)
    if audit.mail.sender and audit.mail.server is None:
        # Exchange can grant it too, which no token shows: the check of the mailbox tells.
        yield Wish("Mail.Send", "AUDIT_MAIL_FROM writes by Graph", needed=False)


def compare(application: Application, roles: set[str]) -> Iterator[Diagnosis]:
    """Each permission that is asked for or granted, once."""
    asked: dict[str, list[Wish]] = {}
    for wish in wishes(application):
        asked.setdefault(wish.permission, []).append(wish)
    for permission, for_it in asked.items():
        reasons = "; ".join(wish.reason for wish in for_it)
        missing = not ({permission} | WIDER.get(permission, set())) & roles
        if permission in roles:
            yield well("permissions", f"{permission} is granted: {reasons}")
        elif missing and (needed := [wish.reason for wish in for_it if wish.needed]):
            yield problem("permissions", f"{permission} is not granted: {'; '.join(needed)}", GRANT)
        elif missing and permission == MAILBOXES:
            yield warning("permissions", f"{permission} is not granted, so only the fallback is written to: {reasons}", GRANT)
    known = set(asked)
    serving = {wider for permission in known - roles for wider in WIDER.get(permission, ())}
    for role in sorted(roles - known):
        cure = f"grant {NEEDED} instead" if role == ALL else "take it away"
        if role == ALL or role not in serving:
            yield warning("permissions", f"{role} is granted, which is more than the bridge needs", cure)
