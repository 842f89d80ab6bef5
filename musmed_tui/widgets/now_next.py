"""What is being played, and what comes after it."""

from __future__ import annotations

from engine.plan.spec import Tags
from engine.plan.words import prompt, spelled
from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.words import Part, Words, cut

_ROWS = ("mood", "emotion", "instrument", "genre")
_LABEL = 12


class NowNext(Words):
    """The four tags of this clip and of the next one side by side, and this clip's prompt."""

    def show(self, snapshot: Snapshot) -> None:
        column = max(8, (self.content_size.width - _LABEL) // 2)
        head = " " * _LABEL
        parts: list[Part] = [head, ("now".ljust(column), "$now bold"), ("next", "$muted")]
        for row in _ROWS:
            now = cut(_said(snapshot.tags, row), column - 1).ljust(column)
            parts += ["\n", (row.ljust(_LABEL), "$muted"), (now, "$text")]
            parts += [(cut(_next(snapshot, row), column), "$muted")]
        self.say(*parts, "\n\n", (f"{prompt(snapshot.tags)}.", "$muted"))


def _said(tags: Tags, row: str) -> str:
    return spelled(str(getattr(tags, row)))


def _next(snapshot: Snapshot, row: str) -> str:
    if snapshot.next_tags is None:
        return "the end" if row == "mood" else ""
    return _said(snapshot.next_tags, row)
