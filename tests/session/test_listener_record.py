"""What the library keeps of the listener: from an older library, through kills, and in no log."""

from __future__ import annotations

import logging
import random
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.old_library import old_library

from engine.errors import MusmedError
from engine.listener.likings import Liking
from engine.listener.preferences import Told, leanings_from, leanings_of, learned
from engine.listener.ratings import Felt, Rating
from engine.session.library.library import Library
from engine.session.library.past import past_sessions
from engine.session.library.schema import SHAPE

NOW = datetime(2026, 11, 12, 20, 0, tzinfo=UTC)
OLD = Path(__file__).parent / "library_of_schema_2.sql"
"""As the code before this room made it: its SQL, and the rows of two sessions."""
FINISHED, STOPPED = "20261112-183000-7x", "20261115-183000-4c"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return old_library(OLD, tmp_path)


def test_a_library_of_the_schema_before_is_read_and_rated(old: Path) -> None:
    before = sqlite3.connect(old / "library.sqlite")
    tables = ("sessions", "events", "clips", "notes")
    rows = {table: before.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    assert before.execute("PRAGMA user_version").fetchone() == (2,)
    before.close()

    library = Library(old)
    assert library.take_remarks() == ()
    stored = library.load(FINISHED)
    assert (len(stored.events), len(stored.clips), len(stored.notes)) == (3, 2, 1)
    assert stored.damage == ()
    assert [past.felt for past in past_sessions(library)] == [Felt(), Felt()]
    assert [past.likings for past in past_sessions(library)] == [(), ()]
    library.listener.rate(FINISHED, "before", Rating(30, 70), NOW)
    library.close()

    after = sqlite3.connect(old / "library.sqlite")
    for table in tables:
        columns = ", ".join(SHAPE[table][: len(rows[table][0])])
        assert after.execute(f"SELECT {columns} FROM {table}").fetchall() == rows[table]
    after.close()
    assert Library(old).listener.felt([FINISHED])[FINISHED].before == Rating(30, 70)


def test_a_rating_replaces_the_one_before_and_can_be_taken_back(old: Path) -> None:
    library = Library(old)
    mine = library.listener
    mine.rate(FINISHED, "before", Rating(30, 70), NOW)
    mine.rate(FINISHED, "before", Rating(40, None), NOW)
    mine.rate(FINISHED, "after", Rating(), NOW, note="Rain.\nThen none.")
    felt = mine.felt([STOPPED, FINISHED])
    assert felt[FINISHED] == Felt(Rating(40, None), Rating(), "Rain.\nThen none.", NOW, NOW)
    assert felt[STOPPED] == Felt()
    mine.take_back(FINISHED, "before")
    assert mine.felt([FINISHED])[FINISHED].before_at is None
    library.close()


def test_with_a_session_its_ratings_go(old: Path) -> None:
    library = Library(old)
    library.listener.rate(FINISHED, "after", Rating(1, 2), NOW, note="secret")
    library.delete(FINISHED)
    assert library._db.rows("*", "ratings") == []
    with pytest.raises(MusmedError, match="There is no session"):
        library.listener.rate(FINISHED, "before", Rating(1, 2), NOW)
    library.close()


def test_nothing_of_it_is_logged(old: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not where it can't be written or read, either."""
    library = Library(old)
    with caplog.at_level(logging.DEBUG):
        library.listener.rate(FINISHED, "after", Rating(1, 2), NOW, note="quicksand")
        library._db.execute("PRAGMA query_only = ON")
        with pytest.raises(MusmedError, match="can't be written to") as told:
            library.listener.rate(FINISHED, "after", Rating(1, 2), NOW, note="quicksand")
        library._db.execute("PRAGMA query_only = OFF")
        library._db.execute("PRAGMA ignore_check_constraints = ON")
        library._db.execute("UPDATE ratings SET valence = 'quicksand', given = 'quicksand'")
        assert library.listener.felt([FINISHED])[FINISHED].after == Rating(None, 2)
    assert "quicksand" not in caplog.text + str(told.value)
    library.close()


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from engine.listener.ratings import Rating
from engine.session.library.library import Library

library = Library(Path(sys.argv[1]))
for number in range(100_000):
    slider = number % 101
    moment = ("before", "after")[number % 2]
    library.listener.rate(
        sys.argv[2], moment, Rating(slider, slider), datetime.now(UTC), note=str(slider) * 400
    )
    print(number, flush=True)
"""


def test_a_killed_writer_leaves_whole_ratings(old: Path) -> None:
    """Killed at five moments; what was said to be written is there, and every row is whole."""
    dice = random.Random(7)
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(old), FINISHED], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            for _ in range(dice.randrange(2, 60)):
                writer.stdout.readline()
            writer.kill()
            told = [line for line in writer.stdout.readlines() if line.endswith("\n")]
        library = Library(old)
        assert library.take_remarks() == ()
        felt = library.listener.felt([FINISHED])[FINISHED]
        for rating in (felt.before, felt.after):
            assert rating.valence is not None
            assert rating.valence == rating.arousal
        assert felt.note == str(felt.after.valence) * 400
        if told:
            last = int(told[-1])
            kept = {felt.before.valence, felt.after.valence}
            assert {last % 101, (last + 1) % 101} & kept
        library.close()


def liking(clip: int, *, mood: str = "calm", liked: bool = True) -> Liking:
    tags = {"mood": mood, "instrument": "piano", "genre": "ambient"}
    return Liking(clip=clip, revision=0, at=22.5 * clip, liked=liked, **tags)


def test_forgetting_counts_no_more_and_keeps_the_session_as_it_was(old: Path) -> None:
    library = Library(old)
    mine = library.listener
    for clip, mood in enumerate(("calm", "calm", "dramatic")):
        mine.add_liking(FINISHED, liking(clip, mood=mood), NOW)
    assert mine.forget("instrument", "piano", "calm") == 2
    assert [(one.tag, one.mood) for one in learned(mine.evidence())] == [
        ("ambient", "calm"),
        ("ambient", "dramatic"),
        ("piano", "dramatic"),
    ]
    assert mine.forget("instrument", "piano", "calm") == 0
    mine.tell(Told(kind="genre", mood="calm", tag="ambient", liked=5, disliked=0), NOW)
    assert mine.evidence().told[0].liked == 5
    assert mine.forget_all() > 0
    assert learned(mine.evidence()) == ()
    assert len(mine.likings([FINISHED])[FINISHED]) == 3
    mine.add_liking(FINISHED, liking(1), NOW)  # said anew, it counts anew
    assert len(learned(mine.evidence())) == 2
    library.close()


def test_what_is_set_by_hand_is_all_or_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(old)
    library.listener.add_liking(FINISHED, liking(0), NOW)
    before = library.listener.evidence()
    write = library._db.write

    def full(sql: str, values: tuple[object, ...] = ()) -> int:
        if "INTO told" in sql:
            raise sqlite3.OperationalError("database or disk is full")
        return write(sql, values)

    monkeypatch.setattr(library._db, "write", full)
    with pytest.raises(MusmedError, match="disk is full"):
        library.listener.tell(
            Told(kind="instrument", mood="calm", tag="piano", liked=5, disliked=0), NOW
        )
    monkeypatch.undo()
    assert library.listener.evidence() == before
    library.close()


def test_what_sqlite_counts_is_what_is_read_one_by_one(old: Path) -> None:
    """With what was forgotten, set by hand, disliked, and can't be read."""
    library = Library(old)
    record = library.listener
    for clip in range(6):
        record.add_liking(FINISHED, liking(clip, liked=clip != 2), NOW)
    record.forget("genre", "ambient")
    for clip in range(6, 9):
        record.add_liking(FINISHED, liking(clip, mood="sad"), NOW)
    record.tell(Told(kind="genre", mood="calm", tag="folk", liked=4, disliked=1), NOW)
    odd = {"clip": -1, "at": -2.0, "mood": "x" * 65, "genre": "", "instrument": "no such thing"}
    for number, (column, value) in enumerate(odd.items()):
        record.add_liking(STOPPED, liking(number), NOW)
        library._db.write(f"UPDATE likings SET {column} = ? WHERE session = ? AND clip = ?",
                          (value, STOPPED, number))  # fmt: skip
    told = learned(record.evidence())
    assert leanings_from(record.more_liked()) == leanings_of(told) is not None
    assert {key: more for key, more in record.more_liked().items() if more} == {
        one.key: one.liked - one.disliked for one in told
    }
    library.close()
