"""What a listener likes and dislikes: notes about what *sounded*, which change nothing of it.

Pure.
"""

from __future__ import annotations

from datetime import datetime

import msgspec


class Reaction(msgspec.Struct, frozen=True):
    """A key was pressed at ``at`` session seconds: liked, or not."""

    at: float
    liked: bool


class Liking(msgspec.Struct, frozen=True, kw_only=True):
    """What sounded when the listener liked or disliked it: which clip, at which session second,
    and who played, in MTG-Jamendo's tags. Of one clip and the same players the last word counts.
    ``given``: when, None where that can't be read."""

    clip: int
    revision: int
    at: float
    mood: str
    instrument: str
    genre: str
    liked: bool
    given: datetime | None = None
