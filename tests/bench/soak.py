"""A whole session through PulseAudio with every core busy, recorded and compared.

``python tests/bench/soak.py [MINUTES]`` plays ``musmed play`` to a private PulseAudio's null sink
in real time (15 minutes by default) beside one pure-Python hog for each core, records what was
heard, renders the same session, and prints how many frames differ, how many are missing, and the
memory of player and engine along the way.
Needs the Debian packages of the README's tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import soundfile  # noqa: E402
from sound.conftest import raw_audio, serve_pulse  # noqa: E402

from engine.audio.format import SAMPLE_RATE, Frames  # noqa: E402
from engine.render import render_session  # noqa: E402
from engine.session.library.library import Library  # noqa: E402

HOG = "import os; os.nice(5)\nwhile True: sum(range(10000))"


def memory(player: int) -> tuple[float, float]:
    """Resident memory of the player and of its engine, MiB."""
    process = psutil.Process(player)
    engines = sum(child.memory_info().rss for child in process.children(recursive=True))
    return process.memory_info().rss / 2**20, engines / 2**20


def watch(player: subprocess.Popen[bytes]) -> list[tuple[float, float]]:
    """``memory`` every ten seconds until the player has ended."""
    seen = []
    while True:
        try:
            player.wait(timeout=10)
        except subprocess.TimeoutExpired:
            seen.append(memory(player.pid))
        else:
            return seen


def play(folder: Path, minutes: float) -> tuple[Frames, list[tuple[float, float]]]:
    """Play and record; gives the recording, float32 (n, 2), and the memory (``watch``)."""
    record = folder / "record.raw"
    command = [sys.executable, "-m", "musmed_tui", "play", "--from", "tense", "--to", "calm"]
    command += ["--minutes", str(minutes), "--seed", "7", "--sink", "sounddevice:pulse"]
    with serve_pulse(folder) as server, server.record(record):
        hogs = [subprocess.Popen([sys.executable, "-c", HOG]) for _ in range(os.cpu_count() or 1)]
        try:
            player = subprocess.Popen(
                command,
                cwd=ROOT,
                env=server.env | {"MUSMED_HOME": str(folder / "musmed")},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
            seen = watch(player)
            if player.returncode:
                raise SystemExit(f"musmed ended with exit code {player.returncode}")
        finally:
            for hog in hogs:
                hog.kill()
                hog.wait()
    return raw_audio(record), seen


def render(folder: Path) -> np.ndarray:
    """The same session as a file; gives its audio."""
    library = Library(folder / "musmed" / "data" / "library")
    stored = library.load(library.sessions()[0].id)
    library.close()
    output = folder / "render.flac"
    render_session(
        stored.request,
        output,
        progress=lambda _done, _total: None,
        log_file=folder / "render.log",
    )
    audio, _ = soundfile.read(output, dtype="float32")
    return np.asarray(audio)


def main() -> int:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 15.0
    with tempfile.TemporaryDirectory() as name:
        recording, seen = play(Path(name), minutes)
        rendering = render(Path(name))
    first = np.flatnonzero(rendering.any(axis=1))[0]
    heard = np.flatnonzero(recording.any(axis=1))[0]
    body = recording[heard - first :][: len(rendering)]
    different = int((body != rendering[: len(body)]).any(axis=1).sum())
    missing = len(rendering) - len(body)
    print(f"{len(rendering) / SAMPLE_RATE:.0f} s played with {os.cpu_count()} cores busy:")
    print(f"frames that differ from the rendering: {different}; frames missing: {missing}")
    for quarter in range(5):
        front, engine = seen[min(quarter * len(seen) // 4, len(seen) - 1)]
        print(f"memory after {quarter} quarters: player {front:.0f} MiB, engine {engine:.0f} MiB")
    return 0 if different == missing == 0 else 1


if __name__ == "__main__":
    raise SystemExit(main())
