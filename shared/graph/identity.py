"""Who the bridge is in the tenant. Nothing heavy is imported here: settings are read in every function."""

from dataclasses import dataclass

from shared.secret import Secret


@dataclass(frozen=True, slots=True)
class ClientSecretIdentity:
    """A client secret of the bridge's own application."""

    client_id: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate of the bridge's own application: `private_key` and `certificate` are PEM texts."""

    client_id: str
    private_key: Secret
    certificate: str


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """The identity of the function app; `client_id` is empty for the system-assigned one."""

    client_id: str = ""


type Identity = ClientSecretIdentity | ClientCertificate | ManagedIdentity
