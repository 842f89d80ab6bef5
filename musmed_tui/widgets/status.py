"""The top line of a session: what the music does, from where to where, how loud."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from musmed_tui.drawing.raster import Glyphs
from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.words import Part, Words
from musmed_tui.wording import ASCII, UNICODE, clock, line_in_short, sleep_in_short, time_left

_BAR = 10
VOLUME_SECONDS = 4.0
"""So long the volume is seen after it has changed."""
_WORDS = {"failed": "stopped by a failure", "starting": "composing the first seconds"}
_BRIEFLY = {"failed": "stopped", "starting": "composing"}
"""Where the whole words leave no room for the way."""
_STYLES = {
    "failed": "$error",
    "away": "$error",
    "composing": "$warning",
    "paused": "$warning",
}


class Status(Words):
    """State as glyph, word and colour, filled; where it is; the way; and for a while the volume at
    the right, when it has changed."""

    def __init__(
        self,
        *,
        glyphs: Glyphs = "braille",
        clock: Callable[[], float] = time.monotonic,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._ascii = glyphs == "ascii"
        self._now = clock
        self._volume: float | None = None
        self._seen_until: float | None = None

    @property
    def is_due(self) -> bool:
        """The volume has been seen long enough."""
        return self._seen_until is not None and self._now() >= self._seen_until

    def _said_of_volume(self, volume: float) -> str:
        before, self._volume = self._volume, volume
        if before not in (None, volume):
            self._seen_until = self._now() + VOLUME_SECONDS
        elif self.is_due:
            self._seen_until = None
        return "" if self._seen_until is None else f"{round(volume * 100):>3} %"

    def show(self, snapshot: Snapshot, *, with_clock: bool) -> None:
        """``with_clock``: the times too, where no large digits say them."""
        state = snapshot.state
        marks = ASCII if self._ascii else UNICODE
        doing = snapshot.doing
        if doing == "starting" and snapshot.position_s >= 1.0:
            doing = "composing"  # no first seconds: it goes on
        mark, arrow = getattr(marks, state), marks.arrow
        line = line_in_short(snapshot.line, snapshot.ahead_s)
        heads = [f" {mark} {words.get(doing, doing)} " for words in (_WORDS, _BRIEFLY)]
        wanted = [[f"{head.rstrip()}, {line} " for head in heads], heads] if line else [heads]
        at, total = clock(snapshot.position_s), clock(snapshot.total_s)
        left = time_left(snapshot.position_s, snapshot.total_s)
        whole, target = f"  {way(snapshot, arrow)}", f"  {arrow} {snapshot.way[1]}"
        times = [f"  {at} of {total}, {left} left", f"  {at} of {total}"] if with_clock else []
        sleep = sleep_in_short(snapshot.sleep_minutes)
        wholes = [f"{whole}, {sleep}", whole] if sleep else [whole]
        rests = [*(f"{time} {one}" for one in wholes for time in times), *wholes]
        percent = self._said_of_volume(snapshot.volume)
        head, rest, percent = first_that_fits(
            self.content_size.width,
            *(one for some in wanted for one in _lines(some, rests, target, percent)),
        )
        gap = self.content_size.width - len(head) - len(rest) - len(percent)
        bar: list[Part] = []
        if percent and gap > _BAR + len("volume ") + 3:
            full = round(snapshot.volume * _BAR)
            on, off = "=-" if self._ascii else "━─"
            bar = [("volume ", "$muted"), (on * full + off * (_BAR - full), "$muted")]
            gap -= _BAR + len("volume ") + 1
            percent = f" {percent}"
        style = f"$background on {_STYLES.get(state, '$now')} bold"
        said = next((time for time in times if rest.startswith(time)), "")
        self.say(
            (head, style),
            (said, "bold"),
            (rest.removeprefix(said), "$muted"),
            *([" " * max(1, gap), *bar, percent] if percent else []),
        )


def _lines(
    heads: Sequence[str], rests: Sequence[str], target: str, percent: str
) -> Iterator[tuple[str, str, str]]:
    """The line in ways that take less and less room. ``heads``: the state in many words and in
    few; ``rests``: the way with what belongs to it, last the way alone."""
    yield from ((head, rest, percent) for head in heads for rest in rests)
    yield from ((head, rests[-1], "") for head in heads)
    yield heads[1], target, percent
    yield heads[1], target, ""
    yield heads[0], "", percent
    yield heads[0], "", ""


def first_that_fits(room: int, *lines: tuple[str, str, str]) -> tuple[str, str, str]:
    """The first of ``lines`` (a head, the rest, the end) that takes at most ``room`` columns, with
    a blank between rest and end; the last one where none does. So words are left out, not cut."""
    return next(
        (one for one in lines if sum(map(len, one)) + bool(one[2]) <= room),
        lines[-1],
    )


def way(snapshot: Snapshot, arrow: str = UNICODE.arrow) -> str:
    """'tense → calm': the session in a phrase."""
    start, target = snapshot.way
    return f"{start} {arrow} {target}"
