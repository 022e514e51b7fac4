"""A tenant worth looking at, and the report page of it, rendered with a name that tries to be markup."""

import random
from dataclasses import replace
from datetime import timedelta

from shared.audit.build import build_actions
from shared.audit.configuration import ActionName, AuditConfiguration, AuditRules
from shared.audit.delivery import Deliveries, Destinations
from shared.audit.findings import AuditFinding, FindingKind, Severity
from shared.audit.report.page import render_page
from tests.functional.audit.estate import Estate

NASTY = "<img src=x onerror=\"document.title='broken in'\"><script>document.title='broken in'</script>"
NAMES = (
    "Orders API",
    "Payment gateway",
    "Warehouse sync",
    "Customer portal",
    "Invoice export",
    "Mobile app backend",
    "Partner onboarding",
    "Returns desk",
    "Fleet tracking",
    "Price feed",
    "Loyalty points",
    "Store locator",
    "Tax service",
    "Shipping labels",
    "Newsletter",
    "Identity check",
)


def sample_page() -> str:
    """The page of 420 clients in all the states there are."""
    estate = Estate()
    dice = random.Random(11)
    for number in range(400):
        name = f"{NAMES[number % len(NAMES)]} {number // len(NAMES) + 1}"
        end = 8 + 174 * dice.betavariate(2.2, 1.4) if number % 4 else dice.uniform(62, 180)
        estate.add_client((end - 182, end), name=name, policy=dice.choice(["mulesoft", "kong", "default"]), created=-400)
    estate.add_client((-180, -2), name="Billing (staging)", policy="mulesoft")
    estate.add_client((-190, -9), (-181, 1), name="Orders API", policy="mulesoft")
    estate.add_client((-180, 5), name="Gift cards", policy="kong")
    estate.add_client((-176, 6), name=NASTY, policy="default")
    estate.add_client((-1, 181), name="Ticketing, second try", created=-1, principal=False, policy="kong")
    estate.add_client((-60, 122), name="Legacy intranet", isDisabled=True)
    estate.add_client((-100, 82), (-30, 152), name="Data lake", policy="mulesoft")
    estate.add_client((-3, 362), name="Partner hub", policy="default")
    for days in (3, 2, 1):
        estate.add_client((-days, 180), (-days - 1, 179), (-days - 2, 178), name=f"Over-rotated {days}")
    configuration = AuditConfiguration(
        rules=AuditRules(longest=timedelta(days=182)), portal="https://portal.azure.com", actions=frozenset({ActionName.PRUNE})
    )
    pruning = build_actions(configuration, estate.clients, estate.directory, Deliveries(Destinations(), {}), estate.probe)
    run = estate.audit(configuration, pruning).run(600, run_id="6f0c2a51", log=False, dry_run=True)
    # A run asks for the owners where it watches a whole tenant; here they are dealt out.
    owners = ("ada@example.com", "Bruno (bruno@example.com)", "team-orders@example.com")
    owned = (replace(f, owners=(owners[number % 4],) if number % 4 < 3 else ()) for number, f in enumerate(run.findings))
    return render_page(replace(run, findings=tuple(owned)))


def large_page(count: int) -> str:
    """The page of so many findings."""
    run = Estate().run(log=False)
    started = run.started
    kinds, severities = list(FindingKind), list(Severity)
    findings = tuple(
        AuditFinding(
            kinds[number % len(kinds)],
            severities[number % len(severities)],
            f"{number:08x}-1111-4222-8333-444455556666",
            f"{NAMES[number % len(NAMES)]} {number}",
            'The secret "dcr 2026-05-01" ends within 30 days, and no newer one takes its place.',
            "Rotate it, and give the new one to whoever uses it.",
            since=started - timedelta(days=number % 90),
            due=started + timedelta(days=number % 180),
            object=f"applications/{number:08x}-1111-4222-8333-444455556666",
            owners=(f"owner{number % 150}@example.com",),
        )
        for number in range(count)
    )
    return render_page(replace(run, findings=findings, found=count, portal="https://portal.azure.com"))


if __name__ == "__main__":
    import sys

    sys.stdout.write(sample_page())
