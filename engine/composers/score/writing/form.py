"""The form: bars one after another, each a pure function of the state before it and the course.

Two tunes are written at the session's start (``tune``). Sections tell them, one after another,
drawn by a grammar and planned backwards from the session's end (``sections``). A phrase is told,
harmonised and voiced at its start (``phrases``), and told anew where something else comes to be
asked of it (``retelling``). An introduction brings the parts in; a coda on the tune's head slows
down and leads to the held last bar, for which room is kept (``endings``).
"""

from __future__ import annotations

import msgspec

from engine.affect.descriptor import Descriptor
from engine.affect.path import Path
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.composers.score.dice import Dice
from engine.composers.score.writing.asked import descriptor_of
from engine.composers.score.writing.casting import Cast, first_cast, newcomers, recast
from engine.composers.score.writing.course import Course, affect_at
from engine.composers.score.writing.endings import (
    SLOWEST,
    SLOWING,
    TEMPO_SLEW,
    bars_left,
    coda_bars,
)
from engine.composers.score.writing.harmony import Harmony as Harmony  # noqa: PLC0414 - part of a bar
from engine.composers.score.writing.harmony import mode_of
from engine.composers.score.writing.keys import next_tonic
from engine.composers.score.writing.metre import Metre, metre_for
from engine.composers.score.writing.phrases import held, planned, planned_intro
from engine.composers.score.writing.retelling import asked_of, beat_of, retold
from engine.composers.score.writing.sections import (
    CODA,
    CODA_BARS,
    LEAST_BARS,
    RESTING,
    BarPlan,
    first_section,
    next_section,
)
from engine.composers.score.writing.state import STATE_VERSION, ScoreState, phrase_at
from engine.composers.score.writing.tones import Tone
from engine.composers.score.writing.tune import write_tune
from engine.composers.score.writing.wish import Wish, led_by
from engine.plan.gentle import Gentle
from engine.plan.wanted import Features

_PAST_SECONDS = 20.0
"""How far back the path is looked at, for where it is going."""


class Bar(msgspec.Struct, frozen=True):
    """A bar of score, the same for every ensemble.

    ``start`` and ``length`` in session frames, ``beat`` (a quarter note) in frames; ``kind`` is
    'intro', 'body', 'coda' or 'final' (the held last bar). ``section_bar`` and ``section_bars``:
    its place in its section and that section's length, ``section_start`` the session frame at which
    that began; ``phrase``, ``phrase_bar`` (negative in the
    introduction) and ``phrase_bars`` the same of its phrase, which is the ``phrase``-th of the
    section. ``echo`` is what a second voice sings after the melody. ``plan`` says what the melody
    does, ``character`` what its section is (``sections``). ``before``
    is the last harmony of the bar before it, ``after`` and ``after_melody`` the next bar's, where
    those are of the same phrase: what is held knows where it comes from and goes.
    ``gentle``: the session's caps; ``wish``: what is asked of the bar in numbers, ``features``:
    what is of the whole session.
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
    section_start: int
    phrase: int
    phrase_bar: int
    phrase_bars: int
    tempo: float
    descriptor: Descriptor
    plan: BarPlan
    character: str
    harmony: tuple[Harmony, ...]
    melody: tuple[Tone, ...]
    echo: tuple[Tone, ...]
    cast: Cast
    before: Harmony | None
    after: tuple[Harmony, ...]
    after_melody: tuple[Tone, ...]
    gentle: Gentle | None = None
    wish: Wish | None = None
    features: Features | None = None

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
    features = course.features
    descriptor = descriptor_of(affect, features)
    named, mode = course.key
    if named is not None:
        tonic = named
    elif tonic is None:
        tonic = Dice(seed, "tonic").pick((0, 2, 3, 5, 7, 9, 10))
    cast = first_cast(course, frame)
    metre = course.metre_of(0) or metre_for(cast.players.genre, Dice(seed, "metre"))
    tune = write_tune(metre, Dice(seed, 0, "tune"))
    bars = bars_left(course, frame, 0, descriptor.tempo, metre)
    return ScoreState(
        version=STATE_VERSION,
        bar=0,
        frame=frame,
        seed=seed,
        tempo=descriptor.tempo,
        metre=metre.name,
        mode=mode or mode_of(descriptor.mode, affect.arousal > 0.25, None),
        tonic=tonic,
        next_tonic=tonic,
        intro=0 if bars < 6 else 1 if descriptor.tempo < 84 else 2,
        section=0,
        section_bar=0,
        plan=None,
        before="",
        tune=tune,
        second=write_tune(metre, Dice(seed, 0, "second"), tune),
        level=-1,
        home=60 + tonic,
        phrase=(),
        sung=(),
        echo=(),
        chord=None,
        voicing=(),
        bass=41,
        melody=round(descriptor.register),
        cast=cast,
        began=frame,
    )


def next_bar(state: ScoreState, course: Course) -> tuple[Bar, ScoreState]:
    """The next bar and the state after it.

    Pure: depends on the course's path up to the bar's start, the seed active there, and the
    session's length for the ending.
    """
    affect = affect_at(course.path, state.frame)
    descriptor = descriptor_of(affect, course.features)
    state = retold(_renewed(state, course.seed_at(state.frame)), course)
    if not state.intro and state.plan is None:
        state = _begun(state, course)
    # Behind the plan: a short coda slows from its first bar on.
    state = _moved(state, descriptor, course.features)
    section, opens = state.plan, not state.phrase
    if opens:
        state = _modulated(state, course, descriptor, affect.arousal > 0.25)
        asked = asked_of(state, course, descriptor)
        if state.intro:
            state = planned_intro(state, asked, course.gentle)
        elif section is None:
            state = held(state, asked, course.gentle)
        else:
            state = planned(state, section, asked, affect, course.gentle)
    bar = _bar(state, descriptor, course, opens)
    return recast(bar, _after(state, bar), course)


def _bar(state: ScoreState, descriptor: Descriptor, course: Course, opens: bool) -> Bar:
    """The bar that a state stands before, its phrase being planned; ``opens``: just now."""
    section, metre, total = state.plan, state.measure, frames_of(course.total)
    beat, wish = beat_of(state.tempo), course.wish_at(state.frame, state.bar)
    at, plan = state.section_bar, RESTING
    bars = phrase_bars = 1
    phrase = phrase_bar = 0
    character = CODA if section is None else section.character
    if state.intro:
        kind, phrase_bar, phrase_bars, character = "intro", -state.intro, state.intro, "intro"
    elif section is None or at == len(section.bars):
        kind, at = "final", 0
    else:
        kind = "coda" if section.character == CODA else "body"
        phrase, phrase_bar = phrase_at(section, at)
        bars, phrase_bars, plan = len(section.bars), section.phrases[phrase], section.bars[at]
    before = None
    if not opens and kind != "final" and state.chord is not None:
        before = Harmony(0, state.chord, state.voicing, state.bass)
    # The held last bar is struck anew.
    goes_on = len(state.phrase) > 1 and not (kind == "coda" and at == bars - 1)
    return Bar(
        number=state.bar,
        start=state.frame,
        beat=beat,
        length=metre.slots * beat // 4 if kind != "final" else max(total - state.frame, 1),
        seed=state.seed,
        kind=kind,
        tonic=state.tonic,
        mode=state.mode,
        metre=metre,
        section=state.section,
        section_bar=at,
        section_bars=bars,
        section_start=state.began if state.began >= 0 else state.frame,
        phrase=phrase,
        phrase_bar=phrase_bar,
        phrase_bars=phrase_bars,
        tempo=state.tempo,
        descriptor=led_by(descriptor, wish, metre),
        plan=plan,
        character=character,
        harmony=state.phrase[0],
        melody=state.sung[0],
        echo=state.echo[0],
        cast=state.cast,
        before=before,
        after=state.phrase[1] if goes_on else (),
        after_melody=state.sung[1] if goes_on else (),
        gentle=course.gentle,
        wish=wish,
        features=course.features,
    )


def _renewed(state: ScoreState, seed: int) -> ScoreState:
    """A new seed begins a new section with new tunes, in the same key, metre and tempo."""
    if seed == state.seed:
        return state
    tune = write_tune(state.measure, Dice(seed, state.bar, "tune"))
    return msgspec.structs.replace(
        state,
        seed=seed,
        intro=0,
        plan=None,
        before="",
        section=state.section + 1,
        section_bar=0,
        tune=tune,
        second=write_tune(state.measure, Dice(seed, state.bar, "second"), tune),
        phrase=(),
        sung=(),
        echo=(),
        next_tonic=state.tonic,
    )


def _moved(state: ScoreState, descriptor: Descriptor, features: Features | None) -> ScoreState:
    """Tempo moves every bar within its slew; in a coda it stays, and slows before the end. One that
    is named stays throughout."""
    if features is not None and features.tempo is not None:
        return msgspec.structs.replace(state, tempo=features.tempo)
    goal, section = descriptor.tempo, state.plan
    if section is not None and section.character == CODA:
        slowing = state.section_bar >= len(section.bars) - SLOWING
        goal = max(SLOWEST, state.tempo - TEMPO_SLEW) if slowing else state.tempo
    step = max(-TEMPO_SLEW, min(TEMPO_SLEW, goal - state.tempo))
    return msgspec.structs.replace(state, tempo=state.tempo + step)


def _modulated(
    state: ScoreState, course: Course, descriptor: Descriptor, aroused: bool
) -> ScoreState:
    """The mode moves at a phrase's start, unless it is named."""
    _, named = course.key
    if named is not None:
        return msgspec.structs.replace(state, mode=named)
    if state.plan is not None and state.plan.character == CODA:
        return state
    mode = mode_of(descriptor.mode, aroused, state.mode)
    return msgspec.structs.replace(state, mode=mode)


def _begun(state: ScoreState, course: Course) -> ScoreState:
    """A new section, planned from what is left of the session."""
    here = (state.frame, state.bar, state.tempo, state.measure)
    left, closing = bars_left(course, *here), coda_bars(course, *here)
    if left < 1.0 or closing < 1:
        return state
    dice = Dice(state.seed, state.bar, "section")
    if state.before:
        sings = newcomers(state.cast, course, state.frame)
        section = next_section(state.before, dice, left, closing, sings=sings)
    else:
        section = first_section(dice, left, closing)
    state = msgspec.structs.replace(
        state, plan=section, section_bar=0, before=section.character, began=state.frame
    )
    if left - len(section.bars) < LEAST_BARS + CODA_BARS[0]:
        return state  # the coda is in the key of the last return
    if course.key[0] is not None:
        return state  # the key that is named stays
    rising = _rise(course.path, state.frame)
    tonic = next_tonic(state.tonic, state.mode, rising, Dice(state.seed, state.bar, "key"))
    return msgspec.structs.replace(state, next_tonic=tonic)


def _rise(path: Path, frame: int) -> float:
    """How far the path has risen in valence and arousal together over the last seconds."""
    now, then = affect_at(path, frame), affect_at(path, frame - int(_PAST_SECONDS * SAMPLE_RATE))
    return now.valence + now.arousal - then.valence - then.arousal


def _after(state: ScoreState, bar: Bar) -> ScoreState:
    section = state.plan
    at = state.section_bar + (not state.intro)
    ended = section is not None and at >= len(section.bars) and section.character != CODA
    return msgspec.structs.replace(
        state,
        bar=state.bar + 1,
        frame=bar.end,
        intro=max(0, state.intro - 1),
        section=state.section + ended,
        section_bar=0 if ended else at,
        plan=None if ended else section,
        tonic=state.next_tonic if ended else state.tonic,
        phrase=state.phrase[1:],
        sung=state.sung[1:],
        echo=state.echo[1:],
        chord=bar.harmony[-1].chord,
        voicing=bar.harmony[-1].voicing,
        bass=bar.harmony[-1].bass,
        melody=bar.melody[-1].pitch if bar.melody else state.melody,
        done=bar.kind == "final",
    )
