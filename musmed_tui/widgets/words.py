"""Text that is painted again only when it changes."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from engine.printable import visible_lines

Part = str | tuple[str, str]


class Words(Static):
    """``say`` what it shows: plain strings, or (text, style) such as ('calm', '$now')."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__("", markup=False, id=id, classes=classes)
        self._said: tuple[Part, ...] = ()

    def say(self, *parts: Part) -> None:
        """Each character of a part is seen, whoever wrote it; line ends stay."""
        if parts != self._said:
            self._said = parts
            self.update(Content.assemble(*map(_visible, parts)))


def _visible(part: Part) -> Part:
    if isinstance(part, str):
        return visible_lines(part)
    return (visible_lines(part[0]), part[1])


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` columns, between its words where that can be."""
    return textwrap.wrap(text, max(1, width), break_on_hyphens=False) or [""]


def column_widths(table: Sequence[Sequence[str]], room: int) -> list[int]:
    """How wide each column of ``table`` is, a blank behind it included, in ``room`` columns of the
    terminal: all alike where every cell fits so, else as wide as their cells, else as their longest
    words, the rest of the room going to the first that need it."""
    columns = list(zip(*table, strict=True))
    if not columns:
        return []
    alike = room // len(columns)
    cells = [max(map(len, column)) + 1 for column in columns]
    words = [max(len(word) for cell in column for word in cell.split()) + 1 for column in columns]
    if max(cells) <= alike or sum(words) > room + 1:
        return [alike] * len(columns)
    spare = room + 1 - sum(words)  # nothing stands behind the last one
    for place, (cell, word) in enumerate(zip(cells, words, strict=True)):
        more = min(spare, cell - word)
        words[place] += more
        spare -= more
    return words
