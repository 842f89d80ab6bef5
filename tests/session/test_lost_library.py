"""The database is missing or empty, and the sound of sessions is there: it is said, and nothing of
it goes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.affect.circumplex import Affect
from engine.plan.request import Request
from engine.session.library.database import looked_at
from engine.session.library.library import Library
from engine.session.library.room import make_room

NOW = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
REQUEST = Request(start=Affect(-0.4, 0.6), target=Affect(0.6, -0.4), minutes=3, seed=7)


def filled(folder: Path, sessions: int = 3) -> list[str]:
    library = Library(folder)
    made = [
        library.create(REQUEST, "embedded", 1, None, NOW + timedelta(hours=hour))
        for hour in range(sessions)
    ]
    for session in made:
        (library.clip_folder(session) / "0000-0.flac").write_bytes(bytes(1_000_000))
        library.set_state(session, "finished")
    library.close()
    return made


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("lose", [emptied, Path.unlink])
def test_it_is_said_once_and_the_sound_stays(tmp_path: Path, lose: Callable[[Path], None]) -> None:
    made = filled(tmp_path)
    lose(tmp_path / "library.sqlite")
    library = Library(tmp_path)
    (said,) = library.take_remarks()
    assert "missing or empty" in said
    assert "3 sessions" in said
    assert str(tmp_path / "sessions") in said
    assert library.sessions() == ()
    assert make_room(library, 10) == "", "what can't be composed again is not deleted"
    library.close()
    assert sorted(path.parent.name for path in tmp_path.rglob("*.flac")) == made
    again = Library(tmp_path)
    assert again.take_remarks() == ()
    again.close()


@pytest.mark.parametrize("lose", [emptied, Path.unlink])
def test_a_session_that_plays_brings_it_back(tmp_path: Path, lose: Callable[[Path], None]) -> None:
    """Of the journal, which is there as long as the library is open."""
    made = filled(tmp_path)
    library = Library(tmp_path)
    session = library.create(REQUEST, "embedded", 1, None, NOW + timedelta(days=1))
    lose(tmp_path / "library.sqlite")
    if lose is emptied:  # as a program does that writes another in its place
        (tmp_path / "library.sqlite").unlink()
        (tmp_path / "library.sqlite").touch()
    library.set_position(session, 12.0)
    (said,) = library.take_remarks()
    assert "set aside" in said
    assert "4 sessions of the old one" in said
    assert [row.id for row in library.sessions()] == [session, *reversed(made)]
    library.close()


def test_a_new_library_says_nothing(tmp_path: Path) -> None:
    library = Library(tmp_path)
    library.create(REQUEST, "embedded", 1, None, NOW)
    assert library.take_remarks() == ()
    library.close()
    (tmp_path / "library.sqlite").unlink()
    again = Library(tmp_path)  # a session without a sound is nothing to miss
    assert again.take_remarks() == ()
    again.close()


@pytest.mark.parametrize("lose", [emptied, Path.unlink])
def test_what_is_still_in_the_journal_is_taken_over(
    tmp_path: Path, lose: Callable[[Path], None]
) -> None:
    """SQLite would throw the journal of an empty database away."""
    folder = tmp_path / "copy"
    library = Library(tmp_path / "first")
    made = library.create(REQUEST, "embedded", 1, None, NOW)
    shutil.copytree(library.folder, folder)  # as a killed process leaves it
    library.close()
    assert (folder / "library.sqlite-wal").stat().st_size
    lose(folder / "library.sqlite")
    library = Library(folder)
    (said,) = library.take_remarks()
    assert "set aside" in said
    assert [row.id for row in library.sessions()] == [made]
    library.close()


def test_looking_at_it_says_so_too(tmp_path: Path) -> None:
    filled(tmp_path)
    emptied(tmp_path / "library.sqlite")
    assert looked_at(tmp_path / "library.sqlite") == (0, "it is empty")
    (tmp_path / "library.sqlite").unlink()
    assert looked_at(tmp_path / "library.sqlite") == (0, "it is missing")
    assert looked_at(tmp_path / "nowhere" / "library.sqlite") == (0, "")
