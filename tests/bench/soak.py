"""A whole session through PulseAudio with every core busy, recorded and compared.

``python tests/bench/soak.py [MINUTES]`` plays ``musmed play`` to a private PulseAudio's null sink
in real time (15 minutes by default) beside one pure-Python hog for each core, records what was
heard, renders the same session, and prints how many frames differ and how often sound stopped.
Needs the Debian packages of the README's tests.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import soundfile  # noqa: E402

from engine.audio.format import SAMPLE_RATE  # noqa: E402
from engine.render import render_session  # noqa: E402
from engine.session.library.library import Library  # noqa: E402

HOG = "import os; os.nice(5)\nwhile True: sum(range(10000))"


def sound_benches() -> ModuleType:
    """The sound tests' own PulseAudio."""
    path = ROOT / "tests" / "audio" / "conftest.py"
    spec = importlib.util.spec_from_file_location("sound_benches", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def play(folder: Path, minutes: float) -> np.ndarray:
    """Play and record; gives the recording, float32 (n, 2)."""
    benches = sound_benches()
    record = folder / "record.raw"
    command = [sys.executable, "-m", "musmed_tui", "play", "--from", "tense", "--to", "calm"]
    command += ["--minutes", str(minutes), "--seed", "7", "--sink", "sounddevice:pulse"]
    with benches.serve_pulse(folder) as server, server.record(record):
        hogs = [subprocess.Popen([sys.executable, "-c", HOG]) for _ in range(os.cpu_count() or 1)]
        try:
            subprocess.run(
                command,
                check=True,
                cwd=ROOT,
                env=server.env | {"MUSMED_HOME": str(folder / "musmed")},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        finally:
            for hog in hogs:
                hog.kill()
                hog.wait()
    return benches.raw_audio(record)


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
        recording = play(Path(name), minutes)
        rendering = render(Path(name))
    first = np.flatnonzero(rendering.any(axis=1))[0]
    heard = np.flatnonzero(recording.any(axis=1))[0]
    body = recording[heard - first :][: len(rendering)]
    different = int((body != rendering[: len(body)]).any(axis=1).sum())
    missing = len(rendering) - len(body)
    print(f"{len(rendering) / SAMPLE_RATE:.0f} s played with {os.cpu_count()} cores busy:")
    print(f"frames that differ from the rendering: {different}; frames missing: {missing}")
    return 0 if different == missing == 0 else 1


if __name__ == "__main__":
    raise SystemExit(main())
