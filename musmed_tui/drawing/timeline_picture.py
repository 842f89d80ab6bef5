"""The session's clips as a strip of cells, with how loud they are. Pure, no Textual."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from engine.clip_levels import unpacked
from engine.session.deeds import ASCII_DEED_SIGNS, DEED_SIGNS, Done
from musmed_tui.drawing.raster import BLANK, Cell, Glyphs, Row, write
from musmed_tui.wording import clock

if TYPE_CHECKING:
    from engine.session.status import ClipView
    from musmed_tui.session_view import Snapshot

Stage = Literal["played", "playing", "crossfade", "ready", "composing", "planned"]
STAGES: tuple[Stage, ...] = ("played", "playing", "crossfade", "ready", "composing", "planned")

STEPS = 8
"""Into how many colours the session's time is cut, as the path on the plane is."""
PLAYING, COMPOSING, PLANNED, PLAYHEAD, TIME, LEGEND, DONE, BASELINE = range(1, 9)
PLAYED, CROSSFADE, READY = 10, 20, 30
"""The first of ``STEPS`` roles each: these are coloured by time."""
_ROLE: dict[Stage, int] = {
    "played": PLAYED,
    "playing": PLAYING,
    "crossfade": CROSSFADE,
    "ready": READY,
    "composing": COMPOSING,
    "planned": PLANNED,
}
_GLYPH = dict(zip(STAGES, "━━×─┄·", strict=True))
_ASCII = dict(zip(STAGES, "==x-:.", strict=True))
_SECTION = "┴"
_BARS, _ASCII_BARS = "▁▂▃▄▅▆▇█", "_.-=#"
LUFS = (-29.0, -17.0)
"""The quietest and the loudest of a bar: what is composed is moved by 4 LU about -23."""
TICK_CELLS = 24
"""From one time below the strip to the next, at least."""
LEAST_LEGEND = 3
CLEAR_CELLS = 3
"""Every crossfade is drawn where a clip has at least so many cells, else only the next one."""
CLEAR_SECTION = 6
"""Sections are marked where they have so many cells each."""


_Entry = tuple[str, Stage]
"""Of the legend: a stage and its glyph, twice."""


@dataclass(frozen=True)
class ClipSpan:
    """A clip from ``start`` to ``end`` session seconds, and how far it is."""

    start: float
    end: float
    phase: Literal["planned", "composing", "ready"]
    loudness: float | None = None
    """Integrated LUFS, None where it was not measured."""
    levels: bytes = b""
    """How loud each second is (``engine.clip_levels``), as far as that is known."""


@dataclass(frozen=True)
class TimelineState:
    """Everything the timeline shows; times are session seconds."""

    clips: tuple[ClipSpan, ...] = ()
    position: float = 0.0
    total: float = 0.0
    sections: tuple[float, ...] = ()
    """Where a section of the music begins."""
    done: tuple[Done, ...] = ()
    over: bool = False
    """Nothing plays any more."""


def timeline_state(snapshot: Snapshot) -> TimelineState:
    """What the timeline shows of a snapshot."""
    return TimelineState(
        tuple(clip_span(one) for one in snapshot.timeline),
        snapshot.position_s,
        snapshot.total_s,
        snapshot.sections,
        snapshot.asked,
    )


def clip_span(view: ClipView) -> ClipSpan:
    """How far a clip is, and how loud."""
    record = view.record
    if record is None:
        return ClipSpan(view.start, view.end, view.phase)
    return ClipSpan(view.start, view.end, view.phase, record.loudness, record.levels)


def as_heard(state: TimelineState) -> TimelineState:
    """The session when it is over: as far as it was heard, whatever was composed beyond that."""
    heard = tuple(
        replace(clip, end=min(clip.end, state.position))
        for clip in state.clips
        if clip.start < state.position
    )
    return replace(state, clips=heard, over=True)


def stages(state: TimelineState, cells: int) -> tuple[Stage, ...]:
    """How far each of ``cells`` equal stretches of the session is, by the time at its middle.

    What is heard now is 'playing' up to where the next clip begins; where that and this sound
    together is a 'crossfade', and so it is between clips ahead that are ready.
    """
    times = (state.total * (i + 0.5) / cells for i in range(cells))
    return tuple(_stage(state, time, cells) for time in times)


def _stage(state: TimelineState, time: float, cells: int) -> Stage:
    heard = [clip for clip in state.clips if clip.start <= state.position < clip.end]
    over = [clip for clip in state.clips if clip.start <= time < clip.end]
    if time < state.position:
        return "played"
    if not over:
        return "planned"
    if len(over) > 1 and (over[0] in heard or _clear(state, over[0], cells)):
        return "crossfade" if over[0].phase == "ready" else over[0].phase
    sounding = heard and over[0] is heard[-1] and over[0].phase != "planned"
    return "playing" if sounding else over[0].phase


def _clear(state: TimelineState, clip: ClipSpan, cells: int) -> bool:
    return (clip.end - clip.start) * cells / state.total >= CLEAR_CELLS


def coloured(stage: Stage, share: float) -> int:
    """The role of a stage at ``share`` (0 to 1) of the session."""
    first = _ROLE[stage]
    return first if first < PLAYED else first + min(STEPS - 1, int(STEPS * share))


def share(role: int) -> float:
    """How far from the path's first colour to its last a role coloured by time is."""
    return role % 10 / (STEPS - 1)


def playhead(state: TimelineState, cells: int) -> int:
    """The cell the playhead is in."""
    if not state.total:
        return 0
    return min(cells - 1, max(0, int(cells * state.position / state.total)))


def timeline_rows(state: TimelineState, width: int, height: int, glyphs: Glyphs) -> list[Row]:
    """The timeline: '3:07 ━━━●────···· 15:00' in one row.

    In three: how loud it was and will be, with what was asked for; the strip; times, and between
    them what its glyphs mean. Of a session that is only thought of (without clips) there is the
    strip in the path's colours, and times; without a length nothing.
    """
    rows: list[Row] = [[BLANK] * width for _ in range(height)]
    if not state.total:
        return rows
    if height < 3:
        left, cells = _strip_room(state, width, height)
        write(rows, clock(state.position).rjust(left - 1), 0, 0, PLAYHEAD)
        write(rows, clock(state.total), width - len(clock(state.total)), 0, TIME)
        rows[0][left : left + cells] = _marked(state, _strip(state, cells, glyphs), glyphs)
        return rows
    if state.clips:
        rows[0] = _marked(state, _bars(state, width, glyphs), glyphs)
    rows[1] = _strip(state, width, glyphs)
    _draw_times(rows[2:3], state, glyphs)
    return rows


def second_at(state: TimelineState, x: int, width: int, height: int) -> float | None:
    """The session second that column ``x`` stands for; None beside the strip."""
    left, cells = _strip_room(state, width, height)
    if not 0 <= x - left < cells or not state.total:
        return None
    return state.total * (x - left) / cells


def _strip_room(state: TimelineState, width: int, height: int) -> tuple[int, int]:
    """Where the strip begins, and how many cells it has."""
    if height >= 3:
        return 0, width
    end = clock(state.total)
    left = max(len(clock(state.position)), len(end)) + 1
    return left, max(0, width - left - len(end) - 1)


def _strip(state: TimelineState, cells: int, glyphs: Glyphs) -> Row:
    marks = _ASCII if glyphs == "ascii" else _GLYPH
    if not state.clips:
        return [Cell(marks["planned"], coloured("ready", i / cells)) for i in range(cells)]
    found = list(enumerate(stages(state, max(0, cells))))
    row = [Cell(marks[stage], coloured(stage, i / cells)) for i, stage in found]
    if cells >= CLEAR_SECTION * len(state.sections):
        for second in state.sections:
            at = _cell(state, second, cells)
            row[at] = Cell("+" if glyphs == "ascii" else _SECTION, row[at].role)
    if row:
        row[playhead(state, cells)] = Cell("|" if glyphs == "ascii" else "●", PLAYHEAD)
    return row


def _cell(state: TimelineState, second: float, cells: int) -> int:
    return min(cells - 1, max(0, int(cells * second / state.total)))


def _bars(state: TimelineState, cells: int, glyphs: Glyphs) -> Row:
    """How loud each cell's stretch is, as far as that was measured; a baseline where not."""
    marks = _ASCII_BARS if glyphs == "ascii" else _BARS
    seconds = loudness_by_second(state)
    row: Row = []
    for i, stage in enumerate(stages(state, cells)):
        lufs = _together(seconds, state.total * i / cells, state.total * (i + 1) / cells)
        known = lufs is not None and stage not in ("composing", "planned")
        role = (
            coloured("played" if stage == "crossfade" else stage, i / cells) if known else BASELINE
        )
        row.append(Cell(marks[level_of(lufs, len(marks)) if known else 0], role))
    return row


def loudness_by_second(state: TimelineState) -> list[float | None]:
    """LUFS of each second of the session: as it was measured there, of the later clip where two
    sound; else between the middles of the clips, whose own figures are known; None where nothing
    is."""
    seconds: list[float | None] = [None] * math.ceil(state.total)
    for clip in state.clips:
        there = range(int(clip.start), min(math.ceil(clip.end), len(seconds)))
        for second, lufs in zip(there, unpacked(clip.levels), strict=False):
            seconds[second] = lufs
    figures = [(clip, clip.loudness) for clip in state.clips if clip.loudness is not None]
    if not figures:
        return seconds
    ends = (figures[0][0].start, figures[-1][0].end)
    places = [((clip.start + clip.end) / 2, lufs) for clip, lufs in figures]
    return [
        _between(places, second + 0.5) if lufs is None and ends[0] <= second < ends[1] else lufs
        for second, lufs in enumerate(seconds)
    ]


def _between(places: Sequence[tuple[float, float]], second: float) -> float:
    """LUFS at ``second`` between ``places`` (session seconds, LUFS)."""
    right = bisect_right(places, second, key=lambda place: place[0])
    (since, before), (until, after) = places[max(0, right - 1)], places[min(right, len(places) - 1)]
    if until == since:
        return before
    return before + (second - since) / (until - since) * (after - before)


def _together(seconds: Sequence[float | None], start: float, end: float) -> float | None:
    """LUFS of the seconds from ``start`` to ``end``, or of the one in which they lie; None where
    none of them is known."""
    first = int(start)
    known = [lufs for lufs in seconds[first : max(first + 1, int(end))] if lufs is not None]
    if not known:
        return None
    return 10.0 * math.log10(sum(10.0 ** (lufs / 10.0) for lufs in known) / len(known))


def level_of(lufs: float | None, steps: int) -> int:
    """Which of ``steps`` bars stands for a loudness; the lowest for one that is not known."""
    quiet, loud = LUFS
    share = 0.0 if lufs is None else (lufs - quiet) / (loud - quiet)
    return min(steps - 1, max(0, int(steps * share)))


def _marked(state: TimelineState, row: Row, glyphs: Glyphs) -> Row:
    """``row`` with the signs of what was asked for, each at its time."""
    signs = ASCII_DEED_SIGNS if glyphs == "ascii" else DEED_SIGNS
    for one in state.done if row else ():
        row[_cell(state, one.at, len(row))] = Cell(signs[one.deed], DONE)
    return row


def _draw_times(rows: list[Row], state: TimelineState, glyphs: Glyphs) -> None:
    """Both ends, what lies between at even minutes, and in the gaps as much of the legend as there
    is room for: 'played' is the first to go. Where most of it would go, the even minutes do."""
    width = len(rows[0])
    marks = _ASCII if glyphs == "ascii" else _GLYPH
    entries = [(marks[stage] * 2, stage) for stage in STAGES if state.clips]
    if state.over:
        entries = [entry for entry in entries if entry[1] in ("played", "planned")]
    times = _times(state, width, _ticks(state.total, width))
    placed = _placed(entries, times)
    if len(placed) < min(LEAST_LEGEND, len(entries)):
        times = _times(state, width, [0.0, state.total])
        placed = _placed(entries, times)
    for left, said in times:
        write(rows, said, left, 0, TIME)
    for x, (glyph, stage) in placed:
        write(rows, glyph, x, 0, PLAYING if stage == "playing" else LEGEND)
        write(rows, stage, x + len(glyph) + 1, 0, LEGEND)


def _times(state: TimelineState, width: int, seconds: Sequence[float]) -> list[tuple[int, str]]:
    """Where each of ``seconds`` is written, about its cell."""
    found = []
    for second in seconds:
        said = clock(second)
        at = width * second / state.total if state.total else 0.0
        left = min(width - len(said), max(0, round(at) - (len(said) // 2 if second else 0)))
        found.append((left, said))
    return found


def _placed(
    entries: Sequence[_Entry], times: Sequence[tuple[int, str]]
) -> list[tuple[int, _Entry]]:
    """Where as many of the last ``entries`` as there is room for begin between ``times``."""
    ends = [(left + len(said), after) for (left, said), (after, _) in pairwise(times)]
    tries = (_spread(entries[first:], ends) for first in range(len(entries) + 1))
    return next(found for found in tries if found is not None)


def _ticks(total: float, width: int) -> list[float]:
    """Session seconds that are named: both ends, and every five minutes, or more where they would
    stand too near to each other."""
    steps = (60.0 * minutes for minutes in (5, 10, 15, 20, 30, 60))
    step = next((s for s in steps if total and width * s / total >= TICK_CELLS), max(total, 1.0))
    inner = [step * i for i in range(1, int(total // step) + 1)]
    room = TICK_CELLS / 2 * total / width if width else 0.0
    return [0.0, *(second for second in inner if total - second >= room), total]


def _spread(
    entries: Sequence[_Entry], gaps: Sequence[tuple[int, int]]
) -> list[tuple[int, _Entry]] | None:
    """Where each entry begins, in order, so that all stand in ``gaps``, in each about its middle;
    None where they don't all fit."""
    left = list(entries)
    placed: list[tuple[int, _Entry]] = []
    for start, end in gaps:
        here: list[_Entry] = []
        while left and _length([*here, left[0]]) + 4 <= end - start:
            here.append(left.pop(0))
        x = start + (end - start - _length(here)) // 2
        for entry in here:
            placed.append((x, entry))
            x += _length([entry]) + 2
    return None if left else placed


def _length(entries: Sequence[_Entry]) -> int:
    return sum(len(glyph) + len(stage) + 3 for glyph, stage in entries) - 2
