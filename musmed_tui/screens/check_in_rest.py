"""What of a request the check-in does not ask at once: it opens behind 'more'."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Label, Select

from engine.affect.path import Strategy
from engine.printable import one_line, visible
from musmed_tui.settings import Settings
from musmed_tui.widgets.choice import Choice, NumberLine, RowButton
from musmed_tui.widgets.words import Words

_WAYS = (("small steps", "iso"), ("straight there", "direct"))
_CHANGES = {"never": 0.0, "hardly": 0.1, "now and then": 0.3, "often": 0.6, "all the time": 1.0}
"""How readily players change, 0 to 1."""
_COMPOSERS = {"auto": "chosen for you", "embedded": "musmed's own"}
_AS_ASKED = "as the mood asks"
_ABOUT = {
    "iso": "Small steps start where you are. Whether they help more than going straight there is "
    "not settled by studies so far.",
    "direct": "Goes to the target at once. Whether that helps less than small steps do is not "
    "settled by studies so far.",
}
_CLOSED = "way, players, style"


class MoreRow(RowButton):
    """Opens the rest, and closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "press",
            "open or close",
            key_display="enter",
            tooltip="Open the rest, or close it",
            id="check_in.more_here",
        ),
    ]

    def say(self, opened: bool, chosen: str) -> None:
        """``chosen``: what of the rest is not as usual."""
        does = "less" if opened else f"more: {chosen or _CLOSED}"
        self.label = Content.assemble(("a", "bold"), f" {visible(does)}")


class RestOfForm(Vertical):
    """Six rows; each has a default. They are made by ``fill``, when the screen stands: until then
    everything is as the settings have it."""

    def __init__(self, settings: Settings, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._settings = settings
        self._filling = asyncio.Lock()
        self._filled = False
        self._usual = {
            "strategy": settings.strategy,
            "instrument": settings.instrument or "",
            "genre": settings.genre or "",
            "change": repr(settings.temperature),
            "composer": settings.composer,
        }

    async def fill(self) -> None:
        """Make the rows, unless they are there. Keys may come meanwhile: whoever asks for the rows
        waits until all of them are there, and until then everything is as usual."""
        async with self._filling:
            if not self._filled:
                await self.mount_all(self._rows())
                self._filled = True

    def _rows(self) -> ComposeResult:
        from engine.composers.base import composer_names
        from engine.plan.words import tag_statistics

        settings, statistics = self._settings, tag_statistics()
        yield from row("way", choice(_WAYS, settings.strategy, id="strategy"))
        yield from row("players", _tags(statistics.instruments, settings.instrument, "instrument"))
        yield from row("style", _tags(statistics.genres, settings.genre, "genre"))
        yield from row("players change", self._change())
        yield from row("piece number", number_line("", id="seed", placeholder="a new piece"))
        names = dict.fromkeys(("auto", *composer_names(), settings.composer))
        composers = [(_composer(name), name) for name in names]
        yield from row("composed by", choice(composers, settings.composer, id="composer"))
        yield Words(id="about")

    def _change(self) -> Choice:
        """A number of the settings that no word stands for is kept as it is."""
        known = [(word, repr(number)) for word, number in _CHANGES.items()]
        here = repr(self._settings.temperature)
        if self._settings.temperature not in _CHANGES.values():
            known.insert(0, ("as you set it", here))
        return choice(known, here, id="change")

    @property
    def strategy(self) -> Strategy:
        return "direct" if self._selected("strategy") == "direct" else "iso"

    @property
    def instrument(self) -> str | None:
        return self._selected("instrument") or None

    @property
    def genre(self) -> str | None:
        return self._selected("genre") or None

    @property
    def change(self) -> float:
        """How readily players change, 0 to 1."""
        return float(self._selected("change"))

    @property
    def piece(self) -> str | None:
        """The number that makes the same piece again, as it was typed; None: a new piece."""
        return self.query_one("#seed", Input).value.strip() or None if self._filled else None

    @property
    def composer(self) -> str:
        return self._selected("composer")

    @property
    def chosen(self) -> str:
        """What is not as usual, in words; '' where all is."""
        return ", ".join(self._unusual())

    def _unusual(self) -> Iterator[str]:
        usual = Settings()
        if self.strategy != usual.strategy:
            yield _WAYS[1][0]
        if pinned := [tag for tag in (self.instrument, self.genre) if tag]:
            from engine.plan.words import spelled

            yield from map(spelled, pinned)
        if self.change != usual.temperature:
            words = [word for word, number in _CHANGES.items() if number == self.change]
            yield f"players change {words[0]}" if words else "players change as set"
        if self.piece:
            yield f"piece {one_line(self.piece)}"
        if self.composer != usual.composer:
            yield f"composed by {_composer(self.composer)}"

    def show_about(self) -> None:
        if self._filled:
            self.query_one("#about", Words).say((_ABOUT[self.strategy], "$muted"))

    def _selected(self, name: str) -> str:
        select = self.query_one(f"#{name}", Select) if self._filled else None
        if select is None or select.is_blank():  # it has its value only a moment after it is there
            return self._usual[name]
        return str(select.value)


def row(label: str, control: Widget, *, active: bool = False) -> ComposeResult:
    """A control with its name before it; ``active``: it is asked for."""
    classes = "row -active" if active else "row"
    yield Horizontal(
        Label(label, classes="label"), control, classes=classes, id=f"row-{control.id}"
    )


def number_line(value: str, *, id: str, placeholder: str = "") -> Input:  # noqa: A002
    return NumberLine(value, id=id, placeholder=placeholder, compact=True, select_on_focus=True)


def choice(
    options: Sequence[tuple[str, str]],
    value: str,
    *,
    id: str,  # noqa: A002
) -> Choice:
    return Choice(options, value=value, allow_blank=False, compact=True, id=id)


def _tags(tags: tuple[str, ...], value: str | None, name: str) -> Choice:
    from engine.plan.words import spelled

    options = [(_AS_ASKED, ""), *((spelled(tag), tag) for tag in tags)]
    return choice(options, value or "", id=name)


def _composer(name: str) -> str:
    return _COMPOSERS.get(name) or one_line(PurePath(name).name)
