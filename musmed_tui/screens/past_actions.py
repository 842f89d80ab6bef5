"""What can be done with a session of the past: go on with it, hear it again, say how it was, name
it, delete it. For the screens that have one chosen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message

from engine.errors import MusmedError
from engine.listener.history import Past
from engine.listener.preferences import Learned
from engine.listener.ratings import Felt, Rating
from engine.plan.story import story
from engine.session.library.reading import NAME_LIMIT
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.listener_control import OnePast
from musmed_tui.screens.asking import ConfirmScreen, LineScreen
from musmed_tui.screens.shown_focus import ShownFocusScreen
from musmed_tui.screens.sliders import Said, SlidersScreen
from musmed_tui.wording import named

_PLAYED_OUT = "It was heard to its end; r plays it again."
PLAYING: tuple[BindingType, ...] = (
    Binding("c", "again(False)", "continue", tooltip="Go on with this session", id="past.continue"),
    Binding(
        "r", "again(True)", "replay", tooltip="Play it again from the beginning", id="past.replay"
    ),
    Binding("c", "played_out", show=False, id="past.continue"),
)
KEEPING: tuple[BindingType, ...] = (
    Binding(
        "s", "sliders", "sliders", tooltip="Say how it was after it, and a note", id="past.sliders"
    ),
    Binding("n", "name", "name", tooltip="Give it a name", id="past.name"),
    Binding(
        "x",
        "delete",
        "delete",
        tooltip="Delete it and its sound, after a question",
        id="past.delete",
    ),
)


class PastKeeper(Protocol):
    """What these screens need of ``musmed_tui.listener_control.ListenerControl``."""

    def page(self, count: int, before: str | None = None) -> tuple[Past, ...]: ...
    def past(self, session: str) -> OnePast: ...
    def rate(self, session: str, after: Rating, note: str | None) -> Felt: ...
    def rename(self, session: str, name: str) -> None: ...
    def delete(self, session: str) -> None: ...
    def learned(self) -> tuple[Learned, ...]: ...
    def forget(self, one: Learned) -> None: ...
    def forget_all(self) -> None: ...


class PastActions(ShownFocusScreen):
    """Over a ``keeper``, which is asked in threads. ``took`` is called when a session has become
    another, or is gone (None). Each such screen has ``PLAYING`` and ``KEEPING`` among its keys."""

    class Again(Message):
        """A session is to be played, on or from its start."""

        def __init__(self, session: str, *, from_start: bool) -> None:
            super().__init__()
            self.session = session
            self.from_start = from_start

    def __init__(self, keeper: PastKeeper, glyphs: Glyphs) -> None:
        super().__init__()
        self._keeper = keeper
        self._glyphs: Glyphs = glyphs

    @property
    def chosen(self) -> Past | None:
        """The session that the keys are about."""
        raise NotImplementedError

    def took(self, session: str, one: OnePast | None) -> None:
        """Show what ``session`` has become."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        past = self.chosen
        if action in ("again", "sliders", "name", "delete", "played_out") and past is None:
            return False
        finished = past is not None and past.state == "finished"
        if action == "again" and parameters == (False,):
            return not finished
        return finished if action == "played_out" else super().check_action(action, parameters)

    def action_played_out(self) -> None:
        """Say why there is nothing to go on with."""
        self.notify(_PLAYED_OUT, markup=False)

    def action_again(self, from_start: bool) -> None:
        if (past := self.chosen) is not None:
            self.post_message(self.Again(past.id, from_start=from_start))

    def action_sliders(self) -> None:
        """Say how it was after the session."""
        if (past := self.chosen) is None:
            return

        def said(answer: Said | None) -> None:
            if answer is not None:
                self._do(past, partial(self._keeper.rate, past.id, answer.rating, answer.note))

        screen = SlidersScreen(
            "How did you feel after it?", past.felt.after, past.felt.note, self._glyphs
        )
        self.app.push_screen(screen, said)

    def action_name(self) -> None:
        """Give the session a name, or take it."""
        if (past := self.chosen) is None:
            return

        def typed(name: str | None) -> None:
            if name is not None:
                self._do(past, partial(self._keeper.rename, past.id, name))

        self.app.push_screen(LineScreen("What do you call it?", past.name, NAME_LIMIT), typed)

    def action_delete(self) -> None:
        """Delete the session, after a question."""
        if (past := self.chosen) is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._do(past, partial(self._keeper.delete, past.id), gone=True)

        called = named(past.name, story(past.request, past.events))
        when = f"{past.begun.astimezone():%Y-%m-%d %H:%M}"
        question = (
            f"Delete the session of {when} ({called}) with its sound, ratings and likes? Nothing "
            "brings it back."
        )
        self.app.push_screen(ConfirmScreen(question), answered)

    @work(thread=True)
    def _do(self, past: Past, deed: Callable[[], object], *, gone: bool = False) -> None:
        """Do what was asked for, and show what came of it."""
        try:
            deed()
            one = None if gone else self._keeper.past(past.id)
        except MusmedError as error:
            self.app.call_later(self._say, str(error))
        else:
            self.app.call_later(self.took, past.id, one)

    def _say(self, sentence: str) -> None:
        self.notify(sentence, severity="error", markup=False, timeout=15)
