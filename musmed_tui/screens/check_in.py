"""The check-in: how the listener feels and wants to feel, and everything else by default."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Button, Input, Select
from textual.widgets._select import SelectOverlay

from engine.affect.circumplex import Affect
from engine.affect.offered import EXAMPLES
from engine.errors import MusmedError
from engine.listener.ratings import Rating
from musmed_tui.drawing.plane_layout import PlaneState, plane_words
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.screens.check_in_form import CheckInForm
from musmed_tui.screens.check_in_keys import KEYS
from musmed_tui.screens.check_in_offers import Keeper, goes_on
from musmed_tui.screens.check_in_past import PastOfferingScreen
from musmed_tui.screens.check_in_rest import MoreRow
from musmed_tui.screens.feeling_field import FeelingField
from musmed_tui.screens.grid import SHEET
from musmed_tui.screens.questions import Answered, Asking, Place, Question, first_open
from musmed_tui.screens.shown_focus import stands, while_open
from musmed_tui.screens.whole import WholeScreen
from musmed_tui.settings import Loaded
from musmed_tui.widgets.circumplex import Circumplex
from musmed_tui.widgets.timeline import Timeline, TimelineState
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.words import Words
from musmed_tui.wording import rating_in_words

if TYPE_CHECKING:
    from engine.affect.feelings import Feeling
    from engine.affect.moods import MoodTable
    from engine.plan.request import Request
    from musmed_tui.screens.sliders import Said

SHEETS = (SHEET, "check_in.tcss")
_HEADLINES = (
    "music from how you feel to how you want to feel",
    "music from one feeling to another",
    "music for how you feel",
)
"""The first that has room is said."""
_QUESTIONS = ("How do you feel now?", "How would you like to feel?", "Ready when you are.")
_MINUTES_LEFT = "Only the minutes are left."
_CHOSEN = "Both are chosen. Empty a field to choose it anew."
_WAYS = "arrows, / for a word, s for sliders"
_MIDDLE = Affect(0.0, 0.0)


class CheckInScreen(PastOfferingScreen):
    """Posts ``Ready`` with the request, and how the listener says they feel before it."""

    CSS_PATH = [*SHEETS]  # noqa: RUF012
    AUTO_FOCUS = "#plane"
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    class Ready(Message):
        def __init__(self, request: Request, before: Rating | None) -> None:
            super().__init__()
            self.request = request
            self.before = before

    def __init__(
        self, loaded: Loaded, glyphs: Glyphs = "braille", keeper: Keeper | None = None
    ) -> None:
        super().__init__(keeper)
        self._glyphs: Glyphs = glyphs
        self._loaded = loaded
        self._table: MoodTable | None = None
        if loaded.settings.mood_table is not None:
            from musmed_tui.options import mood_table_of

            with contextlib.suppress(MusmedError):  # said when the session is to begin
                self._table = mood_table_of(loaded)
        self._cursor = _MIDDLE
        self._every_mood = False
        self._asking = Asking()
        self._rating = Rating()
        self._proposed: Affect | None = None

    def compose(self) -> ComposeResult:
        yield Words(id="headline")
        with Horizontal(id="sides"):
            yield Circumplex(glyphs=self._glyphs, id="plane", classes="picture")
            yield CheckInForm(self._loaded, id="form", classes="panel")
        yield Timeline(glyphs=self._glyphs, id="timeline")
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
    def _form(self) -> CheckInForm:
        return self.query_one(CheckInForm)

    @property
    def _fields(self) -> tuple[FeelingField, FeelingField]:
        return self._form.feelings

    def _look(self) -> None:
        """Keep up with where the focus is: its message may come behind the next key's."""
        self._asking = self._asking.went(self._place, self._answered)

    @property
    def is_untouched(self) -> bool:
        """Whether no feeling is chosen yet."""
        return not any(self._answered)

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
        from musmed_tui.screens.feeling_list import FeelingListScreen

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

    def action_sliders(self) -> None:
        """Say how it is now by two sliders, whatever is asked."""
        from musmed_tui.screens.sliders import SlidersScreen

        self._look()

        def rated(said: Said | None) -> None:
            if said is not None:
                self._rated(said.rating)

        screen = SlidersScreen(_QUESTIONS[Question.START], self._rating, glyphs=self._glyphs)
        self.app.push_screen(screen, rated)

    def _rated(self, rating: Rating) -> None:
        """The rating is kept with the session, and proposes where the path begins unless that was
        said otherwise already."""
        self._rating = rating
        start, place = self._fields[Question.START], rating.affect
        if place is not None and start.affect in (None, self._proposed):
            self._proposed = self._cursor = place
            start.put(place)
            self._take()
        self._show()

    def action_move(self) -> None:
        """The plane takes the arrows itself; this is for the list of keys."""

    def action_plane(self) -> None:
        self.set_focus(self.query_one(Circumplex))

    def action_moods(self) -> None:
        self._every_mood = not self._every_mood
        self._show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What the focus leaves a meaning to."""
        focused, ready = self.focused, self._asking.question is Question.READY
        on_plane = isinstance(focused, Circumplex)
        match action:
            case "take":
                return on_plane and not ready
            case "begin" | "missing":
                return ready == (action == "begin")
            case "move" | "plane":
                return on_plane == (action == "move")
            case "type" | "words_here":
                here = action == "words_here"
                return isinstance(focused, FeelingField if here else Input) == here
            case "again":
                last = self._last
                return last is not None and (parameters == (True,) or goes_on(last))
            case _:
                return True

    def action_missing(self) -> None:
        """Say what is missing: 'b' stands in the bottom line only where it begins."""
        self.action_begin()

    # everything else

    def action_example(self, number: int) -> None:
        """Fill the form with an example; nothing begins."""
        self._form.fill(EXAMPLES[number - 1])
        self._asking = self._asking.taken(self._answered)
        self.set_focus(self.query_one("#begin"))
        self._show()

    @on(WholeScreen.Shown)
    async def _fill(self) -> None:
        if stands(self):
            await self._form.rest.fill()
            self._show()

    @on(Button.Pressed, "#more")
    async def action_more(self) -> None:
        """Open the rest of the form, or close it."""
        await self._form.rest.fill()
        opened = not self.has_class("-more")
        within = self.focused is not None and self._form.rest in self.focused.ancestors
        self.set_class(opened, "-more")
        if opened:
            first = self.query_one("#strategy")
            self.set_focus(first)
            self.call_after_refresh(first.scroll_visible, animate=False)
        elif within:
            self.set_focus(self.query_one(MoreRow))
        self._show()

    @on(Select.Changed)
    @on(Input.Changed, "#minutes, #seed")
    def _changed(self) -> None:
        if self._whole:  # else it is the value that it was made with
            self._show()

    @on(Input.Submitted, "#minutes, #seed")
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
            request = self._form.request()
        except MusmedError as error:
            if not self._form.path()[0]:  # the minutes: what is wrong stands below the fields
                self.set_focus(self.query_one("#minutes"))
                return
            self.notify(str(error).replace("--", ""), severity="error", markup=False)
            return
        before = None if self._rating.is_none else self._rating
        self.post_message(self.Ready(request, before))

    # what is shown

    def _show(self) -> None:
        start, target = self._fields
        question, rest = self._asking.question, self._form.rest
        self.query_one("#ways", Words).say((self._said_of_ways(question), "$muted"))
        rest.show_about()
        self.query_one(MoreRow).say(self.has_class("-more"), rest.chosen)
        for i, name in enumerate(("start", "target")):
            self.query_one(f"#row-{name}").set_class(question == i, "-active")
        path, hint = self._form.path()
        asked = _QUESTIONS[question]
        if question is Question.READY and not path:
            asked = _MINUTES_LEFT
        self.query_one("#question", Words).say((asked, "bold"))
        focused, on_plane = self.focused, isinstance(self.focused, Circumplex)
        if isinstance(focused, FeelingField):
            hint = focused.trouble or hint or _beside(focused)
        elif on_plane and question is Question.READY and path:
            hint = _CHOSEN
        in_danger = [field for field in (start, target) if field.in_danger]
        hint = in_danger[0].trouble if in_danger else hint
        self.set_class(bool(in_danger), "-in-danger")
        self.query_one("#hint", Words).say((hint, "$text" if in_danger else "$muted"))
        ready = bool(path)
        self.query_one("#begin").set_class(ready, "-ready")
        self.refresh_bindings()
        total = path[-1][0] if path else 0.0
        self.query_one(Timeline).show(TimelineState(total=total))
        self.query_one(Circumplex).show(
            PlaneState(
                path=path,
                total=total,
                start=start.affect,
                target=target.affect,
                start_word=start.word,
                target_word=target.word,
                cursor=self._cursor if question is not Question.READY or on_plane else None,
                words=plane_words(self._table),
                every_mood=self._every_mood,
            )
        )

    def _said_of_ways(self, question: Question) -> str:
        """How the first question may be answered, or what the sliders said."""
        if self._rating.is_none:
            return _WAYS if question is Question.START else ""
        kept = "" if self._fields[0].affect in (None, self._proposed) else ", kept beside it"
        return f"sliders: {rating_in_words(self._rating)}{kept}"


def _beside(field: FeelingField) -> str:
    """What else the listener may mean, in few words."""
    return f"or {', '.join(field.near)}" if field.near else ""
