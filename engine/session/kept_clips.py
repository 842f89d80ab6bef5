"""What a session keeps of its clips beside their sound and need not have at hand: what each can be
gone on from, and all that was measured of it.

The library has it for good. Of the newest clips it is here as well, so that neither the next clip
nor the score of what is heard waits for the disk; what is older is read again when somebody goes
back so far. A front whose session has an hour behind it is thereby no larger than after minutes.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from typing import NamedTuple

from engine.clip_record import ClipRecord
from engine.errors import MusmedError
from engine.plan.request import Request
from engine.plan.spec import ClipKey, ClipSpec
from engine.session.library.library import Library

log = logging.getLogger(__name__)

NEWEST = 24
"""Clips of which all is here: as many as are composed ahead (300 s) and are shown (90 s to both
sides), and a few that were taken over from; 1.6 MB."""


class FinishedClip(NamedTuple):
    """A composed clip with its whole record; ``start`` and ``frames`` in session frames (48
    kHz)."""

    spec: ClipSpec
    start: int
    frames: int
    record: ClipRecord | None


class Kept(NamedTuple):
    """Of one clip; ``continuation`` packed (``composers.base``)."""

    continuation: bytes
    record: ClipRecord | None


class KeptClips:
    """Of the session ``session`` of ``request`` in ``library``, which the session's thread has
    given a clip before it says so here. Any thread may ask."""

    def __init__(self, library: Library, session: str, request: Request) -> None:
        self._library = library
        self._session = session
        self._request = request
        self._newest: OrderedDict[ClipKey, Kept] = OrderedDict()
        self._told = 0
        """How often the session's thread has kept or forgotten a clip."""
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Of how many clips it is here."""
        return len(self._newest)

    def keep(self, key: ClipKey, continuation: bytes, record: ClipRecord | None) -> None:
        """The library has the clip; one of the same key is replaced."""
        with self._lock:
            self._told += 1
            self._put(key, Kept(continuation, record))

    def _put(self, key: ClipKey, kept: Kept) -> None:
        self._newest[key] = kept
        self._newest.move_to_end(key)
        while len(self._newest) > NEWEST:
            self._newest.popitem(last=False)

    def forget(self, key: ClipKey) -> None:
        """The clip is no more."""
        with self._lock:
            self._told += 1
            self._newest.pop(key, None)

    def continuation(self, key: ClipKey) -> bytes | None:
        """None where it can't be read."""
        kept = self._kept(key)
        return None if kept is None else kept.continuation

    def record(self, key: ClipKey) -> ClipRecord | None:
        """None where there is none, or it can't be read."""
        kept = self._kept(key)
        return None if kept is None else kept.record

    def _kept(self, key: ClipKey) -> Kept | None:
        with self._lock:
            found, told = self._newest.get(key), self._told
        if found is not None:
            return found
        try:
            row = self._library.clip(self._session, key, self._request)
        except MusmedError as error:
            log.warning("what is kept of clip %s can't be read: %s", key, error)
            return None
        if row is None:
            return None
        kept = Kept(row.continuation, row.record)
        with self._lock:
            if self._told == told:  # else it may be of a clip that is no more
                self._put(key, kept)
        return kept
