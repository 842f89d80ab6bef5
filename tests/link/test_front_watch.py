"""The rule by which an engine stops waiting for its front, and engines that do."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from support.waiting import HANG_SECONDS

from engine.link import front_watch, server
from engine.link.framing import PREAMBLE, FrameReader, encode_frame
from engine.link.front_watch import (
    COUNTED_SECONDS,
    GREETING_SECONDS,
    SILENT_SECONDS,
    FrontWatch,
)
from engine.link.protocol import Failure, Ping, Pull, ToFront

ENGINE = [sys.executable, "-P", "-m", "engine"]


def looks(watch: FrontWatch, count: int, messages: int, gap: float = 1.0) -> list[str]:
    """What ``count`` looks say, ``gap`` seconds apart, of a front of which so much has come."""
    return [watch.look(watch._looked + gap, messages) for _ in range(count)]


def test_who_never_greets_is_waited_for_two_minutes() -> None:
    watch = FrontWatch(0.0)
    assert not any(looks(watch, int(GREETING_SECONDS) - 1, 0))
    assert looks(watch, 1, 0) == ["The other side has said nothing for 120 s; the engine ends."]


def test_who_speaks_now_and_then_is_waited_for() -> None:
    watch = FrontWatch(0.0)
    for messages in range(1, 5):
        assert not any(looks(watch, int(SILENT_SECONDS) - 1, messages))
    assert not any(looks(watch, 1, 4))
    assert any(looks(watch, 2, 4))


def test_sleep_counts_for_next_to_nothing() -> None:
    """A machine that slept for days, or an engine that was stopped."""
    watch = FrontWatch(0.0)
    assert not any(looks(watch, int(GREETING_SECONDS / COUNTED_SECONDS) - 1, 0, gap=1e6))


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(front_watch, "GREETING_SECONDS", 0.5)
    monkeypatch.setattr(front_watch, "SILENT_SECONDS", 0.5)


class Held(io.RawIOBase):
    """A line on which ``data`` comes, and then nothing more."""

    def __init__(self, data: bytes) -> None:
        self._read, self._held = os.pipe()
        os.write(self._held, data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        data = os.read(self._read, len(buffer))  # type: ignore[arg-type]
        buffer[: len(data)] = data  # type: ignore[index]
        return len(data)


def frame(message: msgspec.Struct) -> bytes:
    return encode_frame(msgspec.msgpack.encode(message), b"")


GREETED = PREAMBLE + frame(Pull(4)) + frame(Ping(1))


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    "data", [b"", b"a banner\n", PREAMBLE, PREAMBLE + frame(Ping(1))[:-1], GREETED],
    ids=("nothing", "a banner", "a greeting", "a part of a message", "a message"),
)  # fmt: skip
def test_an_engine_ends_for_a_front_that_says_no_more(data: bytes) -> None:
    said = io.BytesIO()
    assert server.serve(io.BufferedReader(Held(data)), said) == 2
    assert list(failures(said)) == ["The other side has said nothing for 1 s; the engine ends."]


def failures(said: io.BytesIO) -> Iterator[str]:
    said.seek(0)
    reader: FrameReader[ToFront] = FrameReader(said, ToFront)
    assert reader.skip_to_preamble(lambda _: None)
    while (one := reader.read()) is not None:
        if isinstance(one.message, Failure):
            yield one.message.reason


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"GET / HTTP/1.1\r\n\r\n" * 300, "talks, but not musmed's language"), (b"", "")],
    ids=("garbage", "nothing"),
)
def test_the_real_engine_ends_with_a_sentence_for_what_is_no_front(
    data: bytes, says: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        ENGINE, input=data, capture_output=True, check=False, timeout=HANG_SECONDS, cwd=tmp_path
    )
    assert says in done.stderr.decode()
    assert done.returncode == (2 if says else 0)
    assert b"Traceback" not in done.stderr
    assert done.stdout.startswith(PREAMBLE)
    assert list(tmp_path.iterdir()) == []


def test_the_real_engine_ends_for_a_front_that_asks_and_never_reads() -> None:
    """What it has to say fills the line, and then so much memory and no more."""
    asked = PREAMBLE + b"".join(frame(Ping(number)) for number in range(20_000))
    engine = subprocess.Popen(
        ENGINE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert engine.stdin is not None
    assert engine.stderr is not None
    with contextlib.suppress(BrokenPipeError):
        engine.stdin.write(asked)
        engine.stdin.flush()
    said = engine.stderr.read().decode()
    assert engine.wait(HANG_SECONDS) == 2
    assert "The other side asks without listening to the answers." in said
    with contextlib.suppress(BrokenPipeError):
        engine.stdin.close()
    for stream in (engine.stdout, engine.stderr):
        assert stream is not None
        stream.close()
