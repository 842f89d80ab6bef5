"""Two minutes and a half through composer, finishing and joiner: overlaps, splices, loudness."""

from __future__ import annotations

import itertools
from functools import cache
from typing import NamedTuple

import numpy as np
import pyebur128
import pyloudnorm
import pytest
from support.true_peak import true_peak_dbtp

from engine.affect.circumplex import Affect
from engine.affect.feelings import parse_affect
from engine.audio.format import BLOCK_FRAMES, CHANNELS, SAMPLE_RATE, Frames, frames_of
from engine.composers.base import Marks
from engine.composers.score.composer import EmbeddedComposer
from engine.finishing import ClipFinisher
from engine.plan.events import Event, Skip, Steer
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipKey, ClipSpec
from engine.playback.joiner import Joiner
from engine.playback.joins import SPLICE_FADE

REQUEST = Request(
    start=parse_affect("tense")[0],
    target=parse_affect("calm")[0],
    minutes=2,
    temperature=0.0,
    seed=5,
)
OVERLAP = frames_of(7.5)
ENDS = 50
"""Blocks at either end that belong to the session's fades: 5 s."""


class Clip:
    """A whole clip in memory."""

    whole = True

    def __init__(self, key: ClipKey, start: int, audio: Frames) -> None:
        self.key, self.start, self.frames = key, start, len(audio)
        self._audio = audio

    def available(self) -> int:
        return self.frames

    def read(self, offset: int, count: int) -> Frames:
        return self._audio[offset : offset + count]


class Finished(NamedTuple):
    clip: Clip
    marks: Marks
    state: bytes
    checkpoints: bytes


COMPOSER = EmbeddedComposer()


def finished(spec: ClipSpec, before: Finished | None) -> Finished:
    """A clip composed and finished from another's continuation."""
    state, points = (before.state, before.checkpoints) if before else (None, None)
    composition = COMPOSER.compose(spec, state, lambda: False)
    finisher = ClipFinisher(spec, composition, COMPOSER.traits, denoise=None, checkpoints=points)
    audio = np.concatenate(list(finisher.chunks()))
    clip = Clip(spec.key, composition.start_frame, audio)
    return Finished(clip, composition.marks, composition.state(), finisher.checkpoints())


@cache
def clips() -> tuple[Finished, ...]:
    made: list[Finished] = []
    for spec in make_plan(REQUEST).clips:
        made.append(finished(spec, made[-1] if made else None))
    return tuple(made)


def joined(joiner: Joiner) -> Frames:
    blocks = []
    while (block := joiner.read()) is not None:
        blocks.append(block.audio)
    return np.concatenate(blocks)


@cache
def session() -> tuple[Frames, Joiner]:
    joiner = Joiner(frames_of(REQUEST.seconds))
    for made in clips():
        joiner.place(made.clip, made.marks, splice=False)
    return joined(joiner), joiner


def test_neighbours_are_equal_over_the_whole_overlap() -> None:
    assert len(clips()) == 5
    for one, two in itertools.pairwise(made.clip for made in clips()):
        old = one.read(one.frames - OVERLAP, OVERLAP)
        assert len(old) == OVERLAP
        assert np.abs(old[-SAMPLE_RATE:]).max() > 0.001
        assert np.array_equal(old, two.read(0, OVERLAP))


def test_joins_without_drift_are_passthrough() -> None:
    _, joiner = session()
    assert len(joiner.joins) == 4
    for join in joiner.joins:
        assert (join.law, join.correlation, join.lag) == ("passthrough", 1.0, 0)


@pytest.mark.parametrize("skipped", [False, True])
def test_a_splice_begins_as_what_it_takes_over_from(skipped: bool) -> None:
    """A skip in the same notes, the new bar being further off than finishing hears ahead; a steer
    in the same notes that soon lean elsewhere."""
    at = next(bar for bar in clips()[1].marks.bars if bar > 40.0) + 0.05
    event: Event = Skip(at) if skipped else Steer(at, Affect(0.7, 0.7), None)
    spec = make_plan(REQUEST, [event]).clips[1]
    assert spec.revision == 1
    new, old = finished(spec, clips()[1]), clips()[1]
    start = new.clip.start
    head = new.clip.read(0, SPLICE_FADE)
    tail = old.clip.read(start - old.clip.start, SPLICE_FADE)
    assert frames_of(at) <= start <= frames_of(at + 1.3)
    assert np.abs(head).max() > 0.001
    if skipped:
        assert np.array_equal(head, tail)
    assert np.abs(head - tail).max() <= 0.01 * np.abs(tail).max()
    joiner = Joiner(frames_of(REQUEST.seconds))
    for made in clips()[:2]:
        joiner.place(made.clip, made.marks, splice=False)
    joiner.place(new.clip, new.marks, splice=True)
    while joiner.read() is not None:
        pass
    splice = joiner.joins[-1]
    assert splice.kind == "splice"
    assert splice.correlation >= 0.9999


def short_term(audio: Frames) -> np.ndarray:
    """Short-term (3 s) loudness at the end of every 100 ms, by libebur128."""
    state = pyebur128.R128State(CHANNELS, SAMPLE_RATE, pyebur128.MeasurementMode.MODE_S)
    values = []
    for start in range(0, len(audio), BLOCK_FRAMES):
        state.add_frames(audio[start : start + BLOCK_FRAMES].reshape(-1), BLOCK_FRAMES)
        values.append(pyebur128.get_loudness_shortterm(state))
    return np.asarray(values)


def test_the_session_keeps_the_loudness_laws() -> None:
    audio, _ = session()
    assert len(audio) == frames_of(REQUEST.seconds)
    meter = pyloudnorm.Meter(SAMPLE_RATE)
    assert meter.integrated_loudness(audio) == pytest.approx(-23.0, abs=1.0)
    for made in clips():
        loudness = meter.integrated_loudness(made.clip.read(0, made.clip.frames))
        assert loudness == pytest.approx(-23.0, abs=4.0)
    assert true_peak_dbtp(audio) <= -1.0
    inner = short_term(audio)[ENDS:-ENDS]
    rise = max(float((inner[k:] - inner[:-k]).max()) for k in range(1, 11))
    assert rise <= 2.0
    loud = np.flatnonzero(np.abs(audio).max(axis=1) >= 1e-3)
    assert np.diff(np.concatenate(([-1], loud, [len(audio)]))).max() <= 1.5 * SAMPLE_RATE


def test_nothing_of_it_is_turned_down() -> None:
    """The rise guard leaves music as it is: between its fades the session is its clips."""
    audio, _ = session()
    fade = frames_of(4.0)
    for made in clips():
        since, until = (
            max(made.clip.start, fade),
            min(made.clip.start + made.clip.frames, len(audio)),
        )
        until = min(until, len(audio) - fade)
        own = made.clip.read(since - made.clip.start, until - since)
        assert np.array_equal(audio[since:until], own)


def test_the_level_follows_the_plan() -> None:
    """Tense is louder than calm, by about what the targets say."""
    levels = make_plan(REQUEST).levels
    wanted = levels[0].lufs - levels[-1].lufs
    heard = short_term(session()[0])
    difference = heard[60:300].mean() - heard[-300:-60].mean()
    assert wanted > 2.0
    assert difference == pytest.approx(wanted, abs=1.5)
