"""A session as JSON, one object a line when it happens, for programs (docs/json.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from musmed_tui.plain.player import PlainPlayer
from musmed_tui.terminal.streams import json_line

if TYPE_CHECKING:
    from engine.affect.circumplex import Affect
    from engine.session.conductor.line_state import LineState
    from musmed_tui.plain.output import Output
    from musmed_tui.session_view import Snapshot


class EventPlayer(PlainPlayer):
    """Follows a session as ``PlainPlayer`` does, and tells of it in objects. It takes no keys."""

    _clip = -1
    _state = ""
    _loaded = -1
    _line: LineState | None = None

    def show(self) -> None:
        """Tell what is new."""
        for notice in self._runner.take_notices():
            say_event(self._output, "notice", notice.seconds, text=notice.text)
        snapshot = self._look()
        if snapshot.state != self._state:
            self._state = snapshot.state
            say_event(self._output, "state", snapshot.position_s, state=snapshot.state)
        self._tell_loading(snapshot)
        self._tell_line(snapshot)
        if snapshot.clip != self._clip and snapshot.state in {"playing", "paused", "composing"}:
            self._clip = snapshot.clip
            say_event(self._output, "clip", snapshot.position_s, **_clip(snapshot))

    def _tell_loading(self, snapshot: Snapshot) -> None:
        percent = -1 if snapshot.loading is None else round(100 * snapshot.loading)
        if percent != self._loaded and percent >= 0:
            self._loaded = percent
            composer = snapshot.composer
            say_event(
                self._output, "loading", snapshot.position_s, composer=composer, percent=percent
            )

    def _tell_line(self, snapshot: Snapshot) -> None:
        line, before = snapshot.line, self._line
        if line == before:
            return
        self._line = line
        if line is not None and (before is not None or line.standing != "up"):
            say_event(
                self._output,
                "line",
                snapshot.position_s,
                host=line.name,
                state=line.standing,
                here_s=round(snapshot.ahead_s, 1),
            )


def say_event(output: Output, event: str, seconds: float, **fields: object) -> None:
    """A line for something that happened at ``seconds`` of session time."""
    output.line(json_line({"event": event, "time_s": round(seconds, 3), **fields}))


def place(affect: Affect, word: str | None) -> dict[str, object]:
    """A feeling, as a listener said it and where it lies."""
    return {"word": word, "valence": affect.valence, "arousal": affect.arousal}


def _clip(snapshot: Snapshot) -> dict[str, object]:
    tags = snapshot.tags
    return {
        "clip": snapshot.clip,
        "clips": snapshot.clips,
        "affect": {"valence": snapshot.affect.valence, "arousal": snapshot.affect.arousal},
        "target": place(snapshot.target, snapshot.target_word),
        "mood": tags.mood,
        "emotion": tags.emotion,
        "instrument": tags.instrument,
        "genre": tags.genre,
        "composer": snapshot.composer,
    }
