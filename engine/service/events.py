"""How a session stands, told as it changes: server-sent events (HTML Living Standard, 9.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from engine.service.answers import session_answer
from engine.service.hall import Hall
from engine.service.refusals import UnknownSessionError

EVERY_SECONDS = 0.25
ALIVE_SECONDS = 15.0
"""So often something is sent, so that who has gone is noticed."""


async def told(hall: Hall, session: str) -> AsyncIterator[bytes]:
    """An event 'status' with a ``SessionAnswer`` whenever that is another one, until it is over."""
    last, quiet = b"", 0.0
    while True:
        over = hall.settled(session)
        try:
            now = msgspec.json.encode(session_answer(hall, hall.job(session)))
        except UnknownSessionError:
            return
        if now != last:
            last, quiet = now, 0.0
            yield b"event: status\ndata: " + now + b"\n\n"
        elif quiet >= ALIVE_SECONDS:
            quiet = 0.0
            yield b":\n\n"
        if over:
            return
        quiet += EVERY_SECONDS
        await asyncio.sleep(EVERY_SECONDS)
