"""A sound device that is away and comes back: what looking for it costs, and how soon it sounds.

``python tests/bench/device_returns.py [SECONDS ...]``: by each sink on a private PulseAudio, what
an attempt to open the device costs while the server is away, and for how long after the server
answers again nothing is heard, where it was away for so many seconds (1, 12 and 40 by default); the
same where only its device was taken from it; and what is heard where the player itself is stopped
for 5 s.
Needs the Debian packages of the README's tests.
"""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from sound.conftest import PulseServer, raw_audio, serve_pulse, sounding  # noqa: E402

from engine.audio.format import Frames  # noqa: E402

STOPPED_SECONDS = 5.0
SESSION = str(ROOT / "tests/support/synthetic_session.py")
ATTEMPTS = """
import sys, time
from engine.errors import MusmedError
from engine.playback.sinks.miniaudio import MiniaudioSink
from engine.playback.sinks.sounddevice import SoundDeviceSink

def fill(out):
    out[:] = 0.0
    return len(out)

sink = MiniaudioSink() if sys.argv[1] == "miniaudio" else SoundDeviceSink(sys.argv[1])
sink.start(fill)
print("open", flush=True)
sys.stdin.readline()
costs = []
for _ in range(20):
    wall, cpu = time.monotonic(), time.process_time()
    sink.close()
    try:
        sink.start(fill)
    except MusmedError:
        pass
    else:
        sys.exit("it is there")
    costs.append((time.process_time() - cpu, time.monotonic() - wall))
    time.sleep(0.2)
for name, place in (("processor", 0), ("wall clock", 1)):
    values = sorted(1000 * cost[place] for cost in costs)
    print(f"{name} {values[len(values) // 2]:.1f} ms, at most {values[-1]:.1f}")
"""


def attempts(server: PulseServer, device: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ATTEMPTS, device],
        env=server.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # ALSA says much
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    server.kill()
    time.sleep(0.5)
    out, _ = process.communicate("\n")
    print(f"{device}: an attempt takes {', '.join(out.splitlines())}", flush=True)


def start(server: PulseServer, folder: Path, device: str) -> subprocess.Popen[str]:
    """A player of 14 s of music, once it plays."""
    player = subprocess.Popen(
        [sys.executable, SESSION, device, "real", "14", "0", str(folder)],
        env=server.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # ALSA says much
        text=True,
    )
    assert player.stdout is not None
    assert player.stdout.readline() == "playing\n"
    return player


def back_after(
    server: PulseServer, folder: Path, device: str, away: float, *, pulled: bool
) -> None:
    player = start(server, folder, device)
    try:
        before, after = folder / "before.raw", folder / "after.raw"
        with server.record(before):
            while not sounding(before):
                time.sleep(0.05)
            (server.unplug if pulled else server.kill)()
        time.sleep(away)
        (server.plug if pulled else server.start)()
        back = time.monotonic()
        with server.record(after):
            while not sounding(after):
                time.sleep(0.02)
            took = time.monotonic() - back
    finally:
        player.kill()
        player.wait()
    what = "pulled out" if pulled else "its server dead"
    print(f"{device}: {what} for {away:g} s, heard {took:.2f} s after it was back", flush=True)


def stopped(server: PulseServer, folder: Path, device: str, seconds: float) -> None:
    """The player is stopped and goes on (SIGSTOP, SIGCONT), as a job is, or a machine whose sound
    server runs on."""
    player = start(server, folder, device)
    record = folder / "record.raw"
    try:
        with server.record(record):
            while not sounding(record):
                time.sleep(0.05)
            time.sleep(2.0)
            player.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
            player.send_signal(signal.SIGCONT)
            time.sleep(6.0)
    finally:
        player.kill()
        player.wait()
    heard = raw_audio(record)
    silent = ~heard.any(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], silent.view(np.int8), [0]])))
    begin, end = max(edges.reshape(-1, 2)[1:], key=lambda span: span[1] - span[0])
    again = heard[end:]
    level = [float(np.abs(again[:480]).max()), float(np.abs(again[168_000:192_000]).max())]
    place = after(heard, int(begin), again[168_000:168_480], folder)
    print(
        f"{device}: stopped for {seconds:g} s, silent for {(end - begin) / 48_000:.2f} s; the "
        f"first 10 ms reach {level[0]:.5f}, after 3.5 s {level[1]:.3f}; {place}",
        flush=True,
    )


def after(heard: Frames, end: int, later: Frames, folder: Path) -> str:
    """How the sound 3.5 s after the silence lies to the last before it, in what was to be heard."""
    expected = np.load(folder / "expected.npy")
    last = _place(expected, heard[end - 480 : end]) + 480
    again = _place(expected, later) - 168_000
    return f"{again - last} frames are missing between"


def _place(expected: Frames, part: Frames) -> int:
    places = np.flatnonzero((expected[: -len(part)] == part[0]).all(axis=1))
    return next(int(at) for at in places if np.array_equal(expected[at : at + len(part)], part))


def main() -> int:
    lengths = [float(word) for word in sys.argv[1:]] or [1.0, 12.0, 40.0]
    for device in ("pulse", "miniaudio"):
        with tempfile.TemporaryDirectory() as name, serve_pulse(Path(name)) as server:
            attempts(server, device)
        for pulled, away in itertools.product((False, True), lengths):
            with tempfile.TemporaryDirectory() as name, serve_pulse(Path(name)) as server:
                back_after(server, Path(name), device, away, pulled=pulled)
        with tempfile.TemporaryDirectory() as name, serve_pulse(Path(name)) as server:
            stopped(server, Path(name), device, STOPPED_SECONDS)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
