"""Telling a tune: a bar's plan -> tones, at a level of detail, in a mode, a key and a register."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import msgspec

from engine.composers.score.writing.harmony import NONE, SCALES, Chord, leading
from engine.composers.score.writing.metre import Metre
from engine.composers.score.writing.sections import REST, TUNE, BarPlan
from engine.composers.score.writing.tones import Tone
from engine.composers.score.writing.tune import Tune, TuneBar, TuneNote

BARE, SIMPLE, WHOLE, TURNED = 0, 1, 2, 3
"""How much of a tune is told: two tones a bar, three, all, or all with turns and passing tones."""
_LEVELS = (2.0, 3.1, 6.2)
_STICKS = 0.35
_ENDING_BARS = (3, 7)
"""Where a sad tune sighs: at its question's and its answer's end; elsewhere it stays itself."""
LOWEST, HIGHEST = 59, 84
"""MIDI: a melody's range."""


class Voice(msgspec.Struct, frozen=True, array_like=True):
    """How a phrase is sung. ``home``: MIDI pitch of the tonic that the tunes' steps count from;
    ``mode``; ``level``: of the four above; ``sighs``: whether long tones are come to from above;
    ``lowest`` and ``highest``: MIDI pitches between which its bars lie."""

    home: int
    mode: int
    level: int
    sighs: bool
    lowest: int = LOWEST
    highest: int = HIGHEST


def level_of(density: float, before: int | None) -> int:
    """The level for a density in notes a bar; the one ``before`` stays while it is near."""
    level = sum(density >= least for least in _LEVELS)
    if before is None or before == level:
        return level
    edge = _LEVELS[min(before, level)] if abs(before - level) == 1 else None
    return before if edge is not None and abs(density - edge) < _STICKS else level


def home_near(tonic: int, middle: int, mode: int, centre: float, before: int) -> int:
    """The octave of the tonic from which a tune with its ``middle`` step lies nearest to
    ``centre``; the one ``before`` stays while it is nearly as near."""
    octave, step = divmod(middle, 7)
    above = 12 * octave + SCALES[mode][step]
    homes = [p for p in range(24, 97) if p % 12 == tonic]
    return min(homes, key=lambda p: (abs(p + above - centre) - 3.0 * (p == before), p))


def within_range(
    home: int,
    plans: Sequence[BarPlan],
    tunes: tuple[Tune, Tune],
    mode: int,
    reach: tuple[int, int] = (LOWEST, HIGHEST),
) -> int:
    """``home``, or an octave from it where more of a phrase's bars would lie within a melody's
    range: a phrase is moved as a whole rather than bar by bar."""
    lowest, highest = reach
    spans = [
        [note.step + plan.shift for note in tunes[0 if plan.whose == TUNE else 1].bars[plan.bar]]
        for plan in plans
        if plan.whose != REST
    ]

    def outside(place: int) -> int:
        voice = Voice(place, mode, WHOLE, False)
        return sum(
            max(0, _pitch(max(span), voice) - highest) + max(0, lowest - _pitch(min(span), voice))
            for span in spans
        )

    return min((home, home + 12, home - 12), key=lambda place: (outside(place), abs(place - home)))


def tell(plan: BarPlan, tunes: tuple[Tune, Tune], voice: Voice, metre: Metre) -> tuple[Tone, ...]:
    """The tones of a bar, without regard to its harmony."""
    if plan.whose == REST:
        return ()
    bar = tunes[0 if plan.whose == TUNE else 1].bars[plan.bar]
    bar = _transformed(bar, plan.how, metre)
    # The whole bar's range, whatever is told of it.
    steps = [note.step + plan.shift for note in bar]
    span = _pitch(min(steps), voice), _pitch(max(steps), voice)
    moved = _octaves_into_range(*span, voice)
    level = voice.level
    if plan.how in ("slow", "slower", "head", "close"):
        level = min(level, WHOLE)
    bar = detailed(bar, level, metre)
    if voice.sighs and plan.bar in _ENDING_BARS and plan.how != "close":
        bar = _sighing(bar, metre)
    return tuple(
        Tone(note.slot, note.length, _pitch(note.step + plan.shift, voice) + moved) for note in bar
    )


def _pitch(step: int, voice: Voice) -> int:
    octave, degree = divmod(step, 7)
    return voice.home + 12 * octave + SCALES[voice.mode][degree]


def _octaves_into_range(low: int, high: int, voice: Voice) -> int:
    """The semitones by which a bar that lies out of a melody's range is moved into it."""
    if high > voice.highest:
        return -12 * -(-(high - voice.highest) // 12)
    return 12 * -(-(voice.lowest - low) // 12) if low < voice.lowest else 0


def within_octaves(tones: tuple[Tone, ...], before: int) -> tuple[Tone, ...]:
    """The tones of a bar after the pitch ``before``: the whole bar an octave nearer where it would
    begin with a leap over one, and so within it."""
    if not tones:
        return ()
    moved = 12 * _octaves_nearer(tones[0].pitch - before)
    made: list[Tone] = []
    last = tones[0].pitch + moved
    for tone in tones:
        pitch = tone.pitch + moved
        pitch += 12 * _octaves_nearer(pitch - last)
        made.append(Tone(tone.slot, tone.length, pitch))
        last = pitch
    return tuple(made)


def _octaves_nearer(leap: int) -> int:
    return -((leap - 1) // 12) if leap > 12 else (-leap - 1) // 12 if leap < -12 else 0


def led_home(
    melody: Sequence[tuple[Tone, ...]], chords: Sequence[tuple[int, int, Chord]]
) -> list[tuple[Tone, ...]]:
    """A phrase's melody in which every leading tone goes where it leads.

    One that is the last over its chord and would not go on to its tonic becomes the chord's fifth,
    or its root where that is nearer to what comes next. What is a leading tone only for the chord
    that follows may pass down a line. ``chords``: (bar, slot, chord).
    """
    places = [(bar, i) for bar, tones in enumerate(melody) for i in range(len(tones))]
    made = [list(tones) for tones in melody]
    for k, (bar, i) in enumerate(places):
        tone = made[bar][i]
        own = _sounding(chords, bar, tone.slot)
        chord = chords[own][2]
        heard = leading(chord, chords[own + 1][2] if own + 1 < len(chords) else None)
        if heard != tone.pitch % 12:
            continue
        after = None if k + 1 == len(places) else places[k + 1]
        goal = None if after is None else made[after[0]][after[1]]
        stays = after is not None and _sounding(chords, after[0], goal.slot if goal else 0) == own
        if stays or (goal is not None and goal.pitch == tone.pitch + 1):
            continue
        near = tone.pitch if goal is None else goal.pitch
        last = made[places[k - 1][0]][places[k - 1][1]].pitch if k else tone.pitch
        if chord.rises == NONE and last - tone.pitch in (1, 2) and tone.pitch - near in (1, 2):
            continue
        others = [
            p
            for p in (tone.pitch + 3, tone.pitch - 4, tone.pitch + 8)
            if p % 12 in chord.pcs and max(abs(p - near), abs(p - last)) <= 12
        ]
        best = min(others, key=lambda p: (abs(p - near), p), default=tone.pitch)
        made[bar][i] = Tone(tone.slot, tone.length, best)
    return [tuple(tones) for tones in made]


def _sounding(chords: Sequence[tuple[int, int, Chord]], bar: int, slot: int) -> int:
    """Which chord of a phrase sounds at a slot of a bar."""
    return max(k for k, (at, begin, _) in enumerate(chords) if (at, begin) <= (bar, slot))


def _transformed(bar: TuneBar, how: str, metre: Metre) -> TuneBar:
    half = metre.slots // 2
    if how == "mirror":
        first = bar[0].step
        return tuple(msgspec.structs.replace(n, step=2 * first - n.step) for n in bar)
    if how in ("slow", "slower"):
        begin = 0 if how == "slow" else half
        notes = [n for n in bar if begin <= n.slot < begin + half]
        if not notes:
            notes = [n for n in bar if n.slot < half][-1:] or [bar[0]]
            return (TuneNote(0, metre.slots, notes[0].step),)
        return tuple(
            TuneNote(
                2 * (n.slot - begin), min(2 * n.length, metre.slots - 2 * (n.slot - begin)), n.step
            )
            for n in notes
        )
    if how == "head":
        notes = [n for n in bar if n.slot < half] or [bar[0]]
        last = notes[-1]
        held = metre.slots - last.slot - (2 if metre.slots - last.slot > 4 else 0)
        return (*notes[:-1], TuneNote(last.slot, held, last.step))
    if how == "close":
        return _way_home(bar, metre)
    return bar


def _way_home(bar: TuneBar, metre: Metre) -> TuneBar:
    """Two tones that lead to the tonic held in the bar after: from the side the tune comes from."""
    above = bar[0].step >= bar[-1].step
    goal = bar[-1].step
    half = 6 if metre.pulse == 6 else 8 if metre.slots == 16 else 4
    steps = (goal + 2, goal + 1) if above else (goal + 1, goal - 1)
    return (TuneNote(0, half, steps[0]), TuneNote(half, metre.slots - half, steps[1]))


def detailed(bar: TuneBar, level: int, metre: Metre) -> TuneBar:
    """A bar at a level of detail: fewer notes are a subset of more, and hold until the next that is
    left; rests stay."""
    if level <= SIMPLE:
        most = 2 + level
        ranked = sorted(
            range(len(bar)),
            key=lambda i: (-2 * metre.weight(bar[i].slot) - bar[i].length, i),
        )
        kept = sorted(ranked[:most])
        made = []
        for i, after in zip(kept, [*kept[1:], len(bar)], strict=True):
            end = bar[i].slot + bar[i].length
            for other in range(i + 1, after):
                if bar[other].slot == end:
                    end = bar[other].slot + bar[other].length
            made.append(TuneNote(bar[i].slot, end - bar[i].slot, bar[i].step))
        return tuple(made)
    if level == WHOLE:
        return bar
    return _turned(bar)


def _turned(bar: TuneBar) -> TuneBar:
    """The bar with what a player adds: passing tones through thirds, a neighbour before a tone that
    is struck again, a turn at the end of long ones."""
    made: list[TuneNote] = []
    for note, after in itertools.zip_longest(bar, bar[1:]):
        joined = after is not None and after.slot == note.slot + note.length
        half = note.length // 2
        if not joined or note.length < 4:
            made.append(note)
            continue
        move = after.step - note.step
        between = note.step + (move // 2 if abs(move) == 2 else 1 if move == 0 else 0)
        if abs(move) in (0, 2):
            made += [TuneNote(note.slot, half, note.step),
                     TuneNote(note.slot + half, note.length - half, between)]  # fmt: skip
        elif note.length >= 6:
            near = note.step + (1 if move < 0 else -1)
            made += [TuneNote(note.slot, note.length - 2, note.step),
                     TuneNote(note.slot + note.length - 2, 2, near)]  # fmt: skip
        else:
            made.append(note)
    return tuple(made)


def _sighing(bar: TuneBar, metre: Metre) -> TuneBar:
    """The bar's longest tone on a beat is leant on from above: an appoggiatura."""
    heard = [n for n in bar if n.length >= 4 and metre.weight(n.slot) >= 1]
    if not heard:
        return bar
    long = max(heard, key=lambda n: (n.length, -n.slot))
    lean = 4 if long.length >= 8 else 2
    return tuple(
        part
        for n in bar
        for part in (
            (TuneNote(n.slot, lean, n.step + 1), TuneNote(n.slot + lean, n.length - lean, n.step))
            if n == long
            else (n,)
        )
    )


def bent(
    tones: Sequence[Tone], chords: Sequence[tuple[int, Chord]], scale: set[int]
) -> tuple[Tone, ...]:
    """The tones bent to chords that are not of the mode: a degree that the chord raises or lowers
    is raised or lowered with it. ``chords``: (slot, chord)."""
    made = []
    for tone in tones:
        chord = [chord for at, chord in chords if at <= tone.slot][-1]
        pitch = tone.pitch
        if pitch % 12 not in chord.pcs:
            for pc in chord.pcs:
                # A leading tone is its lower neighbour raised; any other is its upper one lowered.
                way = 1 if pc == chord.rises else -1
                if pc not in scale and (pitch + way) % 12 == pc:
                    pitch += way
                    break
        made.append(Tone(tone.slot, tone.length, pitch))
    return tuple(made)
