"""A screen that is shown when it is whole, and never before.

Textual shows a new screen as soon as it has places for its widgets, and what they say comes some
frames later: an empty frame between any two screens. It also lays a screen out for the window as it
was, or for none, before it knows the classes for the window's size (``-narrow`` and the like): a
frame of another window's layout, in which the plane may have no room and loses the focus.
"""

from __future__ import annotations

from textual.events import ScreenResume
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen, ScreenResultType

from musmed_tui.widgets.transport import Transport


class WholeScreen(Screen[ScreenResultType]):
    """Draws nothing until all that is said when it is mounted, or by ``call_after_refresh`` from
    then, has been said; what was on the terminal stays there."""

    _whole = _stands = False

    class Shown(Message):
        """The screen stands on the terminal for the first time: what can wait for that begins."""

    def on_compose(self) -> None:  # before Textual's own: nothing has to be styled again
        self._sort_by_size(self.app.size)

    def on_mount(self) -> None:  # behind the one of the class that inherits
        self.call_after_refresh(self.call_after_refresh, self._reveal)

    def on_screen_resume(self, event: ScreenResume) -> None:  # before Textual's own
        if not self._whole:  # what was made just now has its styles
            event.refresh_styles = False

    def on_resize(self) -> None:  # before Textual's own, which lays out
        self._sort_by_size(self.app.size)

    def _sort_by_size(self, size: Size) -> None:
        """The classes for a window of this size, on the screen before its next layout."""
        app = self.app
        ways = (
            (size.width, app.HORIZONTAL_BREAKPOINTS or []),
            (size.height, app.VERTICAL_BREAKPOINTS or []),
        )
        classes: dict[str, bool] = {}
        for cells, breakpoints in ways:
            chosen = max((one for one in breakpoints if one[0] <= cells), default=(0, ""))[1]
            classes |= {name: name == chosen for _, name in breakpoints}
        self.update_classes(classes, animate=False)

    def _reveal(self) -> None:
        for line in self.query(Transport):
            line.write()
        self._whole = True
        self.refresh(repaint=True, layout=True)

    def _compositor_refresh(self) -> None:
        """Textual's: draw what has changed. What is left undrawn is drawn with the next."""
        if self._whole:
            super()._compositor_refresh()
            if not self._stands:
                self._stands = True
                self.post_message(self.Shown())
