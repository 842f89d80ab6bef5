"""The harmony of a phrase: planned, voiced and led as a whole at the phrase's start."""

from __future__ import annotations

import msgspec

from engine.composers.score.dice import Dice
from engine.composers.score.writing.bar_plans import CONTRAST, STILL, character_of, told_as
from engine.composers.score.writing.descriptor import Descriptor
from engine.composers.score.writing.harmony import NONE, Harmony, chord_on
from engine.composers.score.writing.progressions import Step, choose, closing_steps, steps_of
from engine.composers.score.writing.state import ScoreState
from engine.composers.score.writing.voicing import lead_voices

_PHRASE = 4
"""Bars in a phrase."""


def planned(state: ScoreState, kind: str, descriptor: Descriptor) -> ScoreState:
    """The state with the harmony of the rest of its phrase, voiced as a whole."""
    dice = Dice(state.seed, state.bar, "harmony")
    pedal = NONE
    opening = state.opening
    if kind == "intro":
        steps = _intro_steps(state, descriptor, dice)
        pedal = state.tonic
    elif state.closing:
        steps = [
            msgspec.structs.replace(step, bar=step.bar - state.closing + 1)
            for step in closing_steps(state.tonic, state.mode, descriptor.tension, dice)
            if step.bar >= state.closing - 1
        ]
    else:
        steps, opening = _phrase_steps(state, descriptor, dice)
        # A quiet section rests on its tonic; so does a phrase here and there.
        still = character_of(state.section) == STILL and state.phrase_bar // _PHRASE == 0
        if still or dice.chance(0.08):
            pedal = state.tonic
    centre = 59.0 + 0.4 * (descriptor.register - 70.0)
    voiced = lead_voices(steps, state.voicing, state.chord, state.bass, centre, pedal, dice)
    bars: dict[int, list[Harmony]] = {}
    for step, (voicing, bass) in zip(steps, voiced, strict=True):
        bars.setdefault(step.bar, []).append(Harmony(step.slot, step.chord, voicing, bass))
    phrase = tuple(tuple(bars[bar]) for bar in sorted(bars))
    return msgspec.structs.replace(state, phrase=phrase, opening=opening)


def _intro_steps(state: ScoreState, descriptor: Descriptor, dice: Dice) -> list[Step]:
    """The tonic; where there are two bars, a subdominant over it in the second."""
    calm = min(0.25, descriptor.tension)
    tokens = ["1", "4" if state.mode not in (1, 6) else "2"][: -state.phrase_bar]
    return [
        Step(i, 0, chord_on(state.tonic, state.mode, token, calm, dice))
        for i, token in enumerate(tokens)
    ]


def _phrase_steps(
    state: ScoreState, descriptor: Descriptor, dice: Dice
) -> tuple[list[Step], tuple[str, ...]]:
    """The chords of the phrase from the state's bar on, and the period's opening tokens."""
    second, place = divmod(state.phrase_bar, _PHRASE)
    tension = descriptor.tension
    away = character_of(state.section) == CONTRAST and second == 0
    choice = state.choices[told_as(state.section, state.section_bar // _PHRASE)]
    tokens = choose(state.mode, bool(second), tension, away, choice)
    opening = state.opening
    if not second:
        opening = tokens[:2]
    elif opening and choice < 0.8 and _leads(opening[-1], tokens[2]):
        # The answer begins as the question did.
        tokens = (*opening, *tokens[2:])
    steps = steps_of(tokens, place, state.tonic, state.mode, tension, dice)
    if state.section_bar // _PHRASE == 3 and state.next_tonic != state.tonic:
        steps = _with_pivot(steps, state, tension, dice)
    if place:
        steps = [msgspec.structs.replace(step, bar=step.bar - place) for step in steps]
    return steps, opening


def _leads(first: str, second: str) -> bool:
    """The chord changes from one bar to the next."""
    return first.rsplit(",", 1)[-1][:1] != second[:1]


def _with_pivot(steps: list[Step], state: ScoreState, tension: float, dice: Dice) -> list[Step]:
    """The section's last bar: the old tonic, which is IV or V of the new key, and the new
    dominant."""
    last = steps[-1].bar
    kept = [step for step in steps if step.bar < last]
    pivot = chord_on(state.tonic, state.mode, "1", 0.0, dice)
    dominant = chord_on(state.next_tonic, state.mode, "5D", max(0.5, tension), dice)
    return [*kept, Step(last, 0, pivot, root=True), Step(last, 8, dominant)]
