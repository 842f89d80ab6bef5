"""How a clip's chunks are put together on their way."""

from __future__ import annotations

import numpy as np
import pytest

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE
from engine.clip_record import Coding
from engine.link.codec import decoder_of
from engine.link.crossing import AT_ONCE_SECONDS, QUICK, Crossing, Stopwatch
from engine.link.outbox import Outbox
from engine.link.protocol import WHOLE_PART_BYTES, Part
from engine.link.worker import Job
from engine.plan.planner import make_plan
from engine.plan.request import Request

SPEC = make_plan(Request(start=Affect(-0.4, 0.6), target=Affect(0.5, -0.5), minutes=2)).clips[0]
HALF = SAMPLE_RATE // 2


def crossed(halves: int, *, speed: float, coding: Coding = "pcm") -> list[np.ndarray]:
    """The chunks that come of ``halves`` half seconds, composed so many times as fast as heard."""
    outbox, clock = Outbox(), Stopwatch()
    crossing = Crossing(outbox, Job(SPEC, b"", coding, WHOLE_PART_BYTES), 0)
    sound = noise(halves)
    for index in range(halves):
        clock.seconds = 0.5 * (index + 1) / speed
        crossing.send(sound[index * HALF : (index + 1) * HALF], clock)
    crossing.finish(clock)
    decoder, chunks = decoder_of(coding), []
    outbox.grant(64)
    for _ in range(len(outbox._clips)):
        taken = outbox.take()
        assert taken is not None
        assert isinstance(taken[0], Part)
        assert taken[0].last
        chunks.append(decoder.decode(taken[1], taken[0].frames))
    return chunks


def noise(halves: int) -> np.ndarray:
    steps = np.random.default_rng(3).integers(-(2**22), 2**22, (halves * HALF, 2))
    return np.asarray(steps / 2**23, np.float32)


def test_what_is_composed_quickly_crosses_a_second_at_a_time() -> None:
    chunks = crossed(21, speed=2 * QUICK)
    at_once = int(2 * AT_ONCE_SECONDS)
    assert [len(chunk) // HALF for chunk in chunks] == [1] * at_once + [2] * 6 + [1]
    np.testing.assert_array_equal(np.concatenate(chunks), noise(21))


@pytest.mark.parametrize(("speed", "coding"), [(0.9, "pcm"), (2 * QUICK, "flac")])
def test_nothing_waits_where_that_could_be_noticed(speed: float, coding: Coding) -> None:
    """A slow composer, or another machine, where every chunk is a stream of its own."""
    chunks = crossed(14, speed=speed, coding=coding)
    assert [len(chunk) for chunk in chunks] == [HALF] * 14
    np.testing.assert_array_equal(np.concatenate(chunks), noise(14))
