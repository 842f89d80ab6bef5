"""What crosses between a study's driver and its actors: bytes. Jobs and answers are MessagePack of
these types, and sound comes in pieces.
"""

from __future__ import annotations

import msgspec

from engine.study.folder import Result, Spent

PIECE_BYTES = 4 * 1024 * 1024
"""Of a file that cross at once."""


class Greeting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``folder``: of its temporary files, on its node."""

    version: str
    host: str
    folder: str


class Made(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """A job is done; ``files``: what is to be fetched of it, with sizes in bytes."""

    result: Result
    spent: Spent
    files: dict[str, int]


class Refused(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=True):
    """A job could not be made, in a sentence."""

    reason: str
