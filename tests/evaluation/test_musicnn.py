"""musicnn in numpy: its files, its spectra and its layers, against others' arithmetic.

The network has random weights of the real shape, from a checkpoint that the test writes; the real
weights are asked in one test that is skipped where the package is not installed.
"""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import correlate, stft
from support.musicnn_weights import weights, write_package
from support.tensor_bundles import write_bundle

from engine.audio.format import SAMPLE_RATE
from engine.errors import MusmedError
from engine.evaluation.judges import mel
from engine.evaluation.judges.mel import mel_filters
from engine.evaluation.judges.musicnn_network import (
    LAYOUT,
    MELS,
    PATCH,
    TAGS,
    Musicnn,
    Patches,
    installed,
    spectra,
)
from engine.evaluation.judges.registry import open_judge
from engine.evaluation.judges.tensor_bundle import read_bundle
from engine.meter.files import hear_file


@pytest.fixture
def checkpoint(tmp_path: Path) -> tuple[Path, Path]:
    places = tmp_path / ".index", tmp_path / ".data-00000-of-00001"
    write_bundle(*places, weights())
    return places


# files


def test_a_checkpoint_is_read_as_it_was_written(checkpoint: tuple[Path, Path]) -> None:
    read = read_bundle(*checkpoint)
    assert read.keys() == weights().keys()
    for name, values in weights().items():
        np.testing.assert_array_equal(read[name], values)


def test_a_damaged_checkpoint_is_a_sentence(checkpoint: tuple[Path, Path]) -> None:
    index, data = checkpoint
    whole, dice = index.read_bytes(), random.Random(1)
    refused = 0
    for _ in range(300):
        broken = bytearray(whole)
        for _ in range(dice.randint(1, 3)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        index.write_bytes(broken[: dice.choice((len(broken), dice.randrange(len(broken))))])
        try:
            read_bundle(index, data)
        except MusmedError:
            refused += 1
    assert refused > 100
    index.write_bytes(whole)
    data.write_bytes(b"")
    with pytest.raises(MusmedError, match="no whole TensorFlow checkpoint"):
        read_bundle(index, data)
    data.unlink()
    with pytest.raises(MusmedError, match="can't be read"):
        read_bundle(index, data)


def test_weights_of_another_network_are_refused() -> None:
    with pytest.raises(MusmedError, match="not the weights of musicnn"):
        Musicnn({name: values for name, values in weights().items() if "dense" not in name})
    with pytest.raises(MusmedError, match="not the weights of musicnn"):
        Musicnn({n: v for n, v in weights().items() if "moving_mean" not in n})


# sound


def test_spectra_are_those_of_the_same_sound_at_16_khz() -> None:
    """By scipy's transform: a tone, made at both rates, so that nothing has to be resampled."""
    seconds, hertz = 3.0, 1234.0
    fine, coarse = (
        0.3 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)
        for rate in (SAMPLE_RATE, 16_000)
    )
    _, _, found = stft(
        coarse, 16_000, "hann", 512, 256, boundary="even", padded=False, scaling="spectrum"
    )
    power = np.abs(found.T * 256.0) ** 2  # scipy divides by the window's sum
    expected = np.log10(10_000.0 * power @ mel_filters(LAYOUT).T + 1.0)
    ours = spectra(fine.astype(np.float32))
    assert ours.shape == expected.shape == (PATCH + 1, MELS)
    loud = expected > 1.0
    np.testing.assert_allclose(ours[2:-2][loud[2:-2]], expected[2:-2][loud[2:-2]], atol=0.01)


def test_mel_filters_are_slaneys() -> None:
    """Centres a third of 200 Hz apart up to 1 kHz, then 6.4^(1/27) times; areas of 1."""
    filters = mel_filters(LAYOUT)
    assert filters.shape == (MELS, 257)
    edges = mel._hertz(np.linspace(0.0, mel._mel(8000.0), MELS + 2))
    assert edges[0] == 0.0
    assert edges[-1] == pytest.approx(8000.0)
    below, above = edges[edges < 1000.0], edges[edges > 1000.0]
    assert np.ptp(np.diff(below)) < 1e-9
    assert np.ptp(above[1:] / above[:-1]) < 1e-9
    assert mel._mel(6400.0) - mel._mel(1000.0) == pytest.approx(27.0)
    wide = (edges[2:] - edges[:-2]) > 300.0
    np.testing.assert_allclose(filters.sum(axis=1)[wide] * 16_000 / 512, 1.0, rtol=0.05)


def test_pieces_of_any_size_give_the_same_patches(checkpoint: tuple[Path, Path]) -> None:
    network = Musicnn(read_bundle(*checkpoint))
    sound = np.random.default_rng(2).uniform(-0.2, 0.2, SAMPLE_RATE * 7).astype(np.float32)
    whole, cut = Patches(network.logits), Patches(network.logits)
    whole.push(sound)
    for piece in np.array_split(sound, 11):
        cut.push(piece)
    assert len(whole.told) == len(cut.told) == 2
    np.testing.assert_array_equal(whole.told, cut.told)


# layers


def normalised(x: np.ndarray, tensors: dict[str, np.ndarray], number: int) -> np.ndarray:
    name = f"batch_normalization_{number}" if number else "batch_normalization"
    gamma, beta, mean, variance = (
        tensors[f"{name}/{what}"] for what in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    return gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta


def convolved(x: np.ndarray, tensors: dict[str, np.ndarray], number: int) -> np.ndarray:
    """(time, bands) -> (time, places, filters), by scipy, filter by filter."""
    name = f"conv2d_{number}" if number else "conv2d"
    kernel, bias = tensors[f"{name}/kernel"][:, :, 0], tensors[f"{name}/bias"]
    maps = [correlate(x, kernel[..., n], mode="valid", method="direct") for n in range(len(bias))]
    return normalised(np.maximum(np.stack(maps, axis=-1) + bias, 0.0), tensors, number + 1)


def test_the_network_is_the_papers_by_another_arithmetic() -> None:
    """Layer by layer with scipy's correlation in float64, as its description has them: timbral
    filters padded in time, temporal ones as TensorFlow's 'same', the densely connected middle, mean
    and maximum side by side."""
    tensors = {name: values.astype(np.float64) for name, values in weights(3).items()}
    patch = np.random.default_rng(4).uniform(0.0, 3.0, (24, MELS)).astype(np.float32)
    x = normalised(patch.astype(np.float64)[..., None], tensors, 0)[..., 0]
    fronts = [convolved(np.pad(x, ((3, 3), (0, 0))), tensors, n).max(axis=1) for n in (0, 1)]
    for number, long in ((2, 128), (3, 64), (4, 32)):
        same = np.pad(x, (((long - 1) // 2, long // 2), (0, 0)))
        fronts.append(convolved(same, tensors, number).max(axis=1))
    front = np.concatenate(fronts, axis=1)
    layers = [front]
    for number in (5, 6, 7):
        made = convolved(np.pad(layers[-1], ((3, 3), (0, 0))), tensors, number)[:, 0]
        layers.append(made + (layers[-1] if number > 5 else 0.0))
    features = np.concatenate(layers, axis=1)
    pooled = np.stack([features.max(axis=0), features.mean(axis=0)], axis=1).ravel()
    hidden = normalised(pooled, tensors, 9) @ tensors["dense/kernel"] + tensors["dense/bias"]
    hidden = normalised(np.maximum(hidden, 0.0), tensors, 10)
    expected = hidden @ tensors["dense_1/kernel"] + tensors["dense_1/bias"]
    found = Musicnn(weights(3)).logits(patch)
    assert found.shape == (len(TAGS),) == (50,)
    np.testing.assert_allclose(found, expected, atol=2e-4 * np.abs(expected).max())


# the judge


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package as pip would install it, with random weights."""
    write_package(tmp_path / "packages", "MTT")
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))


@pytest.mark.usefixtures("package")
def test_the_judge_hears_thirty_seconds_every_nine(tmp_path: Path) -> None:
    """From the package's files, which are read and never imported; at any rate, of any channels."""
    rng = np.random.default_rng(6)
    sound = rng.uniform(-0.2, 0.2, (41 * 16_000, 2))
    sound[: 20 * 16_000] *= 0.05
    soundfile.write(tmp_path / "a.wav", sound, 16_000)
    told: list[float] = []
    judge = open_judge("musicnn")
    judged = judge.judge(tmp_path / "a.wav", lambda done, _: told.append(done))
    assert [(w.start, w.end, w.valence) for w in judged.windows] == [
        (0.0, 30.0, None),
        (9.0, 39.0, None),
    ]
    patches = Patches(installed().logits)
    heard = hear_file(tmp_path / "a.wav", patches.push, lambda _done, _total: None)
    assert len(patches.told) == 13
    fast, slow = TAGS.index("fast"), TAGS.index("slow")
    for window, first in zip(judged.windows, (0, 3), strict=True):
        tagged = [x[fast] - x[slow] for x in patches.told[first : first + 10]]
        assert window.arousal == pytest.approx(float(np.mean(tagged)), rel=1e-4, abs=1e-4)
    assert judged.windows[0].arousal != judged.windows[1].arousal
    assert judged.remarks == heard.remarks == ()
    assert max(told) == pytest.approx(41.0)
    assert not judge.scaled


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(("gain", "words"), [(0.0, "is silent"), (0.1, "is too short")])
def test_what_it_can_t_judge_is_a_sentence(gain: float, words: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(7).uniform(-gain, gain, (6 * 8_000, 1))
    soundfile.write(tmp_path / "a.wav", noise, 8_000)
    with pytest.raises(MusmedError, match=words):
        open_judge("musicnn").judge(tmp_path / "a.wav", lambda _done, _total: None)


# the real one


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MusmedError, match="pip install --no-deps musicnn"):
        open_judge("musicnn")
    with pytest.raises(MusmedError, match="meter, musicnn"):
        open_judge("nobody")


@pytest.mark.skipif(
    importlib.util.find_spec("musicnn") is None, reason="needs pip install --no-deps musicnn"
)
def test_the_real_weights_hear_fast_from_slow() -> None:
    """Strokes of noise eight times a second, and a chord that swells."""
    network = installed()
    time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    rng = np.random.default_rng(5)
    strokes = rng.standard_normal(len(time)) * np.exp(-30.0 * (time % 0.125))
    chord = sum(np.sin(2 * np.pi * f * time) for f in (220.0, 277.2, 329.6))
    swell = chord * np.minimum(1.0, time / 1.5)
    fast, slow = (
        network.logits(spectra((0.2 * sound).astype(np.float32))[:PATCH])
        for sound in (strokes, swell)
    )
    which = TAGS.index("fast"), TAGS.index("slow")
    assert fast[which[0]] - fast[which[1]] > slow[which[0]] - slow[which[1]] + 1.0
