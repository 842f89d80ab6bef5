"""What clips share is finished once, and the same bytes leave as if it were finished twice."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import msgspec
import numpy as np
import pytest

from engine.affect.circumplex import Affect
from engine.affect.path import Path, Waypoint
from engine.audio import levelling
from engine.audio.format import BLOCK_FRAMES, GRID_FRAMES, SAMPLE_RATE, Frames, frames_of
from engine.composers.base import Marks, Traits
from engine.finished import Ending
from engine.finishing import ClipFinisher
from engine.plan.gentle import Gentle
from engine.plan.spec import ClipSpec, LevelPoint, SeedStep, Tags

TRAITS = Traits(sample_rate=SAMPLE_RATE, channels=2, denoise=False, trim=False)
END, NEXT, LAST = 14.0, 6.5, 18.0
"""The first clip's end, and the next one's beginning and end, in seconds."""
SHARED_BLOCKS = round(10 * (END - NEXT))
RISING = (LevelPoint(0.0, -25.0), LevelPoint(20.0, -22.0))


class Recorded:
    """A composition that is a piece of a recording over session time, and a little more."""

    marks = Marks()

    def __init__(self, audio: Frames, start: float, end: float, cut: int) -> None:
        self.start_frame = frames_of(start)
        self.render_from = self.start_frame // GRID_FRAMES * GRID_FRAMES
        self._audio = audio[self.render_from : frames_of(end)]
        self._cut = cut

    def bars(self) -> tuple[()]:
        return ()

    def chunks(self) -> Iterator[Frames]:
        for begin in range(0, len(self._audio), self._cut):
            yield self._audio[begin : begin + self._cut]

    def state(self) -> bytes:
        return b""


@cache
def music(knock_at: float | None = None) -> Frames:
    """Struck chords with a slow swell; something knocks every three seconds from
    ``knock_at`` on."""
    time = np.arange(20 * SAMPLE_RATE) / SAMPLE_RATE
    strike = np.exp(-(time % 0.5) / 0.2) * (1.0 + 0.5 * np.sin(time / 2))
    after = time % 3.0 if knock_at is None else (time - knock_at) % 3.0
    knock = (knock_at is not None) * np.interp(after, [0.0, 1e-4, 2e-4], [0.0, 4.0, 0.0])
    chord = [sum(np.sin(2 * np.pi * f * time + s) for f in (220.0, 277.2)) for s in (0.0, 1.0)]
    noise = 0.001 * np.random.default_rng(3).standard_normal((len(time), 2))
    return np.asarray(
        np.stack(chord, axis=1) * (0.1 * strike)[:, None] + noise + knock[:, None], np.float32
    )


class Made(NamedTuple):
    audio: bytes
    checkpoints: bytes
    loudness: float | None
    levels: bytes
    true_peak: float


def finish(
    audio: Frames,
    start: float,
    end: float,
    *,
    checkpoints: bytes | None = None,
    before: Ending | None = None,
    past: float = 1.5,
    cut: int = GRID_FRAMES,
    levels: tuple[LevelPoint, ...] = RISING,
    brightness: float | None = None,
    chunks: int | None = None,
) -> tuple[Made, Ending | None]:
    """``past``: seconds that are heard past the end. ``chunks``: how many are asked for."""
    spec = ClipSpec(
        index=0 if start == 0.0 else 1,
        revision=0,
        start=start,
        end=end,
        total=900.0,
        path=Path((Waypoint(0.0, Affect(0.0, 0.0)),)),
        levels=levels,
        seeds=(SeedStep(0.0, 1),),
        tags=Tags("calm", "calm", "piano", "ambient"),
        prompt="",
    )
    if brightness is not None:
        spec = msgspec.structs.replace(spec, gentle=Gentle(brightness=brightness))
    composition = Recorded(audio, start, end + past, cut)
    finisher = ClipFinisher(
        spec, composition, TRAITS, denoise=None, checkpoints=checkpoints, before=before
    )
    made = [chunk for chunk, _ in zip(finisher.chunks(), range(chunks or 99), strict=False)]
    stored = finisher.checkpoints()
    figures = (finisher.loudness, finisher.levels, finisher.true_peak)
    return Made(np.concatenate(made).tobytes(), stored, *figures), finisher.ending(stored)


@pytest.fixture
def analysed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Blocks that were filtered."""
    counts: list[int] = []
    push = levelling.Analysis.push

    def counted(self: levelling.Analysis, piece: Frames) -> list[levelling.Analysed]:
        counts.append(len(piece) // BLOCK_FRAMES)
        return push(self, piece)

    monkeypatch.setattr(levelling.Analysis, "push", counted)
    return counts


def both_ways(
    audio: Frames, other: Frames | None = None, analysed: list[int] | None = None, **how: object
) -> int:
    """The next clip with and without what is kept of the first is the same; how many blocks less
    were filtered. ``other``: what the next one is made of."""
    told = {key: value for key, value in how.items() if key != "next_levels"}
    first, ending = finish(audio, 0.0, END, **told)  # type: ignore[arg-type]
    assert ending is not None
    if "next_levels" in how:
        how["levels"] = how.pop("next_levels")
    counts, made = [], []
    for before in (None, ending):
        if analysed is not None:
            analysed.clear()
        again, following = finish(
            audio if other is None else other,
            NEXT,
            LAST,
            checkpoints=first.checkpoints,
            before=before,
            **how,  # type: ignore[arg-type]
        )
        counts.append(sum(analysed or ()))
        made.append((again, following))
    (alone, after_alone), (again, after_again) = made
    assert again == alone
    # and the clip after it, whatever the one before has kept
    thirds = [
        finish(audio, 13.0, 19.0, checkpoints=again.checkpoints, before=before, past=0.5)[0]
        for before in (None, after_alone, after_again)
        if "brightness" not in how
    ]
    assert all(third == thirds[0] for third in thirds)
    return counts[0] - counts[1]


def test_what_clips_share_is_finished_once(analysed: list[int]) -> None:
    assert both_ways(music(), analysed=analysed) == SHARED_BLOCKS


@pytest.mark.parametrize("cut", [GRID_FRAMES, SAMPLE_RATE, 10_007])
def test_whatever_the_composer_gives_at_a_time(cut: int) -> None:
    both_ways(music(), cut=cut)


@pytest.mark.parametrize("past", [0.0, 0.3, 1.0])
def test_a_clip_that_hears_less_past_its_end_shares_less(past: float, analysed: list[int]) -> None:
    assert 0 < both_ways(music(), past=past, analysed=analysed) <= SHARED_BLOCKS


@pytest.mark.parametrize(("knock_at", "saved"), [(0.0, 20), (0.5, 0), (0.45, 0), (1.9, 10)])
def test_from_where_something_is_limited_it_is_finished_again(
    knock_at: float, saved: int, analysed: list[int]
) -> None:
    assert both_ways(music(knock_at), analysed=analysed) == saved


@pytest.mark.parametrize("at", [6.5, 7.2, 9.0, 13.9, 14.8])
def test_other_music_from_some_time_on_is_finished_itself(at: float, analysed: list[int]) -> None:
    spliced = music().copy()
    spliced[frames_of(at) :] *= np.float32(2.0)
    left = both_ways(music(), spliced, analysed=analysed)
    assert 0 <= left <= max(0, round(10 * (at - NEXT)))


def test_other_levels_are_ridden_to(analysed: list[int]) -> None:
    later = (LevelPoint(0.0, -25.0), LevelPoint(10.0, -23.5), LevelPoint(20.0, -30.0))
    assert both_ways(music(), next_levels=later, analysed=analysed) == 30


def test_other_ears_and_other_checkpoints_share_nothing(analysed: list[int]) -> None:
    assert both_ways(music(), brightness=4000.0, analysed=analysed) == SHARED_BLOCKS
    first, _ = finish(music(), 0.0, END)
    _, other = finish(music(0.0), 0.0, END)
    analysed.clear()
    kept, _ = finish(music(), NEXT, LAST, checkpoints=first.checkpoints, before=other)
    assert sum(analysed) >= 10 * (LAST - NEXT)
    assert kept == finish(music(), NEXT, LAST, checkpoints=first.checkpoints)[0]


@pytest.mark.parametrize("chunks", [1, 4, 9])
def test_a_clip_that_is_cut_short_can_be_gone_on_from(chunks: int) -> None:
    first, ending = finish(music(), 0.0, END)
    cut, kept = finish(
        music(), NEXT, LAST, checkpoints=first.checkpoints, before=ending, chunks=chunks
    )
    whole, _ = finish(music(), NEXT, LAST, checkpoints=first.checkpoints)
    assert cut.audio == whole.audio[: len(cut.audio)]
    emitted = len(cut.audio) / 8 / SAMPLE_RATE
    start = NEXT + int(emitted * 2.0) / 2.0
    for before in (None, kept):
        made, _ = finish(music(), start, LAST, checkpoints=cut.checkpoints, before=before)
        assert made.audio == whole.audio[-len(made.audio) :]


def test_little_is_kept() -> None:
    _, ending = finish(music(), 0.0, END)
    assert ending is not None
    assert sum(piece.nbytes for piece in ending.came.values()) < 5e6
    assert sum(levelled.audio.nbytes for levelled in ending.left.values()) < 5e6
