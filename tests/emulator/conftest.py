"""An emulator for each test, reached in-process; and one over TLS for the tests that need a socket."""

from collections.abc import Iterator

import pytest

from emulator.consistency import CALM
from emulator.server import CallerAccount, EntraEmulator
from tests.emulator.client import GraphClient, graph_client


@pytest.fixture
def entra() -> EntraEmulator:
    """An emulator without a socket."""
    return EntraEmulator(lag=CALM)


@pytest.fixture
def owner(entra: EntraEmulator) -> CallerAccount:
    """The client that `graph` calls as: OwnedBy and nothing else."""
    return entra.add_caller("bridge", ("Application.ReadWrite.OwnedBy",))


@pytest.fixture
def graph(entra: EntraEmulator, owner: CallerAccount) -> GraphClient:
    """Graph as `owner` sees it."""
    return graph_client(entra, account=owner)


@pytest.fixture
def admin(entra: EntraEmulator) -> GraphClient:
    """Graph for a client with every permission that the emulator knows, but OwnedBy."""
    roles = (
        "Application.ReadWrite.All",
        "AppRoleAssignment.ReadWrite.All",
        "Directory.Read.All",
        "Policy.Read.All",
        "Policy.ReadWrite.ApplicationConfiguration",
        "User.ReadWrite.All",
    )
    return graph_client(entra, *roles)


@pytest.fixture(scope="module")
def served() -> Iterator[EntraEmulator]:
    """An emulator over TLS."""
    with EntraEmulator(lag=CALM) as emulator:
        yield emulator
