"""What is being played, and what comes after it."""

from __future__ import annotations

from itertools import zip_longest

from engine.plan.spec import Tags
from engine.plan.words import prompt, spelled
from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.words import Part, Words, wrapped

_ROWS = ("mood", "emotion", "instrument", "genre")
_LABEL = 12


class NowNext(Words):
    """The four tags of this clip and of the next one side by side, and this clip's prompt."""

    rows = len(_ROWS) + 1
    """How many rows it takes, but for a prompt that goes over several."""

    def show(self, snapshot: Snapshot, *, brief: bool = False) -> None:
        """``brief``: without the prompt."""
        if not self.content_size.width:
            return
        column = max(8, (self.content_size.width - _LABEL) // 2)
        head = " " * _LABEL
        parts: list[Part] = [head, ("now".ljust(column), "$now bold"), ("next", "$muted")]
        for row in _ROWS:
            now = wrapped(_said(snapshot.tags, row), column - 1)
            then = wrapped(_next(snapshot, row), column - 1)
            for label, this, that in zip_longest([row], now, then, fillvalue=""):
                parts += ["\n", (label.ljust(_LABEL), "$muted"), (this.ljust(column), "$text")]
                parts += [(that, "$muted")]
        if not brief:
            parts += ["\n\n", (f"{prompt(snapshot.tags)}.", "$muted")]
        self.rows = 1 + sum(part == "\n" for part in parts) + (0 if brief else 2)
        self.say(*parts)


def _said(tags: Tags, row: str) -> str:
    return spelled(str(getattr(tags, row)))


def _next(snapshot: Snapshot, row: str) -> str:
    if snapshot.next_tags is None:
        return "the end" if row == "mood" else ""
    return _said(snapshot.next_tags, row)
