"""What a session asks of ears, from its notes and from its sound: for tests and benches.

Of notes: highest, largest leap, longest tone, nearest tones that sound together, drums. Of sound:
brightness (share above 4 kHz, spectral centroid), roughness and how steeply it rises.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.parts.ensembles import HOLDING
from engine.composers.score.parts.touch import Note
from engine.composers.score.sound.instruments import INSTRUMENTS

LASTING = HOLDING | {
    "violin", "cello", "flute", "clarinet", "oboe", "saxophone", "trumpet", "horn", "voice",
    "synth lead",
}  # fmt: skip
"""Who sounds on while a tone is held: two tones of theirs without a gap are one."""
_AT_ONCE, _GAP, _TOUCH = 0.05, 0.05, 0.1
"""Seconds: onsets that are one moment; a gap that is none; for how long two tones may meet."""


class OfNotes(NamedTuple):
    """``highest`` MIDI pitch as it sounds; ``leap``: the largest from one moment of a voice (a part
    by one instrument) to its next, each tone counted from the nearest before; ``longest`` seconds
    until a release; ``nearest``: equivalent rectangular bandwidths between tones that sound
    together for 0.1 s; ``beating``: seconds of such under 0.75, added up; ``drums``: strokes."""

    highest: int
    leap: int
    longest: float
    nearest: float
    beating: float
    drums: int


def of_notes(notes: Sequence[Note]) -> OfNotes:
    pitched = sorted(note for note in notes if note.part != "drums")
    voices: dict[tuple[str, str], list[Note]] = defaultdict(list)
    for note in pitched:
        voices[note.part, note.instrument].append(note)
    nearest, beating = _nearness(pitched)
    return OfNotes(
        highest=max(map(_sounding, pitched)),
        leap=max(_leap(voice) for voice in voices.values()),
        longest=max(_longest(voice) for voice in voices.values()),
        nearest=nearest,
        beating=beating,
        drums=len(notes) - len(pitched),
    )


def _sounding(note: Note) -> int:
    return INSTRUMENTS[note.instrument].fold(note.pitch)


def _leap(voice: Iterable[Note]) -> int:
    moments: list[tuple[int, list[int]]] = []
    for note in voice:
        if moments and note.onset - moments[-1][0] < _AT_ONCE * SAMPLE_RATE:
            moments[-1][1].append(_sounding(note))
        else:
            moments.append((note.onset, [_sounding(note)]))
    return max(
        (
            min(abs(pitch - before) for before in one[1])
            for one, two in itertools.pairwise(moments)
            for pitch in two[1]
        ),
        default=0,
    )


def _longest(voice: Iterable[Note]) -> float:
    until: dict[int, tuple[int, int]] = {}
    longest = 0
    for note in voice:
        begin, end = until.get(note.pitch, (note.onset, -SAMPLE_RATE))
        if note.instrument not in LASTING or note.onset > end + _GAP * SAMPLE_RATE:
            begin = note.onset
        until[note.pitch] = (begin, max(end, note.onset + note.gate))
        longest = max(longest, until[note.pitch][1] - begin)
    return longest / SAMPLE_RATE


def _nearness(notes: Sequence[Note]) -> tuple[float, float]:
    nearest, beating = np.inf, 0.0
    for place, one in enumerate(notes):
        for other in itertools.islice(notes, place + 1, None):
            if other.onset >= one.onset + one.gate:
                break
            both = min(one.onset + one.gate, other.onset + other.gate) - other.onset
            a, b = _hertz(_sounding(one)), _hertz(_sounding(other))
            if a != b and both > _TOUCH * SAMPLE_RATE:
                apart = abs(a - b) / (24.7 * (4.37 * (a + b) / 2000.0 + 1.0))
                nearest = min(nearest, apart)
                beating += both / SAMPLE_RATE if apart < 0.75 else 0.0
    return float(nearest), beating


def _hertz(pitch: int) -> float:
    return float(440.0 * 2.0 ** ((pitch - 69) / 12.0))


class OfSound(NamedTuple):
    """``above``: percent of the energy over 4 kHz; ``centroid``: Hz, the 95th percentile over
    windows of 0.34 s; ``rough``: the mean of ``roughness``, and ``roughest`` its 95th percentile;
    ``steep``: dB per 10 ms, the 99.9th percentile of the rises of the level in 10 ms where
    it comes to within 20 dB of the mean, and ``steepest`` the largest of them."""

    above: float
    centroid: float
    rough: float
    roughest: float
    steep: float
    steepest: float


_WINDOW = 16_384
_PEAKS = 24


def of_sound(audio: NDArray[np.floating]) -> OfSound:
    """``audio``: (n, 2) frames at 48 kHz."""
    mono = np.asarray(audio, np.float64).mean(axis=1)
    frequencies = np.asarray(np.fft.rfftfreq(_WINDOW, 1.0 / SAMPLE_RATE), np.float64)
    hann = np.hanning(_WINDOW)
    high = total = 0.0
    centroids, roughs = [], []
    for begin in range(0, len(mono) - _WINDOW, _WINDOW):
        spectrum = np.abs(np.fft.rfft(mono[begin : begin + _WINDOW] * hann))
        power = spectrum**2
        high, total = high + power[frequencies > 4000.0].sum(), total + power.sum()
        if power.sum() > 0.0:
            centroids.append(float((frequencies * power).sum() / power.sum()))
            roughs.append(roughness(*_peaks(spectrum, frequencies)))
    rises = steepness(mono)
    return OfSound(
        100.0 * high / total,
        float(np.percentile(centroids, 95)),
        float(np.mean(roughs)),
        float(np.percentile(roughs, 95)),
        float(np.percentile(rises, 99.9)),
        float(rises.max()),
    )


Doubles = NDArray[np.float64]


def _peaks(spectrum: Doubles, frequencies: Doubles) -> tuple[Doubles, Doubles]:
    """Frequencies and amplitudes of the largest local maxima between 50 Hz and 8 kHz within
    50 dB of the largest, which is 1."""
    inside = (spectrum[1:-1] > spectrum[:-2]) & (spectrum[1:-1] >= spectrum[2:])
    at = np.flatnonzero(inside) + 1
    at = at[(frequencies[at] > 50.0) & (frequencies[at] < 8000.0)]
    at = at[np.argsort(spectrum[at])[::-1][:_PEAKS]]
    if not len(at):
        return np.zeros(0), np.zeros(0)
    amplitudes = spectrum[at] / spectrum[at].max()
    kept = amplitudes > 10.0 ** (-50.0 / 20.0)
    return frequencies[at][kept], amplitudes[kept]


def roughness(frequencies: Doubles, amplitudes: Doubles) -> float:
    """The roughness of partials after Vassilakis (2001, *Perceptual and Physical Properties of
    Amplitude Fluctuation and their Musical Significance*, UCLA), on the curve of Plomp & Levelt
    (1965) as Sethares (1993) fitted it: the sum over all pairs."""
    one, two = np.triu_indices(len(frequencies), 1)
    low = np.minimum(frequencies[one], frequencies[two])
    apart = np.abs(frequencies[one] - frequencies[two])
    small = np.minimum(amplitudes[one], amplitudes[two])
    both = amplitudes[one] + amplitudes[two]
    scale = 0.24 / (0.0207 * low + 18.96)
    curve = np.exp(-3.5 * scale * apart) - np.exp(-5.75 * scale * apart)
    depth = (2.0 * small / np.maximum(both, 1e-12)) ** 3.11
    return float(np.sum((amplitudes[one] * amplitudes[two]) ** 0.1 * 0.5 * depth * curve))


def steepness(mono: Doubles) -> Doubles:
    """dB by which the level of 10 ms lies above that of the 10 ms before, every 5 ms, where it
    comes to within 20 dB of the mean level; what is softer than 40 dB under that counts as so
    soft. Above 300 Hz: the period of a deeper tone is a part of 10 ms that is no rise."""
    spectrum = np.fft.rfft(mono)
    spectrum[: int(300.0 * len(mono) / SAMPLE_RATE)] = 0.0
    mono = np.fft.irfft(spectrum, len(mono))
    step = SAMPLE_RATE // 200
    squares = mono[: len(mono) // step * step].reshape(-1, step) ** 2
    halves = squares.mean(axis=1)
    power = (halves[:-1] + halves[1:]) / 2.0
    floor = power.mean() * 10.0 ** (-40.0 / 10.0)
    level = 10.0 * np.log10(np.maximum(power, floor))
    rises = level[2:] - level[:-2]
    heard = level[2:] > 10.0 * np.log10(power.mean()) - 20.0
    return np.asarray(np.maximum(rises[heard], 0.0))
