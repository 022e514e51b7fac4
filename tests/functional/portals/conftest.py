"""The fixtures of registration: the same service, reached by dialects."""

from tests.functional.registration.conftest import bridge, calm, emulator, make

__all__ = ["bridge", "calm", "emulator", "make"]
