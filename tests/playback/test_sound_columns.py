"""What plays as columns: a rising tone rises, silence is dark, and little is kept."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.audio.format import BLOCK_FRAMES, SAMPLE_RATE, Frames
from engine.playback.sound_columns import (
    BANDS,
    COLUMN_FRAMES,
    KEPT,
    SoundColumn,
    SoundColumns,
)


def stereo(mono: NDArray[np.float64]) -> Frames:
    return np.stack([mono, mono], axis=1).astype(np.float32)


def rising(seconds: float, lowest: float = 100.0, highest: float = 6000.0) -> Frames:
    """A sine whose pitch rises evenly from octave to octave."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    hertz = lowest * (highest / lowest) ** (time / seconds)
    return stereo(0.3 * np.sin(2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE))


def heard(audio: Frames, start: int = 0, block: int = BLOCK_FRAMES) -> tuple[SoundColumn, ...]:
    made = SoundColumns()
    for first in range(0, len(audio), block):
        made.push(start + first, audio[first : first + block])
    return made.columns


def strongest(column: SoundColumn) -> int:
    return column.strengths.index(max(column.strengths))


def test_a_rising_tone_rises() -> None:
    bands = [strongest(column) for column in heard(rising(8.0))]
    assert bands[0] <= 2
    assert bands[-1] >= BANDS - 5
    assert all(one <= other for one, other in itertools.pairwise(bands))


def test_silence_has_no_strength_and_louder_has_more() -> None:
    silence = heard(np.zeros((COLUMN_FRAMES, 2), np.float32))
    assert silence == (SoundColumn(0, bytes(BANDS)),)
    quiet, loud = (max(heard(gain * rising(0.2))[0].strengths) for gain in (0.05, 1.0))
    assert 0 < quiet < loud


@pytest.mark.parametrize("block", [BLOCK_FRAMES, 1_111, COLUMN_FRAMES, 50_000])
def test_columns_do_not_depend_on_the_blocks(block: int) -> None:
    audio = rising(2.0)
    assert [one.number for one in heard(audio, block=block)] == list(range(10))
    assert heard(audio, block=block) == heard(audio)


def test_after_a_seek_what_plays_on_is_there_and_a_half_column_is_not() -> None:
    made = SoundColumns()
    made.push(0, rising(1.0))
    made.push(300 * SAMPLE_RATE + BLOCK_FRAMES, rising(1.0))
    assert [one.number for one in made.columns] == [0, 1, 2, 3, 4, 1501, 1502, 1503, 1504]
    made.push(SAMPLE_RATE // 5 * 2, rising(0.2))
    assert [one.number for one in made.columns] == [0, 1, 2]


def test_little_is_kept() -> None:
    assert len(heard(np.zeros((COLUMN_FRAMES * (KEPT + 40), 2), np.float32))) == KEPT
