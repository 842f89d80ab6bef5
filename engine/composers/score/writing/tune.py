"""Tunes: eight-bar melodies that are written once and told again through the whole session.

A tune is written in scale steps from its tonic, so that it stays itself in every mode and key. It
has a form of its own (a question and its answer, a sentence, a chain of sequences), repeats its
ideas within itself, has one height, and ends on its tonic. Of many drafts the best is taken, by
rules that melodies people remember follow: small range, mostly steps, leaps that turn back, chord
tones where they are heard (Huron 2006, *Sweet Anticipation*, chs. 5 and 12; Jakubowski et al. 2017,
on what sticks).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import msgspec

from engine.composers.score.dice import Dice
from engine.composers.score.writing.metre import Metre
from engine.composers.score.writing.rhythms import RHYTHMS, Rhythm

TUNE_BARS = 8
_DRAFTS = 24
_FORMS: tuple[tuple[str, ...], ...] = (
    ("a", "b", "c", "H", "a", "b", "d", "F"),
    ("a", "b", "a", "H", "a", "b", "c", "F"),
    ("a", "a+1", "b", "H", "a", "a+1", "c", "F"),
    ("a", "a-1", "a-2", "H", "a", "a-1", "b", "F"),
    ("a", "b", "a+1", "b+1", "c", "c-1", "b", "F"),
    ("a", "b", "a-1", "b-1", "a", "b", "c", "F"),
    ("a", "b", "a+1", "H", "a", "b", "a-1", "F"),
    ("a", "b", "b-1", "H", "a", "b", "b+1", "F"),
    ("a", "b", "c", "H", "c", "c-1", "a", "F"),
    ("a", "a+2", "b", "H", "c", "c+1", "b", "F"),
)
"""Bars by idea: 'a+1' is idea a a step higher, H ends a question and F the tune."""
_GROUNDS: tuple[tuple[int, ...], ...] = (
    (0, 5, 3, 4, 0, 5, 3, 0),
    (0, 3, 0, 4, 0, 3, 4, 0),
    (0, 4, 5, 3, 0, 4, 3, 0),
    (0, 2, 3, 4, 0, 2, 4, 0),
    (0, 0, 3, 4, 0, 5, 1, 0),
    (0, 1, 3, 4, 5, 3, 4, 0),
    (5, 3, 0, 4, 5, 3, 4, 0),
    (0, 6, 3, 4, 0, 6, 4, 0),
    (3, 0, 3, 4, 3, 0, 4, 0),
)
"""The roots, in steps from the tonic, that a tune is written over; what is played under it is found
anew for every mode (``harmonise``)."""


class TuneNote(msgspec.Struct, frozen=True, array_like=True):
    """``slot`` and ``length`` in sixteenths of its bar; ``step``: scale steps from the tonic."""

    slot: int
    length: int
    step: int


TuneBar = tuple[TuneNote, ...]


class Tune(msgspec.Struct, frozen=True, array_like=True):
    """Eight bars, and the letters of their form ('a', 'a+1', 'H')."""

    bars: tuple[TuneBar, ...]
    form: tuple[str, ...]

    @property
    def middle(self) -> int:
        """The middle of its range in steps."""
        steps = [note.step for bar in self.bars for note in bar]
        return (max(steps) + min(steps)) // 2


def write_tune(metre: Metre, dice: Dice, unlike: Tune | None = None) -> Tune:
    """A new tune; one that is ``unlike`` another takes its rhythms and its ground elsewhere, and
    begins on another tone."""
    taken = set() if unlike is None else {_rhythm(bar) for bar in unlike.bars}
    form, ground = dice.pick(_FORMS), dice.pick(_GROUNDS)
    if unlike is not None:
        form = dice.pick([other for other in _FORMS if other != unlike.form])
    vocabulary = RHYTHMS[metre.name]
    letters = sorted({word[0] for word in form} - {"H", "F"})
    fresh = [rhythm for rhythm in vocabulary.moving if rhythm not in taken]
    rhythms = {letter: _draw(fresh, dice) for letter in letters}
    rhythms["H"], rhythms["F"] = dice.pick(vocabulary.halves), dice.pick(vocabulary.finals)
    first = unlike.bars[0][0].step if unlike is not None else None
    drafts = [_draft(form, ground, rhythms, metre, dice) for _ in range(_DRAFTS)]
    best = min(range(_DRAFTS), key=lambda i: (_cost(drafts[i], ground, metre, first), i))
    bars = drafts[best]
    return Tune(_from_below(bars) if dice.chance(_FROM_BELOW) else bars, form)


_FROM_BELOW = 0.6
"""How often a tune comes home from the tone under its tonic, where it may."""


def _from_below(bars: tuple[TuneBar, ...]) -> tuple[TuneBar, ...]:
    """The tune with its last step home from the leading tone, where that is near: the cadence's
    dominant then leads where it is heard most."""
    *others, before, last = bars
    goal = last[-1].step
    around = [note.step for note in before[-2:]]
    if len(before) == 1 or any(abs(step - (goal - 1)) > 3 for step in around):
        return bars
    led = msgspec.structs.replace(before[-1], step=goal - 1)
    turn = (goal, *range(goal + len(last) - 2, goal, -1), goal)[-len(last) :]
    home = [msgspec.structs.replace(note, step=step) for note, step in zip(last, turn, strict=True)]
    return (*others, (*before[:-1], led), tuple(home))


def _draw(rhythms: list[Rhythm], dice: Dice) -> Rhythm:
    """A rhythm that no other idea of the tune has."""
    rhythm = dice.pick(rhythms)
    rhythms.remove(rhythm)
    return rhythm


def _rhythm(bar: TuneBar) -> Rhythm:
    return tuple((note.slot, note.length) for note in bar)


def _draft(
    form: Sequence[str],
    ground: Sequence[int],
    rhythms: dict[str, Rhythm],
    metre: Metre,
    dice: Dice,
) -> tuple[TuneBar, ...]:
    ideas: dict[str, TuneBar] = {}
    bars: list[TuneBar] = []
    at = dice.pick((0, 2, 2, 4, 4))
    for word, root in zip(form, ground, strict=True):
        letter, shift = word[0], int(word[1:] or 0)
        if letter == "H":
            bar = _ending(rhythms["H"], at, dice.pick((1, 1, 4, 4, -3)), metre, dice)
        elif letter == "F":
            bar = _ending(rhythms["F"], at, 0 if at < 5 else 7, metre, dice)
        elif letter in ideas:
            bar = tuple(
                msgspec.structs.replace(note, step=note.step + shift) for note in ideas[letter]
            )
        else:
            bar = ideas[letter] = _idea(rhythms[letter], at, root, metre, dice)
        bars.append(bar)
        at = bar[-1].step
    return tuple(bars)


_MOVES = (1, 1, 1, 1, -1, -1, -1, -1, 2, -2, 2, -2, 0, 3, -3, 4, -4, 5)
"""Steps from tone to tone, as often as they stand here: mostly to the next one."""


def _idea(rhythm: Rhythm, at: int, root: int, metre: Metre, dice: Dice) -> TuneBar:
    """A bar of melody from around step ``at``, over a root."""
    step = _chord_step(at + dice.pick((-1, 0, 0, 1, 2)), root)
    notes = [TuneNote(*rhythm[0], step)]
    last = 0
    for slot, length in rhythm[1:]:
        move = dice.pick(_MOVES)
        if abs(last) > 2:
            move = -1 if last > 0 else 1
        step = notes[-1].step + move
        if metre.weight(slot) >= 2 or length >= 6:
            step = _chord_step(step, root)
        last = step - notes[-1].step
        notes.append(TuneNote(slot, length, step))
    return tuple(notes)


def _ending(rhythm: Rhythm, at: int, goal: int, metre: Metre, dice: Dice) -> TuneBar:
    """A bar that comes to rest on step ``goal`` by step; notes after a rest lead on."""
    ends = [slot + length for slot, length in rhythm]
    rest = next((i + 1 for i in range(len(rhythm) - 1) if ends[i] < rhythm[i + 1][0]), len(rhythm))
    way = 1 if at > goal else -1
    if at == goal:
        way = dice.pick((1, -1))
    steps = [goal + way * k for k in range(rest - 1, -1, -1)]
    rise = dice.pick((1, -1))
    steps += [goal + rise * (k + 1) for k in range(len(rhythm) - rest)]
    return tuple(
        TuneNote(slot, length, step) for (slot, length), step in zip(rhythm, steps, strict=True)
    )


def _chord_step(step: int, root: int) -> int:
    """The step of the triad on ``root`` nearest to ``step``, the lower of two."""
    return min(
        range(step - 3, step + 4), key=lambda s: ((s - root) % 7 not in (0, 2, 4), abs(s - step), s)
    )


def _cost(
    bars: tuple[TuneBar, ...], ground: Sequence[int], metre: Metre, unlike_first: int | None
) -> int:
    """How far a draft is from a tune one remembers; 0 is best."""
    notes = [note for bar in bars for note in bar]
    steps = [note.step for note in notes]
    high, low = max(steps), min(steps)
    cost = 6 * max(0, high - low - 9) + 8 * max(0, 5 - (high - low))
    cost += 4 * max(0, steps.count(high) - 2)
    top = next(i for i, bar in enumerate(bars) if high in [note.step for note in bar])
    cost += 5 * (top == 0) + 3 * (top == TUNE_BARS - 1)
    moves = [b - a for a, b in itertools.pairwise(steps)]
    cost += sum(3 * max(0, abs(move) - 4) for move in moves)
    cost += 3 * max(0, 2 * sum(abs(move) == 1 for move in moves) - len(moves) < 0)
    # A leap turns back, and tones are not said three times.
    for one, two in itertools.pairwise(moves):
        cost += 3 * (abs(one) > 2 and one * two > 0 and abs(two) > 1) + 4 * (one == two == 0)
    # The tone under the tonic is left by step.
    cost += sum(
        10 for step, move in zip(steps, moves, strict=False) if step % 7 == 6 and abs(move) > 1
    )
    for root, bar in zip(ground, bars, strict=True):
        for note in bar:
            heard = metre.weight(note.slot) >= 2 or note.length >= 6
            cost += 3 * (heard and (note.step - root) % 7 not in (0, 2, 4))
    cost += 8 * (unlike_first is not None and steps[0] == unlike_first)
    return cost + 6 * (steps[-2] - steps[-1] not in (1, -1, 2) and len(bars[-1]) > 1)
