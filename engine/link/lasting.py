"""An engine that lasts: it composes one session after another, and is started once."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from engine.errors import MusmedError
from engine.link.client import EngineClient
from engine.link.deliveries import Delivery, EngineLost
from engine.link.protocol import Hello
from engine.private import open_log


class LastingEngine:
    """Lends its engine to one session at a time.

    A session that ends gives it back by closing it. If it then owes nothing, the next session has
    it; else it is ended, and the next session has a new one. A composer that is open already is
    not loaded again (``engine.link.worker``). ``log_file`` takes what engines print.
    """

    def __init__(self, log_file: Path) -> None:
        self._log_file = log_file
        self._log: IO[bytes] | None = None
        self._lock = threading.Lock()
        self._client: _Lent | None = None
        self._number = 0
        """Of the engine that is spoken to: how many there were."""
        self._hello: Hello | None = None
        self._deliver: Callable[[Delivery], None] | None = None

    def take(self, deliver: Callable[[Delivery], None]) -> EngineClient | None:
        """The engine, from now on speaking to ``deliver`` (its ``Hello`` first); None where it is
        lent already or can't be started."""
        with self._lock:
            if self._deliver is not None:
                return None
            self._deliver = deliver
            alive = self._client is not None and self._client.idle
            if alive and self._hello is not None:
                deliver(self._hello)
                return self._client
            self._hello, self._number = None, self._number + 1
            try:
                self._log = self._log or open_log(self._log_file)
                hear = functools.partial(self._hear, self._number)
                self._client = _Lent(hear, self._given_back, self._log)
            except MusmedError:
                self._client = self._deliver = None
            return self._client

    def close(self) -> None:
        """End the engine. May be called twice."""
        with self._lock:
            client, self._client = self._client, None
            self._hello = self._deliver = None
        if client is not None:
            client.end()
        if self._log is not None:
            self._log.close()

    def _given_back(self, client: _Lent) -> bool:
        """Whether it is kept for the next session; said again, it is still."""
        with self._lock:
            if client is not self._client:
                return False
            self._deliver = None
            if self._hello is not None and client.idle:
                return True
            self._client = self._hello = None
            return False

    def _hear(self, number: int, told: Delivery) -> None:
        with self._lock:
            if number != self._number:  # one that died says so after another has taken its place
                return
            deliver = self._deliver
            if isinstance(told, Hello):
                self._hello = told
            elif isinstance(told, EngineLost):
                self._client = self._hello = self._deliver = None
        if deliver is not None:
            deliver(told)


class _Lent(EngineClient):
    """An engine's client whose ``close`` gives it back."""

    def __init__(
        self,
        deliver: Callable[[Delivery], None],
        given_back: Callable[[_Lent], bool],
        log: IO[bytes],
    ) -> None:
        self._given_back = given_back
        super().__init__(deliver, log=log)

    def close(self, timeout: float = 2.0) -> None:
        if not self._given_back(self):
            self.end(timeout)

    def end(self, timeout: float = 2.0) -> None:
        """End it in earnest."""
        super().close(timeout)
