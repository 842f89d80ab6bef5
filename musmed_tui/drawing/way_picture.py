"""The way of a session as lines: what was played, plays and will play, and what was asked for, each
at its time. Pure, no Textual."""

from __future__ import annotations

import textwrap
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from engine.session.deeds import ASCII_DEED_SIGNS, DEED_SIGNS, Done
from engine.session.stretches import Stretch
from musmed_tui.drawing.raster import BLANK, Glyphs, Row, write
from musmed_tui.wording import ASCII, UNICODE, clock

PAST, NOW, NEXT, DEED = range(1, 5)
END = "the end"
LEAST_WHO = 8
"""Columns for who plays, at least; with fewer the mood stands alone."""


@dataclass(frozen=True)
class WayState:
    """What is shown; times are session seconds."""

    course: tuple[Stretch, ...] = ()
    done: tuple[Done, ...] = ()
    position: float = 0.0
    total: float = 0.0

    @property
    def here(self) -> int:
        """Which stretch of the course is heard."""
        return max(0, bisect_right(self.course, self.position, key=lambda one: one.start) - 1)


class _Columns(NamedTuple):
    """How wide a line's columns are, a gap behind each included: the mark and time, the mood, who
    plays (0: left out). ``genre``: it is said, too."""

    time: int
    mood: int
    who: int
    genre: bool


def way_rows(state: WayState, width: int, height: int, glyphs: Glyphs) -> list[Row]:
    """``height`` rows, in which what is heard now stands: in the upper third, where not all rows
    have room."""
    lines = _lines(state, width, glyphs)
    here = next((number for number, line in enumerate(lines) if line[0][1] == NOW), 0)
    top = max(0, min(here - height // 3, len(lines) - height))
    rows: list[Row] = [[BLANK] * width for _ in range(height)]
    for y, line in enumerate(lines[top : top + height]):
        x = 0
        for text, role in line:
            write(rows, text, x, y, role)
            x += len(text)
    return rows


_Line = Sequence[tuple[str, int]]


def _lines(state: WayState, width: int, glyphs: Glyphs) -> list[_Line]:
    columns = _columns(state, width)
    marks = ASCII_DEED_SIGNS if glyphs == "ascii" else DEED_SIGNS
    sign = (ASCII if glyphs == "ascii" else UNICODE).playing
    found: list[tuple[float, int, list[_Line]]] = []
    for number, stretch in enumerate(state.course):
        role = PAST if number < state.here else NOW if number == state.here else NEXT
        mark = sign if role == NOW else ""
        found.append((stretch.start, 0, _stretch(stretch, mark, role, columns)))
    found += [(one.at, 1, _deed(one, marks[one.deed], columns, width)) for one in state.done]
    if state.course:
        role = NEXT if state.position < state.total else PAST
        found.append((state.total, 2, [[(_time("", state.total, columns) + END, role)]]))
    found.sort(key=lambda entry: entry[:2])
    return [line for _, _, lines in found for line in lines]


def _columns(state: WayState, width: int) -> _Columns:
    time = 2 + len(clock(state.total)) + 2
    mood = max((len(one.mood) for one in state.course), default=0) + 2
    who = width - time - mood
    if who < LEAST_WHO:
        return _Columns(time, mood, 0, False)
    whole = max((len(_who(one, genre=True)) for one in state.course), default=0)
    return _Columns(time, mood, who, whole <= who)


def _time(mark: str, at: float, columns: _Columns) -> str:
    return f"{mark:<2}{clock(at):>{columns.time - 4}}  "


def _who(stretch: Stretch, *, genre: bool) -> str:
    return f"{stretch.instrument}, {stretch.genre}" if genre else stretch.instrument


def _deed(done: Done, sign: str, columns: _Columns, width: int) -> list[_Line]:
    """What was asked for, in as many lines as its words need."""
    said = textwrap.wrap(done.said, max(LEAST_WHO, width - columns.time - 2)) or [""]
    head = (_time("", done.at, columns), PAST)
    below = (" " * columns.time, PAST)
    return [
        [head if number == 0 else below, (f"{sign if number == 0 else ' '} {words}", DEED)]
        for number, words in enumerate(said)
    ]


def _stretch(stretch: Stretch, mark: str, role: int, columns: _Columns) -> list[_Line]:
    """A line, or several where who plays has no room in one."""
    who = _who(stretch, genre=columns.genre)
    names = textwrap.wrap(who, columns.who) if columns.who else []
    head = _time(mark, stretch.start, columns) + stretch.mood.ljust(columns.mood)
    return [
        [((first or "").ljust(columns.time + columns.mood) + (name or ""), role)]
        for first, name in zip_longest([head], names)
    ]
