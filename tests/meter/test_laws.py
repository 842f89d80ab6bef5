"""The meter: loudness and block sizes change nothing, and simple music goes the right way."""

from __future__ import annotations

import importlib.resources
import json
from functools import cache
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audio.format import GRID_FRAMES, SAMPLE_RATE, Frames
from engine.errors import MusmedError
from engine.meter.features import NAMES, features
from engine.meter.files import measure_file
from engine.meter.listening import (
    _EDGES,
    BAND_HOP,
    BAND_WINDOW,
    HISTORY,
    PEAK_HOP,
    PEAK_WINDOW,
    Floats,
    listen,
)
from engine.meter.meter import Meter, estimate, validity
from engine.meter.model import SIZE_LIMIT, MeterModel, decode, shipped
from engine.meter.reading import Reading
from engine.meter.resampler import Resampler

DOCS = Path(__file__).parents[2] / "docs" / "meter.md"
MAJOR, MINOR = (0, 4, 7), (0, 3, 7)
MAJOR_KEY = ((0, MAJOR), (5, MAJOR), (7, MAJOR), (0, MAJOR))
MINOR_KEY = ((0, MINOR), (5, MINOR), (7, MINOR), (0, MINOR))


@cache
def tone(pitch: float, seconds: float, ring: float, tilt: float) -> Floats:
    """A struck tone: ten partials that fall by ``tilt`` and die away in ``ring`` s."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    hertz = 440.0 * 2.0 ** ((pitch - 69) / 12)
    wave = sum(np.sin(2 * np.pi * hertz * k * time) * k**-tilt for k in range(1, 11))
    made = 0.05 * wave * np.exp(-time / ring) * np.minimum(1.0, time / 0.004)
    return np.asarray(made, np.float32)


def music(
    chords: tuple[tuple[int, tuple[int, ...]], ...],
    gap: float,
    *,
    root: float = 60.0,
    tilt: float = 1.2,
    seconds: float = 30.0,
) -> Frames:
    """Broken chords, a note every ``gap`` s over a bass on each chord; a chord lasts 2 s."""
    frames = int(seconds * SAMPLE_RATE)
    out = np.zeros(frames + 4 * SAMPLE_RATE, np.float32)
    made: dict[float, Floats] = {}

    def put(at: float, pitch: float) -> None:
        if pitch not in made:
            made[pitch] = tone(pitch, 2.0, 0.6, tilt)
        start = int(at * SAMPLE_RATE)
        out[start : start + len(made[pitch])] += made[pitch]

    for k in range(int(seconds / 2)):
        step, shape = chords[k % len(chords)]
        put(2.0 * k, root - 12 + step)
        for n in range(int(2.0 / gap)):
            put(2.0 * k + n * gap, root + step + shape[n % 3] + 12 * (n // 3 % 2))
    return np.repeat(out[:frames, None], 2, axis=1)


@pytest.fixture(scope="module")
def plain() -> Frames:
    return music(MAJOR_KEY, 0.5)


@pytest.fixture(scope="module")
def read(plain: Frames) -> list[Reading]:
    return estimate(plain)


def last(audio: Frames) -> Reading:
    return estimate(audio)[-1]


def test_a_reading_every_ten_seconds(read: list[Reading]) -> None:
    assert [(r.start, r.end) for r in read] == [(0.0, 10.0), (10.0, 20.0), (20.0, 30.0)]
    assert read[0].valence_error > read[2].valence_error > 0.2
    assert read[0].arousal_error > read[2].arousal_error > 0.2


def test_readings_are_in_the_seconds_of_the_session(plain: Frames) -> None:
    found = estimate(plain[: 26 * SAMPLE_RATE], start=22.5)
    assert [(r.start, r.end) for r in found] == [(22.5, 32.5), (32.5, 42.5), (42.5, 48.5)]
    assert len(estimate(plain[: 24 * SAMPLE_RATE])) == 2  # 4 s more are too little to judge


@settings(max_examples=12, deadline=None)
@given(decibel=st.floats(-12.0, 12.0))
def test_loudness_changes_nothing(decibel: float) -> None:
    audio = music(MINOR_KEY, 0.3, seconds=10.0)
    quiet, loud = last(audio), last((audio * np.float32(10 ** (decibel / 20))).astype(np.float32))
    assert abs(quiet.valence - loud.valence) <= 0.002
    assert abs(quiet.arousal - loud.arousal) <= 0.002


@settings(max_examples=12, deadline=None)
@given(sizes=st.lists(st.integers(1, 100_000), min_size=1, max_size=5))
def test_sizes_of_blocks_change_nothing(
    sizes: list[int], plain: Frames, read: list[Reading]
) -> None:
    meter, found, at, turn = Meter(), [], 0, 0
    sizes = [max(sizes), *sizes]
    while at < len(plain):
        size = max(sizes[turn % len(sizes)], 500)
        found += meter.push(plain[at : at + size])
        at, turn = at + size, turn + 1
    assert found + meter.finish() == read


def test_one_sample_at_a_time(plain: Frames) -> None:
    meter = Meter()
    short = plain[: 5 * SAMPLE_RATE]
    for at in range(0, len(short), 7):
        assert meter.push(short[at : at + 7]) == []
    assert meter.finish() == estimate(short)
    assert len(meter.finish()) == 1


@pytest.mark.parametrize("chords", [MAJOR_KEY, MINOR_KEY])
@pytest.mark.parametrize("tilt", [0.8, 1.6])
def test_more_notes_are_more_arousal(
    chords: tuple[tuple[int, tuple[int, ...]], ...], tilt: float
) -> None:
    found = [last(music(chords, gap, tilt=tilt)).arousal for gap in (1.0, 0.5, 0.25, 0.2)]
    assert all(a < b for a, b in pairwise(found)), found
    assert found[-1] - found[0] > 0.4


@pytest.mark.parametrize("gap", [0.5, 0.25])
@pytest.mark.parametrize("root", [57.0, 60.0, 64.3])
def test_major_is_gladder_than_minor(gap: float, root: float) -> None:
    """Also where the tuning is 30 cents off."""
    glad, sad = (last(music(key, gap, root=root)).valence for key in (MAJOR_KEY, MINOR_KEY))
    assert glad > sad + 0.3


def test_brightness_alone_is_little_arousal() -> None:
    """Partials that fall by 12 or by 5 dB an octave."""
    dark, bright = (last(music(MAJOR_KEY, 0.4, tilt=tilt)).arousal for tilt in (2.0, 0.8))
    assert abs(bright - dark) < 0.15


def test_silence_is_not_judged(plain: Frames) -> None:
    assert estimate(np.zeros((30 * SAMPLE_RATE, 2), np.float32)) == []
    assert estimate(np.zeros((0, 2), np.float32)) == []
    half = plain.copy()
    half[4 * SAMPLE_RATE :] = 0.0
    assert estimate(half) == []  # less than 5 s of sound


def test_noise_is_unlike_what_it_knows(read: list[Reading]) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal((10 * SAMPLE_RATE, 2))
    assert not estimate(noise.astype(np.float32))[0].known
    assert all(r.known for r in read)


def test_features_are_finite_whatever_sounds() -> None:
    click = np.zeros(HISTORY + 24_000, np.float32)
    click[HISTORY + 1000] = 1.0
    for mono in (np.zeros_like(click), click, np.ones_like(click), click * np.float32(1e-30)):
        vector = features(listen([mono]) * 10)
        assert vector.shape == (len(NAMES),)
        assert np.all(np.isfinite(vector))


# the coefficients


def _data() -> bytes:
    return importlib.resources.files("engine.meter").joinpath("data/meter.json").read_bytes()


def test_the_shipped_model() -> None:
    model = shipped().model
    assert model.names == NAMES
    assert len(_data()) < SIZE_LIMIT // 4
    assert model.valence.r >= 0.55
    assert model.piano[1] >= 0.75
    for axis in (model.valence, model.arousal):
        assert axis.low < axis.r < axis.high
        assert axis.error < axis.error_short < 0.4
    assert "Ferreira" in model.source
    assert "no licence" in model.licence


def test_the_model_card_says_the_shipped_figures() -> None:
    text, model = DOCS.read_text("utf-8"), shipped().model
    row = next(line for line in text.splitlines() if line.startswith("| all timbres |"))
    told = [cell.strip() for cell in row.split("|")[2:-1]]
    for cells, axis in ((told[:3], model.valence), (told[3:], model.arousal)):
        shown = f"{axis.r:.3f} [{axis.low:.3f}, {axis.high:.3f}]".replace("0.", ".")
        assert cells[0] == shown
        assert float(cells[1]) == axis.ccc
        assert float(cells[2]) == axis.error
    assert f"{model.valence.error:.2f} in valence" in validity()


@pytest.mark.parametrize(
    "change",
    [
        {"names": NAMES[:-1]},
        {"weights": ()},
        {"mean": (0.0,) * 3},
        {"spread": (0.0,) * len(NAMES)},
        {"landmarks": ((0.0,) * 3,)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_damaged_model_is_refused(change: dict[str, object]) -> None:
    model = msgspec.structs.replace(shipped().model, **change)
    with pytest.raises(MusmedError):
        decode(msgspec.json.encode(model))


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"[1]", b" " * (SIZE_LIMIT + 1)])
def test_bytes_that_are_no_model_are_refused(data: bytes) -> None:
    with pytest.raises(MusmedError):
        decode(data)


def test_the_model_comes_back_from_its_file() -> None:
    assert msgspec.json.decode(_data(), type=MeterModel) == shipped().model
    assert set(json.loads(_data())) == set(MeterModel.__struct_fields__)


# files


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_099, 44_100, 48_000, 96_000, 383_999])
def test_resampling_keeps_a_tone_whatever_the_pieces(rate: int) -> None:
    time = np.arange(2 * rate) / rate
    wave = np.sin(2 * np.pi * 997.0 * time).astype(np.float32)
    whole, pieces = Resampler(rate), Resampler(rate)
    made = np.concatenate([whole.push(wave), whole.finish()])
    cut = [pieces.push(part) for part in np.array_split(wave, 7)]
    cut.append(pieces.finish())
    np.testing.assert_array_equal(np.concatenate(cut), made)
    assert len(made) == 2 * SAMPLE_RATE
    ideal = np.sin(2 * np.pi * 997.0 * np.arange(len(made)) / SAMPLE_RATE)
    assert np.max(np.abs(made - ideal)[3000:-3000]) < 2e-4


def test_resampling_down_leaves_no_alias() -> None:
    rate = 96_000
    wave = np.sin(2 * np.pi * 30_000.0 * np.arange(rate) / rate).astype(np.float32)
    assert np.max(np.abs(Resampler(rate).push(wave)[3000:])) < 2e-3


@pytest.mark.parametrize(
    ("suffix", "rate"), [(".wav", 48_000), (".flac", 44_100), (".ogg", 48_000)]
)
def test_a_file_reads_like_its_samples(
    suffix: str, rate: int, tmp_path: Path, plain: Frames, read: list[Reading]
) -> None:
    audio = plain
    if rate != SAMPLE_RATE:
        time = np.arange(30 * rate) * (SAMPLE_RATE / rate)
        audio = np.repeat(np.interp(time, np.arange(len(plain)), plain[:, 0])[:, None], 3, axis=1)
    path = tmp_path / f"a{suffix}"
    with soundfile.SoundFile(path, "w", rate, audio.shape[1]) as file:
        for at in range(0, len(audio), rate):
            file.write(audio[at : at + rate])
    found = measure_file(path).readings
    assert [(r.start, r.end) for r in found] == [(r.start, r.end) for r in read]
    for a, b in zip(found, read, strict=True):
        assert abs(a.valence - b.valence) < 0.15
        assert abs(a.arousal - b.arousal) < 0.15


@pytest.mark.parametrize(
    ("audio", "rate", "words"),
    [
        (np.full((480_000, 1), np.nan, np.float32), 48_000, "no sound"),
        (np.full((480_000, 1), 1e30, np.float32), 48_000, "no sound"),
        (np.zeros((480_000, 2), np.float32), 48_000, "silent"),
        (np.ones((100, 2), np.float32), 48_000, "5 s"),
        (np.zeros((0, 2), np.float32), 48_000, "5 s"),
        (np.ones((100, 1), np.float32), 4_000, "4000"),
    ],
)
def test_files_that_hold_nothing_to_measure(
    audio: Frames, rate: int, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, audio, rate, subtype="FLOAT")
    with pytest.raises(MusmedError, match=words):
        measure_file(path)


def every_sample(mono: Floats, window: int, hop: int) -> np.ndarray:
    """Magnitudes of a block's windows at 48 kHz."""
    first = HISTORY + hop - window
    views = np.lib.stride_tricks.sliding_window_view(mono[first:].astype(np.float64), window)
    return np.abs(np.fft.rfft(views[::hop] * np.hanning(window), axis=1))


def test_fewer_samples_hear_what_all_of_them_do() -> None:
    """Bands and peaks of noise up to half the rate: what is left out would fold into them."""
    rng = np.random.default_rng(8)
    mono = (0.1 * rng.standard_normal(HISTORY + GRID_FRAMES)).astype(np.float32)
    [heard] = listen([mono])
    power = every_sample(mono, BAND_WINDOW, BAND_HOP)[:, : _EDGES[-1]] ** 2
    bands = np.sqrt(np.add.reduceat(power, _EDGES[:-1], axis=1))
    assert heard.bands == pytest.approx(bands, rel=2e-3, abs=1e-3 * bands.max())
    peaks = every_sample(mono, PEAK_WINDOW, PEAK_HOP)
    low, high = (int(hertz * PEAK_WINDOW / SAMPLE_RATE) for hertz in (60.0, 4066.0))  # as counted
    middle = peaks[:, low : high + 1]
    over = (middle > peaks[:, low - 1 : high]) & (middle >= peaks[:, low + 1 : high + 2])
    around = np.stack([np.convolve(row, np.ones(41) / 41, "same") for row in peaks])
    over &= middle > 2.0 * around[:, low : high + 1]
    assert heard.peaks.sum() == pytest.approx(np.sqrt(middle[over]).sum(), rel=0.01)
