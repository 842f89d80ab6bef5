"""What an engine owes: the answers to what it was asked for. What nobody asked for is refused."""

from __future__ import annotations

import threading

from engine.composers.base import has_model
from engine.link.framing import LinkError
from engine.link.protocol import (
    Cancel,
    ClipDone,
    ClipFailed,
    Compose,
    Failure,
    Hello,
    Loading,
    Open,
    Opened,
    Ping,
    Pong,
    ToEngine,
    ToFront,
)
from engine.link.watchdog import Seen
from engine.plan.spec import ClipKey
from engine.printable import one_line

LOADING_STEPS = 200
"""How often an engine may say how far loading is, for one ``Open``: it has hundredths."""


class Owed:
    """The account of one engine. ``asked`` from any thread, ``answered`` from the reader's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._words = self._steps = self._pongs = 0
        self._greeted = False
        self._opens = self._loading = 0
        self._clips: set[ClipKey] = set()
        self._cancelled: set[ClipKey] = set()
        self._pings: set[int] = set()
        self._model = False
        self.composer = ""
        """The one that was opened last, as the engine calls it; '' before that."""
        self.version = 0

    def asked(self, message: ToEngine) -> None:
        """Note what is sent to the engine."""
        with self._lock:
            match message:
                case Open():
                    self._opens += 1
                    self._model = has_model(message.composer)
                case Compose():
                    self._clips.add(message.spec.key)
                case Cancel():
                    self._cancelled.add(ClipKey(message.index, message.revision))
                case Ping():
                    self._pings.add(message.number)
                case _:
                    pass

    def heard(self) -> None:
        """A line before the engine's greeting, or something that is no answer: it lives."""
        with self._lock:
            self._words += 1

    def answered(self, message: ToFront) -> bool:
        """Note what the engine says. False for the answer to a ping of the watchdog, which is
        nobody else's. Raises ``LinkError`` for an answer to what was not asked."""
        with self._lock:
            self._words += 1
            self._steps += not isinstance(message, Pong)
            match message:
                case Hello():
                    self._expect(not self._greeted, "greeting")
                    self._greeted = True
                case Loading():
                    self._loading += 1
                    self._expect(self._opens and self._loading <= LOADING_STEPS, "loading")
                case Opened():
                    self._expect(self._opens, "a composer")
                    self._opens, self._loading = self._opens - 1, 0
                    self.composer, self.version = message.composer, message.version
                case Failure():
                    if not self._opens:  # what the front sent was no message to it
                        raise LinkError(one_line(message.reason))
                    self._opens, self._loading = self._opens - 1, 0
                case Pong():
                    self._expect(message.number in self._pings, "a ping")
                    self._pings.discard(message.number)
                    self._pongs += message.number < 0
                    return message.number >= 0
                case ClipDone() | ClipFailed():
                    self._clips -= self._cancelled  # one behind another may never be answered
                    self._clips.discard(ClipKey(message.index, message.revision))
                    self._cancelled.clear()
                case _:
                    pass
            return True

    def seen(self, *, busy: bool | None) -> Seen:
        """The account as the watchdog looks at it; ``busy``: of ``Seen``."""
        with self._lock:
            return Seen(
                words=self._words,
                steps=self._steps,
                pongs=self._pongs,
                greeted=self._greeted,
                owes=bool(self._opens or self._clips),
                model=self._model,
                busy=busy,
            )

    @staticmethod
    def _expect(asked: object, what: str) -> None:
        if not asked:
            raise LinkError(
                f"The engine answered about {what}, which it had not been asked about; the "
                "connection is closed."
            )
