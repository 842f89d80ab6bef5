"""The messages front and engine exchange. Framing is in ``framing.py``.

Every text and figure of a message has a limit here, or where it is looked at: a clip that is asked
for in ``spec_check``, one that is sent in ``clip_check``.

The engine composes one clip at a time. A clip crosses the link as ``ClipStarted``, then chunks
of at most 1 s, each in ``Part`` frames of at most 16 KiB (whole where they are plain samples, which
never cross a slow line), then ``ClipDone`` with the
continuation as its payload. Parts are pulled: the engine sends one for each credit the front
has granted, so that a slow line keeps its control round trip short.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.clip_record import LOSSLESS, ClipRecord, Coding
from engine.composers.base import Marks
from engine.composers.options import USUAL, ComposerOptions
from engine.composers.precision import PrecisionName
from engine.composers.synthesis import SynthesisName
from engine.plan.packed import MOST_PACKED
from engine.plan.spec import ClipKey, ClipSpec

PROTOCOL_VERSION = 5
"""Goes up where one side would not understand the other any more."""
PROTOCOL_MINOR = 7
"""Goes up with what may be added: ``versions``. 1: Opus. 2: a clip's notes. 3: its levels. 4:
what is asked of the music itself. 5: plain samples. 6: what a model multiplies in. 7: a second
of plain samples at once."""
PART_BYTES = 16 * 1024
PLAIN_PART_BYTES = 64 * 1024
"""Of plain samples, which are asked for on this machine alone, for a front that reads no more at
once."""
WHOLE_PART_BYTES = 512 * 1024
"""The same, else: a chunk of a second, 384 kB, is one part. What a part costs is the threads that
it wakes on both sides."""
WINDOW_PARTS = 4
OPUS_WINDOW_PARTS = 2
"""A second of Opus is two parts: for lines on which four would keep a word waiting for 2 s."""
SENTENCE_LETTERS = 4_000
"""Of what one side says to the other's listener; ``sentence`` cuts what is longer."""

Place = Annotated[str, msgspec.Meta(max_length=4_096)]
"""A composer's name, which may be a checkpoint's path."""
Word = Annotated[str, msgspec.Meta(max_length=64)]
Sentence = Annotated[str, msgspec.Meta(max_length=SENTENCE_LETTERS)]
Number = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
SessionFrame = Annotated[int, msgspec.Meta(ge=-(2**40), le=2**40)]
"""A session frame, or how many there are."""


def sentence(text: str) -> str:
    """``text``, no longer than a message may have it. Who shows it makes it fit to be seen."""
    return text if len(text) <= SENTENCE_LETTERS else f"{text[: SENTENCE_LETTERS - 3]}..."


# front -> engine


class Open(msgspec.Struct, frozen=True, tag="open", forbid_unknown_fields=True):
    """Load a composer. Answered by ``Loading`` for as long as it takes, then ``Opened`` or
    ``Failure``."""

    composer: Place
    options: ComposerOptions = USUAL


class Compose(msgspec.Struct, frozen=True, tag="compose", forbid_unknown_fields=True):
    """Compose a clip; the payload is the packed continuation to resume from, or empty.

    One at a time: a second one while a clip is being composed is queued behind it. ``codec``: of
    its chunks. ``described``: the spec's description, ``packed``, which stands here in its place.
    """

    spec: ClipSpec
    codec: Coding = LOSSLESS
    described: Annotated[bytes, msgspec.Meta(max_length=MOST_PACKED)] = b""


class Cancel(msgspec.Struct, frozen=True, tag="cancel", forbid_unknown_fields=True):
    """Stop composing a clip, queued or under way. A clip under way is cut after the first chunk
    that ends at or past ``keep_until`` (session frame, 48 kHz: what must still be heard of it
    before a splice) and answered by ``ClipDone(cut=True)`` with its continuation; one queued
    behind another is dropped and answered by nothing. A clip that is done or unknown is ignored."""

    index: Count
    revision: Count
    keep_until: SessionFrame = 0


class Pull(msgspec.Struct, frozen=True, tag="pull", forbid_unknown_fields=True):
    """Grant ``parts`` further parts (1 to 64)."""

    parts: Count


class Ping(msgspec.Struct, frozen=True, tag="ping", forbid_unknown_fields=True):
    """Answered by ``Pong`` at once, also while composing."""

    number: Number


class Quit(msgspec.Struct, frozen=True, tag="quit", forbid_unknown_fields=True):
    """End the engine."""


# engine -> front


class Hello(msgspec.Struct, frozen=True, tag="hello", forbid_unknown_fields=True):
    """The engine is up: it answers pings and loads composers."""

    protocol: Count
    engine: Word
    python: Word
    pid: Count
    composers: Annotated[tuple[Word, ...], msgspec.Meta(max_length=64)]


class Loading(msgspec.Struct, frozen=True, tag="loading", forbid_unknown_fields=True):
    """A composer's model is being loaded; ``share`` of it is done."""

    composer: Place
    share: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Opened(msgspec.Struct, frozen=True, tag="opened", forbid_unknown_fields=True):
    """The composer is ready. ``synthesis``: what sounds its notes (``Traits.synthesis``);
    ``precision``: what its model multiplies in (``Traits.precision``); ``notice``: a sentence for
    the listener where either is not what was asked for."""

    composer: Place
    version: Count
    synthesis: SynthesisName = ""
    notice: Sentence = ""
    precision: PrecisionName = ""


class ClipStarted(msgspec.Struct, frozen=True, tag="clip_started", forbid_unknown_fields=True):
    """A clip's first chunk follows. ``start``: session frame (48 kHz) of its first frame;
    ``frames``: how many it will have."""

    index: Count
    revision: Count
    start: SessionFrame
    frames: SessionFrame
    marks: Marks

    @property
    def key(self) -> ClipKey:
        return ClipKey(self.index, self.revision)


class Part(msgspec.Struct, frozen=True, tag="part", forbid_unknown_fields=True):
    """A piece of a chunk; its bytes are the payload. ``frames`` is the whole chunk's length,
    ``last`` says that the chunk is complete with this part."""

    index: Count
    revision: Count
    frames: SessionFrame
    last: bool


class ClipDone(msgspec.Struct, frozen=True, tag="clip_done", forbid_unknown_fields=True):
    """All parts of the clip were sent; the payload is its packed continuation.
    ``cut``: it was cancelled, and holds only what was sent."""

    index: Count
    revision: Count
    cut: bool
    record: ClipRecord


class ClipFailed(msgspec.Struct, frozen=True, tag="clip_failed", forbid_unknown_fields=True):
    """The clip could not be composed. ``reason`` is a sentence for the listener."""

    index: Count
    revision: Count
    reason: Sentence

    @property
    def key(self) -> ClipKey:
        return ClipKey(self.index, self.revision)


class Pong(msgspec.Struct, frozen=True, tag="pong", forbid_unknown_fields=True):
    number: Number


class Failure(msgspec.Struct, frozen=True, tag="failure", forbid_unknown_fields=True):
    """The engine can't do what was asked (unknown composer, malformed frame). A sentence."""

    reason: Sentence


ToEngine = Open | Compose | Cancel | Pull | Ping | Quit
ToFront = Hello | Loading | Opened | ClipStarted | Part | ClipDone | ClipFailed | Pong | Failure
