"""Voice leading by dynamic programming over a phrase: under the melody first the bass line, then
four voices between the two.

The least total cost over all ways to voice the phrase's chords (Viterbi). Costs are whole
numbers, so that every machine chooses alike. Bass and melody are led as a pair: no parallel fifths
and octaves, no leap into a hidden one. The rules are those of common practice (Aldwell &
Schachter): little motion, common tones kept, no parallel fifths and octaves, sevenths and
suspensions fall, leading tones rise, wide below and close above.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.composers.score.dice import Dice
from engine.composers.score.writing.dressing import Step
from engine.composers.score.writing.harmony import NONE, Chord
from engine.composers.score.writing.tones import Tone

Costs = NDArray[np.int64]
LOW, HIGH = 49, 74
"""The upper voices' range (MIDI)."""
BASS_LOW, BASS_HIGH = 36, 52
"""Under it some basses (cello, pads) have no keys, and would play an octave up: over the fifth."""
_LEAPS = (3, 0, 0, 2, 3, 4, 9, 4, 8, 9, 11, 14, 6)
"""What a bass motion of 0 to 12 semitones costs."""
_FORBIDDEN = 10_000
_LAST_RESORT = 60
"""What a bass costs that no rule of its chord allows, only a leap that must not be."""
_NINTH = 32
"""What a minor ninth between two voices costs, or a semitone under the top."""


def lead_voices(  # noqa: PLR0917 - a phrase hangs on all of these
    steps: Sequence[Step],
    before: tuple[int, ...],
    before_chord: Chord | None,
    bass_before: int,
    centre: float,
    pedal: int,
    melody: Sequence[tuple[Tone, ...]],
    sung_before: int,
    dice: Dice,
    farthest: int | None = None,
) -> list[tuple[tuple[int, ...], int]]:
    """(upper voices, bass) of each chord. ``before`` are the voices that sounded last, () at the
    start; ``pedal`` is a pitch class that the bass keeps as long as the phrase's last bar has
    not come, or -1. ``melody``: each bar's tones; ``sung_before``: the one before them.
    ``farthest``: the most semitones, six at least, that the bass may leap, None where that is only
    dear."""
    moves = _melody_moves(steps, melody, sung_before)
    basses = bass_line(steps, bass_before, pedal, moves, dice, farthest)
    layers = [
        _fitting(step.chord, round(centre), ceiling)
        for step, ceiling in zip(steps, _ceilings(steps, melody), strict=True)
    ]
    first, own = layers[0]
    total = own + _on_bass(first, basses[0])
    if before:
        previous = np.array([before], np.int64)
        total = total + _motion(previous, first, before_chord, bass_before, basses[0])[0]
    back: list[NDArray[np.intp]] = []
    for i in range(1, len(steps)):
        shapes, own = layers[i]
        ways = total[:, None] + _motion(
            layers[i - 1][0], shapes, steps[i - 1].chord, basses[i - 1], basses[i]
        )
        best = np.argmin(ways, axis=0)
        back.append(best)
        total = ways[best, np.arange(len(shapes))] + own + _on_bass(shapes, basses[i])
    at = int(np.argmin(total))
    chosen = [at]
    for best in reversed(back):
        at = int(best[at])
        chosen.append(at)
    chosen.reverse()
    return [(tuple(int(p) for p in layers[i][0][k]), basses[i]) for i, k in enumerate(chosen)]


Move = tuple[int, int]
"""The melody's tone before a change of chord and the one at it; alike where it stays."""


def _melody_moves(
    steps: Sequence[Step], melody: Sequence[tuple[Tone, ...]], before: int
) -> list[Move]:
    moves: list[Move] = []
    last = before
    for i, step in enumerate(steps):
        struck = [t.pitch for t in melody[step.bar] if t.slot == step.slot]
        moves.append((last, struck[0] if struck else last))
        after = steps[i + 1] if i + 1 < len(steps) else None
        until = after.slot if after is not None and after.bar == step.bar else 16
        heard = [t.pitch for t in melody[step.bar] if step.slot <= t.slot < until]
        last = heard[-1] if heard else last
    return moves


def _ceilings(steps: Sequence[Step], melody: Sequence[tuple[Tone, ...]]) -> list[int]:
    """The lowest tone that the melody sings over each chord; above it no voice belongs."""
    made = []
    for i, step in enumerate(steps):
        after = steps[i + 1] if i + 1 < len(steps) else None
        until = after.slot if after is not None and after.bar == step.bar else 16
        over = [
            t.pitch for t in melody[step.bar] if t.slot < until and t.slot + t.length > step.slot
        ]
        made.append(min(over, default=HIGH + 1))
    return made


def bass_line(  # noqa: PLR0917 - a line hangs on all of these
    steps: Sequence[Step],
    before: int,
    pedal: int,
    moves: Sequence[Move],
    dice: Dice,
    farthest: int | None = None,
) -> list[int]:
    """The cheapest bass line: by step where inversions allow it, roots where the phrase stands,
    against the melody's ``moves``."""
    last_bar = steps[-1].bar
    # A little chance in what an inversion costs, so that a progression has more than one line.
    whim = [dice.pick((0, 0, 1, 3)) for _ in steps]
    table: list[dict[int, tuple[int, int]]] = []
    for i, step in enumerate(steps):
        held = pedal if step.bar < last_bar else NONE
        options = _bass_options(step, i == 0, i == len(steps) - 1, held, whim[i])
        if farthest is not None:
            options = _within_reach(step.chord) | options
        row: dict[int, tuple[int, int]] = {}
        for pitch, own in options.items():
            if i == 0:
                leap = _leap(before, pitch, farthest)
                row[pitch] = (own + leap + _outer(before, pitch, moves[0]), before)
                continue
            falls = steps[i - 1].chord.falls
            row[pitch] = min(
                (
                    cost
                    + own
                    + _leap(p, pitch, farthest)
                    + _unresolved(p, pitch, falls)
                    + _outer(p, pitch, moves[i]),
                    p,
                )
                for p, (cost, _) in table[-1].items()
            )
        table.append(row)
    pitch = min(table[-1], key=lambda p: (table[-1][p][0], p))
    line = [pitch]
    for row in reversed(table[1:]):
        pitch = row[pitch][1]
        line.append(pitch)
    return line[::-1]


def _bass_options(step: Step, first: bool, last: bool, pedal: int, whim: int) -> dict[int, int]:
    """The bass's pitches under a chord and what each costs."""
    chord = step.chord
    costs = {chord.pcs[0]: 0}
    diminished = (chord.pcs[2] - chord.pcs[0]) % 12 == 6
    if pedal != NONE:
        costs = {pedal: 0}
    elif step.bass != NONE:
        costs = {step.bass: 0}
    elif not step.root and not last:
        costs[chord.pcs[1]] = (8 if first else 2) + whim
        if diminished:
            costs = {chord.pcs[0]: 3, chord.pcs[1]: 0}
        elif chord.falls in chord.pcs[3:] and not first:
            costs[chord.falls] = 4 + whim
    return {
        pitch: cost + abs(pitch - 42) // 3
        for pitch in range(BASS_LOW, BASS_HIGH + 1)
        for pc, cost in costs.items()
        if pitch % 12 == pc
    }


def _within_reach(chord: Chord) -> dict[int, int]:
    """Every tone of a chord's triad as a bass, where no better one may be leapt to."""
    triad = chord.pcs[:3]
    return {p: _LAST_RESORT for p in range(BASS_LOW, BASS_HIGH + 1) if p % 12 in triad}


def _leap(a: int, b: int, farthest: int | None) -> int:
    size = abs(a - b)
    if farthest is not None and size > farthest:
        return _FORBIDDEN
    return _LEAPS[size] if size < len(_LEAPS) else 20 + size


def _outer(a: int, b: int, move: Move) -> int:
    """What it costs that the bass goes from ``a`` to ``b`` while the melody makes its ``move``:
    parallel fifths and octaves, and perfect ones that both reach in one direction, the melody by
    leap."""
    if not ill_led(a, b, *move):
        return 0
    return 45 if _parallel(a, b, *move) else 16


def ill_led(a: int, b: int, m: int, n: int) -> bool:
    """Whether a bass that goes from ``a`` to ``b`` and a melody that goes from ``m`` to ``n`` make
    parallel fifths or octaves, or come to one in one direction, the melody by leap."""
    if a == b or m == n or (n - b) % 12 not in (0, 7):
        return False
    return _parallel(a, b, m, n) or ((b - a) * (n - m) > 0 and abs(n - m) > 2)


def _parallel(a: int, b: int, m: int, n: int) -> bool:
    return (m - a) % 12 == (n - b) % 12


def _unresolved(a: int, b: int, falls: int) -> int:
    """A seventh in the bass goes down a step, or it is no seventh."""
    return 0 if a % 12 != falls or a - b in (1, 2) else 20


@lru_cache(maxsize=2048)
def _voicings(pcs: tuple[int, ...], falls: int, rises: int) -> tuple[NDArray[np.int64], Costs]:
    """Every way to set a chord for four voices, shape (n, 4) ascending, and what each costs in
    itself: doublings, omissions, spacing."""
    tones = [p for p in range(LOW, HIGH + 1) if p % 12 in pcs]
    needed = {pcs[1], *pcs[3:]}
    shapes, costs = [], []
    for i, a in enumerate(tones):
        for j in range(i + 1, len(tones)):
            for k in range(j + 1, len(tones)):
                for m in range(k + 1, len(tones)):
                    shape = (a, tones[j], tones[k], tones[m])
                    cost = _own_cost(shape, pcs, needed, falls, rises)
                    if cost < _FORBIDDEN:
                        shapes.append(shape)
                        costs.append(cost)
    return np.array(shapes, np.int64), np.array(costs, np.int64)


@lru_cache(maxsize=4096)
def _fitting(chord: Chord, centre: int, ceiling: int) -> tuple[NDArray[np.int64], Costs]:
    """The 64 voicings that lie best under a melody, and what each costs with its register."""
    shapes, own = _voicings(chord.pcs, chord.falls, chord.rises)
    above = np.maximum(0, shapes - (ceiling - 1)).sum(axis=1)
    costs = own + _register(shapes, centre) + 10 * above
    order = np.argsort(costs, kind="stable")[:64]
    return shapes[order], costs[order]


def _own_cost(
    shape: tuple[int, int, int, int], pcs: tuple[int, ...], needed: set[int], falls: int, rises: int
) -> int:
    here = [p % 12 for p in shape]
    gaps = [q - p for p, q in itertools.pairwise(shape)]
    if not needed <= set(here) or shape[3] - shape[0] > 22 or max(gaps) > 12:
        return _FORBIDDEN
    if gaps[0] < 3 and shape[0] < 56:
        return _FORBIDDEN
    cost = 6 * (pcs[0] not in here) + 4 * (pcs[2] not in here)
    cost += 14 * (here.count(falls) > 1) + 14 * (here.count(rises) > 1)
    cost += 4 * max(0, here.count(pcs[1]) - 1)
    cost += 14 * gaps.count(1) + 2 * gaps.count(2)
    # The top is heard as a melody where none is sung: nothing rubs against it.
    cost += _NINTH * (
        (gaps[2] == 1) + sum(q - p == 13 for p, q in itertools.combinations(shape, 2))
    )
    cost += 3 * (gaps[1] > 8) + 4 * (gaps[2] > 9) + 2 * (gaps[0] < 3)
    return cost


def _on_bass(shapes: NDArray[np.int64], bass: int) -> Costs:
    """What it costs that voices rub against a bass: a seventh below, its root above it."""
    above = shapes - bass
    rubs = (above == 1) | (above == 13) | (above == 25)
    return np.asarray(_NINTH * rubs.sum(axis=1), np.int64)


def _register(shapes: NDArray[np.int64], centre: int) -> Costs:
    return np.asarray(np.abs(shapes.sum(axis=1) - 4 * centre) // 3, np.int64)


def _motion(
    a: NDArray[np.int64], b: NDArray[np.int64], chord: Chord | None, bass_a: int, bass_b: int
) -> Costs:
    """What it costs to go from each voicing of ``a`` to each of ``b``, shape (len a, len b)."""
    if a.shape[1] != b.shape[1]:
        return np.zeros((len(a), len(b)), np.int64)
    bass = bass_b - bass_a
    moved = b[None, :, :] - a[:, None, :]
    size = np.abs(moved)
    cost = 2 * size.sum(axis=2) + 3 * np.maximum(size - 4, 0).sum(axis=2)
    cost += 4 * (size[:, :, 3] > 5)
    same_way = (moved > 0).all(axis=2) | (moved < 0).all(axis=2)
    cost += 5 * same_way
    contrary = (moved[:, :, 3] * bass) < 0
    cost -= 2 * contrary
    cost += _parallels(a, b, moved, bass_a, bass_b)
    if chord is not None:
        if chord.falls != NONE:
            stuck = (moved > 0) | (moved < -2)
            cost += 40 * (stuck & ((a % 12) == chord.falls)[:, None, :]).sum(axis=2)
        if chord.rises != NONE:
            left = (moved != 0) & (moved != 1)
            held = (left & ((a % 12) == chord.rises)[:, None, :]).astype(np.int64)
            cost += 2 * held.sum(axis=2) + 4 * held[:, :, 3]
    return np.asarray(cost, np.int64)


def _parallels(
    a: NDArray[np.int64], b: NDArray[np.int64], moved: NDArray[np.int64], bass_a: int, bass_b: int
) -> Costs:
    """Fifths and octaves that two voices keep while both move: worst between the outer voices,
    least between inner ones."""
    cost = np.zeros(moved.shape[:2], np.int64)
    for j in range(4):
        if bass_a != bass_b:
            one, two = (a[:, j] - bass_a) % 12, (b[:, j] - bass_b) % 12
            kept = (one[:, None] == two[None, :]) & ((one == 0) | (one == 7))[:, None]
            cost += (36 if j == 3 else 14) * (kept & (moved[:, :, j] != 0))
        for i in range(j):
            one, two = (a[:, j] - a[:, i]) % 12, (b[:, j] - b[:, i]) % 12
            kept = (one[:, None] == two[None, :]) & ((one == 0) | (one == 7))[:, None]
            cost += (12 if j == 3 else 6) * (kept & (moved[:, :, j] != 0))
    return cost
