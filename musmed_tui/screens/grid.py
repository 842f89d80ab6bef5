"""The one grid of the screens that have a plane: where it stands and how large it is.

``grid.tcss`` is its style sheet; every such screen names it before its own. Rows, from above: one
that says what this is (``#status`` or ``#headline``), the sides (``#sides``: what has the class
``picture``, the plane or what is shown in its place, and what has the class ``panel``),
``#timeline``, the keys.
"""

from __future__ import annotations

from typing import ClassVar

from textual.geometry import Size

from musmed_tui.screens.shown_focus import ShownFocusScreen

SHEET = "grid.tcss"
NARROW, WIDE = 60, 100
"""Columns: below the first plane and panel don't stand side by side, from the second on the panel
is a wide one."""
SHORT = 18
"""Rows below which the timeline is one row."""
PLANE = Size(90, 45)
"""The largest place for a plane, in cells."""
PANEL, WIDE_PANEL = 39, 48
"""The fewest columns of a panel."""
TIMELINE, SHORT_TIMELINE = 3, 1
_FIRST_AND_KEYS = 2


class GridScreen(ShownFocusScreen):
    """Stands on the grid; ``SHEET`` is in its ``CSS_PATH``. ``PANEL_COLUMNS``: the fewest of its
    panel in a window that is not wide."""

    PANEL_COLUMNS: ClassVar[int] = PANEL

    def on_mount(self) -> None:
        self._divide(self.app.size)

    def on_resize(self) -> None:
        self._divide(self.app.size)

    def _divide(self, window: Size) -> None:
        """The columns between picture and panel; in a narrow window each has all of them."""
        width = "1fr" if window.width < NARROW else plane_size(window, self.PANEL_COLUMNS).width
        for picture in self.query(".picture"):
            picture.styles.width = width


def plane_size(window: Size, narrow_panel: int = PANEL) -> Size:
    """How large the plane's place is in a window of at least ``NARROW`` columns, in cells; it
    begins at the left in the second row."""
    panel = WIDE_PANEL if window.width >= WIDE else narrow_panel
    timeline = SHORT_TIMELINE if window.height < SHORT else TIMELINE
    height = max(0, window.height - _FIRST_AND_KEYS - timeline)
    return Size(min(PLANE.width, window.width - panel), min(PLANE.height, height))
