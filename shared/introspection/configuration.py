"""What an operator says about introspection: whose tokens are trusted, who may ask, and the switches.

shared.settings.introspection makes these out of the JSON of the settings; docs/introspection.md describes it. Named tuples and
not dataclasses wherever nothing has to be checked: making a frozen dataclass costs a cold start about a millisecond each.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.introspection.claims import GRAPH_AUDIENCES, V1, V2
from shared.introspection.keys import KeyLifetimes

PUBLIC_CLOUD = "https://login.microsoftonline.com"
# What the switches for a gateway say.
OFF, ENFORCE = "off", "enforce"
PASS, REFUSE = "pass", "refuse"


class ApplicationKeys(NamedTuple):
    """An application with signing keys of its own (claims mapping). They sign for its `audiences` alone."""

    app_id: str
    audiences: frozenset[str]


class TrustedTenant(NamedTuple):
    """A tenant, by its GUID. Issuers and key locations come from its metadata documents on `authority`, an https origin."""

    tenant_id: str
    authority: str = PUBLIC_CLOUD
    versions: tuple[str, ...] = (V1, V2)
    applications: tuple[ApplicationKeys, ...] = ()


class TrustedIssuer(NamedTuple):
    """An issuer without usable tenant metadata (External ID): trusted as spelt out here and no further."""

    issuer: str
    tenant_id: str
    jwks_uri: str
    version: str = V2


class Caller(NamedTuple):
    """Who may introspect. A token whose `aud` isn't in `audiences`, whose client isn't in `clients`, or whose `tid` isn't in
    `tenants` is inactive for it; None: every one.

    `claims`: verified claims that its answers carry beside the usual ones. `roles_as_scope`: app roles are added to `scope`.
    `grants`, `unregistered`, `agents`: as in the options, which hold where the caller says nothing (None).
    """

    name: str
    audiences: frozenset[str]
    clients: frozenset[str] | None = None
    claims: tuple[str, ...] = ()
    roles_as_scope: bool = False
    tenants: frozenset[str] | None = None
    grants: str | None = None
    unregistered: str | None = None
    agents: str | None = None


class SecretCaller(NamedTuple):
    """A caller with a client id (the caller's name) and secrets, kept as SHA-256; several are valid at once during a rotation."""

    caller: Caller
    secret_sha256: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"SecretCaller({self.caller!r}, {len(self.secret_sha256)} secrets)"


class BearerCaller(NamedTuple):
    """A caller that brings an Entra access token for the bridge's own audience with the app role `role`."""

    caller: Caller
    role: str


class RevocationOptions(NamedTuple):
    """`mode`: off, client, or client+user. `ttl`: seconds for which an answer of the directory counts. `grace`: seconds for which
    the last answer serves while the directory fails. `tenant_id`: the tenant that the lookups cover; others aren't checked. These
    three hold for the check of grant types too.
    """

    mode: str = "off"
    ttl: int = 120
    grace: int = 900
    tenant_id: str | None = None


class IntrospectionOptions(NamedTuple):
    """The switches. Times are in seconds. `graph_clients`: the only clients whose Graph-audience tokens count; None: no such
    token. `issuer`: the bridge's own identifier in signed answers. `bearer_audiences`, `bearer_tenants`: `aud` and `tid` of the
    tokens that bearer callers bring.

    For gateways that don't say otherwise: `grants`, off or enforce, whether a token must be of a kind that its client registered;
    `unregistered`, pass or refuse, then what becomes of clients that the bridge didn't register; `agents`, pass or refuse, what
    becomes of tokens of Entra's agent identities.
    """

    allow_get: bool = False
    graph_clients: frozenset[str] | None = None
    graph_max_lifetime: int = 7200
    max_lifetime: int | None = None
    cache_size: int = 4096
    cache_ttl: int = 60
    issuer: str | None = None
    bearer_audiences: frozenset[str] = frozenset()
    bearer_tenants: frozenset[str] = frozenset()
    revocation: RevocationOptions = RevocationOptions()
    keys: KeyLifetimes = KeyLifetimes()
    grants: str = OFF
    unregistered: str = PASS
    agents: str = PASS

    def grants_for(self, caller: Caller) -> str:
        """Whether registered grant types hold at a gateway."""
        return caller.grants or self.grants

    def unregistered_for(self, caller: Caller) -> str:
        """What becomes of clients that the bridge didn't register."""
        return caller.unregistered or self.unregistered

    def agents_for(self, caller: Caller) -> str:
        """What becomes of agents' tokens."""
        return caller.agents or self.agents


class Contradiction(NamedTuple):
    """What doesn't fit together: `fields` of IntrospectionConfiguration, the one to mend first, and why."""

    fields: tuple[str, ...]
    text: str


class ContradictoryConfiguration(ValueError):
    """The configuration as a whole makes no sense; `contradictions` has everything that is wrong with it."""

    def __init__(self, contradictions: tuple[Contradiction, ...]) -> None:
        super().__init__("; ".join(f"{found.fields[0]}: {found.text}" for found in contradictions))
        self.contradictions = contradictions


@dataclass(frozen=True)
class IntrospectionConfiguration:
    """Everything that introspection needs to be told. Raises ContradictoryConfiguration."""

    tenants: tuple[TrustedTenant, ...] = ()
    issuers: tuple[TrustedIssuer, ...] = ()
    callers: tuple[SecretCaller, ...] = ()
    bearer_callers: tuple[BearerCaller, ...] = ()
    options: IntrospectionOptions = field(default_factory=IntrospectionOptions)
    # Private P-256 keys in PEM for signed answers; the first one signs. None: answers are plain JSON.
    signing_keys: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        contradictions = tuple(self._contradictions())
        if contradictions:
            raise ContradictoryConfiguration(contradictions)

    @property
    def asks_directory(self) -> bool:
        """Whether any check needs Microsoft Graph."""
        callers = [entry.caller for entry in self.callers] + [entry.caller for entry in self.bearer_callers]
        enforced = any(self.options.grants_for(caller) == ENFORCE for caller in callers)
        return enforced or self.options.revocation.mode != "off"

    @property
    def asks_users(self) -> bool:
        """Whether users are looked up, which needs more permission than clients do."""
        return self.options.revocation.mode == "client+user"

    @property
    def directory_tenant(self) -> str:
        """The tenant whose clients and users the directory knows."""
        trusted = [entry.tenant_id for entry in self.tenants] + [entry.tenant_id for entry in self.issuers]
        return self.options.revocation.tenant_id or next(iter(trusted), "")

    def _contradictions(self) -> Iterator[Contradiction]:
        options, names, sources = self.options, set[str](), set[str]()
        trusted = {tenant.tenant_id for tenant in self.tenants} | {issuer.tenant_id for issuer in self.issuers}
        callers = [("callers", entry.caller) for entry in self.callers]
        callers += [("bearer_callers", entry.caller) for entry in self.bearer_callers]
        for name, caller in callers:
            if caller.unregistered == REFUSE and options.grants_for(caller) == OFF:
                yield Contradiction((name, "options"), f"unregistered of {caller.name!r} needs grants to be 'enforce'")
            if caller.name in names:
                yield Contradiction((name, "callers"), f"two callers are named {caller.name!r}")
            names.add(caller.name)
            if caller.audiences & GRAPH_AUDIENCES:
                text = f"the audiences of {caller.name!r} hold Microsoft Graph's, which has a switch of its own"
                yield Contradiction((name,), text)
            if not (caller.tenants or trusted) <= trusted:
                text = f"the tenants of {caller.name!r} hold one whose tokens are not trusted"
                yield Contradiction((name, "tenants", "issuers"), text)
        for name, source in [("tenants", entry.tenant_id) for entry in self.tenants] + [
            ("issuers", entry.issuer) for entry in self.issuers
        ]:
            if source in sources:
                yield Contradiction((name,), f"{source!r} is trusted twice")
            sources.add(source)
        if self.signing_keys and options.issuer is None:
            yield Contradiction(("options", "signing_keys"), "issuer is missing: signed answers name who signed them")
        if self.bearer_callers and not options.bearer_audiences:
            text = "bearer_audiences is missing: bearer callers need the audience that their tokens are for"
            yield Contradiction(("options", "bearer_callers"), text)
        if self.bearer_callers and not options.bearer_tenants <= trusted:
            text = "bearer_tenants holds a tenant whose tokens are not trusted, or lacks one where the bridge's own is not"
            yield Contradiction(("options", "tenants", "issuers"), text)
        if options.unregistered == REFUSE and not any(
            grants == ENFORCE for grants in (options.grants, *(caller.grants for _, caller in callers))
        ):
            yield Contradiction(("options", "callers", "bearer_callers"), "unregistered needs grants to be 'enforce'")
        if self.asks_directory and options.revocation.tenant_id is None and len(trusted) > 1:
            text = "revocation.tenant_id is missing: with several tenants, name the one that the directory is of"
            yield Contradiction(("options", "tenants", "issuers"), text)
