"""What was planned and is asked for otherwise: from the bar on that begins after a fader was moved,
or in another metre, the rest of the phrase is told anew, as the same bars of the same section."""

from __future__ import annotations

import msgspec

from engine.affect.descriptor import Descriptor
from engine.audio.format import SAMPLE_RATE
from engine.composers.score.dice import Dice
from engine.composers.score.writing.course import Course
from engine.composers.score.writing.phrases import Asked
from engine.composers.score.writing.sections import CODA
from engine.composers.score.writing.state import ScoreState
from engine.composers.score.writing.tune import write_tune
from engine.composers.score.writing.wish import led_by

_LONGEST = 9
"""Bars of a planned phrase at most, the held last one included."""


def beat_of(tempo: float) -> int:
    """Frames of a quarter note."""
    return round(60.0 / tempo * SAMPLE_RATE)


def retold(state: ScoreState, course: Course) -> ScoreState:
    """The state before a bar, without what is planned of it where something else is asked."""
    section = state.plan
    if section is not None and section.character == CODA and state.section_bar == len(section.bars):
        return state  # the held last bar is as it was planned
    metre = course.metre_of(state.bar)
    if metre is not None and metre.name != state.metre:
        tune = write_tune(metre, Dice(state.seed, 0, "tune"))
        second = write_tune(metre, Dice(state.seed, 0, "second"), tune)
        state = msgspec.structs.replace(
            state, metre=metre.name, tune=tune, second=second, phrase=(), sung=(), echo=()
        )
    elif _moved(state, course):
        state = msgspec.structs.replace(state, phrase=(), sung=(), echo=())
    return state


def _moved(state: ScoreState, course: Course) -> bool:
    """Whether a fader that bears on what is written was moved since the bar before began."""
    if not state.bar or not course.faders:
        return False
    before = state.frame - state.measure.slots * beat_of(state.tempo) // 4
    one, two = course.faders_at(before), course.faders_at(state.frame)
    return (one.rhythm, one.density, one.register) != (two.rhythm, two.density, two.register)


def asked_of(state: ScoreState, course: Course, descriptor: Descriptor) -> Asked:
    """What is asked of the bars from the state's on, as far as a phrase may be planned here: to
    where the metre changes."""
    faders = course.faders_at(state.frame)
    if course.description is None and not course.faders:
        return Asked((descriptor,) * _LONGEST)
    numbers = range(state.bar, state.bar + _LONGEST)
    names = [metre and metre.name for metre in map(course.metre_of, numbers)]
    changes = (k for k, name in enumerate(names) if k and name not in (None, state.metre))
    said = [course.described(number) for number in numbers]
    return Asked(
        tuple(
            led_by(descriptor, course.wish_at(state.frame, number), state.measure)
            for number in numbers
        ),
        tuple(() if bar is None else bar.chords for bar in said),
        next(changes, _LONGEST),
        held=faders.register is not None or any(bar is not None for bar in said),
    )
