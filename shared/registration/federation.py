"""Federated credentials: what a client's `federated_identities` are in the directory.

learn.microsoft.com/graph/api/resources/federatedidentitycredential
"""

import hashlib
import json

from shared.registration.metadata import FederatedIdentity
from shared.registration.ports import ClientDirectory
from shared.retry import Deadline
from shared.strict_json import JsonObject

_NAME = "dcr-"


def to_credential(identity: FederatedIdentity) -> JsonObject:
    """The Graph resource for an identity; its name follows from what it says, so that the same one has the same name."""
    text = json.dumps([identity.issuer, identity.subject, identity.audience])
    return {
        "name": _NAME + hashlib.sha256(text.encode()).hexdigest()[:32],
        "issuer": identity.issuer,
        "subject": identity.subject,
        "audiences": [identity.audience],
    }


def add_all(directory: ClientDirectory, client_id: str, identities: tuple[FederatedIdentity, ...], deadline: Deadline) -> None:
    """Give a new client its credentials."""
    for identity in identities:
        directory.add_federated_credential(client_id, to_credential(identity), deadline, await_replication=True)


def replace_all(
    directory: ClientDirectory, client_id: str, identities: tuple[FederatedIdentity, ...], deadline: Deadline
) -> None:
    """Make the bridge's own credentials of a client those of `identities`; an administrator's stay. Old ones go first, so that
    two never claim the same issuer and subject."""
    wanted = {body["name"]: body for body in map(to_credential, identities)}
    own = [entry for entry in directory.federated_credentials(client_id, deadline) if entry["name"].startswith(_NAME)]
    for entry in own:
        if entry["name"] not in wanted:
            directory.remove_federated_credential(client_id, entry["id"], deadline)
    present = {entry["name"] for entry in own}
    for name, body in wanted.items():
        if name not in present:
            directory.add_federated_credential(client_id, body, deadline)
