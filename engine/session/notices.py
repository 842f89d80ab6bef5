"""The sentences of a session: told to whoever listens, kept with the session."""

from __future__ import annotations

import contextlib
import logging
import queue
from collections.abc import Callable

import msgspec

from engine.errors import MusmedError
from engine.printable import one_line
from engine.session.library.library import Library

log = logging.getLogger(__name__)


class Notice(msgspec.Struct, frozen=True):
    """A sentence for the listener, and the session seconds at which it was said."""

    seconds: float
    text: str
    answer: bool = False
    """To something the listener asked for: nothing is wrong."""


class Notices:
    """``heard`` gives the session seconds that have been heard. Any thread may take. What an engine
    says comes through here: it is one line of visible characters from here on."""

    def __init__(self, library: Library, session: str, heard: Callable[[], float]) -> None:
        self._library = library
        self._session = session
        self._heard = heard
        self._queue: queue.Queue[Notice] = queue.Queue()
        self._said: set[str] = set()

    def tell(self, text: str, *, answer: bool = False) -> None:
        """For the listener alone."""
        self._queue.put(Notice(self._heard(), one_line(text), answer))

    def say(self, text: str, *, answer: bool = False) -> None:
        """For the listener, and for the session's record, if the disk takes it."""
        seconds, text = self._heard(), one_line(text)
        self._queue.put(Notice(seconds, text, answer))
        try:
            self._library.add_note(self._session, seconds, text)
        except MusmedError as error:
            log.warning("what was said was not stored: %s", error)

    def say_once(self, text: str) -> None:
        """``say``, but what was said so before, or is nothing, is not said."""
        if text and text not in self._said:
            self._said.add(text)
            self.say(text)

    def take(self) -> list[Notice]:
        """Those since the last call."""
        taken: list[Notice] = []
        with contextlib.suppress(queue.Empty):
            while True:
                taken.append(self._queue.get_nowait())
        return taken
