"""A course as it is written, and how far it was followed."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import MusmedError
from engine.listener.course import (
    ENOUGH,
    MAX_BYTES,
    MOST_STEPS,
    Heard,
    following,
    parse_course,
    stands,
)

PLAIN = 'title = "Evenings"\n[[session]]\nfrom = "tense"\nto = "calm"\n'
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def heard(step: int, days: int = 0, share: float = 1.0) -> Heard:
    return Heard(step, f"{step}-{days}", NOON + timedelta(days=days), 900 * share, 900.0)


def test_a_file_is_steps_in_their_order() -> None:
    found = parse_course(
        b'title = "Evenings"\nnote = "Three weeks"\nminutes = 10\nevery_days = 2\n'
        b'[[session]]\nfrom = "tense"\nto = "calm"\ntimes = 2\nnote = "Lie down"\n'
        b'[[session]]\nfrom = "-0.4,0.2"\nto = "glad"\nminutes = 20\nevery_days = 7\n'
        b'strategy = "direct"\n'
        b'[[session]]\nfrom = "sad"\nto = "content"\nday = 2026-12-24\n'
    )
    assert (found.title, found.note) == ("Evenings", "Three weeks")
    assert [(s.number, s.start, s.target, s.minutes) for s in found.steps] == [
        (1, "tense", "calm", 10.0),
        (2, "tense", "calm", 10.0),
        (3, "-0.4,0.2", "glad", 20.0),
        (4, "sad", "content", 10.0),
    ]
    assert [s.every_days for s in found.steps] == [2, 2, 7, 2]
    assert [s.day for s in found.steps] == [None, None, None, date(2026, 12, 24)]
    assert [s.strategy for s in found.steps] == [None, None, "direct", None]
    assert [s.note for s in found.steps] == ["Lie down", "Lie down", "", ""]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "missing required field 'title'"),
        ('title = "x"', "missing required field 'session'"),
        ("title = [", "at end of document"),
        ("title = 3", "got 'int' - at 'title'"),
        ('title = " "\n' + PLAIN[19:], "its title is empty"),
        (f'title = "{"x" * 81}"\n{PLAIN[19:]}', "length <= 80 - at 'title'"),
        (PLAIN + "minutes = 0.5", ">= 1.0 - at '[[session]] 1.minutes'"),
        (PLAIN + "minutes = 61", "<= 60.0 - at '[[session]] 1.minutes'"),
        (PLAIN + "minutes = nan", "at '[[session]] 1.minutes'"),
        (PLAIN + PLAIN[19:] + 'minutes = "10"', "at '[[session]] 2.minutes'"),
        (PLAIN + "times = 0", ">= 1 - at '[[session]] 1.times'"),
        (PLAIN + "times = 150\n" + PLAIN[19:] + "times = 51", "it has 201 sessions"),
        (PLAIN.replace("calm", "blorp"), "[[session]] 1, to: musmed does not know"),
        (PLAIN.replace("tense", "2,0"), "lies off the plane"),
        (PLAIN.replace("tense", "x" * 61), "length <= 60"),
        (PLAIN + "day = 2026-12-01\ntimes = 2", "has a day, and so neither times"),
        (PLAIN + "day = 2026-12-01\nevery_days = 2", "has a day, and so neither times"),
        (PLAIN + "day = 1200-01-01", "the year 1200"),
        (PLAIN + "day = 2026-12-01T10:00:00", "at '[[session]] 1.day'"),
        (PLAIN + "every_days = 91", "<= 90"),
        (PLAIN + 'note = "' + "x" * 501 + '"', "length <= 500"),
        (PLAIN + 'opening = "../../etc/passwd"', "unknown field 'opening'"),
        (PLAIN + 'strategy = "swim"', "at '[[session]] 1.strategy'"),
        ("# " + "x" * MAX_BYTES, "more than 64 KiB"),
        (PLAIN + "xxx", "at end of document"),
    ],
)
def test_what_can_t_be_followed_is_said_with_its_place(text: str, why: str) -> None:
    with pytest.raises(MusmedError) as told:
        parse_course(text.encode())
    assert why in str(told.value)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 300


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8")))
@example(b"\xff\xfe")
@example(("[" * 5_000).encode())
@settings(max_examples=200, deadline=None)
def test_whatever_the_file_holds_there_is_a_course_or_a_sentence(data: bytes) -> None:
    for whole in (data, PLAIN.encode() + data):
        said, found = "", None
        try:
            found = parse_course(whole)
        except MusmedError as error:
            said = str(error)
        assert "\n" not in said
        assert found is not None or said
        assert found is None or 1 <= len(found.steps) <= MOST_STEPS


def test_titles_and_notes_are_one_line_of_what_is_seen() -> None:
    found = parse_course(
        b'title = "A\\u001b[2J"\n[[session]]\nfrom = "sad"\nto = "calm"\nnote = """a\nb"""'
    )
    assert found.title == "A\\x1b[2J"
    assert found.steps[0].note == "a b"


def test_the_next_is_the_first_that_was_not_heard() -> None:
    found = parse_course((PLAIN + "times = 4").encode())
    nothing = following(stands(found, ()))
    assert nothing is not None
    assert nothing.step.number == 1
    some = stands(found, [heard(1), heard(2, 1, ENOUGH - 0.01), heard(3, 2)], UTC)
    assert [one.done for one in some] == [True, False, True, False]
    wanted = following(some)
    assert wanted is not None
    assert wanted.step.number == 2
    assert following(stands(found, [heard(step) for step in range(1, 5)])) is None


def test_of_several_sessions_of_a_step_the_last_with_enough_counts() -> None:
    found = parse_course(PLAIN.encode())
    tries = [heard(1, 0, 0.1), heard(1, 1), heard(1, 2, 0.7), heard(1, 3, 0.2), heard(9, 4)]
    for seed in range(5):
        random.Random(seed).shuffle(tries)
        (stand,) = stands(found, tries, UTC)
        assert stand.heard == heard(1, 2, 0.7)


def test_the_day_depends_on_what_was_heard_before() -> None:
    found = parse_course(
        f'title = "x"\nevery_days = 3\n{PLAIN[19:]}times = 3\n{PLAIN[19:]}day = 2026-12-24'.encode()
    )
    assert [one.day for one in stands(found, (), UTC)] == [None, None, None, date(2026, 12, 24)]
    some = stands(found, [heard(1, 5), heard(2, 6, 0.1)], UTC)
    assert [one.day for one in some] == [None, date(2026, 12, 9), None, date(2026, 12, 24)]
