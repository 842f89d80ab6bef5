"""The engine's side, over pipes, with a composer made for the test."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO

import msgspec
import numpy as np
import pytest
from support.waiting import HANG_SECONDS

from engine.affect.circumplex import Affect
from engine.audio.files import decode_flac
from engine.audio.format import SAMPLE_RATE, Frames, frames_of
from engine.composers.base import Continuation, Marks, Traits
from engine.errors import MusmedError
from engine.link.framing import PREAMBLE, Frame, FrameReader, FrameWriter
from engine.link.outbox import Outbox
from engine.link.protocol import (
    Cancel,
    ClipDone,
    ClipFailed,
    ClipStarted,
    Compose,
    Failure,
    Hello,
    Open,
    Opened,
    Part,
    Ping,
    Pong,
    Pull,
    Quit,
    ToFront,
)
from engine.link.server import serve
from engine.link.versions import OWN
from engine.link.worker import ComposeWorker, Job
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipSpec

PLAN = make_plan(Request(start=Affect(-0.4, 0.6), target=Affect(0.5, -0.5), minutes=2))
FIRST = PLAN.clips[0]


class Tone:
    """A composition that is noise, so that its FLAC is as large as music's or larger."""

    marks = Marks(bars=(0.0,))

    def __init__(self, spec: ClipSpec, gate: threading.Event) -> None:
        self.start_frame = self.render_from = frames_of(spec.start)
        self._spec = spec
        self._gate = gate

    def chunks(self) -> Iterator[Frames]:
        random = np.random.default_rng(1)
        for _ in range(int(self._spec.duration)):
            assert self._gate.wait(HANG_SECONDS)
            yield random.uniform(-0.1, 0.1, (SAMPLE_RATE, 2)).astype(np.float32)

    def bars(self) -> tuple[()]:
        return ()

    def state(self) -> bytes:
        return b"tone"


class ToneComposer:
    name, version = "tone", 3
    traits = Traits(sample_rate=SAMPLE_RATE, channels=2, denoise=False, trim=False)

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.states: list[bytes | None] = []
        self.fails: Exception | None = None

    def compose(self, spec: ClipSpec, state: bytes | None, cancelled: Callable[[], bool]) -> Tone:
        self.states.append(state)
        if self.fails is not None:
            raise self.fails
        return Tone(spec, self.gate)


class Front:
    """The other end of the pipes, one frame at a time."""

    def __init__(self, composer: ToneComposer) -> None:
        to_engine, from_engine = os.pipe(), os.pipe()
        self.raw: BinaryIO = os.fdopen(to_engine[1], "wb")
        self._engine = (os.fdopen(to_engine[0], "rb"), os.fdopen(from_engine[1], "wb"))
        self.status: int | None = None
        self.thread = threading.Thread(target=self._serve, args=(composer,))
        self.thread.start()
        self._incoming = os.fdopen(from_engine[0], "rb")
        self.reader: FrameReader[ToFront] = FrameReader(self._incoming, ToFront)
        self.writer = FrameWriter(self.raw)

    def _serve(self, composer: ToneComposer) -> None:
        def load(name: str) -> ToneComposer:
            if name != "tone":
                raise MusmedError(f"no {name}")
            return composer

        self.status = serve(*self._engine, load)
        self._engine[1].close()

    def greet(self, line: bytes = PREAMBLE) -> None:
        self.raw.write(line)
        self.raw.flush()
        assert self.reader.skip_to_preamble(lambda _: None)
        assert isinstance(self.next().message, Hello)

    def open(self) -> None:
        self.greet()
        self.send(Open("tone"))
        assert self.next().message == Opened("tone", 3)

    def send(self, message: msgspec.Struct, payload: bytes = b"") -> None:
        self.writer.send(message, payload)

    def next(self) -> Frame[ToFront]:
        frame = self.reader.read()
        assert frame is not None
        return frame

    def clip(self) -> tuple[ClipStarted, list[Frames], Frame[ToFront]]:
        """Pull until the clip that comes next is over."""
        started = self.next().message
        assert isinstance(started, ClipStarted)
        chunks, data = [], b""
        self.send(Pull(4))
        while isinstance((frame := self.next()).message, Part):
            assert isinstance(frame.message, Part)
            assert len(frame.payload) <= 16 * 1024
            data += frame.payload
            if frame.message.last:
                chunks.append(decode_flac(data, frame.message.frames))
                data = b""
            self.send(Pull(1))
        assert not data
        return started, chunks, frame

    def close(self) -> None:
        self.raw.close()
        self.thread.join(HANG_SECONDS)
        assert not self.thread.is_alive()
        self._incoming.close()


@pytest.fixture
def composer() -> ToneComposer:
    return ToneComposer()


@pytest.fixture
def front(composer: ToneComposer) -> Iterator[Front]:
    made = Front(composer)
    yield made
    composer.gate.set()
    made.close()


def test_a_clip_comes_whole_and_can_be_gone_on_from(front: Front, composer: ToneComposer) -> None:
    front.open()
    front.send(Compose(FIRST))
    started, chunks, done = front.clip()
    assert (started.start, started.frames) == (0, 30 * SAMPLE_RATE)
    assert sum(map(len, chunks)) == started.frames
    assert isinstance(done.message, ClipDone)
    assert not done.message.cut
    assert done.message.record.composer == "tone"
    assert [r.end for r in done.message.record.readings] == [10.0, 20.0, 30.0]
    continuation = Continuation.unpack(done.payload)
    assert (continuation.state, continuation.version) == (b"tone", 3)

    earlier = msgspec.structs.replace(continuation, version=2)
    stranger = msgspec.structs.replace(continuation, composer="another")
    for payload in (done.payload, earlier.pack(), stranger.pack()):
        front.send(Compose(PLAN.clips[1]), payload)
        assert isinstance(front.clip()[2].message, ClipDone)
    assert composer.states == [None, b"tone", b"tone", None]


def test_parts_wait_for_credits_and_a_pong_does_not(front: Front) -> None:
    front.open()
    front.send(Compose(FIRST))
    assert isinstance(front.next().message, ClipStarted)
    for number in range(3):
        front.send(Pull(2))
        assert isinstance(front.next().message, Part)
        assert isinstance(front.next().message, Part)
        front.send(Ping(number))
        assert front.next().message == Pong(number)  # and no third part before it


@pytest.mark.parametrize(("minor", "most"), [(5, 64 * 1024), (6, 64 * 1024), (7, 384_000)])
def test_plain_samples_come_in_parts_that_the_front_reads(
    front: Front, minor: int, most: int
) -> None:
    """A chunk is one part for a front that reads as much at once."""
    front.greet(b"musmed-link 5.%d\n" % minor)
    front.send(Open("tone"))
    assert isinstance(front.next().message, Opened)
    front.writer.minor = OWN.minor
    front.send(Compose(FIRST, "pcm"))
    front.send(Pull(64))
    assert isinstance(front.next().message, ClipStarted)
    sizes = []
    while isinstance((frame := front.next()).message, Part):
        sizes.append((len(frame.payload), frame.message.last))
        front.send(Pull(1))
    assert max(size for size, _ in sizes) == most
    assert all(last for _, last in sizes) == (minor >= 7)


def test_a_cut_clip_ends_with_the_chunk_that_reaches_what_is_kept(front: Front) -> None:
    front.open()
    front.send(Compose(FIRST))
    assert isinstance(front.next().message, ClipStarted)
    keep = 5 * SAMPLE_RATE
    front.send(Cancel(0, 0, keep))
    front.send(Pull(4))
    got, last_start = 0, 0
    while isinstance((frame := front.next()).message, Part):
        assert isinstance(frame.message, Part)
        if frame.message.last:
            last_start, got = got, got + frame.message.frames
        front.send(Pull(1))
    assert last_start < keep <= got < 30 * SAMPLE_RATE
    assert isinstance(frame.message, ClipDone)
    assert frame.message.cut
    assert Continuation.unpack(frame.payload).state == b"tone"


def test_a_queued_clip_that_is_cancelled_is_never_heard_of(
    front: Front, composer: ToneComposer
) -> None:
    front.open()
    composer.gate.clear()
    for spec in PLAN.clips[:3]:
        front.send(Compose(spec))
    front.send(Cancel(1, 0, 0))
    front.send(Cancel(7, 7, 0))
    front.send(Ping(1))
    frames = [front.next().message for _ in range(2)]
    assert Pong(1) in frames
    composer.gate.set()
    front.send(Pull(4))
    while isinstance((frame := front.next()).message, Part):
        front.send(Pull(1))
    assert isinstance(frame.message, ClipDone)
    started, _, _ = front.clip()
    assert started.index == 2


def test_a_clip_that_is_cancelled_before_it_is_begun_has_an_end(composer: ToneComposer) -> None:
    """Who asked for it and for nothing else waits for that before asking for the next."""
    outbox = Outbox()
    worker = ComposeWorker(outbox, lambda _: composer)
    worker.add(Open("tone"))
    worker.start()
    outbox.grant(64)

    def said() -> msgspec.Struct:
        taken = outbox.take()
        assert taken is not None
        return taken[0]

    assert isinstance(said(), Opened)
    with worker._changed:  # the thread can't look meanwhile
        worker.add(Job(FIRST, b""))
        worker.cancel(FIRST.key, 0)
    worker.add(Job(PLAN.clips[1], b""))
    assert isinstance(said(), ClipStarted)
    while isinstance(told := said(), Part):
        pass
    assert isinstance(told, ClipDone)
    assert told.index == 0
    assert told.cut
    worker.close()
    outbox.close()


def test_what_is_free_is_given_back_when_there_is_nothing_to_compose(
    composer: ToneComposer, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox, times = Outbox(), []
    worker = ComposeWorker(outbox, lambda _: composer)
    given = threading.Event()

    def give_back() -> None:
        if threading.current_thread() is worker._thread:  # another test's may be ending still
            times.append(worker._composer)
            given.set()

    monkeypatch.setattr("engine.link.worker.give_back_free", give_back)
    worker.add(Open("tone"))
    for spec in PLAN.clips[:2]:
        worker.add(Job(spec, b""))
    outbox.grant(64)
    worker.start()
    ended = 0
    while ended < 2:
        taken = outbox.take()
        assert taken is not None
        ended += isinstance(taken[0], ClipDone)
        if isinstance(taken[0], Part):
            outbox.grant(1)
    assert given.wait(60)
    assert times == [composer], "between clips that wait nothing is given back"
    worker.close()
    outbox.close()


class RehearsingTone(ToneComposer):
    """Says each of its three steps; the second waits until it is let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[int] = []
        self.begun, self.go_on, self.over = (threading.Event() for _ in range(3))

    def rehearse(self) -> Iterator[None]:
        for step in range(3):
            if step == 1:
                self.begun.set()
                assert self.go_on.wait(HANG_SECONDS)
            self.made.append(step)
            yield
        self.over.set()


def test_a_composer_rehearses_while_no_clip_is_asked_for() -> None:
    composer = RehearsingTone()
    front = Front(composer)
    front.open()
    assert composer.begun.wait(HANG_SECONDS)
    front.send(Compose(FIRST))
    front.send(Ping(7))
    assert front.next().message == Pong(7)  # so the clip is queued
    assert composer.states == []
    composer.go_on.set()
    _, chunks, _ = front.clip()
    assert chunks
    assert composer.made[:2] == [0, 1]
    assert composer.over.wait(HANG_SECONDS), "what is left of it comes behind the clip"
    front.close()


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MusmedError("The card is out of memory; use a smaller model."), "The card is out of"),
        (ZeroDivisionError("division by zero"), "The composer failed: division by zero"),
    ],
)
def test_a_composer_that_fails_fails_its_clip_only(
    front: Front, composer: ToneComposer, error: Exception, says: str
) -> None:
    front.open()
    composer.fails = error
    front.send(Compose(FIRST))
    failed = front.next().message
    assert isinstance(failed, ClipFailed)
    assert failed.reason.startswith(says)
    composer.fails = None
    front.send(Compose(FIRST))
    assert isinstance(front.clip()[2].message, ClipDone)


def test_what_cannot_be_done_is_said(front: Front) -> None:
    front.greet()
    front.send(Compose(FIRST))
    failed = front.next().message
    assert isinstance(failed, ClipFailed)
    assert "open one" in failed.reason
    front.send(Open("banjo"))
    assert front.next().message == Failure("no banjo")
    front.send(Open("tone"))
    front.next()
    front.send(Compose(FIRST), b"no continuation")
    failed = front.next().message
    assert isinstance(failed, ClipFailed)
    assert "continuation is damaged" in failed.reason


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"hello\n" * 300, "not musmed's language"),
        (b"musmed-link 9\n", "version 9"),
        (PREAMBLE + b"\xff" * 40, "header of"),
        (PREAMBLE + b"\0\0\0\5", "in the middle"),
    ],
)
def test_a_malformed_stream_ends_the_engine_with_one_reason(
    front: Front, data: bytes, says: str
) -> None:
    front.raw.write(data)
    front.raw.close()
    assert front.reader.skip_to_preamble(lambda _: None)
    told = [frame.message for frame in iter(front.reader.read, None)]
    assert [type(message) for message in told] == [Hello, Failure]
    assert isinstance(told[1], Failure)
    assert says in told[1].reason
    front.thread.join(HANG_SECONDS)
    assert front.status == 2


@pytest.mark.parametrize(
    "messages",
    [[Pull(0)], [Pull(65)], [Pull(40), Pull(40)], [Pull(-1)], [Compose(FIRST)] * 80],
)
def test_more_than_the_protocol_allows_ends_the_engine(
    front: Front, composer: ToneComposer, messages: list[msgspec.Struct]
) -> None:
    front.open()
    composer.gate.clear()
    for message in messages:
        try:
            front.send(message)
        except BrokenPipeError:
            break
    told = [frame.message for frame in iter(front.reader.read, None)]
    assert sum(isinstance(message, Failure) for message in told) == 1
    front.thread.join(HANG_SECONDS)
    assert front.status == 2


@pytest.mark.parametrize("quit_first", [True, False])
def test_it_ends_while_it_composes(front: Front, composer: ToneComposer, quit_first: bool) -> None:
    front.open()
    composer.gate.clear()
    front.send(Compose(FIRST))
    assert isinstance(front.next().message, ClipStarted)
    if quit_first:
        front.send(Quit())
    else:
        front.raw.close()
    front.thread.join(HANG_SECONDS)
    assert front.status == 0
