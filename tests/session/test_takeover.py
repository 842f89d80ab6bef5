"""A composer that dies in the midst of a clip: what is heard, what is kept, what is made again.

The quick engine's composer takes over; in a long run the embedded one too.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from support.card import Card
from support.quick_engine import QuickComposer, QuickFinisher
from support.waiting import session_end, wait_for_session

from engine.affect.circumplex import Affect
from engine.audio.format import BLOCK_FRAMES, Frames, frames_of
from engine.composers import base
from engine.composers.score.composer import EmbeddedComposer
from engine.finishing import ClipFinisher
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipKey
from engine.playback.handover import HANDOVER_FADE
from engine.playback.joins import SEEK_FADE
from engine.playback.sinks.base import Sink
from engine.playback.sinks.file import FileSink
from engine.session.conductor.clip_composers import ClipComposers, composers_of
from engine.session.library.library import Library
from engine.session.library.records import StoredSession
from engine.session.preparation import prepare
from engine.session.runner import SessionRunner

ENGINE = Path(__file__).parents[1] / "support" / "tones_engine.py"
REQUEST = Request(
    start=Affect(-0.04, 0.8),
    target=Affect(0.6, -0.5),
    minutes=1,
    seed=5,
    temperature=0,
    composer="tones",
)
FIRST = ClipKey(0, 0)
FAST = 8.0
COMPARED = frames_of(26.0)


Play = Callable[..., SessionRunner]


pytestmark = pytest.mark.usefixtures("held_engines")


@pytest.fixture(autouse=True)
def tones(monkeypatch: pytest.MonkeyPatch) -> None:
    """'tones' is a composer without a model; where it is, the engine of these tests knows."""
    monkeypatch.setitem(base._COMPOSERS, "tones", "nowhere:Tones")


@pytest.fixture
def stand_in() -> str:
    """The composer that takes over, in ``tones_engine.py``'s words."""
    return "quick"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "library")
    yield opened
    opened.close()


@pytest.fixture
def play(library: Library, tmp_path: Path, stand_in: str) -> Iterator[Play]:
    made: list[SessionRunner] = []

    def start(sink: Sink, *dies: str, **more: object) -> SessionRunner:
        one = prepare(
            REQUEST,
            library=library,
            sink=sink,
            log_file=tmp_path / "engine.log",
            engine_argv=[sys.executable, str(ENGINE), str(tmp_path), stand_in, *dies],
            **more,  # type: ignore[arg-type]
        )
        made.append(one)
        one.start()
        return one

    yield start
    for one in made:
        one.close()


def sound(path: Path) -> Frames:
    audio, _ = soundfile.read(path, dtype="float32")
    return np.asarray(audio)


def to_file(play: Play, output: Path, **more: object) -> tuple[Frames, SessionRunner]:
    runner = play(FileSink(output), **more)
    session_end(runner)
    assert runner.status().failure is None
    runner.close()
    return sound(output), runner


def horizon(runner: SessionRunner) -> int:
    """Session frame up to which audio is there without a gap."""
    with runner.playback.joiner() as joiner:
        return joiner.horizon()


def let_die(runner: SessionRunner, folder: Path, ready: float) -> None:
    """The composer dies once ``ready`` seconds of its clip have arrived."""
    wait_for_session(runner, lambda: horizon(runner) > frames_of(ready))
    (folder / "may-die").touch()


def to_the_third_clip(runner: SessionRunner, card: Card) -> None:
    """From a take-over on, to a stop in the third clip; no clip is late."""
    wait_for_session(runner, lambda: runner.status().composer == "embedded")
    wait_for_session(runner, lambda: runner.status().clips[0].phase == "ready")
    card.waits_for = runner
    card.rate = FAST
    wait_for_session(runner, lambda: runner.status().clips[2].phase == "ready")
    wait_for_session(runner, lambda: runner.status().playback.heard > 40)
    runner.stop()
    runner.close()


def clip_of(stand_in: str) -> Frames:
    """The first clip as the composer makes it that takes over."""
    spec = make_plan(REQUEST).clips[0]
    if stand_in == "quick":
        quick = QuickComposer().compose(spec, None, lambda: False)
        return np.concatenate(list(QuickFinisher(spec, quick).chunks()))
    composer = EmbeddedComposer()
    composition = composer.compose(spec, None, lambda: False)
    finisher = ClipFinisher(spec, composition, composer.traits, denoise=None, checkpoints=None)
    return np.concatenate(list(finisher.chunks()))


def step(audio: Frames) -> float:
    """The largest step between neighbouring samples."""
    return float(np.abs(np.diff(audio, axis=0)).max())


def heard(card: Card) -> Frames:
    """From the first sample that sounds to before the stop's fade."""
    audio = np.concatenate(card.given)
    loud = np.flatnonzero(audio.any(axis=1))
    return audio[loud[0] : loud[-1] - frames_of(0.6)]


def since_sounding(audio: Frames) -> Frames:
    return audio[np.flatnonzero(audio.any(axis=1))[0] :]


def again(library: Library, session: str) -> StoredSession:
    return msgspec.structs.replace(library.load(session), position=0.0)


def made_again(play: Play, library: Library, session: str, folder: Path) -> Frames:
    """The session resumed from its start and heard to its end, replayed, and composed once more
    by the composers its record names: all the same samples."""
    whole, resumed = to_file(play, folder / "resumed.flac", resume=again(library, session))
    assert resumed.status().composer == "embedded"
    words = [notice.text for notice in resumed.take_notices()]
    assert "In this session the embedded composer took over from tones; it goes on." in words
    replayed, _ = to_file(play, folder / "replayed.flac", resume=again(library, session))
    np.testing.assert_array_equal(replayed, whole)
    stored = library.load(session)
    clip_composers: ClipComposers = composers_of(stored.records)
    with contextlib.suppress(FileNotFoundError):
        (folder / "died").unlink()  # tones is well again
    composed, runner = to_file(
        play, folder / "composed.flac", clip_composers=clip_composers, script=stored.events
    )
    np.testing.assert_array_equal(composed, whole)
    for clip in runner.finished_clips():
        kept = stored.clips[clip.spec.key].record
        assert clip.record is not None
        assert kept is not None
        assert clip.record.handover == kept.handover
        assert clip.record.composer == kept.composer
    return whole


@pytest.mark.parametrize("stand_in", ["quick", pytest.param("embedded", marks=pytest.mark.long)])
def test_with_music_ahead_the_one_composer_fades_over_into_the_other(
    play: Play, library: Library, tmp_path: Path, stand_in: str
) -> None:
    card = Card()
    runner = play(card, "0-0", "22")
    wait_for_session(runner, lambda: runner.status().playback.heard > 0.5)
    card.rate = 0.0  # all the rest lies ahead, however long the take-over takes
    (tmp_path / "may-answer").touch()
    let_die(runner, tmp_path, 18.0)
    to_the_third_clip(runner, card)
    stored = library.load(runner.session)
    record = stored.clips[FIRST].record
    assert record is not None
    change = record.handover
    assert change is not None
    assert (record.composer, change.composer) == ("embedded", "tones")
    assert change.until - change.at == HANDOVER_FADE
    assert frames_of(18) < change.until <= frames_of(22)
    assert all(reading.start >= change.until / 48_000 for reading in record.readings)

    whole = made_again(play, library, runner.session, tmp_path)
    live = heard(card)[:COMPARED]
    np.testing.assert_array_equal(live, since_sounding(whole)[:COMPARED])

    clip = sound(library.clip_folder(runner.session) / "0000-0.flac")
    new = clip_of(stand_in)
    np.testing.assert_array_equal(clip[change.until :], new[change.until :])
    assert np.abs(clip[: change.at] - new[: change.at]).max() > 0.05
    around = slice(change.at - BLOCK_FRAMES, change.until + BLOCK_FRAMES)
    steps = step(clip[change.at - 48_000 : change.at]), step(new[around])
    assert step(clip[around]) <= np.hypot(*steps), "at constant power the gains' squares are 1"
    middle = (change.at + change.until) // 2
    levels = [
        10 * np.log10(np.mean(clip[at - 24_000 : at + 24_000] ** 2))
        for at in (change.at - 24_000, middle, change.until + 24_000)
    ]
    assert min(levels[0], levels[2]) - 1.5 <= levels[1] <= max(levels[0], levels[2]) + 1.5


def test_after_silence_the_other_composer_enters_like_a_late_clip(
    play: Play, library: Library, tmp_path: Path
) -> None:
    card = Card()
    runner = play(card, "0-0", "6")
    let_die(runner, tmp_path, 3.0)
    card.rate = FAST
    wait_for_session(runner, lambda: runner.status().restarts > 0)
    wait_for_session(runner, lambda: runner.status().playback.waiting)
    (tmp_path / "may-answer").touch()  # once all that there is has been heard
    to_the_third_clip(runner, card)
    record = library.load(runner.session).clips[FIRST].record
    assert record is not None
    change = record.handover
    assert change is not None
    assert change.at == change.until
    assert change.at % BLOCK_FRAMES == 0
    assert frames_of(3) < change.at <= frames_of(6)

    whole = made_again(play, library, runner.session, tmp_path)
    silence = np.abs(whole[change.at - 2 : change.at + 2])
    assert silence.max() < 1e-4
    live = heard(card)
    onset = int(np.flatnonzero(whole.any(axis=1))[0])
    before = change.at - onset
    np.testing.assert_array_equal(live[:before], whole[onset : change.at])
    entry = before + int(np.flatnonzero(live[before + 10 :].any(axis=1))[0]) + 10
    waited = entry - before
    assert waited > BLOCK_FRAMES
    quiet = frames_of(0.2)  # the first samples of both entries are zeros
    rest = live[entry + quiet :]
    course = [
        np.array_equal(rest[:48_000], whole[at : at + 48_000])
        for at in range(change.at + quiet - SEEK_FADE, change.at + quiet + SEEK_FADE)
    ]
    assert any(course), "what is heard after the wait is what is kept"
    levels = [np.sqrt(np.mean(whole[change.at + i * 48_000 :][:48_000] ** 2)) for i in range(4)]
    assert levels[0] < levels[1] < levels[2]


@pytest.mark.long
def test_in_a_session_that_was_steered_before_and_is_after(
    play: Play, library: Library, tmp_path: Path
) -> None:
    """The clip that is handed over is a splice, and another takes over from what follows."""
    card = Card()
    runner = play(card, "0-1", "21")
    (tmp_path / "may-answer").touch()
    wait_for_session(runner, lambda: runner.status().playback.heard > 1)
    with card.standing():
        runner.steer(Affect(0.7, 0.4), "glad")
        wait_for_session(runner, lambda: len(runner.status().events) == 1)
        let_die(runner, tmp_path, 18.0)
        wait_for_session(runner, lambda: runner.status().composer == "embedded")
        wait_for_session(runner, lambda: runner.status().clips[0].phase == "ready")
    card.waits_for = runner
    card.rate = FAST
    wait_for_session(runner, lambda: runner.status().playback.heard > 30)
    with card.standing():
        runner.ease()
        wait_for_session(runner, lambda: len(runner.status().events) == 2)
    wait_for_session(
        runner, lambda: runner.status().playback.heard > runner.status().events[1].at + 4
    )
    runner.stop()
    runner.close()
    stored = library.load(runner.session)
    record = stored.clips[ClipKey(0, 1)].record
    assert record is not None
    assert record.handover is not None
    assert record.handover.composer == "tones"
    assert len(stored.events) == 2
    whole = made_again(play, library, runner.session, tmp_path)
    live = heard(card)
    assert len(live) > frames_of(33)
    np.testing.assert_array_equal(live, since_sounding(whole)[: len(live)])
