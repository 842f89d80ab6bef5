"""MTG-Jamendo's baseline as a judge, with random weights of the real shape from a file that the
test writes: against the same network built of torch's own layers."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch")

from engine.affect.moods import MOODS  # noqa: E402
from engine.audio.format import SAMPLE_RATE  # noqa: E402
from engine.errors import MusmedError  # noqa: E402
from engine.evaluation.judges import jamendo  # noqa: E402
from engine.evaluation.judges.jamendo import (  # noqa: E402
    CHANNELS,
    FRAMES,
    LAYOUT,
    POOLS,
    SHAPES,
    JamendoNetwork,
    mean_place,
)
from engine.evaluation.judges.registry import open_judge  # noqa: E402


def published() -> Any:
    """The network as its description has it, of torch's layers, with random weights."""
    nn = torch.nn
    layers: list[Any] = [nn.BatchNorm2d(1)]
    for number, pool in enumerate(POOLS, 1):
        layers += [nn.Conv2d(CHANNELS[number - 1], CHANNELS[number], 3, padding=1)]
        layers += [nn.BatchNorm2d(CHANNELS[number]), nn.ELU(), nn.MaxPool2d(pool)]
    made = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, 56), nn.Sigmoid())
    for layer in made:
        if isinstance(layer, nn.BatchNorm2d):
            layer.weight.data.uniform_(0.5, 1.5)
            layer.bias.data.normal_()
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2.0)
    made[0].running_mean.fill_(-22.7)
    made[0].running_var.fill_(320.3)
    return made.eval()


def as_published(made: Any) -> dict[str, Any]:
    """Its tensors, under the names of the published file."""
    names = {0: "bn_init", len(made) - 2: "dense"}
    for number in range(1, 6):
        names |= {4 * number - 3: f"conv_{number}", 4 * number - 2: f"bn_{number}"}
    return {
        f"{names[int(key.split('.')[0])]}.{key.split('.')[1]}": tensor
        for key, tensor in made.state_dict().items()
    }


@pytest.fixture(scope="module")
def network() -> Any:
    torch.manual_seed(0)
    return published()


@pytest.fixture
def weights(network: Any, tmp_path: Path) -> Path:
    torch.save(as_published(network), tmp_path / "best_model.pth")
    return tmp_path / "best_model.pth"


def noise(path: Path, seconds: float, gain: float = 0.2, rate: int = SAMPLE_RATE) -> Path:
    rng = np.random.default_rng(0)
    fades = np.linspace(0.05, 1.0, int(seconds * rate))
    soundfile.write(path, gain * fades * rng.uniform(-1.0, 1.0, len(fades)), rate)
    return path


def test_the_network_is_torchs_own(network: Any) -> None:
    patch = np.random.default_rng(1).normal(-22.0, 18.0, (FRAMES, 96)).astype(np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(patch.T[None, None].copy()))[0].numpy()
    found = JamendoNetwork(as_published(network)).activations(patch)
    assert expected.std() > 0.05
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_judge_hears_29_seconds_every_ten(weights: Path, network: Any, tmp_path: Path) -> None:
    sound = noise(tmp_path / "a.wav", 45.0)
    judge = open_judge(f"jamendo={weights}")
    told: list[float] = []
    judged = judge.judge(sound, lambda done, _: told.append(done))
    spans = [(w.start, w.end) for w in judged.windows]
    np.testing.assert_allclose(spans, [(0.0, 29.14), (10.0, 39.15)], atol=0.01)
    assert max(told) == pytest.approx(45.0)
    assert judge.tags == tuple(mood.name for mood in MOODS)
    samples, _ = soundfile.read(sound, dtype="float32")
    half = LAYOUT.fft * LAYOUT.factor // 2
    powers = jamendo.centred_powers(np.pad(samples, half), LAYOUT)
    decibels = 10.0 * np.log10(np.maximum(powers, 1e-10)).astype(np.float32)
    for window, first in zip(judged.windows, (0, 469), strict=True):
        with torch.no_grad():
            x = torch.from_numpy(decibels[first : first + FRAMES].T[None, None].copy())
            expected = network(x)[0].numpy()
        assert window.activations is not None
        np.testing.assert_allclose(window.activations, expected, atol=2e-3)
        assert (window.valence, window.arousal) == mean_place(window.activations)
    assert judged.windows[0].arousal != judged.windows[1].arousal
    assert not judge.scaled


def test_a_mood_that_is_heard_alone_is_the_place() -> None:
    for mood in MOODS:
        heard = np.array([1.0 if other is mood else 0.0 for other in MOODS])
        if mood.affect is not None:
            assert mean_place(heard) == pytest.approx((mood.affect.valence, mood.affect.arousal))


def test_weights_are_converted_once_and_read_from_there(weights: Path) -> None:
    first = open_judge(f"jamendo={weights}")
    converted = weights.with_suffix(".safetensors")
    assert converted.is_file()
    weights.write_bytes(b"no longer read")
    past = converted.stat().st_mtime - 10.0
    os.utime(weights, (past, past))
    again = open_judge(f"jamendo={weights}")
    assert isinstance(first, jamendo.JamendoJudge)
    assert isinstance(again, jamendo.JamendoJudge)
    for name in SHAPES:
        assert torch.equal(first._network._tensors[name], again._network._tensors[name])


class Runs:
    """A pickle that would run something."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("it ran",))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pickle.dumps(Runs()), "more than tensors"),
        (b"no weights at all", "more than tensors|damaged"),
        (b"", "damaged"),
    ],
)
def test_a_file_that_could_run_something_is_refused(
    content: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(MusmedError, match=words):
        open_judge(f"jamendo={tmp_path / 'a.pth'}")
    assert "it ran" not in capsys.readouterr().out


def test_other_weights_and_no_weights_are_a_sentence(tmp_path: Path) -> None:
    torch.save({"conv_1.weight": torch.zeros(64, 1, 5, 5)}, tmp_path / "a.pth")
    (tmp_path / "b.safetensors").write_bytes(b"nothing")
    for place, words in (
        (f"={tmp_path / 'a.pth'}", "not the weights of MTG-Jamendo baseline"),
        (f"={tmp_path / 'b.safetensors'}", "is damaged"),
        (f"={tmp_path / 'c.pth'}", "There is no file"),
        (f"={tmp_path}", "There is no file"),
        ("", "needs its weights: fetch https://github.com/MTG"),
    ):
        with pytest.raises(MusmedError, match=words):
            open_judge(f"jamendo{place}")


@pytest.mark.parametrize(("gain", "words"), [(0.0, "is silent"), (0.1, "is too short")])
def test_what_it_can_t_judge_is_a_sentence(
    gain: float, words: str, weights: Path, tmp_path: Path
) -> None:
    sound = noise(tmp_path / "a.wav", 20.0, gain, 8_000)
    with pytest.raises(MusmedError, match=words):
        open_judge(f"jamendo={weights}").judge(sound, lambda _done, _total: None)
