"""What a run knows beyond the objects that it judges: service principals, last sign-ins, last uses of credentials."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.audit.assessment import UNKNOWN, ClientFacts
from shared.audit.client_lists import ClientLists, PrincipalList
from shared.audit.clients import AuditedClient
from shared.clock import ALWAYS
from shared.retry import Deadline


@dataclass(slots=True)
class KnownFacts:
    """`principals` is None until their list was read, `sign_ins` until a report was that says something."""

    principals: PrincipalList | None = None
    sign_ins: dict[str, datetime] | None = None
    uses: dict[str, datetime] = field(default_factory=dict)

    def read_usage(self, lists: ClientLists, deadline: Deadline) -> bool:
        """Read both reports; whether they said anything. Raises a GraphFailure."""
        clients = None if self.principals is None else self.principals.enabled.keys()
        self.sign_ins = lists.list_sign_ins(clients, deadline)
        self.uses = lists.list_credential_uses(clients, deadline)
        return self.sign_ins is not None

    def complete(self, client: AuditedClient) -> AuditedClient:
        """A client with what is known of its credentials."""
        told = None if self.principals is None or not client.own else self.principals.told
        return client.knowing(told, self.uses)

    def about(self, client: AuditedClient) -> ClientFacts:
        """What is known of a client as a whole."""
        client_id, principals = client.client_id, self.principals
        # The report without an entry for a client knows of no sign-in.
        sign_in = None if self.sign_ins is None else self.sign_ins.get(client_id, ALWAYS)
        if not client.own:
            off = principals is not None and client_id in principals.switched_off
            return ClientFacts(enabled=False) if off else UNKNOWN
        if principals is None:
            return ClientFacts(last_sign_in=sign_in)
        return ClientFacts(
            principal=client_id in principals.enabled,
            enabled=principals.enabled.get(client_id),
            unclaimed=client_id in principals.unclaimed,
            last_sign_in=sign_in,
            restored=principals.restored.get(client_id),
        )
