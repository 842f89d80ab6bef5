"""What the check-in offers beside its questions: the last session, and three examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from textual.app import ComposeResult
from textual.containers import Vertical

from engine.affect.offered import EXAMPLES
from engine.printable import one_line
from musmed_tui.widgets.key_words import KeyWord, KeyWords
from musmed_tui.widgets.words import Words
from musmed_tui.wording import clock, length, named

if TYPE_CHECKING:
    from engine.listener.history import Past


class Keeper(Protocol):
    """Who knows the sessions of the past."""

    def page(self, count: int, before: str | None = None) -> tuple[Past, ...]: ...


class Offers(Vertical):
    """The last session, where there is one, over the examples."""

    def compose(self) -> ComposeResult:
        yield Words(id="last")
        yield KeyWords(id="last-keys")
        yield KeyWords(id="examples")

    def on_mount(self) -> None:
        rows = [[KeyWord(str(i), one.said)] for i, one in enumerate(EXAMPLES, start=1)]
        self.query_one("#examples", KeyWords).show(rows)
        self.show_last(None)

    def show_last(self, past: Past | None) -> None:
        self.set_class(past is not None, "-heard")
        self.query_one("#last", Words).say((last_time(past) if past else "", "$muted"))
        keys = [KeyWord("r", "again"), KeyWord("p", "all")]
        if past is not None and goes_on(past):
            keys.insert(0, KeyWord("c", "continue"))
        self.query_one("#last-keys", KeyWords).show([keys])


def last_time(past: Past) -> str:
    """'last time: tense to calm, 15 minutes, stopped at 6:27'."""
    from engine.plan.story import story

    way = one_line(named(past.name, story(past.request, past.events)))
    ended = f"stopped at {clock(past.heard)}" if goes_on(past) else "heard to its end"
    return f"last time: {way}, {length(past.request.minutes)}, {ended}"


def goes_on(past: Past) -> bool:
    """Whether there is more of it to hear."""
    return past.state != "finished"
