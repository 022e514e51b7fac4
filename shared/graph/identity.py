"""Who the bridge is in the tenant. Nothing heavy is imported here: settings are read in every function."""

from typing import NamedTuple

from shared.secret import Secret


class ClientSecretIdentity(NamedTuple):
    """A client secret of the bridge's own application."""

    client_id: str
    secret: Secret


class ClientCertificate(NamedTuple):
    """A certificate of the bridge's own application: `private_key` and `certificate` are PEM texts."""

    client_id: str
    private_key: Secret
    certificate: str


class ManagedIdentity(NamedTuple):
    """The identity of the function app; `client_id` is empty for the system-assigned one."""

    client_id: str = ""


type Identity = ClientSecretIdentity | ClientCertificate | ManagedIdentity
