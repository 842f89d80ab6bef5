"""``musmed train check``: what there is to train with, and what is wrong, file by file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import MusmedError
from engine.places import place_of
from musmed_tui.commands.measure import StoppedError
from musmed_tui.exits import exit_code
from musmed_tui.terminal.streams import remark, say, say_json
from musmed_tui.terminal.table import print_table
from musmed_tui.terminal.terminal import Signals
from musmed_tui.wording import clock

if TYPE_CHECKING:
    from engine.training.said import Progress
    from engine.training.tracks import Data

PATIENCE = 2.0
"""Seconds after which it is said how far it is; then twice as many, and so on."""


def check(
    folder: str | None,
    *,
    captions: str | None,
    as_json: bool,
    now: Callable[[], float] = time.monotonic,
) -> int:
    """Say what is in ``folder``; gives the exit code. Raises ``MusmedError``, where there is
    nothing to train with behind the table of what is wrong."""
    from engine.training.reading.data import look_over, refuse_too_few

    place, told = places(folder, captions, "check FOLDER")
    with Signals() as signals:
        try:
            data = look_over(place, reading(signals, now), told)
        except StoppedError:
            remark("Stopped; nothing was changed.")
            return exit_code(signals.stop)
    if as_json:
        say_json(data)
    else:
        print_data(data)
    refuse_too_few(data)
    return 0


def places(folder: str | None, captions: str | None, usage: str) -> tuple[Path, Path | None]:
    """The folder of sounds and the captions that lie elsewhere. Raises ``MusmedError``."""
    if not folder:
        raise MusmedError(f"The folder of your music is missing; say musmed train {usage}.")
    told = place_of(captions, "captions file") if captions else None
    return place_of(folder, "folder of sounds"), told


def reading(signals: Signals, now: Callable[[], float]) -> Callable[[Progress], None]:
    """What is told how far the reading is: says so now and then, and raises ``StoppedError`` once a
    signal has come."""
    began, following = now(), PATIENCE

    def told(progress: Progress) -> None:
        nonlocal following
        if signals.stop is not None:
            raise StoppedError
        if now() - began >= following:
            following *= 2
            remark(f"Looked at {progress.done} of {progress.total} sounds; Ctrl-C stops.")

    return told


def print_data(data: Data) -> None:
    """What can be trained with, what of it is known, and what is wrong."""
    if data.problems:
        rows = [
            (one.name, "left out" if one.left_out else "used", one.sentence)
            for one in data.problems
        ]
        print_table("What is wrong", ("file", "is", "why"), rows)
    for line in summary(data):
        say(line)


def summary(data: Data) -> list[str]:
    """``data`` in a few sentences."""
    count = len(data.tracks)
    if not count:
        return []
    seconds = sum(track.seconds or 0.0 for track in data.tracks)
    makers = len({track.group for track in data.tracks})
    placed = sum(1 for track in data.tracks if track.affect is not None)
    left = len({one.name for one in data.problems if one.left_out})
    lines = [
        f"{_many(count, 'track')} with captions, {clock(seconds)} long, by {data.layout}.",
        f"{_many(makers, 'group')} that the split keeps whole; "
        f"what {placed} of {count} feel like is known.",
    ]
    return [*lines, f"{_many(left, 'file')} left out."] if left else lines


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
