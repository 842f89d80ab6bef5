"""Streams of the link that a peer might send: from whole ones of every kind of message, mutated as
what they are (a value of a message in the place of another) or as bytes, their checksums made right
again, so that what lies behind them is reached. And who reads them, without a process."""

from __future__ import annotations

import io
import queue
import random
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec
import numpy as np
from support.mutations import LEAVES, place_in

from engine.affect.circumplex import Affect
from engine.audio.files import encode_flac24
from engine.audio.format import BLOCK_FRAMES, SAMPLE_RATE, Frames, frames_of
from engine.clip_record import LOSSLESS, ClipRecord, Codec
from engine.composers.base import BarRecord, Composer, Continuation, Marks, Traits
from engine.composers.options import ComposerOptions
from engine.composers.score.composer import EmbeddedComposer
from engine.errors import MusmedError
from engine.link import ears
from engine.link.client import EngineClient
from engine.link.codec import decoder_of, encoder_of
from engine.link.deliveries import ChunkArrived, ClipEnded, Delivery, EngineLost
from engine.link.framing import PREAMBLE, Frame, FrameReader, FrameWriter, LinkError, encode_frame
from engine.link.inbox import Inbox
from engine.link.owed import Owed
from engine.link.protocol import (
    PROTOCOL_VERSION,
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
from engine.link.server import _Server
from engine.link.versions import OWN
from engine.link.worker import Job
from engine.meter.reading import Reading
from engine.plan.described import DescribedBar, Description
from engine.plan.packed import packed
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipSpec
from engine.plan.wanted import Faders, FaderStep, Features
from engine.playback.ring import Ring
from engine.playback.sending import Sending

PLAN = make_plan(Request(start=Affect(-0.4, 0.6), target=Affect(0.5, -0.5), minutes=2))
DESCRIBED = Description(
    bars=(
        DescribedBar(time_signature="3/4", note_density=2.0, chords=("C:maj", "F#:min7")),
        DescribedBar(mean_pitch=60.0, mean_velocity=70.0, instruments=("Violin", "drums")),
    )
)
ASKED = msgspec.structs.replace(
    PLAN.clips[1],
    features=Features(tempo=70.0, key="D", mode="minor", acousticness=0.8, danceability=0.4),
    faders=(FaderStep(3.0, Faders(density=0.2)), FaderStep(30.0, Faders(rhythm=0.9))),
)
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
BAR = BarRecord(
    start=0.0, time_signature="4/4", chords=("C",), instruments=("piano",), note_density=1.0,
    mean_pitch=60.0, mean_velocity=None, mean_duration=1.0, asked={"tempo": 80.0},
)  # fmt: skip
READING = Reading(
    start=0.0, end=1.0, valence=0.1, arousal=0.2, valence_error=0.4, arousal_error=0.4, known=True
)
FULL = msgspec.structs.replace(RECORD, bars=(BAR,), readings=(READING,), built_in=("harp",))
CONTINUATION = Continuation(composer="embedded", version=3, state=b"s", finishing=b"f").pack()
Sent = tuple[msgspec.Struct, bytes]


def clip(codec: Codec = LOSSLESS) -> list[Sent]:
    """A clip as it comes from an engine: two chunks, the first of them in two parts."""
    noise = np.random.default_rng(1).uniform(-0.1, 0.1, (2 * CHUNK, 2)).astype(np.float32)
    encoder = encoder_of(codec)
    pieces = [*encoder.push(noise[:CHUNK]), *encoder.push(noise[CHUNK:]), *encoder.finish()]
    (frames, data), *rest = pieces
    return [
        (ClipStarted(0, 0, 0, 2 * CHUNK, Marks(bars=(0.0, 0.5))), b""),
        (Part(0, 0, frames, last=False), data[:50]),
        (Part(0, 0, frames, last=True), data[50:]),
        *((Part(0, 0, piece.frames, last=True), piece.data) for piece in rest),
        (
            ClipDone(0, 0, cut=False, record=msgspec.structs.replace(FULL, codec=codec)),
            CONTINUATION,
        ),
    ]


HELLO = Hello(PROTOCOL_VERSION, "0.1.0", "3.11", 1234, ("embedded",))
GREETING: list[Sent] = [
    (HELLO, b""),
    (Loading("embedded", 0.5), b""),
    (Opened("embedded", 3, "built in", "a notice"), b""),
]
SESSIONS: list[list[Sent]] = [
    [*GREETING, *clip(), (Pong(7), b"")],
    [*GREETING, (ClipFailed(0, 0, "a reason"), b"")],
    [(HELLO, b""), (Failure("a reason"), b"")],
]
"""What an engine says, in an order in which it may."""
LOSSY: list[list[Sent]] = [[*GREETING, *clip("opus")]]
STATE = EmbeddedComposer().compose(PLAN.clips[0], None, lambda: False).state()
GOES_ON = Continuation(composer="embedded", version=4, state=STATE, finishing=b"").pack()
TO_ENGINE: list[Sent] = [
    (Ping(1), b""),
    (Open("tone", ComposerOptions(denoise=True)), b""),
    (Pull(4), b""),
    (Compose(PLAN.clips[0]), b""),
    (Compose(PLAN.clips[1]), GOES_ON),
    (Compose(ASKED, "flac", packed(DESCRIBED)), GOES_ON),
    (Cancel(0, 0, 48_000), b""),
    (Quit(), b""),
]
_STILL = np.full((BLOCK_FRAMES, 2), 0.1, np.float32)
BLOCK = encode_flac24(_STILL)
LOSSY_BLOCK, *_ = encoder_of("opus").push(_STILL)
TOKEN = "0" * 32
FROM_EARS: list[Sent] = [
    (ears.Listen("speakers", 2.0), b""),
    (ears.Heard(0, 0, 0, 0.1, False, False, 1), b""),
    (ears.Ask(paused=True, volume=0.5), b""),
]
TO_EARS: list[Sent] = [
    (ears.Welcome(TOKEN, 0), b""),
    (ears.Stand(False, 0.8), b""),
    (ears.Sound(0, BLOCK_FRAMES), BLOCK),
    (ears.Sound(BLOCK_FRAMES, LOSSY_BLOCK.frames, "opus"), LOSSY_BLOCK.data),
    (ears.Beat(1), b""),
    (ears.Skip(9_600), b""),
    (ears.Last(9_600), b""),
    (ears.Stop(), b""),
    (ears.Bye("Others listen now.", stay_away=True), b""),
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


def mutated_value(header: bytes, dice: random.Random) -> bytes:
    """A msgpack value in which one value is another, is left out, or stands there many times."""
    whole: Any = msgspec.msgpack.decode(header)
    place, key = place_in(whole, dice)
    if place is None:
        return msgspec.msgpack.encode(_packable(dice.choice(LEAVES)))
    old = place[key]
    match dice.randrange(8):
        case 0:
            del place[key]
        case 1 if isinstance(old, list):
            place[key] = old * dice.choice((0, 2, 100, 3_000))
        case 2 if isinstance(place, dict):
            place[dice.choice(("x", "type", "index", ""))] = old
        case 3 if isinstance(old, int | float):
            place[key] = _packable(old * dice.choice((-1, 0, 2, 0.5, 1e6, 1e300)))
        case 4:
            place[key] = dice.choice((float("nan"), float("inf"), -(2.0**80), 2**64 - 1))
        case _:
            place[key] = _packable(dice.choice(LEAVES))
    return msgspec.msgpack.encode(whole)


def _packable(value: Any) -> Any:
    """msgpack has no whole number of more than 64 bits."""
    return float(value) if isinstance(value, int) and not -(2**63) <= value < 2**64 else value


def header_of(message: msgspec.Struct, dice: random.Random) -> bytes:
    data = msgspec.msgpack.encode(message)
    return mutated_value(data, dice) if dice.random() < 0.6 else mutated(data, dice)


def payload_of(payload: bytes, dice: random.Random) -> bytes:
    if dice.random() < 0.5:
        try:
            return mutated_value(payload, dice)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass
    return mutated(payload, dice)


def stream(sent: Sequence[Sent], dice: random.Random) -> bytes:
    """The messages in their order but now and then, one of them mutated in header or payload."""
    chosen = dice.randrange(len(sent))
    frames = []
    for number, (message, payload) in enumerate(sent):
        header = msgspec.msgpack.encode(message)
        if number == chosen:
            if payload and dice.random() < 0.5:
                payload = payload_of(payload, dice)  # noqa: PLW2901
            else:
                header = header_of(message, dice)
        frames.append(_framed(header, payload))
    if dice.random() < 0.2:
        other = dice.randrange(len(frames))
        frames[chosen], frames[other] = frames[other], frames[chosen]
    if dice.random() < 0.05:
        frames += [frames[chosen]] * dice.choice((1, 3, 300))
    whole = b"".join(frames)
    return mutated(whole, dice) if dice.random() < 0.1 else whole


def _framed(header: bytes, payload: bytes) -> bytes:
    try:
        return encode_frame(header or b"\x00", payload)
    except LinkError:  # over the limits: a peer's own writer would not care
        return encode_frame(b"\x00", b"")


class Read(NamedTuple):
    """How a stream was taken: how many whole frames, and the sentence with which it ended."""

    frames: int
    sentence: str


class _Front(EngineClient):
    """The front's side as it is, without a process. It has asked for a composer and a clip."""

    def __init__(self, data: bytes, codec: Codec) -> None:
        self.told: list[Delivery] = []
        self.frames = 0
        self._far = SimpleNamespace(host=SimpleNamespace(codec=codec))  # type: ignore[assignment]
        self._writer = FrameWriter(io.BytesIO())
        self._deliver = self.told.append
        self._inbox, self._owed = Inbox(), Owed()
        self._outgoing = queue.Queue(0)
        self._reader = FrameReader(io.BytesIO(PREAMBLE + data), ToFront)
        self._reader.version = OWN
        self.open("embedded")
        self.ping(7)
        self.compose(SHORT, b"")

    def _handle(self, frame: Frame[ToFront]) -> None:
        self.frames += 1
        super()._handle(frame)


def read_as_front(data: bytes, codec: Codec = LOSSLESS) -> Read:
    front = _Front(data, codec)
    sentence = ""
    try:
        front._listen()
    except MusmedError as error:
        sentence = str(error)
    for told in front.told:
        assert not isinstance(told, EngineLost)
        if isinstance(told, ChunkArrived):
            assert len(told.audio) <= SAMPLE_RATE
            assert np.isfinite(told.audio).all()
        if isinstance(told, ClipEnded):
            assert len(msgspec.json.encode(told.record)) <= 1024 * 1024  # a column of the library
    return Read(front.frames, sentence)


class Noise:
    """A composition of one short chunk."""

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


_EMBEDDED = EmbeddedComposer()


def read_as_engine(data: bytes, *, composes: bool = False) -> Read:
    """Without its threads: what is asked for is queued, and where ``composes`` the clips in the
    queue are begun by the embedded composer, from the continuation that came."""
    server = _Server(io.BytesIO(PREAMBLE + data), io.BytesIO(), load)
    frames, sentence = 0, ""
    try:
        assert server._reader.skip_to_preamble(lambda _: None)
        while (frame := server._reader.read()) is not None:
            frames += 1
            if not server._handle(frame):
                break
    except LinkError as error:
        sentence = str(error)
    for item in server._worker._queue if composes else ():
        if isinstance(item, Job):
            _begin(item)
    return Read(frames, sentence)


def _begin(job: Job) -> None:
    try:
        state = Continuation.unpack(job.continuation).state if job.continuation else None
        composition = _EMBEDDED.compose(job.spec, state, lambda: False)
    except MusmedError:
        return
    assert composition.start_frame >= 0
    assert len(composition.marks.bars) <= 512


def read_as_session(data: bytes) -> Read:
    """What ears say to the session that they hear."""
    reader: FrameReader[ears.FromEars] = FrameReader(io.BytesIO(data), ears.FromEars)
    sending = Sending(Ring(SAMPLE_RATE))
    frames = 0
    try:
        while (frame := reader.read()) is not None:
            frames += 1
            if isinstance(frame.message, ears.Listen):
                sending.greet(frame.message.ahead, frame.message.have)
            elif isinstance(frame.message, ears.Heard):
                sending.heard(frame.message)
    except LinkError as error:
        return Read(frames, str(error))
    return Read(frames, "")


def read_as_ears(data: bytes) -> Read:
    """What a session says to its ears, as far as it is decoded."""
    reader: FrameReader[ears.ToEars] = FrameReader(io.BytesIO(data), ears.ToEars)
    frames = 0
    try:
        while (frame := reader.read()) is not None:
            frames += 1
            if isinstance(frame.message, ears.Sound):
                decoder = decoder_of(frame.message.codec)
                audio = decoder.decode(frame.payload, frame.message.frames)
                assert np.isfinite(audio).all()
                assert len(audio) <= ears.LONGEST_SOUND
    except MusmedError as error:
        return Read(frames, str(error))
    return Read(frames, "")


class Way(NamedTuple):
    """A direction of the link: what is sent, and who reads it."""

    sent: Sequence[Sequence[Sent]]
    read: Callable[[bytes], Read]


WAYS = {
    "engine to front": Way(SESSIONS, read_as_front),
    "engine to front, Opus": Way(LOSSY, lambda data: read_as_front(data, "opus")),
    "front to engine": Way([TO_ENGINE], read_as_engine),
    "front to engine, composed": Way([TO_ENGINE], lambda data: read_as_engine(data, composes=True)),
    "ears to session": Way([FROM_EARS], read_as_session),
    "session to ears": Way([TO_EARS], read_as_ears),
}


def case(way: str, number: int) -> bytes:
    """The stream ``number`` of a way: the same on every machine."""
    dice = random.Random(f"{way} {number}")
    return stream(dice.choice(WAYS[way].sent), dice)
