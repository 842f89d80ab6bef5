"""The technical figures, for those who ask for them."""

from __future__ import annotations

from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.words import Part, Words, cut

_LABEL = 12
_NUMBER = 6


class EngineCard(Words):
    """How far ahead the composer is, how fast, and whether anything went wrong.

    'heard as': valence and arousal of the last whole clip by the meter, dots on the plane.
    """

    def show(self, snapshot: Snapshot) -> None:
        speed = "" if snapshot.speed is None else f"{snapshot.speed:.1f}"
        numbers = (
            ("ahead", f"{int(snapshot.ahead_s)}", "s"),
            ("speed", speed, "× real time" if speed else "not known yet"),
            ("restarts", f"{snapshot.restarts}", ""),
            ("gaps", f"{snapshot.gaps}", ""),
        )
        names = (("composer", snapshot.composer), ("sound", snapshot.sink))
        parts: list[Part] = [("engine", "bold")]
        for label, figure, unit in numbers:
            parts += ["\n", (label.ljust(_LABEL), "$muted"), figure.rjust(_NUMBER), f" {unit}"]
        room = self.content_size.width - _LABEL
        for label, name in names:
            parts += ["\n", (label.ljust(_LABEL), "$muted"), cut(name, room)]
        if snapshot.measured:
            last = snapshot.measured[-1]
            heard = f"{last.valence:+.1f} {last.arousal:+.1f} (an estimate)"
            parts += ["\n", ("heard as".ljust(_LABEL), "$muted"), cut(heard, room)]
        self.say(*parts)
