"""`python -m shared.commands.doctor` examines a deployment by the settings of its environment: 1 where something must be mended.

It changes nothing, but for --probe: that makes a client, to see how long the directory takes to let it in, and removes it again.
Each finding that isn't well comes with its cure.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TextIO

from shared.application import Application
from shared.commands.audit_checkup import check_mail, check_stores
from shared.commands.diagnosis import Diagnosis, Level, problem, warning, well
from shared.commands.permissions import compare
from shared.environment import InvalidSettings
from shared.graph.errors import GraphFailure, PermissionRefused
from shared.graph.tenant_rules import POLICY, read_rules
from shared.retry import Deadline

# Seconds for one check.
PATIENCE = 30.0
# Applications and service principals that a principal without a directory role may own (docs/deployment.md).
OWNED_OBJECTS = 250
OBJECTS_OF_A_CLIENT = 2
# Seconds that clocks may differ before tokens and credentials are judged wrongly.
CLOCK_SKEW = 60.0
AADSTS_CURES = {
    "7000215": "the secret is wrong: put the secret's value, not its id, into ENTRA_CLIENT_SECRET",
    "7000222": "the secret is over: make a new one for the bridge's application",
    "700016": "ENTRA_CLIENT_ID is no application of this tenant: compare it and ENTRA_TENANT_ID",
    "700027": "the certificate isn't among the application's: upload the one of ENTRA_CLIENT_CERTIFICATE",
    "90002": "ENTRA_TENANT_ID is no tenant of this cloud: compare it and ENTRA_CLOUD",
}


class Checkup:
    """The checks, in the order in which one builds on another."""

    def __init__(self, application: Application, variables: Mapping[str, str]) -> None:
        self._application = application
        self._variables = variables

    def run(self) -> Iterator[Diagnosis]:
        """All checks. Where the directory can't be reached by the bridge's identity, those that need it are left out."""
        yield from self._guarded("settings", self._settings)
        yield from self._guarded("keys", self._keys)
        yield from self._guarded("clock", self._clock)
        granted = True
        for diagnosis in self._guarded("credential", self._credential):
            granted = granted and diagnosis.level is not Level.PROBLEM
            yield diagnosis
        if granted:
            yield from self._guarded("policies", self._policies)
            yield from self._guarded("quota", self._quota)
            yield from self._guarded("stores", lambda: check_stores(self._application))
            yield from self._guarded("mail", lambda: check_mail(self._application))

    def _guarded(self, name: str, check: Callable[[], Iterator[Diagnosis]]) -> Iterator[Diagnosis]:
        try:
            yield from check()
        except InvalidSettings as invalid:
            names = ", ".join(found.name for found in invalid.problems)
            yield problem(name, "can't be checked", f"mend the settings first: {names}")
        except Exception as failure:  # a doctor who falls ill helps nobody
            yield problem(
                name, f"{type(failure).__name__}: {failure}", "see whether this machine reaches Entra and Graph by https"
            )

    def _deadline(self) -> Deadline:
        return Deadline.after(self._application.clock, PATIENCE)

    def _settings(self) -> Iterator[Diagnosis]:
        from shared.settings.whole import check_settings

        found = check_settings(self._variables)
        for wrong in found.problems:
            yield problem("settings", str(wrong), "docs/settings.md has its form")
        for text in found.warnings:
            yield warning("settings", text, "turn it off unless you know why it is on")
        if not found.problems:
            yield well("settings", "can be used")

    def _keys(self) -> Iterator[Diagnosis]:
        tenant, documents = self._application.tenant, self._application.documents
        host = tenant.cloud.authority.removeprefix("https://")
        metadata: Any = documents(f"{tenant.cloud.authority}/{tenant.tenant_id}/v2.0/.well-known/openid-configuration", host)
        keys: Any = documents(metadata["jwks_uri"], host)
        count = len(keys["keys"])
        if count:
            yield well("keys", f"the tenant publishes {count} signing keys, and they can be read")
        else:
            yield problem("keys", "the tenant publishes no signing keys", "compare ENTRA_TENANT_ID and ENTRA_CLOUD")

    def _clock(self) -> Iterator[Diagnosis]:
        cloud = self._application.tenant.cloud
        answer = self._application.session.get(f"{cloud.graph}/v1.0/$metadata", timeout=PATIENCE, stream=True)
        answer.close()
        theirs = parsedate_to_datetime(answer.headers["Date"])
        behind = (theirs - self._application.clock.now().astimezone(UTC)).total_seconds()
        if abs(behind) > CLOCK_SKEW:
            yield problem("clock", f"differs from Microsoft's by {behind:+.0f} seconds", "synchronise this machine's clock")
        else:
            yield well("clock", f"within {CLOCK_SKEW:.0f} seconds of Microsoft's")

    def _credential(self) -> Iterator[Diagnosis]:
        from shared.graph.client import shown_claims
        from shared.graph.identity import ClientCertificate, ManagedIdentity

        identity = self._application.tenant.identity
        if isinstance(identity, ManagedIdentity):
            name = f"the managed identity {identity.client_id or 'of the app'} (ENTRA_MANAGED_IDENTITY)"
        elif isinstance(identity, ClientCertificate):
            name = "the certificate (ENTRA_CLIENT_CERTIFICATE)"
        else:
            name = "the secret (ENTRA_CLIENT_SECRET)"
        try:
            token = self._application.credential.token(self._deadline())
        except GraphFailure as failure:
            known = (cure for code, cure in AADSTS_CURES.items() if code in str(failure))
            usual = (
                "run the doctor in the app, where its identity is" if isinstance(identity, ManagedIdentity) else "docs/errors.md"
            )
            yield problem("credential", f"{name} gets no token: {failure}", next(known, usual))
            return
        yield well("credential", f"{name} gets tokens for Microsoft Graph")
        try:
            roles = set(shown_claims(token).get("roles") or ())
        except ValueError:
            yield warning("permissions", "the token can't be read", "look at the identity's permissions in the portal")
            return
        yield from compare(self._application, roles)

    def _policies(self) -> Iterator[Diagnosis]:
        """The default app management policy (learn.microsoft.com/graph/api/resources/tenantappmanagementpolicy)."""
        try:
            policy = self._application.graph.call("GET", POLICY, self._deadline()).body
        except PermissionRefused:
            yield warning("policies", "can't be read", "grant Policy.Read.All to have them checked; all else works without")
            return
        days = self._application.registration_settings.secret_lifetime // 86_400
        rules = read_rules(policy, self._application.clock.now())
        if not rules.secrets:
            cure = "exempt the bridge's identity, or have clients register certificates (private_key_jwt)"
            yield problem("policies", "the tenant forbids new client secrets", cure)
        elif rules.longest_secret is not None and rules.longest_secret < timedelta(days=days):
            most = rules.longest_secret.days
            text = f"secrets may live {most} days, and REGISTRATION_SECRET_DAYS is {days}; new ones get {most}"
            yield warning("policies", text, f"REGISTRATION_SECRET_DAYS={most}, so that the audit renews in time")
        else:
            yield well("policies", f"secrets of {days} days are allowed")
        if rules.longest_certificate is not None:
            yield well("policies", f"certificates may be valid for {rules.longest_certificate.days} days")

    def _quota(self) -> Iterator[Diagnosis]:
        tag = self._application.registration_settings.bridge_tag
        pages = self._application.directory.tagged_pages("applications", tag, ("id",), self._deadline())
        clients = sum(map(len, pages))
        objects = clients * OBJECTS_OF_A_CLIENT
        text = f"{clients} clients, which are {objects} objects; without a directory role an identity may own {OWNED_OBJECTS}"
        if objects > OWNED_OBJECTS * 0.8:
            yield warning("quota", text, "see docs/deployment.md on the limit; deleted clients count for 30 days more")
        else:
            yield well("quota", text)


def main(arguments: Sequence[str], variables: Mapping[str, str], output: TextIO) -> int:
    """Examine and print; 1 where there is a problem."""
    parser = argparse.ArgumentParser(prog="python -m shared.commands.doctor", description="Examine a deployment of the bridge.")
    parser.add_argument("--url", help="where the deployed bridge is (default: BRIDGE_BASE_URL)")
    doors = parser.add_mutually_exclusive_group()
    doors.add_argument("--no-doors", action="store_true", help="don't call the deployed bridge")
    doors.add_argument("--only-doors", action="store_true", help="call the deployed bridge alone, without its settings")
    parser.add_argument("--probe", action="store_true", help="make a client, measure how the directory lags, and remove it again")
    options = parser.parse_args(arguments)
    application = Application(variables)
    found = [] if options.only_doors else list(show(Checkup(application, variables).run(), output))
    if not options.no_doors:
        from shared.commands.doors import knock

        found += show(knock(options.url or variables.get("BRIDGE_BASE_URL", "")), output)
    refused = any(each.check in ("credential", "permissions") and each.level is Level.PROBLEM for each in found)
    if options.probe and not options.only_doors and not refused:
        from shared.commands.lag_probe import measure_lag

        found += show(measure_lag(application.directory, application.clock), output)
    problems = sum(each.level is Level.PROBLEM for each in found)
    output.write(f"\n{problems} to mend.\n" if problems else "\nNothing to mend.\n")
    return 1 if problems else 0


def show(diagnoses: Iterator[Diagnosis], output: TextIO) -> Iterator[Diagnosis]:
    """Print each diagnosis as it comes."""
    for each in diagnoses:
        output.write(f"{each}\n")
        yield each


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, sys.stdout))
