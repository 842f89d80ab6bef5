"""Chroma of sounds whose pitch classes are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.chord_music import RATE, music, written

from engine.audio.format import SAMPLE_RATE
from engine.errors import MusmedError
from engine.evaluation.chroma import Chroma, Listener, chroma_of_file

CHORDS = {"C": (48, 52, 55), "F sharp minor": (54, 57, 61), "B flat 7": (46, 50, 53, 56)}


def tones(pitches: tuple[float, ...], seconds: float = 4.0, cents: float = 0.0) -> np.ndarray:
    t = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    hertz = [440.0 * 2.0 ** ((pitch + cents / 100.0 - 69.0) / 12.0) for pitch in pitches]
    return np.asarray(0.1 * sum(np.sin(2 * np.pi * h * t) for h in hertz), np.float32)


def heard(mono: np.ndarray, size: int = 10**9) -> Chroma:
    listener = Listener()
    for at in range(0, len(mono), size):
        listener.push(mono[at : at + size])
    return listener.chroma()


@pytest.mark.parametrize("cents", [0.0, 30.0, -30.0, 45.0])
@pytest.mark.parametrize("name", CHORDS)
def test_a_chord_stands_in_its_classes(name: str, cents: float) -> None:
    pitches = CHORDS[name]
    found = heard(tones(pitches, cents=cents))
    strongest = np.argsort(found.frames[3])[-len(pitches) :]
    assert set(strongest.tolist()) == {pitch % 12 for pitch in pitches}
    assert 100.0 * found.tuning == pytest.approx(cents, abs=6.0)
    assert not found.silent.any()


@given(pitch=st.integers(45, 90))
@settings(max_examples=12)
def test_a_tone_stands_in_its_class(pitch: int) -> None:
    assert heard(tones((pitch,), 2.0)).frames[2].argmax() == pitch % 12


@pytest.mark.parametrize("decibels", [-50.0, 12.0])
def test_level_changes_nothing(decibels: float) -> None:
    sound = np.repeat(music(1, 8.0), SAMPLE_RATE // RATE)
    louder = sound * np.float32(10.0 ** (decibels / 20.0))
    assert np.allclose(heard(sound).frames, heard(louder).frames, atol=1e-3)


@given(size=st.integers(1_000, 90_000))
@settings(max_examples=5)
def test_the_pieces_it_comes_in_change_nothing(size: int) -> None:
    sound = tones(CHORDS["C"], 3.0)
    assert np.array_equal(heard(sound).frames, heard(sound, size).frames)


def test_frames_are_even_and_of_unit_length_and_silence_is_marked() -> None:
    sound = np.concatenate([tones(CHORDS["C"]), np.zeros(3 * SAMPLE_RATE, np.float32)])
    found = heard(sound)
    assert found.frames.shape == (14, 12)
    assert found.frames.dtype == np.float32
    assert np.allclose(found.frames[:8].sum(axis=1), 0.0, atol=1e-5)
    assert np.allclose(np.linalg.norm(found.frames[:8], axis=1), 1.0, atol=1e-5)
    assert found.silent.tolist() == [False] * 8 + [True] * 6
    assert not found.frames[8:].any()
    nothing = heard(np.zeros(0, np.float32))
    assert nothing.frames.shape == (0, 12)
    assert nothing.seconds == 0.0


def test_of_a_file(tmp_path: Path) -> None:
    sound = written(tmp_path / "one.wav", music(2, 6.0))
    told: list[float] = []
    found = chroma_of_file(sound, lambda done, total: told.append(done))
    assert found.seconds == pytest.approx(6.0, abs=0.5)
    assert told[-1] == pytest.approx(6.0, abs=0.1)
    (tmp_path / "no.wav").write_text("no sound")
    with pytest.raises(MusmedError):
        chroma_of_file(tmp_path / "no.wav", lambda done, total: None)
