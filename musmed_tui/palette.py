"""The palette: one row a command, with its key, and every theme."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.visual import VisualType

from musmed_tui.key_words import bindings_of, key_name, mapped, title
from musmed_tui.themed_app import ThemeChoice

if TYPE_CHECKING:
    from musmed_tui.app import MusmedApp

KEY_WIDTH = 8


class Row(NamedTuple):
    """A command: its key ('' for none), what it does, and how; ``short`` is its word in the row of
    keys, by which it is found too."""

    key: str
    does: str
    run: Callable[[], object]
    short: str = ""


class Commands(Provider):
    """Every action of the screen that the palette lies over and of the app, and every theme."""

    async def discover(self) -> Hits:
        for row in self.rows():
            yield DiscoveryHit(self._shown(row, row.does), row.run, text=row.does)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for row in self.rows():
            if (score := max(matcher.match(row.does), matcher.match(row.short))) > 0:
                found = matcher.highlight(row.does)
                yield Hit(score, self._shown(row, found), row.run, text=row.does)

    def rows(self) -> Iterator[Row]:
        """In the order in which they stand."""
        app = cast("MusmedApp", self.app)
        for binding, owner in bindings_of(self.screen):
            run = partial(app.run_action, binding.action, owner)
            yield Row(key_name(mapped(binding, app.keys)), title(binding), run, binding.description)
        for name in app.shelf.order():
            yield Row("", f"Theme: {name}", ThemeChoice(app, name))

    def _shown(self, row: Row, does: str | Content) -> VisualType:
        return Content.assemble((f"{row.key:>{KEY_WIDTH}}  ", "bold"), does)
