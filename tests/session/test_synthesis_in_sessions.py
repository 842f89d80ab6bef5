"""Engines that die while a soundfont sounds the notes: what is heard is what is kept, and what is
made again. With the quick engine, whose sound tells one synthesis from another, and with musmed's
own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile
from support.card import Card
from support.required import lacking
from support.tiny_soundfont import tiny_soundfont
from support.waiting import session_end, wait_for_session

from engine.affect.circumplex import Affect
from engine.audio.format import Frames, frames_of
from engine.clip_record import ClipRecord, Stage
from engine.composers.base import EMBEDDED
from engine.composers.options import ComposerOptions
from engine.composers.score.sound.fluid import library_version
from engine.composers.score.sound.soundfont import choose
from engine.composers.synthesis import Synthesis
from engine.plan.request import Request
from engine.plan.spec import ClipKey
from engine.playback.handover import HANDOVER_FADE
from engine.playback.sinks.base import Sink
from engine.playback.sinks.file import FileSink
from engine.render import render_kept
from engine.session.library.library import Library
from engine.session.library.records import StoredSession
from engine.session.preparation import prepare
from engine.session.runner import SessionRunner

FAILING = str(Path(__file__).parents[1] / "support" / "failing_engine.py")
REQUEST = Request(
    start=Affect(-0.04, 0.8),
    target=Affect(0.6, -0.5),
    minutes=1,
    seed=5,
    temperature=0,
    instrument="piano",
    genre="classical",
)
FIRST = ClipKey(0, 0)
OWN = choose(Synthesis()).identity
FAST = 16.0
AHEAD = frames_of(1.0)
"""More than what is on its way from the joiner to the ring."""
LATE = "part@20"
"""Well into the first clip."""

pytestmark = pytest.mark.usefixtures("held_engines")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.session.conductor.conductor.RESTART_DELAYS", (0.0,) * 5)


@pytest.fixture
def font(tmp_path: Path) -> Path:
    if library_version() is None:
        lacking("needs: apt install fluidsynth")
    path = tmp_path / "Tiny.sf2"
    path.write_bytes(tiny_soundfont([(0, 0)]))
    return path


@pytest.fixture
def options(font: Path) -> ComposerOptions:
    return ComposerOptions(synthesis=Synthesis("fluidsynth", str(font)))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "library")
    yield opened
    opened.close()


Play = Callable[..., SessionRunner]


class Patient(Card):
    """A card that stands still until it is played to its end, and then never asks for what is not
    written yet: a machine that is busy makes no gaps."""

    def __init__(self) -> None:
        super().__init__(0.0)

    def _stands(self) -> bool:
        if super()._stands() or self.waits_for is None:
            return True
        state = self.waits_for.playback.state()
        whole = frames_of(self.waits_for.status().plan.total)
        return bool(state.written < whole and state.written - frames_of(state.heard) < AHEAD)


@pytest.fixture(params=["quick", pytest.param("whole", marks=pytest.mark.long)])
def whose(request: pytest.FixtureRequest) -> list[str]:
    """Whose engine it is, in ``failing_engine.py``'s words."""
    return ["whole"] if request.param == "whole" else []


@pytest.fixture
def play(
    library: Library, tmp_path: Path, options: ComposerOptions, whose: list[str]
) -> Iterator[Play]:
    made: list[SessionRunner] = []
    (tmp_path / "engine").mkdir()

    def start(sink: Sink, how: str, moment: str, times: int) -> SessionRunner:
        (tmp_path / "engine" / "fail").write_text(str(times))
        failing = [sys.executable, "-P", FAILING, str(tmp_path / "engine")]
        one = prepare(
            REQUEST,
            library=library,
            sink=sink,
            options=options,
            log_file=tmp_path / "log",
            engine_argv=[*failing, how, moment, *whose],
        )
        made.append(one)
        one.start()
        return one

    yield start
    for one in made:
        one.close()


@pytest.fixture
def made_again(
    tmp_path: Path, options: ComposerOptions, whose: list[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[StoredSession], Frames]:
    """What ``musmed render --session`` makes of it, with an engine that does not fail."""

    def make(stored: StoredSession) -> Frames:
        (tmp_path / "engine" / "fail").write_text("0")
        argv = [sys.executable, "-P", FAILING, str(tmp_path / "engine"), "die", "start", *whose]
        monkeypatch.setattr("engine.link.client.default_argv", lambda: argv)
        result = render_kept(
            stored,
            tmp_path / "again.wav",
            options=options,
            progress=lambda _done, _total: None,
            log_file=tmp_path / "log",
        )
        assert not [n for n in result.notices if "takes over" in n.text]
        return sound(result.path)

    return make


def sound(path: Path) -> Frames:
    return np.asarray(soundfile.read(path, dtype="float32")[0])


def said(runner: SessionRunner) -> list[str]:
    return [notice.text for notice in runner.take_notices()]


def record_of(library: Library, session: str, key: ClipKey = FIRST) -> ClipRecord:
    record = library.load(session).clips[key].record
    assert record is not None
    return record


def played_out(runner: SessionRunner, card: Patient) -> None:
    """From a take-over on, to the session's end; no clip is late."""
    wait_for_session(runner, lambda: runner.status().clips[0].phase == "ready")
    card.waits_for = runner
    card.rate = FAST
    session_end(runner)
    assert runner.status().failure is None
    assert runner.status().playback.gaps == 0
    runner.close()


def assert_heard_is_kept(card: Patient, whole: Frames) -> None:
    """From the first sample that sounds to the last."""
    live = np.concatenate(card.given)
    first, last = (np.flatnonzero(audio.any(axis=1))[[0, -1]] for audio in (live, whole))
    np.testing.assert_array_equal(live[slice(*first)], whole[slice(*last)])


def kept_sound(library: Library, session: str) -> Frames:
    return sound(library.clip_folder(session) / "0000-0.flac")


def test_two_deaths_in_one_clip_are_not_heard(
    play: Play,
    library: Library,
    made_again: Callable[[StoredSession], Frames],
    tmp_path: Path,
) -> None:
    runner = play(FileSink(tmp_path / "out.wav"), "die", "part", 2)
    session_end(runner)
    assert runner.status().failure is None
    assert runner.status().restarts == 2
    runner.close()
    assert not [text for text in said(runner) if "built-in" in text and "lacks" not in text]
    stored = library.load(runner.session)
    sounded = {record.synthesis for record in stored.records.values() if record}
    assert {name[-8:] for name in sounded} == {"Tiny.sf2"}
    np.testing.assert_array_equal(sound(tmp_path / "out.wav"), made_again(stored))


def test_the_third_death_in_one_clip_is_a_take_over_that_is_kept(
    play: Play, library: Library, made_again: Callable[[StoredSession], Frames]
) -> None:
    card = Patient()
    runner = play(card, "die", LATE, 3)
    played_out(runner, card)
    texts = [text for text in said(runner) if "takes over" in text]
    assert len(texts) == 1
    assert texts[0].startswith("The built-in synthesis takes over from the soundfont Tiny.sf2 (")
    record = record_of(library, runner.session)
    first, second = record.stages
    assert (first.composer, first.synthesis[-8:]) == (EMBEDDED, "Tiny.sf2")
    assert second == Stage(EMBEDDED, OWN)
    change = record.handover
    assert change is not None
    assert change.until - change.at == HANDOVER_FADE
    assert record_of(library, runner.session, ClipKey(1, 0)).stages == (second,)
    assert_heard_is_kept(card, made_again(library.load(runner.session)))


def test_a_soundfont_that_is_gone_at_a_restart_is_a_take_over_that_is_kept(
    play: Play,
    library: Library,
    made_again: Callable[[StoredSession], Frames],
    font: Path,
) -> None:
    card = Patient()
    runner = play(card, "hush", LATE, 1)
    wait_for_session(runner, lambda: reach(runner) > frames_of(5.0))
    gone = font.rename(font.with_suffix(".gone"))
    (engine,) = psutil.Process().children()
    engine.kill()
    played_out(runner, card)
    texts = said(runner)
    assert "The built-in synthesis takes over from the soundfont Tiny.sf2." in texts
    assert any("Tiny.sf2 that this session began with is not here" in text for text in texts)
    record = record_of(library, runner.session)
    assert [stage.synthesis.split(" ")[-1] for stage in record.stages] == ["Tiny.sf2", OWN[8:]]
    gone.rename(font)
    assert_heard_is_kept(card, made_again(library.load(runner.session)))


def reach(runner: SessionRunner) -> int:
    """Session frame up to which audio is there without a gap."""
    with runner.playback.joiner() as joiner:
        return joiner.horizon()
