"""The joiner: the same samples whatever the timing, and what is heard when a clip is late."""

from __future__ import annotations

import functools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audio.crossfade import fade_gains
from engine.audio.format import BLOCK_FRAMES, Frames, frames_of, quantise24, seconds_of
from engine.composers.base import Marks
from engine.plan.clock import clip_count, clip_end, clip_start
from engine.plan.spec import ClipKey
from engine.playback.joiner import Block, Joiner
from engine.playback.joins import RENEWAL_FADE, SEEK_FADE, SPLICE_FADE

TOTAL = frames_of(63.0)
NO_MARKS = Marks()


class Clip:
    """A clip in memory that grows when told."""

    def __init__(self, index: int, start: int, audio: Frames, revision: int = 0) -> None:
        self.key = ClipKey(index, revision)
        self.start = start
        self.frames = len(audio)
        self.whole = False
        self._audio = audio
        self._count = 0

    def grow(self, frames: int | None = None) -> Clip:
        self._count = self.frames if frames is None else min(self.frames, self._count + frames)
        self.whole = self._count == self.frames
        return self

    def cut(self) -> None:
        self.frames, self.whole = self._count, True

    def available(self) -> int:
        return self._count

    def read(self, offset: int, count: int) -> Frames:
        return self._audio[offset : min(offset + count, self._count)]


@functools.cache
def noise(frames: int, seed: int, level: float = 0.1) -> Frames:
    """Low-passed by a running mean, so that a step in it stands out."""
    rng = np.random.default_rng(seed)
    rough = rng.standard_normal((frames + 64, 2)).cumsum(axis=0)
    smooth = (rough[64:] - rough[:-64]) / 8.0
    made = quantise24((smooth * level).astype(np.float32))
    made.flags.writeable = False
    return made


SIGNAL = noise(TOTAL, 1)


def window(index: int, source: Frames = SIGNAL, revision: int = 0) -> Clip:
    start, end = frames_of(clip_start(index)), frames_of(clip_end(index, seconds_of(TOTAL)))
    return Clip(index, start, source[start:end], revision)


def windows(source: Frames = SIGNAL) -> list[Clip]:
    return [window(i, source) for i in range(clip_count(seconds_of(TOTAL)))]


def own_sounds() -> list[Clip]:
    """Clips that have nothing in common."""
    return [Clip(c.key.index, c.start, noise(c.frames, 50 + c.key.index)) for c in windows()]


def read_all(joiner: Joiner) -> Frames:
    blocks = [np.zeros((0, 2), np.float32)]
    while (block := joiner.read()) is not None:
        blocks.append(block.audio)
    assert joiner.ended
    return np.concatenate(blocks)


def played(clips: list[Clip], **fades: int) -> tuple[Frames, Joiner]:
    joiner = Joiner(TOTAL, **fades)
    for clip in clips:
        joiner.place(clip.grow(), NO_MARKS, splice=False)
    return read_all(joiner), joiner


@functools.cache
def straight() -> Frames:
    """A session of clips that have nothing in common, all there from the start."""
    return played(own_sounds())[0]


def test_windows_on_one_signal_come_out_as_the_signal() -> None:
    heard, joiner = played(windows(), fade_in=0, fade_out=0)
    np.testing.assert_array_equal(heard, SIGNAL)
    assert [(j.law, j.correlation, j.lag) for j in joiner.joins] == [("passthrough", 1.0, 0)] * 2


def test_the_session_fades_at_its_ends_and_nowhere_else() -> None:
    heard, _ = played(windows(), fade_in=192_000, fade_out=96_000)
    np.testing.assert_array_equal(heard[192_000:-96_000], SIGNAL[192_000:-96_000])
    np.testing.assert_allclose(
        heard[:192_000], SIGNAL[:192_000] * fade_gains(0, 192_000, 192_000)[:, None], atol=1e-7
    )
    assert np.abs(heard[0]).max() < 1e-6
    assert np.abs(heard[-1]).max() < 1e-6


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000))
def test_the_samples_do_not_depend_on_when_clips_arrive(seed: int) -> None:
    schedule = random.Random(seed)
    joiner, blocks = Joiner(TOTAL), []
    clips = own_sounds()
    for clip in clips:
        clip.grow(schedule.randint(0, frames_of(8.0)))
        joiner.place(clip, NO_MARKS, splice=False)
        while not clip.whole:
            clip.grow(schedule.randint(1, frames_of(12.0)))
            for _ in range(schedule.randint(0, 400)):
                block = joiner.read()
                if block is None:
                    break
                blocks.append(block.audio)
    rest = read_all(joiner)
    np.testing.assert_array_equal(np.concatenate([*blocks, rest]), straight())


def test_unrelated_clips_keep_their_level_over_a_join() -> None:
    heard, joiner = played(own_sounds())
    middle = frames_of(26.25)
    around = [float(np.mean(heard[f - 48_000 : f + 48_000] ** 2)) for f in (frames_of(15), middle)]
    assert 10 * np.log10(around[1] / around[0]) == pytest.approx(0.0, abs=1.0)
    assert {j.law for j in joiner.joins} == {"adaptive"}


def test_a_clip_that_comes_a_little_displaced_is_aligned() -> None:
    shifted = np.roll(SIGNAL, 240, axis=0)
    clips = windows()
    late = window(1, shifted)
    heard, joiner = played([clips[0], late, clips[2]], fade_in=0, fade_out=0)
    assert [j.lag for j in joiner.joins] == [-240, 0]
    np.testing.assert_array_equal(heard, SIGNAL)


@settings(max_examples=4, deadline=None)
@given(st.floats(0, 63), st.floats(0, 63))
def test_after_a_seek_the_samples_are_those_of_straight_reading(to: float, first: float) -> None:
    _, joiner = played(own_sounds())
    joiner.seek(frames_of(first))
    joiner.read()
    at = joiner.seek(frames_of(to))
    assert at % BLOCK_FRAMES == 0
    assert abs(at - frames_of(to)) <= 2 * BLOCK_FRAMES
    rest = read_all(joiner)
    skip = SEEK_FADE if at else 0
    np.testing.assert_array_equal(rest[skip:], straight()[at + skip :])


def test_a_seek_stays_within_what_is_there() -> None:
    joiner = Joiner(TOTAL)
    assert joiner.seek(frames_of(10)) == 0
    joiner.place(window(0).grow(frames_of(12.0)), NO_MARKS, splice=False)
    assert joiner.horizon() == frames_of(12.0)
    at = joiner.seek(frames_of(40))
    assert frames_of(11.5) <= at < frames_of(12.0)
    assert joiner.read() is not None


def test_a_splice_in_the_same_music_is_a_passthrough() -> None:
    joiner = Joiner(TOTAL, fade_in=0, fade_out=0)
    clips = [c.grow() for c in windows()]
    for clip in clips:
        joiner.place(clip, NO_MARKS, splice=False)
    at = frames_of(12.345)
    joiner.arm(at)
    head = []
    while (block := joiner.read()) is not None:
        head.append(block.audio)
    assert at - BLOCK_FRAMES < joiner.position <= at
    joiner.place(Clip(0, at, SIGNAL[at : frames_of(30)], 1).grow(), NO_MARKS, splice=True)
    assert joiner.horizon() == frames_of(30)
    for clip in windows()[1:]:
        joiner.place(clip.grow(), NO_MARKS, splice=False)
    np.testing.assert_array_equal(np.concatenate([*head, read_all(joiner)]), SIGNAL)
    assert joiner.joins[0].kind == "splice"


@pytest.mark.parametrize("over", [SPLICE_FADE, RENEWAL_FADE])
@pytest.mark.parametrize("at", [12.3, 22.49, 24.7])
def test_a_splice_into_other_music(at: float, over: int) -> None:
    """Before it the old sound, after a short fade the new one (a longer one where it begins another
    piece), no click; also in mid-join."""
    index = 0 if at < 22.5 else 1
    frame = frames_of(at)
    other = noise(TOTAL, 77)
    joiner = Joiner(TOTAL)
    for clip in own_sounds():
        joiner.place(clip.grow(), NO_MARKS, splice=False)
    end = frames_of(clip_end(index, 63.0))
    joiner.place(Clip(index, frame, other[frame:end], 1).grow(), NO_MARKS, splice=True, over=over)
    for clip in windows(other)[index + 1 :]:
        joiner.place(clip.grow(), NO_MARKS, splice=False)
    heard = read_all(joiner)
    np.testing.assert_array_equal(heard[:frame], straight()[:frame])
    after = frame + over
    middle = slice(frame + over // 2 - 400, frame + over // 2 + 400)
    both = [np.corrcoef(heard[middle, 0], one[middle, 0])[0, 1] for one in (straight(), other)]
    assert min(both) > 0.2, "half-way both sound"
    np.testing.assert_array_equal(heard[after:-192_000], other[after:-192_000])
    step = np.abs(np.diff(heard[frame - 2000 : after + 2000], axis=0)).max()
    assert step <= 1.5 * np.abs(np.diff(straight(), axis=0)).max()


@pytest.mark.parametrize("composed", [False, True])
def test_a_splice_just_after_the_next_clip_would_begin(composed: bool) -> None:
    """The next clip, not heard yet, is not heard before the splice either."""
    clips, other, frame = own_sounds(), noise(TOTAL, 77), frames_of(22.9)
    joiner = Joiner(TOTAL, fade_in=0)
    for clip in clips[: 2 if composed else 1]:
        joiner.place(clip.grow(), NO_MARKS, splice=False)
    joiner.place(Clip(0, frame, other[frame : frames_of(30)], 1).grow(), NO_MARKS, splice=True)
    for clip in windows(other)[1:]:
        joiner.place(clip.grow(), NO_MARKS, splice=False)
    heard, after = read_all(joiner), frame + SPLICE_FADE
    np.testing.assert_array_equal(heard[:frame], clips[0].read(0, frame))
    np.testing.assert_array_equal(heard[after:-192_000], other[after:-192_000])


def test_a_splice_is_refused_when_the_next_clip_sounds_already() -> None:
    """It was aimed before that clip's start and begins, on a beat, after it; meanwhile the music
    went on. Taken, it would leave sounding what is to be thrown away."""
    clips, frame = own_sounds(), frames_of(23.2)
    joiner = Joiner(TOTAL)
    for clip in clips:
        joiner.place(clip.grow(), NO_MARKS, splice=False)
    heard = []
    while joiner.position <= frames_of(22.8):
        block = joiner.read()
        assert block is not None
        heard.append(block.audio)
    splice = Clip(0, frame, noise(frames_of(30) - frame, 77), 1).grow()
    assert not joiner.place(splice, NO_MARKS, splice=True)
    np.testing.assert_array_equal(np.concatenate([*heard, read_all(joiner)]), straight())


def test_a_splice_in_the_midst_of_a_join_is_waited_for() -> None:
    """Its audio is not here yet when it is put down: nothing is read past its first frame."""
    joiner = Joiner(TOTAL, fade_in=0, fade_out=0)
    first, second = own_sounds()[:2]
    for clip in (first, second):
        joiner.place(clip.grow(), NO_MARKS, splice=False)
    at = frames_of(25.2)
    splice = Clip(1, at, noise(frames_of(52.5) - at, 90), revision=1)
    joiner.place(splice, NO_MARKS, splice=True)
    while joiner.read() is not None:
        pass
    assert at - BLOCK_FRAMES < joiner.position <= at
    splice.grow()
    block = joiner.read()
    while block is not None and block.session_frame < at + SPLICE_FADE:
        block = joiner.read()
    assert block is not None
    offset = block.session_frame - at
    np.testing.assert_array_equal(block.audio, splice.read(offset, BLOCK_FRAMES))


def test_a_splice_after_its_time_is_refused() -> None:
    joiner = Joiner(TOTAL)
    joiner.place(window(0).grow(), NO_MARKS, splice=False)
    for _ in range(20):
        joiner.read()
    assert not joiner.place(Clip(0, frames_of(1.0), SIGNAL[:48_000], 1), NO_MARKS, splice=True)
    assert joiner.place(Clip(0, frames_of(2.0), SIGNAL[:48_000], 1), NO_MARKS, splice=True)


@pytest.mark.parametrize("at", [30.0, 47.0, 51.0])
def test_a_session_can_begin_in_its_middle(at: float) -> None:
    joiner = Joiner(TOTAL, fade_in=0, fade_out=0)
    joiner.start_at(frames_of(at))
    for clip in windows()[1:]:
        joiner.place(clip.grow(), NO_MARKS, splice=False)
    assert joiner.horizon() == TOTAL
    begin = frames_of(at) + SEEK_FADE
    np.testing.assert_array_equal(read_all(joiner)[SEEK_FADE:], SIGNAL[begin:])
    assert joiner.seek(0) == frames_of(22.5)
    assert joiner.seek(frames_of(40)) == frames_of(40)


def test_out_of_order_is_an_error() -> None:
    joiner = Joiner(TOTAL)
    joiner.place(window(0), NO_MARKS, splice=False)
    with pytest.raises(ValueError, match="1 follows"):
        joiner.place(window(2), NO_MARKS, splice=False)


# late clips, in real time


def late_run(joiner: Joiner, until: int, arrivals: dict[int, Clip], marks: Marks) -> list[Block]:
    """Read ``until`` blocks late; ``arrivals``: at which block a clip is there, whole."""
    blocks = []
    for number in range(until):
        if number in arrivals:
            joiner.place(arrivals[number].grow(), marks, splice=False)
        blocks.append(joiner.read_late())
    return blocks


def sound(blocks: list[Block]) -> Frames:
    return np.concatenate([b.audio for b in blocks])


def no_click(audio: Frames) -> bool:
    interior = np.abs(np.diff(SIGNAL, axis=0)).max()
    return bool(np.abs(np.diff(audio, axis=0)).max() <= 1.5 * interior)


MARKS = Marks(bars=tuple(22.5 + 2.0 * i for i in range(15)), phrases=(22.5, 28.5, 38.5))


def test_a_late_clip_after_the_tail_waits_and_enters_at_a_phrase() -> None:
    joiner = Joiner(TOTAL, fade_in=0)
    joiner.place(window(0).grow(), NO_MARKS, splice=False)
    other = Clip(1, frames_of(22.5), noise(frames_of(30), 5))
    blocks = late_run(joiner, 360, {340: other}, MARKS)
    waiting = [i for i, b in enumerate(blocks) if b.waiting]
    assert waiting == list(range(300, 340))
    assert all(not blocks[i].audio.any() for i in waiting)
    assert {blocks[i].session_frame for i in waiting} == {frames_of(30)}
    np.testing.assert_array_equal(sound(blocks)[: frames_of(26)], SIGNAL[: frames_of(26)])
    assert blocks[340].session_frame == frames_of(28.5)
    assert no_click(sound(blocks))
    assert np.abs(sound(blocks)[frames_of(30) - 1]).max() < 1e-6
    assert [(j.kind, j.law, j.frame) for j in joiner.joins] == [
        ("late", "fade in", frames_of(28.5))
    ]
    assert not blocks[359].waiting


@pytest.mark.parametrize(("arrives", "enters"), [(240, 24.5), (262, 26.5), (275, 28.5)])
def test_a_late_clip_before_the_tail_ends_enters_at_the_next_bar(
    arrives: int, enters: float
) -> None:
    joiner = Joiner(TOTAL, fade_in=0)
    joiner.place(window(0).grow(), NO_MARKS, splice=False)
    other = Clip(1, frames_of(22.5), noise(frames_of(30), 5))
    blocks = late_run(joiner, 400, {arrives: other}, MARKS)
    assert not any(b.waiting for b in blocks)
    assert [b.session_frame for b in blocks] == [i * BLOCK_FRAMES for i in range(400)]
    assert [(j.kind, j.frame) for j in joiner.joins] == [("late", frames_of(enters))]
    assert no_click(sound(blocks))
    first = frames_of(30)
    np.testing.assert_array_equal(sound(blocks)[first:], other.read(first - other.start, 480_000))


def test_a_tail_in_the_same_music_goes_on_unchanged_when_the_clip_is_a_bit_late() -> None:
    joiner = Joiner(TOTAL, fade_in=0, fade_out=0)
    joiner.place(window(0).grow(), NO_MARKS, splice=False)
    blocks = late_run(joiner, 480, {250: window(1)}, MARKS)
    np.testing.assert_array_equal(sound(blocks), SIGNAL[: frames_of(48)])


def test_an_armed_splice_that_does_not_come_is_passed_by() -> None:
    joiner = Joiner(TOTAL, fade_in=0, fade_out=0)
    for clip in windows():
        joiner.place(clip.grow(), NO_MARKS, splice=False)
    joiner.arm(frames_of(10.05))
    blocks = late_run(joiner, 630, {}, NO_MARKS)
    assert joiner.missed_splice
    np.testing.assert_array_equal(sound(blocks), SIGNAL)


def test_a_splice_without_audio_is_passed_by_and_the_old_clips_come_back() -> None:
    joiner = Joiner(TOTAL, fade_in=0, fade_out=0)
    for clip in windows():
        joiner.place(clip.grow(), NO_MARKS, splice=False)
    empty = Clip(0, frames_of(10.05), SIGNAL[: frames_of(20)], 1)
    joiner.place(empty, NO_MARKS, splice=True)
    blocks = late_run(joiner, 630, {}, NO_MARKS)
    assert joiner.missed_splice
    np.testing.assert_array_equal(sound(blocks), SIGNAL)


def test_a_clip_composed_too_slowly_fades_stops_and_goes_on() -> None:
    joiner = Joiner(TOTAL, fade_in=0)
    clip = window(0).grow(frames_of(5.0))
    joiner.place(clip, NO_MARKS, splice=False)
    blocks = [joiner.read_late() for _ in range(80)]
    assert [i for i, b in enumerate(blocks) if b.waiting] == list(range(50, 80))
    clip.grow(frames_of(1.0))
    assert joiner.read_late().waiting, "it would stop again at once"
    clip.grow()
    blocks += [joiner.read_late() for _ in range(160)]
    assert no_click(sound(blocks))
    assert blocks[80].session_frame == frames_of(5.0)
    back = sound(blocks)[frames_of(8.0) :]
    level = np.sqrt(np.mean(back[: frames_of(1.0)] ** 2))
    was = np.sqrt(np.mean(SIGNAL[frames_of(5.0) : frames_of(6.0)] ** 2))
    assert level < 0.3 * was, "after three seconds of silence music comes back softly"
    again = frames_of(14.0)
    np.testing.assert_array_equal(
        back[again:], SIGNAL[frames_of(5.0) + again :][: len(back) - again]
    )


def test_before_the_first_clip_it_waits() -> None:
    block = Joiner(TOTAL).read_late()
    assert block.waiting
    assert len(block.audio) == BLOCK_FRAMES


def test_several_blocks_at_once_are_the_blocks_one_by_one() -> None:
    joiner, blocks = Joiner(TOTAL), []
    for clip in own_sounds():
        joiner.place(clip.grow(), NO_MARKS, splice=False)
    while (block := joiner.read(7)) is not None:
        blocks.append(block.audio)
    assert max(map(len, blocks)) == 7 * BLOCK_FRAMES
    np.testing.assert_array_equal(np.concatenate(blocks), straight())
