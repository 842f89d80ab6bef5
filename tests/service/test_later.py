"""A session's sound from a later second on, while it grows and once it is whole; a live session
that is held."""

from __future__ import annotations

import asyncio
import io
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.waiting import wait_for

from engine.audio.files import AudioWriter
from engine.audio.format import SAMPLE_RATE, Frames
from engine.service import later
from engine.service.later import from_frame
from engine.service.sink import LEAD_SECONDS, GrowingSink


def _noise(seconds: float) -> Frames:
    made = np.random.default_rng(1).uniform(-0.5, 0.5, (int(seconds * SAMPLE_RATE), 2))
    return (np.round(made * 2**23) / 2**23).astype(np.float32)


def _collected(path: Path, start: int, suffix: str, taken: int, settled: list[bool]) -> bytes:
    async def all_of_it() -> bytes:
        turns = iter(settled)
        stream = from_frame(
            path, start, suffix=suffix, taken=lambda: taken, settled=lambda: next(turns, True)
        )
        return b"".join([data async for data in stream])

    return asyncio.run(all_of_it())


def test_a_whole_file_from_its_midst_is_sample_for_sample_the_rest(tmp_path: Path) -> None:
    audio = _noise(3.0)
    path = tmp_path / "sound.flac"
    with AudioWriter(path, title="a", artist="b", comment="c") as writer:
        writer.write(audio)
    data = _collected(path, 50_000, ".flac", len(audio), [True])
    assert data.startswith(b"fLaC")
    read, _ = soundfile.read(io.BytesIO(_told(data, len(audio) - 50_000)), dtype="float32")
    np.testing.assert_array_equal(read, audio[50_000:])


def test_it_comes_while_the_file_grows_and_ends_where_that_does(tmp_path: Path) -> None:
    audio = _noise(3.0)
    path = tmp_path / "sound.flac"
    writer = AudioWriter(path, title="a", artist="b", comment="c")
    writer.write(audio[: 2 * SAMPLE_RATE])

    async def both() -> bytes:
        over = False
        parts = []
        stream = from_frame(
            path,
            SAMPLE_RATE,
            suffix=".flac",
            taken=lambda: writer.frames,
            settled=lambda: over,
        )
        async for data in stream:
            parts.append(data)
            if not over:
                writer.write(audio[2 * SAMPLE_RATE :])
                writer.close()
                over = True
        return b"".join(parts)

    data = asyncio.run(both())
    read, _ = soundfile.read(io.BytesIO(_told(data, 2 * SAMPLE_RATE)), dtype="float32")
    np.testing.assert_array_equal(read, audio[SAMPLE_RATE:])


def test_nothing_comes_from_behind_the_end(tmp_path: Path) -> None:
    path = tmp_path / "sound.flac"
    with AudioWriter(path, title="a", artist="b", comment="c") as writer:
        writer.write(_noise(0.5))
    data = _collected(path, SAMPLE_RATE, ".ogg", SAMPLE_RATE // 2, [False, True])
    assert len(data) < 10_000


def test_nothing_is_written_to_what_a_client_that_went_has_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, going = threading.Event(), threading.Event()
    done: list[str] = []

    class Stream:
        def __init__(self, file: object, suffix: str) -> None:
            pass

        def write(self, audio: Frames) -> None:
            done.append("written")

        def close(self) -> None:
            done.append("closed")

    def read(*_: object) -> Frames:
        reading.set()
        going.wait()
        return np.zeros((1, 2), np.float32)

    monkeypatch.setattr(later, "SoundStream", Stream)
    monkeypatch.setattr(later, "read_grown", read)

    async def one_that_goes() -> None:
        stream = from_frame(
            tmp_path, 0, suffix=".ogg", taken=lambda: 2 * SAMPLE_RATE, settled=lambda: False
        )
        asking = asyncio.ensure_future(anext(stream))
        await asyncio.to_thread(reading.wait)
        asking.cancel()
        await asyncio.wait([asking])
        going.set()  # the thread ends before the loop does

    asyncio.run(one_that_goes())
    assert done == ["closed"]


def _told(data: bytes, frames: int) -> bytes:
    """A FLAC stream with its length in its header, which libsndfile wants to know."""
    said = int.from_bytes(data[18:26], "big") >> 36 << 36 | frames
    return data[:18] + said.to_bytes(8, "big") + data[26:]


def test_a_live_session_that_is_held_gives_nothing_until_it_goes_on(tmp_path: Path) -> None:
    now = [0.0]

    def fill(block: Frames) -> int:
        now[0] += 0.01
        return len(block)

    sink = GrowingSink(tmp_path / "sound.flac", title="a", live=True, clock=lambda: now[0])
    sink.hold(True)
    sink.start(fill)
    assert sink.frames == 0
    sink.hold(False)
    wait_for(lambda: sink.frames > LEAD_SECONDS * SAMPLE_RATE / 2, moves=lambda: sink.frames)
    sink.hold(True)
    sink.close()  # ends it all the same
    assert not sink.active
