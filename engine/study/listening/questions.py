"""What listeners of a study are asked: the table ``[answers]`` of study.toml. Pure."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from engine.errors import MusmedError

MOST_MOMENTS = 60
LEAST_APART = 5.0
"""Seconds between two moments: who rates has to hear something in between."""
CONSENT = (
    "You will hear pieces of music that a computer has composed, and say how you feel. Only your "
    "code, your answers and when you gave them are kept. You may stop at any time, go on later, "
    "or have all your answers deleted."
)

Moment = Annotated[float, Meta(ge=0.0)]


class Questions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked, of whom. ``consent``: what each agrees to before anything is asked, in plain
    words; '' for where consent was given elsewhere."""

    participants: Annotated[int, Meta(ge=1, le=999)] = 12
    consent: Annotated[str, Meta(max_length=8_000)] = CONSENT
    ratings: bool = True
    """The two sliders before and after each session."""
    moments: Annotated[
        tuple[Annotated[float, Meta(ge=0.0)], ...], Meta(max_length=MOST_MOMENTS)
    ] = ()
    """Seconds into each session at which the two sliders are asked while it plays."""
    liking: bool = True
    """Afterwards a slider: how much it was liked."""
    note: bool = False
    """Afterwards a few words of one's own, which may be left out."""
    pseudonyms: Literal["given", "typed"] = "given"
    """Given: P001, P002, ...; typed: a word that the listener makes up. No name is asked."""


def check(asked: Questions, seconds: float) -> None:
    """Raises ``MusmedError`` for moments that sessions of so many ``seconds`` don't have."""
    if asked.moments and asked.moments[-1] >= seconds:
        raise MusmedError(
            f"A moment at {asked.moments[-1]:g} s is asked for, and the shortest session ends at "
            f"{seconds:.0f} s; name earlier moments in [answers]."
        )
    if any(b - a < LEAST_APART for a, b in itertools.pairwise(asked.moments)):
        raise MusmedError(
            f"Moments in [answers] go up, {LEAST_APART:g} s apart at least, such as [30, 60, 90]."
        )
    if not (asked.ratings or asked.moments or asked.liking or asked.note):
        raise MusmedError("[answers] asks nothing; switch on ratings, moments, liking or note.")
