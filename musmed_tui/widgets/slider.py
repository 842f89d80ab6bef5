"""A slider from 0 to 100 that may be left out: a line with its two ends in words."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widget import Widget

from engine.listener.ratings import HIGHEST, MIDDLE
from musmed_tui.drawing.raster import Glyphs

STEP, BIG_STEP = 2, 10


class Slider(Widget, can_focus=True):
    """Shows a ``value`` from 0 to 100, or that nothing was said (None).

    After the Affective Slider no figure stands on it, and it has no handle before it was touched,
    so that nothing is proposed. With the focus, arrows and h and l move the handle (with shift in
    big steps; the first one begins in the middle), Home and End go to the ends; a click or a drag
    puts it there. ``Changed`` is posted whenever the value is another.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"slider--line", "slider--handle", "slider--end"}
    DEFAULT_CSS = """
    Slider {
        height: 2;
        .slider--line { color: $muted 55%; }
        .slider--handle { color: $foreground; text-style: bold; }
        .slider--end { color: $muted; }
    }
    Slider:focus {
        .slider--line { color: $now; }
        .slider--handle { color: $now; text-style: bold; }
        .slider--end { color: $now; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left,h", f"move(-{STEP})", show=False, tooltip="A step to the left", id="slider.left"
        ),
        Binding(
            "right,l", f"move({STEP})", show=False, tooltip="A step to the right", id="slider.right"
        ),
        Binding(
            "shift+left,H",
            f"move(-{BIG_STEP})",
            show=False,
            tooltip="Far to the left",
            id="slider.far_left",
        ),
        Binding(
            "shift+right,L",
            f"move({BIG_STEP})",
            show=False,
            tooltip="Far to the right",
            id="slider.far_right",
        ),
        Binding(
            "home", f"move(-{HIGHEST})", show=False, tooltip="To the left end", id="slider.lowest"
        ),
        Binding(
            "end", f"move({HIGHEST})", show=False, tooltip="To the right end", id="slider.highest"
        ),
    ]

    class Changed(Message):
        """The value is another, or the slider was clicked."""

    def __init__(
        self,
        low: str,
        high: str,
        value: int | None = None,
        *,
        glyphs: Glyphs = "braille",
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._low, self._high = low, high
        self._value = value
        self._line, self._handle = ("-", "o") if glyphs == "ascii" else ("─", "●")

    @property
    def value(self) -> int | None:
        return self._value

    def put(self, value: int | None) -> None:
        """Stand at ``value``; None: nothing was said."""
        if value != self._value:
            self._value = value
            self.refresh()
            self.post_message(self.Changed())

    @property
    def begins(self) -> int:
        """Where the handle is first taken from."""
        return round(MIDDLE)

    @property
    def state(self) -> str:
        """What stands between the ends, where it has room."""
        return "nothing said" if self._value is None else ""

    def action_move(self, step: int) -> None:
        here = self.begins if self._value is None else self._value
        self.put(min(HIGHEST, max(0, here + step)))

    # the mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.capture_mouse()
        self._point(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.app.mouse_captured is self:
            self._point(event)

    def on_mouse_up(self) -> None:
        self.release_mouse()

    def _point(self, event: events.MouseEvent) -> None:
        last = max(1, self.content_size.width - 1)
        x = min(last, max(0, event.get_content_offset_capture(self).x))
        self.put(round(HIGHEST * x / last))

    # what is seen

    def render(self) -> RenderResult:
        width = self.content_size.width
        return Content.assemble(*self.cells(width), "\n", (self._ends(width), self._style("end")))

    def cells(self, width: int) -> list[tuple[str, Style]]:
        """The line and what stands on it, ``width`` columns in all."""
        line, handle = self._style("line"), self._style("handle")
        if self._value is None:
            return [(self._line * width, line)]
        at = column(self._value, width)
        return [
            (self._line * at, line),
            (self._handle, handle),
            (self._line * (width - 1 - at), line),
        ]

    def _ends(self, width: int) -> str:
        said, gap = self.state, width - len(self._low) - len(self._high)
        between = said.center(gap) if len(said) + 2 <= gap else " " * gap
        return f"{self._low}{between}{self._high}"

    def _style(self, part: str) -> Style:
        return self.get_visual_style(f"slider--{part}")


def column(value: float, width: int) -> int:
    """Where ``value`` of 100 lies on a line of ``width`` columns."""
    return round(value * (width - 1) / HIGHEST)
