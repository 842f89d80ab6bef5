"""`musmed play` as a person runs it, through PulseAudio in real time, recorded."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from engine.audio.format import SAMPLE_RATE, frames_of

pytestmark = pytest.mark.real_time
ROOT = Path(__file__).parents[2]
PATIENCE = 30.0

Serve = Callable[[Path], AbstractContextManager[Any]]
Wait = Callable[..., None]


@contextlib.contextmanager
def playing(server: Any, folder: Path, minutes: int) -> Iterator[subprocess.Popen[str]]:
    """``musmed play`` in its own home under ``folder``; ended when the ``with`` is."""
    command = [sys.executable, "-m", "musmed_tui", "play", "--from", "tense", "--to", "calm"]
    command += ["--minutes", str(minutes), "--seed", "5", "--sink", "sounddevice:pulse"]
    process = subprocess.Popen(
        command,
        env=server.env | {"MUSMED_HOME": str(folder / "musmed")},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def engine_of(process: subprocess.Popen[str]) -> psutil.Process | None:
    """The engine process of a player, if one is alive."""
    for child in psutil.Process(process.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if "engine" in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                return child
    return None


@pytest.mark.xdist_group("short")  # with the other short ones beside the two-minute sessions
def test_a_minute_through_pulseaudio_has_no_gap_and_equals_the_rendering(
    pulse_server: Serve, sounds: Any, wait_for: Wait, tmp_path: Path
) -> None:
    record = tmp_path / "record.raw"
    with pulse_server(tmp_path) as server, server.record(record):
        with playing(server, tmp_path, 2) as process:
            wait_for(lambda: sounds.sounding(record))
            time.sleep(62)
            process.send_signal(signal.SIGTERM)
            out, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 128 + signal.SIGTERM, errors
    assert "musmed resume" in out
    rendering = sounds.rendering_of(tmp_path)
    heard = sounds.aligned(sounds.raw(record), rendering)
    assert np.array_equal(heard[: frames_of(60)], rendering[: frames_of(60)])
    fade = heard[frames_of(60) :]
    assert not fade[-SAMPLE_RATE // 2 :].any(), "stopped means silent"
    session = sounds.stored(tmp_path)
    assert 59 <= session.position <= 65


def test_killing_the_engine_is_not_heard(
    pulse_server: Serve, sounds: Any, wait_for: Wait, tmp_path: Path
) -> None:
    record = tmp_path / "record.raw"
    with pulse_server(tmp_path) as server, server.record(record):
        with playing(server, tmp_path, 2) as process:
            clips = tmp_path / "musmed"
            wait_for(lambda: list(clips.rglob("0001-0.flac*")))
            killed = engine_of(process)
            assert killed is not None
            os.kill(killed.pid, signal.SIGKILL)
            wait_for(lambda: (now := engine_of(process)) is not None and now.pid != killed.pid)
            wait_for(lambda: list(clips.rglob("0004-0.flac")))
            again = engine_of(process)
            assert again is not None
            time.sleep(10)
            os.kill(again.pid, signal.SIGKILL)
            out, errors = process.communicate(timeout=150)
        assert process.returncode == 0, errors
    rendering = sounds.rendering_of(tmp_path)
    heard = sounds.aligned(sounds.raw(record), rendering)
    assert np.array_equal(heard[: len(rendering)], rendering)
    assert len(re.findall("a new one is being started", out)) == 2
    assert "The composer is back." in out
    session = sounds.stored(tmp_path)
    assert session.state == "finished"
    assert len(session.clips) == 5
