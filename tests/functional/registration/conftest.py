"""The registration service on the emulated Entra, in one process and on one clock that only tests and pauses move."""

from collections.abc import Callable
from typing import Any

import pytest

from emulator.server import EntraEmulator
from shared.registration.configuration import RegistrationConfiguration
from tests.functional.registration.bridge import Bridge, configuration


@pytest.fixture
def emulator() -> EntraEmulator:
    emulator = EntraEmulator()
    emulator.clock.freeze()
    return emulator


@pytest.fixture
def make(emulator: EntraEmulator) -> Callable[..., Bridge]:
    """Builds a bridge whose configuration differs from the usual one in the members given."""

    def build(**changes: Any) -> Bridge:
        settings: RegistrationConfiguration = configuration()._replace(**changes)
        return Bridge(emulator, settings)

    return build


@pytest.fixture
def bridge(make: Callable[..., Bridge]) -> Bridge:
    return make()


@pytest.fixture
def calm(emulator: EntraEmulator) -> None:
    """Replicas that hear of every write at once: for what is about the order or the number of calls, or a moment."""
    emulator.consistency.calm()
