"""Recordings moved to other pitches piece by piece, as far as notes go.

A piece is a stretch of a recording with a margin on either side, its spectrum in fewer or more
frames. So a note of a second costs no more than that, whatever else is played of its pitch, and no
two lengths of a note are made apart.
"""

from __future__ import annotations

import functools
import io
import math
import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.composers.score.sound.tables import Table

Spectrum = NDArray[np.complex64]

WINDOW = 28_672
"""Frames of a recording that are transformed for a piece: 0.9 s of them."""
_PARTS = 16
"""A sixteenth of them before the piece, and one after it."""
MARGIN = WINDOW // _PARTS
HOP = WINDOW - 2 * MARGIN
_QUICK = 200
_DECODED_BYTES = 24 * 2**20
_ENDS = 256
"""Frames in which a recording ends."""


@dataclass(frozen=True)
class Pieced:
    """A maker of tables that can be made ``piece`` by piece: (pitch, layer, number) -> frames of
    the table, as many in each. ``count``: pitch -> how many pieces have any sound; None: all."""

    piece: Callable[[int, int, int], Table]
    count: Callable[[int], int | None]

    def __call__(self, pitch: int, layer: int, frames: int) -> Table:
        made = [self.piece(pitch, layer, 0)]
        while sum(piece.shape[-1] for piece in made) < frames:
            made.append(self.piece(pitch, layer, len(made)))
        return np.concatenate(made, axis=-1)[..., :frames].copy()


class Decoded:
    """Recordings, decoded as far as was asked for; those longest unused are let go.

    They are read from their beginning only: libsndfile finds no exact place in OGG Vorbis.
    """

    def __init__(self, read: Callable[[str], bytes], limit: int = _DECODED_BYTES) -> None:
        self._read, self._limit = read, limit
        self._open: OrderedDict[str, _Recording] = OrderedDict()

    def until(self, name: str, frames: int) -> Table:
        """At least the first ``frames`` of a recording, or all there are, (channels, n)."""
        recording = self._open.pop(name, None) or _Recording(self._read(name))
        self._open[name] = recording
        wave = recording.until(frames)
        while len(self._open) > 1 and sum(r.bytes for r in self._open.values()) > self._limit:
            self._open.popitem(last=False)
        return wave


class _Recording:
    def __init__(self, data: bytes) -> None:
        self._data = len(data)
        self._file = soundfile.SoundFile(io.BytesIO(data))
        # A process that ends lets go of it last of all, when soundfile can close nothing any more.
        weakref.finalize(self, self._file.close)
        self._wave = np.zeros((self._file.channels, 0), np.float32)
        self._whole = False

    @property
    def bytes(self) -> int:
        return self._data + self._wave.nbytes

    def until(self, frames: int) -> Table:
        missing = frames - self._wave.shape[1]
        if missing > 0 and not self._whole:
            more = self._file.read(missing, dtype="float32", always_2d=True)
            self._whole = len(more) < missing
            self._wave = np.concatenate((self._wave, more.T), axis=1)
        return self._wave


def pieces_of(frames: int, loop: tuple[int, int] | None) -> int | None:
    """How many pieces have anything of a recording of ``frames``; None where it goes round."""
    return None if loop is not None else -(-(frames + MARGIN) // HOP)


def window_of(
    until: Callable[[int], Table], number: int, frames: int, loop: tuple[int, int] | None
) -> Table:
    """What is transformed for the ``number``-th piece of a recording of ``frames``, which ``until``
    decodes, and which goes on in its ``loop``: (channels, WINDOW)."""
    first, stop = number * HOP - MARGIN, (number + 1) * HOP + MARGIN
    begin = max(first, 0)
    if loop is None or stop <= loop[1]:
        heard = until(min(frames, stop))[:, begin : min(frames, stop)]
    else:
        places = np.arange(begin, stop)
        places = np.where(
            places < loop[1], places, loop[0] + (places - loop[0]) % (loop[1] - loop[0])
        )
        known = until(min(frames, int(places.max()) + 1))[:, :frames]
        heard = known[:, places[places < known.shape[1]]]
    window = np.zeros((len(heard), WINDOW), np.float32)
    there = window[:, begin - first :][:, : heard.shape[1]]
    there[:] = heard
    ending = max(0, frames - _ENDS - begin)
    if loop is None and ending < there.shape[1]:
        faded = there[:, ending:]
        faded *= _fade()[begin + ending - frames + _ENDS :][: faded.shape[1]]
    window[:, : MARGIN // 2] *= _taper()
    window[:, -MARGIN // 2 :] *= _taper()[::-1]
    return window


def moved(spectrum: Spectrum, stretch: float) -> Table:
    """A piece of which ``spectrum`` is that of its window, in ``stretch`` times as many frames;
    exact, but that their number is such that it is quick to transform (``quick``)."""
    part = quick(MARGIN * stretch)
    wave = np.fft.irfft(spectrum, _PARTS * part, axis=-1)
    return np.asarray(wave[:, part:-part], np.float32)


def spectrum_of(window: Table) -> Spectrum:
    """The transform of a window, of its own scale."""
    # By this scale numpy takes single precision.
    return np.asarray(np.fft.rfft(window, axis=-1, norm="forward"), np.complex64)


@functools.lru_cache(maxsize=1024)
def quick(wanted: float) -> int:
    """A number of frames within a cent of ``wanted`` that is quick to transform: that with the
    smallest largest prime factor. Factors up to ``_QUICK`` cost little; where there is none with
    such, within two cents."""
    best = _quickest(wanted, 1.0)
    return best if _largest_factor(best) <= _QUICK else _quickest(wanted, 2.0)


def _quickest(wanted: float, cents: float) -> int:
    low, high = (wanted * 2.0 ** (off / 1200.0) for off in (-cents, cents))
    near = range(math.ceil(low), math.floor(high) + 1) or (round(wanted),)
    return min(near, key=lambda number: (_largest_factor(number), abs(number - wanted)))


def _largest_factor(number: int) -> int:
    factor = 2
    while factor * factor <= number:
        if number % factor:
            factor += 1
        else:
            number //= factor
    return number


@functools.cache
def _fade() -> Table:
    return np.asarray(np.linspace(1.0, 0.0, _ENDS) ** 2, np.float32)


@functools.cache
def _taper() -> Table:
    x = (np.arange(MARGIN // 2) + 0.5) / (MARGIN // 2)
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * x), np.float32)
