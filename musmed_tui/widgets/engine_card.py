"""The technical figures, for those who ask for them."""

from __future__ import annotations

from itertools import zip_longest

from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.words import Part, Words, wrapped
from musmed_tui.wording import line_in_words

_LABEL = 12
_WHOLE, _PART = 6, 2
"""Columns before the decimal point, and from it on."""


class EngineCard(Words):
    """How far ahead the composer is, how fast, and whether anything went wrong.

    'heard as': valence and arousal of the last whole clip by the meter, dots on the plane.
    """

    rows = 7
    """How many rows it takes."""

    def show(self, snapshot: Snapshot) -> None:
        speed = "" if snapshot.speed is None else f"{snapshot.speed:.1f}"
        numbers = (
            ("ahead", f"{int(snapshot.ahead_s)}", "s"),
            ("speed", speed, "× real time" if speed else "not known yet"),
            ("restarts", f"{snapshot.restarts}", ""),
            ("gaps", f"{snapshot.gaps}", ""),
        )
        where = f" on {snapshot.far}" if snapshot.far else ""
        names = [("composer", f"{snapshot.composer}{where}"), ("sound", snapshot.sink)]
        parts: list[Part] = [("engine", "bold")]
        for label, figure, unit in numbers:
            parts += ["\n", (label.ljust(_LABEL), "$muted"), _on_its_edge(figure)]
            parts += [(f" {unit}", "$muted")]
        if snapshot.measured:
            last = snapshot.measured[-1]
            names.append(("heard as", f"{last.valence:+.1f} {last.arousal:+.1f} (an estimate)"))
        line = line_in_words(snapshot.line, snapshot.ahead_s)
        if line:
            names.insert(0, ("line", line))
        room = (self.content_size.width or 80) - _LABEL
        for name, said in names:
            for label, line in zip_longest([name], wrapped(said, room), fillvalue=""):
                parts += ["\n", (label.ljust(_LABEL), "$muted"), line]
        self.rows = 1 + parts.count("\n")
        self.say(*parts)


def _on_its_edge(figure: str) -> str:
    """``figure`` with its decimal point, or where that would be, in one column with all others."""
    whole, point, part = figure.partition(".")
    return whole.rjust(_WHOLE) + (point + part).ljust(_PART)
