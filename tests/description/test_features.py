"""The ten features of notes and of sound, where the answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.odd_midi import END, TEMPO, tune, whole

from engine.affect.circumplex import Affect
from engine.clip_levels import packed
from engine.description.affect_of_notes import affect_of_notes, shipped
from engine.description.described import Described, describe_midi, describe_score, describe_sound
from engine.description.features import Figure, as_wanted, figures_of_notes
from engine.description.pulse import RATE, danceability, pulse_of
from engine.description.session import describe_session, loudness_of
from engine.evaluation.notes import Piece, ScoreBar, ScoreNote, piece_of
from engine.midi_file import parse_midi
from engine.plan.request import Request
from engine.plan.wanted import Features

CHORDS = {"I": (0, 4, 7), "IV": (5, 9, 12), "V": (7, 11, 14), "i": (0, 3, 7), "iv": (5, 8, 12)}


def cadence(root: int, degrees: str, *, tempo: float = 90.0, programme: int = 0) -> Piece:
    """A chord a bar of 4/4, struck on every beat, its root below."""
    notes, bars, beat = [], [], 60.0 / tempo
    for number, degree in enumerate(degrees.split()):
        at = 4.0 * number
        bars.append(ScoreBar(at, 4.0, at * beat, (at + 4.0) * beat, "4/4"))
        for step in (CHORDS[degree][0] - 12, *CHORDS[degree]):
            for n in range(4):
                start, end = at + n, at + n + 0.9
                where = start * beat, end * beat
                notes.append(ScoreNote(start, end, 60 + root + step, *where, 80, 0, programme))
    return Piece(tuple(sorted(notes)), tuple(bars))


def value(figures: tuple[Figure, ...], name: str) -> float | str | None:
    return next(figure.value for figure in figures if figure.name == name)


MAJOR, MINOR = "I IV V I I IV V I", "i iv V i i iv V i"


@pytest.mark.parametrize(
    ("root", "degrees", "key", "mode"),
    [(0, MAJOR, "C", "major"), (9, MINOR, "A", "minor"), (6, MAJOR, "F#", "major")],
)
def test_key_mode_tempo_and_chords_are_told(root: int, degrees: str, key: str, mode: str) -> None:
    made = describe_score(cadence(root, degrees, tempo=72.0))
    assert value(made.figures, "key") == key
    assert value(made.figures, "mode") == mode
    assert value(made.figures, "tempo") == 72.0
    assert value(made.figures, "time_signature") == "4/4"
    assert made.description is not None
    first = made.description.bars[0]
    assert first.chords == (f"{key}:{'maj' if mode == 'major' else 'min'}",)
    assert first.note_density == 4.0
    assert first.mean_duration == 0.9
    assert first.mean_velocity == 80.0
    assert first.instruments == ("Acoustic Grand Piano",)
    pitches = [60 + root + step for step in (-12, *CHORDS[degrees.split(maxsplit=1)[0]])]
    assert first.mean_pitch == sum(pitches) / 4


def test_bars_without_notes_at_the_ends_are_left_out() -> None:
    piece = cadence(0, MAJOR)
    later = [n._replace(start=n.start + 8.0, end=n.end + 8.0) for n in piece.notes]
    shifted = [bar._replace(start=bar.start + 8.0) for bar in piece.bars]
    moved = piece._replace(notes=tuple(later), bars=(*piece.bars[:2], *shifted))
    made, there = describe_score(moved).description, describe_score(piece).description
    assert made is not None
    assert made == there


def test_voices_and_electricity() -> None:
    assert value(figures_of_notes(cadence(0, MAJOR), None, ""), "acousticness") == 1.0
    guitar = figures_of_notes(cadence(0, MAJOR, programme=30), None, "")
    assert value(guitar, "acousticness") == 0.0
    assert value(guitar, "instrumentalness") == 1.0
    sung = figures_of_notes(cadence(0, MAJOR, programme=52), None, "")
    assert value(sung, "instrumentalness") == 0.0
    assert value(sung, "acousticness") == 1.0


def test_what_a_file_does_not_name_is_said() -> None:
    bare = describe_score(piece_of(parse_midi(whole(tune(count=40) + END), "a"))).figures
    assert value(bare, "time_signature") is None
    assert value(bare, "tempo") == 120.0
    assert "MIDI's rule" in next(one.said for one in bare if one.name == "tempo")
    assert value(bare, "loudness") is None
    named = describe_score(piece_of(parse_midi(whole(TEMPO + tune() + END), "a"))).figures
    assert "as it is written" in next(one.said for one in named if one.name == "tempo")


def test_more_and_faster_is_more_stirred() -> None:
    """What people said of VGMIDI's pieces is in the weights, and they come with musmed."""
    slow, fast = (affect_of_notes(cadence(0, f"{MAJOR} {MAJOR}", tempo=t)) for t in (50.0, 150.0))
    assert slow is not None
    assert fast is not None
    assert fast.affect.arousal > slow.affect.arousal + 0.2
    minor = affect_of_notes(cadence(0, MINOR))
    major = affect_of_notes(cadence(0, MAJOR))
    assert minor is not None
    assert major is not None
    assert major.affect.valence > minor.affect.valence + 0.05
    model = shipped()
    assert model.r[0] > model.chance[0] + 0.3
    assert model.r[1] > model.chance[1] + 0.3


def test_a_steady_beat_is_found_and_noise_has_none() -> None:
    clicks = np.zeros(30 * RATE)
    clicks[::60] = 1.0
    pulse = pulse_of(clicks)
    assert pulse is not None
    assert pulse.tempo == pytest.approx(100.0, abs=1.0)
    assert pulse.steadiness == 1.0
    noise = pulse_of(np.random.default_rng(0).random(30 * RATE))
    assert noise is not None
    assert danceability(pulse, 100.0) > danceability(noise, 100.0) + 0.2
    assert pulse_of(np.zeros(999)) is None
    assert pulse_of(clicks[: 5 * RATE]) is None


def played(path: Path, piece: Piece, gain: float = 0.2) -> Path:
    """Tones of three partials that die away, stereo at 22,050 Hz."""
    rate = 22_050
    line = np.zeros(int((piece.seconds + 1.0) * rate))
    for note in piece.notes:
        at, length = int(note.onset_s * rate), int((note.end_s - note.onset_s) * rate)
        t = np.arange(length) / rate
        hertz = 440.0 * 2.0 ** ((note.pitch - 69) / 12)
        tone = sum(np.sin(2 * np.pi * k * hertz * t) / k**2 for k in (1, 2, 3))
        line[at : at + length] += 0.25 * tone * np.exp(-3.0 * t)
    line *= gain / np.abs(line).max()
    soundfile.write(path, np.stack([line, line], 1), rate)
    return path


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Described:
    piece = cadence(9, MINOR, tempo=96.0)
    return describe_sound(played(tmp_path_factory.mktemp("sounds") / "a.wav", piece))


def test_of_a_sound_what_can_be_had(sound: Described) -> None:
    assert sound.kind == "sound"
    assert sound.description is None
    assert (value(sound.figures, "key"), value(sound.figures, "mode")) == ("A", "minor")
    tempo = value(sound.figures, "tempo")
    assert tempo == pytest.approx(96.0, abs=2.0)
    for name in ("energy", "valence", "danceability"):
        share = value(sound.figures, name)
        assert isinstance(share, float)
        assert 0.0 <= share <= 1.0
    for name in ("instrumentalness", "acousticness", "time_signature"):
        assert value(sound.figures, name) is None
        assert "a score has it" in next(f.said for f in sound.figures if f.name == name)


def test_loudness_is_libebur128s(tmp_path: Path) -> None:
    from engine.audio.loudness import integrated_lufs

    rng = np.random.default_rng(3)
    audio = 0.1 * rng.standard_normal((9 * 48_000, 2)).astype(np.float32)
    audio[: 3 * 48_000] *= 0.05
    soundfile.write(tmp_path / "a.wav", audio, 48_000, subtype="FLOAT")
    found = value(describe_sound(tmp_path / "a.wav").figures, "loudness")
    assert found == pytest.approx(integrated_lufs(audio), abs=0.15)


def test_what_is_out_of_what_can_be_asked_asks_for_nothing() -> None:
    figures = (
        Figure(name="tempo", value=300.0),
        Figure(name="time_signature", value="7/8"),
        Figure(name="key", value="F#"),
        Figure(name="energy", value=0.4),
        Figure(name="loudness", value=None),
    )
    assert as_wanted(figures) == Features(key="F#", energy=0.4)


def test_a_session_is_what_it_was_written_as() -> None:
    asked = Features(key="E", mode="minor", time_signature="3/4", tempo=80.0)
    request = Request(
        start=Affect(-0.3, -0.3),
        target=Affect(-0.3, -0.3),
        minutes=1.0,
        seed=7,
        composer="embedded",
        features=asked,
    )
    made = describe_session(request)
    told = as_wanted(made.figures)
    assert (told.key, told.mode, told.time_signature) == ("E", "minor", "3/4")
    assert told.tempo == pytest.approx(80.0, abs=2.0)
    assert made.seconds == pytest.approx(60.0, abs=8.0)
    assert made.description is not None
    assert made.description.bars[3].time_signature == "3/4"


def test_the_loudness_of_a_sessions_clips(tmp_path: Path) -> None:
    from engine.clip_record import ClipRecord

    def record(*levels: float) -> ClipRecord:
        return ClipRecord(
            composer="embedded",
            version=1,
            loudness=None,
            true_peak=None,
            gating="off",
            seconds=1.0,
            speed=1.0,
            levels=packed(levels),
        )

    assert loudness_of([record(-20.0, -20.0), None, record(-20.0, -70.0, -45.0)]) == pytest.approx(
        -20.0, abs=0.01
    )
    assert loudness_of([None, record()]) is None


def test_a_midi_file_from_disc(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(whole(TEMPO + tune(count=60) + END))
    assert describe_midi(tmp_path / "a.mid").kind == "score"
