"""Parallels, rubs and leading tones on two or three voices where each is known."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from support.written_scores import line, note, score

from engine.evaluation.judges.chords import Key
from engine.evaluation.local_keys import local_keys
from engine.evaluation.notes import Piece, ScoreNote
from engine.evaluation.part_writing import Writing, _dominant, _Sounding, bass_line, writing

HALF = 2.0


def two(melody: Sequence[int], bass: Sequence[int], *more: ScoreNote) -> Piece:
    """A loud melody and a bass in half notes, and whatever else is played."""
    sung = line(melody, HALF, velocity=95, track=1)
    return score([*sung, *line(bass, HALF, velocity=70, track=2), *more])


def moved(melody: Sequence[int], bass: Sequence[int]) -> tuple[int, int, int]:
    found = writing(two(melody, bass))
    return found.joint, found.parallel, found.direct


@pytest.mark.parametrize(
    ("melody", "bass", "expected"),
    [
        ([72, 74, 76, 77], [48, 50, 52, 53], (3, 3, 0)),  # octaves
        ([67, 69, 71, 67], [48, 50, 52, 48], (3, 3, 0)),  # fifths, compound ones
        ([72, 71, 72, 74], [48, 50, 48, 47], (3, 0, 0)),  # contrary
        ([76, 77, 79, 81], [48, 50, 52, 53], (3, 0, 0)),  # tenths
        ([76, 81, 76, 81], [48, 50, 48, 50], (3, 0, 2)),  # into a fifth by leap
        ([76, 74, 77, 76], [50, 43, 50, 48], (3, 0, 0)),  # into one by step
        ([76, 81, 76, 81], [52, 50, 52, 50], (3, 0, 0)),  # against one another
        ([72, 72, 74, 74], [48, 50, 50, 52], (0, 0, 0)),  # one at a time
    ],
)
def test_moves_of_two_voices(
    melody: Sequence[int], bass: Sequence[int], expected: tuple[int, int, int]
) -> None:
    assert moved(melody, bass) == expected


def test_a_rest_parts_what_is_before_it_from_what_is_after() -> None:
    sung = [note(0, 72, 0.8, 95, 1), note(2, 74, 2, 95, 1)]
    piece = score([*sung, *line([48, 50], HALF, velocity=70, track=2)])
    assert writing(piece).joint == 0


def test_a_broken_chord_is_one_bass() -> None:
    broken = line([48, 55, 60, 55, 50, 57, 62, 57], 0.5, velocity=70, track=2)
    piece = score([*line([76, 77], HALF, velocity=95, track=1), *broken])
    found = writing(piece)
    assert (found.joint, found.parallel) == (1, 0)


def test_a_bass_that_leaves_late_is_no_bass_of_what_comes() -> None:
    """Bows that overlap by half a quarter: the bass goes where the next one begins."""
    low = [note(0, 45, 4.5, 70, 2), note(4, 46, 4.5, 70, 2), note(8, 41, 4, 70, 2)]
    sung = [note(0, 76, 4, 95, 1), note(4, 77, 2, 95, 1), note(6, 81, 2, 95, 1)]
    piece = score([*sung, *low, note(8, 82, 4, 95, 1)])
    rest = _Sounding([n for n in piece.notes if n.velocity < 90])
    assert [(b.start, b.pitch) for b in bass_line(piece, rest)] == [(0, 45), (4, 46), (8, 41)]
    held = score([*sung, note(0, 40, 8, 70, 2), note(4, 52, 4, 70, 2)])
    rest = _Sounding([n for n in held.notes if n.velocity < 90])
    assert [b.pitch for b in bass_line(held, rest)] == [40], "a pedal point stays one"


def rubbed(*notes: ScoreNote) -> tuple[int, int, int, int]:
    found = writing(score(notes))
    return found.rubs, found.unprepared, found.unresolved, found.neither


def test_rubs_are_told_by_how_they_come_and_go() -> None:
    low = note(0, 64, 4, 60, 2)
    struck = [note(0, 77, 2, 95, 1), note(2, 84, 2, 95, 1)]  # F over E, then away by leap
    assert rubbed(low, *struck) == (1, 1, 1, 1)
    sighed = [note(0, 77, 2, 95, 1), note(2, 76, 2, 95, 1)]  # an appoggiatura
    assert rubbed(low, *sighed) == (1, 1, 0, 0)
    held = [note(0, 77, 6, 95, 1), note(6, 84, 2, 95, 1), note(2, 64, 2, 60, 2)]  # left hanging
    assert rubbed(*held) == (1, 0, 1, 0)
    suspended = [note(0, 77, 4, 95, 1), note(4, 76, 4, 95, 1), note(2, 64, 4, 60, 2)]
    assert rubbed(*suspended) == (1, 0, 0, 0)
    gives_way = [note(0, 77, 4, 95, 1), note(0, 64, 2, 60, 2), note(2, 65, 2, 60, 2)]
    assert rubbed(*gives_way) == (1, 1, 0, 0)


def test_what_is_short_or_no_semitone_is_no_rub() -> None:
    low = note(0, 64, 4, 60, 2)
    short = [note(0, 77, 0.5, 95, 1), note(0.5, 84, 3, 95, 1)]
    seventh = [note(0, 75, 2, 95, 1), note(2, 84, 2, 95, 1)]
    assert rubbed(low, *short)[0] == rubbed(low, *seventh)[0] == 0


def cadences(*melodies: Sequence[int]) -> Writing:
    """IV-V7-I in C, a bar each twice, with these over V and I, in half notes."""
    notes: list[ScoreNote] = []
    for k, sung in enumerate(melodies):
        at = 12.0 * k
        notes += line([69, 72, *sung], HALF, at, 95, 1)
        for i, chord in enumerate(((53, 57, 60), (43, 53, 59), (48, 52, 55))):
            notes += [note(at + 4 * i, p, 4.0, 60, 2) for p in chord]
    return writing(score(notes))


def test_leading_tones_rise_pass_or_fail() -> None:
    rises, falls, passes = [74, 71, 72, 72], [74, 71, 67, 67], [72, 71, 69, 67]
    leaps, turns = [74, 71, 74, 74], [67, 71, 69, 67]
    found = cadences(rises, rises, falls, passes, leaps, turns)
    assert (found.leading, found.rising, found.passing) == (6, 2, 1)
    none = cadences([74, 74, 72, 72], [71, 74, 72, 72], [77, 74, 72, 72])
    assert none.leading == 0, "only what the melody leaves the dominant by"


@pytest.mark.parametrize(
    ("over", "goes_to", "in_key", "expected"),
    [
        ({7, 11, 2, 5}, 0, False, True),  # V7-I says itself where it is
        ({7, 11, 2, 5}, 9, True, True),  # deceptive
        ({7, 11, 2, 5}, 9, False, False),
        ({7, 11, 2}, 0, True, True),
        ({7, 11, 2}, 0, False, False),  # I-IV elsewhere
        ({7, 11, 2}, 5, True, False),  # I-bVII in Mixolydian
        ({7, 11, 2, 4}, 0, True, False),  # iii7
        ({7, 11, 0, 5}, 0, True, False),  # not before the suspension resolves
        ({11, 2, 5}, 0, True, False),  # no root
    ],
)
def test_what_is_dominant(over: set[int], goes_to: int, in_key: bool, expected: bool) -> None:
    assert _dominant(over, goes_to, in_key) is expected


def test_a_leading_tone_that_is_none_or_hangs() -> None:
    """Over the tonic with the dominant in the bass; and at a half cadence, before a rest."""
    over = line([72, 74, 72, 71, 67, 67], HALF, velocity=95, track=1)
    tonic = [
        note(4 * i, p, 4.0, 60, 2) for i, low in enumerate((48, 43, 48)) for p in (low, 60, 64)
    ]
    assert writing(score([*over, *tonic])).leading == 0
    sung = [*line([69, 72, 74, 71], HALF, velocity=95, track=1), note(12, 67, 4, 95, 1)]
    chords = ((0, (53, 57, 60)), (4, (43, 53, 59)), (8, (48, 52, 55)))
    half = score([*sung, *(note(at, p, 4.0, 60, 2) for at, chord in chords for p in chord)])
    assert (writing(half).leading, writing(half).hanging) == (0, 1)


def test_what_lies_above_the_melody() -> None:
    above = note(2, 79, 2, 50, 3)
    doubled = note(4, 84, 2, 50, 3)
    found = writing(two([72, 74, 72, 71], [48, 47, 45, 43], above, doubled))
    assert (found.sung, found.under) == (4, 1)


def test_the_key_is_told_in_major_and_minor() -> None:
    major = score(line([60, 62, 64, 65, 67, 69, 71, 72, 67, 64, 60, 60]))
    minor = score(line([57, 60, 64, 62, 60, 59, 57, 56, 57, 64, 57, 57]))
    assert set(local_keys(major)) == {Key(0, minor=False)}
    assert set(local_keys(minor)) == {Key(9, minor=True)}
    assert local_keys(score([], bars=2)) == [Key(0, minor=False)] * 2
