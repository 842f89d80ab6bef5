"""The check-in's form: the two feelings and everything else, by default, as a request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Label, Select

from engine.affect.circumplex import Affect
from engine.affect.path import GENTLE_SPEED, Strategy, gentle_seconds, plan_path, speed
from engine.composers.base import composer_names
from engine.errors import MusmedError
from engine.plan.request import Request
from engine.plan.words import spelled, tag_statistics
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
from musmed_tui.screens.feeling_field import FeelingField
from musmed_tui.settings import Loaded, parse_number
from musmed_tui.widgets.choice import BeginButton, Choice, NumberLine
from musmed_tui.widgets.words import Words
from musmed_tui.wording import length

_WAYS = (("small steps (iso)", "iso"), ("straight there (direct)", "direct"))
_LIST = "The down arrow opens a list of those it does."


class CheckInForm(VerticalScroll, can_focus=False):
    """The fields of a request, under a question and the ways to answer it."""

    def __init__(self, loaded: Loaded, *, id: str, classes: str) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._loaded = loaded

    def compose(self) -> ComposeResult:
        settings = self._loaded.settings
        statistics = tag_statistics()
        yield Words(id="question")
        yield Words(id="ways")
        yield from _row("from", FeelingField("a word", id="start", otherwise=_LIST))
        yield from _row("to", FeelingField("a word", id="target", wanted=True, otherwise=_LIST))
        yield Words(id="hint")
        yield from _row("minutes", _number(f"{settings.minutes:g}", id="minutes"))
        yield from _row("way", _choice(_WAYS, settings.strategy, id="strategy"))
        yield Words(id="about")
        yield from _row(
            "instrument", _tags(statistics.instruments, settings.instrument, "instrument")
        )
        yield from _row("genre", _tags(statistics.genres, settings.genre, "genre"))
        yield from _row("temperature", _number(f"{settings.temperature:g}", id="temperature"))
        yield from _row("seed", _number("", id="seed", placeholder="drawn"))
        names = dict.fromkeys(("auto", *composer_names(), settings.composer))
        composers = [(PurePath(name).name, name) for name in names]
        yield from _row("composer", _choice(composers, settings.composer, id="composer"))
        yield BeginButton("Begin", id="begin", compact=True)

    @property
    def feelings(self) -> tuple[FeelingField, FeelingField]:
        """How they feel, and how they want to feel."""
        return self.query_one("#start", FeelingField), self.query_one("#target", FeelingField)

    @property
    def strategy(self) -> Strategy:
        return "direct" if self._selected("strategy") == "direct" else "iso"

    def request(self) -> Request:
        """Of the values that are chosen, both feelings among them. Raises ``MusmedError`` for a
        number that is none."""
        start, target = self.feelings
        assert start.affect is not None
        assert target.affect is not None
        settings = self._loaded.settings
        request = Request(
            start=start.affect,
            target=target.affect,
            start_word=start.word,
            target_word=target.word,
            minutes=number("minutes", self._typed_in("minutes"), settings.minutes),
            strategy=self.strategy,
            instrument=self._selected("instrument") or None,
            genre=self._selected("genre") or None,
            temperature=number("temperature", self._typed_in("temperature"), settings.temperature),
            seed=seed_of(self._typed_in("seed")),
            composer=composer_of(self._selected("composer")),
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
        path = plan_path(start, target, 60.0 * minutes, self.strategy)
        points = tuple((point.time, point.affect) for point in path.waypoints)
        if speed(path) <= GENTLE_SPEED + 1e-9:
            return points, ""
        gentle = -int(-gentle_seconds(start.distance(target)) // 60)
        return points, f"A long way for {length(minutes)}; {gentle} would be gentle."

    def _typed_in(self, name: str) -> str | None:
        return self.query_one(f"#{name}", Input).value.strip() or None

    def _selected(self, name: str) -> str:
        return str(self.query_one(f"#{name}", Select).value)


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
