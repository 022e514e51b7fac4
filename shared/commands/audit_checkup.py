"""The doctor's questions to what the audit writes to: stores of renewed secrets, and the mailbox. None changes anything."""

from collections.abc import Iterator

from shared.application import Application
from shared.audit.build import build_deliveries, mail_sender, vault_tokens
from shared.audit.delivery import StoreFailure, StoreKind
from shared.audit.mail.senders import MailFailure
from shared.audit.sinks.webhook import HttpsCaller
from shared.commands.diagnosis import Diagnosis, problem, well
from shared.commands.doors import NOBODY
from shared.retry import Deadline

CURES = {
    StoreKind.KEY_VAULT: "give the identity setSecret and readMetadata on the vault (docs/secrets.md), and look at its firewall",
    StoreKind.SECRETS_MANAGER: "give the app boto3, credentials, and secretsmanager:DescribeSecret and PutSecretValue",
    StoreKind.HASHICORP_VAULT: "look at AUDIT_VAULT_TOKEN or AUDIT_VAULT_ROLE, and at its policy (docs/secrets.md)",
    StoreKind.GITHUB: "look at AUDIT_GITHUB_TOKEN, and whether repository and environment exist",
}
# Seconds for one store.
PATIENCE = 20.0


def check_stores(application: Application) -> Iterator[Diagnosis]:
    """Ask each store for a secret, which shows that it is reached and may be read; only a delivery shows that it takes one."""
    configuration, tenant = application.audit_settings, application.tenant
    token_for = vault_tokens(tenant.identity, tenant.tenant_id, tenant.cloud, application.session)
    deliveries = build_deliveries(configuration, HttpsCaller(application.outside, application.clock), token_for)
    for address in configuration.destinations.by_selector.values():
        try:
            deliveries.read_current(address.fill_in(NOBODY, "default"), Deadline.after(application.clock, PATIENCE))
        except StoreFailure as failure:
            yield problem("stores", f"{address}: {failure}", CURES[address.store])
        else:
            yield well("stores", f"{address} is reached and may be read")


def check_mail(application: Application) -> Iterator[Diagnosis]:
    """Try the mailbox or the mail server without sending anything."""
    mail = application.audit_settings.mail
    sender = mail_sender(mail, application.graph, application.outside.tls)
    if sender is None:
        return
    try:
        sender.check(Deadline.after(application.clock, PATIENCE))
    except MailFailure as failure:
        cure = "grant Mail.Send, or Exchange's role for the mailbox" if mail.server is None else "look at AUDIT_MAIL_SERVER"
        yield problem("mail", f"{mail.sender} can't write: {failure}", cure)
    else:
        yield well("mail", f"{mail.sender} may write; nothing was sent")
