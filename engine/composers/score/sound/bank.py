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
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.sound.instruments import INSTRUMENTS, Instrument
from engine.composers.score.sound.pieces import (
    WINDOW,
    Decoded,
    Pieced,
    moved,
    pieces_of,
    quick,
    spectrum_of,
    window_of,
)
from engine.composers.score.sound.struck import Maker
from engine.composers.score.sound.tables import LEVEL, Table, TableCache, level, loudest
from engine.composers.score.sound.touch import HIT_PITCH, colour, gain_of, narrowed, side_kept
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
        self.index = index
        self._decoded = Decoded(archive.read)
        self._spectra: TableCache[NDArray[np.complex64]] = TableCache(_SPECTRA_BYTES)

    def piece(self, recorded: Recorded, zone: Zone, number: int) -> NDArray[np.complex64] | None:
        """The transform of the window of a recording's ``number``-th piece, shape (channels, bins);
        None behind its end."""
        count = pieces_of(zone.frames, zone.loop)
        if count is not None and number >= count:
            return None

        def transform() -> NDArray[np.complex64]:
            until = functools.partial(self._decoded.until, zone.file)
            return spectrum_of(window_of(until, number, zone.frames, zone.loop))

        return self._spectra.get((zone.file, number), transform)

    def round(self, zone: Zone) -> NDArray[np.complex64]:
        """The transform of a held recording's loop, shape (channels, bins)."""

        def transform() -> NDArray[np.complex64]:
            return spectrum_of(self._decoded.until(zone.file, zone.frames)[:, : zone.frames])

        return self._spectra.get((zone.file, -1), transform)


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
        notes = [_Notes(bank, name, recorded, again=again) for again in (False, True)]
        one, other = (Pieced(note.piece, note.count) for note in notes)
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


class _Notes:
    """The notes of an instrument's recordings, piece by piece."""

    def __init__(self, bank: Bank, name: str, recorded: Recorded, *, again: bool) -> None:
        self._bank, self._name, self._recorded, self._again = bank, name, recorded, again
        self._levels: dict[tuple[int, int], tuple[float, float]] = {}

    def count(self, pitch: int) -> int | None:
        zone, _ = _zone(self._recorded, pitch, again=self._again)
        return pieces_of(zone.frames, zone.loop)

    def piece(self, pitch: int, layer: int, number: int) -> Table:
        wave = self._raw(pitch, layer, number)
        if (pitch, layer) not in self._levels:
            first = wave if number == 0 else self._raw(pitch, layer, 0)
            self._levels[pitch, layer] = self._level(pitch, layer, first)
        side, gain = self._levels[pitch, layer]
        return narrowed(wave, side, gain)

    def _raw(self, pitch: int, layer: int, number: int) -> Table:
        rate, hit = self._bank.index.rate, self._recorded.kind == "hit"
        zone, away = _zone(self._recorded, pitch, again=self._again)
        stretch = SAMPLE_RATE / rate * 2.0 ** (-away / 12.0)
        spectrum = self._bank.piece(self._recorded, zone, number)
        if spectrum is None:
            return np.zeros_like(self._raw(pitch, layer, 0))
        key = HIT_PITCH if hit else zone.key
        wave = moved(spectrum * colour(layer, key, rate, WINDOW), stretch)
        return wave[0] if hit or len(wave) == 1 else wave

    def _level(self, pitch: int, layer: int, first: Table) -> tuple[float, float]:
        """How much of a note's side is kept, and its gain, by its ``first`` piece; what is sung may
        take another one to be at its loudest."""
        wave = first
        if self._recorded.kind == "sung":
            wave = np.concatenate((first, self._raw(pitch, layer, 1)), axis=-1)
        side = side_kept(wave, self._name)
        gain = 1.0 / (loudest(narrowed(wave, side)) + 1e-9)
        if self._recorded.kind == "hit":
            return side, gain * loudest(INSTRUMENTS[self._name].make(pitch, layer, wave.shape[-1]))
        return side, gain * LEVEL * gain_of(layer)


def _loop(bank: Bank, name: str, recorded: Recorded) -> Maker:
    """A loop of whole frames, so that it has no seam at any pitch."""
    rate = bank.index.rate

    def make(pitch: int, layer: int, _frames: int) -> Table:
        zone, away = _zone(recorded, pitch, again=False)
        frames = quick(zone.frames * SAMPLE_RATE / rate * 2.0 ** (-away / 12.0))
        coloured = bank.round(zone) * colour(layer, zone.key, rate, zone.frames)
        table = np.asarray(np.fft.irfft(coloured, frames, axis=-1), np.float32)
        return level(narrowed(table, side_kept(table, name)), LEVEL * gain_of(layer))

    return make
