"""The bank of recorded instruments: whole, in tune, steady, coloured, and never in the way."""

from __future__ import annotations

import itertools
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.parts.takes import with_takes
from engine.composers.score.parts.touch import Note
from engine.composers.score.sound import bank, pieces, soundfont
from engine.composers.score.sound.bank import BANK, INDEX, Bank
from engine.composers.score.sound.instruments import INSTRUMENTS, LAYERS, laid_out
from engine.composers.score.sound.soundfont import choose
from engine.composers.score.sound.tables import Table, TableCache, frequency
from engine.composers.score.sound.voices import sound
from engine.composers.synthesis import BUILTIN, Synthesis
from engine.errors import MusmedError

Wave = NDArray[np.float64]
OWN = bank.instruments()
RECORDED = bank.opened().index.instruments
SYNTHESISERS = {"synth", "synth lead", "synth bass"}
PITCHED = sorted(name for name, recorded in RECORDED.items() if recorded.kind != "hit")
LARGEST = 12 * 2**20


def note(name: str, pitch: int, layer: int, seconds: float) -> Wave:
    """(channels, n)."""
    wave = laid_out(OWN[name], OWN[name].fold(pitch), layer, int(seconds * SAMPLE_RATE))
    return np.atleast_2d(wave).astype(np.float64)


def centroid(wave: Wave) -> float:
    power = np.sum(np.abs(np.fft.rfft(wave, axis=-1)) ** 2, axis=0)
    return float(np.sum(power * np.fft.rfftfreq(wave.shape[-1], 1 / SAMPLE_RATE)) / np.sum(power))


def loudness(wave: Wave) -> float:
    return float(10.0 * np.log10(np.mean(wave**2) + 1e-20))


def side_under_mid(wave: Wave) -> float:
    return loudness(wave[:1] + wave[1:]) - loudness(wave[:1] - wave[1:])


# what is in it


def test_it_holds_every_instrument_that_is_a_recording_of_something() -> None:
    assert INSTRUMENTS.keys() - RECORDED.keys() == SYNTHESISERS
    assert BANK.stat().st_size <= LARGEST
    told = (BANK.parent / "LICENSE-FluidR3.txt").read_text()
    assert "Frank Wen" in told
    assert "Permission is hereby granted" in told


@pytest.mark.parametrize("name", PITCHED)
def test_no_note_is_moved_far(name: str) -> None:
    keys = [zone.key for zone in RECORDED[name].zones]
    low, high = INSTRUMENTS[name].low, INSTRUMENTS[name].high
    assert keys == sorted(keys)
    assert keys[0] - low <= 4
    assert high - keys[-1] <= 4
    assert max((b - a for a, b in itertools.pairwise(keys)), default=0) <= 7


def test_it_is_recorded_by_its_fingerprint() -> None:
    assert choose(Synthesis()).identity == f"{BUILTIN} {bank.opened().fingerprint}"
    assert len(bank.opened().fingerprint) == 16


# how it sounds


@given(st.floats(1_500.0, 200_000.0))
def test_a_number_of_frames_that_is_quick_is_in_tune(wanted: float) -> None:
    """Of pieces and loops alike: an octave has 1,200 cents, and some five are heard."""
    assert abs(1200.0 * np.log2(pieces.quick(wanted) / wanted)) <= 2.0


@pytest.mark.parametrize("name", PITCHED)
def test_no_note_takes_a_slow_transform(name: str) -> None:
    for pitch in range(INSTRUMENTS[name].low, INSTRUMENTS[name].high + 1):
        zone, away = bank._zone(RECORDED[name], pitch, again=False)
        stretch = SAMPLE_RATE / bank.opened().index.rate * 2.0 ** (-away / 12.0)
        left = pieces.quick((pieces.MARGIN if zone.loop is None else zone.frames) * stretch)
        for factor in range(2, 201):
            while left % factor == 0:
                left //= factor
        assert left == 1


@pytest.mark.parametrize(
    "name", ["electric piano", "guitar", "flute", "violin", "strings", "choir", "organ", "bass"]
)
@pytest.mark.parametrize("again", [False, True])
def test_it_is_in_tune(name: str, again: bool) -> None:
    """By the middle of the power around the first harmonics, as recordings with vibrato and of many
    players have no one frequency."""
    make = OWN[name].again if again else OWN[name].make
    if make is None:
        pytest.skip("held: entered elsewhere instead")
    for pitch in (OWN[name].fold(57), OWN[name].fold(67)):
        wave = np.atleast_2d(make(pitch, 3, 2 * SAMPLE_RATE)).mean(axis=0)[4_800:]
        power = np.abs(np.fft.rfft(wave * np.hanning(wave.size), 2**18)) ** 2
        freqs = np.fft.rfftfreq(2**18, 1 / SAMPLE_RATE)[1:]
        cents = 1200.0 * np.log2(freqs / frequency(pitch))
        near = np.abs(cents) < 55.0
        assert abs(np.sum(power[1:][near] * cents[near]) / np.sum(power[1:][near])) < 12.0


@pytest.mark.parametrize("name", PITCHED)
def test_layers_differ_in_level_and_colour(name: str) -> None:
    soft, middle, hard = (note(name, 60, layer, 1.5) for layer in (0, 2, LAYERS - 1))
    assert centroid(soft) < centroid(middle) < centroid(hard)
    assert 3.0 <= loudness(hard) - loudness(soft) <= 7.0


def test_the_piano_softens_as_a_piano_does() -> None:
    assert centroid(note("piano", 60, LAYERS - 1, 1.5)) > 1.4 * centroid(note("piano", 60, 0, 1.5))


@pytest.mark.parametrize("name", ["piano", "strings", "choir", "warm pad"])
def test_what_is_wide_is_a_thing_in_a_room_and_not_the_room(name: str) -> None:
    for pitch, layer in itertools.product((30, 45, 60, 75, 90), (0, 2, LAYERS - 1)):
        wave = OWN[name].make(OWN[name].fold(pitch), layer, 72_000).astype(np.float64)
        assert side_under_mid(wave) >= (8.5 if name == "piano" else 6.0), (pitch, layer)


@pytest.mark.parametrize("name", [n for n in PITCHED if RECORDED[n].kind in ("sung", "held")])
def test_what_is_held_goes_on_evenly(name: str) -> None:
    """For the eight seconds that a note may last, with no seam and no swell at its loop."""
    wave = note(name, 64, 3, 9.0)[:, SAMPLE_RATE:]
    size = SAMPLE_RATE // 4
    blocks = wave[:, : wave.shape[1] // size * size].reshape(len(wave), -1, size)
    levels = 10.0 * np.log10(np.mean(blocks**2, axis=(0, 2)))
    assert levels.max() - levels.min() < 4.5
    jumps = np.abs(np.diff(wave, 2, axis=1)).max(axis=0)
    assert jumps.max() < 8.0 * np.percentile(jumps, 99)


def test_a_low_piano_note_is_heard_for_as_long_as_it_may_last() -> None:
    wave = note("piano", 36, 3, 8.0)
    assert loudness(wave[:, -SAMPLE_RATE:]) > loudness(wave[:, :SAMPLE_RATE]) - 50.0


def test_a_note_does_not_depend_on_those_before_it() -> None:
    wanted = [
        (name, pitch, layer, frames, again)
        for name in ("piano", "flute", "strings", "kick")
        for pitch, layer, frames in ((50, 1, 72_000), (51, 4, 24_000), (70, 2, 200_000))
        for again in (False, True)
    ]
    made = []
    for order in (wanted, wanted[::-1]):
        own = bank.instruments_of(Bank())
        tables: dict[object, Table] = {}
        for key in order:
            name, pitch, layer, frames, again = key
            make = (again and own[name].again) or own[name].make
            tables[key] = make(pitch, layer, frames)
        made.append(tables)
    assert all(np.array_equal(made[0][key], made[1][key]) for key in wanted)


# takes


def played(pitch: int, onset: int, instrument: str = "piano") -> Note:
    return Note(onset, "lead", pitch, instrument, 9_600, 0.5, 0.5, 0.0, 0.3, 0)


@given(st.lists(st.lists(st.integers(60, 62), max_size=6), min_size=2, max_size=6))
def test_takes_alternate_within_bars_and_from_bar_to_bar(bars: list[list[int]]) -> None:
    last: dict[int, tuple[int, int]] = {}
    for number, pitches in enumerate(bars):
        notes = [played(pitch, 1000 * k) for k, pitch in enumerate(pitches)]
        for one in with_takes(notes, number):
            before = last.get(one.pitch)
            assert before is None or before[1] != one.take or number - before[0] > 1
            last[one.pitch] = (number, one.take)


@pytest.mark.parametrize("name", ["piano", "guitar", "marimba", "kick", "violin"])
def test_no_two_takes_sound_alike(name: str) -> None:
    """Nor does one sound like another instrument: the same pitch, level and length."""
    cache: TableCache[Table] = TableCache()
    takes = [
        np.atleast_2d(sound(cache, name, 62, 0.5, 24_000, 7, take=take, instrument=OWN[name]))
        for take in range(3)
    ]
    for one, other in itertools.combinations(takes, 2):
        assert one.shape == other.shape
        difference = loudness(one.astype(float) - other) - loudness(one.astype(float))
        assert difference > -25.0
        assert abs(loudness(one.astype(float)) - loudness(other.astype(float))) < 2.5


# never in the way


def damaged(tmp_path: Path, how: str) -> Path:
    path = tmp_path / "bank.zip"
    data = bytearray(BANK.read_bytes())
    if how == "cut":
        data = data[: len(data) // 2]
    elif how == "a byte":
        data[len(data) // 2] ^= 255
    elif how == "no archive":
        data = bytearray(b"no archive")
    if how != "missing":
        path.write_bytes(data)
    if how in ("no index", "odd index", "a recording less"):
        with zipfile.ZipFile(BANK) as whole, zipfile.ZipFile(path, "w") as made:
            index = whole.read(INDEX)
            if how == "a recording less":
                made.writestr(INDEX, index)
            elif how == "odd index":
                made.writestr(INDEX, index.replace(b'"edition":1', b'"edition":"x"'))
    return path


@pytest.mark.parametrize(
    "how",
    ["missing", "cut", "a byte", "no archive", "no index", "odd index", "a recording less"],
)
def test_a_damaged_bank_ends_in_a_sentence_and_the_synthesised_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    path = damaged(tmp_path, how)
    with pytest.raises(MusmedError):
        Bank(path)
    monkeypatch.setattr(soundfont.bank, "instruments", lambda: bank.instruments_of(Bank(path)))
    chosen = choose(Synthesis())
    assert chosen.instruments is INSTRUMENTS
    assert chosen.identity == BUILTIN
    assert chosen.notice.startswith(f"The bank of instruments {path} is ")
    assert chosen.notice.endswith("synthesised instruments play instead (install musmed anew).")
