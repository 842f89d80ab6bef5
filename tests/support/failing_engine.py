"""The quick engine on the real link, up to the moment at which it fails.

    failing_engine.py FOLDER HOW MOMENT [whole]

``MOMENT``: 'start' (before it has said anything), 'hello', 'opened', 'clip_started', 'part' (in the
midst of a clip; 'part@20' after twenty of them) or 'clip_done' (before its last word). ``HOW``,
from then on:

- 'stop': its process is stopped, as by SIGSTOP;
- 'hush': it says nothing;
- 'die': it is dead;
- 'stuck': it answers pings, and that is all;
- 'deaf': it reads nothing any more, and so answers nothing;
- one of ``LIES``: its first clip is not what was asked for.

The first engine of FOLDER alone fails, or as many as FOLDER/fail says. 'tones' is a composer here:
the quick one under another name. With 'whole' it is musmed's own engine, which composes music.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import msgspec

from engine.__main__ import main
from engine.composers import base
from engine.link import server
from engine.link.framing import FrameReader, FrameWriter
from engine.link.protocol import ClipDone, ClipStarted, Part, Pong
from engine.meter.reading import Reading
from tests.support import quick_engine

MOMENTS = ("start", "hello", "opened", "clip_started", "part", "clip_done")
PARTS = 5
"""After so many a clip is in its midst."""

Change = Callable[[msgspec.Struct], msgspec.Struct]


def _started(**change: Callable[[ClipStarted], object]) -> Change:
    def lie(message: msgspec.Struct) -> msgspec.Struct:
        if not isinstance(message, ClipStarted):
            return message
        return msgspec.structs.replace(message, **{k: v(message) for k, v in change.items()})

    return lie


def _record(**change: object) -> Change:
    def lie(message: msgspec.Struct) -> msgspec.Struct:
        if not isinstance(message, ClipDone):
            return message
        return msgspec.structs.replace(
            message, record=msgspec.structs.replace(message.record, **change)
        )

    return lie


NOWHERE = Reading(
    start=math.nan,
    end=10.0,
    valence=0.0,
    arousal=0.0,
    valence_error=0.4,
    arousal_error=0.4,
    known=True,
)
LIES: dict[str, Change] = {
    "one frame": _started(frames=lambda m: 1),
    "too long": _started(frames=lambda m: m.frames + 48_000),
    "5 s late": _started(start=lambda m: m.start + 240_000, frames=lambda m: m.frames - 240_000),
    "20 s late": _started(start=lambda m: m.start + 960_000, frames=lambda m: m.frames - 960_000),
    "too early": _started(start=lambda m: m.start - 48_000),
    "bars nowhere": _started(marks=lambda m: msgspec.structs.replace(m.marks, bars=(math.nan,))),
    "level no number": _record(loudness=math.nan),
    "peak infinite": _record(true_peak=math.inf),
    "speed infinite": _record(speed=math.inf),
    "speed nothing": _record(speed=0.0),
    "reading nowhere": _record(readings=(NOWHERE,)),
    "another composer": _record(composer="somebody"),
    "cut unasked": lambda m: msgspec.structs.replace(m, cut=True) if isinstance(m, ClipDone) else m,
}


class Failing(FrameWriter):
    """The engine's side of the line; fails as the program's arguments say."""

    def __init__(self, stream: object) -> None:
        super().__init__(stream)  # type: ignore[arg-type]
        folder, self.how = Path(sys.argv[1]), sys.argv[2]
        self.moment, _, parts = sys.argv[3].partition("@")
        self.last_part = int(parts or PARTS)
        fail = folder / "fail"
        left = int(fail.read_text()) if fail.exists() else 1
        fail.write_text(str(left - 1))
        self.to_fail = left > 0
        self.parts = 0
        self.fallen = False

    def send_preamble(self) -> None:
        if self.moment == "start":
            self.fall()
        super().send_preamble()

    def send(self, message: msgspec.Struct, payload: bytes = b"") -> None:
        if self.to_fail and self.how in LIES:
            message = LIES[self.how](message)
        name = str(type(message).__struct_config__.tag)
        if name == self.moment == "clip_done":
            self.fall()
        if self.fallen and not isinstance(message, Pong):
            return
        super().send(message, payload)
        self.parts += isinstance(message, Part)
        if name == self.moment and (name != "part" or self.parts == self.last_part):
            self.fall()

    def fall(self) -> None:
        if not self.to_fail or self.fallen:
            return
        match self.how:
            case "stop":
                os.kill(os.getpid(), signal.SIGSTOP)
            case "die":
                os._exit(9)
            case "hush":
                threading.Event().wait()
            case "stuck":
                self.fallen = True
            case "deaf":
                deaf.set()


deaf = threading.Event()


class Reader(FrameReader):  # type: ignore[type-arg]
    def read(self) -> object:  # type: ignore[override]
        if deaf.is_set():
            threading.Event().wait()
        return super().read()


if __name__ == "__main__":
    base._COMPOSERS["tones"] = base._COMPOSERS["embedded"]
    place: Any = server
    place.FrameWriter, place.FrameReader = Failing, Reader
    if sys.argv[4:] == ["whole"]:
        main()
    else:
        quick_engine.main()
