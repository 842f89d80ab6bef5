"""Whether a clip that a front asks for is one that a session can have: the engine looks at it
before anything is composed. A front sends what ``engine.plan.planner`` made; whatever else comes
would cost without end, or end in figures that are none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from engine.link.framing import LinkError
from engine.plan.clock import CLIP_SECONDS, MAX_MINUTES, OVERLAP_SECONDS
from engine.plan.packed import unpacked
from engine.plan.spec import ClipSpec

MOST_CLIPS, MOST_REVISIONS = 1_000, 1_000_000
"""A session of an hour has 160 clips, and a revision for each event."""
MOST_POINTS = 2_000
"""Breakpoints of one kind: who acts twice a second leaves some 400 in a clip's window."""
MOST_LETTERS = 4_096
"""Of one word or prompt."""
FURTHEST = 1e6
"""No second, loudness or coordinate is further from 0."""


class SpecRefusedError(LinkError):
    """No session has such a clip; the sentence says why."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The other side asked for a clip that can't be: {what}.")


def checked(spec: ClipSpec, described: bytes) -> ClipSpec:
    """The clip that is asked for, with the description that came beside it. Raises
    ``SpecRefusedError``."""
    check_spec(spec)
    if not described:
        return spec
    try:
        return msgspec.structs.replace(spec, description=unpacked(described))
    except ValueError as error:  # msgspec's are ValueErrors
        raise SpecRefusedError("its description is none") from error


def check_spec(spec: ClipSpec) -> None:
    """Raises ``SpecRefusedError``."""
    if not (0 <= spec.index < MOST_CLIPS and 0 <= spec.revision < MOST_REVISIONS):
        raise SpecRefusedError("it has a number that no clip has")
    _check_values(msgspec.structs.asdict(spec))
    longest = 60.0 * MAX_MINUTES
    if not 0.0 <= spec.start < spec.end <= spec.total <= longest:
        raise SpecRefusedError("it lies outside of its session")
    if spec.duration > CLIP_SECONDS + OVERLAP_SECONDS:  # a splice may begin before its clip
        raise SpecRefusedError(f"it lasts {spec.duration:.1f} s")
    if not (spec.path.waypoints and spec.levels and spec.seeds):
        raise SpecRefusedError("it has no path, no level or no seed")
    for what, times in (
        ("path", [point.time for point in spec.path.waypoints]),
        ("levels", [point.time for point in spec.levels]),
        ("seeds", [step.time for step in spec.seeds]),
        ("faders", [step.time for step in spec.faders]),
    ):
        _check_ascending(what, times)


def _check_ascending(what: str, times: Sequence[float]) -> None:
    if any(later < before for before, later in pairwise(times)):
        raise SpecRefusedError(f"its {what} do not ascend")


def _check_values(value: object) -> None:
    """That every figure in ``value`` is one, and nothing in it is too much."""
    match value:
        case float() if not (math.isfinite(value) and abs(value) <= FURTHEST):
            raise SpecRefusedError("it has a figure that is none")
        case str() if len(value) > MOST_LETTERS:
            raise SpecRefusedError(f"it has a text of {len(value)} letters")
        case tuple():
            if len(value) > MOST_POINTS:
                raise SpecRefusedError(f"it has {len(value)} points of one kind")
            for inner in value:
                _check_values(inner)
        case dict():
            for inner in value.values():
                _check_values(inner)
        case msgspec.Struct():
            _check_values(msgspec.structs.asdict(value))
        case _:
            pass
