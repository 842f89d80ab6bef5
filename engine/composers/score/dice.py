"""Randomness keyed by what is decided, never by when or in which window it is decided."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")
_SCALE = 1.0 / 2**32
_NUMBERS = struct.Struct("<16I")


class Dice:
    """A stream of uniform numbers that is a pure function of its key.

    The key names the decision: (seed active at the bar's start, bar number, purpose). BLAKE2b in
    counter mode; 16 numbers a hash.
    """

    def __init__(self, *key: int | str) -> None:
        self._key = ":".join(map(str, key)).encode()
        self._block = 0
        self._left: list[int] = []

    def uniform(self) -> float:
        """The next number in [0, 1)."""
        if not self._left:
            digest = hashlib.blake2b(b"%d/%s" % (self._block, self._key), digest_size=64).digest()
            self._left = list(_NUMBERS.unpack(digest))
            self._block += 1
        return self._left.pop() * _SCALE

    def between(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + (high - low) * self.uniform()

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.uniform() < probability

    def pick(self, choices: Sequence[_T]) -> _T:
        """One of ``choices``, equally likely."""
        return choices[int(self.uniform() * len(choices))]
