"""The library keeps what it is given, and says plainly what is wrong."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from engine.affect.circumplex import Affect
from engine.clip_levels import MOST_SECONDS
from engine.clip_record import ClipRecord
from engine.composers.base import CONTINUATION_LIMIT, Marks
from engine.errors import MusmedError
from engine.plan.events import Ease, Event, Skip, Steer
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipKey, ClipSpec
from engine.session.library.library import Library
from engine.session.library.lock import Hold, held_elsewhere
from engine.session.library.records import ClipRow, NoticeRow
from engine.session.library.schema import MIGRATIONS

NOW = datetime(2026, 11, 21, 10, 15, 0, tzinfo=UTC)
REQUEST = Request(
    start=Affect(-0.4, 0.6), target=Affect(0.6, -0.4), start_word="tense", minutes=3, seed=7
)
RECORD = ClipRecord(
    composer="embedded",
    version=1,
    loudness=-23.1,
    true_peak=-1.5,
    gating="off",
    seconds=1.2,
    speed=25.0,
)
UNKNOWN = "20200101-000000-aa"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = Library(tmp_path / "data" / "musmed")
    yield made
    made.close()


def _create(library: Library, now: datetime = NOW) -> str:
    return library.create(REQUEST, "embedded", 1, {"theme": "dusk"}, now)


def _clip(index: int, *, record: ClipRecord | None = RECORD) -> ClipRow:
    spec: ClipSpec = make_plan(REQUEST).clips[index]
    marks = Marks(bars=(spec.start, spec.start + 2.0), phrases=(spec.start,))
    return ClipRow(spec, round(spec.start * 48_000), 1_440_000, False, b"\x00\xff", record, marks)


def _save(library: Library, session: str, clip: ClipRow) -> None:
    library.save_clip(
        session,
        clip.spec,
        clip.start,
        clip.frames,
        clip.cut,
        clip.continuation,
        clip.record,
        clip.marks,
    )


def test_levels_come_back_and_more_than_a_clip_has_lose_its_record_alone(
    library: Library,
) -> None:
    session = _create(library)
    told = msgspec.structs.replace(RECORD, levels=bytes(range(30)))
    _save(library, session, _clip(0, record=told))
    _save(library, session, _clip(1))
    kept = library.load(session).clips
    assert [one.record for one in kept.values()] == [told, RECORD]
    wild = msgspec.json.encode(msgspec.structs.replace(RECORD, levels=bytes(MOST_SECONDS + 1)))
    library._db.execute("UPDATE clips SET record = ? WHERE number = 0", (wild.decode(),))
    stored = library.load(session).clips
    assert [one.record for one in stored.values()] == [None, RECORD]


def test_a_session_comes_back_as_it_was_stored(library: Library) -> None:
    session = _create(library)
    events: tuple[Event, ...] = (
        Steer(at=20.0, target=Affect(0.1, 0.2), word="glad"),
        Ease(at=60.5),
        Skip(at=90.0),
    )
    for event in events:
        library.add_event(session, event)
    clips = (_clip(0), _clip(1, record=None))
    for clip in clips:
        _save(library, session, clip)
    library.add_note(session, 12.5, "The engine was started again.")
    library.set_position(session, 33.25)
    library.set_composer_version(session, 4)
    library.set_state(session, "interrupted")
    library.close()

    stored = Library(library.folder).load(session)
    assert stored.request == REQUEST
    assert stored.created == NOW
    assert (stored.composer, stored.composer_version) == ("embedded", 4)
    assert stored.settings == {"theme": "dusk"}
    assert stored.events == events
    assert stored.clips == {clip.spec.key: clip for clip in clips}
    assert (stored.position, stored.state) == (33.25, "interrupted")
    assert stored.notes == (NoticeRow(12.5, "The engine was started again."),)


def test_a_library_of_the_first_schema_is_read_and_written(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    db = sqlite3.connect(folder / "library.sqlite", isolation_level=None)
    for statement in MIGRATIONS[0].split(";"):
        db.execute(statement)
    db.execute("PRAGMA user_version = 1")
    row = ("20261121-101500-k3", NOW.isoformat(), msgspec.json.encode(REQUEST).decode())
    db.execute(
        "INSERT INTO sessions (id, created, request, composer, composer_version)"
        " VALUES (?, ?, ?, 'embedded', 1)",
        row,
    )
    db.close()
    library = Library(folder)
    assert library.load("20261121-101500-k3").request == REQUEST
    assert library.load("20261121-101500-k3").materials == {}
    session = library.create(REQUEST, "embedded", 1, None, NOW, materials={"a": "12"})
    assert library.load(session).materials == {"a": "12"}
    library.close()


def test_a_clip_saved_again_replaces_itself_and_a_removed_one_is_gone(library: Library) -> None:
    session = _create(library)
    _save(library, session, _clip(0))
    _save(library, session, _clip(0, record=None))
    _save(library, session, _clip(1))
    library.remove_clip(session, ClipKey(1, 0))
    library.remove_clip(session, ClipKey(9, 9))
    assert library.load(session).clips == {ClipKey(0, 0): _clip(0, record=None)}


def test_ids_are_unique_and_the_newest_come_first(library: Library) -> None:
    many = [_create(library) for _ in range(40)]
    later = _create(library, NOW + timedelta(seconds=1))
    assert len(set(many)) == 40
    assert all(session.startswith("20261121-101500-") for session in many)
    assert later > max(many)
    assert [row.id for row in library.sessions(3)] == [later, many[-1], many[-2]]


def test_the_row_of_a_session_says_what_the_list_shows(library: Library) -> None:
    session = _create(library)
    library.set_position(session, 61.0)
    (row,) = library.sessions()
    assert (row.id, row.created, row.request) == (session, NOW, REQUEST)
    assert (row.composer, row.state, row.position) == ("embedded", "running", 61.0)


@pytest.mark.parametrize("jump", [timedelta(days=-20_000), timedelta(days=-3), timedelta(days=900)])
def test_the_newest_is_the_one_that_was_begun_last_whatever_the_clock_said(
    library: Library, jump: timedelta
) -> None:
    """A clock without a battery begins in 1970 or years ahead, and is set right later."""
    begun = [_create(library, NOW + jump * (step % 2)) for step in range(4)]
    for session in begun:
        library.set_state(session, "interrupted")
    assert [row.id for row in library.sessions()] == begun[::-1]
    assert [row.id for row in library.sessions(2, before=begun[2])] == begun[1::-1]
    assert library.latest_unfinished() == begun[-1]
    library.close()
    again = Library(library.folder)
    assert again.latest_unfinished() == begun[-1]
    again.close()


def test_latest_unfinished_passes_over_what_is_ended_or_being_played(library: Library) -> None:
    assert library.latest_unfinished() is None
    first, second, third, fourth = (_create(library, NOW + timedelta(days=d)) for d in range(4))
    for session, state in ((first, "interrupted"), (second, "interrupted"), (third, "finished")):
        library.set_state(session, state)  # type: ignore[arg-type]
    assert library.latest_unfinished() == second  # the fourth is running here
    library.set_state(second, "stopped")
    assert library.latest_unfinished() == second
    library.set_state(second, "finished")
    assert library.latest_unfinished() == first
    library.set_state(fourth, "interrupted")
    assert library.latest_unfinished() == fourth


def test_a_session_is_played_by_one_process_at_a_time(library: Library) -> None:
    session = _create(library)
    other = Library(library.folder)
    with pytest.raises(MusmedError, match="being played by another musmed"):
        other.set_state(session, "running")
    with pytest.raises(MusmedError, match="being played by another musmed"):
        other.delete(session)
    library.close()
    assert other.latest_unfinished() == session
    other.set_state(session, "running")
    other.delete(session)
    other.close()


def test_deleting_takes_rows_and_files(library: Library) -> None:
    session, kept = _create(library), _create(library)
    _save(library, session, _clip(0))
    _save(library, kept, _clip(0))
    (library.clip_folder(session) / "0000-0.flac").write_bytes(b"x")
    library.delete(session)
    assert not library.clip_folder(session).exists()
    assert [row.id for row in library.sessions()] == [kept]
    assert len(library.load(kept).clips) == 1
    with pytest.raises(MusmedError, match="There is no session"):
        library.load(session)


@pytest.mark.parametrize(
    "name", ["", "..", "../../etc", "/etc", "20261121-101500-k3/..", "20261121-101500-k3\n", "x"]
)
def test_what_is_no_id_is_never_a_path(library: Library, name: str) -> None:
    for use in (library.clip_folder, library.load, library.delete):
        with pytest.raises(MusmedError, match="is no session id"):
            use(name)


def test_an_unknown_session_is_said(library: Library) -> None:
    uses = (
        lambda: library.load(UNKNOWN),
        lambda: library.set_position(UNKNOWN, 1.0),
        lambda: library.add_event(UNKNOWN, Ease(at=1.0)),
        lambda: library.add_note(UNKNOWN, 1.0, "x"),
        lambda: _save(library, UNKNOWN, _clip(0)),
    )
    for use in uses:
        with pytest.raises(MusmedError, match=f"There is no session {UNKNOWN}"):
            use()


def test_what_is_too_large_is_not_stored(library: Library) -> None:
    session = _create(library)
    clip = _clip(0)
    with pytest.raises(ValueError, match="continuation"):
        library.save_clip(
            session, clip.spec, 0, 1, False, bytes(CONTINUATION_LIMIT + 1), None, clip.marks
        )
    huge = Marks(bars=tuple(float(i) for i in range(300_000)))
    with pytest.raises(MusmedError, match="too large"):
        library.save_clip(session, clip.spec, 0, 1, False, b"", None, huge)
    library.add_note(session, 0.0, "x" * 10_000)
    assert library.load(session).clips == {}
    assert len(library.load(session).notes[0].text) == 2_000


def test_several_threads_may_write(library: Library) -> None:
    session = _create(library)

    def write(thread: int) -> None:
        for i in range(20):
            library.add_note(session, float(i), f"{thread}")

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(library.load(session).notes) == 80


def _newer(path: Path) -> None:
    Library(path.parent).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")


def test_a_library_of_a_newer_musmed_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    _newer(path)
    before = path.read_bytes()
    with pytest.raises(MusmedError, match="newer musmed; update"):
        Library(tmp_path)
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MusmedError, match=r"can't be written .*choose another data folder"):
        Library(tmp_path / "file" / "musmed")


def test_a_full_disk_is_said_and_loses_nothing(library: Library) -> None:
    session = _create(library)
    _save(library, session, _clip(0))
    pages = library._db.execute("PRAGMA page_count").fetchone()[0]
    library._db.execute(f"PRAGMA max_page_count = {pages + 4}")
    written = 0
    with pytest.raises(MusmedError, match="disk is full; free some space"):  # noqa: PT012
        while written < 100:
            library.add_note(session, float(written), "x" * 2_000)
            written += 1
    library._db.execute("PRAGMA max_page_count = 1000000")
    library.add_note(session, 200.0, "after")
    stored = library.load(session)
    assert stored.clips[ClipKey(0, 0)] == _clip(0)
    assert len(stored.notes) == written + 1
    assert stored.notes[-1].text == "after"


def test_a_library_that_is_read_only_is_said(library: Library) -> None:
    session = _create(library)
    library._db.execute("PRAGMA query_only = ON")
    with pytest.raises(MusmedError, match="can't be written to; make it writable"):
        library.set_position(session, 1.0)


def test_a_row_that_cannot_be_read_is_left_out_of_the_list(library: Library) -> None:
    bad, good = _create(library), _create(library)
    library._db.execute("UPDATE sessions SET request = '{\"seed\": []}' WHERE id = ?", (bad,))
    assert [row.id for row in library.sessions()] == [good]
    with pytest.raises(MusmedError, match="can't be read"):
        library.load(bad)


WRITER = """
import sys
from pathlib import Path
import numpy as np
from datetime import UTC, datetime
from engine.affect.circumplex import Affect
from engine.composers.base import Marks
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.playback.clips import ClipStore
from engine.session.library.library import Library

library = Library(Path(sys.argv[1]))
request = Request(start=Affect(-0.4, 0.6), target=Affect(0.6, -0.4), minutes=60)
session = library.create(request, "embedded", 1, None, datetime.now(UTC))
store = ClipStore(library.clip_folder(session))
noise = np.random.default_rng(1).uniform(-0.5, 0.5, (4800, 2)).astype(np.float32)
for spec in make_plan(request).clips:
    start = round(spec.start * 48000)
    store.begin(spec.key, start, 4 * 4800)
    for _ in range(4):
        store.append(spec.key, noise)
    store.finish(spec.key)
    library.save_clip(session, spec, start, 4 * 4800, False, b"state", None, Marks())
    library.set_position(session, spec.start)
    print(session, spec.index, flush=True)
"""


@pytest.mark.parametrize("after", [1, 3, 8])
def test_killing_the_writer_loses_at_most_the_clip_being_written(
    tmp_path: Path, after: int
) -> None:
    from engine.playback.clips import ClipStore

    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline() for _ in range(after)]
        writer.kill()
        told += writer.stdout.readlines()
    session = told[0].split()[0]
    said = [int(line.split()[1]) for line in told if line.endswith("\n")]

    library = Library(tmp_path)
    assert library.latest_unfinished() == session
    stored = library.load(session)
    indices = sorted(key.index for key in stored.clips)
    assert indices == list(range(len(indices)))
    assert len(indices) - len(said) in (0, 1)
    store = ClipStore(library.clip_folder(session))
    for key, clip in stored.clips.items():
        store.adopt(key, clip.start, clip.frames)
        assert store.get(key).frames == clip.frames == 4 * 4800
    library.set_state(session, "running")
    library.close()


def test_looking_whether_a_session_is_held_takes_it_from_nobody(tmp_path: Path) -> None:
    """Another thread looks all the time; each look takes the lock for a moment."""
    folder = tmp_path / "20261121-101500-k3"
    Hold(folder).release()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            held_elsewhere(folder)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(1_000):
            Hold(folder).release()
    finally:
        over.set()
        for looker in lookers:
            looker.join()
    descriptor = os.open(folder / ".held", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)  # as long as that: it is being read
    with pytest.raises(MusmedError, match="being saved by another musmed"):
        Hold(folder)
    os.close(descriptor)
    Hold(folder).release()
