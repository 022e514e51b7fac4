"""What registration needs of the world outside: the directory, and a judge of Entra's access tokens."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from shared.retry import Deadline
from shared.strict_json import JsonObject


class ClientDirectory(Protocol):
    """The operations on Graph that registering and managing clients takes; `shared.graph.directory.Directory` has them.

    Every method may raise a GraphFailure (`shared.graph.errors`).
    """

    def create_application(self, body: JsonObject, deadline: Deadline) -> JsonObject: ...

    def read_application(
        self, app_id: str, deadline: Deadline, *, select: Sequence[str] = (), await_replication: bool = False
    ) -> JsonObject | None: ...

    def read_application_by_unique_name(self, unique_name: str, deadline: Deadline) -> JsonObject | None: ...

    def update_application(
        self, app_id: str, body: JsonObject, deadline: Deadline, *, await_replication: bool = False
    ) -> None: ...

    def delete_application(self, app_id: str, deadline: Deadline, *, await_replication: bool = False) -> bool: ...

    def purge_application(self, object_id: str, deadline: Deadline) -> bool: ...

    def application_pages(self, tag: str, select: Sequence[str], deadline: Deadline) -> Iterator[list[JsonObject]]: ...

    def add_password(
        self, app_id: str, display_name: str, end: datetime, deadline: Deadline, *, await_replication: bool = False
    ) -> JsonObject: ...

    def remove_password(self, app_id: str, key_id: str, deadline: Deadline) -> None: ...

    def federated_credentials(self, app_id: str, deadline: Deadline) -> list[JsonObject]: ...

    def add_federated_credential(
        self, app_id: str, body: JsonObject, deadline: Deadline, *, await_replication: bool = False
    ) -> JsonObject: ...

    def remove_federated_credential(self, app_id: str, credential_id: str, deadline: Deadline) -> None: ...

    def create_service_principal(self, app_id: str, deadline: Deadline, *, account_enabled: bool = True) -> None: ...

    def read_service_principal(self, app_id: str, deadline: Deadline, *, select: Sequence[str] = ()) -> JsonObject | None: ...

    def update_service_principal(self, app_id: str, body: JsonObject, deadline: Deadline) -> None: ...


class EntraTokens(Protocol):
    """Judges access tokens that the tenant's Entra issued."""

    def verify(self, token: str, audience: str) -> Mapping[str, Any] | None:
        """The claims of a token that is valid now and meant for `audience`, or None. Raises TemporarilyUnavailable without
        keys."""
        ...
