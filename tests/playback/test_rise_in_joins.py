"""The joiner holds the rise of what the clips make together, wherever one begins to read."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audio.format import BLOCK_FRAMES, Frames, frames_of
from engine.composers.base import Marks
from engine.plan.clock import clip_count, clip_end, clip_start
from engine.plan.spec import ClipKey
from engine.playback.joiner import Joiner
from engine.playback.joins import SEEK_FADE

SECONDS = 120.0
TOTAL = frames_of(SECONDS)
LOUD = frames_of(52.4)
"""Where a clip is defective: silence before it from 48 s on, full scale from there to 90 s."""


class Clip:
    """A whole clip in memory."""

    whole = True

    def __init__(self, index: int, start: int, audio: Frames, revision: int = 0) -> None:
        self.key, self.start, self.frames = ClipKey(index, revision), start, len(audio)
        self._audio = audio

    def available(self) -> int:
        return self.frames

    def read(self, offset: int, count: int) -> Frames:
        return self._audio[offset : offset + count]


@functools.cache
def signal() -> Frames:
    rng = np.random.default_rng(7)
    rough = rng.standard_normal((TOTAL, 2))
    gain = np.full((TOTAL, 1), 0.04)
    gain[frames_of(48.0) : LOUD] = 0.0
    gain[LOUD : frames_of(90.0)] = 0.6
    return np.clip(rough * gain, -1.0, 1.0).astype(np.float32)


def clips(audio: Frames) -> list[Clip]:
    """Windows on ``audio``: neighbours are equal where they overlap."""
    made = []
    for index in range(clip_count(SECONDS)):
        start, end = frames_of(clip_start(index)), frames_of(clip_end(index, SECONDS))
        made.append(Clip(index, start, audio[start:end]))
    return made


def joiner(audio: Frames, at: float = 0.0, first: int = 0) -> Joiner:
    made = Joiner(TOTAL, fade_in=0, fade_out=0)
    for clip in clips(audio)[first:]:
        made.place(clip, Marks(), splice=False)
    if at:
        made.start_at(frames_of(at))
    return made


def read(one: Joiner, seconds: float = SECONDS) -> Frames:
    blocks: list[Frames] = []
    while sum(map(len, blocks)) < frames_of(seconds) and (block := one.read()) is not None:
        blocks.append(block.audio)
    return np.concatenate(blocks)


@functools.cache
def uninterrupted() -> Frames:
    return read(joiner(signal()))


def test_only_what_is_too_sudden_is_turned_down() -> None:
    heard, came = uninterrupted(), signal()
    assert len(heard) == TOTAL
    np.testing.assert_array_equal(heard[: LOUD - 480], came[: LOUD - 480])
    assert np.sqrt(np.mean(heard[LOUD:][:48_000] ** 2)) < 0.02
    np.testing.assert_array_equal(heard[frames_of(80) :], came[frames_of(80) :])


@pytest.mark.parametrize("at", [49.0, 52.4, 56.0, 65.0, 95.0])
def test_a_session_that_goes_on_is_heard_as_if_it_had_not_stopped(at: float) -> None:
    """In a later process, which is given the clips from a minute before on; also in the midst of
    what is turned down."""
    first = max(0, int((at - 60.0) / 22.5))
    heard = read(joiner(signal(), at, first))
    begin = frames_of(at)
    np.testing.assert_array_equal(heard[SEEK_FADE:], uninterrupted()[begin + SEEK_FADE :])


@settings(max_examples=3, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(22.5, 88.0), st.floats(0.02, 4.0), st.floats(0.0, 1.0)),
        min_size=1,
        max_size=6,
    ),
    st.floats(60.0, 110.0),
)
def test_it_is_so_whatever_there_was_before(
    faults: list[tuple[float, float, float]], at: float
) -> None:
    audio = signal()[: frames_of(40)]
    audio = np.concatenate((audio, audio, audio)).copy()
    rng = np.random.default_rng(3)
    for begin, seconds, gain in faults:
        span = slice(frames_of(begin), frames_of(begin + seconds))
        audio[span] = np.clip(gain * rng.standard_normal(audio[span].shape), -1.0, 1.0)
    first = max(0, int((at - 60.0) / 22.5))
    heard = read(joiner(audio, at, first))
    begin = frames_of(at) // BLOCK_FRAMES * BLOCK_FRAMES
    np.testing.assert_array_equal(heard[SEEK_FADE:], read(joiner(audio))[begin + SEEK_FADE :])


@pytest.mark.parametrize("unheard", [0, frames_of(1.5)])
def test_who_goes_to_a_much_louder_place_comes_to_it_softly(unheard: int) -> None:
    """What is counted from is what was heard, not what was read ahead or lies before the place."""
    rising = signal().copy()
    rising[:] = np.random.default_rng(1).standard_normal(rising.shape) * 0.01
    rising[frames_of(40.0) :] *= 10.0  # 20 LU
    one = joiner(rising)
    read(one, 10.0)
    if unheard:
        one.seek(frames_of(60.0))
        read(one, unheard / 48_000)
    assert one.seek(frames_of(70.0), unheard=unheard) == frames_of(70.0)
    after = read(one, 20.0)
    level = np.sqrt(np.mean(after[SEEK_FADE : frames_of(1.0)] ** 2))
    assert level < 0.035, "no more than 10 dB up"
    np.testing.assert_array_equal(after[-48_000:], rising[frames_of(89.0) : frames_of(90.0)])


def test_a_place_as_loud_is_heard_as_it_is() -> None:
    one = joiner(signal())
    read(one, 20.0)
    one.seek(frames_of(30.0))
    after = read(one, 10.0)
    np.testing.assert_array_equal(
        after[SEEK_FADE:], signal()[frames_of(30.0) + SEEK_FADE : frames_of(40.0)]
    )


def test_who_goes_elsewhere_before_anything_was_heard_is_there_as_if_never_elsewhere() -> None:
    one = joiner(signal(), 20.0)
    read(one, 1.0)
    one.seek(frames_of(60.0), unheard=frames_of(1.0))
    np.testing.assert_array_equal(
        read(one, 5.0)[SEEK_FADE:], uninterrupted()[frames_of(60.0) + SEEK_FADE : frames_of(65.0)]
    )


def test_a_splice_that_is_much_louder_comes_in_softly() -> None:
    """What a steer could bring from an engine that is not ours."""
    one = joiner(signal())
    start, end = frames_of(30.0), frames_of(52.5)
    loud = (signal()[: end - start] * 10.0).astype(np.float32)
    one.place(Clip(1, start, loud, 1), Marks(), splice=True)
    heard = read(one, 40.0)
    np.testing.assert_array_equal(heard[: start - 480], signal()[: start - 480])
    before = np.sqrt(np.mean(heard[start - 48_000 : start] ** 2))
    first = np.sqrt(np.mean(heard[start + 1440 :][:19_200] ** 2))
    assert before < first < 2.0 * before
