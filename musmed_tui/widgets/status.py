"""The top line of a session: what it is, and where it comes from and goes."""

from __future__ import annotations

from musmed_tui.plain_line import nearest_word
from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.words import Words


class Status(Words):
    """'tense → calm' and, at the right, the feeling the path passes now."""

    def show(self, snapshot: Snapshot) -> None:
        start = snapshot.start_word or nearest_word(snapshot.path.waypoints[0].affect)
        target = snapshot.target_word or nearest_word(snapshot.target)
        here = nearest_word(snapshot.affect)
        way = f"{start} → {target}"
        gap = max(2, self.content_size.width - len("musmed") - 3 - len(way) - len(here))
        self.say(("musmed", "bold"), "   ", (way, "$muted"), " " * gap, (here, "$now bold"))
