"""The instruments and the hall, measured against what is known of real ones."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.sound import reverb
from engine.composers.score.sound.instruments import INSTRUMENTS, LAYERS
from engine.composers.score.sound.struck import inharmonicity
from engine.composers.score.sound.tables import Partial, TableCache, decaying
from engine.composers.score.sound.voices import sound

Wave = NDArray[np.float64]


def note(name: str, pitch: int, brightness: float, seconds: float, entry: int = 3) -> Wave:
    """One note in mono."""
    wave = sound(TableCache(), name, pitch, brightness, int(seconds * SAMPLE_RATE), entry)
    return np.asarray(np.atleast_2d(wave).mean(axis=0), np.float64)


def spectrum(wave: Wave) -> tuple[Wave, Wave]:
    """Frequencies and power."""
    power = np.abs(np.fft.rfft(wave * np.hanning(len(wave)))) ** 2
    return np.asarray(np.fft.rfftfreq(len(wave), 1.0 / SAMPLE_RATE), np.float64), power


def centroid(wave: Wave) -> float:
    freqs, power = spectrum(wave)
    return float(np.sum(freqs * power) / np.sum(power))


def levels(wave: Wave, seconds: float) -> Wave:
    """RMS level in dB of every ``seconds``."""
    size = int(seconds * SAMPLE_RATE)
    blocks = wave[: len(wave) // size * size].reshape(-1, size)
    return np.asarray(10.0 * np.log10(np.mean(blocks**2, axis=1) + 1e-20))


def test_partials_are_what_they_say() -> None:
    """Against the plain formula, away from where a partial fades out."""
    parts = [Partial(441.7, 0.8, 1.1, 0.13), Partial(3210.9, 0.3, 0.4, 0.71)]
    time = np.arange(20_000) / SAMPLE_RATE
    plain = np.zeros(20_000)
    for p in parts:
        turns = p.hertz * time + p.phase
        plain += p.amplitude * np.cos(2.0 * np.pi * turns) * np.exp(-6.9078 * time / p.t60)
    made = decaying(parts, 20_000)
    assert np.abs(made[:15_000] - plain[:15_000]).max() < 2e-5
    assert np.abs(made - plain).max() < 1e-3


@pytest.mark.parametrize("pitch", [36, 48, 60, 72])
def test_the_piano_is_as_inharmonic_as_a_piano(pitch: int) -> None:
    """B from two partials of the sound, against the curve; and the curve within what is measured
    of grand pianos (Fletcher & Rossing 1998, fig. 12.6: 1e-4 to 1e-3 in the middle octaves)."""
    freqs, power = spectrum(note("piano", pitch, 0.9, 4.0))
    f0 = 440.0 * 2.0 ** ((pitch - 69) / 12.0)

    def partial(n: int) -> float:
        near = np.abs(freqs - n * f0 * (1.0 + 0.5 * inharmonicity(pitch) * n * n)) < 0.3 * f0
        return float(freqs[near][np.argmax(power[near])])

    one, eleven = partial(1), partial(11)
    ratio = (eleven / (11.0 * one)) ** 2
    measured = (ratio - 1.0) / (121.0 - ratio)
    assert measured == pytest.approx(inharmonicity(pitch), rel=0.25)
    assert 1e-4 <= inharmonicity(pitch) <= 1.2e-3


def test_the_piano_dies_twice() -> None:
    """A fast prompt sound, then a slower aftersound (Weinreich 1977)."""
    db = levels(note("piano", 60, 0.5, 6.0), 0.25)
    early, late = db[1] - db[4], db[12] - db[15]
    assert early > 1.5 * late > 0.0
    assert 8.0 <= db[0] - db[4] <= 30.0, "dB in the first second"


def test_high_notes_die_sooner() -> None:
    for name in ("piano", "guitar", "harp"):
        fall = [np.subtract(*levels(note(name, p, 0.5, 2.0), 0.5)[[0, 3]]) for p in (45, 60, 76)]
        assert fall[0] < fall[1] < fall[2], name


PLAYED = sorted(n for n, i in INSTRUMENTS.items() if i.low > 0 and n != "timpani")


@pytest.mark.parametrize("name", PLAYED)
def test_force_is_brightness(name: str) -> None:
    instrument = INSTRUMENTS[name]
    pitch = instrument.fold(60)
    layers = [(layer + 0.5) / LAYERS for layer in (0, 2, 5)]
    # What beats and wanders is heard for longer, and its ends only: a layer has its own players.
    seconds, times = (4.0, 8) if instrument.loop else (1.0, 1)
    soft, middle, hard = (
        np.mean([centroid(note(name, pitch, b, seconds, 9000 * k)) for k in range(times)])
        for b in layers
    )
    assert instrument.loop or soft < middle < hard
    assert hard >= 1.02 * soft


@pytest.mark.parametrize("name", ["strings", "choir", "warm pad", "sweep pad"])
def test_what_is_held_moves(name: str) -> None:
    """The spectrum of a held note changes over its seconds; two notes never move alike."""
    one, two = (note(name, 60, 0.5, 6.0, entry) for entry in (100, 40_000))
    colours = [centroid(one[k : k + 24_000]) for k in range(24_000, 240_000, 24_000)]
    assert max(colours) / min(colours) >= 1.05
    assert abs(np.corrcoef(one[48_000:240_000], two[48_000:240_000])[0, 1]) < 0.5


def test_vibrato_grows_in() -> None:
    """A held violin: its pitch wanders little at first, by some 15 cents later."""
    wave = note("violin", 69, 0.5, 3.0)

    def wander(start: float) -> float:
        piece = wave[int(start * SAMPLE_RATE) :][: SAMPLE_RATE // 2]
        spectrum_ = np.fft.fft(piece)
        freqs = np.fft.fftfreq(len(piece), 1.0 / SAMPLE_RATE)
        spectrum_[(freqs < 330.0) | (freqs > 560.0)] = 0.0
        phase = np.unwrap(np.angle(np.fft.ifft(spectrum_)))
        track = np.diff(phase)[4800:-4800] * SAMPLE_RATE / (2.0 * np.pi)
        smooth = np.convolve(track, np.ones(960) / 960.0, "valid")
        return float(1200.0 * np.log2(smooth.max() / smooth.min()))

    assert wander(0.0) < 0.6 * wander(1.6)
    assert 15.0 <= wander(1.6) <= 60.0


def test_sections_and_the_piano_are_wide_and_mono_compatible() -> None:
    for name in ("piano", "strings", "choir", "warm pad"):
        left, right = sound(TableCache(), name, 60, 0.5, 96_000, 5).astype(np.float64)
        assert 0.2 <= np.corrcoef(left, right)[0, 1] <= 0.97, name


def test_soft_drums_do_not_startle() -> None:
    """Every stroke takes its time and keeps a peak like the other instruments'."""
    for name, instrument in INSTRUMENTS.items():
        if instrument.low == 0:
            wave = note(name, 2, 0.9, 0.4)
            peak = np.abs(wave).max()
            assert peak < 0.5, name
            assert np.abs(wave[:24]).max() < 0.6 * peak, "half a millisecond of rise"


def test_the_hall() -> None:
    """About two seconds, highs sooner, no two sides alike, silent before the first wall and at
    the end."""
    response = reverb.response()
    assert abs(np.corrcoef(response[0], response[1])[0, 1]) < 0.1
    onset = int(0.001 * SAMPLE_RATE)
    assert np.sum(response[:, :onset] ** 2) < 1e-2
    assert np.sum(response[:, -4800:] ** 2) < 1e-6
    times = []
    for low, high in ((250, 1000), (1000, 3000), (5000, 9000)):
        bins = np.fft.rfft(response[0], 2 * response.shape[1])
        freqs = np.fft.rfftfreq(2 * response.shape[1], 1.0 / SAMPLE_RATE)
        bins[(freqs < low) | (freqs > high)] = 0.0
        db = levels(np.fft.irfft(bins)[: response.shape[1]], 0.1)
        times.append(60.0 / ((db[1] - db[8]) / 0.7))
    assert 1.5 <= times[0] <= 2.6
    assert times[0] > times[1] > times[2]
    # The tail is as dense as noise: no sample stands out after the early reflections.
    tail = response[0, 9600:48_000]
    crest = np.abs(tail).reshape(-1, 960).max(axis=1) / np.sqrt(
        np.mean(tail.reshape(-1, 960) ** 2, axis=1)
    )
    assert np.median(crest) < 4.5
