"""The notes that are heard about now, of a session that plays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.audio.format import seconds_of
from engine.record_in_short import RecordInShort
from engine.session.conductor.clip_state import ClipState
from engine.session.heard_notes import HeardScore, ScoredClip, heard_score
from engine.session.kept_clips import KeptClips

SCORE_SECONDS = 90.0
"""Before and after what is heard: more than a screen shows at once."""
AGAIN_SECONDS = 2.0
"""A record that was not there is asked for again: a clip is over shortly before it is kept."""


class NearScore:
    """Made of the clips near what is heard, whose whole records ``kept_clips`` has. For one thread
    at a time."""

    def __init__(self, kept_clips: KeptClips) -> None:
        self._kept_clips = kept_clips
        self._near: list[tuple[ClipState, RecordInShort]] = []
        """What ``_score`` is of."""
        self._score = HeardScore()
        self._lacked: float | None = None
        """The session second at which a record was not there."""

    def at(self, now: float, clips: Iterable[ClipState]) -> HeardScore:
        """The notes of ``clips`` a minute and a half around session second ``now``; the same object
        while they are the same."""
        near = [
            (clip, clip.record)
            for clip in clips
            if clip.record is not None
            and seconds_of(clip.start) < now + SCORE_SECONDS
            and seconds_of(clip.reach) > now - SCORE_SECONDS
        ]
        again = self._lacked is not None and abs(now - self._lacked) >= AGAIN_SECONDS
        if again or [id(one) for _, one in near] != [id(one) for _, one in self._near]:
            scored = list(self._scored(near))
            self._near, self._score = near, heard_score(scored)
            self._lacked = now if len(scored) < len(near) else None
        return self._score

    def _scored(self, near: Iterable[tuple[ClipState, RecordInShort]]) -> Iterator[ScoredClip]:
        for clip, _ in near:
            record = self._kept_clips.record(clip.spec.key)
            if record is not None:
                yield ScoredClip(clip.spec.index, seconds_of(clip.start), record)
