"""Adapters: what is merged is what peft, the oracle, merges; what does not fit is refused."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file
from support import oracles

from engine.composers.musicgen.files.adapters import (
    AdapterWish,
    find_adapter,
    find_adapters,
    parse_adapter,
)
from engine.composers.musicgen.files.checkpoints import find
from engine.composers.musicgen.model.merging import merge
from engine.errors import MusmedError

ATTENTION = ["q_proj", "k_proj", "v_proj", "out_proj"]
LAYER = "decoder.model.decoder.layers.0"


@pytest.fixture
def train(tiny_model: Any, tmp_path: Path) -> Callable[..., Path]:
    """Make an adapter that peft saved: ``train(name, **LoraConfig)``, its weights random."""
    peft = pytest.importorskip("peft")

    def make(name: str, seed: int = 0, base: Any = tiny_model, **settings: Any) -> Path:
        config = peft.LoraConfig(**({"r": 4, "lora_alpha": 8} | settings))
        model = peft.get_peft_model(copy.deepcopy(base), config)
        generator = torch.Generator().manual_seed(seed)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data.add_(0.1 * torch.randn(parameter.shape, generator=generator))
        model.save_pretrained(tmp_path / name)
        return tmp_path / name

    return make


def merged_by_peft(model: Any, *adapters: tuple[Path, float]) -> dict[str, Any]:
    """The weights after peft loaded and merged the adapters one after the other."""
    import peft

    base = copy.deepcopy(model)
    for folder, scale in adapters:
        wrapped = peft.PeftModel.from_pretrained(base, folder)
        for module in wrapped.modules():
            if isinstance(module, peft.tuners.lora.LoraLayer):
                module.set_scale("default", scale)
        base = wrapped.merge_and_unload()
    return dict(base.state_dict())


def merged_by_us(model: Any, checkpoint: Path, *wishes: AdapterWish) -> dict[str, Any]:
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    merge(state, find_adapters(wishes, find(str(checkpoint))))
    return state


LAST_BITS = 1e-6
"""Of the largest weight. What is added is a product of rank 16 or less, and in which order its sum
is taken is the BLAS's affair, which may go by where a matrix lies in memory: 16 roundings of 6e-8,
and one for the sum with the weight."""


def assert_same_weights(
    ours: dict[str, Any], theirs: dict[str, Any], before: dict[str, Any]
) -> None:
    """What was merged is equal but for ``LAST_BITS``, what was not is as it was."""
    assert set(ours) == set(theirs)
    for name, weight in theirs.items():
        if torch.equal(weight, before[name]):
            assert torch.equal(ours[name], weight), name
        else:
            allowed = LAST_BITS * torch.maximum(weight.abs().max(), before[name].abs().max())
            assert (ours[name] - weight).abs().max() <= allowed, name


CONFIGS: dict[str, dict[str, Any]] = {
    "attention": {"target_modules": ATTENTION},
    "attention and feed-forward": {"target_modules": [*ATTENTION, "fc1", "fc2"], "r": 16},
    "rank-stabilised": {"target_modules": ["q_proj", "fc1"], "use_rslora": True},
    "ranks and alphas of their own": {
        "target_modules": ATTENTION,
        "rank_pattern": {"q_proj": 2, "layers.1.self_attn.k_proj": 3},
        "alpha_pattern": {"q_proj": 5, "layers.1.self_attn.k_proj": 7},
    },
    "whole heads": {"target_modules": ["q_proj"], "modules_to_save": ["lm_heads.0", "lm_heads.3"]},
    "embeddings": {"target_modules": r".*\.embed_tokens\.\d+"},
    "the text's projection": {"target_modules": ["enc_to_dec_proj"]},
    "begun with random numbers": {"target_modules": ["q_proj"], "init_lora_weights": False},
    "begun by a normal distribution": {
        "target_modules": ["q_proj"],
        "init_lora_weights": "gaussian",
    },
    "begun by EVA": {"target_modules": ["q_proj"], "init_lora_weights": "eva"},
    "begun orthogonally": {"target_modules": ["q_proj"], "init_lora_weights": "orthogonal"},
    "begun by MiCA": {"target_modules": ["q_proj"], "init_lora_weights": "mica"},
}
CHANGING = ("pissa", "pissa_niter_4", "olora")
"""Initialisations that change the base's weights, as far as peft needs no data for them."""


@pytest.mark.parametrize("case", CONFIGS, ids=lambda case: case.replace(" ", "-"))
def test_merging_is_pefts(
    case: str, train: Callable[..., Path], tiny_model: Any, tiny_checkpoint: Path
) -> None:
    folder = train("one", **CONFIGS[case])
    theirs = merged_by_peft(tiny_model, (folder, 1.0))
    ours = merged_by_us(tiny_model, tiny_checkpoint, AdapterWish(str(folder)))
    before = tiny_model.state_dict()
    changed = [name for name in ours if not torch.equal(ours[name], before[name])]
    assert changed
    assert_same_weights(ours, theirs, before)


@pytest.mark.parametrize("part", ["decoder", "text_encoder"])
def test_an_adapter_of_one_part_alone_is_merged_into_that_part(
    part: str, train: Callable[..., Path], tiny_model: Any, tiny_checkpoint: Path
) -> None:
    modules = {"decoder": ["q_proj"], "text_encoder": ["q", "v"]}[part]
    alone = getattr(tiny_model, part)
    folder = train("one", base=alone, target_modules=modules)
    theirs = merged_by_peft(alone, (folder, 1.0))
    ours = merged_by_us(tiny_model, tiny_checkpoint, AdapterWish(str(folder)))
    before = tiny_model.state_dict()
    changed = {name for name in ours if not torch.equal(ours[name], before[name])}
    assert changed
    assert all(name.startswith(f"{part}.") for name in changed)
    assert_same_weights(
        {name: ours[f"{part}.{name}"] for name in theirs},
        theirs,
        {name: before[f"{part}.{name}"] for name in theirs},
    )


@pytest.mark.filterwarnings("ignore")  # peft's, that they changed the base
@pytest.mark.parametrize("way", CHANGING)
def test_an_adapter_that_changed_its_base_is_refused(
    way: str, train: Callable[..., Path], tiny_checkpoint: Path
) -> None:
    folder = train("mine", target_modules=["q_proj"], init_lora_weights=way)
    with pytest.raises(MusmedError, match=f"initialised by '{way}'.* merge it with peft"):
        find_adapter(AdapterWish(str(folder)), find(str(tiny_checkpoint)))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", CHANGING)
def test_peft_s_conversion_makes_it_one_that_is_merged(
    way: str, tiny_model: Any, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    """The advice that the sentence gives: what is merged is what was trained."""
    import peft

    config = peft.LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights=way)
    model = peft.get_peft_model(copy.deepcopy(tiny_model), config)
    peft.PeftModel.save_pretrained(model, tmp_path / "begun")
    begun = model.peft_config["default"]
    begun.init_lora_weights = True
    begun.save_pretrained(tmp_path / "begun")
    begun.init_lora_weights = way
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    model.save_pretrained(
        tmp_path / "mine", path_initial_model_for_weight_conversion=str(tmp_path / "begun")
    )
    ours = merged_by_us(tiny_model, tiny_checkpoint, AdapterWish(str(tmp_path / "mine")))
    trained = model.merge_and_unload().state_dict()
    before = tiny_model.state_dict()
    name = f"{LAYER}.self_attn.q_proj.weight"
    assert (ours[name] - trained[name]).norm() < 1e-5 * (trained[name] - before[name]).norm()


@pytest.mark.parametrize("scales", [(0.5, 0.25), (1.0, -1.0), (0.0, 2.0)])
def test_several_with_scales(
    scales: tuple[float, float],
    train: Callable[..., Path],
    tiny_model: Any,
    tiny_checkpoint: Path,
) -> None:
    one = train("one", 1, target_modules=["q_proj", "fc1"])
    two = train("two", 2, target_modules=["q_proj", "v_proj"], lora_alpha=3)
    theirs = merged_by_peft(tiny_model, (one, scales[0]), (two, scales[1]))
    wishes = [parse_adapter(f"{f}={s}") for f, s in zip((one, two), scales, strict=True)]
    ours = merged_by_us(tiny_model, tiny_checkpoint, *wishes)
    assert_same_weights(ours, theirs, tiny_model.state_dict())


def test_codes_are_those_of_pefts_merged_model(
    train: Callable[..., Path], tiny_model: Any, tiny_checkpoint: Path
) -> None:
    """Through the loader and our decoder, greedily, against peft's weights in the same decoder."""
    from engine.composers.musicgen.model import weights
    from engine.composers.musicgen.model.decoder import Conditioning, Decoder

    folder = train("one", target_modules=[*ATTENTION, "fc1", "fc2"], r=8, lora_alpha=64)
    checkpoint, cpu = find(str(tiny_checkpoint)), torch.device("cpu")

    text = Conditioning(torch.randn(5, 24, generator=torch.Generator().manual_seed(3)))
    theirs = copy.deepcopy(tiny_model)
    theirs.load_state_dict(merged_by_peft(tiny_model, (folder, 1.0)))
    adapters = find_adapters([AdapterWish(str(folder))], checkpoint)
    ours = weights.load(checkpoint, device=cpu, dtype=torch.float32, adapters=adapters)
    plain = weights.load(checkpoint, device=cpu, dtype=torch.float32)
    said = oracles.decode(Decoder(weights.from_transformers(theirs, None)), text, None, 40)
    codes = oracles.assert_same_codes(Decoder(ours), text, said)
    assert not torch.equal(codes, oracles.decode(Decoder(plain), text, None, 40).codes)


def test_half_precision_weights_do_not_swallow_an_adapter(
    train: Callable[..., Path], tiny_model: Any, tiny_checkpoint: Path
) -> None:
    folder = train("one", target_modules=["q_proj"])
    (adapter,) = find_adapters([AdapterWish(str(folder))], find(str(tiny_checkpoint)))
    state = {name: tensor.half() for name, tensor in tiny_model.state_dict().items()}
    before = {name: tensor.clone() for name, tensor in state.items()}
    merge(state, [adapter])
    touched = {change.weight for change in adapter.changes}
    for name, tensor in state.items():
        assert tensor.dtype == (torch.float32 if name in touched else torch.float16)
        if name not in touched:
            assert torch.equal(tensor, before[name])


def test_an_adapter_of_a_melody_model(
    train: Callable[..., Path], build: Any, tmp_path: Path
) -> None:
    melody = build.model(build.melody_config())
    checkpoint = build.checkpoint(melody, tmp_path / "melody")
    folder = train("one", base=melody, target_modules=[*ATTENTION, "fc1", "fc2"])
    theirs = merged_by_peft(melody, (folder, 0.5))
    ours = merged_by_us(melody, checkpoint, AdapterWish(str(folder), 0.5))
    assert_same_weights(ours, theirs, melody.state_dict())


def test_an_adapter_of_the_decoder_alone(
    tiny_model: Any, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    peft = pytest.importorskip("peft")
    config = peft.LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights=False)
    alone = peft.get_peft_model(copy.deepcopy(tiny_model.decoder), config)
    alone.save_pretrained(tmp_path / "alone")
    ours = merged_by_us(tiny_model, tiny_checkpoint, AdapterWish(str(tmp_path / "alone")))
    theirs = alone.merge_and_unload().state_dict()
    inside = {name: ours[f"decoder.{name}"] for name in theirs}
    assert_same_weights(inside, theirs, tiny_model.decoder.state_dict())


@pytest.mark.parametrize(
    ("text", "source", "scale"),
    [
        ("calm", "calm", 1.0),
        ("someone/calm=0.5", "someone/calm", 0.5),
        ("./a=b/calm=-0.25", "./a=b/calm", -0.25),
        ("/x/calm=2", "/x/calm", 2.0),
    ],
)
def test_the_scale_stands_behind(text: str, source: str, scale: float) -> None:
    assert parse_adapter(text) == AdapterWish(source, scale)


def test_a_folder_with_an_equals_sign_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "calm=9").mkdir()
    assert parse_adapter(f"{tmp_path}/calm=9") == AdapterWish(f"{tmp_path}/calm=9")


@pytest.mark.parametrize("text", ["calm=", "calm=much", "calm=3", "calm=nan", "calm=1e999"])
def test_a_scale_is_a_number_from_minus_2_to_2(text: str) -> None:
    with pytest.raises(MusmedError, match="from -2 to 2"):
        parse_adapter(text)


@pytest.mark.parametrize("text", ["", "=1", "x" * 5000])
def test_an_adapter_has_a_place(text: str) -> None:
    with pytest.raises(MusmedError, match="needs the name of an adapter, its folder"):
        parse_adapter(text)


# what is refused


def rewrite(folder: Path, **changes: Any) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def retensor(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    path = folder / "adapter_model.safetensors"
    save_file(change(load_file(path)), path)


def cut_short(folder: Path) -> None:
    path = folder / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def pickled(folder: Path) -> None:
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")


def without_half(tensors: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tensors.items() if "lora_A" in key}


def other_half_only(tensors: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tensors.items() if "lora_B" in key}


def wider(tensors: dict[str, Any]) -> dict[str, Any]:
    return {k: torch.zeros(v.shape[0], 64) if "lora_A" in k else v for k, v in tensors.items()}


def renamed(tensors: dict[str, Any]) -> dict[str, Any]:
    return {key.replace("layers.0", "layers.77"): value for key, value in tensors.items()}


def unprefixed(tensors: dict[str, Any]) -> dict[str, Any]:
    return {key.removeprefix("base_model."): value for key, value in tensors.items()}


def compiled(tensors: dict[str, Any]) -> dict[str, Any]:
    return {key.replace(".layers.0.", ".layers.0._orig_mod."): v for key, v in tensors.items()}


def in_training(tensors: dict[str, Any]) -> dict[str, Any]:
    return {key.replace(".weight", ".default.weight"): value for key, value in tensors.items()}


def whole_of_another_size(tensors: dict[str, Any]) -> dict[str, Any]:
    return {f"base_model.model.{LAYER}.fc1.weight": torch.zeros(2, 2)}


def integers(tensors: dict[str, Any]) -> dict[str, Any]:
    return {key: value.to(torch.int32) for key, value in tensors.items()}


def mismatched_ranks(tensors: dict[str, Any]) -> dict[str, Any]:
    return {k: v[:, :2].contiguous() if "lora_B" in k else v for k, v in tensors.items()}


REFUSED: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "cut short": (cut_short, ("cut short", "get it again")),
    "pickle": (pickled, ("a pickle (adapter_model.bin)", "save it again")),
    "no weights": (
        lambda f: (f / "adapter_model.safetensors").unlink(),
        ("no adapter_model.safetensors",),
    ),
    "no config": (
        lambda f: (f / "adapter_config.json").unlink(),
        ("holds no adapter", "adapter_config.json"),
    ),
    "config cut short": (
        lambda f: (f / "adapter_config.json").write_text('{"peft_type"'),
        ("adapter_config.json", "not valid JSON"),
    ),
    "another kind": (lambda f: rewrite(f, peft_type="IA3"), ("'IA3'", "LORA")),
    "DoRA": (lambda f: rewrite(f, use_dora=True), ("DoRA", "merge it into its base")),
    "audiocraft's": (
        lambda f: rewrite(f, target_parameters=["in_proj_weight"]),
        ("target_parameters", "audiocraft"),
    ),
    "biases": (lambda f: rewrite(f, bias="all"), ("biases",)),
    "CorDA": (lambda f: rewrite(f, init_lora_weights="corda"), ("'corda'", "merge it with peft")),
    "LoftQ": (lambda f: rewrite(f, init_lora_weights="loftq"), ("'loftq'",)),
    "LoRA-GA": (lambda f: rewrite(f, init_lora_weights="lora_ga"), ("'lora_ga'",)),
    "begun as nobody knows": (lambda f: rewrite(f, init_lora_weights={"a": 1}), ("initialised",)),
    "VeLoRA": (lambda f: rewrite(f, velora_config={"r": 1}), ("VeLoRA",)),
    "MonteCLoRA": (lambda f: rewrite(f, monteclora_config={"n": 1}), ("MonteCLoRA",)),
    "alpha of words": (lambda f: rewrite(f, lora_alpha="much"), ("lora_alpha", "'much'")),
    "alpha without end": (lambda f: rewrite(f, lora_alpha=1e30), ("lora_alpha",)),
    "alphas by expression": (
        lambda f: rewrite(f, alpha_pattern={"(a+)+$": 3}),
        ("alpha_pattern", "name whole modules"),
    ),
    "half of it": (lambda f: retensor(f, without_half), ("lora_B", "save it again")),
    "the other half": (lambda f: retensor(f, other_half_only), ("lora_B", "can't merge")),
    "ranks that differ": (lambda f: retensor(f, mismatched_ranks), ("damaged",)),
    "another size": (
        lambda f: retensor(f, wider),
        ("another model", "32 x 64, not 32 x 32", "--composer"),
    ),
    "more layers": (lambda f: retensor(f, renamed), ("layers.77", "does not have")),
    "other names": (
        lambda f: retensor(f, unprefixed),
        ("does not begin with 'base_model.model.'", "save_pretrained"),
    ),
    "names of a compiled model": (lambda f: retensor(f, compiled), ("torch.compile", "_orig_mod")),
    "names from training": (
        lambda f: retensor(f, in_training),
        ("from training", "save_pretrained"),
    ),
    "a whole weight of another size": (
        lambda f: retensor(f, whole_of_another_size),
        ("2 x 2, not 64 x 32",),
    ),
    "whole numbers": (lambda f: retensor(f, integers), ("can't merge",)),
    "nothing": (lambda f: retensor(f, lambda _: {}), ("empty",)),
}


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.replace(" ", "-"))
def test_what_can_not_be_merged_is_refused_before_anything_is_loaded(
    case: str, train: Callable[..., Path], tiny_checkpoint: Path
) -> None:
    change, words = REFUSED[case]
    folder = train("mine", target_modules=["q_proj"])
    change(folder)
    with pytest.raises(MusmedError) as refused:
        find_adapter(AdapterWish(str(folder)), find(str(tiny_checkpoint)))
    sentence = str(refused.value)
    assert all(word in sentence for word in words), sentence
    assert "mine" in sentence
    assert "\n" not in sentence


def test_numbers_that_are_none_are_refused(
    train: Callable[..., Path], tiny_model: Any, tiny_checkpoint: Path
) -> None:
    folder = train("mine", target_modules=["q_proj"])
    retensor(folder, lambda tensors: {k: v * float("nan") for k, v in tensors.items()})
    with pytest.raises(MusmedError, match="mine holds values that are no numbers"):
        merged_by_us(tiny_model, tiny_checkpoint, AdapterWish(str(folder)))


def test_an_adapter_of_another_model_of_the_same_shape(
    train: Callable[..., Path], tiny_checkpoint: Path
) -> None:
    """The mono and the stereo decoder differ in nothing that an attention adapter touches."""
    folder = train("mine", target_modules=["q_proj"])
    rewrite(folder, base_model_name_or_path="facebook/musicgen-stereo-small")
    tiny = find(str(tiny_checkpoint))
    wish = AdapterWish(str(folder))
    assert find_adapter(wish, tiny).base == "facebook/musicgen-stereo-small"
    assert find_adapter(wish, dataclasses.replace(tiny, name="musicgen-stereo-small")).changes
    with pytest.raises(MusmedError, match="trained on musicgen-stereo-small, not on musicgen-sm"):
        find_adapter(wish, dataclasses.replace(tiny, name="musicgen-small"))


def test_the_same_adapter_twice_is_a_mistake(
    train: Callable[..., Path], tiny_checkpoint: Path
) -> None:
    folder = train("mine", target_modules=["q_proj"])
    with pytest.raises(MusmedError, match="given twice"):
        find_adapters(
            [AdapterWish(str(folder)), AdapterWish(f"{folder}/.")], find(str(tiny_checkpoint))
        )


def test_two_that_replace_the_same_weight(
    train: Callable[..., Path], tiny_checkpoint: Path
) -> None:
    wishes = [
        AdapterWish(str(train(name, target_modules=["q_proj"], modules_to_save=["lm_heads.0"])))
        for name in ("one", "two")
    ]
    with pytest.raises(MusmedError, match=r"replace decoder\.lm_heads\.0\.weight"):
        find_adapters(wishes, find(str(tiny_checkpoint)))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("./nowhere", ("nowhere", "mend the path")),
        ("someone/calm", ("musmed models get someone/calm",)),
        ("musicgen-small", ("is a model", "--composer")),
        ("../../etc", ("no adapter",)),
        ("a\0b", ("no adapter",)),
    ],
)
def test_an_adapter_that_is_not_here(
    source: str,
    words: tuple[str, ...],
    tiny_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(MusmedError) as refused:
        find_adapter(AdapterWish(source), find(str(tiny_checkpoint)))
    assert all(word in str(refused.value) for word in words), refused.value
