"""`musmed listen` over a slow line: ``python tests/bench/listening.py [SECONDS]``.

A session plays with ``--sink listen`` on a server that is this machine, over the real ssh on a line
of so many bits a second and so many milliseconds each way (a ProxyCommand's), and is heard here by
a null sink in real time. For each line and codec: how long the first sound took, gaps in
``SECONDS`` (60 by default), how much sound waits here, how long an answer takes, and a pause from
the key at the session to the player here.
"""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import BinaryIO, cast

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.loopback import NAME, loopback  # noqa: E402

from engine.affect.circumplex import Affect  # noqa: E402
from engine.clip_record import Codec  # noqa: E402
from engine.link.process import end, spawn  # noqa: E402
from engine.link.ssh import FarEngine, Host, connect, control_folder  # noqa: E402
from engine.plan.request import Request  # noqa: E402
from engine.playback.ears import Ears  # noqa: E402
from engine.playback.sinks.listen import ListenSink  # noqa: E402
from engine.playback.sinks.null import NullSink  # noqa: E402
from engine.session.library.library import Library  # noqa: E402
from engine.session.preparation import prepare  # noqa: E402
from engine.session.runner import SessionRunner  # noqa: E402

LINES: tuple[tuple[float, float, Codec], ...] = (
    (1e9, 0.0, "flac"),
    (2e6, 0.04, "flac"),
    (2e6, 0.04, "opus"),
    (512e3, 0.04, "opus"),
    (256e3, 0.04, "opus"),
)
PAUSES = 5


def heard(runner: SessionRunner, ears: Ears, seconds: float) -> str:
    """The figures of one line."""
    began = time.monotonic()
    while ears.hearing is None or ears.hearing.report(0).played == 0:
        time.sleep(0.005)
    first = time.monotonic() - began
    time.sleep(seconds)
    pauses = []
    for _ in range(PAUSES):
        for wanted in (True, False):
            pressed = time.monotonic()
            runner.pause_or_resume()
            while ears.hearing.speaker.paused is not wanted:
                time.sleep(0.001)
            pauses.append(time.monotonic() - pressed)
            time.sleep(2.0)
    answer = runner.playback.state().sink.rpartition("takes ")[2]
    gaps, ahead = ears.hearing.speaker.gaps, ears.hearing.ahead
    worst, middle = max(pauses) * 1000, sorted(pauses)[len(pauses) // 2] * 1000
    return f"{first:10.1f} {gaps:5d} {ahead:9.1f} {answer:>9} {middle:10.0f} {worst:10.0f}"


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    print("line       codec   first s  gaps   ahead s    answer   pause ms   worst ms")
    for bits, delay, codec in LINES:
        with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
            folder = Path(name)
            with loopback(folder, patch) as server:
                server.shape(bits, delay)
                runtime = f"XDG_RUNTIME_DIR={os.environ['XDG_RUNTIME_DIR']}"
                words = ["env", runtime, f"PYTHONPATH={ROOT}", sys.executable, "-m", "musmed_tui"]
                there = Host(NAME, shlex.join([*words, "ears"]))
                connect(there, control_folder(), asks=False)
                library = Library(folder / "library")
                request = Request(start=Affect(-0.4, 0.7), target=Affect(0.6, -0.5), minutes=5)
                log = folder / "log"
                runner = prepare(request, library=library, sink=ListenSink(), log_file=log)
                runner.start()
                process = spawn(FarEngine(there, control_folder()).argv, None)
                ears = Ears(NullSink, lambda _: None, ahead=2.0, codec=codec)
                streams = [cast("BinaryIO", s) for s in (process.stdout, process.stdin)]
                threading.Thread(
                    target=ears.hear, args=(*streams, lambda _: None), daemon=True
                ).start()
                kind = "local" if bits > 1e8 else f"{bits / 1e3:.0f} k"
                print(f"{kind:10} {codec:5} {heard(runner, ears, seconds)}", flush=True)
                runner.close()
                end(process, 1.0)
                ears.close()
                library.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
