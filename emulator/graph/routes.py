"""Builds Graph: every collection with its routes."""

from emulator.directory import defaults
from emulator.graph import federated_credentials, owners, passwords, policies, reports, role_assignments
from emulator.graph.applications import Applications
from emulator.graph.deleted_items import DeletedItems
from emulator.graph.delta import Delta
from emulator.graph.listing import Kind, Lister
from emulator.graph.router import Router
from emulator.graph.service import GraphService
from emulator.graph.service_principals import ServicePrincipals
from emulator.graph.users import Users
from emulator.tenant import Tenant


def build_graph(tenant: Tenant, lister: Lister) -> GraphService:
    """Microsoft Graph for `tenant`, with lists answered by `lister`."""
    directory = tenant.directory
    missing = tenant.cloud.missing_properties
    of_application, of_principal = (
        {name: value for name, value in members.items() if name not in missing}
        for members in (defaults.APPLICATION, defaults.SERVICE_PRINCIPAL)
    )
    applications = Kind("application", "applications", directory.applications, of_application, defaults.APPLICATION_ON_REQUEST)
    principals = Kind("servicePrincipal", "servicePrincipals", directory.service_principals, of_principal)
    users = Kind("user", "users", directory.users, defaults.USER, defaults.USER_ON_REQUEST)
    router = Router()
    Applications(applications, lister).add_routes(router)
    ServicePrincipals(principals, applications, lister).add_routes(router)
    DeletedItems([applications, principals, users], lister).add_routes(router)
    Users(users, lister).add_routes(router)
    Delta(applications).add_routes(router)
    for part in (passwords, owners, federated_credentials, role_assignments, policies, reports):
        part.add_routes(router)
    return GraphService(tenant, router)
