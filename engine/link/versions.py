"""The link's version: what two musmeds of different ages may say to each other.

A preamble names a major and a minor number (``musmed-link 5.1``; without a minor it is 0). Both
sides have to have the same major. Whoever is newer speaks as the older one does: it sends no
message kind and no field that came with a later minor than the other's (``SINCE`` and ``ADDED``).
So the older one is never sent what it can't read, and can be as strict as ever. What came later has
a default, which is what an older one means. Until the other side's preamble has been read it counts
as minor 0; the greeting (``Hello``) gains no field within a major.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from engine.clip_record import ClipRecord, HandedOver
from engine.composers.base import BarRecord
from engine.composers.options import ComposerOptions
from engine.link.protocol import PROTOCOL_MINOR, PROTOCOL_VERSION, Compose, Opened
from engine.plan.generation import Generation
from engine.plan.spec import ClipSpec

GREETING = b"musmed-link "
_SAID = re.compile(rb"(\d{1,6})(?:\.(\d{1,6}))?\r?\n")

Message = type[msgspec.Struct]
SINCE: Mapping[Message, int] = {}
"""Message kinds that came with a later minor than 0."""
ADDED: Mapping[Message, Mapping[str, int]] = {
    Compose: {"codec": 1, "described": 4},
    ClipSpec: {"features": 4, "description": 4, "faders": 4},
    Generation: {"precision": 6},
    ComposerOptions: {"precision": 6},
    Opened: {"precision": 6},
    ClipRecord: {"codec": 1, "notes": 2, "levels": 3, "precision": 6},
    HandedOver: {"precision": 6},
    BarRecord: {"key": 2, "section": 2},
}
"""Fields that did, of messages and of what is in them."""


class Version(NamedTuple):
    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


OWN = Version(PROTOCOL_VERSION, PROTOCOL_MINOR)
OPUS_MINOR = 1
"""Who is older knows FLAC alone."""
PLAIN_MINOR = 5
"""Who is older sends no plain samples."""
WHOLE_MINOR = 7
"""Who is older reads no second of plain samples at once."""
WANTED_MINOR = 4
"""Who is older holds nothing that is asked of the music itself."""


def preamble(version: Version = OWN) -> bytes:
    """The line with which a side begins."""
    return GREETING + f"{version}\n".encode()


def version_in(line: bytes) -> Version | None:
    """What stands behind the greeting of a preamble, its line end included; None for no version."""
    said = _SAID.fullmatch(line)
    return said and Version(int(said[1]), int(said[2] or 0))


def is_known(message: msgspec.Struct, minor: int) -> bool:
    """Whether the other side, of ``minor``, knows such messages."""
    return SINCE.get(type(message), 0) <= minor


def as_spoken(message: msgspec.Struct, minor: int) -> object:
    """``message`` as one of ``minor`` would say it: itself where nothing of it came later, else a
    mapping without the later fields."""
    if minor >= OWN.minor or not _is_later(message, minor):
        return message
    return _plain(message, minor)


def _is_later(value: object, minor: int) -> bool:
    if isinstance(value, msgspec.Struct):
        later = ADDED.get(type(value), {}).values()
        return any(since > minor for since in later) or any(
            _is_later(getattr(value, name), minor) for name in value.__struct_fields__
        )
    return isinstance(value, list | tuple) and any(_is_later(one, minor) for one in value)


def _plain(value: object, minor: int) -> object:
    if isinstance(value, msgspec.Struct):
        later = ADDED.get(type(value), {})
        config = value.__struct_config__
        tag = {config.tag_field: config.tag} if config.tag_field is not None else {}
        return tag | {
            name: _plain(getattr(value, name), minor)
            for name in value.__struct_fields__
            if later.get(name, 0) <= minor
        }
    if isinstance(value, list | tuple):
        return [_plain(one, minor) for one in value]
    return value
