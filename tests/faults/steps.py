"""What a sequence is made of: steps drawn from a seed. A step says everything about itself, so any of them can be left out."""

import random
from dataclasses import dataclass, field, fields, replace
from typing import Any

from emulator.fault_kinds import KINDS

KINDS_OF_CLIENT = ("plain", "plain", "plain", "public", "certificate", "federated", "approval")
LAG = (1.0, 20.0)
# The key of clients that are known by their software id.
SOFTWARE = "software"
# The keys of public clients that share one application with their equals.
SHARED = ("shared 1", "shared 2")
# Faults of calls that the bridge never makes would be drawn in vain.
DRAWN = tuple(KINDS)


@dataclass(frozen=True, slots=True)
class Step:
    """One operation, and what goes wrong meanwhile.

    `client` picks one of the clients known by then. `by`: the caller's newest registration access token ("token"), its first one
    ("older") or the portal's credential ("portal"). `secret`: what an update sends as client_secret: "", "current" or "other".
    `lost`: the answer doesn't reach its caller. `kill`: the worker ends at its n-th call from here, "before" or "after" that is
    carried out. `key`: the Idempotency-Key, or what stands for the software id or the metadata by which the portal's policy knows
    clients. `together`: another step that begins `offset` seconds later. `pause`: seconds until the next step.
    """

    number: int
    what: str
    client: int = 0
    kind: str = "plain"
    key: str = ""
    by: str = "token"
    secret: str = ""
    remove_old: bool = False
    lost: bool = False
    kill: tuple[int, str] | None = None
    together: "Step | None" = None
    offset: float = 0.0
    pause: float = 0.0
    faults: tuple[tuple[tuple[str, Any], ...], ...] = ()

    def __str__(self) -> str:
        usual = Step(self.number, self.what)
        said = [f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if getattr(self, f.name) != getattr(usual, f.name)]
        return f"Step({self.number}, {self.what!r}{''.join(f', {text}' for text in said)})"

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class Sequence:
    """Steps and the world they happen in. `window`: seconds in which Entra refuses a second credential write. `lagging`: what the
    operator chose for registrations that lag leaves open, "complete" or "refuse"."""

    seed: int
    steps: tuple[Step, ...]
    lag: tuple[float, float] = LAG
    stalls: float = 0.0
    window: float = 0.0
    lagging: str = "complete"
    assumptions: dict[str, Any] = field(default_factory=dict)


# What a sequence is mostly about: how often each operation is drawn, and how long waits are.
type Weights = dict[str, int]
MIXED: Weights = {
    "register": 5,
    "read": 4,
    "update": 5,
    "rotate": 6,
    "delete": 2,
    "approve": 1,
    "introspect": 2,
    "audit": 2,
    "finish": 1,
    "restart": 1,
    "wait": 4,
}
SECRETS: Weights = {"register": 1, "read": 1, "update": 1, "rotate": 6, "audit": 4, "restart": 1, "wait": 5}
TOKENS: Weights = {"register": 1, "read": 4, "update": 7, "rotate": 1, "restart": 1, "wait": 3}
KEYS: Weights = {"register": 8, "read": 1, "rotate": 1, "delete": 4, "finish": 1, "restart": 1, "wait": 2}
BEGINNINGS: Weights = {
    "register": 8,
    "approve": 2,
    "read": 3,
    "update": 3,
    "delete": 2,
    "introspect": 3,
    "finish": 2,
    "restart": 1,
}
APPROVALS: Weights = {"register": 2, "approve": 5, "read": 1, "update": 4, "rotate": 1, "introspect": 4, "finish": 1, "wait": 1}
THEMES = (MIXED, MIXED, SECRETS, TOKENS, KEYS, BEGINNINGS, APPROVALS)
WAITS = (30.0, 150.0, 700.0, 2000.0, 4000.0, 12000.0, 12000.0)


def draw_sequence(seed: int) -> Sequence:
    """The sequence of a seed."""
    dice = random.Random(seed)
    count, theme = dice.randint(3, 10), dice.choice(THEMES)
    deadly = dice.choice((0.0, 0.25))
    steps = [_draw_step(dice, number, theme, "register" if number == 0 else "", deadly) for number in range(count)]
    return Sequence(
        seed,
        tuple(steps),
        lag=dice.choices([LAG, (0.2, 2.0), (0.0, 0.0), (5.0, 20.0)], [6, 1, 1, 2])[0],
        stalls=dice.choice((0.0, 0.0, 0.02, 0.1)),
        window=dice.choice((0.0, 0.0, 10.0)),
        lagging=dice.choices(("complete", "refuse"), (5, 1))[0],
        assumptions={
            "unknown_key_id_status": dice.choice((400, 404)),
            "passwords_at_creation": dice.choices(("made", "ignored", "refused"), (6, 1, 1))[0],
            "creator_owns_service_principal": dice.random() < 0.5,
            "unique_name_is_checked_where_the_write_happens": dice.random() < 0.9,
            "purging_an_application_purges_its_service_principal": dice.random() < 0.5,
        },
    )


def _draw_step(
    dice: random.Random, number: int, theme: Weights, what: str = "", deadly: float = 0.0, *, nested: bool = False
) -> Step:
    weights = theme
    if nested:
        weights = {name: MIXED[name] for name in ("register", "read", "update", "rotate", "delete")}
    what = what or dice.choices(list(weights), list(weights.values()))[0]
    keys = ("a", "b", "a", SOFTWARE, *SHARED, SHARED[0], "") if theme is KEYS else ("", "", "", "a", "b", SOFTWARE, SHARED[0])
    step = Step(
        number,
        what,
        client=dice.choice((0, 0, 0, 1, 2)),
        kind="plain" if theme is SECRETS else "approval" if theme is APPROVALS else dice.choice(KINDS_OF_CLIENT),
        key=dice.choice(keys) if what == "register" else "",
        by=dice.choice(("token", "token", "token", "portal", "portal", "older")),
        secret=dice.choice(("", "", "current", "other")) if what == "update" else "",
        remove_old=what == "rotate" and dice.random() < 0.3,
        lost=dice.random() < 0.15,
        pause=dice.choice((0.0, 0.0, 0.3, 1.0, 5.0, 20.0, 60.0)),
    )
    if what == "wait":
        return replace(step, pause=dice.choice(WAITS))
    if nested:
        return step
    if dice.random() < 0.25:
        kind = step.key and dice.random() < 0.6
        other = _draw_step(dice, number + 100, theme, "register" if kind else "", nested=True)
        if kind:
            other = replace(other, key=step.key, kind=step.kind)
        step = replace(step, together=other, offset=dice.choice((0.0, 0.05, 0.2, 0.5, 1.5, 4.0)))
    if dice.random() < deadly:
        step = replace(step, kill=(dice.randint(1, 8), dice.choice(("before", "after"))))
    return replace(step, faults=tuple(_draw_fault(dice) for _ in range(dice.choice((0, 0, 1, 1, 2, 3)))))


def _draw_fault(dice: random.Random) -> tuple[tuple[str, Any], ...]:
    name = dice.choice(DRAWN)
    details: dict[str, Any] = {"kind": name, "skip": dice.randint(0, 4), "times": dice.choices((1, 3, 12), (7, 3, 1))[0]}
    details |= KINDS[name].draw(dice)
    if KINDS[name].path is None and dice.random() < 0.5:
        # The calls that matter most.
        method, path = dice.choice(
            (
                ("POST", "/applications$"),
                ("POST", "/servicePrincipals$"),
                ("POST", "/addPassword$"),
                ("POST", "/removePassword$"),
                ("PATCH", "/applications"),
                ("DELETE", "/"),
                ("GET", "/applications"),
                ("PATCH", "/servicePrincipals"),
            )
        )
        if KINDS[name].service != "connection":
            details |= {"method": method, "path": path, "skip": 0}
    return tuple(details.items())


def parts_of(sequence: Sequence) -> list[Sequence]:
    """Simpler sequences that may fail as well: one thing less in each."""
    simpler: list[Sequence] = []
    for position in range(len(sequence.steps)):
        rest = [*sequence.steps[:position], *sequence.steps[position + 1 :]]
        simpler.append(replace(sequence, steps=tuple(rest)))

    for position, step in enumerate(sequence.steps):
        changes: list[Step] = []
        if step.together is not None:
            changes += [replace(step, together=None, offset=0.0), replace(step.together, pause=step.pause)]
        if step.kill is not None:
            changes.append(replace(step, kill=None))
        changes += [replace(step, faults=step.faults[:n] + step.faults[n + 1 :]) for n in range(len(step.faults))]
        if step.lost:
            changes.append(replace(step, lost=False))
        if step.what != "wait" and step.pause:
            changes.append(replace(step, pause=0.0))
        if step.key:
            changes.append(replace(step, key=""))
        for change in changes:
            steps = [*sequence.steps[:position], change, *sequence.steps[position + 1 :]]
            simpler.append(replace(sequence, steps=tuple(steps)))
    if sequence.stalls:
        simpler.append(replace(sequence, stalls=0.0))
    if sequence.lagging != "complete":
        simpler.append(replace(sequence, lagging="complete"))
    simpler += [
        replace(sequence, assumptions={name: value for name, value in sequence.assumptions.items() if name != left_out})
        for left_out in sequence.assumptions
    ]
    if sequence.window:
        simpler.append(replace(sequence, window=0.0))
    if sequence.lag != (0.0, 0.0):
        simpler.append(replace(sequence, lag=(0.0, 0.0)))
    return simpler
