"""The history: every session of the past, the newest first."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input
from textual.worker import get_current_worker

from engine.errors import MusmedError
from engine.listener.history import Past
from engine.listener.weeks import weeks_of
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.drawing.session_rows import heading
from musmed_tui.listener_control import OnePast
from musmed_tui.past_words import HEARING, searched, this_week
from musmed_tui.screens.past import PastScreen
from musmed_tui.screens.past_actions import KEEPING, PLAYING, PastActions, PastKeeper
from musmed_tui.screens.preferences import PreferencesScreen
from musmed_tui.screens.shown_focus import while_open
from musmed_tui.screens.weeks import WeeksScreen
from musmed_tui.widgets.session_list import SessionList
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.typed_line import TypedLine
from musmed_tui.widgets.words import Words

FIRST_PAGE, PAGE = 60, 250
"""Sessions that are read at a time: the first as many as a window may show."""
_LOOK_SECONDS = 0.1
"""How often a thread that waits looks whether it is still wanted."""
_NOTHING = "Nothing was heard yet. Esc leads back, to choose two feelings."
_NONE_FOUND = "No session has these words in its name, feelings, note or day."


class _Known(NamedTuple):
    past: Past
    text: str
    """What is searched."""


class HistoryScreen(PastActions):
    """Reads page after page in a thread, and shows each as it comes."""

    CSS_PATH = "history.tcss"
    AUTO_FOCUS = "#sessions"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "open",
            show=False,
            tooltip="Open the session: way, path, likes, note",
            id="history.open",
        ),
        Binding(
            "slash",
            "search",
            "search",
            tooltip="Search in name, feelings, note and day",
            id="history.search",
        ),
        *PLAYING,
        Binding(
            "l",
            "likes",
            "likes",
            tooltip="What was learned of what you like, and from what",
            id="history.likes",
        ),
        Binding(
            "w",
            "weeks",
            "weeks",
            tooltip="Week by week, with how it was after less before",
            id="history.weeks",
        ),
        Binding("escape", "leave", "back", id="app.back"),
        Binding("question_mark,f1", "app.help", "help", key_display="?", id="app.help"),
        *KEEPING,
        Binding("q", "app.quit", "quit", id="app.quit"),
    ]

    def __init__(self, keeper: PastKeeper, glyphs: Glyphs = "braille") -> None:
        super().__init__(keeper, glyphs)
        self._known: list[_Known] = []
        self._loaded = False
        self._drawn = threading.Event()
        self._wanted: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        yield Words(id="headline")
        yield SearchLine(id="search")
        yield Words(id="columns")
        yield SessionList(glyphs=self._glyphs, id="sessions")
        yield Words(id="hearing")
        yield Transport()

    def on_mount(self) -> None:
        self.query_one("#hearing", Words).say((HEARING, "$muted"))
        self.set_focus(self._list)
        self.call_after_refresh(self._show)
        self._load()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    @property
    def _list(self) -> SessionList:
        return self.query_one(SessionList)

    @property
    def chosen(self) -> Past | None:
        lists = self.query(SessionList)
        return lists.first().chosen if lists else None

    # reading

    @work(thread=True)
    def _load(self) -> None:
        worker, count, before = get_current_worker(), FIRST_PAGE, None
        while not worker.is_cancelled:
            try:
                page = self._keeper.page(count, before)
            except MusmedError as error:
                self.app.call_later(self._say, str(error))
                page = ()
            found = [_Known(past, searched(past)) for past in page]
            self._drawn.clear()
            self.app.call_later(self._add, found)
            if not page:
                return
            count, before = PAGE, page[-1].id
            while not self._drawn.wait(_LOOK_SECONDS) and not worker.is_cancelled:
                pass  # who reads on would take time from who draws

    @while_open
    def _add(self, page: Sequence[_Known]) -> None:
        """``page``: the next ones, none when all are there."""
        self._known.extend(page)
        self._loaded = not page
        self._show_list()
        self.call_after_refresh(self._drawn.set)

    def took(self, session: str, one: OnePast | None) -> None:
        place = next((i for i, known in enumerate(self._known) if known.past.id == session), None)
        if place is None:
            return
        if one is None:
            del self._known[place]
        else:
            self._known[place] = _Known(one.past, searched(one.past))
        self._show_list()

    # what is shown

    @while_open
    def _show(self) -> None:
        width = self._list.size.width
        self.query_one("#columns", Words).say((heading(width), "$muted"))
        self._show_headline()

    @while_open
    def _show_list(self) -> None:
        wanted = self._wanted
        self._list.show(
            [one.past for one in self._known if all(word in one.text for word in wanted)]
        )
        self._show_headline()
        self.refresh_bindings()

    def _show_headline(self) -> None:
        shown, count = len(self._list.pasts), len(self._known)
        sessions = "1 session" if count == 1 else f"{count} sessions"
        found = f"{shown} of {sessions}" if self._wanted else sessions
        more = "" if self._loaded else " so far"
        if self._loaded and not shown:
            found = _NONE_FOUND if self._known else _NOTHING
        recent = [one.past for one in self._known[:PAGE]]
        room = self.size.width - 2 - len(f"history   {found}{more}")
        week = this_week(weeks_of(recent))
        parts = [("history", "bold"), (f"   {found}{more}", "$muted")]
        if self._known and len(week) + 2 <= room:
            parts.append((week.rjust(room), "$text"))
        self.query_one("#headline", Words).say(*parts)

    @on(SessionList.Chosen)
    def _choose(self) -> None:
        self.refresh_bindings()

    # keys

    @on(SessionList.Opened)
    def action_open(self) -> None:
        """Show the chosen session whole."""
        if (past := self.chosen) is not None:
            self.app.push_screen(PastScreen(self._keeper, past, self.took, self._glyphs))

    def action_likes(self) -> None:
        self.app.push_screen(PreferencesScreen(self._keeper))

    def action_weeks(self) -> None:
        """The weeks of what is shown."""
        self.app.push_screen(WeeksScreen(self._list.pasts, self._glyphs))

    def action_search(self) -> None:
        self.add_class("-searching")
        self.set_focus(self.query_one(SearchLine))

    @on(Input.Changed, "#search")
    def _search(self, event: Input.Changed) -> None:
        self._wanted = tuple(event.value.casefold().split())
        self._show_list()

    @on(Input.Submitted, "#search")
    def _searched(self) -> None:
        self.set_focus(self._list)

    def action_leave(self) -> None:
        """Out of the search, and then back to where the history was opened."""
        if not self.has_class("-searching"):
            self.dismiss(None)
            return
        self.remove_class("-searching")
        self.query_one(SearchLine).value = ""
        self.set_focus(self._list)


class SearchLine(TypedLine):
    """Words to search for; Enter goes to what was found."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "submit", "to the list", key_display="enter", id="search.take"),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(placeholder="words to search for", compact=True, id=id)
