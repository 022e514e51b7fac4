"""The settings of the bridge itself, of its tenant, and of its own identity in it."""

import re
import ssl
from pathlib import Path
from typing import NamedTuple

from shared.environment import GUID, Environment, choice, flag, number, origin, text
from shared.graph.clouds import CLOUDS, Cloud
from shared.graph.identity import ClientCertificate, ClientSecretIdentity, Identity, ManagedIdentity
from shared.secret import Secret

DEFAULT_TAG = "entra-dcr-bridge"
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,63}")
_KEY_BLOCK = re.compile(r"-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)
_CERTIFICATE_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)

BASE_URL = origin(
    "BRIDGE_BASE_URL",
    "where callers reach the bridge: https, or http on a loopback host; may have a path",
    required="the URL at which callers reach the bridge",
    path=True,
    shown="required",
)
TAG = text("BRIDGE_TAG", "the tag that marks the bridge's own applications; each bridge of a tenant needs its own", DEFAULT_TAG)
OFFLINE_ACCESS = flag(
    "BRIDGE_OFFERS_OFFLINE_ACCESS",
    True,
    "whether the metadata list `offline_access`; MCP clients that see it force a consent page at each sign-in (docs/mcp.md)",
)
# Here and not with the other settings of registration, because the doors read it before those are loaded.
BUDGET_MILLISECONDS = number(
    "REGISTRATION_BUDGET_MILLISECONDS",
    4500,
    500,
    60_000,
    "the time for one request; Anypoint gives up after 5 seconds unless told otherwise",
)
TELEMETRY = choice(
    "BRIDGE_TELEMETRY",
    ("off", "azure", "otlp"),
    "traces and metrics by OpenTelemetry: `off`, `azure` (Application Insights) or `otlp`; needs packages (docs/telemetry.md)",
)
TENANT_ID = text("ENTRA_TENANT_ID", "the tenant's id, a GUID", required="the tenant's id, a GUID", shown="required")
CLOUD = choice("ENTRA_CLOUD", tuple(CLOUDS), "`public`, `usgov`, `usgov-dod` or `china`")
AUTHORITY_URL = origin(
    "ENTRA_AUTHORITY_URL", "origin of the token service, for clouds that the list above lacks", shown="the cloud's"
)
GRAPH_URL = origin("ENTRA_GRAPH_URL", "origin of Microsoft Graph", shown="the cloud's")
MANAGED_IDENTITY = text("ENTRA_MANAGED_IDENTITY", "`system`, or the client id of a user-assigned identity")
CLIENT_ID = text("ENTRA_CLIENT_ID", "client id of the bridge's own application, with a certificate or a secret")
CLIENT_CERTIFICATE = text(
    "ENTRA_CLIENT_CERTIFICATE",
    "PEM text of its private key and certificate (line ends may be written `\\n`), or the path of such a file",
)
CLIENT_SECRET = text("ENTRA_CLIENT_SECRET", "its secret. Just one of identity, certificate and secret must be set")
CA_BUNDLE = text(
    "BRIDGE_CA_BUNDLE",
    "path of a PEM file with the certificates to trust: towards Entra and Graph those alone, towards webhooks, vaults and blobs"
    " besides the usual ones",
    shown="the machine's",
)
OLDER_CA_BUNDLE = text("ENTRA_CA_BUNDLE", "the older name of `BRIDGE_CA_BUNDLE`")
SKIP_VALIDATION = flag("ENTRA_SKIP_CERTIFICATE_VALIDATION", False, "trust any certificate; logged loudly at each start")


class TenantSettings(NamedTuple):
    """Where the directory is and who the bridge is in it.

    `verify` is what the HTTP clients take: a CA bundle's path, True for the machine's certificates, False for no validation.
    """

    tenant_id: str
    cloud: Cloud
    identity: Identity
    verify: str | bool


def read_base_url(environment: Environment) -> str:
    """Where callers reach the bridge, without a slash at its end."""
    return environment.read(BASE_URL)


def read_tag(environment: Environment) -> str:
    """The tag of the bridge's own applications."""
    tag = environment.read(TAG)
    if not _TAG.fullmatch(tag):
        environment.refuse(TAG.name, "expected 3 to 64 letters, digits, dots, hyphens and underscores")
    return tag


def read_tenant(environment: Environment) -> TenantSettings:
    """The tenant's settings; what is wrong is noted in the environment."""
    tenant_id = environment.read(TENANT_ID).lower()
    if tenant_id and not GUID.fullmatch(tenant_id):
        environment.refuse(TENANT_ID.name, "expected the tenant's id as a GUID, not a domain name")
    return TenantSettings(tenant_id, _read_cloud(environment), _read_identity(environment), read_verify(environment))


def _read_cloud(environment: Environment) -> Cloud:
    cloud = CLOUDS[environment.read(CLOUD)]
    return Cloud(cloud.name, environment.read(AUTHORITY_URL, cloud.authority), environment.read(GRAPH_URL, cloud.graph))


def read_verify(environment: Environment) -> str | bool:
    """A CA bundle's path, True for the machine's certificates, False to skip validation."""
    named = {setting.name: path for setting in (CA_BUNDLE, OLDER_CA_BUNDLE) if (path := environment.read(setting))}
    if len(set(named.values())) > 1:
        environment.refuse(OLDER_CA_BUNDLE.name, f"is the older name of {CA_BUNDLE.name}, which is set to another path")
    name, bundle = next(iter(named.items()), ("", ""))
    if environment.read(SKIP_VALIDATION):
        if bundle:
            environment.refuse(SKIP_VALIDATION.name, f"can't be on while {name} is set")
        return False
    if bundle:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(bundle)
        except (OSError, ValueError):
            environment.refuse(name, "expected the path of a PEM file with certificates")
    return bundle or True


def _read_identity(environment: Environment) -> Identity:
    # What stands for an identity that is refused is never used: the settings as a whole are refused then.
    secret, certificate = environment.read(CLIENT_SECRET), environment.read(CLIENT_CERTIFICATE)
    managed, client_id = environment.read(MANAGED_IDENTITY).lower(), environment.read(CLIENT_ID).lower()
    choices = f"{CLIENT_SECRET.name}, {CLIENT_CERTIFICATE.name} and {MANAGED_IDENTITY.name}"
    if sum(map(bool, (secret, certificate, managed))) > 1:
        environment.refuse(CLIENT_SECRET.name, f"set just one of {choices}")
        return ManagedIdentity()
    if managed:
        if managed != "system" and not GUID.fullmatch(managed):
            environment.refuse(MANAGED_IDENTITY.name, "expected 'system' or the client id of a user-assigned identity")
        return ManagedIdentity("" if managed == "system" else managed)
    if not (secret or certificate):
        environment.refuse(CLIENT_SECRET.name, f"no identity is set; expected one of {choices}")
        return ManagedIdentity()
    if not GUID.fullmatch(client_id):
        expected = "expected a GUID" if client_id else "is not set; expected the client id of the bridge's own application"
        environment.refuse(CLIENT_ID.name, expected)
    if certificate:
        return _read_certificate(environment, client_id, certificate)
    if GUID.fullmatch(secret.lower()):
        environment.refuse(CLIENT_SECRET.name, "is a GUID, which is the secret's id; the value is what the portal showed once")
    return ClientSecretIdentity(client_id, Secret(secret))


def _read_certificate(environment: Environment, client_id: str, value: str) -> Identity:
    """PEM text with a private key and a certificate, or the path of such a file. App settings may hold line ends as \\n."""
    pem = value.replace("\\n", "\n")
    if "-----BEGIN" not in pem:
        try:
            pem = Path(value).read_text("ascii")
        except (OSError, ValueError):
            pem = ""
    key, certificate = _KEY_BLOCK.search(pem), _CERTIFICATE_BLOCK.search(pem)
    if key is None or certificate is None:
        expected = "expected PEM text with an unencrypted private key and a certificate, or a file's path"
        environment.refuse(CLIENT_CERTIFICATE.name, expected)
        return ManagedIdentity()
    return ClientCertificate(client_id, Secret(key[0]), certificate[0])
