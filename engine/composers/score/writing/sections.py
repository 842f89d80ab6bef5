"""Sections: what the course of a piece is made of, drawn one after another by a grammar and planned
backwards from the end.

A section has a character and phrases of two to eight bars; each of its bars is told from a bar of
one of the two tunes, or the melody rests. The tune is never far: after a contrast, a development or
a rest it comes back, and it is told whole before the coda.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.composers.score.dice import Dice

STATEMENT, RETURN, CONTRAST, DEVELOPMENT, STILL, INTERLUDE, CODA = (
    "statement",
    "return",
    "contrast",
    "development",
    "still",
    "interlude",
    "coda",
)
REST, TUNE, SECOND = 0, 1, 2
"""Whose a bar is."""


class BarPlan(msgspec.Struct, frozen=True, array_like=True):
    """What the melody of a bar does. ``whose``: ``REST``, ``TUNE`` or ``SECOND``; ``bar``: which
    of its eight; ``how``: 'plain', 'slow' (its first half at half speed), 'slower' (its second),
    'head' (its first half, then a long tone), 'mirror' (upside down) or 'close' (the way home);
    ``shift``: scale steps by which it is moved."""

    whose: int
    bar: int = 0
    how: str = "plain"
    shift: int = 0


class Section(msgspec.Struct, frozen=True, array_like=True):
    """``phrases``: bars of each phrase, together as many as ``bars``. ``ends``: for each phrase
    whether it ends 'open' or 'closed'. ``lift``: steps by which its melody lies away from where
    the affect puts it. ``fresh``: its harmony is found anew instead of being the tune's own.
    ``canon``: a second voice follows the melody a bar behind."""

    character: str
    bars: tuple[BarPlan, ...]
    phrases: tuple[int, ...]
    ends: tuple[str, ...]
    lift: int = 0
    fresh: bool = False
    canon: bool = False


RESTING = BarPlan(REST)
LEAST_BARS, MOST_BARS = 4, 24
CODA_BARS = (3, 4)
"""What is left for the coda when the last return begins, in bars."""
CODA_MOST = 8
"""Bars of a coda at most, where a changed tempo has left more."""


def first_section(dice: Dice, left: float, closing: int) -> Section:
    """The tune told for the first time, from its beginning."""
    section = _statement(dice)
    rest = left - len(section.bars)
    if len(section.bars) > 8 and 8 + CODA_BARS[1] + 1 <= rest < 8 + CODA_BARS[0] + LEAST_BARS:
        # Too much is left for a last return, too little for a section before it.
        section = msgspec.structs.replace(
            section, bars=section.bars[:8], phrases=(4, 4), ends=("open", "closed")
        )
    return _fitted(section, left, closing)


def next_section(
    before: str, dice: Dice, left: float, closing: int, *, sings: bool = False
) -> Section:
    """The section after one of character ``before``, when ``left`` bars fit before the held last
    one, or ``closing`` bars of a coda that slows. ``sings``: it begins with a melody, because
    others take over with it, and who comes is heard from its start.

    Drawn by what may follow, among what leaves room for an end: either nothing but the coda, or a
    last return of the whole tune and the coda, or a further section before those.
    """
    if left < LEAST_BARS + CODA_BARS[0]:
        return coda(closing)
    last_return = 8 + CODA_BARS[0] <= left < 8 + CODA_BARS[1] + 1
    if last_return:
        return _whole(dice.pick((0, 0, 7)))
    drawn = [_of(character, before, dice) for character in _FOLLOW[before]]
    weights = [dice.uniform() for _ in drawn]
    best = sorted(range(len(drawn)), key=lambda i: (-weights[i], i))
    for i in best:
        rest = left - len(drawn[i].bars)
        # The tune whole is what comes then, and is not told twice running.
        again = rest < 8 + CODA_BARS[1] + 1 and drawn[i].character in (STATEMENT, RETURN)
        silent = sings and drawn[i].bars[0] == RESTING
        if _leaves_an_end(rest) and not again and not silent:
            return drawn[i]
    for bars in (12, 8, 6, 5, 4):
        if bars <= left and _leaves_an_end(left - bars):
            return _of_length(bars, before)
    return _fitted(_whole(0), left, closing)


def _leaves_an_end(left: float) -> bool:
    """Whether in ``left`` bars the piece can still end as it should."""
    return left >= 8 + CODA_BARS[1] + 1 + LEAST_BARS or (
        8 + CODA_BARS[0] <= left < 8 + CODA_BARS[1] + 1
    )


_FOLLOW: dict[str, tuple[str, ...]] = {
    STATEMENT: (RETURN, CONTRAST, CONTRAST, INTERLUDE, DEVELOPMENT),
    RETURN: (CONTRAST, CONTRAST, DEVELOPMENT, INTERLUDE, STILL),
    CONTRAST: (RETURN, RETURN, STATEMENT, DEVELOPMENT),
    DEVELOPMENT: (RETURN, RETURN, STATEMENT, STILL),
    STILL: (RETURN, RETURN, STATEMENT),
    INTERLUDE: (RETURN, CONTRAST, STATEMENT),
}
"""What may come after what, as often as it stands here."""


def _of(character: str, before: str, dice: Dice) -> Section:
    if character == STATEMENT:
        return _statement(dice)
    if character == RETURN:
        return _return(dice)
    if character == CONTRAST:
        return _contrast(dice)
    if character == DEVELOPMENT:
        return _development(before, dice)
    if character == STILL:
        return _still(dice)
    return _interlude(dice)


def _tune(whose: int, bars: Sequence[int], how: str = "plain", shift: int = 0) -> list[BarPlan]:
    return [BarPlan(whose, bar, how, shift) for bar in bars]


_ALL = (0, 1, 2, 3, 4, 5, 6, 7)


def _statement(dice: Dice) -> Section:
    """The tune, and now and then its answer once more."""
    bars, phrases, ends = _tune(TUNE, _ALL), (4, 4), ("open", "closed")
    if dice.chance(0.3):
        return Section(STATEMENT, (*bars, *_tune(TUNE, (4, 5, 6, 7))), (4, 4, 4), (*ends, "closed"))
    return Section(STATEMENT, tuple(bars), phrases, ends)


def _whole(lift: int) -> Section:
    return Section(RETURN, tuple(_tune(TUNE, _ALL)), (4, 4), ("open", "closed"), lift, False)


def _return(dice: Dice) -> Section:
    """The tune again: in another register, over other chords, cut short or drawn out."""
    lift = dice.pick((0, 0, 7, -7))
    fresh = dice.chance(0.6)
    kind = dice.pick(("whole", "whole", "answer", "echo", "twice"))
    if kind == "answer":
        # Its head, and its answer's end: the answer itself may just have been told.
        bars, phrases = _tune(TUNE, (0, 1, 6, 7)), (4,)
        return Section(RETURN, tuple(bars), phrases, ("closed",), lift, fresh)
    if kind == "echo":
        # The question's end and the answer's are each said once more before it goes on.
        bars = [*_tune(TUNE, (0, 1, 2, 3)), *_tune(TUNE, (2, 3)), *_tune(TUNE, (4, 5, 6, 7))]
        return Section(RETURN, tuple(bars), (6, 4), ("open", "closed"), lift, fresh)
    if kind == "twice":
        bars = [*_tune(TUNE, _ALL), *_tune(TUNE, (0, 1), "mirror"), *_tune(TUNE, (4, 5, 6, 7))]
        return Section(RETURN, tuple(bars), (4, 4, 2, 4), ("open", "closed", "open", "closed"),
                       lift, fresh)  # fmt: skip
    canon = lift >= 0 and dice.chance(0.6)
    return Section(RETURN, tuple(_tune(TUNE, _ALL)), (4, 4), ("open", "closed"), lift, fresh, canon)


def _contrast(dice: Dice) -> Section:
    """The second tune, which ends open or closed, alone or answered by the first."""
    kind = dice.pick(("whole", "answered", "question", "drawn out"))
    if kind == "question":
        return Section(CONTRAST, tuple(_tune(SECOND, (0, 1, 2, 3))), (4,), ("open",))
    if kind == "answered":
        bars = [*_tune(SECOND, (0, 1, 2, 3)), *_tune(TUNE, (4, 5, 6, 7))]
        return Section(CONTRAST, tuple(bars), (4, 4), ("open", "closed"))
    if kind == "drawn out":
        bars = [*_tune(SECOND, (0, 1, 2, 3, 4, 5)), *_tune(SECOND, (4, 5), shift=1),
                *_tune(SECOND, (6, 7))]  # fmt: skip
        return Section(CONTRAST, tuple(bars), (4, 6), ("open", "closed"))
    return Section(CONTRAST, tuple(_tune(SECOND, _ALL)), (4, 4), ("open", "closed"))


def _development(before: str, dice: Dice) -> Section:
    """Heads of a tune in sequence, mirrored and answered; of the second tune only where that was
    told just ``before``."""
    known = (TUNE, TUNE, SECOND) if before == CONTRAST else (TUNE,)
    whose, way = dice.pick(known), dice.pick((1, -1))
    kind = dice.pick(("twos", "threes", "heads"))
    if kind == "twos":
        # A model, its sequence, and a third time only its head.
        bars = [plan for k in range(2) for plan in _tune(whose, (0, 1), shift=k * way)]
        bars += [BarPlan(whose, 0, "head", 2 * way), BarPlan(whose, 1, "mirror")]
        bars += _tune(whose, (2, 3))
        return Section(DEVELOPMENT, tuple(bars), (2, 2, 4), ("open", "open", "open"), 0, True)
    if kind == "threes":
        other = TUNE if whose == SECOND or before != CONTRAST else SECOND
        bars = [*_tune(whose, (0, 1), "mirror"), BarPlan(whose, 0, "head", way),
                *_tune(other, (0, 1), shift=way), BarPlan(whose, 0, "head")]  # fmt: skip
        return Section(DEVELOPMENT, tuple(bars), (3, 3), ("open", "open"), 0, True)
    bars = [BarPlan(whose, 0, "head", k * way) for k in range(2)] + [RESTING]
    bars += [BarPlan(whose, 4, "plain", way), BarPlan(whose, 5, "head", way)]
    return Section(DEVELOPMENT, tuple(bars), (5,), ("open",), 0, True)


def _still(dice: Dice) -> Section:
    """The tune's beginning at half speed, and a rest."""
    bars = [
        BarPlan(TUNE, 0, "slow"),
        BarPlan(TUNE, 0, "slower"),
        BarPlan(TUNE, 1, "slow"),
        RESTING,
    ]
    if dice.chance(0.4):
        return Section(STILL, tuple(bars), (4,), ("open",), 0, True)
    bars += [BarPlan(TUNE, 4, "slow"), BarPlan(TUNE, 4, "slower"), *_tune(TUNE, (6, 7))]
    return Section(STILL, tuple(bars), (4, 4), ("open", "closed"), 0, True)


def _interlude(dice: Dice) -> Section:
    """The players alone, with what they took from the tune."""
    if dice.chance(0.5):
        return Section(INTERLUDE, (RESTING,) * 4, (4,), ("open",), 0, True)
    bars = (RESTING, RESTING, BarPlan(TUNE, 0, "head"), RESTING)
    return Section(INTERLUDE, bars, (4,), ("open",), 0, True)


def _of_length(bars: int, before: str) -> Section:
    """A section of so many bars, where what was drawn would leave no end. Where the tune was told
    just ``before``, it is not told again, for it comes back whole at the end."""
    if before in (STATEMENT, RETURN):
        return _other(bars)
    if bars == 4:
        return _of_tune((0, 1, 6, 7), (4,))
    if bars == 5:
        plans = [BarPlan(TUNE, 0, "head"), BarPlan(TUNE, 0, "head", 1), RESTING,
                 BarPlan(TUNE, 4, "plain", 1), BarPlan(TUNE, 5, "head", 1)]  # fmt: skip
        return Section(DEVELOPMENT, tuple(plans), (5,), ("open",), 0, True)
    if bars == 6:
        return _of_tune((0, 1, 4, 5, 6, 7), (6,))
    return _of_tune(_ALL if bars == 8 else (*_ALL, 4, 5, 6, 7), (4,) * (bars // 4))


def _other(bars: int) -> Section:
    """So many bars of the second tune, and where those are many, a rest for it."""
    told = {4: (0, 1, 2, 3), 5: (0, 1, 2, 3), 6: (0, 1, 4, 5, 6, 7)}.get(bars, _ALL)
    plans = [*_tune(SECOND, told), *[RESTING] * (bars - len(told))]
    phrases = {8: (4, 4), 12: (4, 4, 4)}.get(bars, (bars,))
    ends = {6: ("closed",), 8: ("open", "closed"), 12: ("open", "closed", "open")}
    return Section(CONTRAST, tuple(plans), phrases, ends.get(bars, ("open",)))


def _of_tune(bars: Sequence[int], phrases: tuple[int, ...]) -> Section:
    ends = ("open", "closed", "closed")[: len(phrases)] if len(phrases) > 1 else ("closed",)
    return Section(RETURN, tuple(_tune(TUNE, bars)), phrases, ends, 0, True)


def _fitted(section: Section, left: float, closing: int) -> Section:
    """The section, cut to whole phrases where fewer bars are left than it has; what is less than
    its first phrase is told as a coda."""
    bars = len(section.bars)
    phrases = list(section.phrases)
    while phrases and bars > max(0.0, left - 1):
        bars -= phrases.pop()
    if bars == len(section.bars):
        return section
    if not phrases:
        return coda(closing)
    return msgspec.structs.replace(
        section, bars=section.bars[:bars], phrases=tuple(phrases), ends=section.ends[: len(phrases)]
    )


def coda(bars: int) -> Section:
    """The end: the tune's head, again and slower, and the way home, in ``bars`` bars before the
    held last one."""
    bars = min(bars, CODA_MOST)
    ways = ((), ("head",), ("slow", "slower"), ("plain", "slow", "slower"))
    hows = ways[bars - 1] if bars <= len(ways) else ("plain", "head", "slow", "slower")
    plans = [BarPlan(TUNE, 0, how) for how in hows]
    rests = [RESTING] * (bars - 1 - len(plans))
    return Section(
        CODA, (*plans[:-2], *rests, *plans[-2:], BarPlan(TUNE, 7, "close")), (bars,), ("closed",)
    )
