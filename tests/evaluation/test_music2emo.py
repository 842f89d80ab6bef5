"""Music2Emo as a judge, with random weights in the hub's own layout, which the test writes: its
parts against other arithmetic, and the whole against the parts."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from torch import nn  # noqa: E402

from engine.audio.format import SAMPLE_RATE  # noqa: E402
from engine.errors import MusmedError  # noqa: E402
from engine.evaluation.judges import btc, chords, cqt, mert  # noqa: E402
from engine.evaluation.judges.chords import NONE, QUALITIES, UNKNOWN, Key, key_of, told  # noqa: E402
from engine.evaluation.judges.music2emo import Music2EmoJudge  # noqa: E402
from engine.evaluation.judges.music2emo_blocks import Block, Blocks, Halver  # noqa: E402
from engine.evaluation.judges.music2emo_head import MOODS, Head  # noqa: E402
from engine.evaluation.judges.registry import open_judge  # noqa: E402
from engine.meter.files import hear_file  # noqa: E402

COMMIT = "c" * 40
SMALL = {
    "hidden_size": 24,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": [8, 8, 8, 8, 8, 8, 8],
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "num_hidden_layers": 8,
}
ROOTS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def quiet(_done: float, _total: float | None) -> None:
    pass


def number(root: str, quality: str) -> int:
    return ROOTS.index(root) * len(QUALITIES) + list(QUALITIES).index(quality)


# files as the hub has them


def chord_tensors() -> dict[str, Any]:
    made = {}
    for name, shape in btc.shapes().items():
        if name.endswith("gamma"):
            made[name] = torch.empty(shape).uniform_(0.5, 1.5)
        elif shape:
            made[name] = torch.randn(shape) / np.sqrt(np.prod(shape[1:]) or 1.0)
    made["self_attn_layers.embedding_proj.weight"] *= 3.0  # so that chords change
    made["output_layer.output_projection.bias"] *= 0.1
    made["output_layer.lstm.weight_ih_l0"] = torch.randn(256, 128)  # it is there and not used
    return made


def head_tensors(heard: int) -> dict[str, Any]:
    made = {
        "chord_root_embedding.weight": torch.randn(14, 4),
        "chord_attr_embedding.weight": torch.randn(14, 4),
        "input_proj.0.weight": torch.randn(512, heard + 9) / np.sqrt(heard),
        "input_proj.0.bias": torch.randn(512),
    }
    for layer in (f"chord_transformer.layers.{n}" for n in (0, 1)):
        made |= {
            f"{layer}.self_attn.in_proj_weight": torch.randn(24, 8),
            f"{layer}.self_attn.in_proj_bias": torch.randn(24),
            f"{layer}.self_attn.out_proj.weight": torch.randn(8, 8),
            f"{layer}.self_attn.out_proj.bias": torch.randn(8),
            f"{layer}.linear1.weight": torch.randn(64, 8),
            f"{layer}.linear1.bias": torch.randn(64),
            f"{layer}.linear2.weight": torch.randn(8, 64),
            f"{layer}.linear2.bias": torch.randn(8),
        }
        for norm in (f"{layer}.norm1", f"{layer}.norm2"):
            made |= {f"{norm}.weight": torch.rand(8) + 0.5, f"{norm}.bias": torch.randn(8)}
    for branch, outputs in (("classification_branch", 56), ("regression_branch", 2)):
        made |= {
            f"{branch}.0.weight": torch.randn(256, 512) / 16.0,
            f"{branch}.0.bias": torch.randn(256),
            f"{branch}.2.weight": torch.randn(outputs, 256) / 16.0,
            f"{branch}.2.bias": torch.randn(outputs),
        }
    return made


def write_mert(folder: Path, **said: Any) -> Any:
    """A HuBERT with random weights under the published file's names, which this gives back."""
    folder.mkdir(parents=True)
    config = transformers.HubertConfig(**said)
    config.mask_time_prob = 0.0
    with torch.device("meta"):  # torch's own start takes seconds
        model = transformers.HubertModel(config)
    model = model.to_empty(device="cpu").eval()
    for name, one in model.named_parameters():
        one.data.normal_(1.0 if name.endswith("norm.weight") else 0.0, 0.05)
    old = {"original0": "weight_g", "original1": "weight_v"}
    named = {}
    for name, tensor in model.state_dict().items():
        start, _, last = name.rpartition(".parametrizations.weight.")
        named[f"{start}.{old[last]}" if start else name] = tensor
    assert any(name.endswith("conv.weight_g") for name in named)
    torch.save(named, folder / "pytorch_model.bin")
    plain = {"feature_extractor_cqt": False, "deepnorm": False, "attention_relax": -1.0}
    said |= {"model_type": "mert_model", "num_hidden_layers": config.num_hidden_layers}
    (folder / "config.json").write_text(json.dumps(said | plain))
    listening = {"sampling_rate": 24_000, "do_normalize": True}
    (folder / "preprocessor_config.json").write_text(json.dumps(listening))
    return model


def write_music2emo(folder: Path, heard: int) -> None:
    (folder / "saved_models").mkdir(parents=True)
    (folder / "inference/data").mkdir(parents=True)
    state = {f"model.{name}": tensor for name, tensor in head_tensors(heard).items()}
    torch.save({"epoch": 3, "state_dict": state}, folder / "saved_models/J_all.ckpt")
    held = {"model": chord_tensors(), "mean": -5.5, "std": 2.25, "optimizer": {"state": {0: {}}}}
    torch.save(held, folder / "inference/data/btc_model_large_voca.pt")


def snapshot(cache: Path, repo: str) -> Path:
    folder = cache / f"models--{repo.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs/main").write_text(COMMIT)
    return folder / "snapshots" / COMMIT


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = tmp_path_factory.mktemp("hub")
    torch.manual_seed(0)
    write_music2emo(snapshot(cache, "amaai-lab/music2emo"), 2 * SMALL["hidden_size"])
    write_mert(snapshot(cache, "m-a-p/MERT-v1-95M"), **SMALL)
    return cache


@pytest.fixture
def cache(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One that a test may change."""
    shutil.copytree(written, tmp_path / "hub")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path / "hub"


def here(cache: Path, repo: str = "amaai-lab/music2emo") -> Path:
    return cache / f"models--{repo.replace('/', '--')}" / "snapshots" / COMMIT


def music(path: Path, seconds: float, gain: float = 0.1) -> Path:
    """Chords of three tones, another one every 1.7 s."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    rng = np.random.default_rng(3)
    tones = 110.0 * 2.0 ** (rng.integers(0, 30, (64, 3)) / 12.0)
    hertz = tones[(time / 1.7).astype(int) % 64]
    made = sum(np.sin(2 * np.pi * hertz[:, n] * time) for n in range(3))
    soundfile.write(path, gain * made, SAMPLE_RATE)
    return path


# the constant-Q transform


@pytest.mark.parametrize("place", [0, 45, 72, 100, 143])
def test_a_tone_lands_in_its_bin(place: int) -> None:
    hertz = cqt.LOWEST * 2.0 ** (place / 24)
    time = np.arange(btc.SAMPLES) / cqt.RATE
    found = cqt.magnitudes(np.sin(2 * np.pi * hertz * time).astype(np.float32))
    assert found.shape == (btc.FRAMES, cqt.BINS)
    middle = found[40:60]
    assert (middle.argmax(axis=1) == place).all()
    # A unit tone's half, times the root of the filter's length at the full rate.
    step = 2.0 ** (1 / 12)
    length = (step + 1) / (step - 1) * cqt.RATE / hertz
    np.testing.assert_allclose(middle[:, place], 0.5 * np.sqrt(length), rtol=0.02)
    far = np.abs(np.arange(cqt.BINS) - place) > 4
    assert middle[:, far].max() < 0.02 * middle.max()


def test_the_transform_is_librosas() -> None:
    librosa = pytest.importorskip("librosa", reason="librosa is no dependency")
    rng = np.random.default_rng(0)
    for count in (btc.SAMPLES, 50_000):
        sound = rng.normal(0.0, 0.1, count).astype(np.float32)
        theirs = librosa.cqt(
            sound, sr=cqt.RATE, hop_length=cqt.HOP, n_bins=cqt.BINS, bins_per_octave=24
        )
        expected = np.abs(theirs).T
        np.testing.assert_allclose(cqt.magnitudes(sound), expected, atol=1e-5 * expected.max())


# chords


def torchs_own(tensors: dict[str, Any], x: Any) -> Any:
    """BTC's logits of (108, 144), by torch's own attention and convolutions."""

    def norm(x: Any, name: str) -> Any:
        away = x - x.mean(-1, keepdim=True)
        deviation = (away.pow(2).sum(-1, keepdim=True) / (x.shape[-1] - 1)).sqrt()
        return tensors[f"{name}.gamma"] * away / (deviation + 1e-6) + tensors[f"{name}.beta"]

    def block(x: Any, name: str, mask: Any) -> Any:
        attention = nn.MultiheadAttention(128, 4, bias=False, batch_first=True)
        at = f"{name}.multi_head_attention"
        parts = [tensors[f"{at}.{what}_linear.weight"] for what in ("query", "key", "value")]
        attention.in_proj_weight.data = torch.cat(parts)
        attention.out_proj.weight.data = tensors[f"{at}.output_linear.weight"]
        normed = norm(x, f"{name}.layer_norm_mha")[None]
        x = x + attention(normed, normed, normed, attn_mask=mask)[0][0]
        y = norm(x, f"{name}.layer_norm_ffn").T[None]
        for place in (0, 1):
            convolution = nn.Conv1d(128, 128, 3, padding="same")
            key = f"{name}.positionwise_convolution.layers.{place}.conv"
            convolution.weight.data, convolution.bias.data = (
                tensors[f"{key}.weight"],
                tensors[f"{key}.bias"],
            )
            y = convolution(y).clamp(min=0.0)
        return x + y[0].T

    def linear(x: Any, name: str) -> Any:
        return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    speeds = [10_000.0 ** (-n / 63) for n in range(64)]
    time = [
        [np.sin(at * speed) for speed in speeds] + [np.cos(at * speed) for speed in speeds]
        for at in range(108)
    ]
    x = x @ tensors["self_attn_layers.embedding_proj.weight"].T + torch.tensor(time).float()
    later = torch.ones(108, 108, dtype=torch.bool).triu(1)
    for place in range(8):
        layer = f"self_attn_layers.self_attn_layers.{place}"
        forward = block(x, f"{layer}.attn_block", later)
        backward = block(x, f"{layer}.backward_attn_block", later.T)
        x = linear(torch.cat([forward, backward], dim=1), f"{layer}.linear")
    return linear(norm(x, "self_attn_layers.layer_norm"), "output_layer.output_projection")


def test_the_chord_recogniser_is_torchs_own() -> None:
    torch.manual_seed(1)
    tensors = chord_tensors() | {"mean": torch.tensor(-5.5), "std": torch.tensor(2.25)}
    logarithms = np.random.default_rng(1).normal(-5.5, 2.25, (108, 144)).astype(np.float32)
    with torch.no_grad():
        expected = torchs_own(tensors, (torch.from_numpy(logarithms) + 5.5) / 2.25).numpy()
    recogniser = btc.ChordRecogniser(tensors, "BTC")
    found = recogniser._logits(logarithms).numpy()
    assert expected.std() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    assert (recogniser.chords(logarithms) == found.argmax(axis=1)).all()
    assert len(set(recogniser.chords(logarithms))) > 2


CADENCES = {
    Key(0, False): (("C", "maj"), ("F", "maj"), ("G", "7"), ("C", "maj")),
    Key(7, False): (("G", "maj"), ("C", "maj6"), ("D", "7"), ("G", "maj7")),
    Key(9, True): (("A", "min"), ("D", "min"), ("E", "7"), ("A", "min")),
    Key(3, True): (("D#", "min"), ("G#", "min7"), ("A#", "7"), ("D#", "min")),
}


@pytest.mark.parametrize("key", CADENCES)
def test_the_key_of_a_cadence(key: Key) -> None:
    frames = [number(*chord) for chord in CADENCES[key] for _ in range(40)]
    assert key_of(frames) == key
    assert key_of([*frames, *[UNKNOWN] * 30, *[NONE] * 30]) == key


def test_chords_are_told_in_c_major_or_a_minor() -> None:
    for key, cadence in CADENCES.items():
        frames = [number(*chord) for chord in cadence for _ in range(40)] + [NONE, UNKNOWN]
        found = told(frames)
        assert found.minor is key.minor
        first = 10 if key.minor else 1  # A, C
        steps = [0, 5, 7, 0]
        assert found.roots[:7].tolist() == [(first - 1 + step) % 12 + 1 for step in steps] + [0] * 3
        kinds = [chords.ATTRIBUTES[quality] for _, quality in cadence]
        assert found.attributes[:7].tolist() == kinds + [0] * 3
        assert found.roots.shape == found.attributes.shape == (100,)


def test_what_has_no_key_stays_where_it_is() -> None:
    alone = [number("E", "min")] * 324
    assert key_of(alone) is None  # no notes are written of one chord, as in the original
    assert told(alone).roots[:2].tolist() == [5, 0]
    assert key_of([NONE] * 324) is None
    many = [number(ROOTS[n % 12], "maj") for n in range(324)]
    assert (told(many).roots > 0).all()  # the first hundred


# MERT


def by_hand(model: Any, sound: np.ndarray[Any, Any]) -> Any:
    """The means of the sixth and the seventh layer, layer by layer."""
    sound = sound.astype(np.float64)
    even = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-7)
    with torch.no_grad():
        x = model.feature_extractor(torch.from_numpy(even).float()[None]).transpose(1, 2)
        x = model.feature_projection(x)
        x = model.encoder.layer_norm(x + model.encoder.pos_conv_embed(x))
        means = []
        for layer in model.encoder.layers:
            x = layer(x)
            x = x[0] if isinstance(x, tuple) else x
            means.append(x[0].mean(dim=0))
    return torch.cat([means[5], means[6]])


def test_mert_of_the_real_shape(tmp_path: Path) -> None:
    torch.manual_seed(2)
    model = write_mert(tmp_path / "MERT-v1-95M", hidden_size=768, num_hidden_layers=12)
    assert sum(one.numel() for one in model.parameters()) == pytest.approx(94.4e6, rel=0.01)
    sound = np.random.default_rng(2).normal(0.1, 0.2, 12_000).astype(np.float32)
    found = mert.Mert(tmp_path / "MERT-v1-95M").hear(sound)
    expected = by_hand(model, sound)
    assert found.shape == (1536,)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-3)
    with torch.no_grad():
        even = torch.from_numpy((sound - sound.mean()) / sound.std())[None]
        layers = model(even, output_hidden_states=True).hidden_states
    assert len(layers) == 13
    told_by_it = torch.cat([layers[n][0].mean(dim=0) for n in (6, 7)])
    np.testing.assert_allclose(found.numpy(), told_by_it.numpy(), atol=1e-3)


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("config.json", {"feature_extractor_cqt": True}, "another MERT's"),
        ("config.json", {"num_hidden_layers": 4}, "another MERT's"),
        ("config.json", {"hidden_size": 32}, "not the weights of MERT"),
        ("config.json", {"hidden_size": "many"}, "damaged"),
        ("preprocessor_config.json", {"sampling_rate": 16_000}, "hears 24000 Hz"),
    ],
)
def test_another_mert_is_a_sentence(
    file: str, change: dict[str, Any], words: str, cache: Path
) -> None:
    path = here(cache, "m-a-p/MERT-v1-95M") / file
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(MusmedError, match=words):
        open_judge("music2emo")


# the head


def encoder_by_hand(tensors: dict[str, Any], x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Two layers of an encoder over (n, 8), each of eight heads of one number."""
    held = {name: tensor.double().numpy() for name, tensor in tensors.items()}

    def norm(x: np.ndarray[Any, Any], name: str) -> np.ndarray[Any, Any]:
        away = x - x.mean(axis=1, keepdims=True)
        return (
            away / np.sqrt(away.var(axis=1, keepdims=True) + 1e-5) * held[f"{name}.weight"]
            + held[f"{name}.bias"]
        )

    for place in (0, 1):
        at = f"chord_transformer.layers.{place}"
        three = x @ held[f"{at}.self_attn.in_proj_weight"].T + held[f"{at}.self_attn.in_proj_bias"]
        mixed = np.empty_like(x)
        for head in range(8):
            query, key, value = three[:, head], three[:, 8 + head], three[:, 16 + head]
            weights = np.exp(np.outer(query, key))
            mixed[:, head] = weights / weights.sum(axis=1, keepdims=True) @ value
        mixed = (
            mixed @ held[f"{at}.self_attn.out_proj.weight"].T
            + held[f"{at}.self_attn.out_proj.bias"]
        )
        x = norm(x + mixed, f"{at}.norm1")
        inner = np.maximum(x @ held[f"{at}.linear1.weight"].T + held[f"{at}.linear1.bias"], 0.0)
        x = norm(
            x + inner @ held[f"{at}.linear2.weight"].T + held[f"{at}.linear2.bias"], f"{at}.norm2"
        )
    return x


def test_the_head_of_the_real_shape_by_hand() -> None:
    torch.manual_seed(3)
    tensors = head_tensors(1536)
    head = Head({f"model.{name}": one for name, one in tensors.items()}, 1536, "Music2Emo")
    heard = torch.randn(1536)
    frames = [number(ROOTS[n], q) for n, q in enumerate(("min", "7", "dim")) for _ in range(9)]
    say = told(frames)
    found = head.judge(heard, say)
    held = {name: tensor.double().numpy() for name, tensor in tensors.items()}
    line = np.zeros((101, 8))
    for at in range(100):
        line[at + 1, :4] = held["chord_root_embedding.weight"][say.roots[at]]
        line[at + 1, 4:] = held["chord_attr_embedding.weight"][say.attributes[at]]
        for place in range(8):
            angle = at / 10_000.0 ** (place // 2 * 2 / 8)
            line[at + 1, place] += np.cos(angle) if place % 2 else np.sin(angle)
    summed = encoder_by_hand(tensors, line)[0]
    mixed = np.concatenate([heard.double().numpy(), summed, [float(say.minor)]])
    hidden = np.maximum(held["input_proj.0.weight"] @ mixed + held["input_proj.0.bias"], 0.0)
    told_by_hand = []
    for branch in ("classification_branch", "regression_branch"):
        inner = held[f"{branch}.0.weight"] @ hidden + held[f"{branch}.0.bias"]
        told_by_hand.append(
            held[f"{branch}.2.weight"] @ np.maximum(inner, 0.0) + held[f"{branch}.2.bias"]
        )
    moods, (valence, arousal) = told_by_hand
    np.testing.assert_allclose(found.moods, 1.0 / (1.0 + np.exp(-moods)), atol=1e-3)
    assert found.valence == pytest.approx((valence - 5.0) / 4.0, abs=1e-3)
    assert found.arousal == pytest.approx((arousal - 5.0) / 4.0, abs=1e-3)
    other = head.judge(heard, told(frames[::-1]))
    assert abs(other.valence - found.valence) > 1e-3  # it is told the chords
    assert tuple(sorted(MOODS)) == MOODS
    assert len(MOODS) == 56


# the judge


def test_every_window_is_its_three_blocks(cache: Path, tmp_path: Path) -> None:
    sound = music(tmp_path / "a.flac", 41.5)
    judge = open_judge("music2emo")
    assert isinstance(judge, Music2EmoJudge)
    told_of: list[float] = []
    judged = judge.judge(sound, lambda done, _: told_of.append(done))
    assert [(w.start, w.end) for w in judged.windows] == [(0.0, 30.0), (10.0, 40.0)]
    assert max(told_of) == pytest.approx(41.5)
    assert judge.tags == MOODS
    samples, _ = soundfile.read(sound, dtype="float32")
    halver = Halver()
    whole = np.concatenate([halver.push(samples), halver.finish()])
    blocks: list[Block] = []
    reader = Blocks(judge._chords, blocks.append)
    hear_file(sound, reader.push, quiet)
    reader.finish()
    assert len(blocks) == 4
    assert len(set(np.concatenate([block.chords for block in blocks]).tolist())) > 2
    for at, window in enumerate(judged.windows):
        heard = judge._mert.hear(whole[at * 240_000 : (at + 3) * 240_000])
        frames = np.concatenate([block.chords for block in blocks[at : at + 3]]).tolist()
        expected = judge._head.judge(heard, told(frames))
        assert window.valence == pytest.approx(expected.valence, abs=1e-4)
        assert window.arousal == pytest.approx(expected.arousal, abs=1e-4)
        assert window.activations is not None
        np.testing.assert_allclose(window.activations, expected.moods, atol=1e-4)
    assert judged.windows[0].valence != judged.windows[1].valence


def test_thirty_seconds_are_one_window(cache: Path, tmp_path: Path) -> None:
    sound = music(tmp_path / "a.wav", 30.0)
    judged = open_judge("music2emo").judge(sound, quiet)
    assert [(w.start, w.end) for w in judged.windows] == [(0.0, 30.0)]


def test_half_the_rate_keeps_tones_and_does_not_fold_them() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    sounds = {hertz: np.sin(2 * np.pi * hertz * time) for hertz in (440.0, 9_000.0, 14_500.0)}
    made = {}
    for hertz, sound in sounds.items():
        halver = Halver()
        pieces = np.array_split(sound.astype(np.float32), (3, 4, 1_000, 20_001))
        parts = [halver.push(piece) for piece in pieces]
        made[hertz] = np.concatenate([*parts, halver.finish()])
        assert len(made[hertz]) == SAMPLE_RATE // 2
    inside = slice(100, -100)
    for hertz in (440.0, 9_000.0):
        np.testing.assert_allclose(made[hertz][inside], sounds[hertz][::2][inside], atol=0.02)
    assert np.abs(made[14_500.0][inside]).max() < 0.05


def test_the_folder_itself_is_enough(cache: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(here(cache), folder)
    shutil.copytree(here(cache, "m-a-p/MERT-v1-95M"), folder / "MERT-v1-95M")
    shutil.rmtree(cache)
    assert isinstance(open_judge(f"music2emo={folder}"), Music2EmoJudge)
    (folder / "saved_models/J_all.ckpt").unlink()  # it was converted
    assert isinstance(open_judge(f"music2emo={folder}"), Music2EmoJudge)


def test_what_is_not_here_is_a_sentence(cache: Path, tmp_path: Path) -> None:
    for place, words in (
        (tmp_path / "nowhere", "There is no folder"),
        ("someone/else", "'hf download someone/else'"),
        (tmp_path, "has no weights of Music2Emo"),
    ):
        with pytest.raises(MusmedError, match=words):
            open_judge(f"music2emo={place}")
    (here(cache) / "inference/data/btc_model_large_voca.pt").unlink()
    with pytest.raises(MusmedError, match="no weights of Music2Emo's chord recogniser"):
        open_judge("music2emo")
    shutil.rmtree(here(cache, "m-a-p/MERT-v1-95M").parents[1])
    with pytest.raises(MusmedError, match=r"m-a-p/MERT-v1-95M, CC-BY-NC-4.0: for research"):
        open_judge("music2emo")
    shutil.rmtree(here(cache).parents[1])
    with pytest.raises(MusmedError, match="'hf download amaai-lab/music2emo'"):
        open_judge("music2emo")


def test_what_is_another_models_or_holds_more_is_a_sentence(cache: Path) -> None:
    chord_file = here(cache) / "inference/data/btc_model_large_voca.pt"
    held = {"model": chord_tensors(), "mean": -5.5}
    torch.save(held | {"std": np.float64(2.25)}, chord_file)  # as the published file has it
    with pytest.raises(MusmedError, match=r"more than tensors.*docs/evaluation.md"):
        open_judge("music2emo")
    torch.save(held, chord_file)
    with pytest.raises(MusmedError, match="std is another"):
        open_judge("music2emo")
    torch.save(held | {"std": 2.25}, chord_file)
    open_judge("music2emo")
    head_file = here(cache) / "saved_models/J_all.ckpt"
    torch.save({"state_dict": head_tensors(1536)}, head_file)
    with pytest.raises(MusmedError, match=r"not the weights of Music2Emo: input_proj"):
        open_judge("music2emo")
    head_file.write_bytes(b"nothing")
    with pytest.raises(MusmedError, match="damaged"):
        open_judge("music2emo")


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_without_its_packages_it_is_a_sentence(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    judges = "engine.evaluation.judges"
    for name in ("mert", "btc", "music2emo_head", "music2emo_blocks", "music2emo"):
        monkeypatch.delitem(sys.modules, f"{judges}.{name}")
        monkeypatch.delattr(sys.modules[judges], name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MusmedError, match=rf"music2emo needs {package}: pip install"):
        open_judge("music2emo")


@pytest.mark.parametrize(
    ("gain", "seconds", "words"), [(0.0, 31.0, "silent"), (0.1, 29.0, "short")]
)
def test_silence_and_short_files_are_a_sentence(
    gain: float, seconds: float, words: str, cache: Path, tmp_path: Path
) -> None:
    sound = music(tmp_path / "a.wav", seconds, gain)
    with pytest.raises(MusmedError, match=words):
        open_judge("music2emo").judge(sound, quiet)
