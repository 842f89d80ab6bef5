"""A session as a media player of the desktop: ``Snapshot`` to properties, calls to deeds.

The names are those of MPRIS 2.2 (specifications.freedesktop.org/mpris-spec). Pure: nothing of a bus
here; a value is a pair of its D-Bus signature and itself. Times of MPRIS are microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from musmed_tui.session_control import Running
    from musmed_tui.session_view import Snapshot

ROOT = "org.mpris.MediaPlayer2"
PLAYER = "org.mpris.MediaPlayer2.Player"
TITLE = "musmed"
SECOND = 1_000_000
"""Microseconds."""
NEAR_SECONDS = 3.0
"""So near to a stretch's beginning 'previous' goes to the one before."""
JUMP_SECONDS = 1.5
"""A position that is so far from where the clock would have it was gone to."""

Typed = tuple[str, object]


def root_properties() -> dict[str, Typed]:
    """Of the program. No terminal can be brought to the front by what runs in it."""
    return {
        "CanQuit": ("b", True),
        "CanRaise": ("b", False),
        "HasTrackList": ("b", False),
        "Identity": ("s", TITLE),
        "SupportedUriSchemes": ("as", []),
        "SupportedMimeTypes": ("as", []),
    }


def player_properties(snapshot: Snapshot, volume: float, *, words: bool) -> dict[str, Typed]:
    """Of a session. ``words``: its way is the title; else nobody who sees a lock screen learns how
    the listener feels."""
    there = not snapshot.ended
    return {
        "PlaybackStatus": ("s", playback_status(snapshot)),
        "Rate": ("d", 1.0),
        "MinimumRate": ("d", 1.0),
        "MaximumRate": ("d", 1.0),
        "Metadata": ("a{sv}", _metadata(snapshot, words=words)),
        "Volume": ("d", volume),
        "Position": ("x", _micro(snapshot.position_s)),
        "CanGoNext": ("b", there),
        "CanGoPrevious": ("b", there),
        "CanPlay": ("b", there),
        "CanPause": ("b", there),
        "CanSeek": ("b", there),
        "CanControl": ("b", True),
    }


def playback_status(snapshot: Snapshot) -> str:
    """What waits for a composer or for a sound device plays as soon as it can."""
    if snapshot.ended:
        return "Stopped"
    return "Paused" if snapshot.paused else "Playing"


def track(snapshot: Snapshot) -> str:
    """The session as an object path."""
    return f"/org/musmed/session/{re.sub(r'[^A-Za-z0-9]', '_', snapshot.session_id) or 'none'}"


def _metadata(snapshot: Snapshot, *, words: bool) -> dict[str, Typed]:
    return {
        "mpris:trackid": ("o", track(snapshot)),
        "mpris:length": ("x", _micro(snapshot.total_s)),
        "xesam:title": ("s", " to ".join(snapshot.way) if words else TITLE),
        "xesam:artist": ("as", [TITLE]),
    }


def _micro(seconds: float) -> int:
    return round(seconds * SECOND)


class Changes(NamedTuple):
    """What has to be told since the last look: properties, and a position that was gone to, in
    microseconds."""

    properties: dict[str, Typed]
    seeked: int | None


class Remote:
    """A session under somebody else's keys. ``quit_musmed`` ends the program."""

    def __init__(
        self,
        runner: Running,
        look: Callable[[], Snapshot],
        quit_musmed: Callable[[], None],
        *,
        words: bool,
    ) -> None:
        self._runner = runner
        self._look = look
        self._quit = quit_musmed
        self._words = words
        self._told: dict[str, Typed] = {}
        self._seen: tuple[float, float] | None = None

    @property
    def sounds(self) -> bool:
        return self._look().state == "playing"

    @property
    def over(self) -> bool:
        return self._look().ended

    def properties(self, interface: str) -> dict[str, Typed] | None:
        """All of ``interface``; None for one that is not here."""
        if interface == ROOT:
            return root_properties()
        if interface == PLAYER:
            return player_properties(self._look(), self._runner.volume, words=self._words)
        return None

    def set(self, interface: str, name: str, value: object) -> bool:
        """Set a property that can be; gives whether it could. The rate is what it is."""
        if interface != PLAYER:
            return False
        if name == "Volume" and isinstance(value, float):
            self._runner.set_volume(min(1.0, max(0.0, value)))
            return True
        return name == "Rate"

    def call(self, interface: str, member: str, body: list[object]) -> bool:
        """Do what a method says; gives whether there is such a method."""
        deed = self._deeds().get((interface, member))
        if deed is None:
            return False
        deed(*body)
        return True

    def _deeds(self) -> dict[tuple[str, str], Callable[..., None]]:
        runner = self._runner
        return {
            (ROOT, "Raise"): lambda: None,
            (ROOT, "Quit"): self._quit,
            (PLAYER, "Play"): lambda: runner.pause(False),
            (PLAYER, "Pause"): lambda: runner.pause(True),
            (PLAYER, "PlayPause"): runner.pause_or_resume,
            (PLAYER, "Stop"): runner.stop,
            (PLAYER, "Next"): runner.skip,
            (PLAYER, "Previous"): self._previous,
            (PLAYER, "Seek"): self._seek,
            (PLAYER, "SetPosition"): self._set_position,
            (PLAYER, "OpenUri"): lambda _: None,
        }

    def _previous(self) -> None:
        """Back to where this stretch begins; who is there already goes to the one before."""
        snapshot = self._look()
        here = snapshot.timeline[snapshot.clip].start
        if snapshot.position_s - here < NEAR_SECONDS and snapshot.clip > 0:
            here = snapshot.timeline[snapshot.clip - 1].start
        self._runner.seek(here)

    def _seek(self, offset: int) -> None:
        snapshot = self._look()
        wanted = snapshot.position_s + offset / SECOND
        self._runner.seek(min(snapshot.total_s, max(0.0, wanted)))

    def _set_position(self, which: str, position: int) -> None:
        """What is not of this session, or lies outside it, is nothing (so the specification)."""
        snapshot = self._look()
        if which == track(snapshot) and 0 <= position <= _micro(snapshot.total_s):
            self._runner.seek(position / SECOND)

    def changes(self, now: float) -> Changes:
        """Since the last call; ``now`` in seconds of a clock that never goes back. Where it is is
        not told while it goes on by itself."""
        snapshot = self._look()
        all_of_it = player_properties(snapshot, self._runner.volume, words=self._words)
        del all_of_it["Position"]
        new = {name: value for name, value in all_of_it.items() if self._told.get(name) != value}
        self._told = all_of_it
        before, self._seen = self._seen, (now, snapshot.position_s)
        if before is None:
            return Changes(new, None)
        went, passed = snapshot.position_s - before[1], now - before[0]
        jumped = went < -0.1 or went > passed + JUMP_SECONDS
        return Changes(new, _micro(snapshot.position_s) if jumped else None)
