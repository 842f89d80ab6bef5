"""A Snapshot as text: the live status line and the lines that stay. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.plan.words import spelled
from musmed_tui.wording import StateMarks, clock, line_in_short, sleep_in_short

if TYPE_CHECKING:
    from engine.plan.spec import Tags
    from musmed_tui.plain.keys import Asked
from musmed_tui.session_view import Snapshot

_STATES = {"starting": "composing the first seconds"}


class StatusLine(NamedTuple):
    """``head`` (glyph and state word) is what takes the accent colour; ``rest`` follows it."""

    head: str
    rest: str


def status_line(snapshot: Snapshot, width: int, glyphs: StateMarks) -> StatusLine:
    """The live line, at most ``width`` columns wide: what matters least is left out first."""
    head = f"{getattr(glyphs, snapshot.state)} {snapshot.doing}"
    if len(head) >= width:
        return StatusLine(head[: max(0, width)], "")
    rest = ""
    for part in _parts(snapshot, glyphs):
        if len(head) + len(rest) + 2 + len(part) > width:
            break
        rest += f"  {part}"
    return StatusLine(head, rest)


def _parts(snapshot: Snapshot, glyphs: StateMarks) -> list[str]:
    parts = [
        f"{clock(snapshot.position_s)}/{clock(snapshot.total_s)}",
        *filter(None, [line_in_short(snapshot.line, snapshot.ahead_s)]),
        _whereto(snapshot, glyphs),
        *filter(None, [sleep_in_short(snapshot.sleep_minutes)]),
    ]
    if snapshot.volume < 1.0:  # before the rest: at 80 columns a key must be seen to work
        parts.append(f"volume {round(snapshot.volume * 100)} %")
    if snapshot.gaps:
        parts.append(f"gaps {snapshot.gaps}")
    return [*parts, _played(snapshot.tags), f"{round(snapshot.ahead_s)} s ahead"]


def _whereto(snapshot: Snapshot, glyphs: StateMarks) -> str:
    """How it feels now and where it leads: 'a little less tense -> calm'; where the first names the
    second, it alone: 'less tense, nearly calm'."""
    now, (_, target) = snapshot.feeling, snapshot.way
    named = now == target or now.endswith(f"nearly {target}")
    return now if named else f"{now} {glyphs.arrow} {target}"


def heading(snapshot: Snapshot) -> str:
    """What a clip is: 'less tense, nearly calm: dreamy, piano, ambient'."""
    return f"{snapshot.feeling}: {snapshot.tags.mood}, {_played(snapshot.tags)}"


def clip_line(snapshot: Snapshot) -> str:
    """The line that stays for a clip: '3:00 less tense: dreamy, piano, ambient (clip 9 of 40)'."""
    which = f"(clip {snapshot.clip + 1} of {snapshot.clips})"
    return f"{clock(snapshot.position_s)} {heading(snapshot)} {which}"


def state_line(snapshot: Snapshot) -> str:
    """The line for a change of state, where nothing is redrawn: '3:00 paused'."""
    return f"{clock(snapshot.position_s)} {_STATES.get(snapshot.doing, snapshot.doing)}"


def prompt_line(
    text: str,
    suggestions: tuple[str, ...],
    width: int,
    glyphs: StateMarks,
    asked: Asked = "feeling",
) -> str:
    """The line on which a feeling is asked for, or how the music is to be; what was typed stays in
    sight."""
    line = f"{'Steer to' if asked == 'feeling' else 'Adjust'}: {text}_"
    if suggestions:
        line += f"  (Tab: {', '.join(suggestions)})"
    if len(line) <= width:
        return line
    typed = f"{text}_"
    return line[:width] if len(typed) < width - 10 else glyphs.cut + typed[-max(1, width - 1) :]


def _played(tags: Tags) -> str:
    return f"{spelled(tags.instrument)}, {spelled(tags.genre)}"
