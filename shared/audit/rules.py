"""The figures by which the audit judges: how early to warn, how long two secrets overlap, how many and how long is too much."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

DEFAULT_THRESHOLDS: tuple[int, ...] = (60, 30, 14, 7, 1)


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as what.

    `thresholds`: days before the end of a credential at which it is told, falling.
    `overlap`: how long an old credential is still used after a newer one was made.
    `most`: how many credentials of one kind a client may have that aren't over.
    `longest`: the longest life a secret may have; None for no bound.
    `settling`: how long a registration may take before it counts as half done.
    `unused_after`: the age from which a client that never signed in is a finding.
    `lifetimes`: how long a client of a policy may exist, by the policy's name.
    """

    thresholds: tuple[int, ...] = DEFAULT_THRESHOLDS
    overlap: timedelta = timedelta(days=7)
    most: int = 2
    longest: timedelta | None = None
    settling: timedelta = timedelta(hours=1)
    unused_after: timedelta = timedelta(days=90)
    lifetimes: Mapping[str, timedelta] = field(default_factory=lambda: MappingProxyType({}))
