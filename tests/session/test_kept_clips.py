"""How much of its clips a session holds, however long it is, and that nothing is missed of the
rest."""

from __future__ import annotations

import gc
import logging
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.card import Card, SteppedFile
from support.waiting import session_end, wait_for_session
from support.world import RECORD, REQUEST, continuation_of, started

from engine.affect.circumplex import Affect
from engine.clip_record import ClipRecord
from engine.composers.base import BarRecord, Marks
from engine.composers.clip_notes import ClipNotes, PlayedNote, Voice, packed
from engine.errors import MusmedError
from engine.plan.planner import make_plan
from engine.plan.spec import ClipKey, ClipSpec
from engine.record_in_short import in_short
from engine.session import kept_clips
from engine.session.conductor.clip_state import ClipState
from engine.session.conductor.messages import BEGINS_AFRESH
from engine.session.engine_supervisor import EngineSupervisor
from engine.session.kept_clips import KeptClips
from engine.session.library.library import Library
from engine.session.near_score import AGAIN_SECONDS, NearScore
from engine.session.preparation import prepare
from engine.session.runner import SessionRunner
from engine.session.status import played_tags
from engine.session.stretches import sections, stretches

FAST = 8.0
PLAN = make_plan(REQUEST)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "library")
    yield opened
    opened.close()


def record_of(spec: ClipSpec) -> ClipRecord:
    """What an engine tells of a clip: a bar every two seconds, and notes in it."""
    bars = tuple(
        BarRecord(
            start=spec.start + 2.0 * n,
            time_signature="4/4",
            chords=("Am", "F"),
            instruments=("piano", "cello"),
            note_density=2.0,
            mean_pitch=60.0,
            mean_velocity=70.0,
            mean_duration=0.5,
            instrument=("piano", "harp")[n // 8],
            genre="ambient",
            key="A minor",
            section=1 + spec.index // 2,
            asked={"tempo": 60.0, "density": 2.0},
        )
        for n in range(15)
    )
    voice = Voice("lead", "piano")
    notes = packed(PlayedNote(2.0 * n, 1.0, 60 + n, voice, n) for n in range(15))
    return msgspec.structs.replace(RECORD, composer="embedded", bars=bars, notes=notes)


def kept_in(library: Library, specs: tuple[ClipSpec, ...]) -> tuple[str, KeptClips]:
    """A session of ``REQUEST`` with these clips, and what a session that has begun and composed
    them holds of them."""
    now = datetime(2026, 11, 30, tzinfo=UTC)
    session = library.create(REQUEST, "fake", 1, None, now)
    kept = KeptClips(library, session, REQUEST)
    for spec in specs:
        record, state = record_of(spec), repr(spec.key).encode()
        start, frames = round(48_000 * spec.start), round(48_000 * spec.duration)
        library.save_clip(session, spec, start, frames, False, state, record, Marks())
        kept.keep(spec.key, state, record)
    return session, kept


def test_the_newest_are_held_and_the_library_has_the_others(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_clips, "NEWEST", 3)
    _, kept = kept_in(library, PLAN.clips)
    assert len(kept) == 3 < len(PLAN.clips)
    for spec in (*PLAN.clips, *reversed(PLAN.clips)):
        assert kept.continuation(spec.key) == repr(spec.key).encode()
        assert kept.record(spec.key) == record_of(spec)
        assert len(kept) == 3


def test_a_clip_that_is_composed_anew_is_another(library: Library) -> None:
    session, kept = kept_in(library, PLAN.clips[:2])
    spec = PLAN.clips[1]
    library.remove_clip(session, spec.key)
    kept.forget(spec.key)
    assert kept.continuation(spec.key) is None
    assert kept.record(spec.key) is None
    library.save_clip(session, spec, 1_080_000, 1_440_000, False, b"new", None, Marks())
    kept.keep(spec.key, b"new", None)
    assert (kept.continuation(spec.key), kept.record(spec.key)) == (b"new", None)


def test_what_was_read_while_the_clip_was_replaced_is_not_kept(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The screen reads while the session's thread composes the same clip anew."""
    session, _ = kept_in(library, PLAN.clips[:1])
    kept, spec, read = KeptClips(library, session, REQUEST), PLAN.clips[0], library.clip

    def replaced_meanwhile(*asked: Any) -> Any:
        row = read(*asked)
        kept.forget(spec.key)
        kept.keep(spec.key, b"new", None)
        return row

    monkeypatch.setattr(library, "clip", replaced_meanwhile)
    assert kept.continuation(spec.key) == repr(spec.key).encode()
    assert kept.continuation(spec.key) == b"new"


def test_a_library_that_can_not_be_read_has_none(
    library: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    session, _ = kept_in(library, PLAN.clips[:1])
    kept = KeptClips(library, session, REQUEST)

    def gone(*_: object) -> None:
        raise MusmedError("The disk is gone.")

    monkeypatch.setattr(library, "clip", gone)
    with caplog.at_level(logging.WARNING):
        assert kept.continuation(PLAN.clips[0].key) is None
    assert "The disk is gone." in caplog.text


def test_one_clip_of_a_session_is_read_alone(library: Library) -> None:
    session, _ = kept_in(library, PLAN.clips)
    for key, row in library.load(session).clips.items():
        assert library.clip(session, key, REQUEST) == row
    assert library.clip(session, ClipKey(0, 1), REQUEST) is None
    assert library.clip("20200101-000000-aa", ClipKey(0, 0), REQUEST) is None
    library._db.execute("UPDATE clips SET spec = 7 WHERE number = 0")
    assert library.clip(session, ClipKey(0, 0), REQUEST) is None
    assert library.clip(session, ClipKey(1, 0), REQUEST) is not None


def test_in_short_is_all_that_is_shown_of_a_clip() -> None:
    """Who plays, and where sections begin, as of the whole record; each name there once."""
    whole = {spec.index: record_of(spec) for spec in PLAN.clips}
    short = {index: in_short(record) for index, record in whole.items()}
    assert list(stretches(PLAN.clips, short)) == list(stretches(PLAN.clips, whole))
    assert list(sections(PLAN.clips, short)) == list(sections(PLAN.clips, whole))
    for spec in PLAN.clips:
        for at in (spec.start, spec.start + 15.9, spec.start + 16.0, spec.end):
            now = played_tags(spec.tags, short[spec.index], at)
            assert now == played_tags(spec.tags, whole[spec.index], at)
        one, other = short[spec.index], whole[spec.index]
        assert (one.loudness, one.levels, one.readings) == (-23.0, other.levels, other.readings)
    decoded = msgspec.json.decode(msgspec.json.encode(whole[0]), type=ClipRecord)
    assert in_short(decoded).bars[0].instrument is short[1].bars[1].instrument


def test_a_conductor_holds_no_record_and_no_continuation() -> None:
    world = started(record=record_of(PLAN.clips[0]))
    world.run(250.0)
    held = reached(world.conductor)
    assert not [one for one in held if isinstance(one, ClipRecord | BarRecord | ClipNotes)]
    states = {continuation_of(key) for key in world.finished}
    assert not [one for one in held if isinstance(one, bytes) and one in states]
    assert sum(isinstance(one, ClipState) for one in held) == len(world.conductor.plan.clips)


def reached(root: object) -> list[object]:
    """All that ``root`` holds, but for classes and modules."""
    seen: dict[int, object] = {}
    waiting = [root]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type) or type(one).__name__ in ("module", "function"):
            continue
        seen[id(one)] = one
        waiting += gc.get_referents(one)
    return list(seen.values())


def test_the_score_reads_the_clips_that_are_near_alone(library: Library) -> None:
    session, _ = kept_in(library, PLAN.clips)
    asked: list[ClipKey] = []
    kept = KeptClips(library, session, REQUEST)
    whole = kept.record
    kept.record = lambda key: asked.append(key) or whole(key)  # type: ignore[method-assign, func-returns-value]
    clips = [clip_state(spec) for spec in PLAN.clips]
    score = NearScore(kept)
    told = score.at(10.0, clips)
    assert {key.index for key in asked} == {0, 1, 2, 3, 4}, "up to 100 s"
    assert told.bars[0].chords == ("Am", "F")
    assert score.at(12.0, clips) is told
    assert len(asked) == 5
    later = score.at(200.0, clips)
    assert later.notes[0].onset >= 90.0
    assert score.at(10.0, clips) == told


def test_a_clip_that_is_over_and_not_yet_kept_is_in_the_score_soon(library: Library) -> None:
    """Whoever looks may come between the two."""
    clips = [clip_state(spec) for spec in PLAN.clips[:2]]
    session, kept = kept_in(library, PLAN.clips[:1])
    score = NearScore(kept)
    told = score.at(10.0, clips)
    assert told.notes[-1].onset < PLAN.clips[0].end
    spec = PLAN.clips[1]
    library.save_clip(session, spec, 1_080_000, 1_440_000, False, b"", record_of(spec), Marks())
    kept.keep(spec.key, b"", record_of(spec))
    whole = score.at(10.0 + AGAIN_SECONDS, clips)
    assert whole == NearScore(kept).at(10.0, clips) != told
    assert score.at(20.0, clips) is whole


def clip_state(spec: ClipSpec) -> ClipState:
    start, frames = round(48_000 * spec.start), round(48_000 * spec.duration)
    record = record_of(spec)
    return ClipState.kept(spec, start=start, frames=frames, cut=False, marks=Marks(), record=record)


# through the real session


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> dict[ClipKey, bytes]:
    """What each clip was composed from."""
    told: dict[ClipKey, bytes] = {}
    real = EngineSupervisor.compose

    def compose(self: EngineSupervisor, spec: ClipSpec, continuation: bytes) -> None:
        told[spec.key] = continuation
        real(self, spec, continuation)

    monkeypatch.setattr(EngineSupervisor, "compose", compose)
    return told


@pytest.fixture
def make(
    quick_engine: None, library: Library, tmp_path: Path
) -> Iterator[Callable[..., SessionRunner]]:
    made: list[SessionRunner] = []

    def runner(**wanted: object) -> SessionRunner:
        wanted = {"sink": Card(FAST)} | wanted
        log = tmp_path / "engine.log"
        one = prepare(REQUEST, library=library, log_file=log, **wanted)  # type: ignore[arg-type]
        made.append(one)
        return one

    yield runner
    for one in made:
        one.close()


def composed(runner: SessionRunner) -> None:
    runner.start()
    wait_for_session(runner, lambda: all(c.phase == "ready" for c in runner.status().clips))
    runner.pause(True)


def test_who_goes_back_composes_from_what_lies_there(
    make: Callable[..., SessionRunner],
    sent: dict[ClipKey, bytes],
    library: Library,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept_clips, "NEWEST", 2)
    runner = make()
    composed(runner)
    assert len(runner._kept_clips) == 2
    before = library.load(runner.session).clips
    for index in range(1, len(before)):
        assert sent[ClipKey(index, 0)] == before[ClipKey(index - 1, 0)].continuation
    runner.seek(1.0)
    runner.steer(Affect(0.5, 0.5))
    wait_for_session(runner, lambda: len(runner.status().events) == 1)
    (spliced,) = (key for key in sent if key.revision == 1 and key.index == 0)
    assert sent[spliced] == before[ClipKey(0, 0)].continuation
    assert runner.finished_clips()[0].record == before[ClipKey(0, 0)].record
    assert len(runner._kept_clips) <= 2


def test_behind_a_slow_disk_few_clips_wait_to_be_passed(
    make: Callable[..., SessionRunner], tmp_path: Path
) -> None:
    sink = SteppedFile(tmp_path / "slow.wav", until=20.0)
    runner = make(sink=sink, passing=True)
    runner.start()
    state, held = runner._conductor._state, runner._executor.store._held

    def stands() -> bool:
        return len(held) > 1 and state.ready and state.composing is None

    wait_for_session(runner, stands)
    assert len(held) <= 4 < len(PLAN.clips) - 1
    sink.until = math.inf
    session_end(runner)
    assert runner.status().failure is None
    assert runner.playback.state().heard == PLAN.total


def test_a_session_that_goes_on_holds_no_more_of_what_is_kept(
    make: Callable[..., SessionRunner], library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_clips, "NEWEST", 2)
    first = make()
    composed(first)
    first.close()
    again = make(resume=library.load(first.session))
    again.start()
    wait_for_session(again, lambda: again.status().playback.heard > 1.0)
    held = reached(again)
    assert sum(isinstance(one, ClipState) for one in held) == len(PLAN.clips)
    assert sum(isinstance(one, ClipRecord) for one in held) <= 2


def test_what_can_not_be_read_any_more_is_composed_without_and_said(
    make: Callable[..., SessionRunner],
    sent: dict[ClipKey, bytes],
    library: Library,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept_clips, "NEWEST", 2)
    runner = make()
    composed(runner)
    with library._db.lock:
        library._db.execute("UPDATE clips SET continuation = 7 WHERE number = 0")
    runner.seek(1.0)
    runner.steer(Affect(0.5, 0.5))
    wait_for_session(runner, lambda: len(runner.status().events) == 1)
    assert sent[ClipKey(0, 1)] == b""
    assert BEGINS_AFRESH in [one.text for one in runner.take_notices()]


def test_what_is_free_is_given_back_with_each_clip_of_a_session_that_is_listened_to(
    make: Callable[..., SessionRunner], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []
    monkeypatch.setattr("engine.session.executor.give_back_free", lambda: given.append(1))
    runner = make(sink=Card(FAST))
    runner.start()
    session_end(runner)
    assert len(given) == len(runner.finished_clips())
