"""Percussion patterns: soft, and only as busy as the music."""

from __future__ import annotations

from typing import NamedTuple


class Hit(NamedTuple):
    """A stroke ``slot`` sixteenths into the bar; ``take`` 0-3 picks the noise it is made of."""

    instrument: str
    slot: int
    take: int
    accent: float


def hits(kit: str, busy: float, bar: int, phrase_bar: int) -> list[Hit]:
    """The strokes of a bar. ``busy``: melody notes per bar asked for; below 2.8 nobody drums.

    ``kit``: '' (none), 'soft' (shaker and brush), 'brushes' (lounge), 'band' or 'beat'.
    """
    if not kit or busy < 2.8:
        return []
    made = [_hit("shaker", slot, bar, _SHAKE[slot % 4]) for slot in _shaker(busy)]
    if kit == "soft":
        return made + [_hit("brush", slot, bar, 0.5) for slot in (4, 12)]
    made += [Hit("kick", slot, 0, 0.9 if slot == 0 else 0.78) for slot in _kicks(kit, busy)]
    if busy > 3.2 or kit == "brushes":
        snare = "snare" if kit in ("band", "beat") and busy > 4.6 else "brush"
        made += [_hit(snare, slot, bar, 0.72) for slot in (4, 12)]
        if kit == "brushes":
            made += [_hit("brush", slot, bar, 0.34) for slot in (7, 10, 15)]
    if phrase_bar in (3, 7) and busy > 4.0:
        made += [_hit("tom", slot, 12 - slot, 0.6 + 0.03 * (slot - 12)) for slot in (13, 14, 15)]
    return made


_SHAKE = (0.36, 0.22, 0.52, 0.26)
"""How hard the shaker moves on each sixteenth of a beat."""


def _hit(instrument: str, slot: int, bar: int, accent: float) -> Hit:
    return Hit(instrument, slot, (bar + slot // 2) % 4, accent)


def _shaker(busy: float) -> range:
    return range(2, 16, 4) if busy < 3.6 else range(0, 16, 2) if busy < 6.4 else range(16)


def _kicks(kit: str, busy: float) -> tuple[int, ...]:
    if kit == "beat":
        return (0, 8) if busy < 5.0 else (0, 4, 8, 12)
    if kit == "band":
        return (0, 8) if busy < 4.4 else (0, 6, 8)
    return (0,) if busy < 4.4 else (0, 10)
