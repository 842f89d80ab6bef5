"""A head on musicnn's embeddings, from a graph as TensorFlow freezes it that the test writes.

The network and the head have random weights of the real shape.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.musicnn_weights import weights, write_package
from support.tensor_bundles import write_frozen

from engine.errors import MusmedError
from engine.evaluation.judges.frozen_graph import read_frozen
from engine.evaluation.judges.musicnn_head import AROUSAL, VALENCE, MusicnnHead
from engine.evaluation.judges.musicnn_network import Musicnn, Patches
from engine.evaluation.judges.registry import open_judge
from engine.meter.files import hear_file


def head(seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    made = {
        "dense_out/kernel_tf_0_79643ddd": rng.standard_normal((200, 2)) / 14.0,
        "dense_out/bias_tf_0_694d8089": rng.uniform(4.0, 5.0, 2),
        "scale": rng.uniform(0.1, 0.4, 200),
        "bias": rng.standard_normal(200),
        "mean": rng.standard_normal(200),
        "var": rng.uniform(0.5, 2.0, 200),
    }
    return {name: values.astype(np.float32) for name, values in made.items()}


def expected(embeddings: np.ndarray, tensors: dict[str, np.ndarray]) -> np.ndarray:
    """As the graph has it, operation by operation."""
    scale, bias, mean, var = (
        tensors[n].astype(np.float64) for n in ("scale", "bias", "mean", "var")
    )
    normalised = scale * (embeddings - mean) / np.sqrt(var + 1e-5) + bias
    kernel, offset = (v for n, v in tensors.items() if n.startswith("dense_out"))
    return np.asarray(normalised @ kernel + offset)


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    write_frozen(tmp_path / "deam-musicnn-msd-1.pb", head())
    return tmp_path / "deam-musicnn-msd-1.pb"


def test_a_graph_is_read_as_it_was_written(graph: Path) -> None:
    read = read_frozen(graph, "a head")
    assert read.keys() == head().keys()
    for name, values in head().items():
        np.testing.assert_array_equal(read[name], values)


def test_a_damaged_graph_is_a_sentence(graph: Path) -> None:
    whole, dice = graph.read_bytes(), random.Random(2)
    refused = 0
    for _ in range(300):
        broken = bytearray(whole)
        for _ in range(dice.randint(1, 3)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        graph.write_bytes(broken[: dice.choice((len(broken), dice.randrange(len(broken))))])
        try:
            MusicnnHead(read_frozen(graph, "a head"))
        except MusmedError:
            refused += 1
    assert refused > 100
    for content, words in ((b"", "holds no numbers"), (b"\x0a\xff", "no whole TensorFlow graph")):
        graph.write_bytes(content)
        with pytest.raises(MusmedError, match=words):
            read_frozen(graph, "a head")
    graph.unlink()
    with pytest.raises(MusmedError, match="a head can't be read"):
        read_frozen(graph, "a head")


def test_another_networks_weights_are_refused() -> None:
    for lacking in head():
        with pytest.raises(MusmedError, match="not the weights of a head"):
            MusicnnHead({name: values for name, values in head().items() if name != lacking})
    with pytest.raises(MusmedError, match="not the weights of a head"):
        MusicnnHead(head() | {"scale": np.full(200, np.nan, np.float32)})


def test_the_head_is_the_graphs_arithmetic() -> None:
    embeddings = np.random.default_rng(3).standard_normal((7, 200))
    np.testing.assert_allclose(MusicnnHead(head())(embeddings), expected(embeddings, head()))


def test_the_judge_hears_the_embeddings_of_its_patches(
    graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before they are rectified, from the weights that learnt from the Million Song Dataset."""
    write_package(tmp_path / "packages", "MSD", seed=4)
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    rng = np.random.default_rng(5)
    sound = rng.uniform(-0.2, 0.2, 40 * 16_000)
    sound[: 20 * 16_000] *= 0.05
    soundfile.write(tmp_path / "a.wav", sound, 16_000)
    judge = open_judge(f"musicnn-head={graph}")
    assert (judge.name, judge.scaled) == ("musicnn MSD, deam-musicnn-msd-1", False)
    judged = judge.judge(tmp_path / "a.wav", lambda _done, _total: None)
    network = Musicnn(weights(4))
    patches = Patches(network.embedding)
    hear_file(tmp_path / "a.wav", patches.push, lambda _done, _total: None)
    assert min(one.min() for one in patches.told) < 0.0
    said = expected(np.array(patches.told, np.float64), head())
    assert [(w.start, w.end) for w in judged.windows] == [(0.0, 30.0), (9.0, 39.0)]
    for window, first in zip(judged.windows, (0, 3), strict=True):
        mean = said[first : first + 10].mean(axis=0)
        assert window.valence == pytest.approx(mean[VALENCE], rel=1e-4)
        assert window.arousal == pytest.approx(mean[AROUSAL], rel=1e-4)
    assert judged.windows[0].valence != judged.windows[1].valence


@pytest.mark.parametrize(("gain", "words"), [(0.0, "is silent"), (0.1, "is too short")])
def test_what_it_can_t_judge_is_a_sentence(
    gain: float, words: str, graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_package(tmp_path / "packages", "MSD")
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    noise = np.random.default_rng(7).uniform(-gain, gain, (6 * 8_000, 1))
    soundfile.write(tmp_path / "a.wav", noise, 8_000)
    with pytest.raises(MusmedError, match=words):
        open_judge(f"musicnn-head={graph}").judge(tmp_path / "a.wav", lambda _done, _total: None)


def test_without_a_head_it_is_said_how_to_get_one() -> None:
    with pytest.raises(MusmedError, match=r"fetch deam-musicnn-msd-1\.pb"):
        open_judge("musicnn-head")
