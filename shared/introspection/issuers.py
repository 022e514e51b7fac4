"""Whose tokens are trusted: the table of issuers, out of the documents that the tenants publish on the configured authority.

No issuer is built from a string. A tenant's two metadata documents (OpenID Connect Discovery 1.0 section 3) name its v1 and v2
issuer; the keys come from the v2 document alone, because Entra's v1 key document doesn't say whose tokens a key may sign, and a
consumer key in it would vouch for any tenant. Both documents publish the same keys for the tenant itself.
"""

from collections.abc import Mapping
from concurrent.futures import Executor
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

from shared.http.documents import DocumentReader, UnusableDocument, check_location
from shared.introspection.claims import V1, V2
from shared.introspection.configuration import IntrospectionConfiguration, TrustedIssuer, TrustedTenant
from shared.introspection.keys import TENANT_TEMPLATE, KeyStore, Published, VerificationKey, read_key_set
from shared.introspection.reasons import Reason, Refused


class Source(NamedTuple):
    """A tenant or an explicit issuer, and the store of what it publishes. `versions`: the token versions that it may issue."""

    tenant_id: str
    versions: tuple[str, ...]
    store: KeyStore


class TenantDocuments:
    """What a tenant publishes. Called without arguments; raises if any of its documents can't be read or names another tenant."""

    def __init__(self, tenant: TrustedTenant, read: DocumentReader) -> None:
        self._tenant = tenant
        self._host = urlsplit(tenant.authority).netloc
        self._read = read

    def __call__(self) -> Published:
        tenant_id = self._tenant.tenant_id
        base = f"{self._tenant.authority}/{tenant_id}"
        metadata = f"{base}/v2.0/.well-known/openid-configuration"
        issuer, keys = self._key_set(metadata, None)
        for application in self._tenant.applications:
            own = self._key_set(f"{metadata}?appid={application.app_id}", application.audiences)[1]
            # The tenant's keys win: listed in both documents, they stay good for every audience.
            keys = {**own, **keys}
        versions = {issuer: V2} if V2 in self._tenant.versions else {}
        if V1 in self._tenant.versions:
            versions[self._issuer(self._metadata(f"{base}/.well-known/openid-configuration"))] = V1
        return Published(versions, keys)

    def _metadata(self, url: str) -> Mapping[str, object]:
        document = self._read(url, self._host)
        if not isinstance(document, dict):
            raise UnusableDocument(f"{url} is not a JSON object")
        return document

    def _issuer(self, metadata: Mapping[str, object]) -> str:
        issuer = metadata.get("issuer")
        if not isinstance(issuer, str) or urlsplit(issuer).scheme != "https":
            raise UnusableDocument("the metadata has no https issuer")
        issuer = issuer.replace(TENANT_TEMPLATE, self._tenant.tenant_id)
        if self._tenant.tenant_id not in urlsplit(issuer).path.split("/"):
            raise UnusableDocument(f"the metadata's issuer {issuer[:200]!r} is of another tenant")
        return issuer

    def _key_set(self, url: str, audiences: frozenset[str] | None) -> tuple[str, dict[str, VerificationKey]]:
        metadata = self._metadata(url)
        issuer, location, cloud = self._issuer(metadata), metadata.get("jwks_uri"), metadata.get("cloud_instance_name")
        if not isinstance(location, str):
            raise UnusableDocument(f"{url} has no jwks_uri")
        check_location(location, self._host)
        document = self._read(location, self._host)
        return issuer, read_key_set(
            document, issuer, self._tenant.tenant_id, cloud if isinstance(cloud, str) else None, audiences
        )


def read_issuer(trusted: TrustedIssuer, read: DocumentReader) -> Published:
    """What an explicit issuer publishes: its keys, at the place that the operator named."""
    document = read(trusted.jwks_uri, urlsplit(trusted.jwks_uri).netloc)
    return Published({trusted.issuer: trusted.version}, read_key_set(document, trusted.issuer, trusted.tenant_id))


class TrustedIssuers:
    """The trusted sources, found by a token's `iss`."""

    def __init__(self, configuration: IntrospectionConfiguration, read: DocumentReader, executor: Executor) -> None:
        lifetimes = configuration.options.keys
        self._explicit: dict[str, Source] = {}
        for issuer in configuration.issuers:
            store = KeyStore(issuer.issuer, partial(read_issuer, issuer, read), lifetimes, executor)
            self._explicit[issuer.issuer] = Source(issuer.tenant_id, (issuer.version,), store)
        self._tenants: dict[str, Source] = {}
        for tenant in configuration.tenants:
            store = KeyStore(f"tenant {tenant.tenant_id}", TenantDocuments(tenant, read), lifetimes, executor)
            self._tenants[tenant.tenant_id] = Source(tenant.tenant_id, tenant.versions, store)
        # iss -> source, learnt from what tenants published; a hint that each use checks against the source.
        self._learnt: dict[str, Source] = dict(self._explicit)

    @property
    def sources(self) -> tuple[Source, ...]:
        """All of them, tenants first."""
        return (*self._tenants.values(), *self._explicit.values())

    def find(self, claims: Mapping[str, object], now: float) -> tuple[Source, str, Published]:
        """The source whose issuer is exactly the token's `iss`, the version of its tokens, and what it published.

        Raises Refused, or Pending and FetchFailed for a tenant whose documents aren't there. Only configured tenants are ever
        asked, so that no token can make the bridge fetch anything else.
        """
        issuer = claims.get("iss")
        if not isinstance(issuer, str):
            raise Refused(Reason.ISSUER_MALFORMED)
        source = self._learnt.get(issuer)
        if source is not None:
            published = source.store.value(now)
            version = published.versions.get(issuer)
            if version is not None:
                return source, version, published
        return self._learn(issuer, claims, now)

    def _learn(self, issuer: str, claims: Mapping[str, object], now: float) -> tuple[Source, str, Published]:
        source = next((tenant for tenant in self._tenants.values() if issuer in tenant.store.known_issuers), None)
        if source is None:
            # Before a tenant's documents are read nothing ties an issuer to it, so the token's own `tid` says which one to ask.
            tenant_id = claims.get("tid")
            source = self._tenants.get(tenant_id) if isinstance(tenant_id, str) else None
        if source is None:
            raise Refused(Reason.ISSUER_NOT_TRUSTED)
        published = source.store.value(now)
        version = published.versions.get(issuer)
        if version is None:
            raise Refused(Reason.ISSUER_NOT_TRUSTED)
        self._learnt[issuer] = source
        return source, version, published
