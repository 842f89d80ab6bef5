"""Seconds without music when the engine hangs at each moment of its first clip, with the limits in
use: from the session's start to the first sound, in real time.

    python tests/bench/hangs.py [stop|hush ...]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from engine.affect.circumplex import Affect
from engine.plan.request import Request
from engine.playback.sinks.null import NullSink
from engine.session.library.library import Library
from engine.session.preparation import prepare
from tests.support.failing_engine import MOMENTS

FAILING = str(Path(__file__).parents[1] / "support" / "failing_engine.py")
REQUEST = Request(start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=2)


def seconds_to_sound(how: str, moment: str) -> tuple[float, int]:
    """From the session's start to the first sound past what the hung engine gave, and how often an
    engine was started anew."""
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder) / "library")
        engine = Path(folder) / "engine"
        engine.mkdir()
        runner = prepare(
            REQUEST,
            library=library,
            sink=NullSink(),
            log_file=Path(folder) / "log",
            engine_argv=[sys.executable, "-P", FAILING, str(engine), how, moment, "whole"],
        )
        began = time.monotonic()
        runner.start()
        restarts = 0 if moment == "never" else 1
        while runner.status().restarts < restarts or not runner.status().playback.heard:
            time.sleep(0.02)
        took = time.monotonic() - began
        runner.close()
        library.close()
        return took, runner.status().restarts


def main() -> None:
    print(f"undisturbed {seconds_to_sound('stop', 'never')[0]:.1f} s")
    for how in sys.argv[1:] or ("stop", "hush"):
        for moment in MOMENTS:
            took, restarts = seconds_to_sound(how, moment)
            print(f"{how:5} {moment:13} {took:5.1f} s, {restarts} new", flush=True)


if __name__ == "__main__":
    main()
