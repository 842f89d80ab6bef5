"""What a running session keeps of each clip's record: what its screens and its conductor look at
again and again.

A whole record is some fifty KB of objects, most of them the chords and figures of its bars, and a
session of an hour has 160 clips. Those stay in the library (``engine.session.kept_clips``).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from engine.clip_record import ClipRecord
from engine.composers.base import BarRecord
from engine.meter.reading import Reading


class ShownBar(Protocol):
    """Who plays a bar, as ``BarRecord`` says it too."""

    @property
    def start(self) -> float: ...
    @property
    def instrument(self) -> str: ...
    @property
    def genre(self) -> str: ...
    @property
    def section(self) -> int: ...


class ShownRecord(Protocol):
    """What is shown of a clip's record, whether that is whole or in short."""

    @property
    def loudness(self) -> float | None: ...
    @property
    def levels(self) -> bytes: ...
    @property
    def readings(self) -> tuple[Reading, ...]: ...
    @property
    def bars(self) -> Sequence[ShownBar]: ...


class BarInShort(NamedTuple):
    """As in ``BarRecord``."""

    start: float
    instrument: str
    genre: str
    section: int


class RecordInShort(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """As in ``ClipRecord``, which it is of."""

    composer: str
    version: int
    synthesis: str
    speed: float
    loudness: float | None
    levels: bytes
    readings: tuple[Reading, ...]
    bars: tuple[BarInShort, ...]


def in_short(record: ClipRecord) -> RecordInShort:
    """What is kept of ``record``; each name is there once, however many clips have it."""
    return RecordInShort(
        composer=sys.intern(record.composer),
        version=record.version,
        synthesis=sys.intern(record.synthesis),
        speed=record.speed,
        loudness=record.loudness,
        levels=record.levels,
        readings=record.readings,
        bars=tuple(_bar(bar) for bar in record.bars),
    )


def _bar(bar: BarRecord) -> BarInShort:
    return BarInShort(bar.start, sys.intern(bar.instrument), sys.intern(bar.genre), bar.section)
