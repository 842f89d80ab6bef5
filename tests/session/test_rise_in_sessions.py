"""A clip that is defective, in real sessions: played, steered, gone on with, made again, saved."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from support.card import Card
from support.faulty_engine import LOUD, SILENT
from support.rises import rises
from support.waiting import session_end, wait_for_session

from engine.affect.circumplex import Affect
from engine.audio.format import BLOCK_FRAMES, Frames, frames_of
from engine.plan.request import Request
from engine.playback.joins import SEEK_FADE
from engine.playback.sinks.base import Sink
from engine.playback.sinks.file import FileSink
from engine.session.library.library import Library
from engine.session.preparation import prepare
from engine.session.runner import SessionRunner

ENGINE = Path(__file__).parents[1] / "support" / "faulty_engine.py"
REQUEST = Request(start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=1, seed=5)
FAST = 8.0

Play = Callable[..., SessionRunner]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "library")
    yield opened
    opened.close()


@pytest.fixture
def play(library: Library, tmp_path: Path) -> Iterator[Play]:
    made: list[SessionRunner] = []

    def start(sink: Sink, **more: object) -> SessionRunner:
        one = prepare(
            REQUEST,
            library=library,
            sink=sink,
            log_file=tmp_path / "engine.log",
            engine_argv=[sys.executable, str(ENGINE)],
            **more,  # type: ignore[arg-type]
        )
        made.append(one)
        one.start()
        return one

    yield start
    for one in made:
        one.close()


def to_file(play: Play, output: Path, **more: object) -> tuple[Frames, str]:
    runner = play(FileSink(output), **more)
    session_end(runner)
    assert runner.status().failure is None
    runner.close()
    audio, _ = soundfile.read(output, dtype="float32")
    return np.asarray(audio), runner.session


def test_full_scale_after_silence_is_held_in_a_file_and_gone_on_with(
    play: Play, library: Library, tmp_path: Path
) -> None:
    """From nothing to -2.5 dBFS at once, as it came."""
    whole, session = to_file(play, tmp_path / "whole.wav")
    assert len(whole) == frames_of(REQUEST.seconds)
    assert not whole[frames_of(SILENT[0] + 0.1) : frames_of(SILENT[1])].any()
    onset = whole[frames_of(LOUD[0]) :][:480]
    assert 0.0 < np.abs(onset).max() < 0.05
    short_term, momentary = rises(whole)
    assert short_term <= 2.05
    assert momentary <= 5.05
    stored = msgspec.structs.replace(library.load(session), position=37.0)
    rest, _ = to_file(play, tmp_path / "rest.wav", resume=stored)
    begin = frames_of(37.0) + SEEK_FADE
    np.testing.assert_array_equal(rest[SEEK_FADE:], whole[begin:])


def test_what_is_heard_of_a_steered_one_is_what_is_made_of_it_again(
    play: Play, library: Library, tmp_path: Path
) -> None:
    card = Card()
    runner = play(card)
    card.waits_for = runner
    card.rate = FAST
    wait_for_session(runner, lambda: runner.status().playback.heard > 36.0)
    with card.standing():
        runner.steer(Affect(0.7, 0.4), "glad")
        wait_for_session(runner, lambda: len(runner.status().events) == 1)
    wait_for_session(runner, lambda: runner.status().playback.heard > 55.0)
    runner.stop()
    runner.close()
    live = np.concatenate(card.given)
    sounding = np.flatnonzero(live.any(axis=1))
    live = live[sounding[0] : sounding[-1] - frames_of(0.6)]
    assert len(live) > frames_of(50.0)
    stored = library.load(runner.session)
    assert frames_of(36.0) < frames_of(stored.events[0].at) < frames_of(LOUD[1])
    again, _ = to_file(play, tmp_path / "again.wav", script=stored.events)
    first = np.flatnonzero(again.any(axis=1))[0]
    np.testing.assert_array_equal(live, again[first:][: len(live)])
    assert rises(live[: len(live) // BLOCK_FRAMES * BLOCK_FRAMES])[1] <= 5.5
