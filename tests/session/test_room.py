"""How much the library takes, what goes, and what of killed players stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.affect.circumplex import Affect
from engine.plan.request import Request
from engine.session.library.library import Library
from engine.session.library.lock import NAME, Hold, last_word
from engine.session.library.records import State
from engine.session.library.room import make_room, taken, tidy

REQUEST = Request(start=Affect(-0.4, 0.6), target=Affect(0.6, -0.4), minutes=3, seed=7)
NOW = datetime(2026, 11, 21, 10, 15, 0, tzinfo=UTC)
CLIP = 100_000


def kept(library: Library, day: int, state: State, clips: int = 4) -> str:
    session = library.create(REQUEST, "embedded", 1, None, NOW + timedelta(days=day))
    for number in range(clips):
        (library.clip_folder(session) / f"{number:04d}-0.flac").write_bytes(bytes(CLIP))
    if state != "running":
        library.set_state(session, state)
    return session


def sound(library: Library) -> dict[str, int]:
    return {
        folder.name: len(list(folder.glob("*.flac")))
        for folder in sorted((library.folder / "sessions").iterdir())
    }


def limit(library: Library, clips: float) -> float:
    """So much that the sound of ``clips`` clips stays."""
    whole = taken(library.folder)
    return whole.total - (sum(sound(library).values()) - clips) * CLIP


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


def test_all_that_lies_there_counts(library: Library) -> None:
    session = kept(library, 0, "finished")
    (library.folder / "library.damaged-x.sqlite").write_bytes(bytes(1_000))
    room = taken(library.folder)
    assert room.sessions == {session: 4 * CLIP + 64}
    files = [path for path in library.folder.rglob("*") if path.is_file()]
    assert room.total == sum(path.stat().st_size for path in files)
    assert taken(library.folder / "nothing").total == 0


def test_the_newest_keeps_its_sound_though_the_clock_was_put_back(library: Library) -> None:
    first, second, third = (kept(library, day, "finished") for day in (0, 30, -900))
    said = make_room(library, limit(library, 4))
    assert sound(library) == {first: 0, second: 0, third: 4}
    assert f"up to {second} was deleted" in said


def test_the_oldest_that_were_heard_to_their_end_go_first(library: Library) -> None:
    states: tuple[State, ...] = ("stopped", "finished", "interrupted", "finished", "finished")
    sessions = [kept(library, day, state) for day, state in enumerate(states)]
    said = make_room(library, limit(library, 16))
    assert list(sound(library).values()) == [4, 0, 4, 4, 4]
    assert f"The sound of 1 session up to {sessions[1]} was deleted (0.4 MB)" in said
    assert "resumed" not in said
    make_room(library, limit(library, 12))
    assert list(sound(library).values()) == [4, 0, 4, 0, 4]
    said = make_room(library, limit(library, 8))
    assert list(sound(library).values()) == [0, 0, 4, 0, 4]
    assert "1 of them can still be resumed" in said
    assert make_room(library, limit(library, 8)) == ""
    stored = library.load(sessions[0])
    assert (stored.request, stored.state) == (REQUEST, "stopped")
    library.close()


def test_what_is_played_and_the_newest_keep_their_sound(library: Library) -> None:
    kept(library, 0, "running")
    kept(library, 1, "finished")
    replayed = kept(library, 2, "finished")
    hold = Hold(library.clip_folder(replayed))
    kept(library, 3, "finished")
    make_room(library, 1.0)
    assert list(sound(library).values()) == [4, 0, 4, 4]
    hold.release()
    library.close()


def test_without_a_limit_nothing_goes(library: Library) -> None:
    kept(library, 0, "finished")
    kept(library, 1, "finished")
    assert make_room(library, 0) == ""
    assert list(sound(library).values()) == [4, 4]


def test_parts_of_killed_players_go_and_those_of_living_ones_stay(library: Library) -> None:
    dead, living = kept(library, 0, "stopped"), kept(library, 1, "running")
    old, new = "0004-0.flac.part", "0004-0.flac.123-4.part"
    for session in (dead, living):
        for name in (old, new):
            (library.clip_folder(session) / name).touch()
    tidy(library)
    assert {path.parent.name for path in library.folder.rglob("*.part")} == {living}
    assert list(sound(library).values()) == [4, 4]
    library.close()


def test_how_killed_players_ended_is_stored(library: Library) -> None:
    killed, said, living = (kept(library, day, "running") for day in range(3))
    library._holds[said].leave_word("stopped", 12.0)
    for session in (killed, said):
        library._holds.pop(session).release()
    tidy(library)
    states = {row.id: row.state for row in library.sessions()}
    assert states == {killed: "interrupted", said: "stopped", living: "running"}
    assert last_word(library.clip_folder(said)) == ("stopped", 12.0)
    for session in (killed, said):
        (library.clip_folder(session) / NAME).unlink()
    assert {row.id: row.state for row in library.sessions()} == states
    library.close()
