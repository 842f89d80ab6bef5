"""A whole session through PulseAudio with every core busy, recorded and compared.

``python tests/bench/soak.py [MINUTES]`` plays ``musmed play`` to a private PulseAudio's null sink
in real time (15 minutes by default) beside one pure-Python hog for each core, records what was
heard, renders the same session, and prints how often the music stopped, how many frames differ or
are missing, and the memory of player and engine along the way.

``--host`` (60 minutes by default): composed over ssh, by an engine that an sshd on loopback starts.
From the second minute on that engine is killed once in every minute, and in every two the line is
gone for 20 s: cut, or silent, which ssh finds out itself. The moments are drawn by ``--seed``.

Exit code 1 where what was heard is not the rendering. A gap may be the machine's: how long
witnesses waited for a core is printed (``tests/support/starvation.py``).
Needs the Debian packages of the README's tests.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import soundfile  # noqa: E402
from sound.conftest import raw_audio, serve_pulse  # noqa: E402
from support.bad_line import BadLine  # noqa: E402
from support.loopback import NAME, Server, loopback  # noqa: E402
from support.recordings import faults  # noqa: E402
from support.starvation import Witnesses  # noqa: E402
from support.told import Told  # noqa: E402

from engine.audio.format import SAMPLE_RATE, Frames, seconds_of  # noqa: E402
from engine.render import render_session  # noqa: E402
from engine.session.library.library import Library  # noqa: E402

HOG = "import os; os.nice(5)\nwhile True: sum(range(10000))"
MUSMED = [sys.executable, "-P", "-m", "musmed_tui"]
THERE = shlex.join(["env", f"PYTHONPATH={ROOT}", *MUSMED, "engine"])
MEMORY_SECONDS = 10.0


class Memory(NamedTuple):
    """Resident, MiB; ``engines``: how many there were."""

    player: float
    engine: float
    engines: int


class Played(NamedTuple):
    """A session as it was heard, and what was seen of it on the way."""

    recording: Frames
    told: Told
    memory: list[Memory]
    line: BadLine | None
    waited: float
    """The longest that a witness waited for a core, in seconds."""


def memory(player: int, server: Server | None) -> Memory:
    process = psutil.Process(player)
    children = process.children(recursive=True) if server is None else server.engines()
    sizes = []
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            sizes.append(child.memory_info().rss / 2**20)
    return Memory(process.memory_info().rss / 2**20, sum(sizes), len(sizes))


def watch(player: subprocess.Popen[str], server: Server | None) -> list[Memory]:
    """``memory`` again and again until the player has ended."""
    seen = []
    while True:
        try:
            player.wait(timeout=MEMORY_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(psutil.NoSuchProcess):
                seen.append(memory(player.pid, server))
        else:
            return seen


@contextlib.contextmanager
def busy_cores() -> Iterator[None]:
    hogs = [subprocess.Popen([sys.executable, "-c", HOG]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


@contextlib.contextmanager
def far_server(folder: Path) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch, loopback(folder, patch) as server:
        yield server


def play(folder: Path, minutes: float, server: Server | None, seed: int) -> Played:
    """Play and record."""
    record, witnesses, line = folder / "record.raw", Witnesses(), None
    command = [*MUSMED, "play", "--json", "--from", "tense", "--to", "calm"]
    command += ["--minutes", str(minutes), "--seed", "7", "--sink", "sounddevice:pulse"]
    with serve_pulse(folder) as pulse, pulse.record(record), busy_cores(), witnesses:
        env = {**pulse.env, "MUSMED_HOME": str(folder / "musmed")}
        if server is not None:
            add = [*MUSMED, "host", "add", "lab", NAME, "--command", THERE]
            subprocess.run(add, env=env, check=True, stdout=subprocess.DEVNULL)
            command += ["--host", "lab"]
            line = BadLine(server, minutes, seed)
        told, seen = _played(command, env, server, line)
    return Played(raw_audio(record), told, seen, line, witnesses.longest)


def _played(
    command: list[str], env: Mapping[str, str], server: Server | None, line: BadLine | None
) -> tuple[Told, list[Memory]]:
    player = subprocess.Popen(
        command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    assert player.stdout is not None
    told = Told()
    reader = threading.Thread(target=told.read, args=(player.stdout,), daemon=True)
    reader.start()
    with line or contextlib.nullcontext():
        seen = watch(player, server)
    reader.join()
    if player.returncode:
        raise SystemExit(f"musmed ended with exit code {player.returncode}: {told.notices[-3:]}")
    return told, seen


def render(folder: Path) -> Frames:
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


def report(played: Played, rendering: Frames) -> bool:
    """Print what was seen; whether what was heard is the rendering."""
    found = faults(played.recording, rendering)
    stops = [fault for fault in found if fault.put_in]
    print(f"{len(rendering) / SAMPLE_RATE:.0f} s played with {os.cpu_count()} cores busy:")
    print(f"gaps: {len(stops)} in the recording, {played.told.gaps} by the player's count")
    print(
        f"frames that differ from the rendering: {sum(fault.different for fault in found)}; "
        f"frames missing: {sum(fault.missing for fault in found)}"
    )
    for fault in found[:20]:
        print(
            f"  at {fault.at:.2f} s: {seconds_of(fault.put_in):.3f} s put in, "
            f"{fault.different} frames differ, {fault.missing} missing"
        )
    print(f"the longest wait for a core: {played.waited:.2f} s")
    print(f"the longest wait for music: {played.told.longest('composing'):.2f} s")
    if played.line is not None:
        print(played.line.in_words)
        print(played.told.in_words)
    print(f"engines at a time, at most: {max(seen.engines for seen in played.memory)}")
    for quarter in range(5):
        seen = played.memory[min(quarter * len(played.memory) // 4, len(played.memory) - 1)]
        print(
            f"memory after {quarter} quarters: player {seen.player:.0f} MiB, "
            f"engine {seen.engine:.0f} MiB"
        )
    return not found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("minutes", nargs="?", type=float)
    parser.add_argument("--host", action="store_true", help="composed over ssh, on a bad line")
    parser.add_argument("--seed", type=int, default=1, help="of the line's moments")
    asked = parser.parse_args()
    minutes = asked.minutes or (60.0 if asked.host else 15.0)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        server = stack.enter_context(far_server(folder)) if asked.host else None
        played = play(folder, minutes, server, asked.seed)
        if server is not None:
            print(f"left over there: {len(server.engines())} engines")
        return 0 if report(played, render(folder)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
