"""Two musmeds of different ages: what the newer one says is what the older one can read, and a clip
is composed between them; another major is a sentence."""

from __future__ import annotations

import io
import queue
import sys
from pathlib import Path
from typing import Any, get_args

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.older_link import older
from support.waiting import take

from engine.affect.circumplex import Affect
from engine.audio.format import Frames
from engine.clip_levels import MOST_SECONDS
from engine.clip_record import ClipRecord
from engine.composers.base import BarRecord
from engine.composers.clip_notes import ClipNotes, Voice
from engine.composers.options import ComposerOptions
from engine.link import versions
from engine.link.client import EngineClient
from engine.link.deliveries import ChunkArrived, ClipEnded, Delivery, EngineLost
from engine.link.framing import FrameReader, FrameWriter, LinkError
from engine.link.protocol import (
    ClipDone,
    Compose,
    Failure,
    Hello,
    Open,
    Opened,
    Ping,
    ToEngine,
    ToFront,
)
from engine.link.ssh import FarEngine, Host
from engine.link.versions import ADDED, OWN, SINCE, Version, as_spoken, preamble, version_in
from engine.plan.described import MAX_BARS, DescribedBar, Description
from engine.plan.events import Shape
from engine.plan.generation import Generation
from engine.plan.packed import packed
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.wanted import Faders, Features

PLAN = make_plan(Request(start=Affect(-0.4, 0.6), target=Affect(0.5, -0.5), minutes=2))
ASKED = make_plan(
    Request(
        start=Affect(-0.4, 0.6),
        target=Affect(0.5, -0.5),
        minutes=2,
        features=Features(tempo=70.0, key="D"),
        description=Description(bars=(DescribedBar(mean_pitch=60.0),) * MAX_BARS),
    ),
    [Shape(10.0, Faders(density=0.2))],
).clips[1]
RECORD = ClipRecord(
    composer="x",
    version=1,
    loudness=None,
    levels=b"\x80" * 30,
    true_peak=0.0,
    gating="off",
    seconds=1.0,
    speed=1.0,
    codec="opus",
    precision="int8",
    notes=ClipNotes((Voice("lead", "piano"),), b"\0" * 7),
    bars=(
        BarRecord(
            start=0.0,
            time_signature="4/4",
            chords=("Am",),
            instruments=("piano",),
            note_density=1.0,
            mean_pitch=60.0,
            mean_velocity=64.0,
            mean_duration=1.0,
            key="A minor",
            section=1,
            asked={},
        ),
    ),
)
SAID: list[msgspec.Struct] = [
    Ping(1),
    Compose(PLAN.clips[0]),
    Compose(PLAN.clips[1], "opus"),
    Compose(msgspec.structs.replace(ASKED, description=None), "flac", packed(ASKED.description)),
    ClipDone(0, 0, False, RECORD),
    Open(
        "musicgen-small",
        ComposerOptions(generation=Generation(precision="int8"), precision="float32"),
    ),
    Opened("musicgen-small", 1, precision="int8"),
]


@pytest.mark.parametrize(
    ("line", "version"),
    [
        (b"5\n", Version(5, 0)),
        (b"5.1\n", Version(5, 1)),
        (b"5.12\r\n", Version(5, 12)),
        (b"\n", None),
        (b"5.\n", None),
        (b"5.1.2\n", None),
        (b"-5\n", None),
        (b"5.1 \n", None),
        (b"9999999\n", None),
        ("\u0665\n".encode(), None),
    ],
)
def test_a_version_is_one_number_or_two(line: bytes, version: Version | None) -> None:
    assert version_in(line) == version


@pytest.mark.parametrize("minor", range(OWN.minor + 2))
@pytest.mark.parametrize("message", SAID, ids=lambda one: type(one).__name__)
def test_an_older_one_reads_what_is_said_to_it_strictly(
    message: msgspec.Struct, minor: int
) -> None:
    """By the message kinds as they were: a field that came later would be refused."""
    stream = io.BytesIO()
    writer = FrameWriter(stream)
    writer.minor = minor
    writer.send(message, b"payload")
    union = ToEngine if isinstance(message, get_args(ToEngine)) else ToFront
    stream.seek(0)
    reader: FrameReader[Any] = FrameReader(stream, older(union, minor))
    frame = reader.read()
    assert frame is not None
    assert frame.payload == b"payload"
    stream.seek(0)
    whole: FrameReader[Any] = FrameReader(stream, union)
    now = whole.read()
    assert now is not None
    if minor >= OWN.minor:
        assert now.message == message


def test_what_the_older_one_does_not_know_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "SINCE", {Ping: 1})
    stream = io.BytesIO()
    writer = FrameWriter(stream)
    writer.send(Ping(1))
    assert stream.getvalue() == b""
    writer.minor = 1
    writer.send(Ping(1))
    assert stream.getvalue()


def test_what_came_later_has_a_default_and_the_greeting_is_as_it_was() -> None:
    """A default is what an older one means; the greeting is said before any version is known."""
    kinds = {*get_args(ToEngine), *get_args(ToFront)}
    assert {*SINCE} <= kinds
    assert all(0 < minor <= OWN.minor for minor in SINCE.values())
    for kind, fields in ADDED.items():
        known = {field.name: field for field in msgspec.structs.fields(kind)}
        for name, minor in fields.items():
            assert 0 < minor <= OWN.minor
            assert known[name].default is not msgspec.NODEFAULT
    assert Hello not in SINCE
    assert Hello not in ADDED


def test_more_levels_than_a_clip_can_have_are_refused() -> None:
    stream = io.BytesIO()
    long = msgspec.structs.replace(RECORD, levels=bytes(MOST_SECONDS + 1))
    FrameWriter(stream).send(ClipDone(0, 0, False, long))  # to one that knows of no levels
    stream.seek(0)
    reader: FrameReader[Any] = FrameReader(stream, ToFront)
    assert reader.read() is not None
    stream = io.BytesIO()
    writer = FrameWriter(stream)
    writer.minor = OWN.minor
    writer.send(ClipDone(0, 0, False, long))
    stream.seek(0)
    with pytest.raises(LinkError):
        FrameReader(stream, ToFront).read()


@given(st.integers(0, OWN.minor + 3), st.sampled_from(SAID))
def test_nothing_is_lost_between_two_that_know_it(minor: int, message: msgspec.Struct) -> None:
    spoken = as_spoken(message, minor)
    assert (spoken is message) or minor < OWN.minor


# real ones

QUICK = str(Path(__file__).parents[1] / "support" / "quick_engine.py")


class Talk:
    """With a quick engine; as if it were another machine's, where a ``codec`` is asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, codec: str | None) -> None:
        argv = [sys.executable, "-P", QUICK]
        self.told: queue.Queue[Delivery] = queue.Queue()
        if codec is None:
            self.client = EngineClient(self.told.put, argv=argv)
            return
        far = FarEngine(msgspec.convert({"address": "x", "codec": codec}, Host), Path("/nowhere"))
        monkeypatch.setattr(FarEngine, "argv", argv)
        self.client = EngineClient(self.told.put, far=far)

    def until(self, kind: Any) -> list[Any]:
        told: list[Any] = []
        while not told or not isinstance(told[-1], kind | EngineLost):
            told.append(take(self.told))
        assert isinstance(told[-1], kind), told[-1]
        return told

    def clip(self) -> tuple[Frames, ClipRecord]:
        self.until(Hello)
        self.client.open("embedded")
        self.until(Opened)
        self.client.compose(msgspec.structs.replace(PLAN.clips[0], end=4.0), b"")
        told = self.until(ClipEnded)
        self.client.close()
        sound = np.concatenate([one.audio for one in told if isinstance(one, ChunkArrived)])
        return sound, told[-1].record


@pytest.mark.parametrize(
    ("link", "codec", "comes_as"),
    [
        (str(OWN), "flac", "flac"),
        (str(OWN), "opus", "opus"),
        ("5", "flac", "flac"),
        ("5.0", "opus", "flac"),
        (f"5.{OWN.minor + 6}", "opus", "opus"),
    ],
)
def test_a_clip_is_composed_by_an_engine_of_another_minor(
    link: str, codec: str, comes_as: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an older one does not know is done without."""
    plain, _ = Talk(monkeypatch, "flac").clip()
    monkeypatch.setenv("QUICK_ENGINE_LINK", link)
    sound, record = Talk(monkeypatch, codec).clip()
    assert record.codec == comes_as
    assert len(record.levels) == (4 if link.startswith("5.") and link != "5.0" else 0)
    assert sound.shape == plain.shape
    if comes_as == "flac":
        np.testing.assert_array_equal(sound, plain)
    else:
        assert np.sqrt(np.mean((sound - plain) ** 2)) < 0.2 * np.sqrt(np.mean(plain**2))


@pytest.mark.parametrize(("link", "codec"), [(str(OWN), "pcm"), ("5.4", "flac")])
def test_an_engine_of_this_machine_sends_plain_samples(
    link: str, codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The very ones that come as FLAC from another machine, and recorded as such."""
    as_flac, _ = Talk(monkeypatch, "flac").clip()
    monkeypatch.setenv("QUICK_ENGINE_LINK", link)
    here = Talk(monkeypatch, None)
    here.until(Hello)
    assert here.client.codec == codec
    here.told.put(Hello(5, "", "", 0, ()))
    sound, record = here.clip()
    assert record.codec == "flac"
    np.testing.assert_array_equal(sound, as_flac)


def test_an_older_engine_that_can_t_hold_what_is_asked_for_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing of what was asked for is left out without a word."""
    monkeypatch.setenv("QUICK_ENGINE_LINK", "5.3")
    for wish in ({"features": ASKED.features}, {"faders": ASKED.faders}):
        talk = Talk(monkeypatch, "flac")
        talk.until(Hello)
        talk.client.open("embedded")
        talk.until(Opened)
        talk.client.compose(msgspec.structs.replace(PLAN.clips[0], **wish), b"")
        (lost,) = talk.until(EngineLost)
        assert "musmed on x is older and can't hold features" in lost.reason
        talk.client.close()
        assert talk.told.empty()


def test_an_engine_composes_what_is_described_at_length(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Talk(monkeypatch, "flac")
    talk.until(Hello)
    talk.client.open("embedded")
    talk.until(Opened)
    talk.client.compose(msgspec.structs.replace(ASKED, index=0, start=0.0, end=4.0), b"")
    assert talk.until(ClipEnded)[-1].record is not None
    talk.client.close()


@pytest.mark.parametrize("link", ["4.9", "6.0", "99", "x"])
def test_another_major_is_a_sentence(link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUICK_ENGINE_LINK", link)
    talk = Talk(monkeypatch, "flac")
    told = talk.until(EngineLost)
    assert f"speaks version {link} of the link protocol, this one {OWN}" in told[-1].reason
    assert "install the same version of musmed on both sides" in told[-1].reason
    talk.client.close()


def test_a_front_of_another_major_is_told_so_too() -> None:
    from engine.link.server import serve

    out = io.BytesIO()
    front = io.BytesIO(preamble(Version(OWN.major + 1, 0)))
    assert serve(front, out) == 2  # type: ignore[arg-type]
    out.seek(0)
    reader: FrameReader[Any] = FrameReader(out, ToFront)
    assert reader.skip_to_preamble(lambda _: None)
    frames = iter(reader.read, None)
    said = [frame.message for frame in frames if isinstance(frame.message, Failure)]
    assert "speaks version 6.0" in said[-1].reason
