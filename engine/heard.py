"""What was heard of a kept session, written from its clips: nothing is composed.

The same joiner, limiter and player as live, over the same clips, so the same samples. The file ends
as the sound did: with the player's fade of 0.4 s where the session was stopped.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from engine.audio.format import SAMPLE_RATE, frames_of
from engine.plan.events import Event
from engine.plan.planner import make_plan
from engine.playback.clips import ClipStore
from engine.playback.joiner import Joiner
from engine.playback.placement import JoinRecord
from engine.playback.playback import Playback
from engine.playback.sinks.file import FileSink
from engine.session.conductor.clip_state import ClipState
from engine.session.executor import FADE_SECONDS
from engine.session.library.records import StoredSession
from engine.session.preparation import taken_up

LOOK_SECONDS = 0.05
FADE_FRAMES = frames_of(0.4 + 0.2)
"""The fade of a stop, and what the limiter holds back of what it was given."""
STALL_SECONDS = 5.0
"""How long the fade's audio is waited for; without it the sound ends at once."""


def heard_until(stored: StoredSession) -> float:
    """Session seconds up to which ``stored`` was heard."""
    return min(max(0.0, stored.position), stored.request.seconds)


def heard_events(stored: StoredSession) -> tuple[Event, ...]:
    """What the listener did in what was heard."""
    return tuple(event for event in stored.events if event.at < stored.position)


class Written(msgspec.Struct, frozen=True):
    """What went into the file."""

    clips: Sequence[ClipState]
    joins: tuple[JoinRecord, ...]


def write_heard(
    stored: StoredSession,
    folder: Path,
    sink: FileSink,
    *,
    progress: Callable[[float, float], None],
    cancelled: Callable[[], bool],
) -> Written | None:
    """Give ``sink`` what was heard of ``stored``, whose clips lie in ``folder``. None, and nothing
    is written, where clips of it are missing or damaged, or it was ``cancelled``. ``progress`` as
    ``render_session``'s. Raises ``MusmedError`` for a file that can't be written."""
    until, events = heard_until(stored), heard_events(stored)
    if not folder.is_dir():
        return None
    begun = msgspec.structs.replace(stored, position=0.0, events=events)
    with contextlib.closing(ClipStore(folder)) as store:
        kept, _ = taken_up(store, begun)
        if kept.position > 0.0 or kept.events != events:
            return None
        fade = frames_of(FADE_SECONDS)
        total = frames_of(make_plan(stored.request, events).total)
        joiner = Joiner(total, fade_in=fade, fade_out=fade)
        for clip, splice in kept.placed:
            joiner.place(store.get(clip.spec.key), clip.marks, splice=splice)
        if joiner.horizon() < min(total, frames_of(until)):
            return None
        playback = Playback(joiner, sink)
        if frames_of(until) < total:
            sink.stop_at(frames_of(until), lambda: stop_softly(playback, frames_of(until)))
        with _played(playback):
            while not sink.done.wait(LOOK_SECONDS):
                if playback.failure is not None:
                    raise playback.failure
                if cancelled():
                    return None
                progress(min(until, playback.state().heard), until)
        sink.check()
        frames = round(until * SAMPLE_RATE)
        return Written(
            [clip for clip, _ in kept.placed if clip.start < frames], tuple(joiner.joins)
        )


def stop_softly(playback: Playback, frame: int) -> None:
    """Stop at session ``frame``, which the sink has come to, once what the fade is made of is here:
    a file asks faster than it is given."""
    deadline = time.monotonic() + STALL_SECONDS
    with playback.joiner() as joiner:
        wanted = min(frame + FADE_FRAMES, joiner.total)
    while playback.state().written < wanted and time.monotonic() < deadline:
        time.sleep(0.002)
    playback.stop()


@contextlib.contextmanager
def _played(playback: Playback) -> Iterator[None]:
    try:
        playback.start()
        yield
    finally:
        playback.close()
