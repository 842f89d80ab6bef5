"""``musmed measure``: what the meter makes of a sound file."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ParamSpec

from engine.errors import MusmedError
from engine.places import expanded
from musmed_tui.exits import exit_code
from musmed_tui.terminal.streams import remark, say_json
from musmed_tui.terminal.table import print_table
from musmed_tui.terminal.terminal import Signals
from musmed_tui.wording import clock

if TYPE_CHECKING:
    from engine.meter.files import Progress

Told = ParamSpec("Told")
PATIENCE = 2.0
"""Seconds after which it is said how far it is, and again every so many."""


class StoppedError(Exception):
    """A signal called the measuring off."""


def measure(file: str | None, *, as_json: bool, now: Callable[[], float] = time.monotonic) -> int:
    """Print the readings of ``file``; gives the exit code. Raises ``MusmedError``. ``now``: seconds
    of a steady clock."""
    from engine.meter.files import measure_file
    from engine.meter.meter import validity

    if not file:
        raise MusmedError("The sound file is missing; say musmed measure FILE.")
    with Signals() as signals:
        try:
            with measuring(signals, now) as progress:
                measured = measure_file(expanded(file, "sound file"), progress)
        except StoppedError:
            remark("Stopped; nothing is measured.")
            return exit_code(signals.stop)
    readings, remarks = measured
    if as_json:
        what = {"file": file, "validity": validity(), "remarks": remarks, "readings": readings}
        say_json(what)
        return 0
    rows = [
        (
            f"{clock(r.start)}-{clock(r.end)}",
            f"{r.valence:+.2f}",
            f"{r.arousal:+.2f}",
            "" if r.known else "unlike what the meter learnt from",
        )
        for r in readings
    ]
    print_table(f"Meter of {file}", ("time", "valence", "arousal", "note"), rows)
    for said in (*remarks, validity()):
        remark(said)
    return 0


def measuring(
    signals: Signals, now: Callable[[], float]
) -> contextlib.AbstractContextManager[Progress]:
    """``telling`` how far a file is."""
    return telling(signals, progress_lines(now))


@contextlib.contextmanager
def telling(signals: Signals, say: Callable[Told, None]) -> Iterator[Callable[Told, None]]:
    """For the block, nothing that decoders say is seen. Gives what is to be told how far it is: it
    passes that on to ``say``, and raises ``StoppedError`` once a signal has come."""
    with contextlib.ExitStack() as aside:
        aside.enter_context(_quiet_decoders())

        def progress(*args: Told.args, **kwargs: Told.kwargs) -> None:
            if signals.stop is not None:
                raise StoppedError
            with aside.pop_all():
                pass
            say(*args, **kwargs)
            aside.enter_context(_quiet_decoders())

        yield progress


@contextlib.contextmanager
def _quiet_decoders() -> Iterator[None]:
    """For the block, file descriptor 2 leads nowhere: libmpg123 writes its doubts there from C,
    which would stand in the midst of what musmed says."""
    saved, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    os.close(nothing)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def progress_lines(now: Callable[[], float]) -> Progress:
    """A line on standard error now and then, once it takes longer than ``PATIENCE``; farther and
    farther apart, so that they stay few."""
    began = now()
    following = PATIENCE

    def say(done: float, total: float | None) -> None:
        nonlocal following
        if now() - began < following:
            return
        following *= 2
        of = "" if total is None else f" of {clock(total)}"
        remark(f"Measured {clock(done)}{of}; Ctrl-C stops.")

    return say
