"""The line above the keys: what the music does, where it is, how loud."""

from __future__ import annotations

from musmed_tui.plain_line import UNICODE, clock
from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.words import Part, Words

_BAR = 10
_WORDS = {"failed": "stopped by a failure", "starting": "composing the first seconds"}
_STYLES = {"failed": "$error", "composing": "$warning", "paused": "$warning"}


class Transport(Words):
    """State as glyph, word and colour; the clock; the volume at the right."""

    def show(self, snapshot: Snapshot) -> None:
        state = snapshot.state
        head = f"{getattr(UNICODE, state)} {_WORDS.get(state, state)}"
        times = f"{clock(snapshot.position_s)} of {clock(snapshot.total_s)}"
        percent = f"{round(snapshot.volume * 100):>3} %"
        width = self.content_size.width
        parts: list[Part] = [(head, f"{_STYLES.get(state, '$now')} bold")]
        room = width - len(head) - len(times) - len(percent) - 3
        parts += ["   ", times]
        if room < _BAR + len("volume") + 4:
            self.say(*parts, " " * max(1, room), percent)
            return
        full = round(snapshot.volume * _BAR)
        gap = " " * (room - _BAR - len("volume") - 2)
        bar = (("━" * full, "$text"), ("─" * (_BAR - full), "$muted"))
        self.say(*parts, gap, ("volume ", "$muted"), *bar, " ", percent)
