"""One session of the past: its way in words, its path as planned and as measured, what was liked,
how it felt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll

from engine.affect.circumplex import Affect
from engine.errors import MusmedError
from engine.listener.history import Past
from engine.listener.personal_meter import UNBENT
from engine.listener.report import done
from engine.plan.planner import make_plan
from engine.plan.story import story
from engine.plan.words import spelled
from musmed_tui.drawing.plane_layout import PlaneState, plane_words
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.drawing.timeline_picture import ClipSpan, as_heard
from musmed_tui.listener_control import OnePast
from musmed_tui.past_words import planned
from musmed_tui.screens.grid import SHEET, GridScreen
from musmed_tui.screens.past_actions import KEEPING, PLAYING, PastActions, PastKeeper
from musmed_tui.screens.shown_focus import while_open
from musmed_tui.widgets.circumplex import Circumplex
from musmed_tui.widgets.felt_words import rated_in_words
from musmed_tui.widgets.timeline import Timeline, TimelineState
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.words import Part, Words
from musmed_tui.wording import clock, nearest_word

if TYPE_CHECKING:
    from musmed_tui.listener_control import HeardClips

_PLACE = 12
"""Columns of a feeling's word and the blank behind it; the longest is 'distressed'."""
_BENT = "How it sounded is bent to how you rated; 'musmed history ID' has the figures."


class PastScreen(GridScreen, PastActions):
    """Shows ``past``, and what was heard of it once that is read. ``changed`` is told what becomes
    of it."""

    CSS_PATH = [SHEET, "past.tcss"]  # noqa: RUF012
    PANEL_COLUMNS = 44
    """For the table of clips."""
    AUTO_FOCUS = "#told"
    BINDINGS: ClassVar[list[BindingType]] = [
        *PLAYING,
        *KEEPING,
        Binding("escape", "leave", "back", id="app.back"),
        Binding("question_mark,f1", "app.help", "help", key_display="?", id="app.help"),
        Binding("q", "app.quit", "quit", id="app.quit"),
    ]

    def __init__(
        self,
        keeper: PastKeeper,
        past: Past,
        changed: Callable[[str, OnePast | None], None],
        glyphs: Glyphs = "braille",
    ) -> None:
        super().__init__(keeper, glyphs)
        self._past = past
        self._clips: HeardClips = ()
        self._meter = UNBENT
        self._changed = changed

    def compose(self) -> ComposeResult:
        yield Words(id="headline")
        with Horizontal(id="sides"):
            yield Circumplex(glyphs=self._glyphs, id="plane", classes="picture")
            with VerticalScroll(id="told", classes="panel"):
                yield Words(id="about")
                yield Words(id="clips")
        yield Timeline(glyphs=self._glyphs, id="timeline")
        yield Transport()

    @while_open
    def on_mount(self) -> None:
        self.query_one(Circumplex).can_focus = False
        self._show()
        self.set_focus(self.query_one("#told"))
        self._load()

    @property
    def chosen(self) -> Past:
        return self._past

    @work(thread=True)
    def _load(self) -> None:
        try:
            one = self._keeper.past(self._past.id)
        except MusmedError as error:
            self.app.call_later(self._say, str(error))
        else:
            self.app.call_later(self._take, one)

    def _take(self, one: OnePast) -> None:
        self._past, self._clips, self._meter = one
        self._show()

    def took(self, session: str, one: OnePast | None) -> None:
        self._changed(session, one)
        if one is None:
            self.action_leave()
        else:
            self._take(one)

    def action_leave(self) -> None:
        if self.is_current:
            self.dismiss(None)

    # what is shown

    @while_open
    def _show(self) -> None:
        past = self._past
        when = f"{past.begun.astimezone():%Y-%m-%d %H:%M}"
        name = f"   {past.name}" if past.name else ""
        self.query_one("#headline", Words).say((when, "bold"), name)
        self.query_one("#about", Words).say(*self._about())
        self.query_one("#clips", Words).say(*self._table())
        self._show_plane()
        self.refresh_bindings()

    def _about(self) -> Iterator[Part]:
        past, felt = self._past, self._past.felt
        yield story(past.request, past.events)
        yield (f"\nheard {clock(past.heard)} of {clock(past.request.seconds)}: ", "$muted")
        yield done(past)
        yield "\n"
        yield from rated_in_words(felt)
        if past.likings:
            yield ("\n\nliked and disliked", "$now bold")
        for one in past.likings:
            yield (f"\n{clock(one.at):>5}  ", "$muted")
            how = "liked" if one.liked else "disliked"
            yield f"{how} {spelled(one.instrument)}, {spelled(one.genre)} ({one.mood})"
        if felt.note:
            yield ("\n\nnote\n", "$now bold")
            yield felt.note
        if self._meter.used:
            yield (f"\n\n{_BENT}", "$muted")

    def _table(self) -> Iterator[Part]:
        """Planned and as it sounded, clip by clip in words ('musmed history ID' has figures), and
        the mood; where the meter is bent to the listener what it says of them stands in the mood's
        place, since there is no room for both."""
        if not self._clips:
            return
        bent = self._meter.used
        yield ("\npath", "$now bold")
        last = "for you" if bent else "mood"
        yield (f"\n time  {'planned'.ljust(_PLACE)} {'sounded'.ljust(_PLACE)} {last}", "$muted")
        for clip, measured in self._clips:
            seen = "" if measured is None else nearest_word(measured)
            yield (f"\n{clock(clip.start):>5}  ", "$muted")
            told = self._bent(measured) if bent else clip.tags.mood
            yield f"{nearest_word(planned(clip)).ljust(_PLACE)} {seen.ljust(_PLACE)} {told}"

    def _bent(self, measured: Affect | None) -> str:
        if measured is None:
            return ""
        valence, arousal = self._meter.bent(measured)
        return nearest_word(
            Affect(
                measured.valence if valence is None else _inside(valence.value),
                measured.arousal if arousal is None else _inside(arousal.value),
            )
        )

    def _show_plane(self) -> None:
        past = self._past
        plan = make_plan(past.request, past.events)
        waypoints = plan.path.waypoints
        target = waypoints[-1].affect
        word = past.request.target_word if target == past.request.target else None
        heard = (ClipSpan(clip.start, clip.end, "ready") for clip, _ in self._clips)
        self.query_one(Timeline).show(as_heard(TimelineState(tuple(heard), past.heard, plan.total)))
        self.query_one(Circumplex).show(
            PlaneState(
                path=tuple((point.time, point.affect) for point in waypoints),
                travelled_until=past.heard,
                total=plan.total,
                start=waypoints[0].affect,
                target=target,
                measured=tuple(seen for _, seen in self._clips if seen is not None),
                words=plane_words(past.request.mood_table),
                start_word=past.request.start_word,
                target_word=word,
            )
        )


def _inside(value: float) -> float:
    return min(1.0, max(-1.0, value))
