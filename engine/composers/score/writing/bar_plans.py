"""What each bar's melody does: eight-bar periods and sentences, and the sections they make."""

from __future__ import annotations

BarPlan = tuple[str, str, int]
"""(whose: 'theme', 'second', 'cadence' or 'rest'; how it is transformed, or which cadence it is;
diatonic shift)."""
Period = tuple[BarPlan, ...]

STATEMENT, CONTRAST, RETURN, STILL = "statement", "contrast", "return", "still"
_CYCLE = (STATEMENT, CONTRAST, RETURN, STILL, CONTRAST, RETURN, STATEMENT, STILL)
"""The characters of sections, again and again: none stays for more than 16 bars."""

_HALF: BarPlan = ("cadence", "half", 0)
_THIRD: BarPlan = ("cadence", "imperfect", 0)
_FULL: BarPlan = ("cadence", "full", 0)
_REST: BarPlan = ("rest", "", 0)


def _period(text: str, middle: BarPlan, last: BarPlan) -> Period:
    """Six bars as words like 'theme:same:1', the fourth and eighth bars being ``middle`` and
    ``last``; a sentence gives seven words and has no cadence in the middle."""
    bars: list[BarPlan] = []
    for word in text.split():
        if word == "rest":
            bars.append(_REST)
            continue
        whose, how, shift = word.split(":")
        bars.append(({"t": "theme", "s": "second"}[whose], how, int(shift)))
    if len(bars) == 7:
        return (*bars, last)
    return (*bars[:3], middle, *bars[3:], last)


_TEXTS: dict[str, tuple[str, ...]] = {
    STATEMENT: (
        "t:same:0 t:same:1 t:answer:-1 t:same:0 t:same:2 t:invert:1",
        "t:same:0 t:head:1 t:same:1 t:same:0 t:same:2 t:augment:0",
        "t:same:0 t:same:-1 t:invert:1 t:same:0 t:same:1 t:fragment:2",
        "t:same:0 t:head:0 t:same:1 t:head:1 t:fragment:2 t:fragment:3 t:invert:1",
        "t:same:0 t:same:1 t:same:2 t:head:1 t:invert:2 t:fragment:1 t:augment:0",
    ),
    CONTRAST: (
        "s:same:0 s:same:-1 t:invert:1 s:same:1 s:ornament:0 t:same:3",
        "s:same:0 s:head:1 s:fragment:-1 s:invert:0 s:same:2 t:head:1",
        "s:same:0 t:invert:0 s:same:1 s:late:0 t:invert:2 s:fragment:1",
        "s:same:0 s:head:0 s:same:-1 s:head:-1 s:fragment:1 s:fragment:2 t:same:1",
    ),
    RETURN: (
        "t:ornament:0 t:same:1 t:invert:0 t:same:0 t:late:2 t:same:3",
        "t:augment:0 t:ornament:0 t:same:2 t:same:0 t:fragment:1 s:same:1",
        "t:same:2 t:ornament:1 t:answer:0 t:invert:1 t:same:2 t:augment:1",
        "t:late:0 t:same:1 s:answer:-1 t:ornament:0 s:same:2 t:same:2",
    ),
    STILL: (
        "t:augment:0 rest t:head:2 t:augment:1 rest t:head:0",
        "t:head:0 t:augment:1 rest t:head:2 rest t:augment:0",
        "s:head:0 rest t:augment:0 t:head:1 s:head:2 rest",
    ),
}
_PERIODS: dict[str, tuple[tuple[Period, ...], tuple[Period, ...]]] = {
    character: (
        tuple(_period(text, _HALF, _THIRD) for text in texts),
        tuple(_period(text, _HALF, _FULL) for text in texts),
    )
    for character, texts in _TEXTS.items()
}
_SHIFTS = {STATEMENT: 0.0, CONTRAST: 2.5, RETURN: 1.0, STILL: -1.5}
"""Semitones by which a section's melody lies away from where it would."""


def character_of(section: int) -> str:
    """What a section is in the course of the whole."""
    return _CYCLE[section % len(_CYCLE)]


def register_of(section: int) -> float:
    """How far the section's melody is moved, in semitones; a contrast lies above, or every other
    time below."""
    shift = _SHIFTS[character_of(section)]
    return -shift if character_of(section) == CONTRAST and section // 8 % 2 else shift


def told_as(section: int, phrase: int) -> int:
    """Which of the section's four phrases a phrase is made like: a statement tells its period
    twice, so that it is remembered; elsewhere every phrase is its own."""
    return phrase % 2 if character_of(section) == STATEMENT else phrase


def bar_plan(section: int, section_bar: int, choice: float) -> BarPlan:
    """What a bar's melody does; ``choice`` in [0, 1) picks the period's form."""
    half, place = divmod(section_bar, 8)
    options = _PERIODS[character_of(section)][half]
    return options[int(choice * len(options))][place]
