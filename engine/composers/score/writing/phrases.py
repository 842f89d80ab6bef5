"""A phrase as it is planned at its start: told, harmonised, dressed, voiced and led as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.descriptor import Descriptor
from engine.composers.score.dice import Dice
from engine.composers.score.writing.canon import canon_at
from engine.composers.score.writing.dressing import Fits, Ground, Step, dressed
from engine.composers.score.writing.harmonise import chords_under, half_of, leads_home, misfit
from engine.composers.score.writing.harmony import NONE, SCALES, Chord, Harmony, chord_on
from engine.composers.score.writing.named_chords import Names, refitted, with_named
from engine.composers.score.writing.sections import CODA, CONTRAST, STILL, TUNE, BarPlan, Section
from engine.composers.score.writing.spared import range_sung, spared
from engine.composers.score.writing.state import ScoreState, phrase_at
from engine.composers.score.writing.telling import (
    Voice,
    bent,
    home_near,
    led_home,
    level_of,
    tell,
    within_octaves,
    within_range,
)
from engine.composers.score.writing.tones import Tone
from engine.composers.score.writing.voicing import lead_voices
from engine.plan.gentle import Gentle

_SIGHS_BELOW, _SIGHS_UNDER = -0.2, 0.2
"""Valence and arousal below which a tune leans from above on the tones it ends on."""


class Asked(NamedTuple):
    """What is asked of the bars from one on: of each a descriptor and the chords that are named, ()
    for none. ``bars``: after so many the metre changes. ``held``: how high it lies is asked for."""

    descriptors: tuple[Descriptor, ...]
    chords: tuple[Names, ...] = ()
    bars: int = 9
    held: bool = False


def planned_intro(state: ScoreState, asked: Asked, gentle: Gentle | None) -> ScoreState:
    """The tonic; where there are two bars, a subdominant over it in the second."""
    descriptor = asked.descriptors[0]
    dice = Dice(state.seed, state.bar, "harmony")
    calm = min(0.25, descriptor.tension)
    tokens = ["1", "4" if state.mode not in (1, 6) else "2"][: min(state.intro, asked.bars)]
    steps = [
        Step(i, 0, chord_on(state.tonic, state.mode, token, calm, dice))
        for i, token in enumerate(tokens)
    ]
    named = _named(asked, len(tokens))
    if named:
        steps = with_named(steps, named, state.measure, state.tonic, state.mode)
    silent: tuple[tuple[Tone, ...], ...] = ((),) * len(tokens)
    pedal = NONE if named else state.tonic
    return _voiced(state, steps, silent, descriptor, pedal, dice, gentle)


def _named(asked: Asked, bars: int) -> tuple[Names, ...]:
    """The chords that are named of so many bars; () where none are."""
    named = asked.chords[:bars]
    return named if any(named) else ()


def planned(
    state: ScoreState,
    section: Section,
    asked: Asked,
    affect: Affect,
    gentle: Gentle | None = None,
) -> ScoreState:
    """The state with the harmony and the melody of the phrase that begins with its bar, or of what
    is left of it, within the caps of ``gentle``. A coda's phrase includes the held last bar."""
    number, at = phrase_at(section, state.section_bar)
    descriptor = asked.descriptors[0]
    left = section.phrases[number] - at
    bars = section.bars[state.section_bar :][: min(left, asked.bars)]
    sad = affect.valence < _SIGHS_BELOW and affect.arousal < _SIGHS_UNDER
    state, melody = _told(state, section, bars, asked, sad, gentle)
    named = _named(asked, len(bars))
    end = section.ends[number] if len(bars) == left else "open"
    if section.character == CODA and len(bars) == left:
        melody, end = [*melody, _last_tone(state, melody)], "final"
    dice = Dice(state.seed, state.bar, "harmony")
    whims = dice if section.fresh else Dice(state.seed, bars[0].whose, bars[0].bar, "ground")
    away = (
        section.character == CONTRAST
        and number == at == 0
        and not leads_home(state.chord, state.tonic)
    )
    metre, tension = state.measure, descriptor.tension
    tokens = chords_under(
        melody, metre, state.chord, state.tonic, state.mode, end, away, tension, whims
    )
    steps = _steps(tokens, state)

    def fits(bar: int, begin: int, until: int, chord: Chord) -> bool:
        return misfit(_bent(melody[bar], [(0, chord)], state), metre, begin, until, chord) <= 4

    calm = 0.15 if end == "final" else tension
    steps = dressed(steps, state.chord, Ground(metre, state.tonic, state.mode, calm, fits, dice))
    last = number == len(section.phrases) - 1 and len(bars) == left
    if state.next_tonic != state.tonic and last:
        steps, state = _led_away(steps, state, tension, fits, dice)
    if named:
        steps = with_named(steps, named, metre, state.tonic, state.mode)
        melody = _over_named(melody, steps, named, state)
    melody = [
        _bent(tones, [(s.slot, s.chord) for s in steps if s.bar == bar], state)
        for bar, tones in enumerate(melody)
    ]
    melody = led_home(melody, [(s.bar, s.slot, s.chord) for s in steps])
    melody = _singable(melody, state.melody)
    melody = spared(melody, state.melody, [(s.bar, s.slot, s.chord.pcs) for s in steps], gentle)
    pedal = state.tonic if section.character == STILL and number == 0 and not named else NONE
    return _voiced(state, steps, melody, descriptor, pedal, dice, gentle)


def _over_named(
    melody: Sequence[tuple[Tone, ...]],
    steps: Sequence[Step],
    named: Sequence[Names],
    state: ScoreState,
) -> list[tuple[Tone, ...]]:
    """The melody fitted to the bars whose chords are named."""
    scale = {(state.tonic + step) % 12 for step in SCALES[state.mode]}
    return [
        refitted(tones, [(s.slot, s.chord) for s in steps if s.bar == bar], state.measure, scale)
        if bar < len(named) and named[bar]
        else tones
        for bar, tones in enumerate(melody)
    ]


def held(state: ScoreState, asked: Asked, gentle: Gentle | None) -> ScoreState:
    """The last bar alone, where nothing else fits any more."""
    descriptor = asked.descriptors[0]
    dice = Dice(state.seed, state.bar, "harmony")
    steps = [Step(0, 0, chord_on(state.tonic, state.mode, "1", 0.0, dice), root=True)]
    melody = spared([_last_tone(state, [])], state.melody, [(0, 0, steps[0].chord.pcs)], gentle)
    return _voiced(state, steps, melody, descriptor, NONE, dice, gentle)


def _told(  # noqa: PLR0917 - a phrase hangs on all of these
    state: ScoreState,
    section: Section,
    bars: Sequence[BarPlan],
    asked: Asked,
    sad: bool,
    gentle: Gentle | None,
) -> tuple[ScoreState, list[tuple[Tone, ...]]]:
    """The phrase's melody, and the state with the level and the register it is told in."""
    tunes = (state.tune, state.second)
    descriptors = asked.descriptors[: len(bars)]
    levels: list[int] = []
    level = state.level
    for descriptor in descriptors:
        level = level_of(descriptor.density, None if level < 0 else level)
        levels.append(level)
    first = next((plan.whose for plan in bars if plan.whose), TUNE)
    middle = tunes[0 if first == TUNE else 1].middle + section.lift
    register = sum(descriptor.register for descriptor in descriptors) / len(descriptors)
    centre = register + 0.5 * section.lift
    home = state.home
    if state.section_bar == 0 or home % 12 != state.tonic or asked.held:
        home = home_near(state.tonic, middle - section.lift, state.mode, centre, home)
    reach = range_sung(gentle, register if asked.held else None)
    home = within_range(home, bars, tunes, state.mode, reach)
    told = [
        tell(plan, tunes, Voice(home, state.mode, level, sad, *reach), state.measure)
        for plan, level in zip(bars, levels, strict=True)
    ]
    scale = tuple((state.tonic + step) % 12 for step in SCALES[state.mode])
    melody = spared(_singable(told, state.melody), state.melody, [(0, 0, scale)], gentle)
    return msgspec.structs.replace(state, level=levels[0], home=home), melody


def _singable(melody: Sequence[tuple[Tone, ...]], last: int) -> list[tuple[Tone, ...]]:
    """The melody after the pitch ``last``, without a leap over an octave."""
    made = []
    for tones in melody:
        made.append(within_octaves(tones, last))
        last = made[-1][-1].pitch if tones else last
    return made


def _last_tone(state: ScoreState, melody: Sequence[tuple[Tone, ...]]) -> tuple[Tone, ...]:
    """The tonic nearest to where the melody is, for the held last bar."""
    at = next((tones[-1].pitch for tones in reversed(melody) if tones), state.melody)
    near = min(range(at - 6, at + 7), key=lambda p: (p % 12 != state.tonic, abs(p - at), p))
    return (Tone(0, state.measure.slots, near),)


def _steps(tokens: Sequence[tuple[str, ...]], state: ScoreState) -> list[Step]:
    """The tokens as triads, each at its place."""
    half = half_of(state.measure)
    plain = Dice("no sevenths")
    return [
        Step(bar, slot, chord_on(state.tonic, state.mode, token, 0.0, plain), token=token)
        for bar, pair in enumerate(tokens)
        for slot, token in zip((0, half), pair, strict=False)
    ]


def _bent(
    tones: tuple[Tone, ...], chords: Sequence[tuple[int, Chord]], state: ScoreState
) -> tuple[Tone, ...]:
    scale = {(state.tonic + step) % 12 for step in SCALES[state.mode]}
    return bent(tones, chords, scale) if tones else ()


def _led_away(
    steps: list[Step], state: ScoreState, tension: float, fits: Fits, dice: Dice
) -> tuple[list[Step], ScoreState]:
    """The section's last bar ends with the dominant of the key to come, where the melody lets it;
    else the key stays. A dominant of the old key gives way to the new one's subdominant."""
    last = steps[-1].bar
    half = half_of(state.measure)
    dominant = chord_on(state.next_tonic, state.mode, "5D", max(0.5, tension), dice)
    if not fits(last, half, state.measure.slots, dominant):
        return steps, msgspec.structs.replace(state, next_tonic=state.tonic)
    kept = [step for step in steps if step.bar < last or step.slot < half]
    if kept[-1].bar == last and kept[-1].chord.rises != NONE:
        pivot = chord_on(state.next_tonic, state.mode, "4", 0.0, dice)
        if not fits(last, 0, half, pivot):
            return steps, msgspec.structs.replace(state, next_tonic=state.tonic)
        kept[-1] = Step(last, 0, pivot)
    return [*kept, Step(last, half, dominant)], state


def _voiced(  # noqa: PLR0917 - a phrase hangs on all of these
    state: ScoreState,
    steps: Sequence[Step],
    melody: Sequence[tuple[Tone, ...]],
    descriptor: Descriptor,
    pedal: int,
    dice: Dice,
    gentle: Gentle | None,
) -> ScoreState:
    """The state with the phrase's steps voiced under its melody."""
    centre = 59.0 + 0.4 * (descriptor.register - 70.0)
    voiced = lead_voices(
        steps,
        state.voicing,
        state.chord,
        state.bass,
        centre,
        pedal,
        melody,
        state.melody,
        dice,
        None if gentle is None else gentle.leaps,
    )
    bars: dict[int, list[Harmony]] = {}
    for step, (voicing, bass) in zip(steps, voiced, strict=True):
        bars.setdefault(step.bar, []).append(Harmony(step.slot, step.chord, voicing, bass))
    phrase = tuple(tuple(bars[bar]) for bar in sorted(bars))
    echo: tuple[tuple[Tone, ...], ...] = ((),) * len(phrase)
    if state.plan is not None and state.plan.canon:
        echo = tuple(
            canon_at(bar, melody, phrase[bar], state.measure) for bar in range(len(phrase))
        )
    return msgspec.structs.replace(state, phrase=phrase, sung=tuple(melody), echo=echo)
