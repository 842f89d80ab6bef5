"""What a listener did in a session, as pictures mark it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Deed = Literal["steer", "ease", "anew", "more", "less", "stay", "shape", "like", "dislike"]

DEED_SIGNS: Mapping[Deed, str] = {
    "steer": "◆",
    "ease": "▾",
    "anew": "≈",
    "more": "+",
    "less": "-",
    "stay": "=",
    "shape": "↕",
    "like": "+",
    "dislike": "-",
}
ASCII_DEED_SIGNS: Mapping[Deed, str] = {
    **DEED_SIGNS,
    "steer": "*",
    "ease": "v",
    "anew": "~",
    "shape": "|",
}


class Done(NamedTuple):
    """At ``at`` session seconds something was asked for; ``said``: 'steered to glad'."""

    at: float
    deed: Deed
    said: str
