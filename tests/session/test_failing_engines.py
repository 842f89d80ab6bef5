"""Engines that fall silent or give clips that were not asked for, in whole sessions: started anew,
said, and not heard."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile
from support.card import Card
from support.failing_engine import LIES, MOMENTS
from support.waiting import session_end, wait_for_session

from engine.affect.circumplex import Affect
from engine.audio.format import Frames
from engine.composers import base
from engine.link import client as client_module
from engine.link import watchdog
from engine.plan.request import Request
from engine.playback.sinks.file import FileSink
from engine.session.library.library import Library
from engine.session.preparation import prepare
from engine.session.runner import SessionRunner

REQUEST = Request(start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=1, temperature=0)
FAILING = str(Path(__file__).parents[1] / "support" / "failing_engine.py")
FAST = 16.0
"""How much faster than ours a sound card's time runs that waits for the composer."""
Play = Callable[..., SessionRunner]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a test can wait for."""
    monkeypatch.setattr(client_module, "LOOK_SECONDS", 0.1)
    figures = {"COUNTED": 0.2, "PING": 0.3, "SILENT": 2.0, "STUCK": 10.0}
    for name, figure in figures.items():
        monkeypatch.setattr(watchdog, f"{name}_SECONDS", figure)


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    library = Library(tmp_path / "library")
    made: list[SessionRunner] = []

    def start(how: str, moment: str = "", **wanted: object) -> SessionRunner:
        folder = tmp_path / "engine"
        folder.mkdir(exist_ok=True)
        request = wanted.pop("request", REQUEST)
        one = prepare(
            request,  # type: ignore[arg-type]
            library=library,
            log_file=tmp_path / "log",
            engine_argv=[sys.executable, "-P", FAILING, str(folder), how, moment],
            **wanted,  # type: ignore[arg-type]
        )
        made.append(one)
        one.start()
        return one

    yield start
    for one in made:
        one.close()
    library.close()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Frames:
    """What is heard with an engine that does not fail."""
    folder = tmp_path_factory.mktemp("expected")
    library = Library(folder / "library")
    argv = [sys.executable, "-P", FAILING, str(folder), "stop", "never"]
    sink = FileSink(folder / "out.wav")
    runner = prepare(REQUEST, library=library, sink=sink, log_file=folder / "log", engine_argv=argv)
    runner.start()
    session_end(runner)
    runner.close()
    library.close()
    return heard(folder / "out.wav")


def heard(path: Path) -> Frames:
    return np.asarray(soundfile.read(path, dtype="float32")[0])


def said(runner: SessionRunner) -> list[str]:
    return [notice.text for notice in runner.take_notices()]


def assert_not_heard(runner: SessionRunner, path: Path, expected: Frames) -> str:
    """The session came to its end with one new engine and the same samples; the sentence."""
    session_end(runner)
    assert runner.status().failure is None
    assert runner.status().restarts == 1
    runner.close()
    np.testing.assert_array_equal(heard(path), expected)
    (text,) = (text for text in said(runner) if "a new one is being started" in text)
    return text


USUAL = [("stop", "start"), ("hush", "part")]
REST = [(how, moment) for how in ("stop", "hush") for moment in MOMENTS]


@pytest.mark.parametrize(
    ("how", "moment"),
    [*USUAL]
    + [pytest.param(*one, marks=pytest.mark.long) for one in REST if one not in USUAL]
    + [("stuck", "part"), pytest.param("deaf", "part", marks=pytest.mark.long)],
)
def test_an_engine_that_falls_silent_is_started_anew_and_not_heard(
    play: Play, tmp_path: Path, expected: Frames, how: str, moment: str
) -> None:
    out = tmp_path / "out.wav"
    text = assert_not_heard(play(how, moment, sink=FileSink(out)), out, expected)
    assert text.startswith("The composer stopped (The engine has ")


def test_what_is_composed_plays_on_while_an_engine_is_silent(play: Play) -> None:
    card = Card(0.0)
    runner = play("stop", "never", sink=card)
    wait_for_session(runner, lambda: runner.status().clips[0].phase == "ready")
    (engine,) = psutil.Process().children()
    os.kill(engine.pid, signal.SIGSTOP)
    card.waits_for = runner
    card.rate = 1.0
    at = runner.status().playback.heard
    wait_for_session(runner, lambda: runner.status().restarts == 1)
    assert runner.status().playback.heard > at
    assert not runner.status().playback.waiting
    card.rate = FAST
    session_end(runner)
    assert runner.status().failure is None


ALWAYS = ("one frame", "level no number")
"""The others differ in what ``tests/link/test_clip_check.py`` shows."""


@pytest.mark.parametrize(
    "lie",
    [pytest.param(lie, marks=() if lie in ALWAYS else pytest.mark.long) for lie in sorted(LIES)],
)
def test_a_clip_that_was_not_asked_for_is_asked_for_again_and_not_heard(
    play: Play, tmp_path: Path, expected: Frames, lie: str
) -> None:
    out = tmp_path / "out.wav"
    text = assert_not_heard(play(lie, "", sink=FileSink(out)), out, expected)
    assert text.startswith("The composer reported a failure (Clip 1 is not what was asked for: ")


def test_who_gives_nothing_but_wrong_clips_is_taken_over_from(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(base._COMPOSERS, "tones", base._COMPOSERS["embedded"])
    monkeypatch.setattr("engine.session.conductor.conductor.RESTART_DELAYS", (0.0,) * 5)
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "fail").write_text("3")
    request = Request(
        start=Affect(0, 0.5), target=Affect(0, -0.5), minutes=1, composer="tones", temperature=0
    )
    card = Card(0.0)
    runner = play("one frame", sink=card, request=request)
    card.waits_for, card.rate = runner, FAST
    session_end(runner)
    texts = said(runner)
    assert any("The embedded composer takes over from tones (Clip 1 is not" in t for t in texts)
    assert runner.status().failure is None


def test_an_engine_that_is_silent_does_not_hold_up_the_end(play: Play) -> None:
    runner = play("stop", "part", sink=Card(1.0))
    wait_for_session(runner, lambda: runner.status().playback.heard > 0.2)
    engines = psutil.Process().children()
    runner.stop()
    session_end(runner)
    runner.close()
    assert not any(engine.is_running() for engine in engines)
