"""What an engine on another machine may send as sound, over the real ssh: what leaves through a
file, and what is kept, holds the limits that are promised (docs/reliability.md), by meters of
others."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from support.loopback import NAME, loopback
from support.rises import peak, rises
from support.waiting import session_end

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE, Frames, frames_of
from engine.link.ssh import FarEngine, Host, connect, control_folder
from engine.plan.request import Request
from engine.playback.sinks.file import FileSink
from engine.session.library.library import Library
from engine.session.preparation import prepare

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "tests/support/hostile_engine.py"
REQUEST = Request(
    start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=1, temperature=0, seed=7
)
DBTP, MARGIN = -1.0, 0.1
"""The limiter goes by a meter of its own; libebur128 reads up to 0.08 dB more."""
RISES = 2.05, 5.05
"""LU, short-term and momentary, and what libebur128 asked ten times a second may see beside it."""
MOST_CONSTANT = 0.02
NOT_TO_BE = ("constant", "no numbers", "infinite")
"""FLAC makes something that stands still of what is no number, Opus silence."""
BEGINS = 30.0
MINUTE = 85.0
"""Silence from 20 s on."""


def far(what: str, begins: float, codec: str) -> FarEngine:
    words = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-P", str(ENGINE), what, str(begins)]
    host = msgspec.convert({"address": NAME, "command": shlex.join(words), "codec": codec}, Host)
    folder = control_folder()
    connect(host, folder, asks=False)
    return FarEngine(host, folder)


@pytest.mark.parametrize(
    ("what", "begins", "codec"),
    [
        ("noise", BEGINS, "flac"),
        ("no numbers", BEGINS, "flac"),
        *(
            pytest.param(*one, marks=pytest.mark.long)
            for one in (
                ("clicks", BEGINS, "flac"),
                ("louder", BEGINS, "flac"),
                ("between samples", BEGINS, "flac"),
                ("infinite", BEGINS, "flac"),
                ("constant", BEGINS, "flac"),
                ("noise", MINUTE, "flac"),
                ("between samples", MINUTE, "flac"),
                ("noise", BEGINS, "opus"),
                ("between samples", BEGINS, "opus"),
                ("no numbers", BEGINS, "opus"),
            )
        ),
    ],
)
def test_whatever_another_machine_sends_is_within_the_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, begins: float, codec: str
) -> None:
    """Where a sound can't be, nothing of it is heard, and the session goes on with what it has."""
    monkeypatch.setattr("engine.session.conductor.far_line.FAR_DELAYS", (0.0, 0.1))
    minutes = 2 if begins > 60.0 else 1
    request = msgspec.structs.replace(REQUEST, minutes=minutes)
    place = tmp_path / "heard.wav"
    library = Library(tmp_path / "library")
    with loopback(tmp_path, monkeypatch):
        runner = prepare(
            request,
            library=library,
            sink=FileSink(place),
            log_file=tmp_path / "log",
            far=far(what, begins, codec),
        )
        runner.start()
        session_end(runner)
        failure = runner.status().failure
        runner.close()
    library.close()
    heard = read(place)
    within_the_limits(heard)
    if failure is None:
        assert len(heard) == frames_of(request.seconds)
    else:
        assert "has a constant part of" in failure
        assert what in NOT_TO_BE
    if what not in NOT_TO_BE:
        assert np.abs(heard[frames_of(begins + 1.0) : frames_of(begins + 11.0)]).max() > 0.01
    for clip in (tmp_path / "library").rglob("*.flac"):
        assert np.isfinite(read(clip)).all()
        assert constant_of(read(clip)) <= MOST_CONSTANT


def read(path: Path) -> Frames:
    return np.asarray(soundfile.read(path, dtype="float32", always_2d=True)[0])


def constant_of(audio: Frames) -> float:
    """The largest mean of a second, of either channel."""
    seconds = len(audio) // SAMPLE_RATE
    means = audio[: seconds * SAMPLE_RATE].reshape(seconds, SAMPLE_RATE, 2).mean(axis=1)
    return float(np.abs(means).max(initial=0.0))


def within_the_limits(heard: Frames) -> None:
    assert np.isfinite(heard).all()
    assert peak(heard) <= DBTP + MARGIN
    short_term, momentary = rises(heard)
    assert short_term <= RISES[0]
    assert momentary <= RISES[1]
    assert constant_of(heard) <= MOST_CONSTANT
    print(
        f"{peak(heard):.2f} dBTP, {short_term:.2f} and {momentary:.2f} LU, {constant_of(heard):.4f}"
    )
