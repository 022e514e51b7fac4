"""A bridge that breaks a promise is noticed: the checks of the sequences are alive."""

from typing import Any
from uuid import uuid4

import pytest

from shared.graph.directory import Directory
from shared.graph.errors import ObjectMissing
from shared.registration import sharing
from shared.registration.clients import Clients
from shared.registration.completion import Completion
from shared.registration.idempotency import RequestName
from shared.registration.memory import WorkerMemory
from tests.faults.sequence import run_sequence
from tests.faults.steps import Sequence, Step

REGISTER = Step(0, "register", pause=60.0)
LOST = (("kind", "reset_after"), ("method", "POST"), ("path", "/applications$"))
BROKEN = (("kind", "error"), ("status", 503), ("times", 40), ("method", "POST"), ("path", "/applications$"))
LOST_SECRET = (("kind", "reset_after"), ("method", "POST"), ("path", "/addPassword$"))


def nothing(*_: Any, **__: Any) -> None:
    """Leaves its work undone."""


def always(*_: Any) -> bool:
    return True


def trusting_deletion(self: Directory, app_id: str, deadline: Any, **_: Any) -> None:
    """Takes a 404 for a deletion."""
    try:
        self._graph.call("DELETE", f"applications(appId='{app_id}')", deadline)
    except ObjectMissing:
        return


def kinds(*steps: Step, lag: tuple[float, float]) -> set[str]:
    """The breaches of a sequence, with some dice."""
    seeds = range(6) if lag[0] != lag[1] else range(1)
    return {violation.kind for seed in seeds for violation in run_sequence(Sequence(seed, steps, lag=lag)).violations}


@pytest.mark.parametrize(
    ("place", "name", "instead", "steps", "lag", "expected"),
    [
        (Completion, "delete_named_later", nothing, [Step(0, "register", faults=(LOST, BROKEN))], (0.0, 0.0), "an error leaves"),
        (Completion, "delete_later", nothing, [Step(0, "register", faults=(LOST, BROKEN))], (0.0, 0.0), "an error leaves"),
        (Completion, "purge_later", nothing, [Step(0, "register", faults=(LOST, BROKEN))], (0.0, 0.0), "deleted application"),
        (
            Completion,
            "remove_unseen_secret_later",
            nothing,
            [REGISTER, Step(1, "rotate", faults=(LOST_SECRET,))],
            (0.0, 0.0),
            "no answer carried",
        ),
        (
            Directory,
            "delete_application",
            trusting_deletion,
            [Step(0, "register", pause=6.0), Step(1, "delete")],
            (1.0, 20.0),
            "204 of a living client",
        ),
        (
            WorkerMemory,
            "is_gone",
            always,
            [Step(0, "register"), Step(1, "read", by="portal")],
            (20.0, 20.0),
            "404 of a living client",
        ),
        (
            sharing,
            "name_by_content",
            lambda mark, *_: RequestName(f"{mark}-{uuid4().hex}", True, shared=True),
            [
                Step(0, "register", key="shared 1", pause=60.0),
                Step(1, "restart"),
                Step(2, "register", key="shared 1", pause=60.0),
            ],
            (0.0, 0.0),
            "one key, two clients",
        ),
        (
            Clients,
            "set_enabled",
            nothing,
            [
                Step(0, "register", kind="approval", pause=60.0),
                Step(1, "approve", pause=60.0),
                Step(2, "update", pause=60.0),
            ],
            (1.0, 5.0),
            "an unapproved client gets a token",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_promise_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    name: str,
    instead: Any,
    steps: list[Step],
    lag: tuple[float, float],
    expected: str,
) -> None:
    assert kinds(*steps, lag=lag) == set()
    monkeypatch.setattr(place, name, instead)
    assert any(expected in kind for kind in kinds(*steps, lag=lag))
