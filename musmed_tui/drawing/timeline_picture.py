"""The session's clips as a strip of cells, and the levels beside it. Pure, no Textual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from musmed_tui.drawing.raster import BLANK, Cell, Glyphs, Row, write
from musmed_tui.wording import clock

if TYPE_CHECKING:
    from musmed_tui.session_view import Snapshot

Stage = Literal["played", "playing", "crossfade", "ready", "composing", "planned"]
STAGES: tuple[Stage, ...] = ("played", "playing", "crossfade", "ready", "composing", "planned")

STEPS = 8
"""Into how many colours the session's time is cut, as the path on the plane is."""
PLAYING, COMPOSING, PLANNED, PLAYHEAD, TIME, LEGEND = range(1, 7)
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
CLEAR_CELLS = 3
"""Every crossfade is drawn where a clip has at least so many cells, else only the next one."""


@dataclass(frozen=True)
class ClipSpan:
    """A clip from ``start`` to ``end`` session seconds, and how far it is."""

    start: float
    end: float
    phase: Literal["planned", "composing", "ready"]


@dataclass(frozen=True)
class TimelineState:
    """Everything the timeline shows; times are session seconds."""

    clips: tuple[ClipSpan, ...] = ()
    position: float = 0.0
    total: float = 0.0


def timeline_state(snapshot: Snapshot) -> TimelineState:
    """What the timeline shows of a snapshot."""
    return TimelineState(
        tuple(ClipSpan(clip.start, clip.end, clip.phase) for clip in snapshot.timeline),
        snapshot.position_s,
        snapshot.total_s,
    )


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

    Nothing, where there is no session yet. In three: the playhead's time above it, the strip, and
    what its glyphs mean between the times of both ends.
    """
    rows: list[Row] = [[BLANK] * width for _ in range(height)]
    if not state.total:
        return rows
    here, end = clock(state.position), clock(state.total)
    if height < 3:
        gap = max(len(here), len(end)) + 1
        write(rows, here.rjust(gap - 1), 0, 0, PLAYHEAD)
        write(rows, end, width - len(end), 0, TIME)
        rows[0][gap : width - len(end) - 1] = _strip(state, width - gap - len(end) - 1, glyphs)
        return rows
    rows[1] = _strip(state, width, glyphs)
    left = playhead(state, width) - len(here) // 2
    write(rows, here, min(max(0, left), width - len(here)), 0, PLAYHEAD)
    write(rows, clock(0), 0, 2, TIME)
    write(rows, end, width - len(end), 2, TIME)
    _draw_legend(rows, len(clock(0)) + 2, width - len(end) - 2, glyphs)
    return rows


def _strip(state: TimelineState, cells: int, glyphs: Glyphs) -> Row:
    marks = _ASCII if glyphs == "ascii" else _GLYPH
    found = enumerate(stages(state, max(0, cells)))
    row = [Cell(marks[stage], coloured(stage, i / cells)) for i, stage in found]
    if row:
        row[playhead(state, cells)] = Cell("|" if glyphs == "ascii" else "●", PLAYHEAD)
    return row


def _draw_legend(rows: list[Row], left: int, right: int, glyphs: Glyphs) -> None:
    """As many of the stages as there is room for, centred; 'played' is the first to go."""
    marks = _ASCII if glyphs == "ascii" else _GLYPH
    entries = [(marks[stage] * 2, stage) for stage in STAGES]
    while entries and _length(entries) > right - left:
        entries.pop(0)
    x = left + (right - left - _length(entries)) // 2
    for glyph, stage in entries:
        write(rows, glyph, x, 2, PLAYING if stage == "playing" else LEGEND)
        write(rows, stage, x + len(glyph) + 1, 2, LEGEND)
        x += len(glyph) + len(stage) + 3


def _length(entries: Sequence[tuple[str, Stage]]) -> int:
    return sum(len(glyph) + len(stage) + 3 for glyph, stage in entries) - 2


# Levels

FLOOR_DB = -48.0
FALL_DB_PER_SECOND = 20.0
"""How fast a level falls: it sinks, it does not flicker (peak programme meters: 9 to 12)."""
QUIET, LOUD, CHANNEL = range(1, 4)


def settled(
    before: tuple[float, float], peak: tuple[float, float], seconds: float
) -> tuple[float, float]:
    """What the meter shows ``seconds`` after ``before`` when the peaks are ``peak`` (dBFS, left
    and right): up at once, down slowly."""
    fall = FALL_DB_PER_SECOND * seconds
    left, right = (max(FLOOR_DB, new, old - fall) for old, new in zip(before, peak, strict=True))
    return left, right


def level_cells(level: float, cells: int) -> int:
    """How many of ``cells`` a level in dBFS fills."""
    share = (max(FLOOR_DB, min(0.0, level)) - FLOOR_DB) / -FLOOR_DB
    return round(cells * share)


def level_rows(shown: tuple[float, float], width: int, height: int, glyphs: Glyphs) -> list[Row]:
    """Left and right one below the other; in a single row, side by side."""
    full, empty = ("#", "-") if glyphs == "ascii" else ("━", "─")
    halves = (
        [(0, width)] * 2 if height > 1 else [(0, width // 2 - 1), (width // 2 + 1, width // 2 - 1)]
    )
    rows: list[Row] = [[BLANK] * width for _ in range(height)]
    for i, (channel, (x, room)) in enumerate(zip("LR", halves, strict=True)):
        y = i if height > 1 else 0
        cells = max(0, room - 2)
        write(rows, channel, x, y, CHANNEL)
        filled = level_cells(shown[i], cells)
        for cell in range(cells):
            role = QUIET if cell >= filled else LOUD
            rows[y][x + 2 + cell] = Cell(empty if role == QUIET else full, role)
    return rows
