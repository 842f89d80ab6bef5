"""Week by week: how many sessions, how long, and how it was after less before, with its spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer, Vertical
from textual.screen import ModalScreen

from engine.listener.history import Past
from engine.listener.weeks import changes_of, verdict, verdict_in_words, weeks_of
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.drawing.weeks_picture import weeks_lines
from musmed_tui.screens.shown_focus import while_open
from musmed_tui.screens.whole import WholeScreen
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.words import Words

_HEADS, _VERDICTS = ("pleasant", "awake"), ("Pleasantness", "Wakefulness")
"""Of the two sliders, in the words they have."""


class WeeksScreen(WholeScreen[None], ModalScreen[None]):
    """Of ``pasts``, which are counted in a thread. The newest week is in sight."""

    CSS_PATH = "weeks.tcss"
    AUTO_FOCUS = "#weeks-list"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back", id="app.back")]

    def __init__(self, pasts: Sequence[Past], glyphs: Glyphs = "braille") -> None:
        super().__init__()
        self._pasts = tuple(pasts)
        self._ascii = glyphs == "ascii"

    def compose(self) -> ComposeResult:
        with Vertical(id="weeks"):
            yield Words(id="weeks-heading")
            with ScrollableContainer(id="weeks-list"):
                yield Words(id="weeks-lines")
            yield Words(id="weeks-said")
        yield Transport()

    def on_mount(self) -> None:
        self.query_one("#weeks-heading", Words).say(("week by week", "$now bold"))
        self._count()

    def action_leave(self) -> None:
        self.dismiss(None)

    @work(thread=True)
    def _count(self) -> None:
        lines = weeks_lines(weeks_of(self._pasts), _HEADS, ascii_only=self._ascii)
        told = [
            verdict_in_words(name, verdict(changes), len(changes))
            for name, changes in zip(_VERDICTS, changes_of(self._pasts), strict=True)
        ]
        self.app.call_later(self._show, lines, told)

    @while_open
    def _show(self, lines: Sequence[str], told: Sequence[str]) -> None:
        head, rest = "\n".join(lines[:2]), "".join(f"\n{line}" for line in lines[2:])
        self.query_one("#weeks-lines", Words).say((head, "$muted"), rest)
        self.query_one("#weeks-said", Words).say("\n".join(told))
        newest = self.query_one("#weeks-list", ScrollableContainer)
        newest.call_after_refresh(newest.scroll_end, animate=False, x_axis=False)
