"""A disk that is full at any write: it is said, what is composed is played, the state is known, and
nothing half-written stays."""

from __future__ import annotations

import resource
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.card import Card
from support.full_disk import FullDisk
from support.waiting import session_end, wait_for_session

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE, Frames, frames_of, seconds_of
from engine.errors import MusmedError
from engine.plan.request import Request
from engine.playback.sinks.file import FileSink
from engine.render import render_session
from engine.session.library.library import Library
from engine.session.library.lock import NAME, WORD_BYTES, last_word
from engine.session.preparation import prepare

pytestmark = pytest.mark.usefixtures("quick_engine")
REQUEST = Request(start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=2, temperature=0)
RAMP = frames_of(0.1)
WRITES = 230
ALWAYS = (0, 5, 69)
"""At 69 the first clip is full in the midst of where the second would follow it."""
"""About so many does a session of two minutes make."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Frames]:
    """The session as it is on a disk that has room."""
    made: list[Frames] = []

    def render() -> Frames:
        if not made:
            folder = tmp_path_factory.mktemp("whole")
            render_session(
                REQUEST,
                folder / "whole.wav",
                progress=lambda _done, _total: None,
                log_file=folder / "log",
            )
            made.append(soundfile.read(folder / "whole.wav", dtype="float32")[0])
        return made[0]

    return render


@pytest.mark.parametrize(
    "number",
    [
        *ALWAYS,
        *(pytest.param(n, marks=pytest.mark.long) for n in range(WRITES) if n not in ALWAYS),
    ],
)
def test_full_at_every_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, whole: Callable[[], Frames]
) -> None:
    library = Library(tmp_path / "library")
    disk = FullDisk(monkeypatch, number)
    card = Card(32.0)
    session = ""
    try:
        runner = prepare(REQUEST, library=library, sink=card, log_file=tmp_path / "log")
        session = runner.session
        card.waits_for = runner
        runner.start()
    except MusmedError as error:
        assert "free some space" in str(error)  # noqa: PT017 - whether it raises depends on number
    else:
        wait_for_session(runner, lambda: runner.status().failure is not None or runner.wait(0.01))
        card.waits_for = None
        session_end(runner)
        status = runner.status()
        with runner.playback.joiner() as joiner:
            here = seconds_of(joiner.horizon())
        if status.failure is not None:
            assert "free some space" in status.failure
            assert status.playback.heard >= here - 4.5, "what is composed is played: to its fade"
        runner.close()
    assert disk.failed or number > disk.writes
    library.close()
    disk.free()

    assert not list(tmp_path.rglob("*.part"))
    again = Library(tmp_path / "library")
    states = {row.id: row.state for row in again.sessions()}
    assert set(states) <= {session}
    if session not in states:
        assert not list((tmp_path / "library" / "sessions").glob("*/*.flac"))
        return
    assert states[session] in ("interrupted", "finished")
    if states[session] == "interrupted" and number % 10 == 0:
        rest = tmp_path / "rest.wav"
        stored = again.load(session)
        sink = FileSink(rest)
        runner = prepare(
            REQUEST, library=again, sink=sink, log_file=tmp_path / "log", resume=stored
        )
        runner.start()
        session_end(runner)
        runner.close()
        assert again.load(session).state == "finished"
        heard = soundfile.read(rest, dtype="float32")[0]
        start = len(whole()) - len(heard)
        assert abs(start - frames_of(stored.position)) <= SAMPLE_RATE
        np.testing.assert_array_equal(heard[RAMP:], whole()[start + RAMP :])
    again.close()


def test_how_a_session_ended_is_known_where_nothing_new_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(tmp_path)
    session = prepare_session(library)
    library.set_position(session, 3.0)
    disk = FullDisk(monkeypatch, 0)
    library.leave(session, "stopped", 7.25)
    library.close()
    assert disk.failed == ["write"]
    disk.free()
    again = Library(tmp_path)
    (row,) = again.sessions()
    assert (row.state, row.position) == ("stopped", 7.25)
    assert (again.load(session).state, again.load(session).position) == ("stopped", 7.25)
    assert again.latest_unfinished() == session
    again.settle()
    (tmp_path / "sessions" / session / NAME).unlink()
    assert (again.load(session).state, again.load(session).position) == ("stopped", 7.25)
    again.close()


def test_the_last_word_needs_no_room(tmp_path: Path) -> None:
    """The kernel lets no file grow any more, as a full disk would."""
    library = Library(tmp_path)
    session = prepare_session(library)
    folder = tmp_path / "sessions" / session
    assert (folder / NAME).stat().st_size == WORD_BYTES
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (WORD_BYTES, limits[1]))
    try:
        library.leave(session, "interrupted", 61.5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    library.close()
    assert last_word(folder) == ("interrupted", 61.5)
    again = Library(tmp_path)
    assert [(row.state, row.position) for row in again.sessions()] == [("interrupted", 61.5)]
    again.set_state(session, "running")
    assert last_word(folder) is None, "it is being played again"
    again.close()


@pytest.mark.parametrize(
    "word", ["", "running 5", "finished", "stopped x", "stopped nan", "stopped 1e300", "\xff 1"]
)
def test_a_last_word_that_is_none(tmp_path: Path, word: str) -> None:
    library = Library(tmp_path)
    session = prepare_session(library)
    library.set_position(session, 4.0)
    library.close()
    (tmp_path / "sessions" / session / NAME).write_bytes(word.encode("latin-1"))
    again = Library(tmp_path)
    (row,) = again.sessions()
    assert row.state in ("interrupted", "stopped")
    assert 0.0 <= row.position <= 120.0
    again.settle()
    assert 0.0 <= again.load(session).position <= 120.0
    again.close()


def prepare_session(library: Library) -> str:
    return library.create(REQUEST, "embedded", 1, None, datetime.now(UTC))
