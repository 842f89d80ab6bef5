"""The notes that travel with clips are the session's score, steered and gone on with too."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.waiting import session_end

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.clip_record import ClipRecord
from engine.composers.clip_notes import MOST_NOTES, ClipNotes, PlayedNote, Voice, packed
from engine.composers.score.composer import EmbeddedComposer
from engine.composers.score.session_score import session_score
from engine.plan.events import Ease, Event, Skip, Steer
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.playback.sinks.file import FileSink
from engine.session.heard_notes import HeardScore, ScoredClip, heard_score
from engine.session.library.library import Library
from engine.session.preparation import prepare
from engine.session.runner import SessionRunner

SPOKEN = Request(start=Affect(-0.4, 0.7), target=Affect(0.6, 0.5), minutes=2, seed=5)
RECORD = ClipRecord(
    composer="embedded",
    version=EmbeddedComposer.version,
    loudness=None,
    true_peak=None,
    gating="off",
    seconds=1.0,
    speed=1.0,
)


def composed(events: tuple[Event, ...]) -> list[ScoredClip]:
    """The session's clips as an engine tells of them, those a splice took over from included."""
    composer = EmbeddedComposer()
    made: list[tuple[ScoredClip, bytes]] = []
    for number in range(len(events) + 1):
        plan = make_plan(SPOKEN, events[:number])
        for spec in plan.clips[plan.first_changed if number else 0 :]:
            splice = number > 0 and spec.index == plan.first_changed
            while made and made[-1][0].number >= spec.index + (1 if splice else 0):
                made.pop()
            clip = composer.compose(spec, made[-1][1] if made else None, lambda: False)
            clip._feed.until(frames_of(spec.end))  # as far as sounding it would have come
            record = msgspec.structs.replace(RECORD, bars=clip.bars(), notes=clip.notes())
            start = clip.start_frame / SAMPLE_RATE
            made.append((ScoredClip(spec.index, start, record), clip.state()))
    return [clip for clip, _ in made]


EVENTS = {
    "as planned": (),
    "steered": (Steer(31.0, Affect(-0.5, -0.6)),),
    "eased, then steered": (Ease(20.0), Steer(52.0, Affect(0.2, 0.8))),
    "anew": (Skip(40.0),),
}


@pytest.mark.parametrize("events", EVENTS.values(), ids=EVENTS)
def test_the_notes_that_travel_are_the_sessions_score(events: tuple[Event, ...]) -> None:
    """And so its MIDI file, which is written from that."""
    told, score = heard_score(composed(events)), session_score(SPOKEN, events)
    assert len(told.notes) == len(score.notes) > 1_000
    expected = sorted((n.onset / SAMPLE_RATE, n.pitch, n.part, n.instrument) for n in score.notes)
    by_pitch = sorted(told.notes, key=lambda n: (n.part, n.instrument, n.pitch, n.onset))
    expected.sort(key=lambda n: (n[2], n[3], n[1], n[0]))
    for note, (onset, pitch, part, instrument) in zip(by_pitch, expected, strict=True):
        assert (note.pitch, note.part, note.instrument) == (pitch, part, instrument)
        assert abs(note.onset - onset) <= 0.0011
    assert [b.start for b in told.bars] == pytest.approx(
        [b.start / SAMPLE_RATE for b in score.bars], abs=1e-3
    )
    assert all(bar.key and bar.section for bar in told.bars)


def test_a_real_session_tells_its_score_while_it_plays_and_when_it_goes_on(tmp_path: Path) -> None:
    """From the engine's records, and after that from those that the library kept."""
    request = msgspec.structs.replace(SPOKEN, minutes=1)
    library, log = Library(tmp_path / "library"), tmp_path / "log"
    runner = prepare(request, library=library, sink=FileSink(tmp_path / "one.wav"), log_file=log)
    runner.start()
    session_end(runner)
    told, levels = runner.score(), levels_of(runner)
    assert [len(one) for one in levels] == [30, 30, 15], "a byte a second"
    runner.close()
    stored = msgspec.structs.replace(library.load(runner.session), position=0.0)
    sink = FileSink(tmp_path / "two.wav")
    again = prepare(request, library=library, sink=sink, log_file=log, resume=stored)
    assert again.score() == told
    assert levels_of(again) == levels
    again.close()
    library.close()
    expected = [(n.pitch, n.part, n.instrument) for n in session_score(request).notes]
    assert sorted((n.pitch, n.part, n.instrument) for n in told.notes) == sorted(expected)
    assert len(expected) > 500


def levels_of(runner: SessionRunner) -> list[bytes]:
    return [view.record.levels for view in runner.status().clips if view.record is not None]


def test_of_nothing_composed_there_is_no_score() -> None:
    assert heard_score(()) == HeardScore()


def test_notes_that_can_not_be_read_are_a_hole() -> None:
    broken = ClipNotes((), b"1234567")
    clips = composed(())
    clips[1] = clips[1]._replace(record=msgspec.structs.replace(clips[1].record, notes=broken))
    told: HeardScore = heard_score(clips)
    assert told.notes
    assert not [n for n in told.notes if 32.0 < n.onset < 44.0]


notes = st.builds(
    PlayedNote,
    st.floats(0.0, 40.0),
    st.floats(0.01, 60.0),
    st.integers(0, 127),
    st.builds(Voice, st.sampled_from(["lead", "bass", "drums"]), st.sampled_from(["piano", "kit"])),
    st.integers(0, 255),
)


@given(st.lists(notes, max_size=40))
def test_what_is_packed_comes_back_to_the_thousandth(given_notes: list[PlayedNote]) -> None:
    again = packed(given_notes).unpacked()
    assert len(again) == len(given_notes)
    for one, other in zip(sorted(given_notes, key=lambda n: n.onset), again, strict=True):
        assert abs(one.onset - other.onset) <= 0.00051
        assert abs(one.length - other.length) <= 0.00051
        assert one[2:] == other[2:]


def test_there_is_a_limit() -> None:
    voice = Voice("lead", "piano")
    many = packed(PlayedNote(0.0, 1.0, 60, voice, 0) for _ in range(2 * MOST_NOTES))
    assert len(many.unpacked()) == MOST_NOTES
    assert msgspec.json.decode(msgspec.json.encode(many), type=ClipNotes) == many
