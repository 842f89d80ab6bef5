"""Keys in words: how they are written, and what they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from textual.actions import parse
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import format_key
from textual.screen import Screen

_NAMES = {
    "minus": "-",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "arrows": "←↑↓→",
    "across": "←→",
    "delete": "Del",
    "home": "Home",
    "end": "End",
    "backspace": "Backspace",
    "insert": "Ins",
}
_LISTEN = {
    "check_in.begin", "session.pause", "session.stop", "session.louder", "session.softer",
    "session.forward", "session.backward", "session.sleep", "past.continue", "past.replay",
    "check_out.new", "app.quit", "app.quit_anywhere",
    "app.suspend",
}  # fmt: skip
_CHANGE = {
    "check_in.move", "check_in.take", "check_in.type", "check_in.words", "check_in.words_here",
    "check_in.sliders", "check_in.plane", "check_in.next", "check_in.more", "session.ease",
    "session.steer", "session.take", "session.leave", "session.type", "session.like",
    "session.dislike", "session.more", "session.less", "session.anew", "session.go_back",
    "session.adjust",
}  # fmt: skip


class Group(NamedTuple):
    """What serves one ``wish``, with a line of ``prose`` about it."""

    wish: str
    prose: str
    bindings: tuple[Binding, ...]


_LOOK = "Look and keep"
_WISHES = {
    "Listen": "It goes on by itself; these are for when it should not.",
    "Change where it goes": "You may change your mind at any time; the music follows.",
    _LOOK: "What the screen shows, and what stays of a session.",
}


def grouped(screen: Screen[Any], keys: Mapping[str, str]) -> list[Group]:
    """What can be done on ``screen``; ``keys`` are those that the listener gave it, by id."""
    found: dict[str, list[Binding]] = {wish: [] for wish in _WISHES}
    for binding, _ in bindings_of(screen):
        found[_wish(binding)].append(mapped(binding, keys))
    return [Group(wish, _WISHES[wish], tuple(those)) for wish, those in found.items() if those]


def _wish(binding: Binding) -> str:
    if binding.id in _LISTEN:
        return "Listen"
    return "Change where it goes" if binding.id in _CHANGE else _LOOK


def mapped(binding: Binding, keys: Mapping[str, str]) -> Binding:
    """``binding`` with the key that the listener gave it."""
    other = keys.get(binding.id or "")
    return binding.with_key(other) if other else binding


def bindings_of(screen: Screen[Any]) -> list[tuple[Binding, DOMNode]]:
    """Every binding of ``screen`` and of the app that says what it does (others are more keys for
    the same), in the order they were written, each with what its action belongs to."""
    owners: tuple[DOMNode, ...] = (screen, screen.app)
    return [
        (one, owner)
        for owner in owners
        for one in type(owner).BINDINGS
        if isinstance(one, Binding)
        and (one.description or one.tooltip)
        and owner.check_action(*_call(one.action)) is not False
    ]


def key_name(binding: Binding) -> str:
    """The first key of ``binding`` as it is written on it."""
    return written(binding.key.split(",")[0])


def written(key: str) -> str:
    """``key`` as Textual calls it, as it stands on the keyboard: '?', 'Esc', 'Ctrl-C', 'F2'."""
    *modifiers, bare = key.split("+")
    name = _NAMES.get(bare) or format_key(bare)
    if bare.startswith("f") and bare[1:].isdecimal():
        name = bare.upper()
    if modifiers and len(name) == 1:
        name = name.upper()
    return "-".join((*(one.capitalize() for one in modifiers), name))


def title(binding: Binding) -> str:
    """What ``binding`` does, in a phrase."""
    does = binding.tooltip or binding.description
    return does[:1].upper() + does[1:]


def _call(action: str) -> tuple[str, tuple[object, ...]]:
    _, name, parameters = parse(action)
    return name, parameters
