"""CLAP by random weights in the hub's own layout, which the test writes: against transformers' own
way from a sound and a prompt to their embeddings."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from support.tiny_clap import COMMIT, write_cached, write_clap  # noqa: E402

from engine.audio.format import SAMPLE_RATE  # noqa: E402
from engine.errors import MusmedError  # noqa: E402
from engine.evaluation.judges.base import mean_embedding  # noqa: E402
from engine.evaluation.judges.clap import REPO, Clap  # noqa: E402

PROMPTS = ["A calm piano", "dark, energetic drums and a very long line of words " * 3, "x"]


def music(seconds: float, seed: int = 0) -> np.ndarray[Any, Any]:
    """Tones that change every 1.7 s, and noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    hertz = 110.0 * 2.0 ** (rng.integers(0, 40, 64) / 12.0)
    tone = np.sin(2 * np.pi * hertz[(time / 1.7).astype(int) % 64] * time)
    return (0.2 * tone + rng.normal(0.0, 0.01, len(time))).astype(np.float32)


def unit(rows: Any) -> np.ndarray[Any, Any]:
    rows = np.asarray(rows, np.float64)
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True))


def pooled(told: Any) -> np.ndarray[Any, Any]:
    """transformers 5 gives more than the features."""
    return np.asarray(getattr(told, "pooler_output", told).double().numpy())


def heard_by_it(model: Any, pieces: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """transformers' own features of pieces of 10 s."""
    listen = transformers.ClapFeatureExtractor(truncation="rand_trunc")
    assert all(len(piece) == 10 * SAMPLE_RATE for piece in pieces)
    made = listen(pieces, sampling_rate=SAMPLE_RATE, return_tensors="pt")
    with torch.no_grad():
        return pooled(model.get_audio_features(**made))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    cache = tmp_path_factory.mktemp("hub")
    folder = write_cached(cache)
    return cache, transformers.ClapModel.from_pretrained(folder).eval()


@pytest.fixture
def cache(written: tuple[Path, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One that a test may change."""
    shutil.copytree(written[0], tmp_path / "hub")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def here(cache: Path) -> Path:
    return cache / "models--laion--larger_clap_music" / "snapshots" / COMMIT


def test_ten_seconds_are_transformers_own(written: tuple[Path, Any], cache: Path) -> None:
    clap = Clap()
    assert (clap.record.name, clap.record.version) == ("CLAP", f"{REPO}@{COMMIT[:8]}")
    assert clap.record.licence == "Apache-2.0"
    one, two = music(10.0, 1), music(10.0, 2)
    expected = heard_by_it(written[1], [one, two])
    assert unit(expected)[0] @ unit(expected)[1] < 0.9999
    for sound, row in zip((one, two), expected, strict=True):
        found = clap.windows(sound)
        assert found.shape == (1, 16)
        np.testing.assert_allclose(unit(found)[0], unit(row), atol=1e-5)


def test_a_clip_is_the_mean_of_its_windows_the_last_one_repeated(
    written: tuple[Path, Any], cache: Path
) -> None:
    sound = music(25.0)
    ten = 10 * SAMPLE_RATE
    last = np.tile(sound[2 * ten :], 2)
    raw = heard_by_it(written[1], [sound[:ten], sound[ten : 2 * ten], last])
    clap = Clap()
    windows = clap.windows(sound)
    # get_audio_features may be of length 1, so the directions of the raw ones are held against it
    np.testing.assert_allclose(unit(windows), unit(raw), atol=1e-5)
    mean = unit(windows.mean(axis=0))
    np.testing.assert_allclose(mean_embedding(windows), mean, atol=1e-12)
    with torch.no_grad():
        listen = transformers.ClapFeatureExtractor(truncation="rand_trunc")
        made = listen([last], sampling_rate=SAMPLE_RATE, return_tensors="pt")
        told = written[1].audio_model(input_features=made["input_features"])
        projected = written[1].audio_projection(told.pooler_output).double().numpy()
    np.testing.assert_allclose(windows[2], projected[0], atol=1e-4 * np.abs(projected).max())


def test_a_short_rest_is_left_out(cache: Path) -> None:
    clap = Clap()
    assert clap.windows(music(10.9)).shape == (1, 16)
    assert clap.windows(music(11.1)).shape == (2, 16)
    assert clap.windows(music(0.9)).shape == (0, 16)


def test_many_windows_are_those_one_by_one(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, clap = music(34.0), Clap()
    together = clap.windows(sound)
    monkeypatch.setattr("engine.evaluation.judges.clap.AT_ONCE", 1)
    np.testing.assert_allclose(clap.windows(sound), together, atol=1e-4)


def test_clips_are_spans_of_a_file(cache: Path, tmp_path: Path) -> None:
    sound = music(35.0)
    soundfile.write(tmp_path / "a.wav", sound, SAMPLE_RATE, subtype="FLOAT")
    told: list[float] = []
    clap = Clap()
    spans = [(0.0, 12.0), (10.0, 35.0), (40.0, 50.0)]
    clips, heard = clap.clips(tmp_path / "a.wav", spans, lambda done, _: told.append(done))
    assert [len(clip) for clip in clips] == [2, 3, 0]
    assert not heard.silent
    assert told[-1] == pytest.approx(35.0)
    for (start, end), clip in zip(spans, clips, strict=True):
        expected = clap.windows(sound[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)])
        np.testing.assert_allclose(clip, expected, atol=1e-4)


def test_prompts_are_transformers_own(written: tuple[Path, Any], cache: Path) -> None:
    clap = Clap()
    found = clap.texts(PROMPTS)
    assert found.shape == (3, 16)
    tokenizer = transformers.AutoTokenizer.from_pretrained(here(cache))
    for prompt, row in zip(PROMPTS, found, strict=True):
        tokens = tokenizer([prompt], truncation=True, max_length=77, return_tensors="pt")
        with torch.no_grad():
            told = written[1].get_text_features(
                input_ids=tokens.input_ids, attention_mask=tokens.attention_mask
            )
        np.testing.assert_allclose(row, unit(pooled(told)[0]), atol=1e-5)
    many = clap.texts(PROMPTS * 7)
    np.testing.assert_allclose(many, np.tile(found, (7, 1)), atol=1e-5)


@pytest.mark.parametrize("converted", [True, False])
def test_a_pickle_of_tensors_is_read_without_running_it(
    converted: bool, cache: Path, tmp_path: Path
) -> None:
    folder = here(cache)
    expected = Clap(str(folder)).windows(music(10.0))
    safe = folder / "model.safetensors"
    tensors = transformers.ClapModel.from_pretrained(folder).state_dict()
    safe.unlink()
    if converted:
        torch.save(tensors, folder / "pytorch_model.bin")
    else:  # as the hub's cache has it
        torch.save(tensors, tmp_path / "blob.bin")
        (folder / "pytorch_model.bin").symlink_to(tmp_path / "blob.bin")
    np.testing.assert_allclose(Clap().windows(music(10.0)), expected, atol=1e-6)
    assert (folder / "pytorch_model.safetensors").exists() is converted


class _Runs:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("ran"),))


def test_a_pickle_that_would_run_something_is_refused(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (here(cache) / "model.safetensors").unlink()
    (here(cache) / "pytorch_model.bin").write_bytes(pickle.dumps({"a": _Runs()}, protocol=2))
    with pytest.raises(MusmedError, match="could run programs"):
        Clap()
    assert not (tmp_path / "ran").exists()


def test_a_folder_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "none"))
    write_clap(tmp_path / "mine", seed=1)
    clap = Clap(str(tmp_path / "mine"))
    assert clap.record.version == "mine"
    assert clap.record.licence != "Apache-2.0"


def test_no_clap_here_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    for place in (None, "somebody/clap", str(tmp_path / "nowhere")):
        with pytest.raises(MusmedError, match="There is no CLAP"):
            Clap(place)


def _without(name: str) -> Any:
    return lambda folder: (folder / name).unlink()


def _with(name: str, change: dict[str, Any]) -> Any:
    def write(folder: Path) -> None:
        held = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(held | change))

    return write


def _broken(name: str, size: int) -> Any:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


def _another(folder: Path) -> None:
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(3)}, folder / "model.safetensors")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_without("model.safetensors"), "holds no CLAP"),
        (_without("config.json"), "holds no CLAP"),
        (_without("preprocessor_config.json"), "lacks a part of CLAP"),
        (_without("tokenizer.json"), "lacks a part of CLAP"),
        (_broken("config.json", 40), "lacks a part of CLAP"),
        (_broken("tokenizer.json", 40), "lacks a part of CLAP"),
        (_broken("model.safetensors", 4_000), "damaged"),
        (_another, "not the weights of CLAP"),
        (_with("config.json", {"projection_dim": 24}), "(not the weights|don't agree)"),
        (_with("config.json", {"projection_dim": "many"}), "lacks a part|don't agree"),
        (_with("config.json", {"model_type": "musicgen"}), "not CLAP"),
    ],
)
def test_what_is_no_clap_is_a_sentence(harm: Any, words: str, cache: Path) -> None:
    harm(here(cache))
    with pytest.raises(MusmedError, match=words):
        Clap()


@pytest.mark.long
def test_the_real_shape(tmp_path: Path) -> None:
    """HTSAT-base and RoBERTa-base, as laion/larger_clap_music."""
    audio = {
        "patch_embeds_hidden_size": 128,
        "hidden_size": 1024,
        "depths": [2, 2, 12, 2],
        "num_attention_heads": [4, 8, 16, 32],
    }
    text = {"vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1}
    shape = {"audio_config": audio, "text_config": text, "projection_dim": 512}
    model = write_clap(tmp_path / "real", **shape)
    assert sum(one.numel() for one in model.parameters()) == pytest.approx(194e6, rel=0.02)
    clap = Clap(str(tmp_path / "real"))
    sound = music(20.0)
    expected = heard_by_it(model, [sound[: 10 * SAMPLE_RATE], sound[10 * SAMPLE_RATE :]])
    found = clap.windows(sound)
    assert found.shape == (2, 512)
    np.testing.assert_allclose(unit(found), unit(expected), atol=1e-4)
