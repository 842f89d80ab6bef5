"""What players have in their hands for a metre: where they play, lean, answer and fill."""

from __future__ import annotations

from typing import NamedTuple

from engine.composers.score.writing.metre import COMMON, COMPOUND, MARCH, WALTZ, Metre

Slots = tuple[int, ...]
Strokes = tuple[tuple[int, bool], ...]
"""Strokes over the strings: slot, and whether it goes down."""


class Feel(NamedTuple):
    """The rhythms of a metre. All slots are sixteenths within the bar.

    ``slow``: where a hand plays that goes slowly: every quarter, in compound time long and short.
    ``half``: where a bar that stays on one chord is taken up again. ``after``: the after-beats.
    ``between``: the off-beats. ``lean``: accents that pull against the metre. ``pairs``: the two
    places where a chord answers above a figure. The rest are patterns, of which a section keeps
    one: ``busy_`` ones for music that is awake.
    """

    slow: Slots
    half: int
    after: Slots
    between: Slots
    lean: Slots
    pairs: tuple[int, int]
    orders: tuple[Slots, ...]
    spans: tuple[Slots, ...]
    hands: tuple[Slots, ...]
    comps: tuple[Slots, ...]
    busy_comps: tuple[Slots, ...]
    pulses: tuple[Slots, ...]
    busy_pulses: tuple[Slots, ...]
    strums: tuple[Strokes, ...]
    basses: tuple[Slots, ...]
    kicks: tuple[Slots, ...]
    slow_kicks: tuple[Slots, ...]
    floor: Slots
    ride: Slots
    taps: tuple[Slots, ...]
    drums: tuple[Slots, ...]
    rolls: tuple[Slots, ...]
    fills: tuple[Slots, ...]


_COMMON = Feel(
    slow=(0, 4, 8, 12),
    half=8,
    after=(4, 12),
    between=(2, 6, 10, 14),
    lean=(0, 6, 12),
    pairs=(8, 14),
    orders=((0, 1, 2, 3, 2, 1), (0, 2, 1, 2), (0, 1, 2, 3), (0, 2, 3, 1), (0, 3, 2, 1, 2, 3)),
    spans=((0, 1, 3, 2, 3, 1), (0, 1, 2, 3, 4, 3, 2, 1), (0, 2, 3, 1)),
    hands=((0, 1, 2, 3, 2, 1), (0, 1, 2, 1, 3, 2, 1, 2), (0, 2, 1, 3, 1, 2)),
    comps=((0, 6), (0, 10), (2, 8), (0, 7, 12)),
    busy_comps=((0, 6, 10), (0, 3, 8, 11), (2, 6, 10, 14), (0, 6, 12, 14)),
    pulses=((0, 4, 8, 12), (0, 6, 12), (0, 3, 6, 8, 11, 14), (0, 4, 6, 10, 12), (2, 6, 10, 14)),
    busy_pulses=(
        (0, 2, 4, 6, 8, 10, 12, 14),
        (0, 3, 6, 8, 11, 14),
        (0, 2, 3, 6, 8, 10, 11, 14),
        (0, 2, 6, 8, 10, 14),
    ),
    strums=(
        ((0, True), (8, True)),
        ((0, True), (6, False), (8, True), (14, False)),
        ((0, True), (4, True), (6, False), (10, False), (12, True), (14, False)),
        (
            (0, True), (3, False), (4, True), (6, False),
            (8, True), (10, False), (12, True), (14, False),
        ),
    ),
    basses=((0, 6, 10), (0, 7, 10), (0, 3, 10), (0, 6, 14)),
    kicks=((0, 8), (0, 6, 8), (0, 8, 10), (0, 7, 10)),
    slow_kicks=((0, 10), (0, 7, 10), (0, 3, 10), (0, 6, 11)),
    floor=(0, 4, 8, 12),
    ride=(0, 4, 6, 8, 12, 14),
    taps=((7, 14), (10, 15), (6, 11)),
    drums=((6, 11), (6, 14), (3, 10), (7, 14)),
    rolls=((4, 6, 12, 14), (3, 6, 11, 14), (6, 10, 14)),
    fills=((13, 14, 15), (12, 14, 15), (11, 12, 14, 15), (10, 12, 13, 14, 15)),
)  # fmt: skip
_WALTZ = Feel(
    slow=(0, 4, 8),
    half=8,
    after=(4, 8),
    between=(2, 6, 10),
    lean=(0, 6),
    pairs=(4, 8),
    orders=((0, 1, 2, 3, 2, 1), (0, 2, 3, 2, 3, 2), (0, 2, 1, 3, 1, 2), (0, 3, 2, 3, 1, 2)),
    spans=((0, 1, 3, 2, 3, 1), (0, 1, 2, 3, 4, 2), (0, 2, 3, 4, 3, 2)),
    hands=((0, 1, 2, 3, 2, 1), (0, 2, 3, 1, 3, 2), (0, 3, 2, 3, 1, 2)),
    comps=((4, 8), (0, 6), (0, 8), (0, 4, 8)),
    busy_comps=((0, 6, 10), (4, 8, 10), (2, 6, 10), (0, 4, 6, 10)),
    pulses=((0, 4, 8), (0, 6), (0, 4, 8, 10), (0, 3, 6, 9), (2, 6, 10)),
    busy_pulses=((0, 2, 4, 6, 8, 10), (0, 3, 6, 9), (0, 2, 4, 7, 8, 10), (0, 4, 6, 8, 10)),
    strums=(
        ((0, True), (8, True)),
        ((0, True), (4, True), (8, True)),
        ((0, True), (4, True), (6, False), (8, True), (10, False)),
        ((0, True), (2, False), (4, True), (6, False), (8, True), (10, False)),
    ),
    basses=((0, 6, 10), (0, 8), (0, 6, 8), (0, 8, 10)),
    kicks=((0, 4), (0, 6), (0, 10), (0, 8)),
    slow_kicks=((0, 8), (0, 6), (0, 7), (0, 10)),
    floor=(0, 4, 8),
    ride=(0, 4, 6, 8),
    taps=((6, 11), (7, 10), (3, 10)),
    drums=((6, 10), (4, 10), (3, 8), (7, 10)),
    rolls=((4, 6, 8, 10), (4, 7, 10), (6, 8, 10)),
    fills=((9, 10, 11), (8, 10, 11), (7, 8, 10, 11), (6, 8, 9, 10, 11)),
)
_COMPOUND = Feel(
    slow=(0, 4, 6, 10),
    half=6,
    after=(6,),
    between=(4, 10),
    lean=(0, 4, 8),
    pairs=(6, 10),
    orders=((0, 1, 2, 3, 2, 1), (0, 2, 1), (0, 1, 2), (0, 2, 3, 2, 1, 2), (0, 1, 3, 1, 2, 3)),
    spans=((0, 1, 2, 3, 2, 1), (0, 1, 3, 2, 3, 1), (0, 2, 4, 3, 2, 1)),
    hands=((0, 1, 2, 3, 2, 1), (0, 1, 2), (0, 2, 3, 1, 3, 2)),
    comps=((0, 6), (0, 10), (4, 10), (0, 4, 6)),
    busy_comps=((0, 4, 6, 10), (0, 4, 10), (2, 6, 10), (0, 4, 8, 10)),
    pulses=((0, 6), (0, 4, 6, 10), (0, 4, 8), (0, 2, 6, 8), (4, 10)),
    busy_pulses=((0, 2, 4, 6, 8, 10), (0, 4, 6, 10), (0, 3, 4, 6, 9, 10), (0, 2, 6, 8, 10)),
    strums=(
        ((0, True), (6, True)),
        ((0, True), (4, False), (6, True), (10, False)),
        ((0, True), (4, False), (6, True), (8, True), (10, False)),
        ((0, True), (2, True), (4, False), (6, True), (8, True), (10, False)),
    ),
    basses=((0, 4, 6), (0, 4, 10), (0, 6, 10), (0, 6)),
    kicks=((0, 6), (0, 4), (0, 10), (0, 8)),
    slow_kicks=((0, 6), (0, 10), (0, 4), (0, 4, 10)),
    floor=(0, 6),
    ride=(0, 4, 6, 10),
    taps=((4, 10), (3, 10), (8, 11)),
    drums=((4, 10), (4, 8), (8, 10), (3, 10)),
    rolls=((4, 6, 10), (2, 4, 8, 10), (4, 8, 10)),
    fills=((9, 10, 11), (8, 10, 11), (6, 8, 10, 11), (6, 8, 9, 10, 11)),
)
_MARCH = Feel(
    slow=(0, 4),
    half=4,
    after=(4,),
    between=(2, 6),
    lean=(0, 3, 6),
    pairs=(4, 6),
    orders=((0, 1, 2, 3), (0, 2, 1, 2), (0, 2, 3, 1), (0, 3, 2, 1)),
    spans=((0, 1, 3, 2), (0, 2, 4, 3), (0, 2, 3, 1)),
    hands=((0, 1, 2, 3), (0, 2, 1, 2), (0, 2, 3, 1)),
    comps=((0, 4), (0, 3), (0, 6), (2, 4)),
    busy_comps=((0, 3, 6), (2, 6), (0, 4, 6), (0, 2, 6)),
    pulses=((0, 4), (0, 3, 6), (0, 6), (0, 4, 6), (2, 6)),
    busy_pulses=((0, 2, 4, 6), (0, 3, 6), (0, 2, 3, 6), (0, 3, 4, 6)),
    strums=(
        ((0, True), (4, True)),
        ((0, True), (4, True), (6, False)),
        ((0, True), (2, False), (4, True), (6, False)),
        ((0, True), (2, False), (3, True), (4, True), (6, False), (7, False)),
    ),
    basses=((0, 4), (0, 6), (0, 3, 6), (0, 4, 6)),
    kicks=((0, 4), (0, 3), (0, 6), (0, 3, 6)),
    slow_kicks=((0, 6), (0, 3), (0, 4), (0, 7)),
    floor=(0, 4),
    ride=(0, 2, 4, 6),
    taps=((3, 6), (2, 7), (3, 7)),
    drums=((3, 6), (2, 6), (4, 6), (3, 7)),
    rolls=((2, 4, 6), (3, 6), (2, 3, 6)),
    fills=((5, 6, 7), (4, 6, 7), (3, 4, 6, 7), (2, 4, 5, 6, 7)),
)
_FEELS = {
    COMMON.name: _COMMON,
    WALTZ.name: _WALTZ,
    COMPOUND.name: _COMPOUND,
    MARCH.name: _MARCH,
}


def feel(metre: Metre) -> Feel:
    """The rhythms of a metre."""
    return _FEELS[metre.name]


SLOW, EIGHTHS, SIXTEENTHS = 4, 2, 1
"""How fast a figure goes, told by its steps in sixteenths; a slow one keeps to ``Feel.slow``."""


def grid(metre: Metre, step: int, start: int, end: int) -> list[int]:
    """The slots of [start, end) that a figure of ``step`` plays on; always ``start`` itself,
    where a chord enters."""
    slots = feel(metre).slow if step >= SLOW else tuple(range(0, metre.slots, step))
    return [start, *(slot for slot in slots if start < slot < end)]
