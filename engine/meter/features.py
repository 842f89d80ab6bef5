"""What was heard of up to 30 s -> one feature vector, free of loudness.

Names and sources: major-minus-minor fit and key clarity by key profiles (Krumhansl 1990; Aarden
2003 as used in Temperley & Marvin 2008), flux with a maximum over neighbouring bands against
vibrato (Boeck & Widmer 2013), whitening by band against timbre (Stowell & Plumbley 2007), pulse
clarity by autocorrelation (Lartillot et al. 2008).
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from engine.meter.listening import (
    BINS_PER_SEMITONE,
    LOWEST_PITCH,
    PITCHES,
    BlockSpectrum,
    Floats,
)

Vector = NDArray[np.float64]

KRUMHANSL = (
    (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
)
"""Krumhansl and Kessler's profiles of C major and C minor (Krumhansl 1990)."""
_AARDEN = (
    (17.77, 0.15, 14.93, 0.16, 19.80, 11.36, 0.29, 22.06, 0.15, 8.15, 0.23, 4.95),
    (18.26, 0.74, 14.05, 16.86, 0.70, 14.44, 0.70, 18.62, 4.57, 1.93, 7.38, 1.76),
)
_OVERTONES = ((12, 0.75), (19, 0.6), (24, 0.5), (28, 0.4), (31, 0.35), (34, 0.25), (36, 0.3))
"""Semitones of partials 2 to 8 above a tone and the share of it taken off there."""
_REACH = _OVERTONES[-1][0]


def _from_below() -> Vector:
    """What each tone of an octave loses of those up to ``_REACH`` semitones below the octave, as
    their overtone: (12, _REACH)."""
    lost = np.zeros((12, _REACH))
    for tone in range(12):
        for above, share in _OVERTONES:
            lost[tone, _REACH + tone - above] = share
    return lost


_FROM_BELOW = _from_below()
_TURNED = (np.arange(12)[:, None] + np.arange(12)) % 12
"""Pitch classes as each of them has them above itself: (12, 12)."""
_FRAMES_PER_SECOND = 100
_EPS = 1e-9
_NONE = np.float32(1e-15)

NAMES = (
    "flux", "flux_sd", "flux_white", "flux_white_sd", "flux_low", "flux_high",
    "onsets_soft", "onsets", "onsets_strong", "onset_strength", "onset_gap_sd",
    "pulse", "pulse_rate", "pulse_fast", "fall", "hold_50", "hold_200", "hold_800",
    "swell_100", "swell_250", "swell_events",
    "beat_1", "beat_2", "beat_4", "beat_8", "beat_16", "tonal",
    "mode_krumhansl", "mode_aarden", "clarity_krumhansl", "clarity_aarden", "mode_local",
    "third", "sixth", "seventh", "second", "fourth", "third_bass",
    "triad_mode", "triad_fit", "triad_diminished", "triad_major_share",
    "fifths_place", "entropy", "entropy_local", "semitones", "tritones", "thirds", "fifths",
    "harmonic_change", "chroma_sd", "polyphony", "pitch_mean", "pitch_sd", "pitch_low",
    "pitch_high", "clash", "pitch_change", "bass_change",
)  # fmt: skip
"""The features, in the order of the vector."""


def features(heard: list[BlockSpectrum]) -> Vector:
    """The feature vector of consecutive blocks (at least 4), shape (len(NAMES),).

    A gain on the audio changes nothing beyond rounding. Silence gives finite numbers too.
    """
    bands = np.ascontiguousarray(np.concatenate([h.bands for h in heard]).T)
    peaks = np.stack([h.peaks for h in heard]).astype(np.float64)
    tonal = float(np.mean([h.tonal for h in heard]))
    vector = np.array([*_rhythm(bands), tonal, *_pitch(peaks)])
    finite: Vector = np.nan_to_num(vector, nan=0.0, posinf=0.0, neginf=0.0)
    return finite


def _log(x: float) -> float:
    return float(np.log2(max(x, 1e-6)))


def _rhythm(bands: Floats) -> list[float]:
    """Of (BANDS, frames), as all that follow: along time numpy has long rows to work on."""
    level = np.sqrt(np.mean(bands * bands, axis=1, keepdims=True))
    plain = _rise(np.log1p(bands * (20.0 / (np.max(level) + _NONE))), 2)
    fine = np.log1p(bands * (4.0 / (level + 0.02 * np.max(level) + _NONE)))
    white, around = _rise(fine, 2), fine - fine.mean(1, keepdims=True)
    flux, soft = (rise.mean(0).astype(np.float64) for rise in (plain, white))
    half = len(bands) // 2
    seconds = bands.shape[1] / _FRAMES_PER_SECOND
    picks = _onsets(soft, (0.03, 0.08, 0.16))
    gaps = np.diff(picks[1]) / _FRAMES_PER_SECOND
    strength = float(soft[picks[0]].mean()) if len(picks[0]) else 0.0
    falling = np.maximum(fine[:, :-2] - fine[:, 2:], np.float32(0.0)).mean()
    return [
        _log(flux.mean() + 1e-3), _log(flux.std() + 1e-3),
        _log(soft.mean() + 1e-3), _log(soft.std() + 1e-3),
        _log(white[:half].mean() + 1e-3), _log(white[half:].mean() + 1e-3),
        *(_log(len(p) / seconds + 0.2) for p in picks),
        strength,
        float(np.std(np.log2(gaps + 0.02))) if len(gaps) > 1 else 1.0,
        *_pulse(soft),
        _log(falling + 1e-3),
        *_held(around, (5, 20, 80)),
        *_swells(fine),
        *_beats(around),
    ]  # fmt: skip


def _swells(whitened: Floats) -> list[float]:
    """Rises over 0.1 and 0.25 s, and how many bands begin to rise in a second: what onsets are
    to sounds that begin slowly."""
    count = whitened.shape[1] - 4
    slow = whitened[:, :count].copy()
    for later in range(1, 5):
        slow += whitened[:, later : later + count]
    slow *= np.float32(0.2)
    rise = _rise(slow, 10)
    rises = [_log(float(risen.mean()) + 1e-3) for risen in (rise, _rise(slow, 25))]
    risen = rise > np.float32(0.25)
    begun = np.count_nonzero(risen[:, 1:] & ~risen[:, :-1]) / (risen.size - len(risen))
    return [*rises, _log(begun * _FRAMES_PER_SECOND + 0.02)]


def _rise(log_bands: Floats, lag: int) -> Floats:
    before = log_bands[:, :-lag]
    widest = before.copy()
    np.maximum(widest[1:], before[:-1], out=widest[1:])
    np.maximum(widest[:-1], before[1:], out=widest[:-1])
    np.subtract(log_bands[:, lag:], widest, out=widest)
    return np.maximum(widest, np.float32(0.0), out=widest)


def _beats(around: Floats) -> list[float]:
    """Modulation of the bands (``around`` their means) by octaves around 1, 2, 4, 8 and 16 Hz, log2
    of root power."""
    frames = around.shape[1]
    edges = 2.0 ** (np.arange(6) - 0.5)
    hertz = np.fft.rfftfreq(frames, 1.0 / _FRAMES_PER_SECOND)
    first = np.searchsorted(hertz, edges)
    windowed = around * np.hanning(frames).astype(np.float32)
    # divided by their number, which keeps numpy in single precision
    spectrum = np.fft.rfft(windowed, axis=1, norm="forward")[:, : first[-1]]
    power = (spectrum.real**2 + spectrum.imag**2).mean(axis=0)
    return [
        0.5 * _log(float(power[low:high].sum()) + 1e-5) for low, high in itertools.pairwise(first)
    ]


def _onsets(flux: Vector, thresholds: tuple[float, ...]) -> list[NDArray[np.intp]]:
    """Where flux is the largest of 70 ms and above the mean of 210 ms, by each threshold."""
    sums = np.zeros(len(flux) + 21)
    np.cumsum(flux, out=sums[11:-10])
    sums[-10:] = sums[-11]
    above = flux - (sums[21:] - sums[:-21]) / 21.0
    padded = np.pad(flux, 3)
    largest = flux
    for lag in (0, 1, 2, 4, 5, 6):
        largest = np.maximum(largest, padded[lag : lag + len(flux)])
    above[flux < largest] = -1.0
    return [np.flatnonzero(above > threshold) for threshold in thresholds]


_SLOWEST = 150
"""Frames of the longest period that counts as a pulse."""


def _pulse(flux: Vector) -> tuple[float, float, float]:
    """Clarity, log2 beats per second of the clearest period in 0.2-1.5 s, and how much of the
    periodicity is faster than 0.4 s."""
    if len(flux) < _SLOWEST:
        return 0.0, 0.8, 0.0
    size = len(flux) + 4 * _SLOWEST // 3  # silence enough behind them that no period wraps around
    r = np.fft.irfft(np.abs(np.fft.rfft(flux - flux.mean(), size)) ** 2, size)
    part = r[20:_SLOWEST] / (r[0] + 1e-15)
    lags = np.arange(20, _SLOWEST) / _FRAMES_PER_SECOND
    weight = np.exp(-0.5 * (np.log2(lags / 0.5) / 1.0) ** 2)
    best = int(np.argmax(part * weight))
    return float(part[best]), -_log(lags[best]), float(part[:20].max() - part[20:].max())


def _held(around: Floats, lags: tuple[int, ...]) -> list[float]:
    """How alike bands (``around`` their means) are to themselves ``lag`` frames later: 1 for held
    sounds."""
    bands, frames = around.shape
    power = float(np.vdot(around, around)) / frames + 1e-9 * bands
    alike = (float(np.vecdot(around[:, :-lag], around[:, lag:]).sum()) for lag in lags)
    return [like / (frames - lag) / power for like, lag in zip(alike, lags, strict=True)]


def _pitch(peaks: Vector) -> list[float]:
    tones = _tones(_tuned(peaks))
    pitch = LOWEST_PITCH + np.arange(PITCHES)
    classes = pitch % 12
    fold = np.eye(12)[classes]
    chroma = tones @ fold
    bass = (tones * np.exp(-np.maximum(0.0, pitch - 52) / 5.0)) @ fold
    whole, low = chroma.sum(0), bass.sum(0)
    smooth = _running(chroma, 3)
    return [
        *_key(whole, low, chroma),
        *_triads(smooth),
        _fifths(whole),
        float(_entropies(whole)),
        float(np.mean(_entropies(smooth))),
        *_intervals(smooth),
        *_motion(chroma, smooth),
        *_register(tones, pitch),
        _clash(tones),
        _change(tones),
        _change(bass),
    ]


def _tuned(peaks: Vector) -> Vector:
    """Tenths of semitones -> semitones, at the tuning the stretch itself has: (blocks, PITCHES)."""
    tenth = np.arange(peaks.shape[1]) % BINS_PER_SEMITONE + 0.5
    angle = np.exp(2j * np.pi * tenth / BINS_PER_SEMITONE)
    mean = np.sum(peaks.sum(0) * angle)
    # A tone in tune with A = 440 Hz lies in the middle of its ten bins.
    off = float(np.angle(-mean)) / (2.0 * np.pi) * BINS_PER_SEMITONE if abs(mean) > 0 else 0.0
    moved = np.roll(peaks, -round(off), axis=1)
    near = np.exp(-0.5 * ((np.arange(BINS_PER_SEMITONE) - 4.5) / 2.0) ** 2)
    tuned: Vector = moved.reshape(len(peaks), PITCHES, BINS_PER_SEMITONE) @ near
    return tuned


def _tones(pitches: Vector) -> Vector:
    """Take overtones off, from below: what is left are the tones played (roughly)."""
    line = np.zeros((_REACH + PITCHES, len(pitches)))
    line[_REACH:] = pitches.T
    for at in range(_REACH, len(line), 12):  # no tone of an octave is another's overtone
        octave = line[at : at + 12]
        octave -= _FROM_BELOW[: len(octave)] @ line[at - _REACH : at]
        np.maximum(octave, 0.0, out=octave)
    left = line[_REACH:]
    floor = 0.08 * np.max(left, axis=0, initial=0.0)
    return np.ascontiguousarray(np.where(left > floor, left, 0.0).T)


def _running(chroma: Vector, count: int) -> Vector:
    if len(chroma) < count:
        return chroma
    sums = np.cumsum(np.pad(chroma, ((1, 0), (0, 0))), axis=0)
    mean: Vector = (sums[count:] - sums[:-count]) / count
    return mean


def _profiles(pair: tuple[tuple[float, ...], tuple[float, ...]]) -> Vector:
    """(2, 12, 12): mode, tonic, pitch class; zero mean, unit length."""
    rows = np.array([[np.roll(row, k) for k in range(12)] for row in pair])
    rows -= rows.mean(2, keepdims=True)
    unit: Vector = rows / np.linalg.norm(rows, axis=2, keepdims=True)
    return unit


_KEYS = (_profiles(KRUMHANSL), _profiles(_AARDEN))


def _fits(chroma: Vector, profiles: Vector) -> Vector:
    x = chroma - chroma.mean(-1, keepdims=True)
    x = x / (np.linalg.norm(x, axis=-1, keepdims=True) + 1e-12)
    fits: Vector = np.einsum("...c,mkc->...mk", x, profiles)
    return fits


def _key(whole: Vector, low: Vector, chroma: Vector) -> list[float]:
    mixed = whole / (whole.sum() + 1e-12) + 0.5 * low / (low.sum() + 1e-12)
    fits = [_fits(mixed, profile) for profile in _KEYS]
    modes = [float(f[0].max() - f[1].max()) for f in fits]
    clear = [float(f.max() - np.sort(f.max(0))[-3]) for f in fits]
    parts = [_running(chroma, 10)[::5] if len(chroma) >= 10 else chroma]
    local = _fits(parts[0], _KEYS[1]).max(2)
    weight = np.exp(8.0 * fits[1].max(0))
    weight /= weight.sum()
    degree = weight @ mixed[_TURNED]
    degree = degree / (degree.sum() + 1e-12)
    lows = weight @ low[_TURNED]

    def lean(row: Vector, major: int, minor: int) -> float:
        return float(
            (row[major] - row[minor]) / (row[major] + row[minor] + 0.02 * row.sum() + _EPS)
        )

    return [
        *modes, *clear, float(np.mean(local[:, 0] - local[:, 1])),
        lean(degree, 4, 3), lean(degree, 9, 8), lean(degree, 11, 10), lean(degree, 2, 1),
        lean(degree, 5, 6), lean(lows, 4, 3),
    ]  # fmt: skip


def _triads(chroma: Vector) -> list[float]:
    x = chroma / (np.linalg.norm(chroma, axis=1, keepdims=True) + 1e-12)
    best = [
        ((x + x[:, _TURNED[third]] + x[:, _TURNED[fifth]]) / np.sqrt(3.0)).max(1)
        for third, fifth in ((4, 7), (3, 7), (3, 6))
    ]
    major, minor, diminished = best
    return [
        float(np.mean(major - minor)),
        float(np.mean(np.maximum(major, minor))),
        float(np.mean(diminished - np.maximum(major, minor))),
        float(np.mean(1.0 / (1.0 + np.exp(-12.0 * (major - minor))))),
    ]


def _fifths(whole: Vector) -> float:
    """How tightly the pitch classes lie together on the circle of fifths, [0, 1]."""
    turn = np.exp(2j * np.pi * (np.arange(12) * 7 % 12) / 12.0)
    return float(abs(np.sum(whole * turn)) / (whole.sum() + 1e-12))


def _entropies(rows: Vector) -> Vector:
    p = rows / (rows.sum(axis=-1, keepdims=True) + 1e-12)
    return np.asarray(-np.sum(p * np.log2(p + 1e-12), axis=-1))


def _intervals(chroma: Vector) -> list[float]:
    x = chroma / (np.linalg.norm(chroma, axis=1, keepdims=True) + 1e-12)
    by = [float(np.mean(np.vecdot(x, x[:, _TURNED[k]]))) for k in range(1, 7)]
    return [by[0], by[5], by[2] + by[3], by[4]]


def _motion(chroma: Vector, smooth: Vector) -> list[float]:
    unit = smooth / (np.linalg.norm(smooth, axis=1, keepdims=True) + 1e-12)
    change = 1.0 - np.sum(unit[2:] * unit[:-2], axis=1) if len(unit) > 2 else np.zeros(1)
    whole = chroma.sum(0) / (np.linalg.norm(chroma.sum(0)) + 1e-12)
    return [float(change.mean()), float(np.mean(1.0 - unit @ whole))]


def _register(tones: Vector, pitch: NDArray[np.int_]) -> list[float]:
    square = tones.sum(1) ** 2 / (np.sum(tones**2, axis=1) + 1e-12)
    whole = tones.sum(0)
    total = whole.sum() + 1e-12
    mean = float(whole @ pitch / total)
    spread = float(np.sqrt(max(0.0, whole @ (pitch - mean) ** 2 / total)))
    share = np.cumsum(whole) / total
    places = np.minimum(PITCHES - 1, np.searchsorted(share, (0.1, 0.9)))
    low, high = float(pitch[places[0]]), float(pitch[places[1]])
    return [_log(float(square.mean()) + 0.1), mean, spread, low, high]


def _clash(tones: Vector) -> float:
    """Seconds sounding together in one register."""
    x = tones / (np.linalg.norm(tones, axis=1, keepdims=True) + 1e-12)
    near = x[:, :-1] * x[:, 1:]
    return float(np.mean(near.sum(1)))


def _change(tones: Vector) -> float:
    """How much of what sounds is new every half second, [0, 1]."""
    x = tones / (np.linalg.norm(tones, axis=1, keepdims=True) + 1e-12)
    return float(np.mean(1.0 - np.sum(x[1:] * x[:-1], axis=1)))
