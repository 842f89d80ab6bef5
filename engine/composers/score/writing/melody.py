"""The melody of a bar, as its plan asks."""

from __future__ import annotations

import math

import msgspec

from engine.composers.score.dice import Dice
from engine.composers.score.writing.bar_plans import BarPlan, register_of
from engine.composers.score.writing.descriptor import Descriptor
from engine.composers.score.writing.harmony import Harmony
from engine.composers.score.writing.motifs import Line, Motif, Tone, cadence, realise, transform
from engine.composers.score.writing.state import ScoreState


def melody_of(
    state: ScoreState, plan: BarPlan, descriptor: Descriptor, harmony: tuple[Harmony, ...]
) -> tuple[Tone, ...]:
    """The tones of the state's bar."""
    whose, how, shift = plan
    if whose == "rest":
        return ()
    # Keyed by the place in the period, so that an answer begins with as many notes as its question.
    dice = Dice(state.seed, state.section, state.section_bar // 8, state.phrase_bar % 4, "melody")
    centre = descriptor.register
    if not state.closing:
        centre += register_of(state.section)
    line = Line(
        chords=tuple((h.slot, h.chord) for h in harmony),
        tonic=state.tonic,
        mode=state.mode,
        centre=centre,
        previous=state.melody,
        tension=descriptor.tension,
    )
    if whose == "cadence":
        if how == "final":
            return (cadence((state.tonic,), 0, 16, centre, state.melody),)
        return _cadence_bar(state, how, descriptor, line)
    count = math.floor(descriptor.density + dice.uniform())
    motif = transform(state.theme if whose == "theme" else state.second, how)
    if how == "head":
        # Told short: a head, a long tone, and a breath.
        return _breathing(realise(motif, max(1, round(0.6 * count)), shift, line))
    return realise(motif, count + (how == "ornament"), shift, line)


def _breathing(tones: tuple[Tone, ...]) -> tuple[Tone, ...]:
    """The last tone let go before the bar is over, where it is long enough for that."""
    last = tones[-1]
    return (*tones[:-1], Tone(last.slot, last.length - (2 if last.length > 4 else 0), last.pitch))


_APPROACHES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((0, 4), (2, 1)),
    ((0, 6), (1, -1)),
    ((0, 4, 6), (3, 2, 1)),
    ((0, 2, 4), (1, 2, 1)),
    ((0, 3, 4), (-2, -1, 1)),
    ((0, 6), (-2, -1)),
    ((2, 4, 6), (4, 2, 1)),
    ((0, 2, 4, 6), (2, 3, 2, 1)),
    ((0, 4, 6), (-1, 1, -1)),
    ((4,), (1,)),
)
"""Ways into a cadence: slots, and scale steps from the last tone: falling home, turning, rising
from the leading tone."""


def _cadence_bar(
    state: ScoreState, how: str, descriptor: Descriptor, line: Line
) -> tuple[Tone, ...]:
    """A way home, then the phrase's last note, then a breath; into an answer, when there is life
    enough, a pick-up."""
    dice = Dice(state.seed, state.bar, "cadence")
    slot = 8 if descriptor.density > 2.5 else 0
    at = [chord for begin, chord in line.chords if begin <= slot][-1]
    pcs = at.pcs[:3]
    if how == "full" and state.tonic in at.pcs:
        pcs = (state.tonic,)
    elif how == "imperfect" and at.pcs[0] == state.tonic:
        pcs = at.pcs[1:2] if dice.chance(0.6) else at.pcs[:1]
    elif at.falls in pcs:
        pcs = tuple(pc for pc in pcs if pc != at.falls)
    length = 16 - slot if how == "approach" else 12 - 3 * slot // 4
    last = cadence(pcs, slot, min(length, 16 - slot), line.centre, line.previous)
    head: tuple[Tone, ...] = ()
    if slot:
        head = _approach(line, last.pitch, descriptor.density, dice)
    if how == "half" and slot and dice.chance(descriptor.density / 8.0 - 0.3):
        return (*head, last, *_pick_up(line, last.pitch, dice))
    return (*head, last)


def _approach(line: Line, goal: int, density: float, dice: Dice) -> tuple[Tone, ...]:
    """The tones of the half bar before a phrase's last one."""
    count = max(1, round(density / 2.2))
    fitting = [way for way in _APPROACHES if abs(len(way[0]) - count) <= 1]
    slots, steps = dice.pick(fitting or _APPROACHES[-1:])
    order = (*slots, *(s for s in range(16) if s not in slots))
    contour = [0] * 16
    for place, step in zip(slots, steps, strict=True):
        contour[place] = step
    near = msgspec.structs.replace(line, centre=0.75 * goal + 0.25 * line.centre, goal=goal)
    return realise(Motif(order, tuple(contour)), len(slots), 0, near, until=8)


def _pick_up(line: Line, previous: int, dice: Dice) -> tuple[Tone, ...]:
    """One or two eighths that lead into the next bar."""
    count = dice.pick((1, 2))
    slots = tuple(range(16 - 2 * count, 16, 2))
    order = (*slots, *(s for s in range(16) if s not in slots))
    rise = dice.pick((1, -1))
    contour = tuple(rise * (s - 13) // 2 if s >= 12 else 0 for s in range(16))
    after = msgspec.structs.replace(line, previous=previous)
    return realise(Motif(order, contour), count, 0, after)
