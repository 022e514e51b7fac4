"""A tenant with the bridge's clients, reached in-process, on a clock that only moves when somebody sleeps or the test says so."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from emulator.directory.record import Record
from emulator.directory.secrets import digest, new_password
from emulator.directory.sign_ins import CredentialUse, Use
from emulator.server import EntraEmulator
from shared.audit.actions import Action
from shared.audit.client_lists import ClientLists
from shared.audit.configuration import AuditConfiguration
from shared.audit.result import AuditRun
from shared.audit.run import Audit
from shared.audit.sinks import Sink
from shared.clock import write_time
from shared.graph.client import GraphClient
from shared.graph.clouds import Cloud
from shared.graph.credential import MsalCredential
from shared.graph.directory import Directory
from shared.graph.identity import ClientSecretIdentity
from shared.graph.secret_probe import SecretProbe
from shared.registration.notes import PrincipalNotes
from shared.registration.tags import to_tags
from shared.secret import Secret

TAG = "entra-dcr-bridge"
START = datetime(2026, 11, 22, 3, tzinfo=UTC)
DAY = timedelta(days=1)


class Estate:
    """The emulator, the bridge's own identity, and what the audit is made of."""

    def __init__(self, roles: Sequence[str] = ("Application.ReadWrite.OwnedBy",)) -> None:
        self.emulator = EntraEmulator()
        self.emulator.clock.set(START)
        self.emulator.clock.freeze()
        self.clock = self.emulator.clock
        self.bridge = self.emulator.add_caller("bridge", roles=roles)
        session = self.emulator.session()
        cloud = Cloud("public", "https://login.microsoftonline.com", "https://graph.microsoft.com")
        identity = ClientSecretIdentity(self.bridge.client_id, Secret(self.bridge.client_secret or ""))
        self.credential = MsalCredential(identity, self.emulator.tenant_id, cloud, session)
        self.graph = GraphClient("https://graph.microsoft.com/v1.0", self.credential, session, self.clock)
        self.directory = Directory(self.graph)
        self.probe = SecretProbe(session, cloud, self.emulator.tenant_id)
        self.clients = ClientLists(self.directory, TAG, "https://graph.microsoft.com")

    def add_client(
        self,
        *secrets: tuple[float, float],
        name: str = "orders",
        auth_method: str = "client_secret_basic",
        policy: str = "default",
        created: float = -300,
        principal: bool = True,
        tags: Sequence[str] = (TAG,),
        names: Sequence[str] = (),
        **values: Any,
    ) -> Record:
        """Put a client in, past every rule. `secrets` are pairs of start and end, `created` its birth, in days from now."""
        record_tags = to_tags({"token_endpoint_auth_method": auth_method, "policy": policy, "caller": "portal"})
        record = self.emulator.directory.add_application(
            {"displayName": name, "tags": [*tags, *record_tags], "createdDateTime": self.at(created), **values},
            owners=[self.bridge.service_principal_id],
        )
        for position, (start, end) in enumerate(secrets):
            self.add_secret(record, start, end, names[position] if position < len(names) else "dcr")
        if principal:
            self.emulator.directory.add_service_principal(record.state["appId"], {})
        return record

    def add_secret(self, record: Record, start: float, end: float, name: str = "dcr") -> str:
        """Give a client a secret; returns its key id."""
        asked = {"displayName": name, "startDateTime": self.at(start), "endDateTime": self.at(end)}
        credential, text = new_password(asked, self.clock.now())
        record.secrets[credential["keyId"]] = digest(text)
        passwords = [*record.state.get("passwordCredentials", ()), credential]
        self.emulator.directory.write_application(record, {"passwordCredentials": passwords})
        return str(credential["keyId"])

    def tell(self, record: Record, *key_ids: str, timer: bool = False) -> None:
        """Note at a client's service principal that answers carried these secrets; `timer`: and that a timer made it."""
        principal = self.emulator.directory.service_principal_of(record.state["appId"])
        assert principal is not None
        tags = [*record.state["tags"], *(["dcr:by=timer"] if timer else [])]
        notes = f"by an administrator\n{PrincipalNotes(told=key_ids).as_text()}" if key_ids else None
        self.emulator.directory.service_principals.write(principal, {"notes": notes, "tags": tags})

    def use(self, record: Record, days: float, key_id: str = "", way: str = "applicationAuthenticationClient") -> None:
        """Let the sign-in reports have a use of a client, and of one of its credentials, so many days from now."""
        at, client_id = (self.clock.now() + timedelta(days=days)).timestamp(), str(record.state["appId"])
        sign_ins = self.emulator.tenant.sign_ins
        sign_ins.applications.setdefault((client_id, f"{way}SignInActivity"), []).append(Use(at, "request"))
        if key_id:
            sign_ins.note_credential(CredentialUse(at, "request", client_id, record.id, "", "", key_id, "clientSecret", None))

    def at(self, days: float) -> str:
        """The moment so many days from now, as Graph writes it."""
        return write_time(self.clock.now() + timedelta(days=days))

    def key_ids(self, record: Record) -> list[str]:
        """The key ids of a client's secrets, in the order they were made."""
        return [str(credential["keyId"]) for credential in record.state.get("passwordCredentials", ())]

    def usable(self, record: Record) -> bool:
        """Whether the token service would take one of the client's secrets now."""
        now = write_time(self.clock.now())
        return any(c["startDateTime"] <= now < c["endDateTime"] for c in record.state.get("passwordCredentials", ()))

    def audit(
        self, configuration: AuditConfiguration | None = None, actions: Sequence[Action] = (), sinks: Sequence[Sink] = ()
    ) -> Audit:
        """An audit of this tenant."""
        return Audit(configuration or AuditConfiguration(), self.clients, self.clock, actions, lambda: sinks)

    def run(self, **options: Any) -> AuditRun:
        """One run with defaults."""
        return self.audit().run(600, **options)

    def calls(self, method: str = "", part: str = "") -> int:
        """How many Graph calls of a method and with a part in their path came in so far."""
        return sum(
            1 for call in self.emulator.requests if call.path.startswith("/v1.0") and method in call.method and part in call.path
        )
