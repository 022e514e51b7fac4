"""What is said about renewals: outcomes, and the findings that go with them."""

from shared.audit.actions.base import Outcome, Result
from shared.audit.clients import Client
from shared.audit.delivery.destinations import Address
from shared.audit.delivery.store import Delivery
from shared.audit.findings import Finding, Kind, Severity
from shared.audit.renewal_rules import RenewalPlan
from shared.clock import write_time


class RenewalOutcomes:
    """Makes the outcomes of the action of that name."""

    def __init__(self, action: str) -> None:
        self._action = action

    def renewed(self, client: Client, delivery: Delivery, plan: RenewalPlan, address: Address | None) -> Outcome:
        """A new secret is where its users read it."""
        finding = _finding(
            client,
            Kind.RENEWED,
            Severity.MEDIUM,
            f"A new secret is in {address}; it ends {write_time(delivery.end)}. Reason: {plan.reason}.",
            "See that its users read the new one; the old one works until its own end, or until it is removed after the overlap.",
            delivery.key_id,
        )
        detail = f"renewed and delivered to {address}: {plan.reason}"
        return Outcome(self._action, Result.DONE, client.client_id, client.name, detail, delivery.key_id, finding)

    def failed(self, client: Client, why: str) -> Outcome:
        """No renewal came about."""
        advice = "The next run tries again. See to the store's permissions and its address if this goes on."
        finding = _finding(client, Kind.RENEWAL_FAILED, Severity.HIGH, f"Its secret was not renewed: {why}.", advice)
        return Outcome(self._action, Result.FAILED, client.client_id, client.name, why, finding=finding)

    def skipped(self, client: Client, why: str) -> Outcome:
        """Better left to the next run."""
        return Outcome(self._action, Result.SKIPPED, client.client_id, client.name, why)

    def would(self, client: Client, plan: RenewalPlan, address: Address | None) -> Outcome:
        """What a run in earnest would do."""
        return Outcome(self._action, Result.WOULD, client.client_id, client.name, f"would renew into {address}: {plan.reason}")


def _finding(client: Client, kind: Kind, severity: Severity, summary: str, advice: str, key_id: str = "") -> Finding:
    return Finding(
        kind=kind,
        severity=severity,
        client_id=client.client_id,
        name=client.name,
        summary=summary,
        advice=advice,
        key_id=key_id,
        policy=client.registration.policy,
        caller=client.registration.caller,
    )
