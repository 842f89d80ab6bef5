"""Plays a whole session to a PortAudio device in virtual time, under a hasty listener's hands.

    live_session.py DEVICE MINUTES SEED TEMPERATURE DEEDS FOLDER [ENGINE]

``DEEDS`` random steers, eases and skips are spread over the session; the device's time stands still
until one that is due is done. A steer after a steer is due once all before it is heard: of targets
moved in haste the last one counts, and how many those were would be the machine's affair.
``ENGINE``: the engine's program, where it is not musmed's own.
Leaves in FOLDER ``request.json``, ``events.json`` (as the library kept them) and ``state.txt``.
"""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.feelings import parse_affect
from engine.audio.format import SAMPLE_RATE
from engine.plan.request import Request
from engine.session.library.library import Library
from engine.session.preparation import prepare
from engine.session.runner import SessionRunner
from tests.support.card import HeldSink

MARGIN = 15.0
"""Seconds at both ends without deeds."""


def act(runner: SessionRunner, deed: str, dice: random.Random) -> None:
    if deed == "steer":
        runner.steer(Affect(dice.uniform(-0.9, 0.9), dice.uniform(-0.9, 0.9)))
    elif deed == "ease":
        runner.ease()
    else:
        runner.skip()


def main(arguments: list[str]) -> None:
    device, minutes, seed, temperature, deeds, folder, *engine = arguments
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
    sink = HeldSink(device, realtime=False)
    runner = prepare(
        request,
        library=library,
        sink=sink,
        log_file=place / "engine.log",
        engine_argv=[sys.executable, "-P", *engine] if engine else None,
    )
    dice = random.Random(int(seed))
    total = request.seconds
    times = sorted(dice.uniform(MARGIN, total - MARGIN) for _ in range(int(deeds)))
    kinds = dice.choices(["steer", "steer", "ease", "skip"], k=len(times))
    done = 0
    sink.until = times[0] if times else math.inf
    runner.start()
    while not runner.wait(0.005):
        if done == len(times) or runner.playback.state().written / SAMPLE_RATE < times[done]:
            continue
        twice = done > 0 and kinds[done] == kinds[done - 1] == "steer"
        if twice and len(runner.status().events) < done:
            continue
        act(runner, kinds[done], dice)
        done += 1
        sink.until = times[done] if done < len(times) else math.inf
    runner.close()
    stored = library.load(runner.session)
    status = runner.status()
    (place / "request.json").write_bytes(msgspec.json.encode(request))
    (place / "events.json").write_bytes(msgspec.json.encode(stored.events))
    state = f"{stored.state} gaps={status.playback.gaps} restarts={status.restarts}"
    (place / "state.txt").write_text(state)
    library.close()


if __name__ == "__main__":
    main(sys.argv[1:])
