"""The last look at what Textual draws: nothing in it but what is seen."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from engine.printable import is_visible, with_few_marks


class VisibleOnly(LineFilter):
    """Textual takes four control codes out of a text and lets escape sequences through. Fields show
    what was typed or a path as it is, so it can't be written otherwise there; here a character that
    is not seen goes, and where one takes room there is a question mark, so that lines keep their
    width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        del background
        return [_seen(segment) for segment in segments]


def _seen(segment: Segment) -> Segment:
    text = segment.text
    if not is_visible(text):
        text = "".join(c if is_visible(c) else "?" * cell_len(c) for c in text)
    text = with_few_marks(text)
    return segment if text == segment.text else segment._replace(text=text)
