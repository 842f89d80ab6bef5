"""The soft grammar of descriptions: whatever tokens come, or likelihoods of tokens, what comes out
is a valid description.

A grammar says what may stand where:

    description = bar+                                    at most ``most`` bars
    bar         = Bar [Time Signature] [Note Density] [Mean Velocity] [Mean Pitch] [Mean Duration]
                  Instrument* Chord*                      each instrument once, at most 32 of each

A hard one refuses the first token that is out of place. A soft one asks for the nearest that may
stand there: where tokens are given (``repaired``), one that may stand later in the bar skips what
it may leave out, one that belongs earlier or stood already is left out, and so is what is no word;
where likelihoods are given (``sampled``), those of tokens that may not stand there are taken away
and the rest is drawn from. A model that writes descriptions need not have learnt the grammar.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import numpy as np

from engine.description.tokens import (
    BINS,
    CHORDS,
    INSTRUMENTS,
    MOST_BARS,
    TIME_SIGNATURES,
    is_bar,
    value_of,
)
from engine.plan.described import MOST_NAMES, DescribedBar, Description

END = "<eos>"
"""FIGARO's word for the end."""
_SINGLE = ("Time Signature", *BINS)
_RANK = {name: at for at, name in enumerate((*_SINGLE, "Instrument", "Chord"))}
_FIRST_OF_MANY = _RANK["Instrument"]

Likelihoods = Callable[[Sequence[str]], Mapping[str, float]]
"""The tokens so far -> how likely each token comes next; those that are not named have none. They
need not add up to 1."""


class Grammar:
    """Where a description stands: what may come next, and what it is so far."""

    def __init__(self, most: int = MOST_BARS) -> None:
        self._most = most
        self._bars: list[dict[str, object]] = []
        self._rank = -1
        self._names: set[str] = set()
        self._count = 0

    @property
    def begun(self) -> bool:
        """Whether there is a bar."""
        return bool(self._bars)

    def allows(self, token: str) -> bool:
        """Whether ``token`` may come next."""
        if token == END:
            return bool(self._bars)
        if is_bar(token):
            return len(self._bars) < self._most
        name = token.partition("_")[0]
        if value_of(token) is None or not self._bars or (rank := _RANK[name]) < self._rank:
            return False
        if rank < _FIRST_OF_MANY:
            return rank > self._rank
        if rank > self._rank:
            return True
        return self._count < MOST_NAMES and not (name == "Instrument" and token in self._names)

    def take(self, token: str) -> bool:
        """Go on by ``token`` where it may come next; whether it may."""
        if token == END or not self.allows(token):
            return False
        if is_bar(token):
            self._bars.append({})
            self._rank, self._names = -1, set()
            return True
        found = value_of(token)
        if found is None:
            return False
        rank = _RANK[token.partition("_")[0]]
        self._count = self._count + 1 if rank == self._rank else 1
        self._rank = rank
        field, value = found
        if rank < _FIRST_OF_MANY:
            self._bars[-1][field] = value
        else:
            self._names.add(token)
            self._bars[-1][field] = (*_tuple(self._bars[-1].get(field)), value)
        return True

    def next_tokens(self) -> tuple[str, ...]:
        """Every token that may come next, ``END`` among them where it may."""
        words = [f"Bar_{min(len(self._bars) + 1, MOST_BARS)}"]
        words += [f"Time Signature_{one}" for one in TIME_SIGNATURES]
        words += [f"{name}_{n}" for name, bins in BINS.items() for n in range(len(bins))]
        words += [f"Instrument_{one}" for one in INSTRUMENTS]
        words += [f"Chord_{one}" for one in CHORDS]
        return tuple(word for word in (*words, END) if self.allows(word))

    def description(self) -> Description:
        """What was said so far; a bar that asks for nothing where nothing was."""
        bars = tuple(msgspec.convert(bar, DescribedBar) for bar in self._bars)
        return Description(bars=bars or (DescribedBar(),))


def _tuple(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


def repaired(tokens: Iterable[str], most: int = MOST_BARS) -> Description:
    """The description that ``tokens`` are, whatever they are: what may not stand where it stands is
    left out. What begins without a bar begins one. It ends at ``END``, or where ``most`` bars are
    full."""
    grammar = Grammar(most)
    for token in tokens:
        if token == END:
            break
        if is_bar(token) and not grammar.allows(token):
            break
        if not grammar.begun and value_of(token) is not None:
            grammar.take("Bar_1")
        grammar.take(token)
    return grammar.description()


def sampled(
    likelihoods: Likelihoods,
    rng: np.random.Generator,
    most: int = MOST_BARS,
    most_tokens: int = 8_000,
) -> Description:
    """A description drawn token by token: of each ``likelihoods`` those count that may come next,
    and where none of these is likely, all of them are alike. Likelihoods that are no number, or
    under 0, are none."""
    grammar = Grammar(most)
    said: list[str] = []
    for _ in range(most_tokens):
        may = grammar.next_tokens()
        told = likelihoods(said)
        weights = np.array([_weight(told.get(token, 0.0)) for token in may])
        if weights.sum() <= 0.0:
            weights = np.ones(len(may))
        token = may[int(rng.choice(len(may), p=weights / weights.sum()))]
        if token == END:
            break
        grammar.take(token)
        said.append(token)
    return grammar.description()


def _weight(value: float) -> float:
    return min(1e12, value) if math.isfinite(value) and value > 0.0 else 0.0
