"""The check-in's feelings: words a listener says, each with its place on the circumplex.

``LANDMARKS`` are Russell's words and a few at their places. They name places: on the plane, on the
screens, in the tags of a clip. ``FEELINGS`` are all that a listener may say; their other forms and
spellings are taken for them ('anxiety' for 'anxious', 'ängstlich' too). docs/feelings.md says where
the places come from.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.data_files import read_data
from engine.affect.harm import speaks_of_harm
from engine.affect.quarters import Quarter, quarter_of
from engine.affect.real_words import NEVER_TYPOS
from engine.affect.spelling import misspelt, plain
from engine.errors import MusmedError, UnknownWordError

HINT = "'musmed feelings' lists those it knows."
LONGEST_SHOWN = 60
"""Characters of an unknown word that are said again."""
IN_DANGER, WANTED_IN_DANGER = "low", "calm"
"""The feelings that words of danger to oneself are taken for: where the music begins, and where it
leads. What was typed is not kept."""
_BEFORE = {
    "i", "im", "am", "ive", "been", "feel", "feels", "feeling", "felt", "a", "an", "the", "bit",
    "very", "really", "quite", "so", "pretty", "rather", "too", "kind", "kinda", "sort",
    "sorta", "of", "somewhat", "fairly", "extremely", "super", "totally", "completely",
    "absolutely", "utterly", "just", "more", "slightly", "mostly", "ich", "bin", "fuhle",
    "fuehle", "mich", "sehr", "etwas", "ziemlich", "ein", "bisschen", "ganz", "total",
    "mehr",
}  # fmt: skip
_BEHIND = {
    "today", "now", "right", "again", "lately", "tonight", "at", "the", "moment", "as", "hell",
    "heute", "gerade",
}  # fmt: skip
"""What people write around a feeling. Never a negation: 'not calm' is not calm."""
_SOME = {"little": "a", "wenig": "ein"}
"""Words that leave some of a feeling behind another one ('a little sad') and take it away without
('little hope')."""
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


class Feeling(msgspec.Struct, frozen=True):
    """A feeling word, its place on the circumplex and where that place comes from."""

    word: str
    affect: Affect
    source: str


class UnknownFeelingError(UnknownWordError):
    """A word that is no feeling musmed knows. ``suggestions`` are what it may be a typo of."""

    def __init__(self, word: str, suggestions: tuple[str, ...]) -> None:
        shown = word if len(word) <= LONGEST_SHOWN else f"{word[:LONGEST_SHOWN]}..."
        near = f"; did you mean {' or '.join(suggestions)}?" if suggestions else "."
        MusmedError.__init__(self, f"musmed does not know the feeling {shown!r}{near} {HINT}")
        self.suggestions = list(suggestions)


class AffectTextError(MusmedError):
    """Two numbers were given for an affect and they are not two numbers in [-1, 1]."""


class _Sources(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What each source says of a word: a direction on Russell's circle; mean valence and arousal
    (1 to 9) in two norms of words."""

    degrees: float
    warriner: tuple[float, float]
    glasgow: tuple[float, float] | None = None
    stand_in: str | None = None
    """The word that Warriner's norms have in its place."""


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sources: dict[str, str]
    rule: str
    radius: float
    places: dict[str, _Sources]
    everyday: dict[str, str]
    middle: tuple[str, ...]


@functools.cache
def _words() -> _Words:
    data = read_data("feelings")
    return msgspec.json.decode(data, type=_Words)


def _placed(found: _Sources, radius: float) -> Affect:
    """Valence is the mean of the sources, arousal Russell's (docs/feelings.md says why); in
    hundredths, since nobody knows it any finer."""
    angle = math.radians(found.degrees)
    rated = [(mean[0] - 5.0) / 4.0 for mean in (found.warriner, found.glasgow) if mean]
    valence = (radius * math.cos(angle) + sum(rated)) / (1 + len(rated))
    return Affect(round(valence, 2), round(radius * math.sin(angle), 2))


def _said_of(found: _Sources) -> str:
    stand_in = f" ({found.stand_in!r})" if found.stand_in else ""
    glasgow = ", Glasgow Norms (2019)" if found.glasgow else ""
    return (
        f"arousal: Russell (1980), {found.degrees} degrees; valence: mean of that, Warriner et al. "
        f"(2013){stand_in}{glasgow}"
    )


class _Everyday(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    words: dict[str, dict[str, tuple[float, float]]]
    """By the name of their quarter."""
    forms: dict[str, tuple[str, ...]]
    german: dict[str, tuple[str, ...]]


@functools.cache
def _everyday() -> _Everyday:
    data = read_data("everyday")
    return msgspec.json.decode(data, type=_Everyday)


@functools.cache
def _landmarks() -> tuple[Feeling, ...]:
    words = _words()
    circle = {
        word: Feeling(word, _placed(found, words.radius), _said_of(found))
        for word, found in words.places.items()
    }
    everyday = (
        Feeling(word, circle[russell].affect, f"everyday word, put at {russell!r}")
        for word, russell in words.everyday.items()
    )
    middle = (Feeling(word, Affect(0.0, 0.0), "the middle of the plane") for word in words.middle)
    return (*circle.values(), *everyday, *middle)


@functools.cache
def _feelings() -> tuple[Feeling, ...]:
    table = _everyday()
    everyday = (
        Feeling(word, Affect(*place), table.source)
        for words in table.words.values()
        for word, place in words.items()
    )
    return (*_landmarks(), *everyday)


if TYPE_CHECKING:
    LANDMARKS: tuple[Feeling, ...]
    """Russell's 28 words in the order of the circle, then everyday words at their places."""
    FEELINGS: tuple[Feeling, ...]
    """All feelings: the landmarks first."""


def __getattr__(name: str) -> tuple[Feeling, ...]:
    """``LANDMARKS`` and ``FEELINGS`` are read from their files when they are first asked for."""
    if name == "LANDMARKS":
        return _landmarks()
    if name == "FEELINGS":
        return _feelings()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@functools.cache
def _written() -> dict[str, Feeling]:
    """Every word and every form as it is written, the words first."""
    table = _everyday()
    words = {feeling.word: feeling for feeling in _feelings()}
    forms = (table.forms, table.german)
    return words | {f: words[w] for some in forms for w, fs in some.items() for f in fs}


@functools.cache
def _by_plain() -> dict[str, tuple[str, Feeling]]:
    """What is written and whose it is, by the plain form; umlauts may be written out."""
    found: dict[str, tuple[str, Feeling]] = {}
    for written, feeling in _written().items():
        for spelling in (written, written.translate(_UMLAUTS)):
            found.setdefault(plain(spelling), (written, feeling))
    return found


def spellings() -> tuple[str, ...]:
    """Every word and form that is known, the words first: what can be completed."""
    return tuple(_written())


def known_as(text: str) -> Feeling | None:
    """The feeling that ``text``, in its plain form, is a word or a form of."""
    found = _by_plain().get(text)
    return None if found is None else found[1]


def forms_of(feeling: Feeling) -> tuple[str, ...]:
    """What is taken for ``feeling`` beside its word, English first."""
    return tuple(w for w, known in _written().items() if known is feeling and w != feeling.word)


def by_quarter() -> dict[Quarter | None, tuple[Feeling, ...]]:
    """All feelings by the quarter of the plane they lie in, None for its middle; each quarter's in
    the order of the alphabet."""
    found = sorted(_feelings(), key=lambda one: one.word)
    return {
        quarter: tuple(one for one in found if quarter_of(one.affect) is quarter)
        for quarter in (*Quarter, None)
    }


def feeling(word: str) -> Feeling:
    """The feeling called ``word``, whatever its case, spacing and diacritics ('At  Ease'), in
    another form ('panicked') or with what people write around it ('a bit sad today').

    Raises ``UnknownFeelingError`` naming what it may be a typo of.
    """
    typed = plain(word[:1000])
    for bare in _unwrapped(typed):
        if bare in _by_plain():
            return _by_plain()[bare][1]
    raise UnknownFeelingError(word, did_you_mean(word))


def _unwrapped(typed: str) -> list[str]:
    """``typed``, then with less and less around it."""
    words = typed.split()
    found = [typed]
    start = 0
    while start < len(words):
        end = len(words)
        while end > start:
            found.append(" ".join(words[start:end]))
            if words[end - 1] not in _BEHIND:
                break
            end -= 1
        before = words[start - 1] if start else None
        if words[start] not in _BEFORE and _SOME.get(words[start], "") != before:
            break
        start += 1
    return found


def did_you_mean(text: str) -> tuple[str, ...]:
    """The words and forms that ``text`` may be a typo of, at most one for each feeling.

    None when it is no clear typo: the nearest words lie in different quarters of the plane (a guess
    must never turn a feeling round), or begin with another letter.
    """
    return _near(plain(text[:1000]))


@functools.lru_cache(maxsize=8)
def _near(typed: str) -> tuple[str, ...]:
    for bare in _unwrapped(typed):
        if bare in NEVER_TYPOS:
            return ()
        near = misspelt(bare, _by_plain())
        if near:
            known = [_by_plain()[one] for one in near if one[0] == bare[0]]
            quarters = {quarter_of(_by_plain()[one][1].affect) for one in near}
            one_each = {feeling.word: written for written, feeling in reversed(known)}
            return tuple(reversed(one_each.values())) if len(quarters) == 1 else ()
    return ()


def nearest_feelings(affect: Affect, n: int) -> tuple[Feeling, ...]:
    """The ``n`` landmarks nearest to ``affect``, nearest first, Russell's words before everyday
    words at the same place."""
    return tuple(sorted(_landmarks(), key=lambda f: affect.distance(f.affect))[:n])


def parse_affect(text: str, *, wanted: bool = False) -> tuple[Affect, str | None]:
    """An affect as a listener writes it: a feeling word, or 'valence,arousal' ('-0.4,0.7').

    Returns the affect and the feeling's word (None for numbers). Words of danger to oneself are
    taken for a feeling too, another one where it is the ``wanted`` feeling (whoever asks shows
    ``harm.HELP`` beside it). Raises ``UnknownFeelingError`` or ``AffectTextError``.
    """
    if speaks_of_harm(text):
        found = feeling(WANTED_IN_DANGER if wanted else IN_DANGER)
        return found.affect, found.word
    if "," not in text and not _is_number(text):
        found = feeling(text)
        return found.affect, found.word
    numbers = [part.strip() for part in text.split(",")]
    if len(numbers) != 2 or not all(_is_number(part) for part in numbers):
        raise AffectTextError(
            f"{text!r} is not an affect; give one feeling or two numbers, as in -0.4,0.7."
        )
    valence, arousal = (float(part) for part in numbers)
    if not (-1.0 <= valence <= 1.0 and -1.0 <= arousal <= 1.0):
        raise AffectTextError(
            f"{text!r} lies off the plane; valence and arousal are each between -1 and 1."
        )
    return Affect(valence, arousal), None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
