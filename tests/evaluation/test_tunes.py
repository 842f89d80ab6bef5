"""What is said of a tune, of its form and of its players, on scores where the answer is known."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from support.written_scores import line, note, score

from engine.evaluation import changes, form_agreement, theme
from engine.evaluation.melody_line import melody
from engine.evaluation.notes import ScoreNote
from engine.evaluation.recurrence import recurrence, shapes, told_running

# the line that one follows


def test_the_melody_is_the_loud_and_high_line_also_below_what_is_strewn_above() -> None:
    sung = line([72, 74, 76, 77, 79, 77, 76, 74] * 4, velocity=90, track=1)
    under = line([48, 52, 55, 52] * 16, step=0.5, velocity=70, track=2)
    strewn = [note(4.0 * i + 0.5, 96, 0.25, velocity=50, track=3) for i in range(8)]
    assert melody(score([*sung, *under, *strewn])) == sung


def test_the_melody_goes_from_player_to_player() -> None:
    first = line([72, 74, 76, 77] * 8, velocity=90, track=1)
    second = line([72, 71, 69, 67] * 8, at=32.0, velocity=90, track=2)
    pad = [note(4.0 * i, 76, 4.0, velocity=50, track=3) for i in range(16)]
    assert [n.track for n in melody(score([*first, *second, *pad]))] == [1] * 32 + [2] * 32


def test_a_line_is_followed_through_its_swell() -> None:
    """Ten decibels from a phrase's height to its end, the hand under it as much softer."""
    arc = [56, 60, 64, 70, 76, 82, 88, 94, 98, 98, 92, 86, 78, 70, 62, 56]
    pitches = [72, 74, 76, 77, 79, 81, 83, 84, 83, 81, 79, 77, 76, 74, 72, 71]
    sung = [
        note(16.0 * k + i, pitch, velocity=loud)
        for k in range(3)
        for i, (pitch, loud) in enumerate(zip(pitches, arc, strict=True))
    ]
    under = [
        note(n.start + half, 55 + 4 * k, 0.5, velocity=round(0.7 * n.velocity))
        for n in sung
        for k, half in enumerate((0.0, 0.5))
    ]
    found = melody(score([*sung, *under]))
    assert found == sung


def test_of_one_pianist_the_right_hand_is_sung_and_rests_are_rests() -> None:
    sung = line([76, 77, 79, 81], velocity=85)
    hands = [*sung, *line([79, 77, 76, 74], at=8.0, velocity=85)]
    left = line([48, 55, 60, 55] * 6, step=0.5, velocity=75)
    assert melody(score([*hands, *left])) == hands


def test_an_answer_that_the_same_player_whispers_above_is_no_part_of_it() -> None:
    sung = line([72, 74, 76, 77] * 6, velocity=90)
    answers = [note(4.0 * i + 3.5, 84, 0.5, velocity=50) for i in range(6)]
    assert melody(score([*sung, *answers])) == sung


# figures that recur


def test_a_figure_that_comes_again_within_eighty_seconds_recurs() -> None:
    tune = [60, 62, 64, 67, 65, 62, 60]  # six steps: two figures
    filler = [90, 40, 91, 42, 95, 47, 99]
    near = line([*tune, *filler, *(p + 3 for p in tune)])
    count = len(near) - 1 - 4
    assert recurrence(near) == pytest.approx(4 / count), "transposed it is still it"
    far = [*line(tune), *line(filler, at=7.0), *line([p + 3 for p in tune], at=100.0)]
    assert recurrence(far) == 0.0
    assert math.isnan(recurrence(line(tune[:5])))


def test_of_three_tellings_each_is_counted_once() -> None:
    turning = line([60, 62, 64, 66, 60, 62, 64, 66] * 3)
    assert recurrence(turning) == 1.0


def test_verbatim_is_counted_in_a_row() -> None:
    a = [60, 62, 64, 65, 67, 65, 64, 62, 60, 64, 67, 64, 62, 60, 59, 60]
    b = [p + 5 for p in a]
    for tune, told in ((a * 3, 3), ([*a, *a, *b], 2), ([*a, *b, *a], 1), (a[:8] * 8, 4)):
        piece = score(line(tune))
        assert told_running(piece.notes, piece.bars) == told
    silence = score([note(0.0, 60)], bars=12)
    assert told_running(silence.notes, silence.bars) == 1


def test_a_note_just_before_the_bar_line_is_the_next_bars() -> None:
    piece = score([note(3.95, 60), note(4.5, 62)], bars=2)
    assert shapes(piece.notes, piece.bars) == [[], [(0, 60), (2, 62)]]


# a theme


def wandering(seed: int, bars: int) -> list[list[tuple[int, int]]]:
    dice = random.Random(seed)
    pitch, made = 67, []
    for _ in range(bars):
        slots = sorted(dice.sample(range(0, 16, 2), 5))
        bar = []
        for slot in slots:
            pitch = min(84, max(55, pitch + dice.choice((-5, -4, -2, -1, 1, 2, 4, 5))))
            bar.append((slot, pitch))
        made.append(bar)
    return made


def told(bars: list[list[tuple[int, int]]]) -> theme.Told:
    return theme.Told(bars, [16] * len(bars))


def varied(bars: list[list[tuple[int, int]]]) -> list[list[tuple[int, int]]]:
    """A fourth higher, each third note a semitone lower, with a note between and one left out."""
    made = []
    for bar in bars:
        new = [(slot, pitch + 5 - (i % 3 == 2)) for i, (slot, pitch) in enumerate(bar)]
        made.append(sorted([*new[:-1], (new[0][0] + 1, new[0][1] + 2)]))
    return made


def test_a_theme_is_known_again_varied_and_not_where_it_is_not() -> None:
    own, others = told(wandering(0, 60)), [told(wandering(s, 60)) for s in range(1, 10)]
    stated = theme.theme_of(own)
    rest = [other.units(0, 60) for other in others]
    back = told([*wandering(50, 26), *varied(list(own.bars[:8])), *wandering(51, 26)])
    found = theme.recognition(stated, back.units(0, 60), rest)
    assert found.own >= 0.75
    assert found.chance <= 0.35
    gone = theme.recognition(stated, told(wandering(52, 60)).units(0, 60), rest)
    assert gone.own <= 0.35


def test_how_alike_two_bars_are() -> None:
    (one,) = told(wandering(3, 2)).units(0, 2)
    higher = one.copy()
    higher[:, 1] += 7
    assert theme.likeness(one, higher) == 1.0
    assert theme.likeness(one, one[:5]) == pytest.approx(math.sqrt(5 / 10))
    minor = one.copy()
    minor[::3, 1] -= 1
    assert theme.likeness(one, minor) == 1.0
    bent = one.copy()
    bent[::3, 1] -= 3
    assert theme.likeness(one, bent) < 0.8
    later = one.copy()
    later[:, 0] += 1
    assert theme.likeness(one, later) == 0.0, "another beat is another tune"
    assert theme.likeness(one, one[:3]) == 0.0, "three notes are no tune"


def test_the_theme_begins_where_there_is_one() -> None:
    thin = [[], [(0, 60)], [], [(0, 62)]]
    assert theme.theme_start(told([*thin, *wandering(4, 9)])) == 4
    with pytest.raises(ValueError, match="no melody"):
        theme.theme_start(told(thin))


def test_bars_are_known_by_either_unit_they_lie_in() -> None:
    assert theme.known_bars([0.9, 0.1, 0.1], [0.5] * 3) == 0.5
    assert theme.known_bars([0.5] * 3, [0.5] * 3) == 0.0


# one form again and again


def phrased(seed: int, lengths: list[int]) -> form_agreement.Formed:
    """Phrases of so many bars, in quarters, each with a long last note."""
    dice = random.Random(seed)
    notes: list[ScoreNote] = []
    at = 0.0
    for bars in lengths:
        count = 4 * bars - 4
        pitches = [dice.choice((60, 62, 64, 65, 67, 69, 71, 72)) for _ in range(count)]
        notes += [*line(pitches, at=at), note(at + count, 60, 4.0)]
        at += 4.0 * bars
    piece = score(notes)
    return form_agreement.formed(piece, list(piece.notes))


def test_phrases_end_where_the_melody_waits() -> None:
    assert phrased(1, [4, 4, 4, 4]).ends == {3, 7, 11}
    assert phrased(2, [3, 5, 2, 6, 4]).ends == {2, 7, 9, 15}


def test_one_form_agrees_and_other_forms_do_not() -> None:
    same = [phrased(seed, [4] * 12) for seed in range(3)]
    other = [phrased(7, [4] * 12), phrased(8, [3, 5, 2, 6, 3, 3, 2, 5, 7, 3, 2, 7])]
    found = form_agreement.agreement(same)
    assert found["phrase ends"].own == 1.0
    assert form_agreement.agreement(other)["phrase ends"].own < 0.5
    one = form_agreement.agreement([same[0], same[0]])
    assert all(figure.own == pytest.approx(1.0) for figure in one.values())
    assert one["self-similarity"].chance < 0.5


def test_degrees_do_not_depend_on_the_key() -> None:
    bass = [36, 41, 43, 38, 45, 40, 47, 42, 39, 36, 44, 37] * 6
    here, there = (score(line([p + up for p in bass], step=2.0)) for up in (0, 7))
    one, two = (form_agreement.formed(piece, list(piece.notes)) for piece in (here, there))
    assert form_agreement.degrees(one, two) == 1.0
    assert form_agreement.degrees(one, two, 1) < 0.6


# who comes and who goes


def band(*stays: tuple[int, float, float], every: float = 0.5) -> list[ScoreNote]:
    """(track, from, to) of players who each strike every so many beats."""
    return [
        note(at, 60 + track, every, track=track)
        for track, start, end in stays
        for at in itertools.takewhile(lambda t, end=end: t < end, itertools.count(start, every))
    ]


def test_a_change_is_found_where_one_leaves_and_another_comes() -> None:
    piece = score(band((1, 0, 200), (2, 0, 96), (3, 96, 200)))
    (one,) = changes.changes(piece, list(piece.notes))
    assert one.second == 96.0
    assert one.band
    assert {(e.player, e.enters) for e in one.events} == {(2, False), (3, True)}
    assert changes.at_section(piece, one, [0.0, 96.0])
    assert not changes.at_section(piece, one, [0.0, 64.0, 92.0, 98.0, 104.0])


def test_who_only_goes_does_so_at_a_section_that_begins_soon() -> None:
    piece = score(band((1, 0, 200), (2, 0, 93), (3, 0, 200)))
    singing = [n for n in piece.notes if n.track == 2]
    (one,) = changes.changes(piece, singing)
    assert (one.second, one.enters) == (93.0, False)
    assert changes.at_section(piece, one, [0.0, 96.0])
    assert not changes.at_section(piece, one, [0.0, 88.0, 100.0])


def test_one_more_colour_is_no_change_of_the_band_but_drums_are() -> None:
    sung = band((1, 0, 200))
    colour = score([*sung, *band((2, 100, 200), every=2.0)])
    assert [c.band for c in changes.changes(colour, sung)] == [False]
    drummed = score(sung, drums=band((9, 100, 200)))
    assert [c.band for c in changes.changes(drummed, sung)] == [True]
    (who,) = changes.changes(drummed, sung)[0].events
    assert who.player == changes.DRUMS


def test_a_guest_and_a_short_rest_are_no_change() -> None:
    piece = score(
        [*band((1, 0, 200), (2, 0, 80), (2, 100, 200)), *line([70, 71], step=10, at=90, track=3)]
    )
    assert changes.changes(piece, list(piece.notes)) == []


def test_what_enters_against_the_path_is_told() -> None:
    piece = score(band((1, 0, 200), every=1.0), drums=band((9, 100.25, 200), every=1.0))
    falling = changes.effect(piece, 100.0, lambda at: 0.5 - at / 200)
    assert falling.against is True
    assert falling.onsets == pytest.approx(2.0, rel=0.1)
    assert changes.effect(piece, 100.0, lambda at: at / 200).against is False
    assert changes.effect(piece, 100.0, lambda _at: 0.1).against is None
    still = changes.effect(piece, 60.0, lambda at: 0.5 - at / 200)
    assert (still.against, still.onsets) == (False, pytest.approx(1.0, abs=0.02))
    thinner = score(band((1, 0, 200), (2, 0.25, 100), every=1.0))
    assert changes.effect(thinner, 100.0, lambda at: at / 200).against is True


def test_strokes_that_sound_together_are_one_onset_and_two_notes() -> None:
    piece = score(band((1, 0, 8), (2, 0, 8), every=1.0))
    assert changes.density(piece, 0.0, 8.0) == (1.0, 2.0, 0.0)
