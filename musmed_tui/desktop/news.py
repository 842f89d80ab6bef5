"""What of a session is worth a notification: its end, and trouble. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from musmed_tui.session_view import Snapshot

WAITS_SECONDS = 10.0
"""Music that is late for less is no news."""


class News:
    """Looks at one session, and says each thing once as it comes. ``words``: the session's way
    stands in it; else it says nothing of how the listener feels."""

    def __init__(self, *, words: bool) -> None:
        self._words = words
        self._said: frozenset[str] = frozenset()
        self._waits_since: float | None = None

    def look(self, snapshot: Snapshot, now: float) -> str | None:
        """A sentence where there is news; ``now`` in seconds of a clock that never goes back."""
        trouble = self._stands(snapshot, now)
        new = [said for said in trouble if said not in self._said]
        self._said = frozenset(trouble)
        if not new:
            return None
        way = f" ({' to '.join(snapshot.way)})" if self._words else ""
        return f"{new[0]}{way}."

    def _stands(self, snapshot: Snapshot, now: float) -> list[str]:
        """What is so now. A session that the listener stopped is no news to them; one that the
        sleep timer stopped finds them asleep."""
        if snapshot.state != "composing":
            self._waits_since = None
        elif self._waits_since is None:
            self._waits_since = now
        waits = self._waits_since is not None and now - self._waits_since >= WAITS_SECONDS
        down = snapshot.line is not None and snapshot.line.is_down and not snapshot.ended
        found = {
            "The session is over": snapshot.state == "ended",
            "The session has failed": snapshot.state == "failed",
            "There is no sound device, and the session waits": snapshot.state == "away",
            "The music waits for its composer": waits,
            "The line to the other machine is down": down,
        }
        return [said for said, is_so in found.items() if is_so]
