"""Whatever comes over the link, each side ends with a sentence at worst: both directions under
mutation, with checksums made right again, so that what lies behind them is reached too."""

from __future__ import annotations

import io
import random
import threading
from collections.abc import Callable, Iterator, Sequence

import msgspec
import numpy as np
import pytest

from engine.affect.circumplex import Affect
from engine.audio.files import encode_flac24
from engine.audio.format import SAMPLE_RATE, Frames, frames_of
from engine.clip_record import ClipRecord
from engine.composers.base import Composer, Continuation, Marks, Traits
from engine.errors import MusmedError
from engine.link.framing import PREAMBLE, FrameReader, LinkError, encode_frame
from engine.link.inbox import Inbox
from engine.link.protocol import (
    Cancel,
    ClipDone,
    ClipFailed,
    ClipStarted,
    Compose,
    Failure,
    Hello,
    Loading,
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
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipSpec

PLAN = make_plan(Request(start=Affect(-0.4, 0.6), target=Affect(0.5, -0.5), minutes=2))
CHUNK = 100
SHORT = msgspec.structs.replace(PLAN.clips[0], end=2 * CHUNK / SAMPLE_RATE)
"""What the engine was asked for."""
RECORD = ClipRecord(
    composer="embedded",
    version=3,
    loudness=-23.0,
    true_peak=-4.0,
    gating="off",
    seconds=1.0,
    speed=30.0,
    synthesis="built in",
)
CONTINUATION = Continuation(composer="embedded", version=3, state=b"s", finishing=b"f").pack()
Sent = tuple[msgspec.Struct, bytes]


def clip() -> list[Sent]:
    """A clip as it comes from an engine: two chunks in three parts."""
    noise = np.random.default_rng(1).uniform(-0.1, 0.1, (CHUNK, 2)).astype(np.float32)
    flac = encode_flac24(noise)
    return [
        (ClipStarted(0, 0, 0, 2 * CHUNK, Marks(bars=(0.0, 0.5))), b""),
        (Part(0, 0, CHUNK, last=False), flac[:50]),
        (Part(0, 0, CHUNK, last=True), flac[50:]),
        (Part(0, 0, CHUNK, last=True), flac),
        (ClipDone(0, 0, cut=False, record=RECORD), CONTINUATION),
    ]


FROM_ENGINE: list[Sent] = [
    (Hello(2, "0.1.0", "3.11", 1234, ("embedded",)), b""),
    (Loading("embedded", 0.5), b""),
    (Opened("embedded", 3, "built in", "a notice"), b""),
    *clip(),
    (ClipFailed(0, 0, "a reason"), b""),
    (Pong(7), b""),
    (Failure("a reason"), b""),
]
TO_ENGINE: list[Sent] = [
    (Ping(1), b""),
    (Open("tone"), b""),
    (Pull(4), b""),
    (Compose(PLAN.clips[0]), b""),
    (Compose(PLAN.clips[1]), b"continuation"),
    (Cancel(0, 0, 48_000), b""),
    (Quit(), b""),
]


def mutated(data: bytes, dice: random.Random) -> bytes:
    """``data`` with one to four bytes changed, put in, or left out, or a stretch doubled."""
    out = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(out) + 1)
        match dice.randrange(4):
            case 0 if at < len(out):
                out[at] = dice.choice((0, 0xFF, 0xC0, 0x80, dice.randrange(256)))
            case 1:
                out[at:at] = dice.randbytes(dice.randint(1, 8))
            case 2:
                del out[at : at + dice.randint(1, 8)]
            case _:
                out[at:at] = out[at : at + dice.randint(1, 40)]
    return bytes(out)


def stream(sent: Sequence[Sent], dice: random.Random) -> bytes:
    """The messages in their order but now and then, one of them mutated in header or payload."""
    chosen = dice.randrange(len(sent))
    frames = []
    for number, (message, payload) in enumerate(sent):
        parts = [msgspec.msgpack.encode(message), payload]
        if number == chosen:
            which = int(bool(payload) and dice.random() < 0.5)
            parts[which] = mutated(parts[which], dice)
        frames.append(encode_frame(parts[0] or b"\x00", parts[1]))
    if dice.random() < 0.2:
        frames[chosen], frames[-1] = frames[-1], frames[chosen]
    whole = b"".join(frames)
    return mutated(whole, dice) if dice.random() < 0.1 else whole


counts = pytest.mark.parametrize(
    "count", [1_000, pytest.param(230_000, marks=pytest.mark.long)], ids=str
)


@counts
def test_what_an_engine_sends_is_taken_or_refused(count: int) -> None:
    dice = random.Random(count)
    taken = refused = 0
    sentences: set[str] = set()
    for _ in range(count):
        sent = clip() if dice.random() < 0.7 else FROM_ENGINE
        reader: FrameReader[ToFront] = FrameReader(io.BytesIO(stream(sent, dice)), ToFront)
        inbox = Inbox()
        inbox.expect(SHORT)
        try:
            while (frame := reader.read()) is not None:
                if isinstance(frame.message, ClipStarted | Part | ClipDone | ClipFailed):
                    inbox.take(frame.message, frame.payload)
            taken += 1
        except LinkError as error:
            refused += 1
            sentences.add(str(error))
    assert all(sentence.isprintable() for sentence in sentences)
    assert min(taken, refused) > count / 100, "the mutations reach both"


class Noise:
    """A composition of two short chunks."""

    marks = Marks(bars=(0.0,))

    def __init__(self, spec: ClipSpec) -> None:
        self.start_frame = self.render_from = frames_of(spec.start)

    def chunks(self) -> Iterator[Frames]:
        yield np.full((CHUNK, 2), 0.1, np.float32)

    def bars(self) -> tuple[()]:
        return ()

    def state(self) -> bytes:
        return b"noise"


class NoiseComposer:
    name, version = "tone", 3
    traits = Traits(sample_rate=SAMPLE_RATE, channels=2, denoise=False, trim=False)

    def compose(
        self, spec: ClipSpec, _state: bytes | None, _cancelled: Callable[[], bool]
    ) -> Noise:
        return Noise(spec)


def load(name: str) -> Composer:
    if name != "tone":
        raise MusmedError("There is no such composer.")
    return NoiseComposer()


@pytest.mark.parametrize("count", [100, pytest.param(10_000, marks=pytest.mark.long)], ids=str)
def test_what_a_front_sends_is_done_or_refused(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole engine, its threads and all: it ends with 0, or with 2 and a sentence."""
    died: list[object] = []
    monkeypatch.setattr(threading, "excepthook", died.append)
    dice = random.Random(count)
    ended = {0: 0, 2: 0}
    for _ in range(count):
        incoming = io.BytesIO(PREAMBLE + stream(TO_ENGINE, dice))
        ended[serve(incoming, io.BytesIO(), load)] += 1
    assert not died
    assert min(ended.values()) > count / 100, "the mutations reach both"
