"""A description as few bytes: a clip that is asked for carries the whole of it over the link."""

from __future__ import annotations

import functools
import zlib

import msgspec

from engine.errors import MusmedError
from engine.plan.described import Description

MOST_PACKED = 128 * 1024
"""Bytes. An hour of 4/4 as it is measured of a piece takes some 40,000."""
MOST_PLAIN = 960 * 1024
"""Bytes of it as JSON: a library keeps it with its request, and a field there has at most a MiB."""


class DescriptionTooLongError(MusmedError):
    """One that says more than a clip can carry, or a library keep."""

    def __init__(self) -> None:
        super().__init__(
            "The description says too much for a session; leave out bars, or instruments and "
            "chords of some."
        )


@functools.lru_cache(maxsize=4)
def packed(description: Description) -> bytes:
    """Raises ``DescriptionTooLongError``."""
    plain = msgspec.json.encode(description)
    data = zlib.compress(plain, 6)
    if len(plain) > MOST_PLAIN or len(data) > MOST_PACKED:
        raise DescriptionTooLongError
    return data


@functools.lru_cache(maxsize=4)
def unpacked(data: bytes) -> Description:
    """Raises ``ValueError`` for what is none."""
    reader = zlib.decompressobj()
    try:
        plain = reader.decompress(data, MOST_PLAIN)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not reader.eof or reader.unused_data:
        raise ValueError("it does not end where it should")
    return msgspec.json.decode(plain, type=Description)
