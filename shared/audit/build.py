"""Putting the audit together from its configuration and the bridge's adapters."""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import replace

import requests

from shared.audit.actions import Action
from shared.audit.actions.prune import Prune
from shared.audit.actions.renew import Renew
from shared.audit.actions.repair import Finish, Purge, Retire, Undo
from shared.audit.aws import EventBus, SecretsManager, SnsTopic
from shared.audit.azure import KeyVault, ReportBlob, TokenFor
from shared.audit.client_lists import ClientLists
from shared.audit.configuration import ActionName, AuditConfiguration, SinkAddresses
from shared.audit.delivery import Deliveries, SecretStore, StoreKind
from shared.audit.github import GithubEnvironment
from shared.audit.hashicorp_vault import HashicorpVault
from shared.audit.mail.mail_configuration import MailConfiguration
from shared.audit.mail.senders import GraphMail, MailSender, SmtpMail
from shared.audit.run import Audit
from shared.audit.sinks import Sink
from shared.audit.sinks.chat import Chat, slack_message, teams_message
from shared.audit.sinks.webhook import HttpsCaller, Webhook, signing_key
from shared.clock import Clock, SystemClock
from shared.graph.client import GraphClient
from shared.graph.clouds import CLOUDS, Cloud
from shared.graph.credential import MsalCredential
from shared.graph.directory import Directory
from shared.graph.identity import Identity
from shared.graph.secret_probe import SecretProbe
from shared.graph.session import DirectorySession
from shared.retry import Deadline

TOKEN_SECONDS = 10.0


def build_audit(
    configuration: AuditConfiguration,
    *,
    graph: GraphClient,
    graph_origin: str,
    clock: Clock,
    session: requests.Session,
    token_for: TokenFor,
    probe: SecretProbe,
    tenant_id: str = "",
    own_client_id: str = "",
) -> Audit:
    """The audit with its actions, stores and sinks.

    `graph_origin` is Graph's host, such as https://graph.microsoft.com. Sinks, vaults and storage are called through `session`,
    which follows no redirects; mail servers are trusted by what it trusts. `token_for` gives tokens for vaults and storage, see
    `vault_tokens`; `probe` asks the token service about renewed secrets. `own_client_id` is the bridge's own, for the scope
    `owned`.
    """
    portal = next((cloud.portal for cloud in CLOUDS.values() if cloud.graph == graph_origin), "")
    configuration = replace(configuration, portal=portal)
    caller = HttpsCaller(session, clock)
    directory = Directory(graph)
    clients = ClientLists(directory, configuration.marker_tag, graph_origin, configuration.scope, tenant_id, own_client_id)
    deliveries = build_deliveries(configuration, caller, token_for)
    actions = build_actions(configuration, clients, directory, deliveries, probe)
    return Audit(
        configuration,
        clients,
        clock,
        actions,
        _sink_maker(configuration.sinks, caller, token_for),
        mail_sender(configuration.mail, graph, session.tls if isinstance(session, DirectorySession) else None),
    )


def build_deliveries(configuration: AuditConfiguration, caller: HttpsCaller, token_for: TokenFor) -> Deliveries:
    """The configured destinations with all stores."""
    stores: dict[StoreKind, SecretStore] = {
        StoreKind.KEY_VAULT: KeyVault(caller, token_for),
        StoreKind.SECRETS_MANAGER: SecretsManager(),
        StoreKind.HASHICORP_VAULT: HashicorpVault(caller, configuration.logins.vault, token_for),
        StoreKind.GITHUB: GithubEnvironment(caller, configuration.logins.github_token),
    }
    return Deliveries(configuration.destinations, stores)


def build_actions(
    configuration: AuditConfiguration,
    clients: ClientLists,
    directory: Directory,
    deliveries: Deliveries,
    probe: SecretProbe,
) -> tuple[Action, ...]:
    """The actions that are turned on, in the order in which a run carries them out: what keeps clients working comes first."""
    rules = configuration.rules
    makers: dict[ActionName, Callable[[int], Action]] = {
        ActionName.RENEW: lambda limit: Renew(
            clients,
            directory,
            limit,
            deliveries=deliveries,
            before=configuration.renew_before,
            lifetime=configuration.secret_lifetime,
            probe=probe,
        ),
        ActionName.FINISH: lambda limit: Finish(clients, directory, limit),
        ActionName.UNDO: lambda limit: Undo(clients, directory, limit, configuration.undo_within),
        ActionName.RETIRE: lambda limit: Retire(clients, directory, limit, rules),
        ActionName.PRUNE: lambda limit: Prune(
            clients, directory, limit, rules=rules, spacing=configuration.spacing, deliveries=deliveries
        ),
        ActionName.PURGE: lambda limit: Purge(clients, directory, limit, configuration.marker_tag, configuration.purge_after),
    }
    return tuple(make(configuration.limit(name)) for name, make in makers.items() if name in configuration.actions)


def vault_tokens(identity: Identity, tenant_id: str, cloud: Cloud, session: requests.Session) -> TokenFor:
    """Tokens for other resources than Graph, by the bridge's own identity."""
    credentials: dict[str, MsalCredential] = {}
    given: dict[str, str] = {}

    def token_for(resource: str, fresh: bool) -> str:
        if resource not in credentials:
            # The credential asks for the scope of its cloud's Graph: here the vault stands in that place.
            credentials[resource] = MsalCredential(identity, tenant_id, cloud._replace(graph=resource), session)
        # A fresh one is asked for after the vault has refused the one before.
        rejected = given.get(resource, "") if fresh else ""
        given[resource] = credentials[resource].token(Deadline.after(SystemClock(), TOKEN_SECONDS), rejected=rejected)
        return given[resource]

    return token_for


def mail_sender(mail: MailConfiguration, graph: GraphClient, tls: ssl.SSLContext | None) -> MailSender | None:
    """What sends mails, by Graph or SMTP; None where no mail is to be sent. `tls`: what mail servers are trusted by."""
    if not mail.sender:
        return None
    return GraphMail(graph, mail.sender) if mail.server is None else SmtpMail(mail.server, tls)


def _sink_maker(addresses: SinkAddresses, caller: HttpsCaller, token_for: TokenFor) -> Callable[[], Sequence[Sink]]:
    makers: list[tuple[object, Callable[[], Sink]]] = [
        (addresses.webhook_url, lambda: Webhook(caller, addresses.webhook_url, signing_key(addresses.webhook_secret))),
        (addresses.teams_url, lambda: Chat("teams", caller, addresses.teams_url, teams_message)),
        (addresses.slack_url, lambda: Chat("slack", caller, addresses.slack_url, slack_message)),
        (addresses.sns_topic, lambda: SnsTopic(addresses.sns_topic)),
        (addresses.event_bus, lambda: EventBus(addresses.event_bus)),
        (addresses.report_blob, lambda: ReportBlob(caller, addresses.report_blob, token_for)),
    ]
    return lambda: [make() for address, make in makers if address]
