"""An engine started before there is a session, while the listener is still choosing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import IO

from engine.composers.options import USUAL, ComposerOptions
from engine.errors import MusmedError
from engine.link.client import EngineClient
from engine.link.deliveries import Delivery, EngineLost
from engine.link.protocol import Hello


class WarmEngine:
    """Starts an engine and loads ``composer`` into it; ``take`` gives it to one session.

    ``log`` as for ``EngineClient``; it must stay open for as long as the engine does. A process
    that can't be started is no error here: the session starts its own and says so.
    """

    def __init__(
        self, composer: str, log: IO[bytes] | None, options: ComposerOptions = USUAL
    ) -> None:
        self._composer = composer
        self._options = options
        self._lock = threading.Lock()
        self._up: Hello | None = None
        self._deliver: Callable[[Delivery], None] | None = None
        self._client: EngineClient | None = None
        with self._lock, contextlib.suppress(MusmedError):
            self._client = EngineClient(self._hear, log=log)

    def take(self, deliver: Callable[[Delivery], None]) -> EngineClient | None:
        """The engine, from now on speaking to ``deliver`` (its ``Hello`` first); None when
        there is none, or it has been taken."""
        with self._lock:
            client, self._client = self._client, None
            if client is None:
                return None
            self._deliver = deliver
            if self._up is not None:
                deliver(self._up)
            return client

    def close(self) -> None:
        """End the engine unless it was taken. May be called twice."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _hear(self, told: Delivery) -> None:
        with self._lock:
            if self._deliver is not None:
                self._deliver(told)
            elif isinstance(told, Hello):
                self._up = told
                if self._client is not None:
                    self._client.open(self._composer, self._options)
            elif isinstance(told, EngineLost):
                self._client = None
