"""What a clip shares with the one before it, written and arranged once.

A clip's score begins well before it, so each bar is asked for by two clips. What the earlier one
made is taken where it is what would be made again: of the same state, or the same bar, where the
path answers the same to all that was asked of it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, NamedTuple, TypeVar

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.path import Path
from engine.composers.score.parts.handover import notes_of
from engine.composers.score.parts.touch import Note
from engine.composers.score.writing.course import Course, on_grid
from engine.composers.score.writing.form import Bar, next_bar
from engine.composers.score.writing.state import ScoreState

KEPT = 64
"""Bars that are kept: more than two clips have, but the fastest."""
_NOWHERE = Path(())

Of = TypeVar("Of")
Made = TypeVar("Made")


class _Asked(Path, frozen=True):
    """A path that remembers what it answered, by the second."""

    answers: dict[float, Affect] = msgspec.field(default_factory=dict)

    def at(self, time: float) -> Affect:
        affect = Path.at(self, time)
        self.answers[time] = on_grid(affect)
        return affect


class _Kept(NamedTuple, Generic[Of, Made]):
    of: Of
    answers: dict[float, Affect]
    made: Made


class _Last(Generic[Of, Made]):
    """What was made last, by the frame it begins at."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, _Kept[Of, Made]] = OrderedDict()
        self.made = 0
        """How often something had to be made."""

    def known(self, frame: int, of: Of, path: Path) -> Made | None:
        kept = self._kept.get(frame)
        if kept is None or kept.of != of:
            return None
        same = all(on_grid(path.at(time)) == affect for time, affect in kept.answers.items())
        return kept.made if same else None

    def keep(self, frame: int, of: Of, path: _Asked, made: Made) -> None:
        self.made += 1
        self._kept[frame] = _Kept(of, path.answers, made)
        self._kept.move_to_end(frame)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


class Remembered:
    """``next_bar`` and ``notes_of``, each as it is, of what was asked for last at once."""

    def __init__(self) -> None:
        self.bars: _Last[tuple[ScoreState, Course], tuple[Bar, ScoreState]] = _Last()
        self.notes: _Last[Bar, list[Note]] = _Last()

    def next_bar(self, state: ScoreState, course: Course) -> tuple[Bar, ScoreState]:
        """The next bar and the state after it."""
        of = (state, msgspec.structs.replace(course, path=_NOWHERE))
        made = self.bars.known(state.frame, of, course.path)
        if made is None:
            path = _Asked(course.path.waypoints)
            made = next_bar(state, msgspec.structs.replace(course, path=path))
            self.bars.keep(state.frame, of, path, made)
        return made

    def notes_of(self, bar: Bar, path: Path) -> list[Note]:
        """The notes of a bar, not to be changed."""
        made = self.notes.known(bar.start, bar, path)
        if made is None:
            asked = _Asked(path.waypoints)
            made = notes_of(bar, asked)
            self.notes.keep(bar.start, bar, asked, made)
        return made
