"""Python's search for cycles of objects, put off while the program starts, and left out at its end.

A start makes some hundred thousand objects and hardly any garbage; to look through them again and
again would be a tenth of it.
"""

from __future__ import annotations

import gc
import sys
from typing import NoReturn

_SELDOM = 200_000
"""Objects more than were let go, between two searches: a start has none or one."""
_usual: list[tuple[int, int, int]] = []
"""How often it was before ``start``; empty where that was not called."""


def start() -> None:
    """Look seldom until ``started``; where that never comes, it is looked through all the same."""
    _usual.append(gc.get_threshold())
    gc.set_threshold(_SELDOM, *_usual[0][1:])


def leave(code: int) -> NoReturn:
    """End the program with ``code``. What is here goes back to the system whole: at its end Python
    would look through all of it twice, which took a fifth of a short command."""
    gc.freeze()
    sys.exit(code)


def started() -> None:
    """After ``start``: as usual from now on. What is there by now stays, and is not looked through
    again."""
    if _usual:
        gc.freeze()
        gc.set_threshold(*_usual.pop())
