"""The settings of the tenant and of the bridge's own identity in it."""

import re
from dataclasses import dataclass
from pathlib import Path

from shared.environment import Environment
from shared.graph.clouds import CLOUDS, Cloud
from shared.graph.identity import ClientCertificate, ClientSecret, Identity, ManagedIdentity
from shared.secret import Secret

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
KEY_BLOCK = re.compile(r"-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)
CERTIFICATE_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """Where the directory is and who the bridge is in it.

    `verify` is what the HTTP clients take: a CA bundle's path, True for the machine's certificates, False for no validation.
    """

    tenant_id: str
    cloud: Cloud
    identity: Identity
    verify: str | bool


def read_tenant(environment: Environment) -> TenantSettings:
    """The tenant's settings; what is wrong is noted in the environment."""
    tenant_id = environment.text("ENTRA_TENANT_ID", required="the tenant's id, a GUID").lower()
    if tenant_id and not GUID.fullmatch(tenant_id):
        environment.refuse("ENTRA_TENANT_ID", "expected the tenant's id as a GUID, not a domain name")
    return TenantSettings(tenant_id, _read_cloud(environment), _read_identity(environment), _read_verify(environment))


def _read_cloud(environment: Environment) -> Cloud:
    name = environment.text("ENTRA_CLOUD", "public").lower()
    cloud = CLOUDS.get(name)
    if cloud is None:
        environment.refuse("ENTRA_CLOUD", f"expected one of: {', '.join(CLOUDS)}")
        cloud = CLOUDS["public"]
    authority = environment.origin("ENTRA_AUTHORITY_URL", cloud.authority)
    graph = environment.origin("ENTRA_GRAPH_URL", cloud.graph)
    return Cloud(name, authority, graph)


def _read_verify(environment: Environment) -> str | bool:
    bundle = environment.text("ENTRA_CA_BUNDLE")
    if environment.flag("ENTRA_SKIP_CERTIFICATE_VALIDATION", False):
        if bundle:
            environment.refuse("ENTRA_SKIP_CERTIFICATE_VALIDATION", "can't be on while ENTRA_CA_BUNDLE is set")
        return False
    if bundle and not Path(bundle).is_file():
        environment.refuse("ENTRA_CA_BUNDLE", "expected the path of a PEM file")
    return bundle or True


def _read_identity(environment: Environment) -> Identity:
    # What stands for an identity that is refused is never used: the settings as a whole are refused then.
    secret = environment.text("ENTRA_CLIENT_SECRET")
    certificate = environment.text("ENTRA_CLIENT_CERTIFICATE")
    managed = environment.text("ENTRA_MANAGED_IDENTITY").lower()
    if sum(map(bool, (secret, certificate, managed))) > 1:
        environment.refuse(
            "ENTRA_CLIENT_SECRET", "set just one of ENTRA_CLIENT_SECRET, ENTRA_CLIENT_CERTIFICATE and ENTRA_MANAGED_IDENTITY"
        )
        return ManagedIdentity()
    if managed:
        if managed != "system" and not GUID.fullmatch(managed):
            environment.refuse("ENTRA_MANAGED_IDENTITY", "expected 'system' or the client id of a user-assigned identity")
        return ManagedIdentity("" if managed == "system" else managed)
    if not (secret or certificate):
        environment.refuse(
            "ENTRA_CLIENT_SECRET",
            "no identity is set; expected one of ENTRA_CLIENT_SECRET, ENTRA_CLIENT_CERTIFICATE and ENTRA_MANAGED_IDENTITY",
        )
        return ManagedIdentity()
    client_id = environment.text("ENTRA_CLIENT_ID", required="the client id of the bridge's own application").lower()
    if client_id and not GUID.fullmatch(client_id):
        environment.refuse("ENTRA_CLIENT_ID", "expected a GUID")
    if certificate:
        return _read_certificate(environment, client_id, certificate)
    return ClientSecret(client_id, Secret(secret))


def _read_certificate(environment: Environment, client_id: str, value: str) -> Identity:
    """PEM text with a private key and a certificate, or the path of such a file. App settings may hold line ends as \\n."""
    text = value.replace("\\n", "\n")
    if "-----BEGIN" not in text:
        try:
            text = Path(value).read_text("ascii")
        except (OSError, UnicodeDecodeError):
            text = ""
    key, certificate = KEY_BLOCK.search(text), CERTIFICATE_BLOCK.search(text)
    if key is None or certificate is None:
        environment.refuse(
            "ENTRA_CLIENT_CERTIFICATE", "expected PEM text with an unencrypted private key and a certificate, or a file's path"
        )
        return ManagedIdentity()
    return ClientCertificate(client_id, Secret(key[0]), certificate[0])
