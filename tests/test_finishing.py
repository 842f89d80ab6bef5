"""Finishing: levels, the rise rule, true peak, and resuming equals continuing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import islice

import msgspec
import numpy as np
import pyebur128
import pyloudnorm
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from support.true_peak import true_peak_dbtp

from engine.affect.circumplex import Affect
from engine.affect.path import Path, Waypoint
from engine.audio.format import (
    BLOCK_FRAMES,
    GRID_FRAMES,
    SAMPLE_RATE,
    Frames,
    frames_of,
    quantise24,
)
from engine.audio.loudness import integrated_lufs
from engine.clip_levels import unpacked
from engine.composers.base import Marks, Traits
from engine.errors import MusmedError
from engine.finishing import ClipFinisher
from engine.plan.gentle import Gentle
from engine.plan.spec import ClipSpec, LevelPoint, SeedStep, Tags

TRAITS = Traits(sample_rate=SAMPLE_RATE, channels=2, denoise=False, trim=False)
LEVEL = (LevelPoint(0.0, -23.0),)


class Recorded:
    """A composition that is a piece of a recording over session time."""

    marks = Marks()

    def __init__(
        self, audio: Frames, start: float, cut: int = SAMPLE_RATE, rate: int = SAMPLE_RATE
    ) -> None:
        self.start_frame = frames_of(start)
        self.render_from = self.start_frame // GRID_FRAMES * GRID_FRAMES
        self._audio = audio[self.render_from * rate // SAMPLE_RATE :]
        self._cut = cut
        self.given = 0

    def chunks(self) -> Iterator[Frames]:
        for begin in range(0, len(self._audio), self._cut):
            self.given += 1
            yield self._audio[begin : begin + self._cut]

    def state(self) -> bytes:
        return b""


def spec(
    start: float, end: float, levels: tuple[LevelPoint, ...] = LEVEL, revision: int = 0
) -> ClipSpec:
    return ClipSpec(
        index=int(start / 22.5),
        revision=revision,
        start=start,
        end=end,
        total=900.0,
        path=Path((Waypoint(0.0, Affect(0.0, 0.0)),)),
        levels=levels,
        seeds=(SeedStep(0.0, 1),),
        tags=Tags("calm", "calm", "piano", "ambient"),
        prompt="",
    )


def finish(
    audio: Frames,
    start: float = 0.0,
    end: float = 30.0,
    *,
    levels: tuple[LevelPoint, ...] = LEVEL,
    cut: int = SAMPLE_RATE,
    traits: Traits = TRAITS,
    checkpoints: bytes | None = None,
    revision: int = 0,
    gentle: Gentle | None = None,
) -> tuple[Frames, ClipFinisher]:
    composition = Recorded(audio, start, cut, traits.sample_rate)
    finisher = ClipFinisher(
        msgspec.structs.replace(spec(start, end, levels, revision), gentle=gentle),
        composition,
        traits,
        denoise=None,
        checkpoints=checkpoints,
    )
    return np.concatenate(list(finisher.chunks())), finisher


@cache
def music(seconds: int = 53, seed: int = 1) -> Frames:
    """Struck chords with a slow swell, a little hiss and an odd loud hit."""
    rng = np.random.default_rng(seed)
    t = np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE
    strike = np.interp(t % 0.5, [0.0, 0.01, 0.5], [0.0, 1.0, 0.1])
    chord = [
        sum(np.sin(2 * np.pi * f * t + side) for f in (220.0, 277.2, 329.6)) for side in (0.0, 1.0)
    ]
    audio = np.stack(chord, axis=1) * (strike * (1 + 0.5 * np.sin(t / 4)))[:, None] * 0.1
    audio += 0.001 * rng.standard_normal(audio.shape)
    for at in rng.integers(0, len(t) - 2_000, seconds // 4):
        audio[at : at + 1_000] += 0.9 * np.hanning(1_000)[:, None]
    return audio.astype(np.float32)


@cache
def first_clip() -> tuple[Frames, bytes]:
    out, finisher = finish(music()[: 30 * SAMPLE_RATE])
    return out, finisher.checkpoints()


def short_term(audio: Frames) -> np.ndarray:
    """Short-term loudness every 100 ms by pyloudnorm's filters: another meter than the rider's."""
    meter = pyloudnorm.Meter(SAMPLE_RATE)
    weighted = audio.astype(np.float64)
    for stage in meter._filters.values():
        weighted = np.stack([stage.apply_filter(weighted[:, c]) for c in (0, 1)], axis=1)
    power = np.add.reduceat((weighted**2).sum(axis=1), np.arange(0, len(audio), BLOCK_FRAMES))
    return np.asarray(
        -0.691 + 10 * np.log10(np.convolve(power, np.ones(30), "valid") / (30 * BLOCK_FRAMES))
    )


def largest_rise(short: np.ndarray) -> float:
    """The largest rise within any second, LU."""
    return max(float((short[k:] - short[:-k]).max()) for k in range(1, 11))


def test_the_clip_has_its_frames_in_chunks_of_at_most_a_second_on_24_bits() -> None:
    finisher = ClipFinisher(
        spec(0.0, 30.0), Recorded(music(), 0.0), TRAITS, denoise=None, checkpoints=None
    )
    chunks = list(finisher.chunks())
    assert max(map(len, chunks)) <= SAMPLE_RATE
    assert min(map(len, chunks)) > 0
    assert sum(map(len, chunks)) == finisher.frames == 30 * SAMPLE_RATE
    whole = np.concatenate(chunks)
    assert whole.dtype == np.float32
    assert np.array_equal(quantise24(whole), whole)


def test_the_first_second_composed_makes_the_first_chunk() -> None:
    composition = Recorded(music(), 0.0)
    finisher = ClipFinisher(spec(0.0, 30.0), composition, TRAITS, denoise=None, checkpoints=None)
    assert len(next(finisher.chunks())) >= BLOCK_FRAMES
    assert composition.given == 1


def test_what_is_measured_is_what_other_meters_read() -> None:
    out, finisher = finish(music())
    assert finisher.loudness == pytest.approx(integrated_lufs(out), abs=0.02)
    assert finisher.true_peak == pytest.approx(true_peak_dbtp(out), abs=0.01)
    assert finisher.true_peak <= -1.0
    assert finisher.gating == "off"


def test_the_levels_are_libebur128s_short_term_loudness() -> None:
    """Of the three seconds about each second, to a quarter of a LU."""
    out, finisher = finish(music())
    levels = unpacked(finisher.levels)
    assert len(levels) == 30
    expected = short_term_by_libebur128(out)
    assert levels[1:-1] == pytest.approx(expected[2:], abs=0.2)
    assert levels[0] == pytest.approx(integrated_lufs(out[: 2 * SAMPLE_RATE]), abs=0.5)
    assert max(levels) - min(levels) > 1.0


def test_the_levels_are_the_same_whatever_the_composer_gives_at_a_time() -> None:
    cuts = [
        finish(music()[: 8 * SAMPLE_RATE], end=8.0, cut=cut)[1].levels for cut in (4_800, 50_000)
    ]
    assert cuts[0] == cuts[1]
    assert len(cuts[0]) == 8


def short_term_by_libebur128(audio: Frames) -> list[float]:
    """At the end of each whole second, LUFS."""
    state = pyebur128.R128State(2, SAMPLE_RATE, pyebur128.MeasurementMode.MODE_S)
    found = []
    for at in range(0, len(audio) - SAMPLE_RATE + 1, SAMPLE_RATE):
        state.add_frames(audio[at : at + SAMPLE_RATE].reshape(-1), SAMPLE_RATE)
        found.append(pyebur128.get_loudness_shortterm(state))
    return found


@pytest.mark.parametrize("gain_db", [-20.0, 0.0, 12.0])
@pytest.mark.parametrize("target", [-27.0, -23.0, -19.0])
def test_steady_music_lands_within_a_unit_of_the_target(gain_db: float, target: float) -> None:
    audio = (music() * 10 ** (gain_db / 20)).astype(np.float32)
    out, _ = finish(audio, levels=(LevelPoint(0.0, target),))
    assert integrated_lufs(out) == pytest.approx(target, abs=1.0)


def test_the_level_follows_its_breakpoints() -> None:
    levels = (LevelPoint(5.0, -25.0), LevelPoint(20.0, -21.0))
    short = short_term(finish(music(), levels=levels)[0])
    rise = short[-30:].mean() - short[10:40].mean()
    assert rise == pytest.approx(4.0, abs=1.0)


@pytest.mark.parametrize("step_db", [6.0, 12.0, 24.0])
def test_a_sudden_loud_passage_rises_two_units_per_second(step_db: float) -> None:
    rng = np.random.default_rng(2)
    audio = 0.02 * rng.standard_normal((30 * SAMPLE_RATE, 2))
    audio[12 * SAMPLE_RATE + 777 :] *= 10 ** (step_db / 20)
    raw = short_term(audio.astype(np.float32))
    assert largest_rise(raw) > 2.5
    out, _ = finish(audio.astype(np.float32))
    assert largest_rise(short_term(out)) <= 2.0


def test_music_after_silence_begins_within_a_few_seconds() -> None:
    audio = music().copy()
    audio[8 * SAMPLE_RATE : 14 * SAMPLE_RATE] = 0.0
    again, never = (short_term(finish(a)[0][16 * SAMPLE_RATE :]) for a in (audio, music()))
    assert again[10] > never[10] - 3.0  # between three and six seconds after it began again


def test_a_loud_onset_is_not_followed_by_pumping() -> None:
    """The gain opens by at most 3 dB per second: steady noise after a burst rises no faster."""
    rng = np.random.default_rng(4)
    audio = 0.02 * rng.standard_normal((30 * SAMPLE_RATE, 2))
    audio[12 * SAMPLE_RATE : 12 * SAMPLE_RATE + 24_000] *= 8.0
    out, _ = finish(audio.astype(np.float32))
    after = out[13 * SAMPLE_RATE : 20 * SAMPLE_RATE].astype(np.float64)
    level = 10 * np.log10((after**2).mean(axis=1).reshape(-1, SAMPLE_RATE).mean(axis=1))
    assert np.diff(level).max() < 3.3


@settings(max_examples=8, deadline=None)
@given(cut=st.integers(500, SAMPLE_RATE))
def test_the_result_does_not_depend_on_the_composers_chunks(cut: int) -> None:
    out, finisher = finish(music(), end=6.0, cut=cut)
    reference, other = finish(music(), end=6.0)
    assert np.array_equal(out, reference)
    assert finisher.checkpoints() == other.checkpoints()


@pytest.mark.parametrize("start", [0.5, 7.0, 13.5, 22.5, 25.0])
def test_resuming_equals_continuing(start: float) -> None:
    """But for the last second of a composer that ends with its clip, and gives no look-ahead."""
    first, checkpoints = first_clip()
    again, _ = finish(music(), start, min(start + 30.0, 53.0), checkpoints=checkpoints)
    overlap = first[frames_of(start) :]
    known = len(overlap) - SAMPLE_RATE
    assert np.array_equal(again[:known], overlap[:known])
    rest = slice(known, len(overlap))
    assert np.abs(again[rest] - overlap[rest]).max() < 0.01
    assert np.corrcoef(again[rest].ravel(), overlap[rest].ravel())[0, 1] > 0.999


@pytest.mark.parametrize("start", [0.5, 13.5, 22.5, 25.0])
def test_what_is_heard_past_the_end_makes_resuming_exact(start: float) -> None:
    first, finisher = finish(music(), 0.0, 30.0)
    again, _ = finish(music(), start, 50.0, checkpoints=finisher.checkpoints())
    assert np.array_equal(again[: len(first) - frames_of(start)], first[frames_of(start) :])


def test_a_session_that_ends_inside_a_block_ends_alike_in_both_its_last_clips() -> None:
    """The last clip but one may hear the session's end coming."""
    total = 30.0377
    audio = music()[: frames_of(total)]
    first, finisher = finish(audio, 0.0, 29.5)
    last, _ = finish(audio, 22.5, total, checkpoints=finisher.checkpoints())
    overlap = first[frames_of(22.5) :]
    assert len(last) == frames_of(total) - frames_of(22.5)
    assert np.array_equal(last[: len(overlap)], overlap)


def test_a_revision_that_starts_off_the_grid_is_the_same_music() -> None:
    first, checkpoints = first_clip()
    start = 10.3217
    again, finisher = finish(music(), start, 30.0, checkpoints=checkpoints, revision=1)
    assert finisher.frames == len(again) == frames_of(30.0) - frames_of(start)
    assert np.array_equal(again[:-SAMPLE_RATE], first[frames_of(start) : -SAMPLE_RATE])


def test_a_clip_cut_short_can_be_gone_on_from() -> None:
    finisher = ClipFinisher(
        spec(0.0, 30.0), Recorded(music(), 0.0), TRAITS, denoise=None, checkpoints=None
    )
    emitted = 0
    for chunk in finisher.chunks():
        emitted += len(chunk)
        if emitted > 8 * SAMPLE_RATE:
            break
    again, _ = finish(music(), 8.0, 30.0, checkpoints=finisher.checkpoints())
    known = slice(0, -SAMPLE_RATE)
    assert np.array_equal(again[known], first_clip()[0][8 * SAMPLE_RATE :][known])


def test_a_third_clip_resumes_from_the_second_as_from_the_first() -> None:
    first, checkpoints = first_clip()
    _, second = finish(music(), 10.0, 40.0, checkpoints=checkpoints)
    third, _ = finish(music(), 20.0, 50.0, checkpoints=second.checkpoints())
    assert np.array_equal(third[: 9 * SAMPLE_RATE], first[20 * SAMPLE_RATE : 29 * SAMPLE_RATE])


def test_where_ears_are_spared_the_high_is_softened_and_resuming_equals_continuing() -> None:
    """White noise through a low-pass at 3 kHz: 12 dB an octave; and state small enough to keep."""
    rng = np.random.default_rng(3)
    noise = (0.02 * rng.standard_normal((53 * SAMPLE_RATE, 2))).astype(np.float32)
    spared = Gentle(brightness=3000.0)
    out, finisher = finish(noise, gentle=spared)
    assert len(finisher.checkpoints()) <= 24 * 1024
    again, _ = finish(noise, 22.5, 50.0, checkpoints=finisher.checkpoints(), gentle=spared)
    # The level looks ahead: the last second of a recording that ends is another's.
    lap = frames_of(30.0 - 22.5 - 1.0)
    assert np.array_equal(again[:lap], out[frames_of(22.5) :][:lap])

    def octaves(audio: Frames) -> list[float]:
        power = np.abs(np.fft.rfft(audio[5 * SAMPLE_RATE : 25 * SAMPLE_RATE, 0])) ** 2
        hertz = np.fft.rfftfreq(20 * SAMPLE_RATE, 1.0 / SAMPLE_RATE)
        bands = [power[(hertz > f * 0.97) & (hertz < f * 1.03)].mean() for f in (500, 6000, 12000)]
        return [float(10.0 * np.log10(band / bands[0])) for band in bands[1:]]

    own = octaves(finish(noise)[0])
    softer = [a - b for a, b in zip(octaves(out), own, strict=True)]
    assert -14.0 < softer[0] < -11.0
    assert -29.0 < softer[1] < -23.0


def test_checkpoints_of_other_ears_are_refused() -> None:
    """An engine then begins afresh, in a sentence."""
    with pytest.raises(MusmedError, match="other ears"):
        finish(music(), 22.5, 50.0, checkpoints=first_clip()[1], gentle=Gentle(brightness=3000.0))


def test_checkpoints_stay_small() -> None:
    assert len(first_clip()[1]) <= 24 * 1024
    gated = Traits(sample_rate=SAMPLE_RATE, channels=2, denoise=True, trim=False)
    assert len(finish(music(), traits=gated)[1].checkpoints()) <= 24 * 1024


def damaged() -> dict[str, bytes]:
    whole = first_clip()[1]
    return {
        "empty": b"",
        "noise": bytes(range(256)) * 4,
        "first byte": bytes([whole[0] ^ 0xFF]) + whole[1:],
        "version": whole[:1] + bytes([99]) + whole[2:],
        "cut": whole[: len(whole) // 2],
        "longer": whole + b"x",
        "huge": whole * 2,
    }


@pytest.mark.parametrize(
    "name", ["empty", "noise", "first byte", "version", "cut", "longer", "huge"]
)
def test_damaged_checkpoints_are_one_sentence(name: str) -> None:
    with pytest.raises(MusmedError, match="damaged or of another version"):
        finish(music(), 22.5, 24.0, checkpoints=damaged()[name])


def test_gating_takes_its_noise_from_the_clip_before() -> None:
    gated = Traits(sample_rate=SAMPLE_RATE, channels=2, denoise=True, trim=False)
    _, first = finish(music()[: 10 * SAMPLE_RATE], end=8.0, traits=gated)
    assert first.gating.startswith("bypassed: no clip")
    second, finisher = finish(music(), 5.0, 9.0, traits=gated, checkpoints=first.checkpoints())
    assert finisher.gating.startswith("on")
    assert len(second) == 4 * SAMPLE_RATE
    checkpoints = finisher.checkpoints()
    _, revised = finish(music(), 6.0, 20.0, traits=gated, checkpoints=checkpoints, revision=1)
    assert "10 s at the start of a revision" in revised.gating
    checkpoints = first.checkpoints()
    _, revised = finish(music(), 6.0, 20.0, traits=gated, checkpoints=checkpoints, revision=1)
    assert revised.gating.startswith("bypassed: no clip"), "the revised clip had no clip before it"


def test_a_revision_is_gated_alike_however_much_there_was_of_the_clip_it_revises() -> None:
    gated = Traits(sample_rate=SAMPLE_RATE, channels=2, denoise=True, trim=False)
    _, before = finish(music(), end=8.0, traits=gated)
    revised = []
    for seconds in (14.0, 20.0):
        finisher = ClipFinisher(
            spec(8.0, 30.0),
            Recorded(music(), 8.0),
            gated,
            denoise=None,
            checkpoints=before.checkpoints(),
        )
        list(islice(finisher.chunks(), int(seconds - 8.0)))
        checkpoints = finisher.checkpoints()
        audio, made = finish(
            music(seed=2), 10.0, 25.0, traits=gated, checkpoints=checkpoints, revision=1
        )
        assert made.gating.startswith("on")
        revised.append(audio)
    assert np.array_equal(*revised)


def test_a_composer_at_32_khz_in_mono_comes_out_at_48_in_stereo() -> None:
    mono = Traits(sample_rate=32_000, channels=1, denoise=False, trim=False)
    low = soxr.resample(music()[:, :1], SAMPLE_RATE, 32_000)
    out, finisher = finish(low, traits=mono, cut=32_000)
    assert len(out) == 30 * SAMPLE_RATE
    assert np.array_equal(out[:, 0], out[:, 1])
    again, _ = finish(low, 22.5, 50.0, traits=mono, cut=32_000, checkpoints=finisher.checkpoints())
    a, b = out[frames_of(22.5) : frames_of(29.0), 0], again[: frames_of(6.5), 0]
    assert np.corrcoef(a, b)[0, 1] > 0.9999
    assert abs(10 * np.log10((a**2).sum() / (b**2).sum())) < 0.05
    assert np.abs(a - b)[1_000:].max() < 1e-4


def test_leading_silence_is_trimmed_once_and_made_up_for() -> None:
    trimming = Traits(sample_rate=SAMPLE_RATE, channels=2, denoise=False, trim=True)
    silence = np.zeros((SAMPLE_RATE, 2), np.float32)
    late = np.concatenate((silence, music()[GRID_FRAMES // 2 :]))
    out, _ = finish(late, end=5.0, traits=trimming)
    assert len(out) == 5 * SAMPLE_RATE
    assert np.abs(out[: SAMPLE_RATE // 10]).max() > 0.01
    again, _ = finish(late, end=5.0, traits=trimming, checkpoints=first_clip()[1])
    assert np.abs(again[: SAMPLE_RATE // 2]).max() < 1e-3


def test_a_composer_that_ends_early_is_followed_by_silence() -> None:
    out, finisher = finish(music()[: 2 * SAMPLE_RATE + 100], end=5.0)
    assert len(out) == finisher.frames == 5 * SAMPLE_RATE
    assert np.abs(out[3 * SAMPLE_RATE :]).max() < 1e-4
    assert finisher.loudness is not None


def test_silence_stays_silence() -> None:
    out, finisher = finish(np.zeros((5 * SAMPLE_RATE, 2), np.float32), end=4.0)
    assert not out.any()
    assert finisher.loudness is None
    assert finisher.levels == bytes(4)
    assert finisher.true_peak == -np.inf


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(wrong: float) -> None:
    """The filters would make silence of them and of all that follows."""
    audio = np.full((3 * SAMPLE_RATE, 2), 0.1, np.float32)
    audio[2 * SAMPLE_RATE + 7, 1] = wrong
    composition = Recorded(audio, 0.0)
    finisher = ClipFinisher(spec(0.0, 3.0), composition, TRAITS, denoise=None, checkpoints=None)
    with pytest.raises(MusmedError, match="no numbers"):
        list(finisher.chunks())


def test_finishing_needs_no_scipy() -> None:
    """Its import took half a second before an engine's first sound."""
    told = "import sys, engine.finishing as f; f.warm_up(); print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
