"""What two clips share is heard once, and reads as if it were heard twice."""

from __future__ import annotations

import numpy as np
import pytest

from engine.audio.format import GRID_FRAMES, SAMPLE_RATE, Frames
from engine.meter import meter as meter_module
from engine.meter.listening import BlockSpectrum, Floats, listen
from engine.meter.meter import Known, Meter
from engine.meter.reading import Reading

CLIP, SHARED = 30, 7.5


@pytest.fixture(scope="module")
def sound() -> Frames:
    rng = np.random.default_rng(5)
    time = np.arange(60 * SAMPLE_RATE) / SAMPLE_RATE
    wave = np.sin(2 * np.pi * 440.0 * time) * np.exp(-(time % 0.5) / 0.2)
    noisy = 0.1 * wave[:, None] + 0.01 * rng.standard_normal((len(time), 2))
    return noisy.astype(np.float32)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many blocks each call analysed."""
    counts: list[int] = []

    def counted(blocks: list[Floats]) -> list[BlockSpectrum]:
        counts.append(len(blocks))
        return listen(blocks)

    monkeypatch.setattr(meter_module, "listen", counted)
    return counts


def clip(
    sound: Frames, start: float, known: Known, piece: int = 31_000
) -> tuple[Meter, list[Reading]]:
    own = sound[int(start * SAMPLE_RATE) :][: CLIP * SAMPLE_RATE]
    meter, readings = Meter(start, known=known), []
    for at in range(0, len(own), piece):
        readings += meter.push(own[at : at + piece])
    return meter, readings + meter.finish()


@pytest.mark.parametrize("piece", [31_000, 48_000, 12 * SAMPLE_RATE])
def test_what_clips_share_is_heard_once(sound: Frames, heard: list[int], piece: int) -> None:
    first, _ = clip(sound, 0.0, {}, piece)
    assert sum(heard) == 2 * CLIP
    heard.clear()
    _, readings = clip(sound, CLIP - SHARED, first.ending, piece)
    # its first block has silence before it, where the clip before had sound
    assert sum(heard) == 2 * CLIP - int(2 * SHARED) + 1
    assert readings == clip(sound, CLIP - SHARED, {}, piece)[1]


def test_other_sound_is_heard_anew(sound: Frames, heard: list[int]) -> None:
    """A splice: the same session frames, and from some second on another sound."""
    first, _ = clip(sound, 0.0, {})
    spliced = sound.copy()
    spliced[26 * SAMPLE_RATE :] *= np.float32(0.5)
    heard.clear()
    _, readings = clip(spliced, CLIP - SHARED, first.ending)
    assert sum(heard) == 2 * CLIP - int(2 * (26 - CLIP + SHARED)) + 1
    assert readings == clip(spliced, CLIP - SHARED, {})[1]


def test_sound_that_begins_elsewhere_is_heard_anew(sound: Frames, heard: list[int]) -> None:
    first, _ = clip(sound, 0.0, {})
    heard.clear()
    clip(sound, CLIP - SHARED + 0.01, first.ending)
    assert sum(heard) == 2 * CLIP


def test_little_is_kept(sound: Frames) -> None:
    """However long the sound, and whatever it was told itself."""
    meter, _ = clip(sound, 0.0, {})
    meter, _ = clip(sound, CLIP - SHARED, meter.ending)
    bases = {id(one.samples.base): one.samples.base for one in meter.ending.values()}
    assert len(meter.ending) == 20
    assert sum(base.nbytes for base in bases.values() if base is not None) < 4e6
    assert max(meter.ending) == int((2 * CLIP - SHARED) * SAMPLE_RATE) - GRID_FRAMES
