"""Sessions of the past as rows of cells: when, the way in words, how much was heard, the change and
the note, as far as a window has room. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from rich.cells import cell_len, set_cell_size

from engine.listener.history import Past
from engine.plan.story import story
from engine.printable import one_line
from musmed_tui.wording import change_in_short, clock, named

Part = Literal["when", "way", "figure", "note"]
WIDE = 60
"""From so many columns on a row has all of it, else when, way and change."""
_LONG, _SHORT = len("2026-11-12 18:30"), len("11-12 18:30")
_HEARD, _CHANGE = len("1:00:00"), len("+100,-100")
_WAY_SHARE = 0.6
"""Of what the way and the note share."""


class _Column(NamedTuple):
    part: Part
    title: str
    width: int


def _columns(width: int) -> tuple[_Column, ...]:
    if width < WIDE:
        way = max(8, width - _SHORT - _CHANGE - 4)
        return (
            _Column("when", "begun", _SHORT),
            _Column("way", "feelings", way),
            _Column("figure", "change", _CHANGE),
        )
    rest = width - _LONG - _HEARD - _CHANGE - 8
    way = round(_WAY_SHARE * rest)
    return (
        _Column("when", "begun", _LONG),
        _Column("way", "feelings", way),
        _Column("figure", "heard", _HEARD),
        _Column("figure", "change", _CHANGE),
        _Column("note", "note", rest - way),
    )


def heading(width: int) -> str:
    """What the columns are called."""
    return "  ".join(one.title.ljust(one.width) for one in _columns(width))[:width]


def session_row(past: Past, width: int, cut: str) -> list[tuple[str, Part]]:
    """The cells of one row, ``width`` columns in all; ``cut``: the sign for what is cut off."""
    return [
        (_fit(_said(past, column), column.width, cut) + "  ", column.part)
        for column in _columns(width)
    ]


def _said(past: Past, column: _Column) -> str:
    when = f"{past.begun.astimezone():%Y-%m-%d %H:%M}"
    return {
        "begun": when[-column.width :],
        "feelings": named(past.name, story(past.request, past.events)),
        "heard": clock(past.heard),
        "change": change_in_short(past.felt),
        "note": past.felt.note,
    }[column.title]


def _fit(text: str, width: int, cut: str) -> str:
    flat = one_line(text)
    if cell_len(flat) <= width:
        return set_cell_size(flat, width)
    return set_cell_size(flat, width - 1) + cut
