"""``musmed rate --clips``: six clips of 30 seconds, each heard and rated, for a personal meter.

They are played as sessions are, from a library of their own that is gone afterwards, so that the
history has none of them; or written into a folder, for who has no sound here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.affect.circumplex import Affect
from engine.composers.options import ComposerOptions
from engine.errors import MusmedError
from engine.listener.clip_round import CLIP_SECONDS, clip_requests
from engine.listener.ratings import Rating, parse_rating, written
from engine.places import place_of
from engine.plan.request import Request
from engine.private import FILE, make_private_folder
from musmed_tui.commands.meter import meter_of, sentences
from musmed_tui.commands.sessions import open_log, opened
from musmed_tui.exits import exit_code
from musmed_tui.logs import stderr_to
from musmed_tui.paths import Folders
from musmed_tui.plain.keys import KEYS, Act, KeyDecoder
from musmed_tui.plain.output import Output
from musmed_tui.session_control import Options, Running, SessionControl
from musmed_tui.settings import Loaded, load_settings
from musmed_tui.terminal.streams import remark, tell, write_out
from musmed_tui.terminal.terminal import Signals, look_at_terminal, reading_keys
from musmed_tui.wording import VOLUME_STEP, clock

if TYPE_CHECKING:
    from engine.session.library.library import Library

Readings = Generator[Affect | None, None, None]
"""Of each clip what the meter read of it; None where too little was heard."""

LOOK_SECONDS = 0.1
_QUESTION = "How did it feel? valence,arousal, each 0 to 100 (such as 30,70); Enter skips"


class _StoppedError(Exception):
    """The round was called off, by a key or a ``signal``; what was answered is kept."""

    def __init__(self, signal: signal.Signals | None = None) -> None:
        super().__init__()
        self.signal = signal


def rate_clips(into: str | None) -> int:
    """Play six clips, or write them ``into`` a new folder, and keep what is rated of each; gives
    the exit code. Raises ``MusmedError``."""
    if not sys.stdin.isatty():
        raise MusmedError("--clips asks after each clip, and nobody is here to be asked.")
    where = open_log()
    loaded = load_settings(where.settings)
    requests = clip_requests(np.random.default_rng())
    kept, code = 0, 0
    with opened(where.library) as library:
        heard = (
            _played(requests, where, loaded)
            if into is None
            else _files(requests, place_of(into, "folder"), where)
        )
        try:
            with contextlib.closing(heard):
                for number, reading in enumerate(heard, start=1):
                    kept += _asked(library, number, reading)
        except _StoppedError as stopped:
            code = exit_code(stopped.signal)
        tell(f"{kept} of {len(requests)} clips rated, which are in no history.")
        for sentence in sentences(meter_of(library)):
            tell(sentence)
    return code


def _asked(library: Library, number: int, reading: Affect | None) -> bool:
    """Ask about a clip, and keep the answer beside what the meter read of it; whether there was
    one."""
    if reading is None:
        remark(f"Of clip {number} too little was heard for the meter; nothing is asked.")
        return False
    rating = _answer()
    if rating.is_none:
        return False
    library.meter.rate_clip(reading, rating, datetime.now(UTC))
    tell(f"Clip {number}: {written(rating)}.")
    return True


def _answer() -> Rating:
    """Again where it is not understood; none for Enter, and where the terminal is closed."""
    while True:
        write_out(f"{_QUESTION}: ")
        answer = sys.stdin.readline().strip()
        try:
            return parse_rating(answer, "It") if answer else Rating()
        except MusmedError as error:
            remark(str(error))


# by ear


def _played(requests: tuple[Request, ...], where: Folders, loaded: Loaded) -> Readings:
    """Play each; what the meter read of what was heard of it."""
    _check_sound(loaded)
    settings = msgspec.structs.replace(loaded.settings, composer="embedded")
    options = Options(
        sink=settings.sink,
        volume=settings.volume,
        composer=ComposerOptions(synthesis=settings.sounded()),
    )
    tell(
        "Six clips of 30 seconds. Enter rates at once, space pauses, + - volume, q ends the round."
    )
    with tempfile.TemporaryDirectory(prefix="musmed-clips-") as folder:
        own = where._replace(data=Path(folder))
        control = SessionControl(own, Loaded(settings, loaded.origins), options)
        try:
            for number, request in enumerate(requests, start=1):
                yield _heard(control, request, number, where)
        finally:
            control.close()


def _check_sound(loaded: Loaded) -> None:
    from engine.playback.sinks.choose import open_sink

    _, silent = open_sink(loaded.settings.sink, latency=loaded.settings.latency)
    if silent is not None:
        raise MusmedError(
            f"{silent} Or let the clips be written: musmed rate --clips --into FOLDER."
        )


def _heard(control: SessionControl, request: Request, number: int, where: Folders) -> Affect | None:
    """Play one clip, to its end or as far as it is listened to."""
    with Signals() as signals, stderr_to(where.engine_log):
        begun = control.begin(request)
        try:
            stops = _listen(begun.runner, number, signals)
        finally:
            control.end()
    status = begun.runner.status()
    if status.failure is not None:
        raise MusmedError(status.failure)
    if stops:
        raise _StoppedError(signals.stop)
    return control.library.meter.read_at_end(
        status.session, min(status.playback.heard, CLIP_SECONDS)
    )


def _listen(runner: Running, number: int, signals: Signals) -> bool:
    """Until the clip is over or is to be rated; whether the round is to end."""
    terminal = look_at_terminal(plain=False)
    output, decoder = Output(sys.stdout, terminal), KeyDecoder()
    try:
        with reading_keys(terminal) as cbreak:
            keys_fd = sys.stdin.fileno() if cbreak else None
            while not runner.wait(0.0):
                heard = runner.status().playback.heard
                if heard >= CLIP_SECONDS:
                    break
                output.redraw(f"Clip {number}", f"  {clock(heard)} of {clock(CLIP_SECONDS)}")
                data = signals.wait(LOOK_SECONDS, keys_fd)
                keys = decoder.feed(data) if data else []
                if signals.stop is not None or any(KEYS.get(key) is Act.QUIT for key in keys):
                    return True
                if "enter" in keys:
                    break
                for key in keys:
                    _act(runner, key)
    finally:
        output.clear()
    return False


def _act(runner: Running, key: str) -> None:
    match KEYS.get(key):
        case Act.PAUSE:
            runner.pause_or_resume()
        case Act.LOUDER | Act.SOFTER as act:
            step = VOLUME_STEP if act is Act.LOUDER else -VOLUME_STEP
            runner.set_volume(min(1.0, max(0.0, round(runner.volume + step, 2))))
        case _:
            pass


# into files


def _files(requests: tuple[Request, ...], folder: Path, where: Folders) -> Readings:
    """Write each as a file of ``folder``; what the meter reads of it. The files are written before
    anything is asked, and stay."""
    if os.path.lexists(folder):
        raise MusmedError(f"{folder} is there already; name a new folder.")
    readings = []
    try:
        make_private_folder(folder)
        with Signals() as signals, tempfile.TemporaryDirectory(prefix="musmed-clips-") as aside:
            for number, request in enumerate(requests, start=1):
                target = folder / f"{number}.flac"
                readings.append(_rendered(request, Path(aside) / target.name, where, signals))
                shutil.move(Path(aside) / target.name, target)
                target.chmod(FILE)
                tell(f"Wrote {target}.")
    except OSError as error:
        raise MusmedError(
            f"{folder} can't be written ({error.strerror or error}); name a new folder of yours."
        ) from error
    tell("Listen to each when it is asked about; the files stay.")
    for number, reading in enumerate(readings, start=1):
        tell(f"{folder / f'{number}.flac'}")
        yield reading


def _rendered(request: Request, output: Path, where: Folders, signals: Signals) -> Affect:
    """Its sidecar, which tells what it was meant to be, is left behind."""
    from engine.meter.files import measure_file
    from engine.render import CancelledError, render_session

    try:
        render_session(
            request,
            output,
            until=CLIP_SECONDS,
            progress=lambda _done, _total: None,
            log_file=where.engine_log,
            cancelled=lambda: signals.stop is not None,
        )
    except CancelledError as error:
        raise _StoppedError(signals.stop) from error
    readings = measure_file(output).readings
    return Affect(
        sum(one.valence for one in readings) / len(readings),
        sum(one.arousal for one in readings) / len(readings),
    )
