"""How the listener says they feel: on the command line, or in a file that nobody else sees.

What stands on a command line is seen by every user of the machine (``ps``) and is kept by the
shell. A file of TOML (``--feelings FILE``) is not; it says ``from``, ``to``, ``before``, ``after``
and ``note``.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from engine.errors import MusmedError
from engine.listener.ratings import HIGHEST, Rating, parse_rating
from engine.places import place_of, read_small
from engine.toml_text import parse_toml
from musmed_tui.asked import Asked
from musmed_tui.terminal.streams import remark

MAX_FILE_BYTES = 64 * 1024


class Feelings(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"start": "from", "target": "to"},
):
    """What such a file says; None where it says nothing."""

    start: str | None = None
    target: str | None = None
    before: str | None = None
    after: str | None = None
    note: str | None = None


def read_feelings(named: str) -> Feelings:
    """The file ``named``. Raises ``MusmedError`` that repeats nothing of what is in it."""
    path = place_of(named, "file of feelings")
    data = read_small(path, f"The feelings in {path}", MAX_FILE_BYTES)
    if len(data) > MAX_FILE_BYTES:
        raise MusmedError(f"The feelings in {path} are over 64 KiB; shorten them.")
    try:
        found = msgspec.convert(parse_toml(data), Feelings)
    except ValueError as error:  # msgspec's, too
        raise MusmedError(
            f"The feelings in {path} can't be understood; a line is one of from, to, before, after "
            'and note with text in quotes behind it, such as before = "30,70".'
        ) from error
    for key, said in (("before", found.before), ("after", found.after)):
        if said is not None:
            _check_rating(said, f"{key!r} in {path}")
    return found


def _check_rating(said: str, named: str) -> None:
    try:
        parse_rating(said, named)
    except MusmedError:
        raise MusmedError(
            f"{named} must be two whole numbers from 0 to {HIGHEST}, valence and arousal, such as "
            "30,70, or - for one that is left out."
        ) from None


def _check_words(found: Feelings, file: str) -> None:
    """Who says in it that they are in danger is told where help is, as on a command line."""
    from engine.affect.feelings import parse_affect
    from engine.affect.harm import help_for

    for key, said in (("from", found.start), ("to", found.target)):
        if said is None:
            continue
        try:
            parse_affect(said, wanted=key == "to")
        except MusmedError:
            if help_here := help_for(found.start or "", found.target or ""):
                remark(help_here)
            raise MusmedError(
                f"The feeling behind {key!r} in {file} is none that musmed knows; 'musmed "
                "feelings' lists them."
            ) from None


def completed(asked: Asked) -> Asked:
    """``asked`` with what its file of feelings says. Raises ``MusmedError``, also for what stands
    in the file and on the command line, or says what only comes after a session."""
    if asked.feelings is None:
        return asked
    found = read_feelings(asked.feelings)
    for key in ("after", "note"):
        if getattr(found, key) is not None:
            raise MusmedError(
                f"{asked.feelings} has {key!r}, which comes after a session: give it to "
                "'musmed rate' then."
            )
    for key, option in (("start", "--from"), ("target", "--to"), ("before", "--before")):
        if getattr(found, key) is not None and getattr(asked, key) is not None:
            raise MusmedError(f"{option} and {asked.feelings} both say it; leave one of them out.")
    _check_words(found, asked.feelings)
    return replace(
        asked,
        feelings=None,
        start=asked.start if found.start is None else found.start,
        target=asked.target if found.target is None else found.target,
        before=asked.before if found.before is None else found.before,
    )


def before_of(asked: Asked) -> Rating | None:
    """How the listener felt before; None where nothing was said. Raises ``MusmedError``."""
    if asked.before is None:
        return None
    rating = parse_rating(asked.before, "--before")
    return None if rating.is_none else rating
