"""Who hears what in which order: Williams' design, a Latin square balanced for what went before.

Williams (1949, Aust. J. Sci. Res. A 2, 149-168): of an even number of conditions n rows, of an odd
one 2 n. Over all of them each condition stands in each place equally often, and right behind each
other one equally often, so neither the place nor what was heard just before favours one. Pure.
"""

from __future__ import annotations

import numpy as np

Order = tuple[int, ...]


def square(conditions: int) -> tuple[Order, ...]:
    """The rows for 0 to ``conditions`` - 1 (>= 1). Of n = 1 there is one."""
    if conditions < 1:
        raise ValueError(f"{conditions} conditions")
    first = _zigzag(conditions)
    rows = [tuple((one + row) % conditions for one in first) for row in range(conditions)]
    if conditions % 2 and conditions > 1:
        rows += [tuple(reversed(row)) for row in rows]
    return tuple(rows)


def orders(conditions: int, participants: int, rng: np.random.Generator) -> tuple[Order, ...]:
    """An order for each of the ``participants``, from whole squares one after the other; who gets
    which row, and which condition is which letter of the square, is drawn."""
    rows = square(conditions)
    letters = [int(one) for one in rng.permutation(conditions)]
    given: list[Order] = []
    while len(given) < participants:
        given += [tuple(letters[one] for one in rows[at]) for at in rng.permutation(len(rows))]
    return tuple(given[:participants])


def dealt(things: int, participants: int, rng: np.random.Generator) -> tuple[int, ...]:
    """Which of ``things`` each participant hears of one condition: all of them equally often, as
    far as that goes, in an order that is drawn."""
    given: list[int] = []
    while len(given) < participants:
        given += [int(one) for one in rng.permutation(things)]
    return tuple(given[:participants])


def _zigzag(n: int) -> Order:
    """0, 1, n - 1, 2, n - 2, ...: each step between neighbours is another one."""
    row, low, high = [0], 1, n - 1
    while len(row) < n:
        row.append(low if len(row) % 2 else high)
        low, high = (low + 1, high) if len(row) % 2 == 0 else (low, high - 1)
    return tuple(row)
