"""Words as people type them: one plain form for all spellings, and clear typos. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

SHORTEST = 4
"""Characters from which a word can have a typo; a shorter one is too near to too many others."""
SURE = 6
"""Characters from which a wrong letter is a slip; in a shorter word it makes another word ('fire'
is no 'fine'), and only a letter too many, one missing or two exchanged are one."""
LONG = 9
"""Characters from which two slips are still a typo; below it is one."""
NEGATIONS = ("un", "in", "im", "dis", "mis", "non", "no ", "not ")
"""Beginnings that turn a word round. To add or to lose one is no typo."""

_APOSTROPHES = re.compile("['\u2018\u2019\u02bc`\u00b4]")
_BETWEEN = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """``text`` without case, diacritics, punctuation and surplus space: ' At-Ease!' is 'at ease',
    "Can't" is 'cant', 'Müde' is 'mude'."""
    bare = _APOSTROPHES.sub("", text)
    bare = unicodedata.normalize("NFKD", bare).casefold()
    bare = "".join(c for c in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(c))
    return _BETWEEN.sub(" ", bare).strip()


def slips(a: str, b: str, most: int) -> int | None:
    """How many characters are wrong, too many, missing or exchanged with their neighbour between
    ``a`` and ``b`` (optimal string alignment); None when it is more than ``most``."""
    a, b = _differing(a, b)
    longer = max(len(a), len(b))
    if abs(len(a) - len(b)) > most or (most == 1 and longer > 2):  # one slip lies in two characters
        return None
    if not longer or not most:
        return 0 if not longer else None
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                least = min(least, last[j - 2] + 1)
            row.append(least)
        if min(row) > most:
            return None
    return row[-1] if row[-1] <= most else None


def _differing(a: str, b: str) -> tuple[str, str]:
    """``a`` and ``b`` without what both begin and end with."""
    begin, shorter = 0, min(len(a), len(b))
    while begin < shorter and a[begin] == b[begin]:
        begin += 1
    end = 0
    while end < shorter - begin and a[-1 - end] == b[-1 - end]:
        end += 1
    return a[begin : len(a) - end], b[begin : len(b) - end]


def allowed_slips(text: str) -> int:
    """How many slips still make ``text`` a typo."""
    return 0 if len(text) < SHORTEST else 1 if len(text) < LONG else 2


def misspelt(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Those of ``known`` that ``text`` is a typo of: the nearest ones only. All are plain.

    A word is no typo of its opposite ('unexcited' of 'excited').
    """
    found: list[str] = []
    most = allowed_slips(text)
    for word in known if most else ():
        distance = slips(text, word, most)
        if distance is None or _opposites(text, word) or _another_word(text, word):
            continue
        if distance < most:
            most, found = distance, []
        found.append(word)
    return tuple(found)


def _another_word(a: str, b: str) -> bool:
    """Whether a short word differs by a wrong letter."""
    return len(a) == len(b) < SURE and sorted(a) != sorted(b)


def _opposites(a: str, b: str) -> bool:
    """Whether one is the other behind a negation."""
    short, long = sorted((a, b), key=len)
    return any(negation + short == long for negation in NEGATIONS)
