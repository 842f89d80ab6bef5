"""``musmed preferences``: what was learned of the listener's likes, in words; mending it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from engine.affect.moods import mood as mood_called
from engine.errors import MusmedError, UnknownWordError
from engine.listener.preferences import (
    Evidence,
    Told,
    kind_of,
    learned,
)
from engine.places import place_of
from engine.plan import words
from engine.plan.drift import NOT_CHOSEN
from engine.plan.leanings import MOST, STRENGTH, Kind
from engine.private import write_new
from musmed_tui.commands.sessions import open_log, opened
from musmed_tui.preference_words import FORGOTTEN, NOTHING, sentence
from musmed_tui.terminal.streams import say, say_json, tell

if TYPE_CHECKING:
    from engine.session.library.library import Library


def show_preferences(*, as_json: bool) -> None:
    """Print what was learned, and from what. Raises ``MusmedError``."""
    found = learned(_evidence())
    if as_json:
        say_json({"strength": STRENGTH, "preferences": found})
        return
    if not found:
        say(NOTHING)
    for one in found:
        say(sentence(one))


def export_preferences(file: str | None) -> None:
    """Write what was learned, and each like it comes from, into a new JSON file of the listener's
    alone. Raises ``MusmedError``."""
    if file is None:
        raise MusmedError("Name the new .json file to write.")
    path = place_of(file, "file")
    evidence = _evidence()
    document = {
        "format": 1,
        "strength": STRENGTH,
        "preferences": learned(evidence),
        "evidence": evidence,
    }
    try:
        write_new(path, msgspec.json.format(msgspec.json.encode(document), indent=2))
    except OSError as error:
        raise MusmedError(
            f"{path} can't be written ({error.strerror}); name a new file in a folder of yours."
        ) from error
    tell(f"Wrote {path}.")


def set_preference(
    tag: str | None, mood: str | None, liked: str | None, disliked: str | None
) -> None:
    """Set by hand how often something was liked and disliked in a mood (None: never; one of them is
    needed). Raises ``MusmedError``."""
    kind, name = _tag(tag)
    if mood is None:
        raise MusmedError("Say in which mood, with --mood; 'musmed moods' lists them.")
    mood = mood_called(mood).name
    if liked is None and disliked is None:
        raise MusmedError("Say how often, with --liked or --disliked; 'forget' forgets it.")
    told = Told(
        kind=kind,
        mood=mood,
        tag=name,
        liked=_times("--liked", liked),
        disliked=_times("--disliked", disliked),
    )
    with opened(open_log().library) as library:
        library.listener.tell(told, datetime.now(UTC))
    often = f"liked {told.liked} and disliked {told.disliked} times"
    tell(f"{name} when {told.mood} counts as {often} now.")
    if name in NOT_CHOSEN:
        tell(f"But {name} is heard only where it is pinned (--instrument {name}).")


def forget_preferences(tag: str | None, mood: str | None, *, every: bool) -> None:
    """Count nothing any more of what was said of a tag, in one mood or in all, or of everything.
    Raises ``MusmedError``."""
    if (tag is None) != every or (every and mood is not None):
        raise MusmedError(
            "Name the instrument or genre to forget ('musmed preferences' lists them), or give "
            "--all alone."
        )
    with _library() as library:
        if every:
            count = library.listener.forget_all()
        else:
            kind, name = _tag(tag)
            count = library.listener.forget(
                kind, name, None if mood is None else mood_called(mood).name
            )
    if not count:
        raise MusmedError("There is nothing of that to forget; 'musmed preferences' lists it.")
    tell(FORGOTTEN)


def _evidence() -> Evidence:
    where = open_log()
    if not where.library.is_dir():
        return Evidence()
    with opened(where.library) as library:
        return library.listener.evidence()


@contextlib.contextmanager
def _library() -> Iterator[Library]:
    where = open_log()
    if not where.library.is_dir():
        raise MusmedError(NOTHING)
    with opened(where.library) as library:
        yield library


def _times(option: str, text: str | None) -> int:
    if text is None:
        return 0
    if text.isascii() and text.isdigit() and len(text) <= 9 and int(text) <= MOST:
        return int(text)
    raise MusmedError(f"{option} must be a whole number from 0 to {MOST}, not {text[:40]!r}.")


def _tag(text: str | None) -> tuple[Kind, str]:
    """An instrument or a genre as MTG-Jamendo writes it, and which of the two it is."""
    if text is None:
        raise MusmedError("Name an instrument or a genre, such as piano or ambient.")
    for read in (words.instrument, words.genre):
        with contextlib.suppress(UnknownWordError):
            name = read(text)
            if (kind := kind_of(name)) is not None:
                return kind, name
    known = (*words.tag_statistics().instruments, *words.tag_statistics().genres)
    hint = "'musmed instruments' and 'musmed genres' list them."
    raise UnknownWordError("instrument or genre", text, known, hint)
