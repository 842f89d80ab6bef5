"""``keys.toml``: other keys for what musmed does, checked whole before one is heard.

A line names what is done and the key for it (``"session.pause" = "p"``), or several in brackets.
What is wrong is said in a sentence, and that one keeps the key it has.
"""

from __future__ import annotations

import difflib
import string
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import KEY_ALIASES, Keys, _character_to_key
from textual.widgets import Input

from engine.errors import MusmedError
from engine.printable import one_line
from musmed_tui.key_words import title, written
from musmed_tui.settings import parse_toml, read_text

FIXED = frozenset({
    "app.commands_anywhere", "app.quit_anywhere", "app.suspend", "check_in.move", "sliders.move",
    "faders.move", "words.jump",
})  # fmt: skip
"""What has one key: what is for anywhere, and what goes by arrows or letters as such."""
RESERVED = frozenset({"ctrl+c", "ctrl+q", "ctrl+z", "ctrl+p"})
"""Heard before any other key, wherever one is."""
FAMILIAR = frozenset({"escape", "enter", "tab", "shift+tab"})
"""They lead back, take and go on wherever one is: no more may be put on them, so that they do."""
_TWINS = {twin: key for key, twins in KEY_ALIASES.items() for twin in twins}
"""What most terminals send as another key, which it is then."""
MOST_KEYS = 8
_MODIFIERS = ("ctrl", "shift", "alt")

Keymap = dict[str, str]


class Place(NamedTuple):
    """A screen or widget, and the bindings that are heard at once while it is there."""

    owner: type[DOMNode]
    bindings: tuple[Binding, ...]


class Read(NamedTuple):
    """The keys that hold, each id's with commas between them, and what was wrong."""

    keys: Keymap
    troubles: tuple[str, ...]


def read_keymap(path: Path) -> Read:
    """The keymap in the file at ``path``; none is fine, and one that can't be read is said."""
    try:
        text = read_text(path, "keymap")
        entries = dict(_flat(parse_toml(path, text, "keymap")))
    except MusmedError as error:
        return Read({}, (str(error),))
    if not entries:
        return Read({}, ())
    from musmed_tui.every_screen import places

    return checked(entries, places(), str(path))


def checked(entries: dict[str, object], places: Iterable[Place], named: str) -> Read:
    """Those of ``entries`` (id: key, or list of keys) that can hold in ``places``."""
    places = tuple(places)
    known = _known(places)
    keys: Keymap = {}
    troubles: list[str] = []
    for name, value in entries.items():
        try:
            keys[name] = ",".join(_keys_for(name, value, known))
        except ValueError as error:
            troubles.append(f"{named}: {error}")
    while clash := _clash(keys, places):
        name, key, other = clash
        del keys[name]
        stays = written(known[name][0][0].key.split(",")[0])
        troubles.append(
            f"{named}: {written(key)} can't be {name}'s, it is {other.id}'s "
            f"({title(other)}); {name} stays {stays}."
        )
    return Read(keys | _neighbours(keys, places), tuple(troubles))


def _neighbours(keys: Keymap, places: tuple[Place, ...]) -> Keymap:
    """What shares its key with one of ``keys``, at another moment, and keeps it: Textual takes a
    key from all that have it."""
    kept: Keymap = {}
    for _, bindings in places:
        freed = {key for one in bindings if one.id in keys for key in default_keys((one,))}
        for one in bindings:
            if one.id and one.id not in keys and freed & set(default_keys((one,))):
                same = [other for other in bindings if other.id == one.id]
                kept[one.id] = ",".join(default_keys(same))
    return kept


def default_keys(bindings: Iterable[Binding]) -> tuple[str, ...]:
    """The keys of ``bindings`` as Textual calls them."""
    return tuple(_full(key) for binding in bindings for key in binding.key.split(","))


_Known = dict[str, list[tuple[Binding, type[DOMNode]]]]


def _known(places: tuple[Place, ...]) -> _Known:
    known: _Known = {}
    for owner, bindings in places:
        for binding in bindings:
            if binding.id:
                known.setdefault(binding.id, []).append((binding, owner))
    return known


def _keys_for(name: str, value: object, known: _Known) -> tuple[str, ...]:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else "; 'musmed keys' lists what there is."
        raise ValueError(f"nothing is called {one_line(name)[:60]!r}{hint}")
    if name in FIXED:
        raise ValueError(f"{name} has a key that can't be another.")
    given = value if isinstance(value, list) else [value]
    if not 1 <= len(given) <= MOST_KEYS or not all(isinstance(one, str) for one in given):
        raise ValueError(f'{name} must be a key in quotes, such as "p", or up to 8 in brackets.')
    keys = tuple(dict.fromkeys(_key(name, str(one)) for one in given))
    own = default_keys(binding for binding, _ in known[name])
    if taken := next((key for key in keys if key in FAMILIAR and key not in own), None):
        raise ValueError(f"{name} can't be {written(taken)}, which is needed as it is.")
    if _must_work_while_typing(known[name]) and (typed := next(filter(_is_typed, keys), None)):
        raise ValueError(
            f"{name} works while one types, so it can't be {written(typed)}; it needs a key that "
            'writes nothing, such as "f6" or "ctrl+g".'
        )
    return keys


def _key(name: str, given: str) -> str:
    key = _full(given.strip() or given)
    *modifiers, bare = key.split("+")
    fine = set(modifiers) <= set(_MODIFIERS) and len(set(modifiers)) == len(modifiers)
    if not fine or bare not in _key_names():
        raise ValueError(f"{name}: there is no key called {one_line(given)[:40]!r}.")
    if twin := _TWINS.get(key):
        raise ValueError(
            f"{name} can't be {written(key)}, which is {written(twin)} in most terminals."
        )
    if key in RESERVED:
        raise ValueError(f"{name} can't be {written(key)}, which does the same everywhere.")
    return "+".join((*(one for one in _MODIFIERS if one in modifiers), bare))


def _full(key: str) -> str:
    return _character_to_key(key) if len(key) == 1 else key


@cache
def _key_names() -> frozenset[str]:
    named = {key.value for key in Keys if "+" not in key.value and not key.value.startswith("<")}
    plain = {_character_to_key(one) for one in string.printable.strip() + " "}
    return frozenset((named | plain) - {"ignore"} | {"space"})


@cache
def _is_typed(key: str) -> bool:
    """Whether a field takes ``key`` as a character."""
    return key in {_character_to_key(one) for one in string.printable.strip() + " "}


def _must_work_while_typing(bindings: list[tuple[Binding, type[DOMNode]]]) -> bool:
    """Whether it would be out of reach in a field if its key were a letter: it is heard there, and
    no key of it writes one."""
    heard = [one for one, owner in bindings if _heard_in_fields(owner)]
    return bool(heard) and not any(map(_is_typed, default_keys(one for one, _ in bindings)))


def _heard_in_fields(owner: type[DOMNode]) -> bool:
    from textual.app import App
    from textual.screen import Screen

    return issubclass(owner, App | Screen | Input)


def _clash(keys: Keymap, places: tuple[Place, ...]) -> tuple[str, str, Binding] | None:
    """The last of ``keys`` that has to give way: its id, the key, and what has that key."""
    for name in reversed(keys):
        for key in keys[name].split(","):
            for _, bindings in places:
                own = default_keys(one for one in bindings if one.id == name)
                for other in bindings if own else ():
                    shared = key in own and key in default_keys((other,))  # at different moments
                    if other.id != name and not shared and key in _held(other, keys):
                        return name, key, other
    return None


def _held(binding: Binding, keys: Keymap) -> tuple[str, ...]:
    if mapped := keys.get(binding.id or ""):
        return tuple(mapped.split(","))
    return default_keys((binding,))


def _flat(table: dict[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    """``session.pause = "p"`` without quotes is a table in TOML."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
