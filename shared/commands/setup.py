"""`python -m shared.commands.setup`: what an administrator prepares in the tenant, once. Without --apply it changes nothing.

    az account get-access-token --resource-type ms-graph --query accessToken -o tsv |
        python -m shared.commands.setup --identity <client id> --base-url https://dcr.example.com

It acts by the administrator's own access token for Microsoft Graph, which it reads from standard input: it needs
AppRoleAssignment.ReadWrite.All and Application.ReadWrite.All. What is there already stays as it is, so it can be run again.
"""

import argparse
import json
import os
import sys
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from shared.clock import SystemClock
from shared.environment import GUID, Environment
from shared.retry import Deadline
from shared.settings.tenant import CLOUD, GRAPH_URL, read_verify

if TYPE_CHECKING:
    from shared.graph.client import GraphClient
    from shared.graph.directory import Directory

MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
NEEDED = "Application.ReadWrite.OwnedBy"
# What else a feature needs, by the word of --with.
FEATURES = {
    "users": "User.Read.All",
    "purge": "Application.Read.All",
    "tenant": "Application.Read.All",
    "owners": "User.ReadBasic.All",
    "mail": "Mail.Send",
    "usage": "AuditLog.Read.All",
    "policies": "Policy.Read.All",
}
# uniqueName of the applications made here: they are found again by it.
OWN_API = "entra-dcr-bridge-api"
SCOPES_API = "entra-dcr-bridge-scopes-"
OWN_ROLES = {
    "Clients.Register": "Register OAuth clients at the registration bridge and manage them",
    "Tokens.Introspect": "Ask the registration bridge whether tokens are active",
}
# Seconds for the whole run: Entra takes its time to let a new application in.
TIME = 180.0


class GivenToken:
    """A Credential that has one token and no way to get another."""

    def __init__(self, text: str) -> None:
        self.text = text

    def token(self, deadline: Deadline, *, rejected: str = "", claims_challenge: str | None = None) -> str:  # noqa: ARG002
        """The token, also where Graph took it no longer: the refusal is then the answer."""
        return self.text


class Preparation:
    """The steps, each of which checks first. `say` is told what is, what was done and what would be."""

    def __init__(self, graph: "GraphClient", directory: "Directory", apply: bool, output: TextIO) -> None:
        self._graph = graph
        self._directory = directory
        self._apply = apply
        self._output = output
        self._deadline = Deadline.after(SystemClock(), TIME)
        self.settings: dict[str, str] = {}

    def say(self, kind: str, text: str) -> None:
        """One line of the account."""
        self._output.write(f"{kind:<8} {text}\n")

    def grant(self, client_id: str, features: Sequence[str]) -> None:
        """Give the bridge's identity what it needs in Microsoft Graph, and warn of more. Raises LookupError where none is."""
        identity = self._principal(client_id)
        graph = self._principal(MICROSOFT_GRAPH)
        ids = {str(role["value"]): str(role["id"]) for role in graph["appRoles"]}
        path = f"servicePrincipals/{identity['id']}/appRoleAssignments"
        assignments = [entry for page in self._directory.pages(path, {}, self._deadline) for entry in page]
        held = {entry["appRoleId"] for entry in assignments if entry["resourceId"] == graph["id"]}
        needed = [NEEDED, *(FEATURES[feature] for feature in features)]
        for permission in needed:
            if ids[permission] in held:
                self.say("ok", f"{identity['displayName']} has {permission}")
                continue
            self.say(
                "grant" if self._apply else "would", f"{'' if self._apply else 'grant '}{permission} to {identity['displayName']}"
            )
            if self._apply:
                body = {"principalId": identity["id"], "resourceId": graph["id"], "appRoleId": ids[permission]}
                self._graph.call("POST", path, self._deadline, body=body)
        for permission in sorted(name for name, role in ids.items() if role in held and name not in needed):
            self.say("WARNING", f"{identity['displayName']} has {permission}, which is more than it needs: take it away")
        self._describe_identity(identity)

    def _describe_identity(self, identity: Mapping[str, Any]) -> None:
        if identity.get("servicePrincipalType") != "ManagedIdentity":
            self.settings["ENTRA_CLIENT_ID"] = str(identity["appId"])
            return
        # Entra says of a managed identity whether it is one of its own (user-assigned) or an app's.
        explicit = "isExplicit=True" in (identity.get("alternativeNames") or ())
        self.settings["ENTRA_MANAGED_IDENTITY"] = str(identity["appId"]) if explicit else "system"

    def own_api(self) -> None:
        """The application whose app roles let callers with Entra tokens register and introspect."""
        roles = [_app_role(value, meaning) for value, meaning in OWN_ROLES.items()]
        body = {"displayName": "Entra DCR Bridge", "appRoles": roles, "api": {"requestedAccessTokenVersion": 2}}
        app_id = self._application(OWN_API, body)
        self.settings["REGISTRATION_ENTRA_AUDIENCE"] = app_id
        self.settings["REGISTRATION_ENTRA_ROLES"] = json.dumps({"Clients.Register": "default"})

    def scopes_api(self, name: str, scopes: Sequence[str], roles: Sequence[str]) -> None:
        """An application whose delegated permissions and app roles registered clients may ask for. Entra refuses one that has the
        same value as both."""
        delegated = [
            {
                "id": str(uuid.uuid4()),
                "value": scope,
                "type": "Admin",
                "isEnabled": True,
                "adminConsentDisplayName": scope,
                "adminConsentDescription": f"{scope} of {name}",
            }
            for scope in scopes
        ]
        body = {
            "displayName": name,
            "appRoles": [_app_role(role, f"{role} of {name}") for role in roles],
            "api": {"requestedAccessTokenVersion": 2, "oauth2PermissionScopes": delegated},
        }
        app_id = self._application(SCOPES_API + name.lower().replace(" ", "-"), body)
        entry = {"app_id": app_id, "prefix": f"api://{app_id}/", "app_roles": bool(roles)}
        self.settings["REGISTRATION_RESOURCE_APIS"] = json.dumps([entry])

    def _application(self, unique_name: str, body: dict[str, Any]) -> str:
        found = self._directory.read_application_by_unique_name(unique_name, self._deadline)
        if found is not None:
            missing = {role["value"] for role in body["appRoles"]} - {role["value"] for role in found.get("appRoles") or ()}
            kind, more = ("WARNING", f", without the app roles {sorted(missing)}: add them") if missing else ("ok", "")
            self.say(kind, f"the application {body['displayName']} is there ({found['appId']}){more}")
            return str(found["appId"])
        if not self._apply:
            self.say(
                "would",
                f"create the application {body['displayName']} with the app roles {[r['value'] for r in body['appRoles']]}",
            )
            return "<client id of the new application>"
        made = self._directory.create_application({**body, "uniqueName": unique_name}, self._deadline)
        app_id = str(made["appId"])
        own_uri = {"identifierUris": [f"api://{app_id}"]}
        self._directory.update_application(app_id, own_uri, self._deadline, await_replication=True)
        self._directory.create_service_principal(app_id, self._deadline)
        self.say("create", f"the application {body['displayName']} ({app_id})")
        return app_id

    def _principal(self, client_id: str) -> dict[str, Any]:
        found = self._directory.read_service_principal(client_id, self._deadline)
        if found is None:
            raise LookupError(f"the tenant has no service principal with the client id {client_id}")
        return found


def _app_role(value: str, meaning: str) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "value": value,
        "displayName": value,
        "description": meaning,
        "isEnabled": True,
        "allowedMemberTypes": ["Application"],
    }


def read_setup_options(arguments: Sequence[str]) -> argparse.Namespace:
    """The command's options. Exits with 2 for wrong ones."""
    parser = argparse.ArgumentParser(prog="python -m shared.commands.setup", description="Prepare a tenant for the bridge.")
    parser.add_argument("--identity", required=True, metavar="CLIENT_ID", help="client id of the bridge's identity")
    parser.add_argument("--base-url", default="", help="where callers will reach the bridge")
    features = "; ".join(f"{word}: {permission}" for word, permission in FEATURES.items())
    parser.add_argument("--with", dest="features", action="append", choices=FEATURES, default=[], help=features)
    parser.add_argument("--no-api", action="store_true", help="no application for callers with Entra tokens")
    parser.add_argument("--scopes-api", metavar="NAME", help="an application with the scopes that clients may ask for")
    parser.add_argument("--scope", dest="scopes", action="append", default=[], help="a scope of it for users; may be repeated")
    parser.add_argument(
        "--app-role", dest="roles", action="append", default=[], help="one for client_credentials; may be repeated"
    )
    parser.add_argument("--apply", action="store_true", help="do it")
    options = parser.parse_args(arguments)
    options.identity = options.identity.lower()
    if not GUID.fullmatch(options.identity):
        parser.error("--identity: expected a client id, a GUID")
    if bool(options.scopes_api) != bool(options.scopes or options.roles):
        parser.error("--scopes-api goes together with --scope or --app-role")
    if set(options.scopes) & set(options.roles):
        parser.error("a scope and an app role can't have the same name in Entra")
    return options


def main(arguments: Sequence[str], variables: Mapping[str, str], token: str, output: TextIO) -> int:
    """Prepare, and print the settings that follow; 1 where Graph refuses, 2 for a wrong option or token."""
    options = read_setup_options(arguments)
    from shared.graph.client import GraphClient, shown_claims
    from shared.graph.clouds import CLOUDS
    from shared.graph.directory import Directory
    from shared.graph.errors import GraphFailure
    from shared.graph.session import DirectorySession

    try:
        tenant_id = str(shown_claims(token)["tid"])
    except (ValueError, KeyError):
        output.write(
            "Standard input holds no access token for Microsoft Graph (az account get-access-token --resource-type ms-graph).\n"
        )
        return 2
    environment = Environment(variables)
    root = environment.read(GRAPH_URL, CLOUDS[environment.read(CLOUD)].graph)
    session = DirectorySession(read_verify(environment))
    graph = GraphClient(f"{root}/v1.0", GivenToken(token), session, SystemClock())
    preparation = Preparation(graph, Directory(graph), options.apply, output)
    try:
        preparation.grant(options.identity, options.features)
        if not options.no_api:
            preparation.own_api()
        if options.scopes_api:
            preparation.scopes_api(options.scopes_api, options.scopes, options.roles)
    except LookupError as missing:
        output.write(f"PROBLEM  {missing}\n")
        return 1
    except GraphFailure as failure:
        output.write(f"PROBLEM  {failure}\n         The token must be of who may grant and create: see docs/deployment.md.\n")
        return 1
    output.write("\n# The settings that follow\n")
    known = {"BRIDGE_BASE_URL": options.base_url, "ENTRA_TENANT_ID": tenant_id, **preparation.settings}
    output.writelines(f"{name}={value}\n" for name, value in known.items() if value)
    if not options.apply:
        output.write("\nNothing was changed. Run it again with --apply.\n")
    elif "ENTRA_MANAGED_IDENTITY" in known:
        output.write("\nRestart the app: a managed identity's token keeps the permissions of its time, for up to 24 hours.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, sys.stdin.read().strip(), sys.stdout))
