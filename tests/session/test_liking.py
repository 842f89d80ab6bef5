"""Likes and dislikes while a session is heard: what sounded is kept, and no sample changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import soundfile
from support.waiting import session_end, wait_for_session

from engine.affect.circumplex import Affect
from engine.composers.base import BarRecord
from engine.errors import MusmedError
from engine.listener.likings import Liking, Reaction
from engine.plan.events import Steer
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.playback.sinks.file import FileSink
from engine.session.library.library import Library
from engine.session.liking import sounded
from engine.session.preparation import prepare

REQUEST = Request(start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=3, temperature=1.0)
NOW = datetime(2026, 11, 12, 20, 0, tzinfo=UTC)


def status(events: tuple[Any, ...] = (), records: dict[int, Any] | None = None) -> Any:
    plan = make_plan(REQUEST, events)
    views = [
        SimpleNamespace(
            index=spec.index, revision=spec.revision, record=(records or {}).get(spec.index)
        )
        for spec in plan.clips
    ]
    return SimpleNamespace(request=REQUEST, events=events, plan=plan, clips=views)


def bar(start: float, instrument: str, genre: str) -> BarRecord:
    return BarRecord(
        start=start, time_signature="4/4", chords=(), instruments=(), note_density=1.0,
        mean_pitch=None, mean_velocity=None, mean_duration=None, asked={},
        instrument=instrument, genre=genre,
    )  # fmt: skip


def test_before_and_after_a_steer_it_is_what_sounded_then() -> None:
    events = (Steer(at=50.0, target=Affect(-0.7, -0.4)),)
    now = status(events)
    before, after = sounded(now, Reaction(46.0, True)), sounded(now, Reaction(170.0, False))
    assert (before.clip, before.revision, before.liked) == (2, 0, True)
    assert before.mood == make_plan(REQUEST).clips[2].tags.mood
    last = make_plan(REQUEST, events).clips[7]
    assert (after.clip, after.revision, after.liked) == (7, 1, False)
    assert (after.mood, after.instrument, after.genre) == (
        last.tags.mood,
        last.tags.instrument,
        last.tags.genre,
    )


def test_a_change_of_players_counts_from_the_bar_in_which_it_is_heard() -> None:
    bars = (bar(0.0, "violin", "classical"), bar(12.0, "harp", "ambient"))
    now = status(records={0: SimpleNamespace(bars=bars)})
    early, late = sounded(now, Reaction(11.9, True)), sounded(now, Reaction(12.0, True))
    assert (early.instrument, early.genre) == ("violin", "classical")
    assert (late.instrument, late.genre) == ("harp", "ambient")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "library")
    yield opened
    opened.close()


def test_of_a_clip_and_its_players_the_last_word_counts(library: Library) -> None:
    session = library.create(REQUEST, "embedded", 1, None, NOW)
    said = [("piano", True, 3.0), ("piano", False, 9.0), ("harp", True, 15.0)]
    for instrument, liked, at in said:
        one = Liking(
            clip=0, revision=0, at=at, mood="calm", instrument=instrument, genre="ambient",
            liked=liked,
        )  # fmt: skip
        library.listener.add_liking(session, one, NOW)
    kept = library.listener.likings([session])[session]
    assert [(one.instrument, one.liked, one.given) for one in kept] == [
        ("piano", False, NOW),
        ("harp", True, NOW),
    ]
    library.delete(session)
    assert library._db.rows("*", "likings") == []


def played(library: Library, place: Path, *, liked: bool) -> tuple[bytes, str, list[str]]:
    """The samples of a session, in which a key is pressed again and again or never, its id, and
    the answers."""
    runner = prepare(
        REQUEST, library=library, sink=FileSink(place), log_file=place.with_suffix(".log")
    )
    if liked:
        runner.like(False)
    runner.start()

    def over() -> bool:
        if liked:
            runner.like(True)
        return runner.wait(0.05)

    wait_for_session(runner, over)
    kept = library.listener.likings([runner.session])[runner.session]
    assert sorted(one.at for one in runner.status().likings) == [one.at for one in kept]
    said = [notice.text for notice in runner.take_notices() if notice.answer]
    runner.close()
    return soundfile.read(place, dtype="int32")[0].tobytes(), runner.session, said


@pytest.mark.usefixtures("quick_engine")
def test_no_sample_changes(library: Library, tmp_path: Path) -> None:
    plain, _, none = played(library, tmp_path / "plain.wav", liked=False)
    liked, session, said = played(library, tmp_path / "liked.wav", liked=True)
    assert plain == liked
    assert none == []
    assert all("it counts from the next session on" in one for one in said)
    stored = library.load(session)
    assert stored.events == ()
    kept = library.listener.likings([session])[session]
    assert 0 < len(kept) <= len(said)
    specs = {spec.index: spec for spec in make_plan(REQUEST).clips}
    for one in kept:
        record = stored.records[specs[one.clip].key]
        bars = () if record is None else record.bars
        players = {(bar.instrument, bar.genre) for bar in bars if bar.instrument}
        tags = specs[one.clip].tags
        assert (one.instrument, one.genre) in players | {(tags.instrument, tags.genre)}
        assert one.clip * 22.5 <= one.at <= (one.clip + 1) * 22.5 + 7.5


@pytest.mark.usefixtures("quick_engine")
def test_one_that_can_t_be_stored_ends_nothing(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise MusmedError("The disk is full.")

    monkeypatch.setattr(library.listener, "add_liking", full)
    sink = FileSink(tmp_path / "s.wav")
    runner = prepare(REQUEST, library=library, sink=sink, log_file=tmp_path / "log")
    runner.like(True)
    runner.start()
    session_end(runner)
    said = [notice.text for notice in runner.take_notices()]
    assert any("was not kept. The disk is full." in one for one in said)
    assert runner.status().phase == "ended"
    assert runner.status().likings == ()
    runner.close()


@pytest.mark.usefixtures("quick_engine")
def test_what_was_liked_is_known_when_the_session_is_heard_again(
    library: Library, tmp_path: Path
) -> None:
    _, session, _ = played(library, tmp_path / "liked.wav", liked=True)
    again = prepare(
        REQUEST,
        library=library,
        sink=FileSink(tmp_path / "again.wav"),
        log_file=tmp_path / "log",
        resume=library.load(session),
    )
    assert again.status().likings == library.listener.likings([session])[session]
    again.close()
