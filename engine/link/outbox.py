"""What the engine has to say, in the order it may be said.

Answers go first. Clips follow in the order they were composed, their chunks in parts, one part
for each credit the front has granted. So control never waits behind more than the parts that
are already on the line.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import msgspec

from engine.link.framing import LinkError
from engine.link.protocol import PART_BYTES, ClipDone, ClipFailed, ClipStarted, Part
from engine.plan.spec import ClipKey

BUFFER_BYTES = 8 * 1024 * 1024
"""How far composing runs ahead of pulling: a whole clip of FLAC (30 s in practice 3 to 6 MB),
21 s of plain samples, which nobody has to wait for."""
ANSWERS = 1024
CREDITS = 64

Outgoing = tuple[msgspec.Struct, bytes]


@dataclass
class Chunk:
    """Sound of a clip, from session frame ``start`` on; it leaves in parts of ``part`` bytes.
    ``first``: the clip's."""

    key: ClipKey
    start: int
    first: bool
    frames: int
    data: bytes
    part: int = PART_BYTES
    sent: int = 0


class Outbox:
    """Thread-safe: the reader answers and grants, the worker adds clips, the sender takes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._answers: deque[Outgoing] = deque()
        self._clips: deque[Chunk | Outgoing] = deque()
        self._bytes = 0
        self._credits = 0
        self._closed = False
        self._keep: tuple[ClipKey, int] | None = None
        self._was_cut = False

    def answer(self, message: msgspec.Struct) -> None:
        """Say this before anything else. Raises ``LinkError`` when a thousand answers wait."""
        with self._changed:
            if len(self._answers) >= ANSWERS:
                raise LinkError("The other side asks without listening to the answers.")
            self._answers.append((message, b""))
            self._changed.notify_all()

    def grant(self, parts: int) -> None:
        """The front can take ``parts`` more. Raises ``LinkError`` outside 1 to 64."""
        with self._changed:
            if not 1 <= parts <= CREDITS or self._credits + parts > CREDITS:
                raise LinkError(f"The other side granted {parts} parts; 1 to {CREDITS} may be.")
            self._credits += parts
            self._changed.notify_all()

    def begin(self, message: ClipStarted) -> None:
        self._add((message, b""))

    def chunk(self, chunk: Chunk) -> None:
        """Add a chunk; waits while the buffer is full. One past the end of a cut clip is
        dropped."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._bytes < BUFFER_BYTES)
            keep = self._keep
            if keep is not None and keep[0] == chunk.key and _past(chunk, keep[1]):
                self._was_cut = True
                return
            self._clips.append(chunk)
            self._bytes += len(chunk.data)
            self._changed.notify_all()

    def done(self, message: ClipDone, continuation: bytes) -> None:
        """End the clip that was begun last."""
        with self._changed:
            if self._was_cut:
                message = msgspec.structs.replace(message, cut=True)
            self._finish((message, continuation))

    def fail(self, message: ClipFailed) -> None:
        with self._changed:
            self._finish((message, b""))

    def cut(self, key: ClipKey, keep_until: int, *, composing: bool) -> None:
        """Of clip ``key`` send nothing after the first chunk that ends at or past session frame
        ``keep_until``: neither of what waits here nor, when it is the one that is still being
        composed, of what is yet to come."""
        with self._changed:
            before = len(self._clips)
            self._clips = deque(i for i in self._clips if not self._drops(i, key, keep_until))
            self._bytes = sum(len(i.data) - i.sent for i in self._clips if isinstance(i, Chunk))
            if composing:
                self._keep = (key, keep_until)
            if len(self._clips) < before:
                if composing:
                    self._was_cut = True
                self._clips = deque(_marked_cut(item, key) for item in self._clips)
            self._changed.notify_all()

    def close(self) -> None:
        """Nothing more will be said, except the answers that wait."""
        with self._changed:
            self._closed = True
            self._clips.clear()
            self._bytes = 0
            self._changed.notify_all()

    def take(self) -> Outgoing | None:
        """The next thing to say; waits for it. None when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._ready())
            if self._answers:
                return self._answers.popleft()
            if self._closed:
                return None
            item = self._clips[0]
            if not isinstance(item, Chunk):
                self._clips.popleft()
                return item
            return self._part(item)

    def _add(self, item: Outgoing) -> None:
        with self._changed:
            self._clips.append(item)
            self._changed.notify_all()

    def _finish(self, item: Outgoing) -> None:
        self._keep = None
        self._was_cut = False
        self._clips.append(item)
        self._changed.notify_all()

    def _ready(self) -> bool:
        if self._answers:
            return True
        return bool(self._clips) and (self._credits > 0 or not isinstance(self._clips[0], Chunk))

    def _part(self, chunk: Chunk) -> Outgoing:
        data = chunk.data[chunk.sent : chunk.sent + chunk.part]
        chunk.sent += len(data)
        last = chunk.sent >= len(chunk.data)
        if last:
            self._clips.popleft()
        self._credits -= 1
        self._bytes -= len(data)
        self._changed.notify_all()
        return Part(chunk.key.index, chunk.key.revision, chunk.frames, last), data

    @staticmethod
    def _drops(item: Chunk | Outgoing, key: ClipKey, keep_until: int) -> bool:
        return (
            isinstance(item, Chunk)
            and item.key == key
            and not item.sent
            and _past(item, keep_until)
        )


def _past(chunk: Chunk, keep_until: int) -> bool:
    """The chunk before this one ends at or past ``keep_until``."""
    return not chunk.first and chunk.start >= keep_until


def _marked_cut(item: Chunk | Outgoing, key: ClipKey) -> Chunk | Outgoing:
    if isinstance(item, Chunk):
        return item
    message, continuation = item
    if isinstance(message, ClipDone) and (message.index, message.revision) == key:
        return msgspec.structs.replace(message, cut=True), continuation
    return item
