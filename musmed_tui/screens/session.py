"""The session: the plane with its path, the timeline, and music under the keys."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import ClassVar, Literal

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from engine.errors import MusmedError
from musmed_tui.drawing.motion import Motion
from musmed_tui.drawing.plane_layout import PlaneState, plane_words
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.screens.adjustable import AdjustableScreen
from musmed_tui.screens.adjusting import FaderCard
from musmed_tui.screens.feeling_field import FeelingField
from musmed_tui.screens.grid import SHEET
from musmed_tui.screens.session_keys import SESSION_KEYS
from musmed_tui.screens.shown_focus import while_open
from musmed_tui.screens.steering import SteerCard, bend
from musmed_tui.session_control import Begun
from musmed_tui.session_view import Snapshot, composed_as
from musmed_tui.widgets.big_clock import BigClock
from musmed_tui.widgets.circumplex import Circumplex
from musmed_tui.widgets.engine_card import EngineCard
from musmed_tui.widgets.levels import Levels
from musmed_tui.widgets.score import Score
from musmed_tui.widgets.stage import StageWords
from musmed_tui.widgets.status import Status
from musmed_tui.widgets.timeline import Timeline, timeline_state
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.way import Way
from musmed_tui.widgets.words import Words
from musmed_tui.wording import clock

View = Literal["plane", "words", "music", "both"]
ROOMY = (100, 32)
"""Columns and rows from which on the score stands beside the plane."""
LEAST_WAY = 3
"""Rows of the way, or it gives its place to what is asked for."""
_ON_THE_SESSION = {
    *("pause", "ease", "steer", "skip", "louder", "softer", "forward", "back", "like", "dislike"),
    *("more", "less", "sleep", "adjust"),
}


class SessionScreen(AdjustableScreen):
    """Begins a session with ``begin`` (in a thread) and follows it.

    ``first`` is shown until there is one; ``view`` is what is looked at first, on the
    stage where it is ``staged``; ``calm``: nothing moves by itself. Posts ``Over`` when it has
    ended, however it did, and ``Refused`` when it could not begin.
    """

    CSS_PATH = [SHEET, "session.tcss", "stage.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [*SESSION_KEYS]

    class Over(Message):
        """The session has ended; ``last`` is how, ``volume`` what the listener left it at;
        ``grounding``: a line of it is offered."""

        def __init__(
            self, last: Snapshot, begun: Begun, volume: float, *, grounding: bool = False
        ) -> None:
            super().__init__()
            self.grounding = grounding
            self.volume = volume
            self.last = last
            self.begun = begun

    class Refused(Message):
        """It could not begin; a sentence."""

        def __init__(self, sentence: str) -> None:
            super().__init__()
            self.sentence = sentence

    def __init__(
        self,
        begin: Callable[[], Begun],
        first: Snapshot,
        glyphs: Glyphs = "braille",
        view: View = "both",
        *,
        staged: bool = False,
        calm: bool = False,
    ) -> None:
        super().__init__(first, "-stage" if staged else None)
        self._calm = calm
        self._motion = Motion(calm=calm)
        self._glyphs: Glyphs = glyphs
        self._begin = begin
        self._every_mood = False
        self._view: View = view
        self._over = False
        self._followed = False

    def compose(self) -> ComposeResult:
        yield Status(glyphs=self._glyphs, id="status")
        with Horizontal(id="sides"):
            yield Circumplex(glyphs=self._glyphs, id="plane", classes="picture")
            yield StageWords(glyphs=self._glyphs, calm=self._calm, id="stage")
            yield Score(glyphs=self._glyphs, id="music", classes="picture")
            with Vertical(id="panel", classes="panel"):
                yield BigClock(glyphs=self._glyphs, id="clock")
                yield Words(id="feeling")
                with VerticalScroll(id="cards", can_focus=False):
                    yield SteerCard(id="steer")
                    yield FaderCard(self._glyphs, id="faders")
                    yield EngineCard(id="card")
                yield Way(glyphs=self._glyphs, id="way")
                yield Score(glyphs=self._glyphs, id="strip")
                yield Words(id="said")
                yield Levels(glyphs=self._glyphs, id="levels")
        yield Timeline(glyphs=self._glyphs, calm=self._calm, id="timeline")
        yield Transport()

    @while_open
    def on_mount(self) -> None:
        self._let_focus()
        self._look()
        self.call_after_refresh(self._show, self._shown)
        self._start()

    def on_resize(self) -> None:
        self._look()
        self.call_after_refresh(self._show, self._shown)

    @work(thread=True)
    def _start(self) -> None:
        try:
            begun = self._begin()
        except MusmedError as error:
            self.post_message(self.Refused(str(error)))
            return
        self._begun = begun
        if begun.notice:
            self.app.call_from_thread(self._say, begun.notice)

    @while_open
    def tick(self) -> None:
        """Show how the session stands; called ten times a second."""
        if self._begun is not None:
            self._follow(self._begun)

    def _follow(self, begun: Begun) -> None:
        runner = begun.runner
        if not self._followed:
            self._followed = True
            for screen in self.app.screen_stack:  # what lies over this one pauses and eases, too
                screen.refresh_bindings()
        if self._hold_early:
            self._hold_early = False
            runner.pause(True)
        if self._stop_early:
            self._stop_early = False
            runner.stop()
        for notice in runner.take_notices():
            self._say(f"{clock(notice.seconds)}  {notice.text}", calm=notice.answer)
        self._settle(monotonic())
        over = runner.wait(0.0)
        snapshot = begun.look()
        if self._is_news(snapshot) or self.query_one(Status).is_due:
            self._show(snapshot)
        self.query_one(Levels).show(snapshot.peak)  # the meter sinks when nothing else moves
        if over and not self._over:
            self._over = True
            offered = self._grounding.offered
            self.post_message(self.Over(snapshot, begun, runner.volume, grounding=offered))

    def _is_news(self, snapshot: Snapshot) -> bool:
        """Whether there is something else to be seen. A screen that is paused stands still: what is
        composed meanwhile is seen when it goes on, unless the engine's figures are looked at."""
        before = self._shown
        if before.paused and snapshot.paused and not self.has_class("-card"):
            snapshot = composed_as(before, snapshot)
        return snapshot != before

    @while_open
    def _show(self, snapshot: Snapshot) -> None:
        before, self._shown = (self._offered, self._shown.state), snapshot
        if (self._offered, snapshot.state) != before:
            for screen in self.app.screen_stack:  # what lies over this one says its keys, too
                screen.refresh_bindings()
        digits = self.query_one(BigClock)
        self.query_one(Status).show(snapshot, with_clock=not digits.display)
        digits.show(snapshot.position_s, snapshot.total_s)
        self._show_plane()
        self.query_one("#feeling", Words).say((snapshot.feeling, "$text bold"))
        self.query_one(Way).show(snapshot)
        if self._cursor is not None:
            self.query_one(SteerCard).show(snapshot, self.query_one(SteerCard).field.affect)
        if self.has_class("-card"):
            self.query_one(EngineCard).show(snapshot)
        if self.adjusting:
            self._show_faders()
        if self._cursor is not None or self.adjusting or self.has_class("-card"):
            self.call_after_refresh(self._make_room)
        self.query_one(Timeline).show(timeline_state(snapshot))
        if self.staged:
            self.query_one(StageWords).show(snapshot)
        self._show_score()

    def _show_score(self) -> None:
        runner = self._runner
        if runner is None:
            return
        for place in self.query(Score):
            if place.display and place.size.area:
                place.show(runner.score(), self._shown.position_s, runner.sound())

    @while_open
    def _make_room(self) -> None:
        """What is asked for is shown whole: the way makes room for it where both don't fit."""
        panel, cards, way = (self.query_one(f"#{name}") for name in ("panel", "cards", "way"))
        others = (one for one in panel.children if one.display and one not in (cards, way))
        room = panel.content_size.height - sum(map(_height, others))
        needed = sum(_height(card) for card in cards.children if card.display)
        self.set_class(needed + LEAST_WAY > room, "-alone")

    def _show_plane(self) -> None:
        snapshot, path = self._shown, self._shown.path
        breath, glow = self._motion.at(snapshot.position_s, max(snapshot.peak))
        self.query_one(Circumplex).show(
            PlaneState(
                path=tuple((point.time, point.affect) for point in path.waypoints),
                travelled_until=snapshot.position_s,
                total=snapshot.total_s,
                now=snapshot.affect,
                start=path.waypoints[0].affect,
                target=snapshot.target,
                preview=() if self._cursor is None else bend(snapshot, self._cursor),
                measured=snapshot.measured if self.has_class("-card") else (),
                cursor=self._cursor,
                words=plane_words(snapshot.mood_table),
                every_mood=self._every_mood,
                start_word=snapshot.start_word,
                target_word=snapshot.target_word,
                breath=breath if snapshot.state == "playing" else None,
                glow=glow if snapshot.state == "playing" else 0,
            )
        )

    def _say(self, text: str, *, calm: bool = False) -> None:
        """``calm``: nothing is wrong."""
        self.add_class("-told")
        self.query_one("#said", Words).say((text, "$now" if calm else "$warning"))
        self.query_one(StageWords).say(text, self._shown.position_s)
        self.call_after_refresh(self._make_room)

    @property
    def _offered(self) -> bool:
        """Whether the listener can have another machine compose again."""
        line = self._shown.line
        return line is not None and line.is_offered

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys of steering mean nothing else outside it; 'v' only where there is a choice.
        Before there is a session it can be stopped, and that is all."""
        if action in _ON_THE_SESSION and self._begun is None:
            return False
        steering, narrow = self.steering, self.has_class("-narrow")
        asking = steering or self.adjusting
        if action == "take":
            return steering and self.query_one(SteerCard).field.affect is not None
        words = not narrow or steering or self.has_class("-words") or self.has_class("-card")
        means_something = {
            "leave": steering,
            "adjust": not steering,
            "stage": not asking,
            "off_stage": not asking and self.staged,
            "go_back": self._offered and not steering,
            "type": steering and not isinstance(self.focused, FeelingField),
            "steer": not steering,
            "like": not asking,
            "dislike": not asking,
            "more": not asking,
            "less": not asking,
            "card": not (narrow and steering) and not self.adjusting and not self.staged,
            "view": not asking and not self.staged,
            "down": words,
            "up": words,
        }
        return means_something.get(action, True)

    # looking

    def action_moods(self) -> None:
        self._every_mood = not self._every_mood
        self._show_plane()

    def action_card(self) -> None:
        self.toggle_class("-card")
        self.call_after_refresh(self._show, self._shown)

    @property
    def staged(self) -> bool:
        """Whether the plane and the music stand alone."""
        return self.has_class("-stage")

    def action_stage(self) -> None:
        self.toggle_class("-stage")
        self.remove_class("-card")
        self._divide(self.app.size)
        self._look()
        self.refresh_bindings()
        self.call_after_refresh(self._show, self._shown)

    def _divide(self, window: Size) -> None:
        super()._divide(window)
        if self.staged:
            for picture in self.query(".picture"):
                picture.styles.width = "100%"

    def action_off_stage(self) -> None:
        self.action_stage()

    def action_view(self) -> None:
        if self.has_class("-card", "-short"):  # where the card has the place of either
            self.remove_class("-card")
        views = self._views
        at = views.index(self._view) if self._view in views else 0
        self._view = views[(at + 1) % len(views)]
        self._look()
        self.call_after_refresh(self._show, self._shown)

    @property
    def _views(self) -> tuple[View, ...]:
        """What this window can show, one after another."""
        if self.has_class("-narrow"):
            return ("plane", "words", "music")
        roomy = self.size.width >= ROOMY[0] and self.size.height >= ROOMY[1]
        return ("both", "music", "plane") if roomy else ("plane", "music")

    def _look(self) -> None:
        self.set_class(self._view == "plane", "-plane-alone")
        view = self._view if self._view in self._views else self._views[0]
        for one, shown in (("words", "-words"), ("music", "-music"), ("both", "-strip")):
            self.set_class(view == one and not self.staged, shown)

    def action_down(self) -> None:
        """On in the words on the right, where they don't all have room."""
        self.query_one("#cards").scroll_page_down(animate=False)

    def action_up(self) -> None:
        self.query_one("#cards").scroll_page_up(animate=False)


def _height(widget: Widget) -> int:
    return widget.outer_size.height + widget.styles.margin.height
