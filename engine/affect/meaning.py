"""Feelings that mean nearly what a listener types: what may be offered beside the field.

An offer is never taken by itself, and never turns a feeling round: where what is found lies in more
than one quarter of the plane, or something is negated, nothing is offered.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

import msgspec

from engine.affect.data_files import read_data
from engine.affect.feelings import (
    FEELINGS,
    Feeling,
    UnknownFeelingError,
    feeling,
    known_as,
    spellings,
)
from engine.affect.harm import speaks_of_harm
from engine.affect.quarters import quarter_of
from engine.affect.real_words import NEVER_TYPOS
from engine.affect.spelling import plain

LONGEST = 100
"""Characters that are looked at."""
_SHORTEST = 4
"""Characters from which a beginning is completed, and a stem is one."""
_NEGATIONS = frozenset({
    "not", "no", "never", "without", "hardly", "less", "little", "nothing", "isnt", "dont", "cant",
    "cannot", "wont", "arent", "aint", "didnt", "doesnt", "nicht", "kein", "keine", "ohne", "nie",
    "wenig",
})  # fmt: skip
_OTHERWISE = frozenset({
    "still", "well", "down", "light", "like", "high", "low", "free", "kind", "fine", "good",
    "cross", "ready", "flat", "heavy", "clear", "rest", "hope", "love", "power", "interest",
    "attention", "interested", "sharp", "tight", "loose", "stiff", "blocked", "pushed",
    "driven", "strong", "better", "great", "quiet", "patient", "change", "normal", "average",
    "positive", "negative",
})  # fmt: skip
"""Words that in a sentence often are no feeling."""
_ENDINGS = ("ingly", "edly", "ness", "ings", "ing", "est", "ed", "er", "ly", "s")


class _Near(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    families: dict[str, tuple[str, ...]]
    """Feelings that mean nearly the same: the plane alone can't tell fear from anger."""
    words: dict[str, tuple[str, ...]]
    """By the feeling they are near to."""


@functools.cache
def _table() -> _Near:
    data = read_data("meanings")
    return msgspec.json.decode(data, type=_Near)


def families() -> dict[str, tuple[str, ...]]:
    """Feelings by what they have in common. Most are in one family, some in two or three."""
    return _table().families


@functools.cache
def near_words() -> dict[str, tuple[Feeling, ...]]:
    """Words that are no feelings of musmed's, in their plain form, and the feelings they are near
    to."""
    found: dict[str, list[Feeling]] = {}
    for word, near in _table().words.items():
        for one in near:
            found.setdefault(one, []).append(feeling(word))
    return {word: tuple(feelings) for word, feelings in found.items()}


def meant(text: str, n: int = 3) -> tuple[Feeling, ...]:
    """Up to ``n`` feelings that are near in meaning to ``text``, a word or phrase that is none of
    those that are known: what it means, then what lies beside that."""
    typed = plain(text[:LONGEST])
    if not typed or speaks_of_harm(text):
        return ()
    found = near_words().get(typed) or _found(typed)
    more = beside(found[0].word, n) if found else ()
    return tuple(_each_once((*found, *more))[:n])


def _found(typed: str) -> tuple[Feeling, ...]:
    if _NEGATIONS & set(typed.split()):
        return ()
    for found in (_begun(typed), _within(typed), _of_one_stem(typed)):
        if found and len({quarter_of(one.affect) for one in found}) == 1:
            return tuple(found)
    return ()


def beside(word: str, n: int = 3) -> tuple[Feeling, ...]:
    """Up to ``n`` feelings of the families of the feeling ``word``, in its quarter of the plane,
    the nearest first; none for a word that is not known."""
    try:
        here = feeling(word)
    except UnknownFeelingError:
        return ()
    family = {one for words in families().values() if here.word in words for one in words}
    others = (
        one
        for one in FEELINGS
        if one.word in family - {here.word} and quarter_of(one.affect) is quarter_of(here.affect)
    )
    return tuple(sorted(others, key=lambda one: here.affect.distance(one.affect))[:n])


def _begun(typed: str) -> list[Feeling]:
    """Of a near word that ``typed`` begins."""
    if len(typed) < _SHORTEST or typed in NEVER_TYPOS:
        return []
    return _each_once(
        one for word, near in near_words().items() if word.startswith(typed) for one in near
    )


def _within(typed: str) -> list[Feeling]:
    """Of the words and phrases in a sentence, the longest first."""
    words = typed.split()
    for length in range(len(words) - 1, 0, -1):
        found = _each_once(
            one
            for at in range(len(words) - length + 1)
            for one in _called(" ".join(words[at : at + length]))
        )
        if found:
            return found
    return []


def _called(words: str) -> Iterator[Feeling]:
    if words in _OTHERWISE or words in NEVER_TYPOS:
        return
    if (known := known_as(words)) is not None:
        yield known
    yield from near_words().get(words, ())


def _of_one_stem(typed: str) -> list[Feeling]:
    """Of another form of the same word: 'irritating' of 'irritated'."""
    if " " in typed or typed in NEVER_TYPOS or len(_stem(typed)) < _SHORTEST:
        return []
    return _each_once(_by_stem().get(_stem(typed), ()))


@functools.cache
def _by_stem() -> dict[str, tuple[Feeling, ...]]:
    found: dict[str, list[Feeling]] = {}
    for written in spellings():
        if " " not in (one := plain(written)):
            found.setdefault(_stem(one), []).append(feeling(written))
    return {stem: tuple(feelings) for stem, feelings in found.items()}


def _stem(word: str) -> str:
    ending = next((one for one in _ENDINGS if word.endswith(one)), "")
    bare = word.removesuffix(ending)
    return bare[:-1] + "i" if bare.endswith("y") else bare.removesuffix("e")


def _each_once(feelings: Iterable[Feeling]) -> list[Feeling]:
    return list({one.word: one for one in feelings}.values())
