"""The check-in: how the listener feels and wants to feel, and everything else by default."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import PurePath
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Select
from textual.widgets._select import SelectOverlay

from engine.affect.circumplex import Affect
from engine.affect.feelings import Feeling
from engine.affect.moods import MoodTable
from engine.affect.path import GENTLE_SPEED, Strategy, gentle_seconds, plan_path, speed
from engine.composers.base import composer_names
from engine.errors import MusmedError
from engine.plan.request import Request
from engine.plan.words import spelled, tag_statistics
from musmed_tui.asked import Asked
from musmed_tui.drawing.plane_layout import PlaneState, plane_words
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.options import (
    check,
    composer_of,
    generation_of,
    mood_table_of,
    number,
    seed_of,
)
from musmed_tui.screens.feeling_field import FeelingField
from musmed_tui.screens.feeling_list import FeelingListScreen
from musmed_tui.screens.questions import Answered, Asking, Place, Question, first_open
from musmed_tui.screens.shown_focus import ShownFocusScreen, while_open
from musmed_tui.settings import Loaded, parse_number
from musmed_tui.widgets.choice import BeginButton, Choice, NumberLine
from musmed_tui.widgets.circumplex import Circumplex
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.words import Words
from musmed_tui.wording import length

_WAYS = (("small steps (iso)", "iso"), ("straight there (direct)", "direct"))
_ABOUT = {
    "iso": "Starts where you are, then moves in small steps. Studies so far do not settle "
    "whether that helps more than going straight there.",
    "direct": "Goes to the target at once. Studies so far do not settle whether that helps "
    "less than small steps do.",
}
_HEADLINES = (
    "music from how you feel to how you want to feel",
    "music from one feeling to another",
    "music for how you feel",
)
"""The first that has room is said."""
_QUESTIONS = ("How do you feel now?", "How would you like to feel?", "Ready when you are.")
_CHOSEN = "Both are chosen. Empty a field to choose it anew."
_LIST = "The down arrow opens a list of those it does."
_MIDDLE = Affect(0.0, 0.0)


class CheckInScreen(ShownFocusScreen):
    """Posts ``Ready`` with the request."""

    CSS_PATH = "check_in.tcss"
    AUTO_FOCUS = "#plane"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("arrows", "move", "move", key_display="←↑↓→", tooltip="Move on the plane"),
        Binding(
            "enter",
            "take",
            "choose",
            key_display="enter",
            tooltip="Take the feeling under the cursor",
        ),
        Binding("slash", "type", "type a word", priority=True, tooltip="Type the feeling instead"),
        Binding("w", "words", "list", tooltip="Pick a word from a list, by quarter of the plane"),
        Binding("down", "words_here", "list", show=False, priority=True,
                tooltip="In a field: the list"),
        Binding("tab", "app.focus_next", "next", tooltip="Go to the next field"),
        Binding("escape", "plane", "plane", tooltip="Back to the plane"),
        Binding("b", "begin", "begin", tooltip="Begin the session"),
        Binding("question_mark", "app.help", "help", key_display="?"),
        Binding("q", "app.quit", "quit"),
        Binding("m", "moods", "moods", tooltip="Show every mood on the plane, or few"),
    ]  # fmt: skip

    class Ready(Message):
        def __init__(self, request: Request) -> None:
            super().__init__()
            self.request = request

    def __init__(self, loaded: Loaded, glyphs: Glyphs = "braille") -> None:
        super().__init__()
        self._glyphs: Glyphs = glyphs
        self._loaded = loaded
        self._table: MoodTable | None = None
        with contextlib.suppress(MusmedError):  # said when the session is to begin
            self._table = mood_table_of(loaded)
        self._cursor = _MIDDLE
        self._every_mood = False
        self._asking = Asking()

    def compose(self) -> ComposeResult:
        settings = self._loaded.settings
        statistics = tag_statistics()
        yield Words(id="headline")
        with Horizontal(id="sides"):
            yield Circumplex(glyphs=self._glyphs, id="plane")
            with VerticalScroll(id="form", can_focus=False):
                yield Words(id="question")
                yield from _row("from", FeelingField("a word", id="start", otherwise=_LIST))
                yield from _row(
                    "to", FeelingField("a word", id="target", wanted=True, otherwise=_LIST)
                )
                yield Words(id="hint")
                yield from _row("minutes", _number(f"{settings.minutes:g}", id="minutes"))
                yield from _row("way", _choice(_WAYS, settings.strategy, id="strategy"))
                yield Words(id="about")
                yield from _row(
                    "instrument", _tags(statistics.instruments, settings.instrument, "instrument")
                )
                yield from _row("genre", _tags(statistics.genres, settings.genre, "genre"))
                yield from _row(
                    "temperature", _number(f"{settings.temperature:g}", id="temperature")
                )
                yield from _row("seed", _number("", id="seed", placeholder="drawn"))
                names = dict.fromkeys(("auto", *composer_names(), settings.composer))
                composers = [(PurePath(name).name, name) for name in names]
                yield from _row("composer", _choice(composers, settings.composer, id="composer"))
                yield BeginButton("Begin", id="begin", compact=True)
        yield Transport()

    @while_open
    def on_mount(self) -> None:
        self._show_headline()
        self._show()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_headline)

    @while_open
    def _show_headline(self) -> None:
        headline = self.query_one("#headline", Words)
        room = headline.content_size.width or self.size.width - 2
        about = next((one for one in _HEADLINES if len("musmed   ") + len(one) <= room), "")
        headline.say(("musmed", "bold"), (f"   {about}", "$muted"))

    # the two feelings

    @property
    def _fields(self) -> tuple[FeelingField, FeelingField]:
        return self.query_one("#start", FeelingField), self.query_one("#target", FeelingField)

    def _look(self) -> None:
        """Keep up with where the focus is: its message may come behind the next key's."""
        self._asking = self._asking.went(self._place, self._answered)

    @property
    def _answered(self) -> Answered:
        start, target = self._fields
        return start.affect is not None, target.affect is not None

    @on(Circumplex.Cursor)
    @on(Circumplex.Pointed)
    def _moved(self, event: Circumplex.Cursor | Circumplex.Pointed) -> None:
        self._look()
        self._cursor = event.affect
        if self._asking.question is not Question.READY:
            self._fields[self._asking.question].put(event.affect)
        self._show()

    @on(FeelingField.Chosen)
    def _typed(self, event: FeelingField.Chosen) -> None:
        if event.field.affect is not None:
            self._cursor = event.field.affect
        self._show()

    @on(Input.Submitted, "#start, #target")
    def _submitted(self, event: Input.Submitted) -> None:
        field = event.input
        if isinstance(field, FeelingField) and field.affect is not None:
            self._look()
            self._take()

    def action_take(self) -> None:
        """Take the feeling under the cursor and go on to the next question."""
        self._look()
        if self._asking.question is not Question.READY:
            self._fields[self._asking.question].put(self._cursor)
            self._take()

    def _take(self) -> None:
        """The question that is asked has its answer: on to the next one."""
        typing = self._asking.place != "plane"
        self._asking = self._asking.taken(self._answered)
        if self._asking.question is Question.READY:
            self.set_focus(self.query_one("#begin"))
        elif typing:
            self.set_focus(self._fields[self._asking.question])
        self._show()

    def on_descendant_focus(self) -> None:
        self.set_class(isinstance(self.focused, SelectOverlay), "-choosing")
        self.refresh_bindings()
        before = self._asking
        self._look()
        if self._asking != before:
            self._show()

    @property
    def _place(self) -> Place:
        match self.focused.id if self.focused is not None else None:
            case "plane":
                return "plane"
            case "start":
                return "start"
            case "target":
                return "target"
            case _:
                return "elsewhere"

    def action_type(self) -> None:
        self._look()
        self.set_focus(self._fields[self._asking.typed_in])

    def action_words(self) -> None:
        """Pick a feeling from the list, for the question that '/' would answer."""
        self._look()
        question = self._asking.typed_in

        def picked(feeling: Feeling | None) -> None:
            if feeling is not None:
                self._cursor = feeling.affect
                self._fields[question].choose(feeling)
                self._take()

        self.app.push_screen(FeelingListScreen(_QUESTIONS[question], self._cursor), picked)

    def action_words_here(self) -> None:
        self.action_words()

    def action_move(self) -> None:
        """The plane takes the arrows itself; this is for the list of keys."""

    def action_plane(self) -> None:
        self.set_focus(self.query_one(Circumplex))

    def action_moods(self) -> None:
        self._every_mood = not self._every_mood
        self._show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What the focus leaves a meaning to."""
        focused = self.focused
        on_plane = isinstance(focused, Circumplex)
        if action == "take":
            return on_plane and self._asking.question is not Question.READY
        if action in ("move", "plane"):
            return on_plane == (action == "move")
        if action == "type":
            return not isinstance(focused, Input)
        if action == "words_here":
            return isinstance(focused, FeelingField)
        return True

    # everything else

    @on(Select.Changed)
    @on(Input.Changed, "#minutes")
    def _changed(self) -> None:
        self._show()

    @on(Input.Submitted, "#minutes, #temperature, #seed")
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#begin")
    def action_begin(self) -> None:
        """Begin, or say what is missing."""
        missing = first_open(self._answered)
        if missing is not Question.READY:
            self.set_focus(self._fields[missing])
            self._show()
            return
        try:
            request = self._request()
        except MusmedError as error:
            self.notify(str(error).replace("--", ""), severity="error", markup=False)
            return
        self.post_message(self.Ready(request))

    def _request(self) -> Request:
        """Of the values that are chosen. Raises ``MusmedError`` for a number that is none."""
        start, target = self._fields
        assert start.affect is not None
        assert target.affect is not None
        settings = self._loaded.settings
        request = Request(
            start=start.affect,
            target=target.affect,
            start_word=start.word,
            target_word=target.word,
            minutes=number("minutes", self._typed_in("minutes"), settings.minutes),
            strategy=self._strategy,
            instrument=self._selected("instrument") or None,
            genre=self._selected("genre") or None,
            temperature=number("temperature", self._typed_in("temperature"), settings.temperature),
            seed=seed_of(self._typed_in("seed")),
            composer=composer_of(self._selected("composer")),
            generation=generation_of(Asked(), settings),
            mood_table=mood_table_of(self._loaded),
        )
        check(request, Asked(), self._loaded)
        return request

    @property
    def _strategy(self) -> Strategy:
        return "direct" if self._selected("strategy") == "direct" else "iso"

    def _typed_in(self, name: str) -> str | None:
        return self.query_one(f"#{name}", Input).value.strip() or None

    def _selected(self, name: str) -> str:
        return str(self.query_one(f"#{name}", Select).value)

    # what is shown

    def _show(self) -> None:
        start, target = self._fields
        strategy, question = self._strategy, self._asking.question
        self.query_one("#question", Words).say((_QUESTIONS[question], "bold"))
        self.query_one("#about", Words).say((_ABOUT[strategy], "$muted"))
        for i, name in enumerate(("start", "target")):
            self.query_one(f"#row-{name}").set_class(question == i, "-active")
        path, hint = self._path(strategy)
        focused = self.focused
        if isinstance(focused, FeelingField):
            hint = focused.trouble or hint
        elif isinstance(focused, Circumplex) and question is Question.READY:
            hint = _CHOSEN
        in_danger = [field for field in (start, target) if field.in_danger]
        hint = in_danger[0].trouble if in_danger else hint
        self.set_class(bool(in_danger), "-in-danger")
        self.query_one("#hint", Words).say((hint, "$text" if in_danger else "$muted"))
        ready = all(field.affect is not None for field in (start, target))
        self.query_one("#begin").set_class(ready, "-ready")
        self.refresh_bindings()
        total = path[-1][0] if path else 0.0
        self.query_one(Circumplex).show(
            PlaneState(
                path=path,
                total=total,
                start=start.affect,
                target=target.affect,
                start_word=start.word,
                target_word=target.word,
                cursor=self._cursor,
                words=plane_words(self._table),
                every_mood=self._every_mood,
            )
        )

    def _path(self, strategy: Strategy) -> tuple[tuple[tuple[float, Affect], ...], str]:
        """The path as chosen so far, and what there is to say about its speed."""
        start, target = (field.affect for field in self._fields)
        if start is None or target is None:
            return (), ""
        try:
            minutes = parse_number("minutes", self._typed_in("minutes") or "15", "minutes")
        except MusmedError as error:
            return (), str(error)
        path = plan_path(start, target, 60.0 * minutes, strategy)
        points = tuple((point.time, point.affect) for point in path.waypoints)
        if speed(path) <= GENTLE_SPEED + 1e-9:
            return points, ""
        gentle = -int(-gentle_seconds(start.distance(target)) // 60)
        return points, f"A long way for {length(minutes)}; {gentle} would be gentle."


def _row(label: str, control: Widget) -> ComposeResult:
    with Horizontal(classes="row", id=f"row-{control.id}"):
        yield Label(label, classes="label")
        yield control


def _number(value: str, *, id: str, placeholder: str = "") -> Input:  # noqa: A002
    return NumberLine(value, id=id, placeholder=placeholder, compact=True, select_on_focus=True)


def _choice(
    options: Sequence[tuple[str, str]],
    value: str,
    *,
    id: str,  # noqa: A002
) -> Choice:
    return Choice(options, value=value, allow_blank=False, compact=True, id=id)


def _tags(tags: tuple[str, ...], value: str | None, name: str) -> Choice:
    options = [("as the mood asks", ""), *((spelled(tag), tag) for tag in tags)]
    return _choice(options, value or "", id=name)
