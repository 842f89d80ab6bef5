"""What there is to train with: ``musmed train check`` and ``musmed train captions``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import MusmedError
from engine.places import place_of
from engine.printable import visible
from musmed_tui.commands.measure import StoppedError, measuring, telling
from musmed_tui.exits import exit_code
from musmed_tui.terminal.streams import remark, say, say_json, tell
from musmed_tui.terminal.table import print_table
from musmed_tui.terminal.terminal import Signals, look_at_terminal
from musmed_tui.wording import clock

if TYPE_CHECKING:
    from engine.training.said import Progress
    from engine.training.tracks import Data, Problem

PATIENCE = 2.0
"""Seconds after which it is said how far it is; then twice as many, and so on."""
MOST_SHOWN = 40


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
            with telling(signals, looking(now)) as progress:
                data = look_over(place, progress, told)
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


def captions(
    folder: str | None,
    *,
    output: str | None,
    known: str | None,
    as_json: bool,
    now: Callable[[], float] = time.monotonic,
) -> int:
    """Propose captions for the sounds in ``folder`` that have none, in the new table ``output``;
    gives the exit code. ``known``: captions that lie elsewhere. Raises ``MusmedError``."""
    from engine.training.reading.proposing import check_new, propose, write_proposals

    place, told = places(folder, known, "captions FOLDER -o captions.csv")
    if not output:
        raise MusmedError("The captions want a place; -o captions.csv is missing.")
    table = place_of(output, "captions file")
    check_new(table)
    with Signals() as signals:
        try:
            with measuring(signals, now) as progress:
                proposed = propose(place, progress, told)
        except StoppedError:
            remark("Stopped; nothing is written.")
            return exit_code(signals.stop)
    if proposed.proposals:
        write_proposals(table, proposed.proposals)
    if as_json:
        say_json(proposed)
    else:
        print_problems(proposed.problems)
    if not proposed.proposals:
        raise MusmedError(
            "No sound without a caption could be heard, so nothing is written; 'musmed train check "
            f"{place}' says what is wrong."
        )
    if not as_json:
        tell(
            f"Wrote {many(len(proposed.proposals), 'caption')} to {visible(str(table))}; look "
            "through them, and mend what is wrong."
        )
        if table.parent != place:
            remark("It lies elsewhere than the music: give it with --captions.")
    return 0


def looking(now: Callable[[], float]) -> Callable[[Progress], None]:
    """Says now and then how far the reading is."""
    began, following = now(), PATIENCE

    def told(progress: Progress) -> None:
        nonlocal following
        if now() - began >= following:
            following *= 2
            remark(f"Looked at {progress.done} of {progress.total} sounds; Ctrl-C stops.")

    return told


def print_data(data: Data) -> None:
    """What can be trained with, what of it is known, and what is wrong."""
    print_problems(data.problems)
    for line in summary(data):
        say(line)


def print_problems(problems: Sequence[Problem]) -> None:
    """What is wrong, file by file; on a terminal the first ``MOST_SHOWN``, for eyes."""
    if not problems:
        return
    most = MOST_SHOWN if look_at_terminal(plain=False).live else len(problems)
    rows = [
        (one.name, "left out" if one.left_out else "used", one.sentence) for one in problems[:most]
    ]
    print_table("What is wrong", ("file", "is", "why"), rows)
    if len(problems) > most:
        remark(f"And {len(problems) - most} more: behind a pipe, or with --json, all are listed.")


def summary(data: Data) -> list[str]:
    """``data`` in a few sentences."""
    count = len(data.tracks)
    if not count:
        return []
    from engine.training.reading.split import split
    from engine.training.recipe import Recipe

    usual = Recipe()
    seconds = sum(track.seconds or 0.0 for track in data.tracks)
    placed = sum(1 for track in data.tracks if track.affect is not None)
    held = len(split(data, usual.held_out, usual.seed).held_out)
    lines = [
        f"{many(count, 'track')} with captions, {clock(seconds)} long, by {data.layout}.",
        f"{held} of them would be kept for judging{_by_what(data)}.",
        f"How it feels is known of {placed} of them.",
    ]
    left = len({one.name for one in data.problems if one.left_out})
    return [*lines, f"{many(left, 'file')} left out."] if left else lines


def _by_what(data: Data) -> str:
    """By what tracks are kept from training."""
    if any(track.part == "held-out" for track in data.tracks):
        return ", as the data says"
    named = any(track.group != track.name for track in data.tracks)
    return ", whole artists" if named else ""


def many(count: int, what: str) -> str:
    """'1 track', '2 tracks'."""
    return f"{count} {what}{'' if count == 1 else 's'}"
