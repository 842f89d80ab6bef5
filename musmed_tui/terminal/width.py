"""The width that the environment tells, where it tells one."""

from __future__ import annotations

import os

LEAST_COLUMNS = 20
"""Narrower than this nothing is laid out."""


def forget_odd_width() -> None:
    """rich believes COLUMNS before the terminal's own size. Where that is no width, or one in which
    nothing can be read, it is taken out of the environment."""
    told = os.environ.get("COLUMNS")
    if told is not None and not (told.isdecimal() and int(told) >= LEAST_COLUMNS):
        del os.environ["COLUMNS"]
