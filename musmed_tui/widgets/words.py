"""Text that is painted again only when it changes."""

from __future__ import annotations

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


def cut(text: str, width: int) -> str:
    """``text`` in at most ``width`` columns, with an ellipsis where something is missing."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"[: max(0, width)]
