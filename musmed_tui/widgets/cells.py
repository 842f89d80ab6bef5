"""A widget that shows rows of cells and repaints those that changed."""

from __future__ import annotations

import itertools
import math
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.color import Lab, lab_to_rgb, rgb_to_lab
from textual.geometry import Region
from textual.strip import Strip
from textual.style import Style as VisualStyle
from textual.widget import Widget

from musmed_tui.drawing.raster import Row, changes

PALER = 0.4
"""How much of the chroma a colour half-way between two has lost."""


class CellsWidget(Widget):
    """Shows a picture of ``Row``s. A full refresh sends 20 times the bytes of what changed, so
    ``paint`` refreshes the differing stretches only."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._rows: list[Row] = []
        self._styles: dict[int, Style] = {}

    def picture(self, width: int, height: int) -> list[Row]:
        """The whole picture for this size."""
        raise NotImplementedError

    def role_style(self, role: int) -> VisualStyle:
        """What a role looks like."""
        raise NotImplementedError

    def paint(self) -> None:
        """Bring the screen up to date with what there is to show."""
        width, height = self.size
        if not width or not height or not self.is_mounted:
            return
        before, self._rows = self._rows, self.picture(width, height)
        if len(before) != height or len(before[0]) != width:
            self.refresh()
            return
        for x, y, length in changes(before, self._rows):
            self.refresh(Region(x, y, length, 1))

    def on_resize(self) -> None:
        self.paint()

    def notify_style_update(self) -> None:
        """The theme changed."""
        self._styles.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        if y >= len(self._rows):
            return Strip.blank(self.size.width, self.visual_style.rich_style)
        segments = [
            Segment("".join(cell.glyph for cell in cells), self._style(role))
            for role, cells in itertools.groupby(self._rows[y], key=lambda cell: cell.role)
        ]
        return Strip(segments, len(self._rows[y]))

    def _style(self, role: int) -> Style:
        found = self._styles.get(role)
        if found is None:
            style = self.role_style(role) if role else self.visual_style
            found = self._styles[role] = style.rich_style
        return found


def blended(one: VisualStyle, other: VisualStyle, share: float) -> VisualStyle:
    """``one`` with ``share`` (0 to 1) of the way to the colour of ``other``.

    Around the colour wheel (CIE LCh) by the shorter way: straight across, amber and blue would
    meet in the grey of quiet text. Paler in between, where the wheel has the red of an alarm.
    Between two of the terminal's own, which nobody knows, it is the one that is nearer.
    """
    if one.foreground is None or other.foreground is None:
        return one
    if one.foreground.ansi is not None or other.foreground.ansi is not None:
        return one if share < 0.5 else one + VisualStyle(foreground=other.foreground)
    start, end = rgb_to_lab(one.foreground), rgb_to_lab(other.foreground)
    turn = math.remainder(_hue(end) - _hue(start), 2 * math.pi)
    hue = _hue(start) + share * turn
    chroma = (1 - share) * math.hypot(start.a, start.b) + share * math.hypot(end.a, end.b)
    chroma *= 1 - 4 * PALER * share * (1 - share)
    light = (1 - share) * start.L + share * end.L
    mixed = lab_to_rgb(Lab(light, chroma * math.cos(hue), chroma * math.sin(hue)))
    return one + VisualStyle(foreground=mixed.clamped)


def _hue(colour: Lab) -> float:
    return math.atan2(colour.b, colour.a)
