"""The second synthesis: the instruments' tables made by FluidSynth from a General MIDI soundfont.

Only the tables change. Their cache, the envelopes, the places on the stage and the hall are those
of the built-in synthesis, so windows stay bit-identical and ensembles keep their balance. What
the soundfont lacks is sounded by the built-in tables.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import struct
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.sound import bank
from engine.composers.score.sound.chosen import Chosen, Replaced
from engine.composers.score.sound.fluid import Font, library_version
from engine.composers.score.sound.gm import GENERAL_MIDI, Percussion
from engine.composers.score.sound.instruments import (
    INSTRUMENTS,
    LAYERS,
    Instrument,
    laid_out,
)
from engine.composers.score.sound.struck import Maker
from engine.composers.score.sound.tables import LEVEL, Table, level, loudest
from engine.composers.score.sound.touch import HIT_PITCH, colour, gain_of, narrowed, side_kept
from engine.composers.synthesis import BUILTIN, Synthesis, built_in
from engine.errors import MusmedError
from engine.places import expanded, open_file

PLACES = tuple(
    Path(folder) / name
    for name in ("FluidR3_GM.sf2", "MuseScore_General.sf3", "MuseScore_General.sf2")
    for folder in ("/usr/share/sounds/sf2", "/usr/share/soundfonts", "/usr/share/sounds/sf3")
)
"""Where a soundfont is looked for that was not named: those known to be good (and free: both are
MIT)."""
PACKAGES = "fluidsynth and fluid-soundfont-gm"
"""Debian's names of what FluidSynth needs."""

_VELOCITIES = (34, 50, 66, 82, 98, 114)
"""The velocity of each brightness layer: how hard a note is played decides its colour, and its
loudness is levelled out."""
_KEYS = 3
"""Keys beside its own on which a note is played that comes again, the pitch wheel making up for it:
more often than not they have another recording."""
_STROKE = 0.25
"""Semitones by which a stroke that comes again is bent."""
_SILENT = 1e-5
_NAMED = 5
"""Instruments that a sentence names."""
_RUMBLE_HERTZ = 28.0
_TAIL_FRAMES = SAMPLE_RATE // 4
_SAMPLE_BLOCKS, _BLOCK_BYTES, _TAIL_BYTES = 64, 2**16, 2**20


def choose(wish: Synthesis) -> Chosen:
    """The synthesis for ``wish``. Never raises for a library or soundfont that is missing or
    broken: the built-in synthesis takes its place."""
    if built_in(wish.wanted) or (wish.wanted == "auto" and wish.soundfont is None):
        return _builtin("")
    version = library_version()
    kept = wish.wanted.startswith("fluidsynth ")
    if version is None:
        return _builtin(f"The FluidSynth library is not installed (Debian: {PACKAGES})")
    absent = f"No soundfont was found (Debian: {PACKAGES})"
    try:
        paths = candidates(wish)
    except MusmedError as error:
        paths, absent = [], str(error).rstrip(".")
    if not paths:
        return _builtin(absent)
    if kept:
        wanted = wish.wanted.split(" ", 3)[2:]
        paths = [path for path in paths if _fingerprint_or_none(path) == wanted[0]]
        if not paths:
            name = " ".join(wanted[1:])
            return _builtin(f"The soundfont {name} that this session began with is not here")
    return _sounded_by(paths[0], version)


def _sounded_by(path: Path, version: str) -> Chosen:
    """The soundfont at ``path``, or the built-in synthesis where it is of no use."""
    try:
        check_soundfont(path)
        instruments, replaced = instruments_of(Font(path), _builtin("").instruments)
        identity = f"fluidsynth {version} {fingerprint(path)} {path.name}"
    except (MusmedError, OSError) as error:
        said = str(error) if isinstance(error, MusmedError) else _unreadable(path, error)
        return _builtin(said.rstrip("."))
    if len(replaced.instruments) == len(instruments):
        return _builtin(f"The soundfont {path} has none of the instruments that are played")
    return Chosen(instruments, identity, _lacks(path.name, replaced.instruments), replaced)


def _lacks(name: str, instruments: Iterable[str]) -> str:
    """A sentence on what a soundfont has no preset for; '' where it has all."""
    named = sorted(instruments)
    if not named:
        return ""
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return (
        f"The soundfont {name} lacks {', '.join(named[:_NAMED])}{more}; the built-in synthesis "
        "sounds them."
    )


def candidates(wish: Synthesis) -> list[Path]:
    """The soundfonts to try, best first: the one that was named, and the well-known places where
    none was or where a kept session may have found its own. Raises ``MusmedError`` for a name that
    can be none of a file."""
    named = [] if wish.soundfont is None else [expanded(wish.soundfont, "soundfont")]
    if named and wish.wanted in ("auto", "fluidsynth"):
        return named
    return [*named, *(path for path in PLACES if path.is_file())]


def _builtin(reason: str) -> Chosen:
    """The bank, or the synthesised instruments where it is damaged; ``reason``: why not what was
    asked for."""
    notice = f"{reason}; the built-in synthesis plays instead." if reason else ""
    try:
        instruments, identity = bank.instruments(), f"{BUILTIN} {bank.opened().fingerprint}"
    except MusmedError as error:
        lost = str(error).rstrip(".")
        lost += "; synthesised instruments play instead (install musmed anew)."
        return Chosen(INSTRUMENTS, BUILTIN, f"{notice} {lost}".strip())
    return Chosen(instruments, identity, notice)


def _unreadable(path: Path, error: OSError) -> str:
    return f"The soundfont {path} can't be read ({error.strerror or error})"


def fingerprint(path: Path) -> str:
    """16 hex digits that tell a soundfont from others without reading all of it: its length, 64
    blocks spread over it, and its last MiB, which says what every preset is. Raises ``OSError``."""
    digest = hashlib.blake2b(digest_size=8)
    with open_file(path) as file:
        size = file.seek(0, os.SEEK_END)
        digest.update(struct.pack("<Q", size))
        for k in range(_SAMPLE_BLOCKS):
            file.seek(k * size // _SAMPLE_BLOCKS)
            digest.update(file.read(_BLOCK_BYTES))
        file.seek(max(0, size - _TAIL_BYTES))
        digest.update(file.read(_TAIL_BYTES))
    return digest.hexdigest()


def _fingerprint_or_none(path: Path) -> str | None:
    try:
        return fingerprint(path)
    except OSError:
        return None


def check_soundfont(path: Path) -> None:
    """Raises ``MusmedError`` for a file that is no whole soundfont, before a library that is
    written in C is given it; ``OSError`` for one that can't be read."""
    with open_file(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        head = file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"sfbk":
            raise MusmedError(f"{path} is no soundfont.")
        end = 8 + struct.unpack("<I", head[4:8])[0]
        if end > size or _lists(file, end) != [b"INFO", b"sdta", b"pdta"]:
            raise MusmedError(f"The soundfont {path} is damaged or cut short.")


def _lists(file: BinaryIO, end: int) -> list[bytes]:
    """The names of the lists up to ``end``; empty where their lengths don't fill the file."""
    names: list[bytes] = []
    while (at := file.tell()) + 12 <= end and len(names) < 8:
        tag, length, name = struct.unpack("<4sI4s", file.read(12))
        if tag != b"LIST" or at + 8 + length > end:
            return []
        names.append(name)
        file.seek(at + 8 + length + length % 2)
    return names


def instruments_of(
    font: Font, base: Mapping[str, Instrument]
) -> tuple[dict[str, Instrument], Replaced]:
    """The instruments, their tables from ``font`` where it has them, and where it has not; those
    are of ``base``."""
    made = dict(base)
    replaced = Replaced()
    for name, instrument in INSTRUMENTS.items():
        place = GENERAL_MIDI[name]
        drums = isinstance(place, Percussion)
        number = (place.kit or 0) if isinstance(place, Percussion) else place.number
        if font.has(number, drums=drums):
            one, other = (
                _maker(font, name, base[name], replaced, again=again) for again in (False, True)
            )
            made[name] = replace(instrument, make=one, again=other, loop=False, motion=0.0)
        else:
            replaced.instruments.add(name)
    return made, replaced


def _maker(font: Font, name: str, base: Instrument, replaced: Replaced, *, again: bool) -> Maker:
    place = GENERAL_MIDI[name]

    def make(pitch: int, layer: int, frames: int) -> Table:
        velocity = _VELOCITIES[layer]
        if isinstance(place, Percussion):
            number, key, drums, bent = place.kit or 0, place.key(pitch), True, again * _STROKE
        else:
            number, key, drums, bent = place.number, pitch + again * _KEYS, False, -_KEYS * again
        wave = font.note(number, key, velocity, frames, bent, drums=drums)
        wave = without_rumble(wave, layer, HIT_PITCH if drums else pitch)
        if not np.abs(wave).max() > _SILENT:  # nothing there, or no number
            replaced.notes.add((name, pitch))
            return laid_out(base, pitch, layer, frames)
        if np.array_equal(wave[0], wave[1]):
            wave = wave[0].copy()
        if drums:
            return level(wave, loudest(INSTRUMENTS[name].make(pitch, layer, frames)))
        return level(narrowed(wave, side_kept(wave, name)), LEVEL * gain_of(layer))

    return make


def without_rumble(wave: Table, layer: int = LAYERS - 1, pitch: float = 60.0) -> Table:
    """``wave`` as ``layer`` of ``pitch`` has it, and through a fourth-order high-pass at 28 Hz:
    pads of recorded soundfonts carry as much below hearing as within it."""
    length = wave.shape[-1]
    size, high_pass = _high_pass(length)
    spectrum = np.fft.rfft(wave, size, axis=-1)
    spectrum *= high_pass
    if layer < LAYERS - 1:
        spectrum *= colour(layer, pitch, SAMPLE_RATE, size)
    return np.ascontiguousarray(np.fft.irfft(spectrum, size, axis=-1)[..., :length], np.float32)


@functools.lru_cache(maxsize=8)
def _high_pass(length: int) -> tuple[int, NDArray[np.complex64]]:
    """(transform length, response) for tables of ``length``, with room for the filter's tail."""
    size = min(
        2**a * 3**b * 5**c
        for a, b, c in itertools.product(range(3, 21), range(4), range(4))
        if 2**a * 3**b * 5**c >= length + _TAIL_FRAMES
    )
    s = 1j * np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE) / _RUMBLE_HERTZ
    response = s**4 / ((s**2 + 0.76537 * s + 1.0) * (s**2 + 1.84776 * s + 1.0))
    return size, response.astype(np.complex64)
