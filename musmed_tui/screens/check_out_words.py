"""What the check-out says: the session in a line, what can be done next and what can be saved."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from engine.affect.phrases import towards
from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.words import Part
from musmed_tui.wording import StateMarks, clock, length

MB_A_SECOND = {".flac": 0.15, ".ogg": 0.014}
"""About how large a second of sound is."""


class Choice(NamedTuple):
    """What may be saved: as much as was ``heard``, or the whole; how long that is; the suffix."""

    heard: bool
    seconds: float
    suffix: str

    @property
    def said(self) -> str:
        """At most 38 columns."""
        what = "what was heard" if self.heard else "the whole"
        kind = "FLAC" if self.suffix == ".flac" else "OGG"
        size = f"{max(1, round(self.seconds * MB_A_SECOND[self.suffix]))} MB"
        return f"{what}, {clock(self.seconds)}".ljust(24) + f"{kind.ljust(4)} ~{size}"


def choices(heard: float, total: float) -> tuple[Choice, ...]:
    """What can be saved of a session of which ``heard`` of ``total`` seconds were heard."""
    some = [Choice(True, heard, suffix) for suffix in (".flac", ".ogg") if heard > 0.0]
    whole = [Choice(False, total, suffix) for suffix in (".flac", ".ogg")]
    return tuple(some if heard >= total else [*some, *whole])


class Deed(NamedTuple):
    """What can be done next: an action of the screen or the app, and what it is called."""

    action: str
    does: str


def deeds(heard: float, stopped: str) -> tuple[Deed, ...]:
    """The four that are listed, where ``heard`` seconds were heard, and before them going on from
    ``stopped``, '' for a session that was played to its end; the line of keys has more."""
    going_on = (Deed("next('continue')", f"go on from {stopped}"),) if stopped else ()
    return (
        *going_on,
        Deed("next('replay')", "again"),
        Deed("ask", "save what was heard" if heard > 0.0 else "save"),
        Deed("history", "history"),
        Deed("app.quit", "done"),
    )


def headline(last: Snapshot, marks: StateMarks, room: int) -> Iterator[Part]:
    """How it ended, filled, and the session in plain words: '15 minutes, tense to calm.'; in two
    lines where ``room`` columns are too few for one."""
    start, target = last.way[0], towards(last.target, last.target_word)
    if last.state == "ended":
        state, long = f" {marks.ended} played to its end ", length(round(last.total_s / 60, 1))
        led = f"{start} to {target}."
    else:
        failed = last.state == "failed"
        state = f" {marks.failed} ended by a failure " if failed else f" {marks.stopped} stopped "
        long = f"{clock(last.position_s)} of {clock(last.total_s)}"
        led = f"{start} towards {target}."
    yield (state, f"$background on {'$error' if last.failure else '$now'} bold")
    if len(state) + 2 + len(f"{long}, {led}") <= room:
        yield (f"  {long}, {led}", "bold")
    else:
        yield (f"  {long}", "bold")
        yield (f"\n{led}", "bold")


def folded(text: str, width: int) -> str:
    """``text`` in lines of at most ``width`` columns, broken between words, and in a path that is
    longer than a line behind a slash: nothing of it is cut, and a size stays with its unit."""
    lines = [""]
    for word in re.split(r" (?!MB\))", text):
        pieces = re.findall(r"[^/]*/|[^/]+", word) if len(word) > width else [word]
        for number, piece in enumerate(pieces):
            gap = " " if number == 0 and lines[-1] else ""
            if lines[-1] and len(lines[-1]) + len(gap) + len(piece) > width:
                lines.append(piece)
            else:
                lines[-1] += gap + piece
    return "\n".join(lines)


def short(folder: Path) -> str:
    """``folder`` with the home folder as ~."""
    with contextlib.suppress(ValueError, RuntimeError):
        return f"~/{folder.relative_to(Path.home())}"
    return str(folder)
