"""What was heard of a kept session, written from its clips: nothing is composed.

The same joiner, limiter and player as live, over the same clips, so the same samples. The file ends
as the sound did: with the player's fade of 0.4 s where the session was stopped.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from engine.audio.format import SAMPLE_RATE, frames_of
from engine.plan.body import Offer
from engine.plan.events import Event
from engine.plan.planner import make_plan
from engine.playback.clips import ClipStore, DamagedClipError
from engine.playback.joiner import Joiner, floor_block
from engine.playback.placement import JoinRecord
from engine.playback.playback import Playback
from engine.playback.sinks.file import FileSink
from engine.session.executor import FADE_SECONDS, place_kept
from engine.session.library.lock import being_read
from engine.session.library.records import ClipRow, StoredSession
from engine.session.preparation import taken_up

LOOK_SECONDS = 0.05
FADE_FRAMES = frames_of(0.4 + 0.2)
"""The fade of a stop, and what the limiter holds back of what it was given."""


def heard_until(stored: StoredSession) -> float:
    """Session seconds up to which ``stored`` was heard: all of it, where it was heard to its end
    once, wherever it was left when it was heard again."""
    if stored.state == "finished":
        return stored.request.seconds
    return min(max(0.0, stored.position), stored.request.seconds)


def heard_events(stored: StoredSession) -> tuple[Event, ...]:
    """What the listener did in what was heard."""
    return tuple(event for event in stored.events if event.at < heard_until(stored))


def heard_offers(stored: StoredSession) -> tuple[Offer, ...]:
    """What was offered in it."""
    return tuple(offer for offer in stored.offers if offer.at < heard_until(stored))


class Written(msgspec.Struct, frozen=True):
    """What went into the file."""

    clips: Sequence[ClipRow]
    joins: tuple[JoinRecord, ...]


def write_heard(
    stored: StoredSession,
    folder: Path,
    sink: FileSink,
    *,
    progress: Callable[[float, float], None],
    cancelled: Callable[[], bool],
) -> Written | None:
    """Give ``sink`` what was heard of ``stored``, whose clips lie in ``folder``; no other process
    deletes them meanwhile. None, and nothing is written, where clips of it are missing or damaged,
    or it was ``cancelled``. ``progress`` as ``render_session``'s. Raises ``MusmedError`` for a file
    that can't be written."""
    until, events = heard_until(stored), heard_events(stored)
    if not folder.is_dir():
        return None
    begun = msgspec.structs.replace(stored, position=0.0, events=events)
    with being_read(folder), contextlib.closing(ClipStore(folder)) as store:
        kept, _ = taken_up(store, begun)
        if kept.position > 0.0 or kept.events != events:
            return None
        fade = frames_of(FADE_SECONDS)
        total = frames_of(make_plan(stored.request, events).total)
        joiner = Joiner(total, fade_in=fade, fade_out=fade)
        place_kept(joiner, store, kept.placed)
        frame, here = min(frames_of(until), total), joiner.frontier()
        wanted = fade_end(frame, total)
        if (here if here == total else floor_block(here)) < wanted:
            return None  # the next clip was late: how this one gave way is in no clip
        playback, over = Playback(joiner, sink), threading.Event()
        if frame < total:
            sink.stop_at(frame, lambda: stop_softly(playback, wanted, over))
        try:
            with _played(playback, over):
                while not sink.done.wait(LOOK_SECONDS) and playback.failure is None:
                    if cancelled():
                        return None
                    progress(min(until, playback.state().heard), until)
                if playback.failure is not None:  # also where the file took the rest before this
                    raise playback.failure
        except DamagedClipError:
            return None
        sink.check()
        frames = round(until * SAMPLE_RATE)
        placed = ((one.clip.spec.key, one.clip.start) for one in kept.placed)
        return Written(
            [stored.clips[key] for key, start in placed if start < frames], tuple(joiner.joins)
        )


def fade_end(frame: int, total: int) -> int:
    """The session frame up to which the fade of a stop at ``frame`` is made of audio."""
    return min(frame + FADE_FRAMES, total)


def stop_softly(playback: Playback, wanted: int, over: threading.Event) -> None:
    """Stop where the sink is now, once the audio up to session frame ``wanted`` is here, of which
    the fade is made: a file asks faster than it is given. ``over``: nothing more will come."""
    while playback.delivered() < wanted and not over.wait(0.002):
        pass
    playback.stop()


@contextlib.contextmanager
def _played(playback: Playback, over: threading.Event) -> Iterator[None]:
    try:
        playback.start()
        yield
    finally:
        over.set()
        playback.close()
