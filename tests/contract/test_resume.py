"""A player killed in the middle of a session loses nothing: ``musmed resume`` goes on."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile
from support.waiting import bytes_under, cpu_seconds, end_of, wait_for

from engine.audio.format import SAMPLE_RATE, Frames, frames_of
from engine.plan.request import Request
from engine.render import render_session
from engine.session.library.library import Library
from engine.session.library.records import StoredSession

ROOT = Path(__file__).parents[2]
RAMP = frames_of(0.1)
QUIET = ("--seed", "3", "--sink", "null")
REAL = ("-m", "musmed_tui")
QUICK = (str(ROOT / "tests/support/quick_musmed.py"),)
"""musmed with the quick engine: what is kept and gone on with is kept whatever the music is."""


def musmed(program: tuple[str, ...], home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
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


def begun(home: Path) -> bool:
    return bool(list(home.rglob("*.flac*")))


def in_the_second_clip(home: Path) -> bool:
    return bool(list(home.rglob("0001-0.flac*")))


def heard_for_a_while(home: Path) -> bool:
    return begun(home) and kept(home).position > 3


def play_and_kill(program: tuple[str, ...], home: Path, when: Callable[[Path], bool]) -> None:
    """Play on the null sink and kill player and engine without a word."""
    arguments = ("play", "--from", "tired", "--to", "calm", "--minutes", "1", *QUIET)
    process = musmed(program, home, *arguments)
    try:
        wait_for(
            lambda: when(home),
            moves=lambda: (bytes_under(home), cpu_seconds(process.pid)),
            alive=lambda: process.poll() is None,
            what=when.__name__,
            look_every=0.01,
        )
        engines = psutil.Process(process.pid).children()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    wait_for(
        lambda: not psutil.wait_procs(engines, timeout=0.1)[1],
        moves=lambda: cpu_seconds(*(engine.pid for engine in engines)),
        what="an engine whose player is gone to end by itself",
    )


@pytest.fixture(scope="module")
def rendered(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Request, tuple[str, ...]], Frames]:
    """What ``musmed render`` makes of a request; once for each."""

    @functools.cache
    def render(request: Request, program: tuple[str, ...]) -> Frames:
        folder = tmp_path_factory.mktemp("whole")
        with pytest.MonkeyPatch.context() as patch:
            if program == QUICK:
                argv = [sys.executable, "-P", str(ROOT / "tests/support/quick_engine.py")]
                patch.setattr("engine.link.client.default_argv", lambda: argv)
            render_session(
                request,
                folder / "whole.wav",
                progress=lambda _done, _total: None,
                log_file=folder / "log",
            )
        return np.asarray(soundfile.read(folder / "whole.wav", dtype="float32")[0])

    return render


@pytest.mark.parametrize(
    ("program", "when"),
    [
        pytest.param(QUICK, begun, marks=pytest.mark.long),
        pytest.param(REAL, in_the_second_clip, marks=pytest.mark.long),
        (QUICK, heard_for_a_while),
    ],
    ids=["begun", "in-the-second-clip", "heard-for-a-while"],
)
def test_a_killed_session_goes_on_where_it_stopped(
    tmp_path: Path,
    rendered: Callable[[Request, tuple[str, ...]], Frames],
    program: tuple[str, ...],
    when: Callable[[Path], bool],
) -> None:
    home, rest = tmp_path / "home", tmp_path / "rest.wav"
    play_and_kill(program, home, when)
    session = kept(home)
    resumed = musmed(program, home, "resume", "--sink", f"file:{rest}")
    out, _ = end_of(resumed)
    assert resumed.returncode == 0, out.decode()
    assert kept(home).state == "finished"
    again, _ = soundfile.read(rest, dtype="float32")
    expected = rendered(session.request, program)
    start = len(expected) - len(again)
    assert 0 <= start <= frames_of(session.position) + SAMPLE_RATE
    assert start >= frames_of(session.position) - SAMPLE_RATE
    ramp = RAMP if start else 0
    assert np.array_equal(again[ramp:], expected[start + ramp :])
