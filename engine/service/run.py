"""The service on its socket, until it is told to end: uvicorn around the application.

Imported inside functions only: uvicorn belongs to the extra 'serve'.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from engine.errors import MusmedError
from engine.service.gate import Asgi
from engine.service.hall import Hall

IDLE_SECONDS = 20.0
"""A connection on which no request is whole by then is closed."""
HEADER_BYTES = 16 * 1024
GRACE_SECONDS = 2
LOOK_SECONDS = 0.1


def listening(address: str, port: int) -> socket.socket:
    """A socket that listens there; port 0: a free one. Raises ``MusmedError``."""
    try:
        kind, _, _, _, place = socket.getaddrinfo(
            address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(kind, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise MusmedError(f"There is no address {address!r} to listen on; name another.") from error
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(place)
        found.listen(128)
    except OSError as error:
        found.close()
        raise MusmedError(
            f"{address} port {port} can't be listened on ({error.strerror}); choose another --port "
            "or --bind."
        ) from error
    return found


def run(app: Asgi, hall: Hall, taken: socket.socket, ended: Callable[[], bool]) -> None:
    """Answer on ``taken`` until ``ended``; who is answered then has a moment to take it."""
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=2 * hall.limits.connections,  # those that ask nothing, too
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=HEADER_BYTES,
    )
    asyncio.run(_served(_Server(config), hall, taken, ended))


async def _served(
    server: uvicorn.Server, hall: Hall, taken: socket.socket, ended: Callable[[], bool]
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[taken]))
    while not serving.done():
        if ended():
            hall.take_no_more()
            server.should_exit = True
        await asyncio.wait([serving], timeout=LOOK_SECONDS)
    await serving


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Whoever runs it minds the signals."""
        yield


class _Protocol(H11Protocol):
    """Closes a connection on which nothing whole is asked for long."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._mind()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._mind()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _mind(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._forget()
        elif self._patience is None:
            self._patience = self.loop.call_later(IDLE_SECONDS, self.transport.close)

    def _forget(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
