"""A tenant worth looking at, and the report page of it, rendered with a name that tries to be markup."""

import random
from datetime import timedelta

from shared.audit.configuration import AuditConfiguration, AuditRules
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
    configuration = AuditConfiguration(rules=AuditRules(longest=timedelta(days=182)))
    return render_page(estate.audit(configuration).run(600, run_id="6f0c2a51", log=False))


if __name__ == "__main__":
    import sys

    sys.stdout.write(sample_page())
