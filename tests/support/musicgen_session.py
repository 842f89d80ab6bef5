"""Plays a session of a tiny MusicGen to a PortAudio device in virtual time.

    musicgen_session.py FOLDER DEVICE STEER_AT KILL_AT

A new session of FOLDER/request.json, steered when STEER_AT seconds are written; once the device has
asked for KILL_AT seconds, this process kills itself and leaves no word to anyone. When FOLDER has a
library, its session is gone on with to its end instead. The device's time waits for what is due.
"""

from __future__ import annotations

import math
import os
import signal
import sys
from pathlib import Path

import msgspec

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE
from engine.composers.speeds import Speeds
from engine.plan.request import Request
from engine.session.library.library import Library
from engine.session.preparation import prepare
from tests.support.card import HeldSink


def main(folder: Path, device: str, steer_at: float, kill_at: float) -> None:
    request = msgspec.json.decode((folder / "request.json").read_bytes(), type=Request)
    begun = (folder / "library").is_dir()
    library = Library(folder / "library")
    sink = HeldSink(device, realtime=False)
    sink.until = math.inf if begun else steer_at
    runner = prepare(
        request,
        library=library,
        sink=sink,
        log_file=folder / "engine.log",
        speeds=Speeds(folder),
        resume=library.load(library.sessions()[0].id) if begun else None,
    )
    steered = begun
    runner.start()
    while not runner.wait(0.005):
        written = runner.playback.state().written / SAMPLE_RATE
        if not steered and written >= steer_at:
            steered = True
            runner.steer(Affect(0.6, 0.5), "glad")
            sink.until = kill_at
        if not begun and sink.asked >= kill_at and runner.status().events:
            os.kill(os.getpid(), signal.SIGKILL)
    runner.close()
    status = runner.status()
    (folder / "state.txt").write_text(
        f"{library.load(runner.session).state} {status.composer} restarts={status.restarts} "
        f"gaps={status.playback.gaps} failure={status.failure}"
    )
    library.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
