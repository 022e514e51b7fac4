"""Putting the audit together from its configuration and the bridge's adapters."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import requests

from shared.audit.actions.base import Action
from shared.audit.actions.prune import Pruning
from shared.audit.actions.purging import Purging
from shared.audit.actions.renew import Renewing
from shared.audit.actions.repair import Finishing, Undoing
from shared.audit.actions.retirement import Retirement
from shared.audit.configuration import ActionName, AuditConfiguration, SinkAddresses
from shared.audit.delivery.deliveries import Deliveries
from shared.audit.delivery.destinations import StoreKind
from shared.audit.delivery.key_vault import KeyVault, TokenFor
from shared.audit.delivery.secrets_manager import SecretsManager
from shared.audit.delivery.store import SecretStore
from shared.audit.directory import Roster
from shared.audit.registrations import describe
from shared.audit.run import Audit
from shared.audit.sinks.aws import EventBus, SnsTopic
from shared.audit.sinks.blob import BlobPage
from shared.audit.sinks.chat import Chat, slack_message, teams_message
from shared.audit.sinks.posting import Poster
from shared.audit.sinks.signature import signing_key
from shared.audit.sinks.sink import Sink
from shared.audit.sinks.webhook import Webhook
from shared.clock import Clock, SystemClock
from shared.graph.client import GraphClient
from shared.graph.clouds import Cloud
from shared.graph.credential import MsalCredential
from shared.graph.deleted_items import DeletedItems
from shared.graph.directory import Directory
from shared.graph.identity import Identity
from shared.graph.listing import Listing
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
    stores: dict[StoreKind, SecretStore] | None = None,
) -> Audit:
    """The audit with its actions, stores and sinks.

    `graph_origin` is Graph's host, such as https://graph.microsoft.com. Sinks, vaults and storage are called through `session`,
    which follows no redirects and trusts the machine's certificates. `token_for` gives tokens for vaults and storage, see
    `vault_tokens`. `stores` replaces the stores that renewed secrets go to.
    """
    listing, directory = Listing(graph), Directory(graph)
    roster = Roster(listing, directory, configuration.marker_tag, describe, graph_origin)
    if stores is None:
        stores = {
            StoreKind.KEY_VAULT: KeyVault(session, token_for, clock.now),
            StoreKind.SECRETS_MANAGER: SecretsManager(),
        }
    deliveries = Deliveries(configuration.destinations, stores)
    actions = build_actions(configuration, listing, directory, roster, deliveries)
    return Audit(configuration, roster, clock, actions, _sink_factory(configuration.sinks, Poster(session, clock), token_for))


def build_actions(
    configuration: AuditConfiguration, listing: Listing, directory: Directory, roster: Roster, deliveries: Deliveries
) -> tuple[Action, ...]:
    """The actions that are turned on, in the order in which a run carries them out: what keeps clients working comes first."""
    rules, limit = configuration.rules, configuration.limit
    makers: dict[ActionName, Callable[[int], Action]] = {
        ActionName.RENEW: lambda most: Renewing(
            roster,
            directory,
            deliveries,
            limit=most,
            before=configuration.renew_before,
            lifetime=configuration.secret_lifetime,
            settle=configuration.settle,
        ),
        ActionName.FINISH: lambda most: Finishing(roster, directory, most),
        ActionName.UNDO: lambda most: Undoing(roster, directory, most, configuration.undo_within),
        ActionName.RETIRE: lambda most: Retirement(roster, directory, rules, most),
        ActionName.PRUNE: lambda most: Pruning(roster, directory, rules, most, configuration.spacing, deliveries),
        ActionName.PURGE: lambda most: Purging(
            DeletedItems(listing), directory, configuration.marker_tag, most, configuration.purge_after
        ),
    }
    return tuple(make(limit(name)) for name, make in makers.items() if name in configuration.actions)


def vault_tokens(identity: Identity, tenant_id: str, cloud: Cloud, session: DirectorySession) -> TokenFor:
    """Tokens for other resources than Graph, by the bridge's own identity."""
    credentials: dict[str, MsalCredential] = {}
    given: dict[str, str] = {}

    def token_for(resource: str, fresh: bool) -> str:
        if resource not in credentials:
            # The credential asks for the scope of its cloud's Graph: here the vault stands in that place.
            credentials[resource] = MsalCredential(identity, tenant_id, replace(cloud, graph=resource), session)
        # A fresh one is asked for after the vault has refused the one before.
        rejected = given.get(resource, "") if fresh else ""
        given[resource] = credentials[resource].token(Deadline.after(SystemClock(), TOKEN_SECONDS), rejected=rejected)
        return given[resource]

    return token_for


def _sink_factory(addresses: SinkAddresses, poster: Poster, token_for: TokenFor) -> Callable[[], Sequence[Sink]]:
    def sinks() -> Sequence[Sink]:
        made: list[Sink] = []
        if addresses.webhook_url:
            made.append(Webhook(poster, addresses.webhook_url, signing_key(addresses.webhook_secret)))
        if addresses.teams_url:
            made.append(Chat("teams", poster, addresses.teams_url, teams_message))
        if addresses.slack_url:
            made.append(Chat("slack", poster, addresses.slack_url, slack_message))
        if addresses.sns_topic:
            made.append(SnsTopic(addresses.sns_topic))
        if addresses.event_bus:
            made.append(EventBus(addresses.event_bus))
        if addresses.report_blob:
            made.append(BlobPage(poster, addresses.report_blob, token_for))
        return made

    return sinks
