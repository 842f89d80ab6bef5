"""Guarded spectral gating: takes codec hiss between the partials and leaves the music.

noisereduce with its own noise estimate erases whatever is steady, music included. Here it is
given a profile of what lies *between* the partials: per frequency the 20th percentile over time
of the magnitude, then the median over frequency (partials are narrow or low, hiss is neither;
the lesser of the median over all frequencies and over 2.9 kHz around each), taken from the
previous clip. And it is checked: where a loud third of an octave would lose
more than 1 dB, half a second is left as it was.

Works on chunks of ``GRID_FRAMES`` with ``_PADDING`` on either side; so a stream gives what
``reduce_noise(chunk_size=GRID_FRAMES, padding=_PADDING)`` gives for the whole. scipy and
noisereduce are imported when a gate is made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import CHANNELS, GRID_FRAMES, SAMPLE_RATE, Frames

Doubles = NDArray[np.float64]

N_FFT = 1024
PROFILE_BINS = N_FFT // 2 + 1
LOOK_AHEAD_FRAMES = GRID_FRAMES // 2
_PADDING = LOOK_AHEAD_FRAMES
_PERCENTILE = 20.0
_MEDIAN_BINS = 61
"""About 2.9 kHz."""
_LEAST_PROFILE_SECONDS = 2.0
_PERCENTILE_TO_RMS = 1.0 / np.sqrt(-np.log(1.0 - _PERCENTILE / 100.0))
"""Magnitudes of noise are Rayleigh distributed: rms over 20th percentile."""
_TAKEN = 0.9
_FREQUENCY_SMOOTHING_HZ = 100.0
_TIME_SMOOTHING_MS = 25.0
_MOST_LOSS_DB = 1.0
_LOUD_DB = -20.0
"""Third-octaves within 20 dB of the loudest are loud."""
_FADE_FRAMES = 960
_EPSILON = 1e-20


class ProfileTaker:
    """Takes the noise profile of a clip, piece by piece. Pieces are (n, 2), n >= 1024."""

    def __init__(self) -> None:
        self._magnitudes: list[NDArray[np.float32]] = []
        self._seconds = 0.0

    def push(self, audio: Frames) -> None:
        spans = len(audio) // N_FFT
        window = np.hanning(N_FFT + 1)[:-1, None]
        frames = audio[: spans * N_FFT].reshape(spans, N_FFT, CHANNELS) * window
        spectrum = np.abs(np.fft.rfft(frames, axis=1)) / window.sum()
        spectrum = np.moveaxis(spectrum, 1, 2).reshape(-1, PROFILE_BINS)
        self._magnitudes.append(spectrum[spectrum.max(axis=1) > 0.0].astype(np.float32))
        self._seconds += len(audio) / SAMPLE_RATE

    def profile(self) -> NDArray[np.float32] | None:
        """The noise between the partials, rms magnitude per bin (513 values); None when less
        than 2 s have been heard or nothing but silence."""
        if self._seconds < _LEAST_PROFILE_SECONDS:
            return None
        heard = np.concatenate(self._magnitudes)
        if not len(heard):
            return None
        from scipy.ndimage import median_filter

        low = np.percentile(heard, _PERCENTILE, axis=0)
        between = np.minimum(median_filter(low, _MEDIAN_BINS), np.median(low))
        return np.asarray(between * _PERCENTILE_TO_RMS, np.float32)


def _noise_like(profile: NDArray[np.float32]) -> Doubles:
    """A second of noise with this profile: what noisereduce takes its thresholds from."""
    white = np.random.default_rng(0).standard_normal(SAMPLE_RATE)
    spectrum = np.fft.rfft(white)
    bins = np.linspace(0.0, PROFILE_BINS - 1.0, len(spectrum))
    shape = np.interp(bins, np.arange(PROFILE_BINS), profile.astype(np.float64))
    level = np.sqrt(1.5 / N_FFT)  # rms magnitude of unit white noise under a Hann window
    return np.fft.irfft(spectrum * shape / level, SAMPLE_RATE)


class Gate:
    """Gates chunks of half a second. ``profile``: None leaves everything as it is."""

    def __init__(self, profile: NDArray[np.float32] | None) -> None:
        self._noise = None if profile is None else _noise_like(profile)
        self._reduce: Callable[..., Any] | None = None
        self._weight = 0.0
        self._bands = _third_octaves()
        if profile is not None:
            from noisereduce import reduce_noise

            self._reduce = reduce_noise

    def chunk(self, padded: Frames, wanted: bool) -> tuple[Frames, bool]:
        """The middle half second of ``padded``, shape (12000 + 24000 + 12000, 2), gated where
        that is ``wanted`` and harmless; and whether it was."""
        middle = slice(_PADDING, _PADDING + GRID_FRAMES)
        plain = padded[middle]
        if self._reduce is None or not (wanted or self._weight):
            self._weight = 0.0
            return plain, False
        gated = self._gated(padded)[middle]
        good = wanted and self._harmless(plain, gated)
        weights = np.full((GRID_FRAMES, 1), float(good))
        weights[:_FADE_FRAMES, 0] = np.linspace(self._weight, float(good), _FADE_FRAMES)
        self._weight = float(good)
        return (plain + (gated - plain) * weights).astype(np.float32), good

    def _gated(self, padded: Frames) -> Doubles:
        assert self._reduce is not None
        out = self._reduce(
            y=padded.T.astype(np.float64),
            sr=SAMPLE_RATE,
            stationary=True,
            y_noise=self._noise,
            prop_decrease=_TAKEN,
            freq_mask_smooth_hz=_FREQUENCY_SMOOTHING_HZ,
            time_mask_smooth_ms=_TIME_SMOOTHING_MS,
            n_fft=N_FFT,
            chunk_size=None,
            clip_noise_stationary=False,
            padding=0,
            use_torch=False,
        )
        return np.asarray(out.T)

    def _harmless(self, plain: Frames, gated: Doubles) -> bool:
        before = self._bands @ _power(plain)
        after = self._bands @ _power(gated)
        loud = before > before.max(initial=0.0) * 10.0 ** (_LOUD_DB / 10.0)
        loss = 10.0 * np.log10((before[loud] + _EPSILON) / (after[loud] + _EPSILON))
        return bool(np.all(loss <= _MOST_LOSS_DB))


class GateStream:
    """The gate over a stream that begins at session frame ``first_frame``.

    ``ungated_until``: session frame before which nothing is gated. ``profile``: the previous
    clip's. The output lags the input by at most ``GRID_FRAMES + LOOK_AHEAD_FRAMES`` and does not
    depend on how the input is cut.
    """

    def __init__(
        self, profile: NDArray[np.float32] | None, first_frame: int, ungated_until: int
    ) -> None:
        self._given = profile
        self._gate = Gate(profile)
        self._taker = ProfileTaker()
        self._at = first_frame // GRID_FRAMES * GRID_FRAMES
        self._early = first_frame - self._at
        self._ungated_until = ungated_until
        self._line = np.zeros((_PADDING + self._early, CHANNELS), np.float32)
        self._gated = self._held_back = self._harmful = 0

    def push(self, audio: Frames) -> Frames:
        """Further (n, 2) frames; gives those that are done."""
        self._line = np.concatenate((self._line, audio))
        out = []
        while len(self._line) >= GRID_FRAMES + 2 * _PADDING:
            out.append(self._step(self._line[: GRID_FRAMES + 2 * _PADDING]))
            self._line = self._line[GRID_FRAMES:]
        return np.concatenate(out) if out else np.zeros((0, CHANNELS), np.float32)

    def flush(self) -> Frames:
        """The rest, as if silence followed."""
        held = len(self._line) - _PADDING
        left = max(0, held - self._early)
        chunks = -(-held // GRID_FRAMES)
        silence = chunks * GRID_FRAMES + 2 * _PADDING - len(self._line)
        return self.push(np.zeros((silence, CHANNELS), np.float32))[:left]

    @property
    def profile(self) -> NDArray[np.float32] | None:
        """For the next clip: this one's, or the one given while there is too little of it."""
        taken = self._taker.profile()
        return self._given if taken is None else taken

    @property
    def given(self) -> NDArray[np.float32] | None:
        """The profile this clip is gated with."""
        return self._given

    @property
    def gating(self) -> str:
        """'on', or why and for how many seconds audio was left as it was."""
        if self._given is None:
            return "bypassed: no clip before this one to take the noise from"
        seconds = GRID_FRAMES / SAMPLE_RATE
        reasons = []
        if self._held_back:
            reasons.append(f"{self._held_back * seconds:g} s at the start of a revision")
        if self._harmful:
            reasons.append(f"{self._harmful * seconds:g} s where loud bands would lose over 1 dB")
        if not reasons:
            return "on"
        return ("on but for " if self._gated else "bypassed: ") + " and ".join(reasons)

    def _step(self, padded: Frames) -> Frames:
        self._taker.push(padded[_PADDING : _PADDING + GRID_FRAMES])
        wanted = self._at >= self._ungated_until
        done, gated = self._gate.chunk(padded, wanted)
        self._gated += gated
        self._held_back += not wanted
        self._harmful += wanted and not gated
        self._at += GRID_FRAMES
        early, self._early = self._early, 0
        return done[early:]


def _power(audio: NDArray[Any]) -> Doubles:
    """Power spectrum of half a second, both channels added."""
    window = np.hanning(len(audio))[:, None]
    spectrum = np.fft.rfft(audio * window, axis=0)
    return np.asarray((np.abs(spectrum) ** 2).sum(axis=1))


def _third_octaves() -> Doubles:
    """Which bins of ``_power`` belong to which third of an octave, 40 Hz to 20 kHz, as 0 and 1:
    shape (bands, bins). Base-ten bands of IEC 61260-1."""
    frequencies = np.fft.rfftfreq(GRID_FRAMES, 1.0 / SAMPLE_RATE)
    edges = 10.0 ** (np.arange(15.5, 44.0) / 10.0)
    inside = (frequencies >= edges[:-1, None]) & (frequencies < edges[1:, None])
    return inside.astype(np.float64)
