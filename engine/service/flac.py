"""A FLAC file that grows does not say yet how long it is: its beginning, made to say so."""

from __future__ import annotations

_AT, _BITS = 18, 36
"""STREAMINFO, RFC 9639, 8.2: from this byte on eight whose last 36 bits are the number of
samples."""
HEAD = _AT + 8
"""So many bytes of a file say it."""


def with_length(beginning: bytes, frames: int) -> bytes:
    """The first bytes of a FLAC file, at least ``HEAD``, as if it had ``frames`` frames."""
    said = int.from_bytes(beginning[_AT:HEAD], "big") >> _BITS << _BITS | frames
    return beginning[:_AT] + said.to_bytes(8, "big") + beginning[HEAD:]
