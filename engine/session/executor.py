"""What the conductor's commands are carried out on: clip store, playback and library."""

from __future__ import annotations

import logging

from engine.audio.format import frames_of
from engine.composers.base import Continuation
from engine.errors import MusmedError
from engine.link.deliveries import ChunkArrived
from engine.playback.clips import ClipStore
from engine.playback.joiner import Joiner
from engine.playback.playback import Playback
from engine.playback.sinks.base import Sink
from engine.session.conductor.clip_state import ClipState
from engine.session.conductor.messages import (
    AppendChunk,
    Arm,
    BeginClip,
    Disarm,
    DiscardClip,
    FinishClip,
    HandOver,
    HoldBack,
    KeepEvent,
    KeepEvents,
    PlaceClip,
    SplicePlaced,
    StageCommand,
    Withdraw,
)
from engine.session.conductor.resumption import Resumption, resumption
from engine.session.library.library import Library
from engine.session.library.records import StoredClip, StoredSession

FADE_SECONDS = 4.0
"""The session's fades at both ends (comfort: 3 to 5 s)."""

log = logging.getLogger(__name__)


class Stage:
    """The clips, the sound and the record of one session, ``session`` in ``library``."""

    def __init__(self, library: Library, session: str) -> None:
        self._library = library
        self._session = session
        self.store = ClipStore(library.clip_folder(session))

    def open(self, total: float, sink: Sink, kept: Resumption | None) -> None:
        """Set up playback of ``total`` seconds; what is kept of a session goes in at once."""
        fade = frames_of(FADE_SECONDS)
        self.joiner = Joiner(frames_of(total), fade_in=fade, fade_out=fade)
        self.playback = Playback(self.joiner, sink)
        if kept is None:
            return
        for state, splice in kept.pieces:
            self.playback.place(self.store.get(state.spec.key), state.marks, splice=splice)
            state.placed = True
        self.joiner.start_at(frames_of(kept.position))

    def take_up(self, session: StoredSession) -> Resumption:
        """Look at what is kept of a session: damaged clips are composed again."""
        states = {}
        for key, clip in session.clips.items():
            try:
                Continuation.unpack(clip.continuation)
                self.store.adopt(key, clip.start)
            except MusmedError as error:
                log.warning("clip %s will be composed again: %s", key, error)
            else:
                states[key] = _kept(clip)
        return resumption(session.request, session.events, states, session.position)

    def store_kept(self, kept: Resumption) -> None:
        """Once the session is held: what is of no use any more goes."""
        self._library.keep_events(self._session, len(kept.events) + (kept.splice is not None))
        for key in kept.lost:
            self.carry_out(DiscardClip(key), None)

    def carry_out(self, command: StageCommand, chunk: ChunkArrived | None) -> SplicePlaced | None:
        """``chunk``: the one just delivered, for ``AppendChunk``. A splice is answered. Raises
        ``MusmedError`` when something can't be stored."""
        match command:
            case BeginClip():
                self.store.begin(command.key, command.start, command.frames)
            case AppendChunk() if chunk is not None:
                self.store.append(command.key, chunk.audio[command.skip :])
            case HoldBack():
                self.store.hold_back(command.key, command.frame)
            case HandOver():
                with self.playback.standing_still():
                    self.store.hand_over(command.key, command.change)
            case FinishClip():
                self._finish(command)
            case DiscardClip():
                self._library.remove_clip(self._session, command.key)
                self.store.discard(command.key)
            case PlaceClip():
                return self._place(command)
            case Arm():
                self.playback.arm(command.frame)
            case Disarm():
                self.playback.disarm()
            case KeepEvent():
                self._library.add_event(self._session, command.event)
            case KeepEvents():
                self._library.keep_events(self._session, command.count)
            case Withdraw():
                self.playback.withdraw(command.keys)
            case _:
                pass  # a chunk's command without its chunk: there is nothing to keep
        return None

    def close(self) -> None:
        """End playback, then let go of the clips."""
        self.playback.close()
        self.store.close()

    def _place(self, command: PlaceClip) -> SplicePlaced | None:
        accepted = self.playback.place(
            self.store.get(command.key),
            command.marks,
            splice=command.splice,
            then_arm=command.arm,
        )
        return SplicePlaced(command.key, accepted) if command.splice else None

    def _finish(self, command: FinishClip) -> None:
        self.store.finish(command.spec.key, cut=command.cut)
        self._library.save_clip(
            self._session,
            command.spec,
            command.start,
            command.frames,
            command.cut,
            command.continuation,
            command.record,
            command.marks,
        )


def _kept(clip: StoredClip) -> ClipState:
    return ClipState(
        clip.spec,
        start=clip.start,
        frames=clip.frames,
        got=clip.frames,
        begun=True,
        whole=not clip.cut,
        continuation=clip.continuation,
        marks=clip.marks,
        record=clip.record,
    )
