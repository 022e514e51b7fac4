"""What the token service remembers of successful sign-ins: the uses of each credential and of each application."""

from dataclasses import dataclass, field

APPLICATION, DELEGATED = "applicationAuthentication", "delegated"
_KEPT = 100


@dataclass(frozen=True, slots=True)
class Use:
    """One sign-in."""

    at: float
    request_id: str


@dataclass(frozen=True, slots=True)
class CredentialUse(Use):
    """One use of a credential of an application; `kind` is "clientSecret", "certificate" or "federated"."""

    app_id: str
    object_id: str
    principal_id: str
    resource_id: str
    key_id: str
    kind: str
    expires: str | None


@dataclass(slots=True)
class SignIns:
    """The latest uses, oldest first: by (client id, key id), and of an application by (client id, activity)."""

    credentials: dict[tuple[str, str], list[CredentialUse]] = field(default_factory=dict)
    applications: dict[tuple[str, str], list[Use]] = field(default_factory=dict)

    def note_credential(self, use: CredentialUse) -> None:
        """Remember a use of a credential."""
        uses = self.credentials.setdefault((use.app_id, use.key_id), [])
        uses.append(use)
        del uses[:-_KEPT]

    def note(self, client_id: str, resource_id: str, way: str, use: Use) -> None:
        """Remember that a client got a token for a resource, for itself (APPLICATION) or for a user (DELEGATED)."""
        for app_id, side in ((client_id, "Client"), (resource_id, "Resource")):
            uses = self.applications.setdefault((app_id, f"{way}{side}SignInActivity"), [])
            uses.append(use)
            del uses[:-_KEPT]


def latest[T: Use](uses: list[T], until: float) -> T | None:
    """The last use that a report of the moment `until` has."""
    return next((use for use in reversed(uses) if use.at <= until), None)
