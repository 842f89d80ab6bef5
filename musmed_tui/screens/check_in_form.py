"""The check-in's form: the two feelings and everything else, by default, as a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Input

from engine.affect.circumplex import Affect
from engine.affect.feelings import feeling
from engine.affect.offered import Example
from engine.affect.path import GENTLE_SPEED, gentle_seconds, plan_path, speed
from engine.errors import MusmedError
from musmed_tui.screens.check_in_offers import Offers
from musmed_tui.screens.check_in_rest import MoreRow, RestOfForm, number_line, row
from musmed_tui.screens.feeling_field import FeelingField
from musmed_tui.settings import Loaded, parse_number
from musmed_tui.widgets.choice import BeginButton
from musmed_tui.widgets.words import Words
from musmed_tui.wording import length

if TYPE_CHECKING:
    from engine.plan.request import Request

_LIST = "The down arrow opens a list of those it does."


class CheckInForm(VerticalScroll, can_focus=False):
    """The fields of a request, under a question and the ways to answer it."""

    def __init__(self, loaded: Loaded, *, id: str, classes: str) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._loaded = loaded

    def compose(self) -> ComposeResult:
        settings = self._loaded.settings
        yield Words(id="question")
        yield Words(id="ways")
        start = FeelingField("a word", id="start", otherwise=_LIST)
        yield from row("from", start, active=True)
        yield from row("to", FeelingField("a word", id="target", wanted=True, otherwise=_LIST))
        yield Words(id="hint")
        yield from row("minutes", number_line(f"{settings.minutes:g}", id="minutes"))
        yield BeginButton("Begin", id="begin", compact=True)
        yield MoreRow("", id="more", compact=True)
        yield RestOfForm(settings, id="rest")
        yield Offers(id="offers")

    @property
    def feelings(self) -> tuple[FeelingField, FeelingField]:
        """How they feel, and how they want to feel."""
        return self.query_one("#start", FeelingField), self.query_one("#target", FeelingField)

    @property
    def rest(self) -> RestOfForm:
        return self.query_one(RestOfForm)

    def fill(self, example: Example) -> None:
        """Take the feelings and the minutes of ``example``."""
        for field, word in zip(self.feelings, (example.start, example.target), strict=True):
            field.choose(feeling(word))
        self.query_one("#minutes", Input).value = str(example.minutes)

    def request(self) -> Request:
        """Of the values that are chosen, both feelings among them. Raises ``MusmedError`` for a
        number that is none."""
        from engine.plan.request import Request
        from musmed_tui.asked import Asked
        from musmed_tui.options import (
            check,
            composer_of,
            generation_of,
            gentle_of,
            mood_table_of,
            number,
            seed_of,
        )

        start, target = self.feelings
        assert start.affect is not None
        assert target.affect is not None
        settings, rest = self._loaded.settings, self.rest
        request = Request(
            start=start.affect,
            target=target.affect,
            start_word=start.word,
            target_word=target.word,
            minutes=number("minutes", self._typed_in("minutes"), settings.minutes),
            strategy=rest.strategy,
            instrument=rest.instrument,
            genre=rest.genre,
            temperature=rest.change,
            seed=seed_of(rest.piece),
            composer=composer_of(rest.composer),
            generation=generation_of(Asked(), settings),
            mood_table=mood_table_of(self._loaded),
            gentle=gentle_of(Asked(), settings),
        )
        check(request, Asked(), self._loaded)
        return request

    def path(self) -> tuple[tuple[tuple[float, Affect], ...], str]:
        """The path as chosen so far, and what there is to say about its speed."""
        start, target = (field.affect for field in self.feelings)
        if start is None or target is None:
            return (), ""
        try:
            minutes = parse_number("minutes", self._typed_in("minutes") or "15", "minutes")
        except MusmedError as error:
            return (), str(error)
        path = plan_path(start, target, 60.0 * minutes, self.rest.strategy)
        points = tuple((point.time, point.affect) for point in path.waypoints)
        if speed(path) <= GENTLE_SPEED + 1e-9:
            return points, ""
        gentle = -int(-gentle_seconds(start.distance(target)) // 60)
        return points, f"A long way for {length(minutes)}; {gentle} would be gentle."

    def _typed_in(self, name: str) -> str | None:
        return self.query_one(f"#{name}", Input).value.strip() or None
