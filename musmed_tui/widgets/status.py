"""The top line of a session: what the music does, from where to where, how loud."""

from __future__ import annotations

from musmed_tui.drawing.raster import Glyphs
from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.words import Part, Words
from musmed_tui.wording import ASCII, UNICODE, clock

_BAR = 10
_WORDS = {"failed": "stopped by a failure", "starting": "composing the first seconds"}
_STYLES = {
    "failed": "$error",
    "away": "$error",
    "composing": "$warning",
    "paused": "$warning",
}


class Status(Words):
    """State as glyph, word and colour; the way; the volume at the right."""

    def __init__(self, *, glyphs: Glyphs = "braille", id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._ascii = glyphs == "ascii"

    def show(self, snapshot: Snapshot, *, with_clock: bool) -> None:
        """``with_clock``: the times too, where no timeline says them."""
        state = snapshot.state
        marks = ASCII if self._ascii else UNICODE
        doing = snapshot.doing
        if doing == "starting" and snapshot.position_s >= 1.0:
            doing = "composing"  # no first seconds: it goes on
        head = f"{getattr(marks, state)} {_WORDS.get(doing, doing)}"
        rest = f"   {way(snapshot, marks.arrow)}"
        if with_clock:
            rest = f"   {clock(snapshot.position_s)} of {clock(snapshot.total_s)}{rest}"
        percent = f"{round(snapshot.volume * 100):>3} %"
        gap = self.content_size.width - len(head) - len(rest) - len(percent)
        bar: list[Part] = []
        if gap > _BAR + len("volume ") + 3:
            full = round(snapshot.volume * _BAR)
            on, off = "=-" if self._ascii else "━─"
            bar = [("volume ", "$muted"), (on * full + off * (_BAR - full), "$muted")]
            gap -= _BAR + len("volume ") + 1
            percent = f" {percent}"
        style = f"{_STYLES.get(state, '$now')} bold"
        self.say((head, style), (rest, "$muted"), " " * max(1, gap), *bar, percent)


def way(snapshot: Snapshot, arrow: str = UNICODE.arrow) -> str:
    """'tense → calm': the session in a phrase."""
    start, target = snapshot.way
    return f"{start} {arrow} {target}"
