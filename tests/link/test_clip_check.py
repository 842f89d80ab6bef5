"""A clip that is not what was asked for is refused, whatever is wrong with it, and nothing of it is
taken that is wrong: a right clip's messages, changed."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.audio.files import encode_flac24
from engine.audio.format import SAMPLE_RATE, Frames, frames_of
from engine.clip_record import ClipRecord, HandedOver
from engine.composers.base import BarRecord, Continuation, Marks
from engine.link.clip_check import BEAT_FRAMES, CODE_FRAMES
from engine.link.deliveries import ChunkArrived, ClipEnded, Delivery
from engine.link.framing import LinkError
from engine.link.inbox import Inbox
from engine.link.protocol import ClipDone, ClipFailed, ClipStarted, Part
from engine.meter.reading import Reading
from engine.plan.events import Ease
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipKey, ClipSpec

REQUEST = Request(start=Affect(-0.4, 0.6), target=Affect(0.5, -0.5), minutes=2)
PLAIN = make_plan(REQUEST).clips[1]
SPLICE = make_plan(REQUEST, [Ease(30.0)]).clips[1]
CHUNK = SAMPLE_RATE
Sent = tuple[Any, bytes]
fewer = settings(max_examples=30)
"""A clip is many chunks to decode."""


def tone(frames: int) -> Frames:
    wave = 0.25 * np.sin(2.0 * np.pi * 1_000.0 * np.arange(frames) / SAMPLE_RATE)
    return np.stack([wave, wave], axis=1).astype(np.float32)


FLAC = encode_flac24(tone(CHUNK))
WRONG_FLOATS = st.sampled_from([math.nan, math.inf, -math.inf])


def record(start: float) -> ClipRecord:
    reading = Reading(
        start=start,
        end=start + 10.0,
        valence=0.1,
        arousal=0.2,
        valence_error=0.4,
        arousal_error=0.4,
        known=True,
    )
    bar = BarRecord(
        start=start,
        time_signature="4/4",
        chords=("C",),
        instruments=("piano",),
        note_density=1.0,
        mean_pitch=60.0,
        mean_velocity=60.0,
        mean_duration=1.0,
        asked={"tempo": 90.0},
    )
    return ClipRecord(
        composer="embedded",
        version=3,
        loudness=-23.0,
        true_peak=-4.0,
        gating="off",
        seconds=1.0,
        speed=30.0,
        readings=(reading,),
        bars=(bar,),
    )


def continuation(**change: Any) -> bytes:
    right = {"composer": "embedded", "version": 3, "state": b"s", "finishing": b"f"}
    return Continuation(**(right | change)).pack()


def clip(spec: ClipSpec, begins: int = 0, cut_at: int | None = None) -> list[Sent]:
    """A right clip of ``spec``, in chunks of a second; ``cut_at``: how many."""
    key, start = spec.key, frames_of(spec.start) + begins
    frames = frames_of(spec.end) - start
    said = Marks(bars=(start / SAMPLE_RATE,), phrases=())
    sent: list[Sent] = [(ClipStarted(*key, start, frames, said), b"")]
    for number, at in enumerate(range(0, frames, CHUNK)):
        if number == cut_at:
            break
        count = min(CHUNK, frames - at)
        data = FLAC if count == CHUNK else encode_flac24(tone(count))
        sent.append((Part(*key, count, True), data))
    done = ClipDone(*key, cut_at is not None, record(start / SAMPLE_RATE))
    sent.append((done, continuation()))
    return sent


def taken(spec: ClipSpec, sent: list[Sent], keep_until: int | None = None) -> list[Delivery]:
    inbox = Inbox()
    inbox.expect(spec, "embedded", 3)
    if keep_until is not None:
        inbox.cancelled(spec.key, keep_until)
    deliveries = [inbox.take(message, payload) for message, payload in sent]
    return [delivery for delivery in deliveries if delivery is not None]


def assert_refused(spec: ClipSpec, sent: list[Sent], keep_until: int | None = None) -> str:
    """It ends the connection, or fails once; its end is never told as a right one."""
    try:
        told = taken(spec, sent, keep_until)
    except LinkError as error:
        return str(error)
    failed = [delivery for delivery in told if isinstance(delivery, ClipFailed)]
    assert len(failed) == 1
    assert told[-1] is failed[0]
    assert not [delivery for delivery in told if isinstance(delivery, ClipEnded)]
    assert str(failed[0].reason).startswith(f"Clip {spec.index + 1} is not what was asked for: ")
    return failed[0].reason


def changed(sent: list[Sent], kind: type, change: Callable[[Any], Any]) -> list[Sent]:
    return [(change(m) if isinstance(m, kind) else m, payload) for m, payload in sent]


specs = st.sampled_from([PLAIN, SPLICE])


def test_the_specs_are_of_both_kinds() -> None:
    assert SPLICE.key == ClipKey(1, 1)
    assert PLAIN.start == 22.5
    assert 30.0 <= SPLICE.start < 32.0


@fewer
@given(specs, st.data())
def test_a_right_clip_is_taken(spec: ClipSpec, data: st.DataObject) -> None:
    begins = data.draw(st.integers(0, BEAT_FRAMES if spec is SPLICE else CODE_FRAMES))
    told = taken(spec, clip(spec, begins))
    began, *chunks, ended = told
    assert isinstance(began, ClipStarted)
    assert isinstance(ended, ClipEnded)
    frames = sum(len(c.audio) for c in chunks if isinstance(c, ChunkArrived))
    assert began.start + frames == frames_of(spec.end)


@fewer
@given(specs, st.integers(1, 20), st.data())
def test_a_clip_may_be_cut_where_it_was_cancelled(
    spec: ClipSpec, chunks: int, data: st.DataObject
) -> None:
    start = frames_of(spec.start)
    keep_until = data.draw(st.integers(0, start + chunks * CHUNK))
    told = taken(spec, clip(spec, cut_at=chunks), keep_until)
    assert isinstance(told[-1], ClipEnded)


@fewer
@given(specs, st.integers(0, 20), st.data())
def test_a_clip_that_is_cut_unasked_or_too_early_is_refused(
    spec: ClipSpec, chunks: int, data: st.DataObject
) -> None:
    reach = frames_of(spec.start) + chunks * CHUNK
    late = st.none() | st.integers(reach + 1, 2 * frames_of(spec.end))
    assert_refused(spec, clip(spec, cut_at=chunks), data.draw(late))


@fewer
@given(specs, st.integers(-40, 40).filter(bool), st.booleans())
def test_a_clip_that_begins_elsewhere_is_refused(
    spec: ClipSpec, seconds: int, ends_there: bool
) -> None:
    off = seconds * SAMPLE_RATE + (BEAT_FRAMES if seconds > 0 else 0)
    off = max(off, 1 - frames_of(spec.start))

    def moved(m: ClipStarted) -> ClipStarted:
        frames = m.frames if ends_there else max(1, m.frames - off)
        return msgspec.structs.replace(m, start=m.start + off, frames=frames)

    assert_refused(spec, changed(clip(spec), ClipStarted, moved))


@fewer
@given(specs, st.integers(-(2**40), 2**40))
def test_a_clip_of_another_length_is_refused(spec: ClipSpec, frames: int) -> None:
    sent = clip(spec)
    if frames == sent[0][0].frames:
        return
    sent = changed(sent, ClipStarted, lambda m: msgspec.structs.replace(m, frames=frames))
    assert_refused(spec, sent)


@pytest.mark.parametrize("spec", [PLAIN, SPLICE])
def test_a_clip_of_one_frame_is_refused_though_it_is_whole(spec: ClipSpec) -> None:
    started, _, done = clip(spec, cut_at=1)
    one = encode_flac24(np.zeros((1, 2), np.float32))
    sent = [
        (msgspec.structs.replace(started[0], frames=1), b""),
        (Part(*spec.key, 1, True), one),
        (msgspec.structs.replace(done[0], cut=False), done[1]),
    ]
    assert "it lasts 0.00 s instead of" in assert_refused(spec, sent)


@fewer
@given(specs, st.integers(0, 29), st.sampled_from(["dropped", "twice"]))
def test_a_clip_with_a_chunk_too_few_or_too_many_is_refused(
    spec: ClipSpec, which: int, how: str
) -> None:
    sent = clip(spec)
    parts = [i for i, (m, _) in enumerate(sent) if isinstance(m, Part)]
    at = parts[which % len(parts)]
    sent[at : at + 1] = [] if how == "dropped" else [sent[at], sent[at]]
    with pytest.raises(LinkError):
        taken(spec, sent)


@fewer
@given(specs, st.integers(0, 2), st.integers(-3, 3).filter(bool), st.integers(0, 1))
def test_another_key_is_refused(spec: ClipSpec, which: int, off: int, field: int) -> None:
    kind = (ClipStarted, Part, ClipDone)[which]
    name = ("index", "revision")[field]
    sent = changed(
        clip(spec), kind, lambda m: msgspec.structs.replace(m, **{name: getattr(m, name) + off})
    )
    with pytest.raises(LinkError):
        taken(spec, sent)


@pytest.mark.parametrize("channels", [1, 3])
def test_another_number_of_channels_is_refused(channels: int) -> None:
    out = io.BytesIO()
    soundfile.write(
        out, np.zeros((CHUNK, channels), np.float32), SAMPLE_RATE, "PCM_24", None, "FLAC"
    )
    sent = [(m, out.getvalue() if isinstance(m, Part) else p) for m, p in clip(PLAIN)]
    with pytest.raises(LinkError, match="channels"):
        taken(PLAIN, sent)


def figures(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the floats of a record are."""
    if isinstance(value, float):
        return [path]
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list | tuple):
        pairs = list(enumerate(value))
    return [found for key, inner in pairs for found in figures(inner, (*path, key))]


FIGURES = figures(msgspec.to_builtins(record(22.5)))


def with_figure(value: Any, path: tuple[Any, ...], figure: float) -> Any:
    if not path:
        return figure
    first, *rest = path
    if isinstance(value, dict):
        return value | {first: with_figure(value[first], tuple(rest), figure)}
    return [with_figure(v, tuple(rest), figure) if i == first else v for i, v in enumerate(value)]


@fewer
@given(specs, st.sampled_from(FIGURES), WRONG_FLOATS)
def test_a_record_with_a_figure_that_is_no_number_is_refused(
    spec: ClipSpec, path: tuple[Any, ...], figure: float
) -> None:
    """Every figure that a record has, by whatever name."""

    def lie(done: ClipDone) -> ClipDone:
        said = with_figure(msgspec.to_builtins(done.record), path, figure)
        try:
            wrong = msgspec.convert(said, ClipRecord)
        except msgspec.ValidationError:  # the wire says so itself
            wrong = msgspec.structs.replace(done.record, loudness=figure)
        return msgspec.structs.replace(done, record=wrong)

    assert "no number" in assert_refused(spec, changed(clip(spec), ClipDone, lie))


OTHER = HandedOver("tones", 0, 0)


@pytest.mark.parametrize(
    "change",
    [
        *({"speed": 0.0}, {"speed": -1.0}, {"seconds": -1.0}),
        *({"handover": OTHER}, {"earlier": (OTHER,)}, {"composer": "tones"}, {"version": 4}),
    ],
    ids=str,
)
def test_a_record_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    def lie(done: ClipDone) -> ClipDone:
        wrong = msgspec.structs.replace(done.record, **change)
        return msgspec.structs.replace(done, record=wrong)

    assert_refused(PLAIN, changed(clip(PLAIN), ClipDone, lie))


@fewer
@given(
    specs,
    st.one_of(
        st.lists(WRONG_FLOATS, min_size=1, max_size=2),
        st.lists(st.floats(60.0, 1e9), min_size=1, max_size=3),
        st.just([30.0, 29.0]),
    ),
    st.sampled_from(["bars", "phrases"]),
)
def test_marks_that_are_not_in_the_clip_are_refused(
    spec: ClipSpec, times: list[float], name: str
) -> None:
    sent = changed(
        clip(spec),
        ClipStarted,
        lambda m: msgspec.structs.replace(
            m, marks=msgspec.structs.replace(m.marks, **{name: tuple(times)})
        ),
    )
    assert_refused(spec, sent)


@pytest.mark.parametrize(
    "payload",
    [b"", b"continuation", continuation(composer="tones"), continuation(version=4)],
    ids=["none", "no continuation", "another composer's", "another version's"],
)
def test_a_clip_from_which_nothing_can_go_on_is_refused(payload: bytes) -> None:
    sent = clip(PLAIN)
    sent[-1] = (sent[-1][0], payload)
    assert_refused(PLAIN, sent)


def test_after_a_refused_clip_the_next_one_is_taken() -> None:
    inbox = Inbox()
    wrong = changed(clip(PLAIN), ClipStarted, lambda m: msgspec.structs.replace(m, frames=1))
    for sent, kind in ((wrong, ClipFailed), (clip(PLAIN), ClipEnded)):
        inbox.expect(PLAIN, "embedded", 3)
        told = [d for m, p in sent if (d := inbox.take(m, p)) is not None]
        assert isinstance(told[-1], kind)


@pytest.mark.parametrize("count", [CHUNK, 1_000])
@pytest.mark.parametrize("channel", [0, 1])
def test_sound_that_stands_still_is_refused(count: int, channel: int) -> None:
    """In chunks of a second and in shorter ones, on either side."""
    (started, _), *_ = clip(PLAIN)
    audio = tone(count)
    audio[:, channel] += 0.03
    part = (Part(*PLAIN.key, count, True), encode_flac24(audio))
    said = assert_refused(PLAIN, [(started, b""), *[part] * 60])
    assert said.endswith("its sound has a constant part of 0.03.")


def test_sound_that_stands_still_for_a_moment_is_taken() -> None:
    """As a low tone does, or the end of a clip."""
    (started, _), *_ = clip(PLAIN)
    still = (Part(*PLAIN.key, 400, True), encode_flac24(np.full((400, 2), 0.9, np.float32)))
    told = taken(PLAIN, [(started, b""), still, (Part(*PLAIN.key, CHUNK, True), FLAC)])
    assert not [one for one in told if isinstance(one, ClipFailed)]
