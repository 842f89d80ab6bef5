"""A kept session played again from its beginning: what was heard, also where it was changed.

The engine is the quick one: what is played again is exact or not whatever the music is.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
import soundfile
from support.card import Card
from support.waiting import session_end, wait_for_session

from engine.affect.circumplex import Affect
from engine.audio.format import BLOCK_FRAMES, Frames, frames_of
from engine.plan.body import Reason
from engine.plan.events import Dwell, Ease, Event, Skip, Steer
from engine.plan.request import Request
from engine.playback.joins import SEEK_FADE
from engine.playback.sinks.base import Sink
from engine.playback.sinks.file import FileSink
from engine.render import render_session
from engine.session.library.library import Library
from engine.session.library.records import StoredSession
from engine.session.preparation import prepare
from engine.session.runner import SessionRunner

pytestmark = pytest.mark.usefixtures("quick_engine")
REQUEST = Request(start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=1, seed=5)
SCRIPT = (
    Steer(at=17.3, target=Affect(0.7, 0.4), word="glad"),
    Skip(at=29.0),
    Dwell(at=37.6, seconds=7.5, why=Reason("heart", 74.0, 75.4, 0.2)),
    Ease(at=46.25),
)
FAST = 8.0

Play = Callable[..., SessionRunner]


class Played(NamedTuple):
    """A session that was played to its end: the library it is kept in, and what was heard."""

    folder: Path
    session: str
    heard: Frames


@pytest.fixture(scope="module")
def play_script(
    quick_engine: None, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[tuple[Event, ...]], Played]:
    """``play_script(script)``: once for each script."""

    @functools.cache
    def play(script: tuple[Event, ...]) -> Played:
        folder = tmp_path_factory.mktemp("played")
        library = Library(folder / "library")
        runner = prepare(
            REQUEST,
            library=library,
            sink=FileSink(folder / "first.wav"),
            log_file=folder / "engine.log",
            script=script,
        )
        try:
            runner.start()
            session_end(runner)
        finally:
            runner.close()
            library.close()
        return Played(folder / "library", runner.session, sound(folder / "first.wav"))

    return play


@pytest.fixture
def first(
    play_script: Callable[[tuple[Event, ...]], Played],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> Played:
    """A played session (SCRIPT's, or a parameter's), in a copy that this test's ``library`` is."""
    played = play_script(getattr(request, "param", SCRIPT))
    shutil.copytree(played.folder, tmp_path / "library")
    return played._replace(folder=tmp_path / "library")


@pytest.fixture
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Library]:
    if "first" in request.fixturenames:
        request.getfixturevalue("first")  # its copy has to lie there first
    opened = Library(tmp_path / "library")
    yield opened
    opened.close()


@pytest.fixture
def play(library: Library, tmp_path: Path) -> Iterator[Play]:
    made: list[SessionRunner] = []

    def start(
        sink: Sink, resume: StoredSession | None = None, script: tuple[Event, ...] = ()
    ) -> SessionRunner:
        log = tmp_path / "engine.log"
        one = prepare(
            REQUEST, library=library, sink=sink, log_file=log, resume=resume, script=script
        )
        made.append(one)
        one.start()
        return one

    yield start
    for one in made:
        one.close()


def rewound(library: Library, session: str) -> StoredSession:
    return msgspec.structs.replace(library.load(session), position=0.0)


def sound(path: Path) -> Frames:
    audio, _ = soundfile.read(path, dtype="float32")
    return np.asarray(audio)


def rendered(folder: Path, events: tuple[Event, ...]) -> Frames:
    output = folder / "render.wav"
    render_session(
        REQUEST,
        output,
        events=events,
        progress=lambda _done, _total: None,
        log_file=folder / "render.log",
    )
    return sound(output)


def to_file(play: Play, output: Path, stored: StoredSession) -> Frames:
    runner = play(FileSink(output), stored)
    session_end(runner)
    runner.close()
    assert runner.status().phase == "ended"
    return sound(output)


def test_a_changed_session_is_replayed_as_it_was_heard(
    first: Played, play: Play, library: Library, tmp_path: Path
) -> None:
    stored = rewound(library, first.session)
    assert stored.state == "finished"
    assert stored.events == SCRIPT
    again = to_file(play, tmp_path / "again.wav", stored)
    assert np.array_equal(again, first.heard)
    assert np.array_equal(again, rendered(tmp_path, SCRIPT))


def test_a_session_changed_while_it_played_and_stopped_is_replayed_and_goes_on(
    play: Play, library: Library, tmp_path: Path
) -> None:
    card = Card(FAST)
    live = play(card)
    wait_for_session(live, lambda: live.status().playback.heard > 8)
    with card.standing():  # however long the splice is composed
        live.steer(Affect(0.7, 0.4), "glad")
        wait_for_session(live, lambda: len(live.status().events) == 1)
    wait_for_session(live, lambda: live.status().playback.heard > live.status().events[0].at + 12)
    with card.standing():  # however long the splice is composed
        live.ease()
        wait_for_session(live, lambda: len(live.status().events) == 2)
    wait_for_session(live, lambda: live.status().playback.heard > live.status().events[1].at + 5)
    live.stop()
    live.close()
    stored = rewound(library, live.session)
    assert stored.state == "stopped"
    assert len(stored.events) == 2
    again = to_file(play, tmp_path / "again.wav", stored)
    assert len(again) == frames_of(REQUEST.seconds)
    assert np.array_equal(again, rendered(tmp_path, stored.events))
    assert library.load(live.session).state == "finished"


CUT_SHORT = (Steer(at=10.6, target=Affect(0.7, 0.4), word="glad"), Ease(at=25.2))


@pytest.mark.parametrize("first", [CUT_SHORT], indirect=True, ids=["cut-short"])
@pytest.mark.parametrize("position", [0.0, 14.0])
def test_a_splice_that_was_not_whole_is_made_again_in_its_place(
    first: Played, play: Play, library: Library, tmp_path: Path, position: float
) -> None:
    """Stopped right after an ease in the midst of a join: what is heard again is the same."""
    for key in library.load(first.session).clips:
        if key.revision == 2:
            library.remove_clip(first.session, key)
    stored = msgspec.structs.replace(library.load(first.session), position=position)
    again = to_file(play, tmp_path / "again.wav", stored)
    since = len(first.heard) - len(again)
    assert abs(since - frames_of(position)) <= BLOCK_FRAMES
    faded = SEEK_FADE if since else 0
    assert np.array_equal(again[faded:], first.heard[since + faded :])
    assert library.load(first.session).events == CUT_SHORT


@pytest.fixture
def finished(first: Played, library: Library) -> StoredSession:
    return rewound(library, first.session)


@pytest.mark.parametrize("how", ["stop", "close"])
def test_a_finished_session_left_in_its_replay_stays_finished(
    play: Play, library: Library, finished: StoredSession, how: str
) -> None:
    runner = play(Card(FAST), finished)
    wait_for_session(runner, lambda: runner.status().playback.heard > 3)
    assert library.load(finished.id).state == "finished", "also if it were killed now"
    getattr(runner, how)()
    runner.close()
    assert library.load(finished.id).state == "finished"
    assert library.latest_unfinished() is None


def test_a_replay_that_is_steered_is_steered_soon(
    play: Play, library: Library, finished: StoredSession, tmp_path: Path
) -> None:
    card = Card(FAST)
    runner = play(card, finished)
    wait_for_session(runner, lambda: runner.status().playback.heard > 3)
    with card.standing():  # however long the splice is composed
        runner.steer(Affect(-0.4, -0.4))
        wait_for_session(runner, lambda: runner.status().events != SCRIPT)
        wait_for_session(runner, lambda: len(runner.status().events) == 1)
    (event,) = runner.status().events
    assert event.at < SCRIPT[0].at, "before the first of the session's own events"
    wait_for_session(runner, lambda: runner.status().playback.heard > event.at + 3)
    runner.stop()
    runner.close()
    stored = rewound(library, finished.id)
    assert stored.state == "stopped", "its rest has not been heard"
    assert stored.events == (event,)
    again = to_file(play, tmp_path / "again.wav", stored)
    assert np.array_equal(again, rendered(tmp_path, stored.events))
