"""How a listener says they feel before and after a session: two sliders from 0 to 100, and a note.

After the Affective Slider (Betella & Verschure 2016, PLoS ONE 11(2) e0148037, CC-BY): one slider
from unpleasant to pleasant, one from sleepy to wide awake, without numbers or words in between.
Each may be left out. Pure.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from engine.affect.circumplex import Affect
from engine.errors import MusmedError
from engine.printable import visible_lines

Moment = Literal["before", "after"]

HIGHEST = 100
MIDDLE = HIGHEST / 2
NOTE_LIMIT = 2_000
"""Characters of a note."""
SKIPPED = "-"
_BLANK_LINES = re.compile(r"\n{3,}")

Slider = Annotated[int, Meta(ge=0, le=HIGHEST)]


class Rating(msgspec.Struct, frozen=True):
    """Where the two sliders stood, 0 to 100; None for one that was left out."""

    valence: Slider | None = None
    arousal: Slider | None = None

    @property
    def is_none(self) -> bool:
        """Whether both were left out."""
        return self.valence is None and self.arousal is None

    @property
    def affect(self) -> Affect | None:
        """Its place on the plane, 50 being the middle of an axis; None where one is left out."""
        if self.valence is None or self.arousal is None:
            return None
        return Affect((self.valence - MIDDLE) / MIDDLE, (self.arousal - MIDDLE) / MIDDLE)


class Felt(msgspec.Struct, frozen=True):
    """What a listener has said of one session; ``*_at``: when, None where nothing was said."""

    before: Rating = Rating()
    after: Rating = Rating()
    note: str = ""
    before_at: datetime | None = None
    after_at: datetime | None = None

    @property
    def change(self) -> tuple[int | None, int | None]:
        """Of valence and of arousal, after less before; None where one of the two is missing."""
        return (
            _less(self.after.valence, self.before.valence),
            _less(self.after.arousal, self.before.arousal),
        )


def parse_rating(text: str, named: str) -> Rating:
    """``text``: '30,70' (valence, arousal), either of them '-' for left out, or '-' alone for both.

    Raises ``MusmedError`` that says how it is written, with ``named`` for what was being given.
    """
    if text.strip() == SKIPPED:
        return Rating()
    parts = [part.strip() for part in text.split(",")]
    try:
        valence, arousal = (_slider(part) for part in parts)
    except ValueError as error:
        raise MusmedError(
            f"{named} must be two whole numbers from 0 to {HIGHEST}, valence and arousal, such as "
            f"30,70, or - for one that is left out; it is {text[:40]!r}."
        ) from error
    return Rating(valence, arousal)


def written(rating: Rating) -> str:
    """A rating as ``parse_rating`` reads it."""
    if rating.is_none:
        return SKIPPED
    return ",".join(
        SKIPPED if one is None else str(one) for one in (rating.valence, rating.arousal)
    )


def clean_note(text: str) -> str:
    """A note as it is kept: plain line ends, no blank space around it or at the ends of lines, no
    two blank lines together, every character seen. Raises ``MusmedError`` for one that is too
    long: nothing of it is cut off."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    lines = "\n".join(line.rstrip() for line in plain.strip().split("\n"))
    note = visible_lines(_BLANK_LINES.sub("\n\n", lines))
    if len(note) > NOTE_LIMIT:
        raise MusmedError(
            f"A note has at most {NOTE_LIMIT} characters, and this one {len(note)}; shorten it."
        )
    return note


def _slider(text: str) -> int | None:
    """Raises ``ValueError``."""
    if text == SKIPPED:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= HIGHEST):
        raise ValueError(text)
    return int(text)


def _less(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one - other
