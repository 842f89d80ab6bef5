"""What carries the conductor's commands out: clip store, playback and library."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from engine.allocation import give_back_free
from engine.audio.format import frames_of
from engine.link.protocol import ClipStarted
from engine.playback.clips import ClipStore
from engine.playback.joiner import Joiner
from engine.playback.joins import RENEWAL_FADE, SPLICE_FADE
from engine.playback.playback import Playback
from engine.playback.sinks.base import Sink
from engine.playback.sinks.listen import ListenSink
from engine.session.conductor.messages import (
    AppendChunk,
    Arm,
    Disarm,
    DiscardClip,
    ExecutorCommand,
    FinishClip,
    HandOver,
    HoldBack,
    KeepEvent,
    KeepEvents,
    PlaceClip,
    SplicePlaced,
    Withdraw,
)
from engine.session.conductor.resumption import PlacedClip, Resumption
from engine.session.kept_clips import KeptClips
from engine.session.library.library import Library

FADE_SECONDS = 4.0
"""The session's fades at both ends (comfort: 3 to 5 s)."""
BEHIND_FRAMES = frames_of(10.0)
"""A clip that ends so far behind the write cursor is read no more where nobody seeks: a join moves
a clip by a fraction of a second at most."""


def place_kept(joiner: Joiner, store: ClipStore, placed: Iterable[PlacedClip]) -> None:
    """Give the joiner what is kept of a session, as it was heard."""
    for clip, splice, renewed in placed:
        over = RENEWAL_FADE if renewed else SPLICE_FADE
        joiner.place(store.get(clip.spec.key), clip.marks, splice=splice, over=over)


class Executor:
    """The clips, the sound and the record of one session.

    ``session``: its id in ``library``.
    ``total``: its length in seconds.
    ``kept``: what is kept of it, and in ``store`` already: it is given to the joiner at once.
    """

    def __init__(
        self,
        library: Library,
        session: str,
        store: ClipStore,
        kept_clips: KeptClips,
        sink: Sink | ListenSink,
        *,
        total: float,
        kept: Resumption | None = None,
    ) -> None:
        self._library = library
        self._session = session
        self.store = store
        self.kept_clips = kept_clips
        fade = frames_of(FADE_SECONDS)
        joiner = Joiner(frames_of(total), fade_in=fade, fade_out=fade)
        if kept is not None:
            place_kept(joiner, store, kept.placed)
            for placed in kept.placed:
                placed.clip.placed = True
            joiner.start_at(frames_of(kept.position))
        self.playback = Playback(joiner, sink)
        self._lasts = sink.realtime
        """It takes as long as it plays, perhaps an hour; a rendering is over before."""

    def store_kept(self, kept: Resumption) -> None:
        """Once the session is held: what is of no use any more goes."""
        self._library.keep_events(self._session, len(kept.events) + (kept.splice is not None))
        for key in kept.lost:
            self.carry_out(DiscardClip(key))
        self.store.tidy(kept.clips)

    def carry_out(self, command: ExecutorCommand) -> SplicePlaced | None:
        """A splice is answered. Raises ``MusmedError`` when something can't be stored."""
        match command:
            case ClipStarted():
                self.store.begin(command.key, command.start, command.frames)
            case AppendChunk():
                self.store.append(command.key, command.audio)
                self.playback.wake()
            case HoldBack():
                self.store.hold_back(command.key, command.frame)
            case HandOver():
                with self.playback.joiner() as joiner:  # which reads nothing of the clip meanwhile
                    self.store.hand_over(command.key, command.change, command.held_back)
                    if command.change.at == command.change.until:
                        joiner.enter_by_itself()
            case FinishClip():
                self._finish(command)
            case DiscardClip():
                self._library.remove_clip(self._session, command.key)
                self.kept_clips.forget(command.key)
                self.store.discard(command.key)
            case PlaceClip():
                return self._place(command)
            case Arm():
                with self.playback.joiner() as joiner:
                    joiner.arm(command.frame)
            case Disarm():
                with self.playback.joiner() as joiner:
                    joiner.disarm()
            case KeepEvent():
                self._library.add_event(self._session, command.event)
            case KeepEvents():
                self._library.keep_events(self._session, command.count)
            case Withdraw():
                with self.playback.joiner() as joiner:
                    joiner.withdraw(command.keys)
            case _:
                assert_never(command)
        return None

    def close(self) -> None:
        """End playback, then let go of the clips."""
        self.playback.close()
        self.store.close()

    def _place(self, command: PlaceClip) -> SplicePlaced | None:
        clip = self.store.get(command.key)
        with self.playback.joiner() as joiner:
            over = RENEWAL_FADE if command.renewed else SPLICE_FADE
            accepted = joiner.place(clip, command.marks, splice=command.splice, over=over)
            if command.arm is not None:  # at once, so that nothing is read past that splice
                joiner.arm(command.arm)
        return SplicePlaced(command.key, accepted) if command.splice else None

    def _finish(self, command: FinishClip) -> None:
        self.store.finish(command.spec.key, cut=command.cut)
        self.playback.wake()
        self.store.let_go(self.playback.state().written - BEHIND_FRAMES)
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
        self.kept_clips.keep(command.spec.key, command.continuation, command.record)
        if self._lasts:
            give_back_free()  # what the clip took on its way, once for each
