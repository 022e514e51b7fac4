"""A tenant with applications that the bridge didn't make, and the operator's command on it."""

import io
from collections.abc import Sequence
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.directory.defaults import APPLICATION
from emulator.directory.record import Record
from emulator.directory.secrets import digest, new_password
from emulator.server import EntraEmulator
from shared.clock import write_time
from shared.commands.adopt import run_adoption
from shared.graph.directory import Directory
from tests.functional.registration.bridge import Bridge, EmulatorCredential, configuration


class Tenant:
    """The emulator, the bridge, which may write what it owns, an administrator, who may write all, and the journal."""

    def __init__(self, folder: Path) -> None:
        self.emulator = EntraEmulator(seed=7, lag=(0, 0))
        self.emulator.clock.freeze()
        self.bridge = Bridge(self.emulator, configuration())
        self.administrator = self.bridge.directory_for(
            EmulatorCredential(self.emulator, "administrator", "Application.ReadWrite.All")
        )
        self.own_id = self.bridge.account.service_principal_id
        self.journal = folder / "journal.jsonl"
        self.texts: dict[str, str] = {}

    def add(self, name: str = "Orders", *, days: int = 700, principal: bool = True, owned: bool = False, **values: Any) -> str:
        """An application as portals make them, past every rule; its client id. Its secret ends in so many days."""
        owners = [self.own_id] if owned else []
        # As Graph fills in what a creation leaves out, so that a PATCH back to nothing compares equal.
        shown = {
            **{member: deepcopy(APPLICATION[member]) for member in ("api", "tags", "notes")},
            "displayName": name,
            "web": {"redirectUris": ["https://orders.example.com/callback"]},
            **values,
        }
        record = self.emulator.directory.add_application(shown, owners=owners)
        client_id = str(record.state["appId"])
        now = self.emulator.clock.now()
        entry, text = new_password({"displayName": "MuleSoft", "endDateTime": write_time(now + timedelta(days=days))}, now)
        record.secrets[entry["keyId"]] = digest(text)
        self.emulator.directory.write_application(record, {"passwordCredentials": [entry]})
        self.texts[client_id] = text
        if principal:
            self.emulator.directory.add_service_principal(client_id, {}, owners=owners)
        return client_id

    def record(self, client_id: str) -> Record:
        found = self.emulator.directory.applications.find("appId", client_id)
        assert found is not None
        return found

    def run(self, *arguments: str, by: Directory | None = None) -> tuple[int, str]:
        """The command's exit code and what it prints, by the administrator unless somebody else runs it."""
        out, directory = io.StringIO(), by or self.administrator
        code = run_adoption(arguments, lambda: (self.bridge.configuration, directory), self.bridge.clock, out)
        return code, out.getvalue()

    def adopt(self, *arguments: str, by: Directory | None = None) -> tuple[int, str]:
        options = ("--caller", "portal", "--owner", self.own_id, "--apply", "--journal", str(self.journal))
        return self.run(*options, *arguments, by=by)

    def undo(self) -> tuple[int, str]:
        return self.run("--undo", str(self.journal))

    def snapshot(self) -> dict[str, Any]:
        """All that the directory holds, object by object: state, owners, digests of secrets, federated credentials."""
        stores = (self.emulator.directory.applications, self.emulator.directory.service_principals)
        return {
            record.id: deepcopy((record.state, list(record.owners), record.secrets, record.federated))
            for store in stores
            for record in store.live.values()
        }

    def writes(self) -> Sequence[str]:
        """The Graph calls so far that change something, by method and path."""
        calls = self.emulator.requests
        return [f"{call.method} {call.path}" for call in calls if call.path.startswith("/v1.0") and call.method != "GET"]


@pytest.fixture
def tenant(tmp_path: Path) -> Tenant:
    return Tenant(tmp_path)
