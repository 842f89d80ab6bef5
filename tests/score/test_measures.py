"""The score's measuring tools on music whose values are known, and the composer by them."""

from __future__ import annotations

import importlib.util
import itertools
import math
from pathlib import Path as FilePath

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE
from engine.composers.score.parts.bar_record import bar_record
from engine.composers.score.parts.touch import Note
from engine.composers.score.writing.harmony import NONE, chord_name
from engine.errors import MusmedError
from engine.evaluation import variety
from engine.evaluation.composed import SOLO_PIANO, as_piece, compose_bars, still
from engine.evaluation.notes import Piece, ScoreBar, ScoreNote, cut, read_midi, skyline, windows
from engine.evaluation.score_features import score_features

ROOT = FilePath(__file__).resolve().parents[2]
VGMIDI = ROOT.parent / "shared" / "data" / "vgmidi"
AFFECTS = [Affect(-0.7, 0.6), Affect(-0.4, -0.5), Affect(0.1, 0.0), Affect(0.7, 0.6)]


def piece(pitches: list[int], length: float = 1.0, bars: int = 0) -> Piece:
    """One note a beat at 60 BPM."""
    notes = tuple(ScoreNote(i, i + length, p, i, i + length) for i, p in enumerate(pitches))
    count = bars or len(pitches) // 4
    grid = tuple(ScoreBar(4 * i, 4.0, 4 * i, 4 * i + 4) for i in range(count))
    return Piece(notes, grid)


def test_features_of_a_scale() -> None:
    scale = piece([60, 62, 64, 65, 67, 69, 71, 72])
    values = score_features(scale, 8.0)
    expected = -6 / 8 * math.log2(1 / 8) - 2 / 8 * math.log2(2 / 8)
    assert values["pitch-class entropy"] == pytest.approx(expected)
    assert values["scale consistency"] == 1.0
    assert values["polyphony"] == 1.0
    assert values["empty-beat rate"] == 0.0
    assert values["groove consistency"] == 1.0
    assert values["note density"] == 1.0
    assert values["mean melodic interval"] == pytest.approx(12 / 7)


def test_features_see_chromatics_rests_and_changes_of_rhythm() -> None:
    assert score_features(piece(list(range(60, 72))), 12.0)["scale consistency"] == 7 / 12
    assert score_features(piece([60, 62], bars=1), 4.0)["empty-beat rate"] == 0.5
    a = piece([60] * 4, bars=2)
    assert score_features(a, 8.0)["groove consistency"] == 1 - 4 / 16
    chord = tuple(ScoreNote(0, 4, p, 0, 4) for p in (60, 64, 67))
    assert score_features(Piece(chord, a.bars[:1]), 4.0)["polyphony"] == 3.0


def test_the_skyline_is_what_is_on_top() -> None:
    melody = [ScoreNote(i, i + 1, 72 + i, i, i + 1) for i in range(4)]
    under = [ScoreNote(i + 0.5, i + 1, 60, i + 0.5, i + 1) for i in range(4)]
    assert skyline(sorted([*melody, *under])) == melody


def test_windows_are_whole_and_cut_what_sticks_out() -> None:
    long = piece([60 + i % 5 for i in range(40)], length=3.0)
    parts = windows(long, 10.0, 2)
    assert len(parts) == 2
    assert all(0 < note.end_s - note.onset_s <= 3.0 for part in parts for note in part.notes)
    assert max(note.end_s for note in parts[0].notes) == 10.0
    assert len(cut(long, 0.0, 10.0).bars) == 2


def test_midi_is_read_in_its_own_time(tmp_path: FilePath) -> None:
    midi = mido.MidiFile(ticks_per_beat=96)
    track = mido.MidiTrack()
    midi.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=1_000_000))
    track.append(mido.MetaMessage("time_signature", numerator=3, denominator=4))
    for pitch in (60, 64, 67, 72):
        track.append(mido.Message("note_on", note=pitch, velocity=60))
        track.append(mido.Message("note_on", channel=9, note=40, velocity=60))
        track.append(mido.Message("note_off", note=pitch, time=96))
    midi.save(tmp_path / "a.mid")
    made = read_midi(tmp_path / "a.mid")
    assert [note.pitch for note in made.notes] == [60, 64, 67, 72]
    assert [note.onset_s for note in made.notes] == [0.0, 1.0, 2.0, 3.0]
    assert [bar.length for bar in made.bars] == [3.0, 3.0]
    (tmp_path / "b.mid").write_bytes(b"no midi")
    with pytest.raises(MusmedError, match=r"b\.mid"):
        read_midi(tmp_path / "b.mid")


shapes = st.lists(st.tuples(st.integers(0, 60), st.integers(48, 84)), min_size=1, max_size=12).map(
    lambda pairs: np.array(sorted(set(pairs)), np.int64)
)


@given(shapes, shapes, st.integers(-20, 20))
def test_similarity_is_symmetric_bounded_and_knows_transpositions(
    a: variety.Points, b: variety.Points, shift: int
) -> None:
    assert variety.similarity(a, a + np.array([0, shift])) == 1.0
    assert variety.similarity(a, b) == variety.similarity(b, a)
    assert 0.0 <= variety.similarity(a, b) <= 1.0


@given(st.lists(st.integers(0, 2), max_size=24))
def test_the_longest_repeat_is_the_longest(tokens: list[int]) -> None:
    best = 0
    for i, j in itertools.combinations(range(len(tokens)), 2):
        size = 0
        while j + size < len(tokens) and i + size < j and tokens[i + size] == tokens[j + size]:
            size += 1
        best = max(best, size)
    count, at, again = variety.longest_repeat(tokens)
    assert count == best
    assert tokens[at : at + count] == tokens[again : again + count]


@pytest.mark.parametrize("affect", AFFECTS)
def test_voices_are_led(affect: Affect) -> None:
    """Four voices in range, moving little; sevenths and suspensions fall; outer voices run in
    parallel fifths or octaves almost never; the bass moves mostly by small steps."""
    chords = [h for bar in compose_bars(still(affect), 400.0, 3) for h in bar.harmony]
    motion, parallels, falling, held = [], 0, 0, 0
    for one, two in itertools.pairwise(chords):
        motion.append(np.mean([abs(q - p) for p, q in zip(one.voicing, two.voicing, strict=True)]))
        outer = (one.voicing[3] - one.bass) % 12, (two.voicing[3] - two.bass) % 12
        moved = one.bass != two.bass and one.voicing[3] != two.voicing[3]
        parallels += moved and outer[0] == outer[1] and outer[0] in (0, 7)
        for p, q in zip(one.voicing, two.voicing, strict=True):
            if one.chord.falls != NONE and p % 12 == one.chord.falls:
                held += 1
                falling += q - p in (0, -1, -2)
    assert all(h.voicing[0] >= 49 and h.voicing[3] <= 74 for h in chords)
    assert all(list(h.voicing) == sorted(set(h.voicing)) for h in chords)
    assert np.mean(motion) <= 2.6
    assert parallels <= 0.02 * len(chords)
    assert falling >= 0.8 * held
    bass = [abs(q.bass - p.bass) for p, q in itertools.pairwise(chords)]
    assert np.mean(np.array(bass) <= 5) >= 0.8
    assert any(h.bass % 12 != h.chord.pcs[0] for h in chords), "inversions"
    assert all("?" not in chord_name(h) for h in chords)


def test_tension_is_heard_in_the_harmony() -> None:
    """More chords that want to move on, the darker and the more aroused."""

    def pull(affect: Affect) -> float:
        chords = [
            h
            for seed in range(3)
            for b in compose_bars(still(affect), 300.0, seed)
            for h in b.harmony
        ]
        return float(np.mean([h.chord.falls != NONE for h in chords]))

    values = [pull(Affect(v, v * -0.5)) for v in (0.9, 0.3, -0.3, -0.9)]
    assert values == sorted(values)
    assert values[-1] >= values[0] + 0.25


def test_a_session_does_not_repeat_itself_bar_for_bar() -> None:
    path = still(Affect(0.2, 0.1))
    whole = as_piece(compose_bars(path, 600.0, 1), path, SOLO_PIANO)
    assert variety.longest_bar_repeat(whole) <= 2
    assert 0.1 <= variety.nearest_phrase_similarity(whole) <= 0.89
    table = variety.self_similarity(whole)
    assert table.shape == (len(whole.bars),) * 2
    assert np.allclose(np.diag(table), 1.0)


def test_a_bars_record_is_what_its_notes_are() -> None:
    path = still(Affect(0.2, 0.1))
    bar = next(b for b in compose_bars(path, 60.0, 1) if b.plan.whose)
    common = {
        "instrument": "piano",
        "gain": 1.3,
        "brightness": 0.5,
        "pan": 0.0,
        "send": 0.0,
        "entry": 0,
    }
    notes = [
        Note(onset=bar.start, part=part, pitch=pitch, gate=bar.beat, **common)
        for part, pitch in (("lead", 72), ("bass", 48), ("drums", 3))
    ]
    made = bar_record(bar, notes)
    assert made.start == pytest.approx(bar.start / SAMPLE_RATE, abs=1e-3)
    assert made.note_density == pytest.approx(2 * 4 / bar.metre.slots, abs=1e-3)
    assert (made.mean_pitch, made.mean_duration) == (60.0, 1.0)
    assert made.mean_velocity == 127.0
    assert made.instruments == ("piano",)
    assert len(made.chords) == len(bar.harmony)
    assert made.asked["tempo"] == pytest.approx(bar.tempo, abs=1e-3)
    assert bar_record(bar, []).mean_pitch is None


@pytest.mark.skipif(not VGMIDI.is_dir(), reason="needs ../shared/data/vgmidi")
def test_the_score_lies_within_what_people_write() -> None:
    found = importlib.util.spec_from_file_location(
        "score_range", ROOT / "tests" / "bench" / "score_range.py"
    )
    assert found is not None
    assert found.loader is not None
    bench = importlib.util.module_from_spec(found)
    found.loader.exec_module(bench)
    ranges, valence, arousal, _ = bench.human_range()
    shares = bench.share_inside(bench.our_clips(valence, arousal, 1), ranges)
    assert min(shares.values()) >= 0.9, shares
