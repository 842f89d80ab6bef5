"""The form: bars one after another, each a pure function of the state before it.

A period is two four-bar phrases, question and answer; a section is two periods. The theme opens
each phrase and comes back transformed; a second idea answers it; cadences breathe. An
introduction brings the parts in, and the last bars before the session's end make a cadence and
hold the tonic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.path import Path
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.composers.score.descriptor import TEMPO_SLEW, Descriptor, affect_at, describe
from engine.composers.score.harmony import (
    CLOSED,
    OPEN,
    Chord,
    bass_pitch,
    chord_on,
    mode_of,
    suspended,
    voice,
)
from engine.composers.score.keyed import Dice
from engine.composers.score.melody import (
    Motif,
    Tone,
    cadence,
    make_motif,
    realise,
    scale_pitches,
    transform,
)
from engine.composers.score.state import STATE_VERSION, ScoreState
from engine.plan.spec import SeedStep

BEATS = 4
FINAL_SECONDS = 5.0
"""About the least time the last bar is held; it is longer by up to a bar."""

_SLOWEST = 50.0
"""BPM: where the slowing at the close ends."""

# What each bar of a period does with the motifs: (whose, how, diatonic shift).
_PLANS: tuple[tuple[tuple[str, str, int], ...], ...] = (
    (
        ("theme", "same", 0),
        ("theme", "same", 1),
        ("theme", "answer", -1),
        ("cadence", "half", 0),
        ("theme", "same", 0),
        ("theme", "same", 2),
        ("second", "same", 1),
        ("cadence", "full", 0),
    ),
    (
        ("second", "same", 0),
        ("second", "same", -1),
        ("theme", "invert", 1),
        ("cadence", "half", 0),
        ("theme", "augment", 0),
        ("theme", "late", 2),
        ("theme", "same", 3),
        ("cadence", "full", 0),
    ),
)


class Harmony(msgspec.Struct, frozen=True):
    """A chord as it sounds: from ``slot`` of its bar on, voiced, over ``bass``."""

    slot: int
    chord: Chord
    voicing: tuple[int, ...]
    bass: int


class Bar(msgspec.Struct, frozen=True):
    """A bar of score, the same for every ensemble.

    ``start`` and ``length`` in session frames, ``beat`` in frames; ``kind`` is 'intro', 'body',
    'close' (the two bars before the end) or 'final'. ``plan`` says what the melody does.
    """

    number: int
    start: int
    beat: int
    length: int
    seed: int
    kind: str
    tonic: int
    mode: int
    phrase_bar: int
    section_bar: int
    section: int
    tempo: float
    descriptor: Descriptor
    plan: tuple[str, str, int]
    harmony: tuple[Harmony, ...]
    melody: tuple[Tone, ...]

    @property
    def end(self) -> int:
        return self.start + self.length

    def frame_at(self, slot: float) -> int:
        """Session frame of a point ``slot`` sixteenths into the bar."""
        return self.start + int(slot * self.beat) // 4


def seed_at(seeds: Sequence[SeedStep], frame: int) -> int:
    """The session's seed at a session frame; before the first step, the first step's."""
    active = seeds[0].seed
    for step in seeds:
        if frames_of(step.time) <= frame:
            active = step.seed
    return active


def first_state(path: Path, seeds: Sequence[SeedStep]) -> ScoreState:
    """The state before the session's first bar."""
    seed = seed_at(seeds, 0)
    descriptor = describe(affect_at(path, 0))
    tonic = Dice(seed, "tonic").pick((0, 2, 3, 5, 7, 9, 10))
    return ScoreState(
        version=STATE_VERSION,
        bar=0,
        frame=0,
        seed=seed,
        tempo=descriptor.tempo,
        mode=mode_of(descriptor.mode, affect_at(path, 0).arousal > 0.25, None),
        tonic=tonic,
        next_tonic=tonic,
        phrase_bar=-1 if descriptor.tempo < 84 else -2,
        section_bar=0,
        section=0,
        theme=make_motif(Dice(seed, 0, "theme")),
        second=make_motif(Dice(seed, 0, "second")),
        choices=_choices(seed, 0),
        voicing=(),
        bass=41,
        melody=round(descriptor.register),
    )


def next_bar(
    state: ScoreState, path: Path, seeds: Sequence[SeedStep], total: float
) -> tuple[Bar, ScoreState]:
    """The next bar and the state after it.

    Pure: depends on the path at the bar's start, the seed active there, and the session's
    ``total`` seconds for the ending.
    """
    affect = affect_at(path, state.frame)
    descriptor = describe(affect)
    state = _renewed(state, seed_at(seeds, state.frame))
    state = _closing(state, frames_of(total))
    state = _moved(state, affect, descriptor)
    beat = round(60.0 / state.tempo * SAMPLE_RATE)
    kind = _KINDS[state.closing] if state.closing or state.phrase_bar >= 0 else "intro"
    length = BEATS * beat if kind != "final" else max(frames_of(total) - state.frame, 1)
    harmony = _harmony(state, kind, descriptor)
    plan = _plan(state, kind)
    melody = _melody(state, plan, kind, descriptor, harmony)
    bar = Bar(
        number=state.bar,
        start=state.frame,
        beat=beat,
        length=length,
        seed=state.seed,
        kind=kind,
        tonic=state.tonic,
        mode=state.mode,
        phrase_bar=state.phrase_bar,
        section_bar=state.section_bar,
        section=state.section,
        tempo=state.tempo,
        descriptor=descriptor,
        plan=plan,
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
        step_pc = dice.pick((0, 0, 5, 7))
        state = msgspec.structs.replace(state, next_tonic=(state.tonic + step_pc) % 12)
    return state


_KINDS = ("body", "close2", "close1", "final")
"""What a bar is at each step of the closing."""


def _closing(state: ScoreState, total: int) -> ScoreState:
    """Once no more than two bars fit before the held last one, the closing begins; it then goes
    on bar by bar, and begins again where the session's end has moved away."""
    length = BEATS * 60.0 / state.tempo * SAMPLE_RATE
    left = math.floor((total - state.frame - FINAL_SECONDS * SAMPLE_RATE) / length)
    if left > 2:
        step = 0
    elif state.closing:
        step = min(3, state.closing + 1)
    else:
        step = 1 if left > 0 else 3
    return msgspec.structs.replace(state, closing=step)


def _entries(state: ScoreState, kind: str) -> str:
    """The progression entry of this bar."""
    if kind in ("intro", "final"):
        return "1"
    minor = state.mode in (1, 2)
    if kind == "close2":
        return "4"
    if kind == "close1":
        return {1: "7", 2: "5D", 3: "7", 4: "7", 5: "2,5", 6: "2"}[state.mode]
    half, place = divmod(state.phrase_bar, 4)
    table = OPEN if half == 0 else CLOSED
    period = state.section_bar // 8
    choice = state.choices[half if period == 0 or minor else 2 * period + half]
    options = table[state.mode]
    return options[int(choice * len(options))].split()[place]


def _harmony(state: ScoreState, kind: str, descriptor: Descriptor) -> tuple[Harmony, ...]:
    dice = Dice(state.seed, state.bar, "harmony")
    tension = 0.0 if kind == "final" else descriptor.tension
    parts = _entries(state, kind).split(",")
    chords = [
        (slot, chord_on(state.tonic, state.mode, entry, tension, dice))
        for slot, entry in zip((0, 8), parts, strict=False)
    ]
    if kind == "body" and state.section_bar == 15 and state.next_tonic != state.tonic:
        # The old tonic is IV or V of the new key: it is the pivot, and the new dominant follows.
        chords = [chords[0], (8, chord_on(state.next_tonic, 5, "5", 0.6, dice))]
    if len(chords) == 1 and kind == "body" and dice.chance(0.65 * tension):
        late = suspended(chords[0][1], state.tonic, state.mode)
        chords = [(0, late), (8, chords[0][1])] if late else chords
    centre = 61.0 + 0.5 * (descriptor.register - 70.0)
    voicing, bass = state.voicing, state.bass
    made = []
    for slot, chord in chords:
        voicing = voice(chord, voicing, centre)
        bass = bass_pitch(chord, bass, state.tonic, kind == "final", dice)
        made.append(Harmony(slot, chord, voicing, bass))
    return tuple(made)


def _plan(state: ScoreState, kind: str) -> tuple[str, str, int]:
    if kind == "intro":
        return ("rest", "", 0)
    if kind == "final":
        return ("cadence", "final", 0)
    if kind == "close1":
        return ("cadence", "approach", 0)
    return _PLANS[state.section_bar // 8][state.phrase_bar]


def _melody(
    state: ScoreState,
    plan: tuple[str, str, int],
    kind: str,
    descriptor: Descriptor,
    harmony: tuple[Harmony, ...],
) -> tuple[Tone, ...]:
    whose, how, shift = plan
    if whose == "rest":
        return ()
    dice = Dice(state.seed, state.bar, "melody")
    chords = tuple((h.slot, h.chord) for h in harmony)
    centre = descriptor.register
    ladder = scale_pitches(state.tonic, state.mode, round(centre) - 12, round(centre) + 12)
    if whose != "cadence":
        count = math.floor(descriptor.density + dice.uniform())
        motif = state.theme if whose == "theme" else state.second
        return realise(transform(motif, how), count, shift, chords, ladder, centre, state.melody)
    if how == "final":
        return (cadence((state.tonic,), 0, 16, centre, state.melody),)
    return _cadence_bar(state, how, descriptor, chords, ladder)


def _cadence_bar(
    state: ScoreState,
    how: str,
    descriptor: Descriptor,
    chords: tuple[tuple[int, Chord], ...],
    ladder: list[int],
) -> tuple[Tone, ...]:
    """A head of the theme, then the phrase's last note, then a breath."""
    centre = descriptor.register
    slot = 8 if descriptor.density > 2.5 else 0
    head: tuple[Tone, ...] = ()
    if slot:
        count = max(1, round(descriptor.density / 2.2))
        motif: Motif = transform(state.theme, "answer")
        early = Motif(
            tuple(sorted(motif.order, key=lambda s: (s >= slot, motif.order.index(s)))),
            motif.contour,
        )
        head = realise(early, min(count, slot // 2), 0, chords, ladder, centre, state.melody)
        last = head[-1]
        head = (*head[:-1], Tone(last.slot, slot - last.slot, last.pitch))
    at = [c for s, c in chords if s <= slot][-1]
    pcs = (state.tonic,) if how == "full" and state.tonic in at.pcs else at.pcs[:3]
    length = 16 - slot if how == "approach" else 12 - 3 * slot // 4
    previous = head[-1].pitch if head else state.melody
    return (*head, cadence(pcs, slot, min(length, 16 - slot), centre, previous))


def _after(state: ScoreState, bar: Bar) -> ScoreState:
    phrase_bar = state.phrase_bar + 1
    section_bar = state.section_bar + (state.phrase_bar >= 0)
    state = msgspec.structs.replace(
        state,
        bar=state.bar + 1,
        frame=bar.end,
        phrase_bar=0 if phrase_bar == 8 else phrase_bar,
        section_bar=section_bar % 16,
        voicing=bar.harmony[-1].voicing,
        bass=bar.harmony[-1].bass,
        melody=bar.melody[-1].pitch if bar.melody else state.melody,
        next_tonic=state.next_tonic if bar.kind == "body" else state.tonic,
        done=bar.kind == "final",
    )
    return _new_section(state) if section_bar == 16 else state


def _new_section(state: ScoreState) -> ScoreState:
    """The theme stays for three sections; the second idea is new in each."""
    section = state.section + 1
    theme = state.theme
    if section % 3 == 0:
        theme = make_motif(Dice(state.seed, state.bar, "theme"))
    return msgspec.structs.replace(
        state,
        section=section,
        tonic=state.next_tonic,
        theme=theme,
        second=make_motif(Dice(state.seed, state.bar, "second")),
        choices=_choices(state.seed, state.bar),
    )
