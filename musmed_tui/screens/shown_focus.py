"""A screen on which the focus is never in something that is not shown.

Whoever has the focus is asked about every key first, and a field takes letters and space for
itself. In a hidden field that is the death of the keys for pause, ease and stop, so it is ruled
out here and not screen by screen: Textual gives the focus away in more ways (when a screen comes
back, when the terminal is looked at again) than its owner sees, and asks in none of them whether
what gets it is displayed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar

from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widget import Widget

from musmed_tui.screens.whole import WholeScreen

_Given = ParamSpec("_Given")
_ScreenT = TypeVar("_ScreenT", bound="Screen[Any]")


class ShownFocusScreen(WholeScreen[None]):
    """Focuses nothing by itself. What can't be seen is not given the focus, and what is hidden
    while it has it loses it after the next layout."""

    AUTO_FOCUS: ClassVar[str | None] = ""

    def on_mount(self) -> None:
        self.screen_layout_refresh_signal.subscribe(self, self._look_at_focus)

    def set_focus(
        self,
        widget: Widget | None,
        scroll_visible: bool = True,
        from_app_focus: bool = False,
    ) -> None:
        if widget is not None and not is_displayed(widget):
            self.update_node_styles(animate=False)  # a class just set may have brought it up
            if not is_displayed(widget):
                widget = None
        super().set_focus(widget, scroll_visible, from_app_focus)

    def _look_at_focus(self, _screen: Screen[object]) -> None:
        if self.focused is not None and not is_shown(self.focused):
            self.set_focus(None)


def while_open(
    show: Callable[Concatenate[_ScreenT, _Given], None],
) -> Callable[Concatenate[_ScreenT, _Given], None]:
    """For a screen's method that shows something: a screen that closes loses its widgets one by
    one, and one that the app closes before it was mounted may have none. That is no defect then;
    on a screen that stands it is."""

    @functools.wraps(show)
    def shown(screen: _ScreenT, /, *given: _Given.args, **more: _Given.kwargs) -> None:
        try:
            show(screen, *given, **more)
        except NoMatches:
            if stands(screen):
                raise

    return shown


def stands(screen: Screen[Any]) -> bool:
    """Whether ``screen`` has all its widgets: it is mounted and nobody has begun to close it."""
    closes = screen._closing or screen._pruning or screen.app._closing or screen.app._exit
    return screen.is_mounted and not closes and screen in screen.app.screen_stack


def is_displayed(widget: Widget) -> bool:
    """Whether nothing hides ``widget``, be it laid out yet or not."""
    chain = (node for node in widget.ancestors_with_self if isinstance(node, Widget))
    return widget.is_attached and all(node.display and node.visible for node in chain)


def is_shown(widget: Widget) -> bool:
    """Whether ``widget`` is displayed and has room. One that is scrolled out of view has."""
    chain = (node for node in widget.ancestors_with_self if isinstance(node, Widget))
    return is_displayed(widget) and all(node.size.area > 0 for node in chain)
