"""The sound of a session, sent from its file while that grows: to any number of readers, each from
the beginning and at its own speed. A reader that is slow is waited for with one piece of the file
in hand, and holds nobody up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from typing import IO

from engine.places import open_file
from engine.service.flac import HEAD, with_length
from engine.service.refusals import BrokenOffError
from engine.service.sink import growing

PIECE = 64 * 1024
LOOK_SECONDS = 0.1


async def grown(
    path: Path, settled: Callable[[], bool], frames: int | None = None
) -> AsyncGenerator[bytes]:
    """The file that becomes ``path``, from its beginning to its end, as it comes; ``settled``:
    nothing more comes. ``frames``: how long a FLAC file will be; its beginning then says so, and
    what is saved of the stream is a file of that length."""
    file = await _opened(path, settled)
    if file is None:
        return
    with file:
        head = b""
        while True:
            over = settled()
            data = await asyncio.to_thread(file.read, PIECE)
            if frames is not None:
                head += data
                if len(head) < HEAD and not over:
                    data = b""
                else:
                    data = with_length(head, frames) if len(head) >= HEAD else head
                    frames = None
            if data:
                yield data
            elif over:
                return
            else:
                await asyncio.sleep(LOOK_SECONDS)


async def _opened(path: Path, settled: Callable[[], bool]) -> IO[bytes] | None:
    """None where there was nothing of it when nothing more came."""
    while True:
        over = settled()
        for place in (path, growing(path)):
            with contextlib.suppress(OSError):
                return await asyncio.to_thread(open_file, place)
        if over:
            return None
        await asyncio.sleep(LOOK_SECONDS)


async def cut_short(
    stream: AsyncGenerator[bytes], whole: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """``stream``; where it was not ``whole``, because the service ends, the answer is broken off,
    so that who keeps it does not take it for all of the sound."""
    async with contextlib.aclosing(stream):
        async for data in stream:
            yield data
    if not whole():
        raise BrokenOffError


async def part(path: Path, first: int, count: int) -> AsyncIterator[bytes]:
    """``count`` bytes of a file that is whole, from byte ``first`` on."""
    with await asyncio.to_thread(open_file, path) as file:
        file.seek(first)
        while count > 0:
            data = await asyncio.to_thread(file.read, min(PIECE, count))
            if not data:
                return
            count -= len(data)
            yield data
