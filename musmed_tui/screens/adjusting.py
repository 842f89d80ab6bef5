"""The faders: how the music is held, while it goes on."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Label

from engine.plan.wanted import FREE, Faders, FaderStep
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.faders import ENDS
from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.fader import Fader
from musmed_tui.widgets.slider import Slider
from musmed_tui.widgets.words import Part, Words
from musmed_tui.wording import ASCII, UNICODE, clock

MOST_APART = 2
"""Sentences on what pulls apart: one more is no calmer."""
_FOLLOWS = "The music follows the feeling. What you move is held."


class FaderCard(Vertical):
    """Four faders, and from when on what they say is heard. Posts ``Closed``; that one was moved
    ``Slider.Changed`` says."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,escape", "close", "done", key_display="enter",
                tooltip="Adjusting: put the faders away", id="faders.close"),
        Binding("across", "move", "move", key_display="←→", id="faders.move"),
        Binding("x,backspace,delete", "follow", "as it feels",
                tooltip="Adjusting: let this one follow the feeling again", id="faders.follow"),
        Binding("down,tab", "step(1)", show=False, tooltip="To the next fader", id="faders.next"),
        Binding("up,shift+tab", "step(-1)", show=False,
                tooltip="To the fader before", id="faders.previous"),
    ]  # fmt: skip

    class Closed(Message):
        """They are to be put away."""

    def __init__(self, glyphs: Glyphs = "braille", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._glyphs: Glyphs = glyphs

    def compose(self) -> ComposeResult:
        yield Label("how it plays", classes="heading")
        for name, ends in ENDS.items():
            yield Fader(ends.low, ends.high, glyphs=self._glyphs, id=f"fader-{name}")
        yield Words(id="fader-about")

    @property
    def faders(self) -> Faders:
        """How they stand."""
        values = {name: self._fader(name).value for name in ENDS}
        held = {name: value / 100 for name, value in values.items() if value is not None}
        return Faders(**held)

    def put(self, faders: Faders) -> None:
        """Stand so, and post nothing."""
        with self.prevent(Slider.Changed):
            for name in ENDS:
                value = getattr(faders, name)
                self._fader(name).put(None if value is None else round(100 * value))

    def open(self) -> None:
        """The keys are the first fader's."""
        self.screen.set_focus(self._fader(next(iter(ENDS))))

    def show(self, snapshot: Snapshot, waited_for: Faders | None, apart: tuple[str, ...]) -> None:
        """``waited_for``: what was moved or asked for and is not of the session yet; ``apart``:
        sentences on what pulls apart."""
        for name in ENDS:
            self._fader(name).feel(round(100 * (getattr(snapshot.felt, name) or 0.0)))
        about: list[Part] = [self._about(snapshot, waited_for)]
        for sentence in apart[:MOST_APART]:
            about += ["\n", (sentence, "$muted")]
        self.query_one("#fader-about", Words).say(*about)

    def _about(self, snapshot: Snapshot, waited_for: Faders | None) -> Part:
        marks = ASCII if self._glyphs == "ascii" else UNICODE
        if waited_for is not None:
            return f"{marks.composing} on its way", "$now"
        newest = snapshot.faders[-1] if snapshot.faders else FaderStep(0.0, FREE)
        since = newest.time
        if since > snapshot.position_s:
            return f"{marks.composing} heard from {clock(since)} on", "$now"
        if newest.faders == FREE:
            return _FOLLOWS, "$muted"
        return f"{marks.playing} heard since {clock(since)}", "$muted"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "follow":
            focused = self.screen.focused
            return isinstance(focused, Fader) and focused.value is not None
        return True

    def action_close(self) -> None:
        self.post_message(self.Closed())

    def action_move(self) -> None:
        """The fader takes the arrows itself; this is for the line of keys."""

    def action_follow(self) -> None:
        """This one follows the feeling again."""
        if isinstance(self.screen.focused, Fader):
            self.screen.focused.put(None)

    def action_step(self, step: int) -> None:
        """To the next fader, or the one before; behind the last comes the first."""
        all_of_them = list(self.query(Fader))
        focused = self.screen.focused
        at = all_of_them.index(focused) if isinstance(focused, Fader) else 0
        self.screen.set_focus(all_of_them[(at + step) % len(all_of_them)])

    def on_descendant_focus(self) -> None:
        self.screen.refresh_bindings()

    def _fader(self, name: str) -> Fader:
        return self.query_one(f"#fader-{name}", Fader)
