"""The bank: note tables of recorded instruments that come with the package.

One archive, ``data/bank.zip``, made by ``scripts/build_bank.py``: an index, and recordings at some
keys of each instrument as OGG Vorbis. A recording is read when a note first needs it; the pitches
between are the same spectrum in fewer or more frames. What a note is made of depends on its own
fields alone.

A note that comes again is another recording's, moved farther (``parts.takes``).
"""

from __future__ import annotations

import functools
import hashlib
import io
import math
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.sound.instruments import INSTRUMENTS, Instrument, loudest
from engine.composers.score.sound.struck import Maker
from engine.composers.score.sound.tables import Table, TableCache, level
from engine.composers.score.sound.touch import HIT_PITCH, colour, gain_of, narrowed
from engine.errors import MusmedError

BANK = Path(__file__).parent / "data" / "bank.zip"
INDEX = "index.json"
EDITION = 1

Kind = Literal["struck", "sung", "held", "hit"]
"""How a recording goes on: it dies away; it goes round in a loop after its beginning; it is a loop,
entered anywhere; it is a stroke of the kit."""
_Count = Annotated[int, msgspec.Meta(ge=1, le=2**20)]


class Zone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A recording: of which ``key`` (for the kit: which of its strokes), in which member of the
    archive, how many frames, its loop, and by how many cents it is sharp."""

    key: Annotated[int, msgspec.Meta(ge=0, le=127)]
    file: str
    frames: _Count
    loop: tuple[_Count, _Count] | None = None
    cents: Annotated[float, msgspec.Meta(ge=-50.0, le=50.0)] = 0.0


class Recorded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An instrument's recordings, lowest first."""

    kind: Kind
    zones: Annotated[tuple[Zone, ...], msgspec.Meta(min_length=1, max_length=128)]


class Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the bank holds: recordings at ``rate``, rendered from ``made_of``."""

    edition: int
    rate: Annotated[int, msgspec.Meta(ge=8000, le=SAMPLE_RATE)]
    made_of: str
    instruments: dict[str, Recorded]


_LARGEST = 64 * 2**20
_SPECTRA_BYTES = 24 * 2**20
_FADE = 256
"""Frames in which what is read of a recording ends."""
_FARTHEST = 5
"""Keys that another recording than the nearest is moved, at most."""
_CENTS = 3.0
_STROKE_CENTS = 25.0


class Bank:
    """The archive, opened. Raises ``MusmedError`` for one that is missing or damaged."""

    def __init__(self, path: Path = BANK) -> None:
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "blake2b")
            self.fingerprint = digest.hexdigest()[:16]
            archive = zipfile.ZipFile(path)
            small = sum(member.file_size for member in archive.infolist()) <= _LARGEST
            whole = small and archive.testzip() is None
            index = msgspec.json.decode(archive.read(INDEX), type=Index)
            known = {member.filename for member in archive.infolist()}
            held = all(z.file in known for r in index.instruments.values() for z in r.zones)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, msgspec.MsgspecError) as error:
            raise MusmedError(f"The bank of instruments {path} is missing or damaged.") from error
        if not (whole and held and index.edition == EDITION):
            raise MusmedError(f"The bank of instruments {path} is damaged.")
        self._archive = archive
        self.index = index
        self._spectra: TableCache[NDArray[np.complex64]] = TableCache(_SPECTRA_BYTES)

    def spectrum(self, recorded: Recorded, zone: Zone, frames: int) -> NDArray[np.complex64]:
        """The transform of the first ``frames`` of a recording (rounded up, going on in its loop,
        and with room behind), or of a held one's loop; shape (channels, bins)."""
        rate = self.index.rate
        steps = 0 if recorded.kind == "held" else -(-(frames + _FADE) // rate)

        def transform() -> NDArray[np.complex64]:
            file = io.BytesIO(self._archive.read(zone.file))
            wave, _ = soundfile.read(file, steps * rate or -1, dtype="float32", always_2d=True)
            wave = wave.T[:, : zone.frames]
            if not steps:
                return np.asarray(np.fft.rfft(wave, axis=-1), np.complex64)
            if zone.loop is not None:
                wave = _gone_round(wave, zone.loop, steps * rate)
            wave[:, -_FADE:] *= _fade()
            return np.asarray(np.fft.rfft(wave, steps * _room(rate), axis=-1), np.complex64)

        return self._spectra.get((zone.file, steps), transform)


@functools.cache
def opened() -> Bank:
    """The package's own."""
    return Bank(BANK)


@functools.cache
def instruments() -> Mapping[str, Instrument]:
    """With the tables of the package's own."""
    return instruments_of(opened())


def instruments_of(bank: Bank) -> dict[str, Instrument]:
    """The instruments, those that the bank has with its tables."""
    made = dict(INSTRUMENTS)
    for name, recorded in bank.index.instruments.items():
        if name not in made:
            continue
        if recorded.kind == "held":
            made[name] = replace(made[name], make=_loop(bank, name, recorded), coherent=True)
            continue
        one, other = (_note(bank, name, recorded, again=again) for again in (False, True))
        made[name] = replace(made[name], make=one, again=other, loop=False, motion=0.0)
    return made


def _zone(recorded: Recorded, pitch: int, *, again: bool) -> tuple[Zone, float]:
    """The recording for ``pitch``, and the semitones it is to be moved. ``again``: the next
    nearest, or where that is far the nearest out of tune by what nobody hears as that."""
    if recorded.kind == "hit":
        zone = recorded.zones[pitch % len(recorded.zones)]
        return zone, again * _STROKE_CENTS / 100.0
    near = sorted(recorded.zones, key=lambda zone: (abs(zone.key - pitch), zone.key))
    other = again and len(near) > 1 and abs(near[1].key - pitch) <= _FARTHEST
    zone, cents = (near[1], 0.0) if other else (near[0], again * _CENTS)
    return zone, pitch - zone.key + (cents - zone.cents) / 100.0


def _note(bank: Bank, name: str, recorded: Recorded, *, again: bool) -> Maker:
    rate = bank.index.rate
    hit = recorded.kind == "hit"

    def make(pitch: int, layer: int, frames: int) -> Table:
        zone, moved = _zone(recorded, pitch, again=again)
        stretch = SAMPLE_RATE / rate * 2.0 ** (-moved / 12.0)
        spectrum = bank.spectrum(recorded, zone, math.ceil(frames / stretch))
        wave = _moved(spectrum, layer, HIT_PITCH if hit else zone.key, rate, stretch)
        table = np.zeros((wave.shape[0], frames), np.float32)
        table[:, : wave.shape[1]] = wave[:, :frames]
        if hit:
            return level(table[0], loudest(INSTRUMENTS[name].make(pitch, layer, frames)))
        return _levelled(table, name, layer)

    return make


def _loop(bank: Bank, name: str, recorded: Recorded) -> Maker:
    """A loop of whole frames, so that it has no seam at any pitch."""
    rate = bank.index.rate

    def make(pitch: int, layer: int, _frames: int) -> Table:
        zone, moved = _zone(recorded, pitch, again=False)
        stretch = SAMPLE_RATE / rate * 2.0 ** (-moved / 12.0)
        spectrum = bank.spectrum(recorded, zone, zone.frames)
        return _levelled(_moved(spectrum, layer, zone.key, rate, stretch), name, layer)

    return make


def _levelled(table: Table, name: str, layer: int) -> Table:
    if len(table) == 1:
        table = table[0]
    level(narrowed(table, name))
    table *= np.float32(gain_of(layer))
    return table


def _gone_round(wave: Table, loop: tuple[int, int], frames: int) -> Table:
    """A sung recording, gone on with for ``frames``, as far as all of it is there."""
    begin, end = loop
    if wave.shape[1] < end:
        return wave
    more = -(-(frames - end) // (end - begin))
    return np.concatenate([wave, *[wave[:, begin:end]] * more], axis=1)[:, :frames]


def _moved(
    spectrum: NDArray[np.complex64], layer: int, key: int, rate: int, stretch: float
) -> Table:
    """The sound of ``spectrum`` as ``layer`` has it, ``stretch`` times as many frames; exact, but
    that the number of frames is such that it is quick to transform (within a cent)."""
    size = 2 * (spectrum.shape[1] - 1)
    coloured = spectrum * colour(layer, key, rate, size)
    return np.asarray(np.fft.irfft(coloured, _quick(round(size * stretch)), axis=-1), np.float32)


@functools.lru_cache(maxsize=1024)
def _quick(wanted: int) -> int:
    """The number next to ``wanted`` with no prime factor above 13."""
    near = [number for number in range(wanted - 400, wanted + 400) if _smooth(number)]
    return min(near, key=lambda number: abs(number - wanted)) if near else wanted


def _smooth(number: int) -> bool:
    for prime in (2, 3, 5, 7, 11, 13):
        while number % prime == 0:
            number //= prime
    return number == 1


def _room(rate: int) -> int:
    """Frames of a transform for each second of a recording."""
    return 1 << (rate + _FADE).bit_length()


@functools.cache
def _fade() -> Table:
    return np.asarray(np.linspace(1.0, 0.0, _FADE) ** 2, np.float32)
