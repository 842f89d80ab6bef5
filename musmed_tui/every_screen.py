"""Every screen and widget that has keys of its own; only for who asks about all of them, since
most are not needed to begin."""

from __future__ import annotations

import importlib
import pkgutil

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen

import musmed_tui.screens
import musmed_tui.widgets
from musmed_tui.keymap import Place


def owners() -> tuple[type[DOMNode], ...]:
    """The app, and every screen and widget of musmed that has bindings."""
    from musmed_tui.app import MusmedApp

    found: dict[type[DOMNode], None] = {MusmedApp: None}
    for package in (musmed_tui.screens, musmed_tui.widgets):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, type) and issubclass(value, DOMNode) and _own(value):
                    found[value] = None
    return tuple(found)


def _own(owner: type[DOMNode]) -> bool:
    return owner.__module__.startswith("musmed_tui.") and "BINDINGS" in vars(owner)


def bindings_of_type(owner: type[DOMNode]) -> tuple[Binding, ...]:
    """What ``owner`` itself has."""
    return tuple(one for one in owner.BINDINGS if isinstance(one, Binding))


def places() -> tuple[Place, ...]:
    """What is heard at once: a screen's keys, with the app's where it lies over no other, and a
    widget's."""
    from musmed_tui.app import MusmedApp

    everywhere = bindings_of_type(MusmedApp)
    return tuple(
        Place(
            owner,
            bindings_of_type(owner) + (everywhere if _hears_the_app(owner) else ()),
        )
        for owner in owners()
        if not issubclass(owner, App)
    )


def _hears_the_app(owner: type[DOMNode]) -> bool:
    return issubclass(owner, Screen) and not issubclass(owner, ModalScreen)


def named_bindings() -> dict[str, tuple[Binding, ...]]:
    """Every binding by its id, sorted."""
    found: dict[str, dict[Binding, None]] = {}
    for owner in owners():
        for binding in bindings_of_type(owner):
            found.setdefault(binding.id or "", {})[binding] = None
    return {name: tuple(found[name]) for name in sorted(found) if name}
