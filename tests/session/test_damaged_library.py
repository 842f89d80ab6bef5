"""Whatever has happened to a library, what is whole of it lives, and the rest is composed again or
named."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.mutations import NASTY, mutated

from engine.affect.circumplex import Affect
from engine.clip_record import ClipRecord
from engine.composers.base import EMBEDDED, BarRecord, Continuation, Marks
from engine.errors import MusmedError
from engine.listener.likings import Liking
from engine.listener.personal_meter import Rated
from engine.listener.preferences import Told, leanings_of, learned
from engine.listener.ratings import Rating
from engine.plan.body import Offer, Reason
from engine.plan.events import Ease, Event, Skip, Steer
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.session.conductor.clip_composers import composers_of
from engine.session.conductor.clip_state import ClipState
from engine.session.conductor.conductor import Conductor
from engine.session.conductor.resumption import resumption
from engine.session.library.course_record import Begun
from engine.session.library.followed import heard_of
from engine.session.library.library import Library
from engine.session.library.past import past_sessions
from engine.session.library.rated import rated_music
from engine.session.library.records import StoredSession
from engine.session.library.schema import SHAPE

NOW = datetime(2026, 11, 21, 10, 15, 0, tzinfo=UTC)
REQUEST = Request(
    start=Affect(-0.4, 0.6), target=Affect(0.6, -0.4), start_word="tense", minutes=3, seed=7
)


def open_to_others(folder: Path) -> list[Path]:
    return [path for path in (folder, *folder.rglob("*")) if path.lstat().st_mode & 0o077]


EVENTS: tuple[Event, ...] = (
    Steer(at=20.0, target=Affect(0.1, 0.2), word="glad"),
    Ease(at=60.5),
    Skip(at=90.0),
)
A_CLIP = Rated(Affect(0.25, -0.5), Rating(70, 40))
NAMED = {"sessions": "id", "told": "mood", "clip_ratings": "valence"}
"""The columns by which the rows of a test are found, a session's id in them ..."""
FOUND = {"told": "calm", "clip_ratings": 70}
"""... or this."""
COLUMNS = [(table, column) for table, columns in SHAPE.items() for column in columns]


AN_OFFER = Offer(40.0, Reason("heart", 74.0, 83.0, 0.2))


def record() -> ClipRecord:
    bar = BarRecord(
        start=0.0,
        time_signature="4/4",
        chords=("C",),
        instruments=("piano",),
        note_density=1.0,
        mean_pitch=60.0,
        mean_velocity=None,
        mean_duration=1.0,
        asked={"tempo": 80.0},
    )
    return ClipRecord(
        composer=EMBEDDED,
        version=1,
        loudness=-23.1,
        true_peak=-1.5,
        gating="off",
        seconds=1.2,
        speed=25.0,
        bars=(bar,),
    )


def filled(library: Library, now: datetime = NOW) -> str:
    """A session with all that can be kept of one."""
    session = library.create(REQUEST, EMBEDDED, 1, {"theme": "dusk"}, now, materials={"a": "12"})
    for event in EVENTS:
        library.add_event(session, event)
    pack = Continuation(composer=EMBEDDED, version=1, state=b"state", finishing=b"").pack()
    for revision in range(len(EVENTS) + 1):
        plan = make_plan(REQUEST, EVENTS[:revision])
        for spec in plan.clips[plan.first_changed : plan.first_changed + 2]:
            start = round(spec.start * 48_000)
            frames = round(spec.duration * 48_000)
            marks = Marks(bars=(spec.start, spec.start + 2.0), phrases=(spec.start,))
            library.save_clip(session, spec, start, frames, False, pack, record(), marks)
    library.add_note(session, 12.5, "The engine was started again.")
    library.set_position(session, 33.25)
    library.listener.rate(session, "before", Rating(30, 70), now)
    library.listener.rate(session, "after", Rating(60, None), now, note="Rain.")
    for clip, liked in ((0, True), (2, False)):
        library.listener.add_liking(session, a_liking(clip, liked), now)
    told = Told(kind="instrument", mood="calm", tag="harp", liked=3, disliked=1)
    library.listener.tell(told, now)
    library.meter.rate_clip(A_CLIP.reading, A_CLIP.rating, now)
    library.courses.begin(Begun(session, "Evenings", 3))
    library.body.offered(session, AN_OFFER)
    library.set_state(session, "interrupted")
    return session


def a_liking(clip: int, liked: bool) -> Liking:
    tags = {"mood": "calm", "instrument": "piano", "genre": "ambient"}
    return Liking(clip=clip, revision=0, at=22.5 * clip + 3.0, liked=liked, **tags)


class Spoilt:
    """A library whose tables hold what no table should, with nothing of SQLite's in the way."""

    def __init__(self, folder: Path) -> None:
        self.library = Library(folder)
        self.bad, self.good = (filled(self.library, NOW.replace(hour=hour)) for hour in (12, 11))
        self.whole = {session: self.library.load(session) for session in (self.bad, self.good)}
        self.felt = self.library.listener.felt([self.good])[self.good]
        assert (self.felt.before, self.felt.after) == (Rating(30, 70), Rating(60, None))
        self.likings = self.library.listener.likings([self.good])[self.good]
        assert [(one.clip, one.liked) for one in self.likings] == [(0, True), (2, False)]
        db = self.library._db
        db.execute("PRAGMA foreign_keys = OFF")
        for table, columns in SHAPE.items():
            db.execute(f"ALTER TABLE {table} RENAME TO old")
            db.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
            db.execute(f"INSERT INTO {table} SELECT * FROM old")
            db.execute("DROP TABLE old")
        self.cells: dict[tuple[str, str], list[tuple[int, Any]]] = {
            (table, column): db.execute(
                f"SELECT rowid, {column} FROM {table} WHERE {NAMED.get(table, 'session')} = ?",
                (FOUND.get(table, self.bad),),
            ).fetchall()
            for table, column in COLUMNS
        }

    def look(self, table: str, column: str, number: int, value: Any) -> StoredSession | None:
        """What the library makes of one value in the place of another; None for a session that
        can't be read at all. The other session is as it was."""
        db, name = self.library._db, f"UPDATE {table} SET {column} = ? WHERE rowid = ?"
        old = dict(self.cells[table, column])[number]
        db.execute(name, (value, number))
        try:
            rows = self.library.sessions()
            listed = [row.id for row in rows]
            assert self.good in listed
            assert self.library.events_of(rows)[self.good] == EVENTS
            felt = self.library.listener.felt([self.good, self.bad])
            assert felt[self.good] == self.felt
            likings = self.library.listener.likings([self.good, self.bad])
            assert likings[self.good] == self.likings
            assert self.library.body.offers([self.good, self.bad])[self.good] == (AN_OFFER,)
            leanings_of(learned(self.library.listener.evidence()))
            assert A_CLIP in rated_music(self.library)
            assert self.good in {one.session for one in heard_of(self.library, "Evenings")}
            assert all(isinstance(one.note, str) for one in felt.values())
            assert {one.id for one in past_sessions(self.library)} == set(listed)
            self.library.latest_unfinished()
            assert all(len(said) < 300 for said in self.library.take_remarks())
            found = None
            try:
                found = self.library.load(self.bad)
            except MusmedError:
                assert self.bad not in listed
            assert self.library.load(self.good) == self.whole[self.good]
        finally:
            db.execute(name, (old, number))
        return found


def goes_on(session: StoredSession) -> None:
    """What resume, the screens and render --session make of it."""
    clips = {
        key: ClipState.kept(
            row.spec,
            start=row.start,
            frames=row.frames,
            cut=row.cut,
            marks=row.marks,
            record=row.record,
        )
        for key, row in session.clips.items()
    }
    kept = resumption(session.request, session.events, clips, session.position)
    known = composers_of(session.records)
    conductor = Conductor(session.request, session.composer, kept=kept, clip_composers=known)
    assert conductor.start()
    msgspec.msgpack.encode(conductor.plan)
    assert 0.0 <= session.position <= session.request.seconds


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spoilt]:
    made = Spoilt(tmp_path_factory.mktemp("spoilt"))
    yield made
    made.library.close()


def test_nothing_is_wrong_with_what_is_whole(spoilt: Spoilt) -> None:
    stored = spoilt.library.load(spoilt.bad)
    assert stored == spoilt.whole[spoilt.bad]
    assert (stored.damage, stored.events, len(stored.clips)) == ((), EVENTS, 8)
    goes_on(stored)


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_any_value_in_any_column(spoilt: Spoilt, table: str, column: str) -> None:
    """Of every column the worst values, and some at random."""
    dice = random.Random(f"{table} {column}")
    cells = spoilt.cells[table, column]
    values = [(*cells[0], value) for value in NASTY]
    values += [(*cell, None) for cell in dice.choices(cells, k=15)]
    for number, old, value in values:
        new = mutated(old, dice) if value is None else value
        found = spoilt.look(table, column, number, new)
        if found is not None and found != spoilt.whole[spoilt.bad]:
            goes_on(found)


@pytest.mark.long
@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_ten_thousand_values_in_each_column(spoilt: Spoilt, table: str, column: str) -> None:
    dice = random.Random(f"long {table} {column}")
    cells = spoilt.cells[table, column]
    for _ in range(10_000):
        number, old = dice.choice(cells)
        found = spoilt.look(table, column, number, mutated(old, dice))
        if found is not None and found != spoilt.whole[spoilt.bad] and dice.random() < 0.1:
            goes_on(found)


# the whole file


def _garbage(path: Path) -> None:
    path.write_bytes(b"this is no database, but it is long enough to be one" * 40)


def _torn(path: Path) -> None:
    _patched(path, slice(200, 4096), lambda old: bytes(byte ^ 0x5A for byte in old))


def _patched(path: Path, where: slice, change: Callable[[bytes], bytes]) -> None:
    data = bytearray(path.read_bytes())
    data[where] = change(bytes(data[where]))
    path.write_bytes(data)


def _not_text(path: Path) -> None:
    """A byte of the schema that is no UTF-8."""
    place = path.read_bytes().index(b"composer_version INTEGER")
    _patched(path, slice(place, place + 1), lambda _old: b"\xff")


def _no_sql(path: Path) -> None:
    place = path.read_bytes().index(b"CREATE TABLE clips")
    _patched(path, slice(place, place + 6), lambda _old: b"CR\xc3\x28TE")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _socket(path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as made, contextlib.chdir(path.parent):
        made.bind(path.name)


def _sql(*statements: str) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        db = sqlite3.connect(path, isolation_level=None)
        for statement in statements:
            db.execute(statement)
        db.close()

    return spoil


def test_the_schema_of_a_new_library_lies_on_its_first_page(tmp_path: Path) -> None:
    """By which ``salvage`` renews one that is damaged: a leaf of a table, and nothing beside it.
    Source: https://www.sqlite.org/fileformat2.html, section 1.6."""
    library = Library(tmp_path)
    library.close()
    assert library.path.read_bytes()[100] == 0x0D


NONE, ALL = None, dict[str, Any]()
SPOILT: dict[str, tuple[Callable[[Path], None], dict[str, Any] | None]] = {
    "no database at all": (_garbage, NONE),
    "a folder in its place": (_folder, NONE),
    "a socket in its place": (_socket, NONE),
    "its first 5000 bytes": (lambda path: os.truncate(path, 5_000), NONE),
    "its first 100 bytes": (lambda path: os.truncate(path, 100), NONE),
    "a torn first page": (_torn, ALL),
    "a schema that is no text": (_not_text, ALL),
    "a schema that is no SQL": (_no_sql, ALL),
    "a lost table": (_sql("DROP TABLE notes"), {"notes": ()}),
    "a lost column": (_sql("ALTER TABLE sessions DROP COLUMN materials"), {"materials": {}}),
    "another name of a column": (_sql("ALTER TABLE clips RENAME COLUMN cut TO cat"), ALL),
    "a version that never was": (_sql("PRAGMA user_version = -9"), ALL),
    "the version before": (_sql("PRAGMA user_version = 1"), ALL),
    "no version": (_sql("PRAGMA user_version = 0"), ALL),
}
"""What was done to a library of two sessions; what of them is not as it was, or NONE if they are
lost."""


@pytest.mark.parametrize(("spoil", "lost"), SPOILT.values(), ids=SPOILT)
def test_a_library_that_is_damaged_as_a_whole_is_set_aside(
    tmp_path: Path, spoil: Callable[[Path], None], lost: dict[str, Any] | None
) -> None:
    library = Library(tmp_path)
    whole = {session: library.load(session) for session in (filled(library), filled(library))}
    library.close()
    spoil(library.path)
    before = library.path.read_bytes() if library.path.is_file() else None

    again = Library(tmp_path)
    (said,) = again.take_remarks()
    (aside,) = tmp_path.glob("library.damaged-*.sqlite")
    assert f"was damaged and was set aside as {aside}" in said
    assert (aside.read_bytes() if aside.is_file() else None) == before
    assert not open_to_others(tmp_path)
    if lost is NONE:
        whole = {}
    else:
        whole = {key: msgspec.structs.replace(kept, **lost) for key, kept in whole.items()}
    assert {row.id: again.load(row.id) for row in again.sessions()} == whole
    session = filled(again)
    assert again.load(session).events == EVENTS
    again.close()
    Library(tmp_path).close()
    assert len(list(tmp_path.glob("library.damaged-*"))) == 1, "once"


def test_a_library_of_which_nothing_can_be_found_is_set_aside_when_it_is_read(
    tmp_path: Path,
) -> None:
    """It opens, for its schema is whole, and seemed to have no sessions; a new one was taken and
    not found again either. A stretch of the file is missing, so that no page but the first is where
    it was."""
    library = Library(tmp_path)
    whole = {session: library.load(session) for session in (filled(library), filled(library))}
    library.close()
    data = library.path.read_bytes()
    library.path.write_bytes(data[:4096] + data[4596:])
    again = Library(tmp_path)
    assert again.take_remarks() == ()
    assert {row.id for row in again.sessions()} <= set(whole)
    (said,) = again.take_remarks()
    assert "was damaged and was set aside as" in said
    session = filled(again, NOW.replace(year=2027))
    assert session in [row.id for row in again.sessions()]
    assert again.load(session).events == EVENTS
    again.close()


def test_an_empty_file_is_a_library_that_begins(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite").touch()
    library = Library(tmp_path)
    assert library.load(filled(library)).events == EVENTS
    assert library.take_remarks() == ()
    library.close()


def test_nothing_that_was_set_aside_is_written_over(tmp_path: Path) -> None:
    for _ in range(3):
        (tmp_path / "library.sqlite").write_bytes(os.urandom(5_000))
        Library(tmp_path).close()
    assert len({path.read_bytes() for path in tmp_path.glob("library.damaged-*.sqlite")}) == 3


def test_a_session_that_plays_outlives_its_library(tmp_path: Path) -> None:
    """The pages of a table are gone while the session is being played."""
    library = Library(tmp_path)
    before = Library(tmp_path)
    other = filled(before)
    before.close()
    session = library.create(REQUEST, EMBEDDED, 1, None, NOW)
    library.add_event(session, EVENTS[0])
    library._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(library.path.read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    library.path.write_bytes(data)
    library._db.execute("PRAGMA shrink_memory")  # what it remembers of the file

    library.set_position(session, 12.0)
    library.add_event(session, EVENTS[0])
    library.set_state(session, "stopped")
    (said,) = library.take_remarks()
    assert "with 1 session of the old one" in said
    stored = library.load(session)
    assert (stored.position, stored.state, stored.events) == (12.0, "stopped", EVENTS[:1])
    assert [row.id for row in library.sessions()] == [session]
    with pytest.raises(MusmedError, match="no session"):
        library.load(other)
    library.close()


def test_two_processes_set_one_library_aside_once(tmp_path: Path) -> None:
    """The second one finds the new library in its place, and goes on in that."""
    first, second = Library(tmp_path), Library(tmp_path)
    mine, yours = (lib.create(REQUEST, EMBEDDED, 1, None, NOW) for lib in (first, second))
    first._db._connection.close()
    first._db._damage = sqlite3.DatabaseError("as if it had just refused to be written")
    first._db._connection = first._db._opened()
    assert len(first.take_remarks()) == 1
    second.set_position(yours, 5.0)
    first.set_position(mine, 6.0)
    assert {row.id: row.position for row in first.sessions()} == {mine: 6.0, yours: 5.0}
    assert second.take_remarks() == ()
    assert len(list(tmp_path.glob("library.damaged-*.sqlite"))) == 1
    first.close()
    second.close()


@pytest.mark.parametrize(
    "seed", [*range(6), *(pytest.param(n, marks=pytest.mark.long) for n in range(6, 400))]
)
def test_any_bytes_of_the_file(tmp_path: Path, seed: int) -> None:
    """Whatever is written into it at random, the library opens, lists, and takes a new session."""
    dice = random.Random(seed)
    library = Library(tmp_path)
    kept = [filled(library) for _ in range(2)]
    library.close()
    data = bytearray(library.path.read_bytes())
    for _ in range(dice.choice((1, 4, 40))):
        place = dice.randrange(len(data) if dice.random() < 0.5 else 8_192)
        data[place : place + dice.choice((1, 1, 16, 700))] = os.urandom(dice.choice((1, 16)))
    library.path.write_bytes(data)
    again = Library(tmp_path)
    for session in kept:
        with contextlib.suppress(MusmedError):
            goes_on(again.load(session))
    again.sessions()
    again.latest_unfinished()
    session = filled(again, NOW.replace(year=2027))
    assert again.load(session).events == EVENTS
    assert session in [row.id for row in again.sessions()]
    again.close()


def test_a_session_that_plays_outlives_a_library_that_was_moved_away(tmp_path: Path) -> None:
    """As musmed itself advises for one that is damaged. What was deleted does not come back."""
    library = Library(tmp_path)
    deleted = library.create(REQUEST, EMBEDDED, 1, None, NOW)
    library.delete(deleted)
    session = library.create(REQUEST, EMBEDDED, 1, None, NOW)
    other = Library(tmp_path)
    for old in tmp_path.glob("library.sqlite*"):
        old.rename(tmp_path / f"moved-{old.name}")
    library.set_position(session, 12.0)
    library.add_event(session, EVENTS[0])
    library.save_clip(
        session,
        make_plan(REQUEST).clips[0],
        start=0,
        frames=100,
        cut=False,
        continuation=Continuation(composer=EMBEDDED, version=1, state=b"", finishing=b"").pack(),
        record=record(),
        marks=Marks(),
    )
    assert library.load(session).position == 12.0
    assert [row.id for row in other.sessions()] == [session]
    library.close()
    other.close()


def test_a_library_that_could_not_be_opened_again_is_opened_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full just when another file has to be begun; then there is room."""
    library = Library(tmp_path)
    session = library.create(REQUEST, EMBEDDED, 1, None, NOW)
    library.path.rename(tmp_path / "moved.sqlite")
    opened = library._db._opened

    def full() -> sqlite3.Connection:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(library._db, "_opened", full)
    for _ in range(2):
        with pytest.raises(MusmedError, match="the disk is full"):
            library.set_position(session, 11.0)
        with pytest.raises(MusmedError, match="the disk is full"):
            library.sessions()
    monkeypatch.setattr(library._db, "_opened", opened)
    library.set_position(session, 12.0)
    assert [(row.id, row.position) for row in library.sessions()] == [(session, 12.0)]
    library.close()
