"""Plays a whole session to a PortAudio device in virtual time, under a hasty listener's hands.

    live_session.py DEVICE MINUTES SEED TEMPERATURE DEEDS FOLDER

``DEEDS`` random steers, eases and skips are spread over the session. Leaves in FOLDER
``request.json``, ``events.json`` (as the library kept them) and ``state.txt``.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.feelings import parse_affect
from engine.audio.format import SAMPLE_RATE
from engine.plan.request import Request
from engine.playback.sinks.sounddevice import SoundDeviceSink
from engine.session.library.library import Library
from engine.session.preparation import prepare
from engine.session.runner import SessionRunner

MARGIN = 15.0
"""Seconds at both ends without deeds."""


def act(runner: SessionRunner, dice: random.Random) -> None:
    deed = dice.choice(["steer", "steer", "ease", "skip"])
    if deed == "steer":
        runner.steer(Affect(dice.uniform(-0.9, 0.9), dice.uniform(-0.9, 0.9)))
    elif deed == "ease":
        runner.ease()
    else:
        runner.skip()


def main(arguments: list[str]) -> None:
    device, minutes, seed, temperature, deeds, folder = arguments
    start, target = parse_affect("tense")[0], parse_affect("calm")[0]
    request = Request(
        start=start,
        target=target,
        start_word="tense",
        target_word="calm",
        minutes=float(minutes),
        seed=int(seed),
        temperature=float(temperature),
    )
    place = Path(folder)
    library = Library(place / "library")
    sink = SoundDeviceSink(device, realtime=False)
    runner = prepare(request, library=library, sink=sink, log_file=place / "engine.log")
    dice = random.Random(int(seed))
    total = request.seconds
    times = sorted(dice.uniform(MARGIN, total - MARGIN) for _ in range(int(deeds)))
    runner.start()
    while not runner.wait(0.005):
        if times and runner.playback.state().written / SAMPLE_RATE >= times[0]:
            times.pop(0)
            act(runner, dice)
    runner.close()
    stored = library.load(runner.session)
    status = runner.status()
    (place / "request.json").write_bytes(msgspec.json.encode(request))
    (place / "events.json").write_bytes(msgspec.json.encode(stored.events))
    state = f"{stored.state} gaps={status.playback.gaps} restarts={status.restarts}"
    (place / "state.txt").write_text(state)
    library.close()


if __name__ == "__main__":
    began = time.monotonic()
    main(sys.argv[1:])
    print(f"took {time.monotonic() - began:.1f} s")
