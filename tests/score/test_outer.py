"""The outer voices: bass and melody as they are struck, and what hangs over a rest."""

from __future__ import annotations

import itertools
from functools import cache

import pytest

from engine.affect.circumplex import Affect
from engine.affect.path import Path, Waypoint
from engine.composers.score.parts.outer import closed, grounded, led
from engine.composers.score.parts.touch import Stroke
from engine.composers.score.writing.course import steady
from engine.composers.score.writing.form import Bar, first_state, next_bar
from engine.composers.score.writing.harmony import NONE, Chord, leading
from engine.composers.score.writing.telling import led_home
from engine.composers.score.writing.tones import Tone
from engine.composers.score.writing.voicing import BASS_LOW, ill_led

AFFECTS = ((-0.6, 0.6), (0.5, -0.6), (-0.6, -0.3), (0.6, 0.6), (0.2, 0.1))
SEEDS = (1, 2, 3)


@cache
def bars(valence: float, arousal: float, seed: int) -> tuple[Bar, ...]:
    course = steady(Path((Waypoint(0.0, Affect(valence, arousal)),)), seed, 150.0)
    state = first_state(course)
    made = []
    while not state.done:
        bar, state = next_bar(state, course)
        made.append(bar)
    return tuple(made)


def sung_at(bar: Bar, slot: int) -> list[int]:
    return [tone.pitch for tone in bar.melody if tone.slot <= slot][-1:]


@pytest.mark.parametrize("affect", AFFECTS)
def test_the_bass_of_the_chords_goes_well_with_the_melody(affect: tuple[float, float]) -> None:
    joint = ill = 0
    for seed in SEEDS:
        last: tuple[int, int] | None = None
        for bar in bars(*affect, seed):
            for harmony in bar.harmony:
                struck = [t.pitch for t in bar.melody if t.slot == harmony.slot]
                if last is not None and struck and struck[0] != last[1] != NONE:
                    joint += harmony.bass != last[0]
                    ill += ill_led(last[0], harmony.bass, last[1], struck[0])
                over = [t.pitch for t in bar.melody if t.slot >= harmony.slot]
                following = [h.slot for h in bar.harmony if h.slot > harmony.slot]
                if following:
                    over = [t.pitch for t in bar.melody if harmony.slot <= t.slot < following[0]]
                last = harmony.bass, over[-1] if over else last[1] if last else NONE
    assert joint >= 60
    assert ill <= 0.06 * joint


def bar_of(seed: int = 3) -> Bar:
    """One of 4/4 with one chord and a melody, followed by another."""
    return next(
        bar
        for at in range(20)
        for bar in bars(0.2, 0.1, seed + at)
        if bar.metre.slots == 16 and bar.kind == "body" and len(bar.harmony) == 1 and bar.after
        and len(bar.melody) > 1
    )  # fmt: skip


@pytest.mark.parametrize("affect", AFFECTS)
def test_a_bass_that_adds_to_its_line_makes_no_parallels(affect: tuple[float, float]) -> None:
    """Of all tones that a bass might add in the second half of a bar, what is left goes on well."""
    kept = 0
    for seed in SEEDS:
        for bar in bars(*affect, seed):
            if bar.kind != "body" or not bar.after or not bar.melody:
                continue
            half, harmony = bar.metre.slots // 2, bar.harmony[-1]
            if harmony.slot > half:
                continue
            for added in range(harmony.bass - 7, harmony.bass + 13):
                strokes = [
                    Stroke("bass", "bass", 0, half, bar.harmony[0].bass, 0.9),
                    Stroke("bass", "bass", half, half, added, 0.8),
                ]
                pitch = led(strokes, bar, 0)[1].pitch
                assert pitch in (added, harmony.bass)
                kept += pitch == added
                opens = [t.pitch for t in bar.after_melody if t.slot == 0]
                if pitch == added != harmony.bass and opens:
                    last = bar.melody[-1].pitch
                    assert not ill_led(added, bar.after[0].bass, last, opens[0])
    assert kept > 200


def test_a_drones_fifth_is_no_line() -> None:
    bar = bar_of()
    root = bar.harmony[0].bass
    strokes = [
        Stroke("bass", "cello", 0, 16, root, 0.8),
        Stroke("bass", "cello", 0.3, 16, root + 7, 0.6),
    ]
    assert led(strokes, bar, 0) == strokes


def test_what_accompanies_a_bass_stays_above_it() -> None:
    bar = bar_of()
    root = bar.harmony[0].bass
    low = Stroke("figure", "guitar", 4, 4, root - 3, 0.8)
    octave = Stroke("figure", "guitar", 0, 4, root - 12, 0.8)
    bass = Stroke("bass", "bass", 0, 16, root, 0.8)
    assert grounded([low, octave], bar) == [low, octave], "its own left hand"
    made = grounded([bass, low, octave], bar)
    assert [stroke.pitch for stroke in made] == [root, root + 9, root - 12]
    above = Stroke("figure", "guitar", 4, 4, root + 9, 0.8)
    assert grounded([bass, low, above], bar) == [bass, above], "no key twice at once"


@pytest.mark.parametrize("affect", AFFECTS)
def test_no_phrase_is_left_hanging(affect: tuple[float, float]) -> None:
    """Over a rest at a phrase's end no leading tone is the last on top, nor the bass's octave."""
    seen = 0
    for seed in SEEDS:
        for bar in bars(*affect, seed):
            rest = max((t.slot + t.length for t in bar.melody), default=0)
            if bar.kind != "body" or not bar.ends_phrase or rest > bar.metre.slots - 4:
                continue
            last = bar.harmony[-1]
            at = bar.metre.slots - 2
            if last.slot > at:
                continue
            for pitch in last.voicing:
                figure = Stroke("figure", "piano", at, 2, pitch, 0.8)
                answer = Stroke("colour", "bell", at, 2, last.voicing[-1] + 12, 0.3)
                stroke = closed([figure, answer], bar)[0]
                seen += 1
                assert stroke.pitch % 12 in last.chord.pcs
                assert stroke.pitch % 12 != last.chord.rises
                assert (stroke.pitch - last.bass) % 12
    assert seen >= 12


def test_no_figure_s_inner_leading_tone_is_left_at_a_phrase_s_end() -> None:
    """Also where a tone that is held lies over it; what is struck earlier stays."""
    seen = 0
    for affect, seed in itertools.product(AFFECTS, SEEDS):
        for bar in bars(*affect, seed):
            last, at = bar.harmony[-1], bar.metre.slots - 2
            if bar.after or bar.kind != "body" or last.slot or last.chord.rises == NONE:
                continue
            seen += 1
            pitch = next(p for p in range(55, 67) if p % 12 == last.chord.rises)
            early = Stroke("figure", "piano", 0, 2, pitch, 0.8)
            late = Stroke("figure", "piano", at, 2, pitch, 0.8)
            over = Stroke("figure", "piano", at - 2, 4, pitch + 12, 0.8)
            made = closed([early, late, over], bar)
            assert early in made
            assert all(s.pitch % 12 in last.chord.pcs for s in made)
            assert all(s.pitch % 12 != last.chord.rises for s in made if s.slot >= at)
    assert seen


@pytest.mark.parametrize("affect", AFFECTS)
def test_nothing_rubs_against_the_top_of_a_chord(affect: tuple[float, float]) -> None:
    chords = [h for seed in SEEDS for bar in bars(*affect, seed) for h in bar.harmony]
    rubs = sum(h.voicing[3] - p in (1, 13, 25) for h in chords for p in (h.bass, *h.voicing[:3]))
    assert rubs <= 0.02 * len(chords)
    assert min(h.bass for h in chords) >= BASS_LOW


def test_a_major_chord_before_its_fourth_has_a_leading_tone() -> None:
    c, f, dm = Chord((0, 4, 7), 0), Chord((5, 9, 0), 3), Chord((2, 5, 9), 1)
    assert leading(c, f) == 4
    assert leading(c, dm) == leading(dm, Chord((7, 11, 2), 4)) == leading(c, None) == NONE
    assert leading(Chord((7, 11, 2), 4, NONE, 11), dm) == 11


def test_it_goes_up_or_passes_or_gives_way() -> None:
    chords = [(0, 0, Chord((0, 4, 7), 0)), (1, 0, Chord((5, 9, 0), 3))]

    def second(*pitches: int) -> int:
        tones = (Tone(0, 8, pitches[0]), Tone(8, 8, pitches[1])), (Tone(0, 16, pitches[2]),)
        return led_home(tones, chords)[0][1].pitch

    assert second(72, 76, 77) == 76
    assert second(77, 76, 74) == 76
    assert second(72, 76, 72) in (72, 79)
    assert second(72, 74, 72) == 74


@pytest.mark.parametrize("affect", AFFECTS)
def test_leading_tones_go_where_they_lead(affect: tuple[float, float]) -> None:
    """By the composer's own chords: the last tone over a dominant, where it is the leading tone."""
    left = led_on = 0
    for seed in SEEDS:
        made = [bar for bar in bars(*affect, seed) if bar.kind == "body"]
        steps = [(bar, h) for bar in made for h in bar.harmony]
        for (bar, one), (other, two) in itertools.pairwise(steps):
            until = two.slot if other is bar else bar.metre.slots
            over = [t for t in bar.melody if one.slot <= t.slot < until]
            goal = [t.pitch for t in other.melody if t.slot >= two.slot]
            if other.number - bar.number > 1 or other.phrase != bar.phrase or not over or not goal:
                continue
            if leading(one.chord, two.chord) == over[-1].pitch % 12:
                came = over[-2].pitch - over[-1].pitch if len(over) > 1 else 0
                left += 1
                led_on += goal[0] - over[-1].pitch in (0, 1, -1, -2) or came in (1, 2)
    assert led_on >= 0.9 * left
