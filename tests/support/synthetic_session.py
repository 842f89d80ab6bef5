"""Plays a synthetic session to a sound device: a process of its own for the sound tests.

    synthetic_session.py DEVICE virtual|real SECONDS START FOLDER [LATENCY]

DEVICE is PortAudio's name of one, or 'miniaudio' for miniaudio's default device.

The clips are noises without anything in common, so that every join is audible; one is revised.
Prints 'playing', then where it is and what is said of the device, then the final state. Leaves in
FOLDER ``expected.npy``: the same session's joiner read straight to an array.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from engine.audio.format import Frames, frames_of, quantise24
from engine.composers.base import Marks
from engine.plan.clock import clip_count, clip_end, clip_start
from engine.plan.spec import ClipKey
from engine.playback.clips import ClipStore
from engine.playback.joiner import Joiner
from engine.playback.playback import Playback
from engine.playback.sinks.base import Sink
from engine.playback.sinks.miniaudio import MiniaudioSink
from engine.playback.sinks.sounddevice import SoundDeviceSink

SPLICE = 27.33
"""In the second clip, or in the first where there is only one."""


def noise(frames: int, seed: int) -> Frames:
    rng = np.random.default_rng(seed)
    return quantise24((rng.standard_normal((frames, 2)) * 0.05).astype(np.float32))


def schedule(seconds: float) -> list[tuple[ClipKey, int, int, bool]]:
    """Key, start, end (frames) and whether it is a splice, in the order they are placed."""
    spliced = 1 if seconds > 34 else 0
    clips = []
    for index in range(clip_count(seconds)):
        start, end = frames_of(clip_start(index)), frames_of(clip_end(index, seconds))
        clips.append((ClipKey(index, 0), start, end, False))
        if index == spliced and seconds > SPLICE + 10:
            clips.append((ClipKey(index, 1), frames_of(SPLICE), end, True))
    return clips


def store_all(store: ClipStore, seconds: float) -> None:
    for key, start, end, _ in schedule(seconds):
        store.begin(key, start, end - start)
        store.append(key, noise(end - start, 10 * key.index + key.revision))
        store.finish(key)


def expected(store: ClipStore, seconds: float, start: float) -> Frames:
    joiner = Joiner(frames_of(seconds))
    joiner.start_at(frames_of(start))
    for key, _, _, splice in schedule(seconds):
        joiner.place(store.get(key), Marks(), splice=splice)
    blocks = []
    while (block := joiner.read()) is not None:
        blocks.append(block.audio)
    return quantise24(np.concatenate(blocks))


def play(playback: Playback, store: ClipStore, seconds: float) -> None:
    playback.start()
    for key, _, _, splice in schedule(seconds):
        with playback.joiner() as placing:
            placing.place(store.get(key), Marks(), splice=splice)
    print("playing", flush=True)
    while not playback.state().ended:
        for said in playback.take_said():
            print(f"{playback.state().heard:.2f} {said}", flush=True)
        time.sleep(0.02)
    state = playback.state()
    playback.close()
    print(f"gaps {state.gaps} heard {state.heard}", flush=True)


def main() -> None:
    device, mode, seconds, start, folder, *more = sys.argv[1:]
    latency = float(more[0]) if more else 0.5
    store = ClipStore(Path(folder) / "clips")
    store_all(store, float(seconds))
    np.save(Path(folder) / "expected.npy", expected(store, float(seconds), float(start)))
    joiner = Joiner(frames_of(float(seconds)))
    joiner.start_at(frames_of(float(start)))
    sink: Sink = MiniaudioSink(latency=latency)
    if device != "miniaudio":
        sink = SoundDeviceSink(device, latency=latency, realtime=mode == "real")
    play(Playback(joiner, sink), store, float(seconds))


if __name__ == "__main__":
    main()
