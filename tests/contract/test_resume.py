"""A player killed in the middle of a session loses nothing: ``musmed resume`` goes on."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from engine.audio.format import SAMPLE_RATE, Frames, frames_of
from engine.plan.request import Request
from engine.render import render_session
from engine.session.library.library import Library
from engine.session.library.records import StoredSession

ROOT = Path(__file__).parents[2]
RAMP = frames_of(0.1)


def musmed(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "musmed_tui", *arguments],
        env=os.environ | {"MUSMED_HOME": str(home), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def kept(home: Path) -> StoredSession:
    library = Library(home / "data" / "library")
    session = library.load(library.sessions()[0].id)
    library.close()
    return session


def play_and_kill(home: Path, seconds: float) -> None:
    """Play on the null sink and kill player and engine without a word."""
    process = musmed(home, "play", "--from", "tired", "--to", "calm", "--minutes", "2", *QUIET)
    try:
        deadline = time.monotonic() + 30
        while not list(home.rglob("*.flac*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(seconds)
        engines = psutil.Process(process.pid).children()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    # An engine whose player is gone ends by itself.
    _, alive = psutil.wait_procs(engines, timeout=10)
    assert not alive


QUIET = ("--seed", "3", "--sink", "null")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Request], Frames]:
    """What ``musmed render`` makes of a request; once for each."""

    @functools.cache
    def render(request: Request) -> Frames:
        folder = tmp_path_factory.mktemp("whole")
        render_session(
            request,
            folder / "whole.wav",
            progress=lambda _done, _total: None,
            log_file=folder / "log",
        )
        return np.asarray(soundfile.read(folder / "whole.wav", dtype="float32")[0])

    return render


@pytest.mark.parametrize("seconds", [0.0, 0.4, 4.0])
def test_a_killed_session_goes_on_where_it_stopped(
    tmp_path: Path, rendered: Callable[[Request], Frames], seconds: float
) -> None:
    home, rest = tmp_path / "home", tmp_path / "rest.wav"
    play_and_kill(home, seconds)
    session = kept(home)
    resumed = musmed(home, "resume", "--sink", f"file:{rest}")
    out, _ = resumed.communicate(timeout=60)
    assert resumed.returncode == 0, out.decode()
    assert kept(home).state == "finished"
    again, _ = soundfile.read(rest, dtype="float32")
    expected = rendered(session.request)
    start = len(expected) - len(again)
    assert 0 <= start <= frames_of(session.position) + SAMPLE_RATE
    assert start >= frames_of(session.position) - SAMPLE_RATE
    ramp = RAMP if start else 0
    assert np.array_equal(again[ramp:], expected[start + ramp :])
