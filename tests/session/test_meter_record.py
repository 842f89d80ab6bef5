"""What a personal meter learns from, and which course was followed, as the library keeps it: from
the schema before, through kills, beside what was heard."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.old_library import old_library

from engine.affect.circumplex import Affect
from engine.errors import MusmedError
from engine.listener.personal_meter import Rated
from engine.listener.ratings import Rating
from engine.session.library.course_record import Begun
from engine.session.library.library import Library
from engine.session.library.meter_record import MOST_CLIPS
from engine.session.library.rated import SOON, rated_music
from engine.session.library.schema import SHAPE
from musmed_tui.rating import keep

OLD = Path(__file__).parent / "library_of_schema_6.sql"
"""As the code before personal meters made it: its SQL, and the rows of two rated sessions."""
FIRST, SECOND = "20261112-183000-7v", "20261115-183000-sw"
NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return old_library(OLD, tmp_path)


def test_a_library_of_the_schema_before_is_read_whole_and_learned_from(old: Path) -> None:
    before = sqlite3.connect(old / "library.sqlite")
    tables = [name for (name,) in before.execute("SELECT name FROM sqlite_master WHERE sql <> ''")]
    rows = {table: before.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    assert before.execute("PRAGMA user_version").fetchone() == (6,)
    assert sorted(tables) == sorted(set(SHAPE) - {"clip_ratings", "course_sessions", "offers"})
    assert all(rows.values())
    before.close()

    library = Library(old)
    assert library.take_remarks() == ()
    assert [len(library.load(one).clips) for one in (FIRST, SECOND)] == [3, 3]
    assert library.meter.clips() == ()
    assert [one.rating for one in rated_music(library)] == [Rating(61, 40), Rating(60, 40)]
    library.meter.rate_clip(Affect(0.25, -0.5), Rating(70, None), NOW)
    assert library.courses.begun() == ()
    library.courses.begin(Begun(FIRST, "Evenings", 3))
    library.close()

    after = sqlite3.connect(old / "library.sqlite")
    for table in tables:
        columns = ", ".join(SHAPE[table][: len(rows[table][0])])
        assert after.execute(f"SELECT {columns} FROM {table}").fetchall() == rows[table]
    after.close()
    library = Library(old)
    assert library.meter.clips() == (Rated(Affect(0.25, -0.5), Rating(70, None)),)
    assert library.courses.begun() == (Begun(FIRST, "Evenings", 3),)
    library.delete(FIRST)
    assert library.courses.begun() == ()
    with pytest.raises(MusmedError, match="There is no session"):
        library.courses.begin(Begun(FIRST, "Evenings", 3))
    library.close()


def test_a_rating_after_is_set_beside_the_last_minute_that_was_heard(old: Path) -> None:
    """Of the second session, eased at 12 s, the clips as they were composed anew."""
    library = Library(old)
    stored = library.load(SECOND)
    newest = {key.index: clip for key, clip in sorted(stored.clips.items())}
    said = [one for clip in newest.values() if clip.record for one in clip.record.readings]
    for heard in (60.0, 41.0):
        within = [one for one in said if one.start >= heard - 60 and one.end <= heard]
        reading = library.meter.read_at_end(SECOND, heard)
        assert reading is not None
        assert reading.valence == pytest.approx(sum(r.valence for r in within) / len(within))
        assert reading.arousal == pytest.approx(sum(r.arousal for r in within) / len(within))
    assert library.meter.read_at_end(SECOND, 0.0) is None
    assert library.meter.read_at_end("20200101-000000-aa", 60.0) is None
    library.close()


@pytest.mark.parametrize(("late", "counts"), [(timedelta(0), True), (SOON, False)])
def test_what_is_rated_much_later_is_no_answer_to_the_music(
    late: timedelta, counts: bool, old: Path
) -> None:
    library = Library(old)
    session = library.load(FIRST)
    given = session.created + timedelta(seconds=session.position, minutes=1) + late
    library.listener.rate(FIRST, "after", Rating(1, 2), given)
    assert (Rating(1, 2) in [one.rating for one in rated_music(library)]) == counts
    library.close()


def test_a_rating_before_and_one_left_out_teach_nothing(old: Path) -> None:
    library = Library(old)
    for session in (FIRST, SECOND):
        library.listener.rate(session, "after", Rating(), NOW, note="only words")
    assert rated_music(library) == ()
    library.close()


def test_what_is_forgotten_counts_no_more_and_stays_with_its_session(old: Path) -> None:
    library = Library(old)
    library.meter.rate_clip(Affect(0.0, 0.0), Rating(1, 2), NOW)
    assert len(rated_music(library)) == 3
    assert library.meter.forget() == 3
    assert rated_music(library) == ()
    assert library.meter.forget() == 0
    assert library.listener.felt([FIRST])[FIRST].after == Rating(60, 40)
    soon = library.load(FIRST).created + timedelta(minutes=2)
    library.listener.rate(FIRST, "after", Rating(9, 9), soon)  # said anew, it counts anew
    assert [one.rating for one in rated_music(library)] == [Rating(9, 9)]
    library.close()


def test_a_note_that_is_written_later_changes_nothing_of_it(old: Path) -> None:
    """Neither when it was rated, nor that it was forgotten."""
    library = Library(old)
    before, felt = rated_music(library), library.listener.felt([FIRST])[FIRST]
    keep(library, FIRST, note="Thought of again")
    after = library.listener.felt([FIRST])[FIRST]
    assert (after.note, after.after, after.after_at) == (
        "Thought of again",
        felt.after,
        felt.after_at,
    )
    assert rated_music(library) == before
    library.meter.forget()
    keep(library, FIRST, note="")
    assert library.listener.felt([FIRST])[FIRST].note == ""
    assert rated_music(library) == ()
    library.close()


def test_with_a_deleted_session_its_rating_is_forgotten(old: Path) -> None:
    library = Library(old)
    library.delete(FIRST)
    assert [one.rating for one in rated_music(library)] == [Rating(61, 40)]
    library.close()


def test_the_newest_answers_count_and_odd_ones_do_not(old: Path) -> None:
    library = Library(old)
    for number in range(MOST_CLIPS + 5):
        when = NOW + timedelta(seconds=number)
        library.meter.rate_clip(Affect(0.0, 0.0), Rating(number % 101, None), when)
    found = library.meter.clips()
    assert len(found) == MOST_CLIPS
    assert found[0].rating.valence == (MOST_CLIPS + 4) % 101
    library.meter.forget()
    odd = (("'x'", "0", "5"), ("0", "NULL", "5"), ("2.0", "0", "5"), ("0", "0", "'x'"))
    db = library._db
    db.execute("DROP TABLE clip_ratings")
    db.execute("CREATE TABLE clip_ratings (given, read_valence, read_arousal, valence, arousal)")
    for number, (valence, arousal, rating) in enumerate(odd):
        values = f"'{number}', {valence}, {arousal}, {rating}, NULL"
        db.execute(f"INSERT INTO clip_ratings VALUES ({values})")
    db.execute("INSERT INTO clip_ratings VALUES (NULL, 0.5, 0, 5, 500)")
    assert library.meter.clips() == (Rated(Affect(0.5, 0.0), Rating(5, None)),)
    library.close()


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from engine.affect.circumplex import Affect
from engine.listener.ratings import Rating
from engine.session.library.library import Library

library = Library(Path(sys.argv[1]))
for number in range(100_000):
    place = (number % 101) / 101
    rating = Rating(number % 101, number % 101)
    library.meter.rate_clip(Affect(place, place), rating, datetime.now(UTC))
    print(number, flush=True)
"""


def test_a_killed_writer_leaves_whole_answers(old: Path) -> None:
    dice = random.Random(7)
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(old)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            for _ in range(dice.randrange(2, 60)):
                writer.stdout.readline()
            writer.kill()
            told = [line for line in writer.stdout.readlines() if line.endswith("\n")]
        library = Library(old)
        assert library.take_remarks() == ()
        found = library.meter.clips()
        assert found
        for one in found:
            assert one.rating.valence == one.rating.arousal
            assert one.reading == Affect((one.rating.valence or 0) / 101, one.reading.valence)
        if told:
            assert len(found) > int(told[-1])
        library.meter.forget()
        library.close()
