"""The form: bars one after another, each a pure function of the state before it.

A period is two four-bar phrases, question and answer, or a sentence of eight; a section is two of
them and has a character (``plans``). The theme returns transformed through the whole session; a
second idea is new in every contrast. Harmony is planned, voiced and led at the start of a phrase
(``progressions``, ``voicing``). An introduction brings the parts in, and the last bars before the
session's end make a cadence and hold the tonic.
"""

from __future__ import annotations

import math

import msgspec

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.composers.score.dice import Dice
from engine.composers.score.writing.bar_plans import (
    CONTRAST,
    BarPlan,
    bar_plan,
    character_of,
    told_as,
)
from engine.composers.score.writing.course import Course
from engine.composers.score.writing.descriptor import TEMPO_SLEW, Descriptor, affect_at, describe
from engine.composers.score.writing.harmony import Harmony as Harmony  # noqa: PLC0414 - part of a bar
from engine.composers.score.writing.harmony import mode_of
from engine.composers.score.writing.melody import melody_of
from engine.composers.score.writing.metre import COMMON, Metre
from engine.composers.score.writing.motifs import Tone, make_motif
from engine.composers.score.writing.phrases import planned
from engine.composers.score.writing.state import STATE_VERSION, ScoreState

_SECTION_BARS, _PHRASE_BARS = 16, 4
FINAL_SECONDS = 5.0
"""About the least time the last bar is held; it is longer by up to a bar."""

_SLOWEST = 50.0
"""BPM: where the slowing at the close ends."""


class Bar(msgspec.Struct, frozen=True):
    """A bar of score, the same for every ensemble.

    ``start`` and ``length`` in session frames, ``beat`` in frames; ``kind`` is 'intro', 'body',
    'close2', 'close1' (the two bars before the end) or 'final'. ``section_bar`` and
    ``section_bars``: its place in its section and that section's length; ``phrase``, ``phrase_bar``
    (negative in the introduction) and ``phrase_bars`` the same of its phrase, which is the
    ``phrase``-th of the section. ``plan`` says what the melody does, ``character`` what its section
    is (``bar_plans``).
    """

    number: int
    start: int
    beat: int
    length: int
    seed: int
    kind: str
    tonic: int
    mode: int
    metre: Metre
    section: int
    section_bar: int
    section_bars: int
    phrase: int
    phrase_bar: int
    phrase_bars: int
    tempo: float
    descriptor: Descriptor
    plan: BarPlan
    character: str
    harmony: tuple[Harmony, ...]
    melody: tuple[Tone, ...]

    @property
    def end(self) -> int:
        return self.start + self.length

    def frame_at(self, slot: float) -> int:
        """Session frame of a point ``slot`` sixteenths into the bar."""
        return self.start + int(slot * self.beat) // 4

    @property
    def opens_phrase(self) -> bool:
        """Whether a phrase begins with it."""
        return self.phrase_bar == 0

    @property
    def ends_phrase(self) -> bool:
        """Whether it is its phrase's last."""
        return self.phrase_bar == self.phrase_bars - 1

    @property
    def ends_period(self) -> bool:
        """Whether it ends a phrase that answers another."""
        return self.ends_phrase and self.phrase % 2 == 1


def first_state(course: Course, frame: int = 0, tonic: int | None = None) -> ScoreState:
    """The state before a score's first bar: the session's, or that of a score which begins in its
    midst, at session ``frame``, because nothing is known of what came before. ``tonic``: a pitch
    class to begin on; None for one of the seed's."""
    seed, affect = course.seed_at(frame), affect_at(course.path, frame)
    descriptor = describe(affect)
    if tonic is None:
        tonic = Dice(seed, "tonic").pick((0, 2, 3, 5, 7, 9, 10))
    return ScoreState(
        version=STATE_VERSION,
        bar=0,
        frame=frame,
        seed=seed,
        tempo=descriptor.tempo,
        mode=mode_of(descriptor.mode, affect.arousal > 0.25, None),
        tonic=tonic,
        next_tonic=tonic,
        phrase_bar=-1 if descriptor.tempo < 84 else -2,
        section_bar=0,
        section=0,
        theme=make_motif(Dice(seed, 0, "theme")),
        second=make_motif(Dice(seed, 0, "second")),
        choices=_choices(seed, 0),
        phrase=(),
        opening=(),
        chord=None,
        voicing=(),
        bass=41,
        melody=round(descriptor.register),
    )


def next_bar(state: ScoreState, course: Course) -> tuple[Bar, ScoreState]:
    """The next bar and the state after it.

    Pure: depends on the course's path at the bar's start, the seed active there, and
    the session's length for the ending.
    """
    total = course.total
    affect = affect_at(course.path, state.frame)
    descriptor = describe(affect)
    state = _renewed(state, course.seed_at(state.frame))
    state = _closing(state, frames_of(total))
    state = _moved(state, affect, descriptor)
    beat = round(60.0 / state.tempo * SAMPLE_RATE)
    kind = _KINDS[state.closing] if state.closing or state.phrase_bar >= 0 else "intro"
    length = COMMON.slots * beat // 4 if kind != "final" else max(frames_of(total) - state.frame, 1)
    if not state.phrase:
        state = planned(state, kind, descriptor)
    harmony = state.phrase[0]
    plan = _plan(state, kind)
    melody = melody_of(state, plan, descriptor, harmony)
    bar = Bar(
        number=state.bar,
        start=state.frame,
        beat=beat,
        length=length,
        seed=state.seed,
        kind=kind,
        tonic=state.tonic,
        mode=state.mode,
        metre=COMMON,
        section=state.section,
        section_bar=state.section_bar,
        section_bars=_SECTION_BARS,
        phrase=state.section_bar // _PHRASE_BARS,
        phrase_bar=state.phrase_bar % _PHRASE_BARS if state.phrase_bar >= 0 else state.phrase_bar,
        phrase_bars=_PHRASE_BARS,
        tempo=state.tempo,
        descriptor=descriptor,
        plan=plan,
        character=character_of(state.section),
        harmony=harmony,
        melody=melody,
    )
    return bar, _after(state, bar)


def _choices(seed: int, bar: int) -> tuple[float, float, float, float]:
    dice = Dice(seed, bar, "progressions")
    return (dice.uniform(), dice.uniform(), dice.uniform(), dice.uniform())


def _renewed(state: ScoreState, seed: int) -> ScoreState:
    """A new seed begins a new period with new ideas, in the same key and tempo."""
    if seed == state.seed:
        return state
    return msgspec.structs.replace(
        state,
        seed=seed,
        theme=make_motif(Dice(seed, state.bar, "theme")),
        second=make_motif(Dice(seed, state.bar, "second")),
        choices=_choices(seed, state.bar),
        phrase=(),
        opening=(),
        next_tonic=state.tonic,
        phrase_bar=0,
        section_bar=0,
    )


def _moved(state: ScoreState, affect: Affect, descriptor: Descriptor) -> ScoreState:
    """Tempo moves every bar within its slew, and slows at the close; the mode moves at phrases,
    the key at sections."""
    goal = descriptor.tempo if not state.closing else state.tempo - TEMPO_SLEW
    step = max(-TEMPO_SLEW, min(TEMPO_SLEW, max(goal, _SLOWEST) - state.tempo))
    state = msgspec.structs.replace(state, tempo=state.tempo + step)
    if state.phrase_bar in (0, 4) and not state.closing:
        mode = mode_of(descriptor.mode, affect.arousal > 0.25, state.mode)
        state = msgspec.structs.replace(state, mode=mode)
    if state.section_bar == 12 and state.phrase_bar == 4:
        dice = Dice(state.seed, state.bar, "key")
        step_pc = dice.pick((0, 5, 7))
        state = msgspec.structs.replace(state, next_tonic=(state.tonic + step_pc) % 12)
    return state


_KINDS = ("body", "close2", "close1", "final")
"""What a bar is at each step of the closing."""


def _closing(state: ScoreState, total: int) -> ScoreState:
    """Once no more than two bars fit before the held last one, the closing begins; it then goes
    on bar by bar, and begins again where the session's end has moved away."""
    length = COMMON.slots / 4 * 60.0 / state.tempo * SAMPLE_RATE
    left = math.floor((total - state.frame - FINAL_SECONDS * SAMPLE_RATE) / length)
    if left > 2:
        step = 0
    elif state.closing:
        step = min(3, state.closing + 1)
    else:
        step = 1 if left > 0 else 3
    turned = (step == 1) or (step == 0) != (state.closing == 0)
    phrase = () if turned else state.phrase
    return msgspec.structs.replace(state, closing=step, phrase=phrase)


def _plan(state: ScoreState, kind: str) -> BarPlan:
    if kind == "intro":
        return ("rest", "", 0)
    if kind == "final":
        return ("cadence", "final", 0)
    if kind == "close2":
        return ("theme", "augment", 0)
    if kind == "close1":
        return ("cadence", "approach", 0)
    # A period keeps its form: the choice of its first phrase picks it.
    choice = state.choices[told_as(state.section, state.section_bar // 8 * 2)]
    return bar_plan(state.section, state.section_bar, choice * 7.0 % 1.0)


def _after(state: ScoreState, bar: Bar) -> ScoreState:
    phrase_bar = state.phrase_bar + 1  # of the period
    section_bar = state.section_bar + (state.phrase_bar >= 0)
    state = msgspec.structs.replace(
        state,
        bar=state.bar + 1,
        frame=bar.end,
        phrase_bar=0 if phrase_bar == 8 else phrase_bar,
        section_bar=section_bar % 16,
        phrase=state.phrase[1:],
        chord=bar.harmony[-1].chord,
        voicing=bar.harmony[-1].voicing,
        bass=bar.harmony[-1].bass,
        melody=bar.melody[-1].pitch if bar.melody else state.melody,
        next_tonic=state.next_tonic if bar.kind == "body" else state.tonic,
        done=bar.kind == "final",
    )
    return _new_section(state) if section_bar == 16 else state


def _new_section(state: ScoreState) -> ScoreState:
    """The theme stays; a contrast brings a second idea, which lasts until the next one."""
    section = state.section + 1
    second = state.second
    if character_of(section) == CONTRAST:
        second = make_motif(Dice(state.seed, state.bar, "second"))
    return msgspec.structs.replace(
        state,
        section=section,
        tonic=state.next_tonic,
        second=second,
        choices=_choices(state.seed, state.bar),
        phrase=(),
        opening=(),
    )
