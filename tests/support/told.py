"""What ``musmed play --json`` tells while it plays, with the moments at which it was read."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from typing import Any

LOST = ("is gone (", "The line to ", "The composer stopped")
RETURNED = re.compile(r"The composer (on .* )?is back\.")


class Told:
    """``read`` takes lines until there are no more; then the rest can be asked."""

    def __init__(self) -> None:
        self._events: list[tuple[float, dict[str, Any]]] = []

    def read(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._events.append((time.monotonic(), json.loads(line)))

    @property
    def notices(self) -> list[str]:
        return [text for _, text in self._notices()]

    @property
    def gaps(self) -> int | None:
        """The player's own count; None where it told of no end."""
        return next((event["gaps"] for _, event in self._events if event["event"] == "end"), None)

    def longest(self, state: str) -> float:
        """Seconds for which the session stood in ``state`` at most."""
        states = [(at, event["state"]) for at, event in self._events if event["event"] == "state"]
        ends = [at for at, _ in states[1:]] + [at for at, _ in self._events[-1:]]
        spans = (end - at for (at, one), end in zip(states, ends, strict=True) if one == state)
        return max(spans, default=0.0)

    @property
    def in_words(self) -> str:
        """How often the engine was lost and came back, and for how long it was away."""
        lost, away = None, []
        for at, text in self._notices():
            if any(words in text for words in LOST) and lost is None:
                lost = at
            elif RETURNED.match(text) and lost is not None:
                away.append(at - lost)
                lost = None
        over = [text for text in self.notices if "takes over" in text]
        return (
            f"the engine was back {len(away)} times, after {max(away, default=0.0):.1f} s at most"
            f"{'' if lost is None else ' (and once not any more)'}; taken over: {over or 'never'}"
        )

    def _notices(self) -> list[tuple[float, str]]:
        return [(at, event["text"]) for at, event in self._events if event["event"] == "notice"]
