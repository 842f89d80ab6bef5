"""Notes as they are sounded: what of which tables, under which envelope, piece by piece."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.sound.instruments import INSTRUMENTS, LAYERS, Instrument
from engine.composers.score.sound.pieces import Pieced
from engine.composers.score.sound.tables import (
    SLOW,
    Table,
    TableCache,
    fall,
    rise,
    slow,
    slow_times,
)

PLACE, _COMB = 26, 0.09
"""Where a string is struck is a comb (Fletcher & Rossing 1998, 12.2): frames and depth of one that
colours a take by about 1.6 dB."""
_LENGTHS = (1.5, 3.0, 5.0, 9.5)
"""Seconds of a table: the shortest that holds the note is made."""


class _Source(Protocol):
    """What a note is made of, before its envelope."""

    sides: int
    """1, or 2 of a stereo one."""

    def write(self, out: Table, first: int, swell: Table | None) -> int:
        """The note's frames from ``first`` on, times ``swell``, into ``out``, (sides, n): as many
        of them as its tables have, and their number."""


class Voice:
    """One note of unit loudness; it ends in a fade, at exactly zero, after ``length`` frames.

    A piece of it is a function of the note and of the piece's own place alone, so nothing depends
    on how a note was read before. ``comb``: through which comb it is heard (``combed``); that is
    left to who adds up notes.
    """

    def __init__(  # noqa: PLR0917 - a voice is these things
        self,
        source: _Source,
        length: int,
        swell: Table | None,
        attack: int,
        release: int,
        comb: int = 0,
    ) -> None:
        self.length, self.comb, self.sides = length, comb, source.sides
        self._source, self._swell = source, swell
        self._edges = [(length - release, fall(release))]
        if attack:
            self._edges.append((0, rise(attack)))

    def eased(self, frames: int) -> Voice:
        """The note rising for so many frames; its attack is what it was beside that."""
        self._edges.append((0, rise(min(frames, self.length))))
        return self

    def write(self, out: Table, first: int) -> int:
        """The note's frames from ``first`` on into ``out``, (sides, n), n at most as many as are
        left; how many there are, behind which nothing is written and nothing sounds."""
        last = first + out.shape[1]
        swell = None if self._swell is None else _between(self._swell, first, last)
        end = first + self._source.write(out, first, swell)
        for begin, curve in self._edges:
            low, high = max(first, begin), min(end, begin + len(curve))
            if low < high:
                out[:, low - first : high - first] *= curve[low - begin : high - begin]
        return end - first


def voice_of(  # noqa: PLR0917 - a note is these things
    cache: TableCache[Table],
    name: str,
    pitch: int,
    brightness: float,
    gate: int,
    entry: int,
    *,
    take: int = 0,
    instrument: Instrument | None = None,
) -> Voice:
    """One note.

    ``gate``: frames until the release begins; ``entry``: where a looped table is entered;
    ``take`` of a struck or sung one: 0, or 1 for another recording, or 2 for the first one excited
    at another place.
    ``instrument``: another synthesis's under this name; a cache holds the tables of one.
    """
    instrument = instrument or INSTRUMENTS[name]
    pitch = instrument.fold(pitch)
    layer = min(LAYERS - 1, max(0, int(brightness * LAYERS)))
    release = int(instrument.release * SAMPLE_RATE)
    length = gate + release
    swell, comb = None, 0
    arc = _arc(gate, length) if instrument.swell or instrument.loop else None
    if instrument.swell and arc is not None:
        swell = 1.0 - np.float32(instrument.swell) * (1.0 - arc)
    if instrument.loop and arc is not None:
        low = min(layer, LAYERS - 2)
        way = instrument.motion * (arc - 0.5 + _drift(entry, length))
        pair = [
            cache.get((name, pitch, at), functools.partial(instrument.make, pitch, at, 0))
            for at in (low, low + 1)
        ]
        shares = _shares(brightness * LAYERS - low + way, coherent=instrument.coherent)
        source: _Source = _Loops(pair, shares, swell, entry)
        swell = None
    else:
        other = instrument.again if take == 1 else None
        make, key = other or instrument.make, (name, pitch, layer, other is not None)
        comb = 0 if other is not None else take
        if isinstance(make, Pieced):
            piece = functools.partial(make.piece, pitch, layer)
            source = _Pieces(cache, key, piece, make.count(pitch))
        else:
            room = _room(length)
            table = cache.get((*key, room), functools.partial(make, pitch, layer, room))
            length = min(length, table.shape[-1])
            source = _Struck(table)
    # What is played with force speaks sooner.
    attack = int(instrument.attack * (1.3 - 0.7 * brightness) * SAMPLE_RATE)
    attack = min(attack // 128 * 128, length // 2)
    return Voice(source, length, swell, attack, min(release, length), comb)


def sound(  # noqa: PLR0917 - a note is these things
    cache: TableCache[Table],
    name: str,
    pitch: int,
    brightness: float,
    gate: int,
    entry: int,
    *,
    take: int = 0,
    instrument: Instrument | None = None,
) -> Table:
    """One note whole, as ``voice_of`` has it; shape (n,) or (2, n)."""
    where = (name, pitch, brightness, gate, entry)
    voice = voice_of(cache, *where, take=take, instrument=instrument)
    wave = np.zeros((voice.sides, PLACE + voice.length), np.float32)
    voice.write(wave[:, PLACE:], 0)
    heard = combed(wave, voice.comb) if voice.comb else wave[:, PLACE:]
    return heard if voice.sides == 2 else heard[0]


def combed(wave: Table, comb: int) -> Table:
    """``PLACE`` frames less, with those so far back as a string struck elsewhere has them."""
    return wave[..., PLACE:] - np.float32(comb * _COMB) * wave[..., :-PLACE]


class _Struck:
    """A note of a table that is read from its beginning."""

    def __init__(self, table: Table) -> None:
        self._table, self.sides = table, _sides(table)

    def write(self, out: Table, first: int, swell: Table | None) -> int:
        return _written(self._table[..., first : first + out.shape[1]], out, swell)


class _Pieces:
    """The same of a table that is made piece by piece: so many of them, or with no end."""

    def __init__(
        self,
        cache: TableCache[Table],
        key: tuple[str, int, int, bool],
        make: Callable[[int], Table],
        count: int | None,
    ) -> None:
        self._cache, self._key, self._make, self._count = cache, key, make, count
        # The one at hand, which is asked for block after block.
        self._number, self._at_hand = 0, self._made(0)
        self._size, self.sides = self._at_hand.shape[-1], _sides(self._at_hand)

    def write(self, out: Table, first: int, swell: Table | None) -> int:
        done, frames = 0, out.shape[1]
        while done < frames:
            number, place = divmod(first + done, self._size)
            if self._count is not None and number >= self._count:
                break
            part = self._piece(number)[..., place : place + frames - done]
            done += _written(part, out[:, done:], None if swell is None else swell[done:])
        return done

    def _piece(self, number: int) -> Table:
        if number != self._number:
            self._number, self._at_hand = number, self._made(number)
        return self._at_hand

    def _made(self, number: int) -> Table:
        return self._cache.get((*self._key, number), functools.partial(self._make, number))


def _written(part: Table, out: Table, swell: Table | None) -> int:
    frames: int = part.shape[-1]
    if swell is None:
        out[:, :frames] = part
    else:
        np.multiply(part, swell[:frames], out=out[:, :frames])
    return frames


def _sides(table: Table) -> int:
    return 1 if table.ndim == 1 else len(table)


class _Loops:
    """A held note: two tables that repeat, each with its share of the note's level."""

    def __init__(
        self, pair: list[Table], shares: tuple[Table, Table], swell: Table | None, entry: int
    ) -> None:
        self._pair, self._entry, self.sides = pair, entry, len(pair[0])
        self._shares = shares if swell is None else (shares[0] * swell, shares[1] * swell)

    def write(self, out: Table, first: int, _swell: Table | None) -> int:
        last, into = first + out.shape[1], out
        for table, share in zip(self._pair, self._shares, strict=True):
            if not share[first // SLOW : -(-last // SLOW) + 1].any():
                continue  # all of it is the other layer here
            _looped(table, self._entry + first, _between(share, first, last), into)
            if into is out:
                into = np.empty_like(out)
            else:
                out += into
        return 0 if into is out else out.shape[1]


def _looped(table: Table, entry: int, gains: Table, out: Table) -> None:
    """As many frames of a table that repeats as there are ``gains``, times those."""
    size, done = table.shape[1], 0
    while done < len(gains):
        place = (entry + done) % size
        count = min(len(gains) - done, size - place)
        piece = slice(done, done + count)
        np.multiply(table[:, place : place + count], gains[piece], out=out[:, piece])
        done += count


def _between(values: Table, first: int, last: int) -> Table:
    """Frames ``first`` to ``last`` - 1 of the slow curve through ``values``."""
    begin = first // SLOW
    curve = slow(values[begin : -(-last // SLOW) + 1], last - begin * SLOW)
    return curve[first - begin * SLOW :]


def _room(length: int) -> int:
    for seconds in _LENGTHS:
        if length <= seconds * SAMPLE_RATE:
            return int(seconds * SAMPLE_RATE)
    return int(_LENGTHS[-1] * SAMPLE_RATE)


def _arc(gate: int, length: int) -> Table:
    """The arc of a note that is held ``gate`` frames: from 0 up to 1 past its middle and half
    way back; values for ``slow``."""
    place = slow_times(length) * (SAMPLE_RATE / gate)
    arc = np.sin(0.5 * np.pi * np.minimum(1.0, place / 0.6)) ** 2
    arc *= 1.0 - 0.5 * np.clip((place - 0.6) / 0.4, 0.0, 1.0)
    return arc.astype(np.float32)


def _drift(entry: int, length: int) -> Table:
    """A slow wandering in about [-0.5, 0.5], different for every ``entry``; for ``slow``."""
    time = slow_times(length)
    turn = 2.0 * np.pi * entry / 2**17
    drift = 0.3 * np.sin(2.0 * np.pi * 0.11 * time + turn)
    drift += 0.2 * np.sin(2.0 * np.pi * 0.29 * time + 2.7 * turn)
    return drift.astype(np.float32)


def _shares(blend: NDArray[np.float32], *, coherent: bool) -> tuple[Table, Table]:
    """Of two loops, at constant power, or where they are ``coherent`` at constant sum; ``blend`` 0
    is all the first."""
    share = np.clip(blend, 0.0, 1.0).astype(np.float32)
    angle = share * np.float32(np.pi / 2.0)
    return (1.0 - share, share) if coherent else (np.cos(angle), np.sin(angle))
