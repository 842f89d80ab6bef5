"""The affect prefix: its file, its keys along a path, and a model with and without one."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from support.clip_along import spec_along

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file

from engine.affect.circumplex import Affect
from engine.affect.moods import mood
from engine.affect.path import Path as AffectPath
from engine.affect.path import Waypoint
from engine.composers.musicgen.composer import MusicGenComposer
from engine.composers.musicgen.conditioning import (
    MOST_POINTS,
    POINT_SECONDS,
    Conditioner,
    point_weights,
)
from engine.composers.musicgen.files.adapters import (
    Adapter,
    AdapterWish,
    check_adapter,
    find_adapter,
    find_adapters,
)
from engine.composers.musicgen.files.checkpoints import find
from engine.composers.musicgen.files.prefixes import PREFIX
from engine.composers.musicgen.loaded_model import USUAL_KEYS, open_studio
from engine.composers.musicgen.model import weights
from engine.composers.musicgen.model.affect_prefix import AffectPrefix, prefixes_of
from engine.composers.musicgen.model.decoder import Conditioning, Decoder
from engine.errors import MusmedError
from engine.plan.generation import Generation

CPU = torch.device("cpu")
WIDTH, KEYS, RATE = 24, 3, 50
LEFT, RIGHT = Affect(-0.8, 0.2), Affect(0.8, -0.4)


def trained(seed: int = 0, keys: int = KEYS, width: int = WIDTH, size: float = 0.3) -> AffectPrefix:
    """One whose keys differ from place to place, as training would have it."""
    prefix = AffectPrefix(keys, width)
    dice = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in prefix.parameters():
            parameter.add_(size * torch.randn(parameter.shape, generator=dice))
    return prefix.requires_grad_(False)


@pytest.fixture
def adapter(tiny_model: Any, tmp_path: Path) -> Callable[..., Path]:
    """Make an adapter as peft saves it, with a prefix beside it or none."""
    peft = pytest.importorskip("peft")

    def make(name: str = "mine", prefix: AffectPrefix | None = None, base: str = "") -> Path:
        config = peft.LoraConfig(r=2, target_modules=["q_proj"])
        peft.get_peft_model(copy.deepcopy(tiny_model), config).save_pretrained(tmp_path / name)
        if prefix is not None:
            prefix.save(tmp_path / name / PREFIX, base)
        return tmp_path / name

    return make


def found(folder: Path, checkpoint: Path, scale: float = 1.0) -> Adapter:
    return find_adapter(AdapterWish(str(folder), scale), find(str(checkpoint)))


def loaded(checkpoint: Path, *wishes: AdapterWish) -> weights.Model:
    there = find(str(checkpoint))
    adapters = find_adapters(wishes, there)
    return weights.load(there, device=CPU, dtype=torch.float32, adapters=adapters)


def straight(start: Affect, end: Affect, seconds: float = 60.0) -> AffectPath:
    return AffectPath((Waypoint(0.0, start), Waypoint(seconds, end)))


# the network


def test_it_begins_as_the_same_small_keys_everywhere_and_can_learn() -> None:
    prefix = AffectPrefix(KEYS, WIDTH)
    points = torch.tensor([[-1.0, 1.0], [0.3, -0.2], [1.0, 1.0]])
    keys = prefix(points)
    assert keys.shape == (3, KEYS, WIDTH)
    assert torch.equal(keys[0], keys[1])
    assert not torch.equal(keys[0, 0], keys[0, 1])
    assert keys.abs().max() < 0.5
    (keys * torch.randn(keys.shape)).sum().backward()
    assert prefix.moved.grad.abs().min() > 0.0


def test_it_is_the_same_by_seed_and_leaves_torch_s_own_dice_alone() -> None:
    before = torch.get_rng_state()
    one, same, other = AffectPrefix(2, 8), AffectPrefix(2, 8), AffectPrefix(2, 8, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(one.lines, same.lines)
    assert not torch.equal(one.lines, other.lines)


def test_it_is_smooth_and_float32_under_autocast() -> None:
    prefix = trained()
    along = torch.linspace(-1, 1, 201)
    keys = prefix(torch.stack([along, -along], dim=1))
    assert (keys[1:] - keys[:-1]).abs().max() < 0.1 * (keys.max() - keys.min())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert prefix(torch.zeros(1, 2)).dtype == torch.float32


# its file


def test_what_is_saved_is_loaded(adapter: Callable[..., Path], tiny_checkpoint: Path) -> None:
    prefix = trained()
    folder = adapter(prefix=prefix, base="facebook/musicgen-small")
    one = found(folder, tiny_checkpoint)
    assert one.prefix is not None
    assert (one.prefix.keys, one.prefix.width, one.prefix.base) == (
        KEYS,
        WIDTH,
        "facebook/musicgen-small",
    )
    (again,) = prefixes_of([one], CPU)
    points = torch.rand(5, 2) * 2 - 1
    assert torch.equal(again(points), prefix(points))
    assert again.log_weight == 0.0
    assert (folder / PREFIX).stat().st_mode & 0o777 == 0o600
    assert {file.name for file in folder.iterdir()} >= {PREFIX, "adapter_config.json"}
    assert not [file for file in folder.iterdir() if "part" in file.name]


def test_the_same_is_the_same_bytes(tmp_path: Path) -> None:
    found = set()
    for number in range(8):
        trained().save(tmp_path / f"{number}", "musicgen-small")
        found.add((tmp_path / f"{number}").read_bytes())
    assert len(found) == 1


def test_peft_loads_the_folder_as_if_it_were_not_there(
    adapter: Callable[..., Path], tiny_model: Any
) -> None:
    import peft

    folder = adapter(prefix=trained())
    with_it = peft.PeftModel.from_pretrained(copy.deepcopy(tiny_model), folder)
    (folder / PREFIX).unlink()
    without = peft.PeftModel.from_pretrained(copy.deepcopy(tiny_model), folder)
    for (name, ours), theirs in zip(
        with_it.state_dict().items(), without.state_dict().values(), strict=True
    ):
        assert torch.equal(ours, theirs), name


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object], **said: object) -> None:
    """Change the tensors, and what the file says of itself."""
    tensors = load_file(folder / PREFIX)
    change(tensors)
    told = {"format": 1, "keys": KEYS, "width": WIDTH, "base": ""} | said
    save_file(tensors, folder / PREFIX, {"affect_prefix": json.dumps(told)})


def nothing(_: dict[str, Any]) -> None:
    """Leave the tensors as they are."""


def header(folder: Path, made: object) -> None:
    data = json.dumps(made).encode()
    (folder / PREFIX).write_bytes(struct.pack("<Q", len(data)) + data)


def another_dtype(tensors: dict[str, Any]) -> None:
    tensors["moved"] = tensors["moved"].half()


def a_folder(folder: Path) -> None:
    (folder / PREFIX).unlink()
    (folder / PREFIX).mkdir()


REFUSED: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "no safetensors": (lambda f: (f / PREFIX).write_bytes(b"pickle" * 9), ("not a safetensors",)),
    "a folder": (a_folder, (PREFIX, "can't be read")),
    "empty": (lambda f: (f / PREFIX).write_bytes(b""), ("not a safetensors",)),
    "cut short": (
        lambda f: (f / PREFIX).write_bytes((f / PREFIX).read_bytes()[:-8]),
        ("cut short",),
    ),
    "says nothing": (lambda f: header(f, {}), ("of format 0", "mine")),
    "says no words": (lambda f: header(f, {"__metadata__": {"format": 1}}), ("damaged",)),
    "another format": (lambda f: rewrite(f, nothing, format=2), ("format 2", "mine")),
    "no format": (lambda f: rewrite(f, nothing, format="1"), ("format 0", "mine")),
    "said in no JSON": (
        lambda f: header(f, {"__metadata__": {"affect_prefix": "[" * 100_000}}),
        ("format 0", "mine"),
    ),
    "more keys than it has": (lambda f: rewrite(f, nothing, keys=4), ("not what it says",)),
    "keys without end": (lambda f: rewrite(f, nothing, keys=10**18), ("1 to 32 keys",)),
    "too many keys": (lambda f: rewrite(f, nothing, keys=33), ("1 to 32 keys",)),
    "keys below nothing": (lambda f: rewrite(f, nothing, keys=-3), ("1 to 32 keys",)),
    "no keys": (lambda f: rewrite(f, nothing, keys=0), ("1 to 32 keys",)),
    "another tensor": (
        lambda f: rewrite(f, lambda t: t.update(more=torch.zeros(1))),
        ("not what it says",),
    ),
    "a tensor less": (lambda f: rewrite(f, lambda t: t.pop("moved")), ("not what it says",)),
    "odd shapes": (
        lambda f: rewrite(f, lambda t: t.update(lines=torch.zeros(2, 64))),
        ("not what it says",),
    ),
    "offsets without a shape": (
        lambda f: rewrite(f, lambda t: t.update(offsets=torch.tensor(1.0))),
        ("not what it says",),
    ),
    "half precision": (lambda f: rewrite(f, another_dtype), ("float32",)),
    "another width": (
        lambda f: trained(width=48).save(f / PREFIX, ""),
        ("48 wide, not 24", "--composer"),
    ),
}


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.replace(" ", "-"))
def test_a_wrong_one_is_refused_before_anything_is_loaded(
    case: str, adapter: Callable[..., Path], tiny_checkpoint: Path
) -> None:
    folder = adapter(prefix=trained())
    change, words = REFUSED[case]
    change(folder)
    with pytest.raises(MusmedError) as refused:
        found(folder, tiny_checkpoint)
    sentence = str(refused.value)
    assert all(word in sentence for word in words), sentence
    assert "\n" not in sentence
    if case != "another width":
        with pytest.raises(MusmedError):
            check_adapter("mine", folder)


def test_one_that_holds_no_numbers_is_refused_when_it_is_loaded(
    adapter: Callable[..., Path], tiny_checkpoint: Path
) -> None:
    folder = adapter(prefix=trained())
    rewrite(folder, lambda t: t["rest"].fill_(torch.nan))
    with pytest.raises(MusmedError, match="mine holds values that are no numbers; train it again"):
        loaded(tiny_checkpoint, AdapterWish(str(folder)))


def test_one_of_another_of_meta_s_models_is_refused(
    adapter: Callable[..., Path], tiny_checkpoint: Path
) -> None:
    folder = adapter(prefix=trained(), base="facebook/musicgen-stereo-small")
    tiny = dataclasses.replace(find(str(tiny_checkpoint)), name="musicgen-small")
    with pytest.raises(MusmedError, match="trained on musicgen-stereo-small, not on musicgen-sm"):
        find_adapter(AdapterWish(str(folder)), tiny)


def test_a_melody_model_has_none(adapter: Callable[..., Path], build: Any, tmp_path: Path) -> None:
    checkpoint = build.checkpoint(build.model(build.melody_config()), tmp_path / "melody")
    folder = adapter(prefix=trained())
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))
    module = "base_model.model.decoder.model.decoder.layers.0.self_attn.q_proj"
    pair = {"lora_A": torch.zeros(1, 32), "lora_B": torch.zeros(32, 1)}
    pair = {f"{module}.{part}.weight": tensor for part, tensor in pair.items()}
    save_file(pair, folder / "adapter_model.safetensors")
    with pytest.raises(MusmedError, match="melody model, which can't hear one"):
        found(folder, checkpoint)


# along a path


def test_points_lie_a_few_seconds_apart_and_their_weights_sum_to_1_at_every_frame() -> None:
    path = straight(LEFT, RIGHT)
    times = 12.34 + np.arange(1500) / RATE
    points, shares = point_weights(path, times)
    assert len(points) <= MOST_POINTS
    assert np.allclose(shares.sum(axis=1), 1.0)
    assert (shares >= 0.0).all()
    assert ((shares > 0.0).sum(axis=1) <= 2).all()
    assert np.abs(np.diff(shares, axis=0)).max() <= 1.001 / (POINT_SECONDS * RATE)
    here = np.array([(a.valence, a.arousal) for a in map(path.at, times.tolist())])
    assert np.allclose(shares @ points, here)


def test_the_same_moment_hears_the_same_points_whatever_is_composed_around_it() -> None:
    path = straight(LEFT, RIGHT)
    whole = point_weights(path, np.arange(1500) / RATE)
    piece = point_weights(path, np.arange(700, 900) / RATE)
    said = [
        sorted((*point, share) for point, share in zip(points, shares[at], strict=True) if share)
        for (points, shares), at in ((whole, 800), (piece, 100))
    ]
    assert np.allclose(said[0], said[1])


def test_a_moment_on_a_point_hears_it_alone_and_a_path_that_rests_has_one() -> None:
    path = straight(LEFT, RIGHT, 10 * POINT_SECONDS)
    points, shares = point_weights(path, np.array([3 * POINT_SECONDS]))
    here = path.at(3 * POINT_SECONDS)
    assert points[shares[0] > 0].tolist() == [[here.valence, here.arousal]]
    points, shares = point_weights(straight(LEFT, LEFT), np.arange(1500) / RATE)
    assert points.tolist() == [[LEFT.valence, LEFT.arousal]]
    assert np.allclose(shares, 1.0)


def text_states(prompt: str) -> Any:
    return torch.full((len(prompt.split()), WIDTH), 0.01 * len(prompt))


def test_points_stand_before_the_moods_and_add_to_no_weight_of_theirs() -> None:
    prefix, other = trained(), trained(1, keys=2)
    other.log_weight = math.log(0.5)
    spec = spec_along(straight(LEFT, RIGHT))
    plain = Conditioner(text_states).along(spec, 100, 600, RATE)
    made = Conditioner(text_states, [prefix, other]).along(spec, 100, 600, RATE)
    assert plain.bias is not None
    assert made.bias is not None
    before = len(made.states) - len(plain.states)
    assert torch.equal(made.states[before:], plain.states)
    assert torch.equal(made.bias[:, before:], plain.bias)
    count = before // (KEYS + 2)
    own = made.bias[:, : count * KEYS].unflatten(1, (count, KEYS))
    assert torch.allclose(own.exp().sum(dim=1), torch.ones(600, KEYS))
    theirs = made.bias[:, count * KEYS : before].unflatten(1, (count, 2))
    assert torch.allclose(theirs.exp().sum(dim=1), torch.full((600, 2), 0.5))


def test_where_nothing_moves_a_prompt_without_a_bias_keeps_its_weight() -> None:
    calm = mood("calm").affect
    assert calm is not None
    spec = spec_along(straight(calm, calm))
    plain = Conditioner(text_states).along(spec, 0, 100, RATE)
    made = Conditioner(text_states, [trained()]).along(spec, 0, 100, RATE)
    assert plain.bias is None
    assert made.bias is not None
    assert len(made.states) == KEYS + len(plain.states)
    assert not made.bias[:, KEYS:].any()


# in a model


@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_at_no_scale_it_is_not_heard(
    scale: float, adapter: Callable[..., Path], tiny_checkpoint: Path
) -> None:
    folder = adapter(prefix=trained())
    assert loaded(tiny_checkpoint, AdapterWish(str(folder), scale)).prefixes == ()


def test_a_scale_is_how_much_its_keys_weigh(
    adapter: Callable[..., Path], tiny_checkpoint: Path
) -> None:
    folder = adapter(prefix=trained())
    (half,) = loaded(tiny_checkpoint, AdapterWish(str(folder), 0.5)).prefixes
    assert half.log_weight == pytest.approx(math.log(0.5))


def codes_of(model: weights.Model, conditioning: Conditioning, guidance: float = 3.0) -> Any:
    frames = Decoder(model, max_seconds=2.0).frames(
        conditioning, None, 40, seed=3, temperature=0.0, guidance=guidance
    )
    return torch.cat(list(frames), dim=1)


def conditioning_of(model: weights.Model, path: AffectPath) -> Conditioning:
    made = Conditioner(model.text_states, model.prefixes).along(spec_along(path), 0, 40, RATE)
    assert isinstance(made, Conditioning)
    return made


def test_without_one_codes_are_what_they_were_and_keys_that_weigh_nothing_are_the_base(
    adapter: Callable[..., Path], tiny_checkpoint: Path
) -> None:
    path = straight(LEFT, RIGHT)
    base, plain = loaded(tiny_checkpoint), loaded(tiny_checkpoint, AdapterWish(str(adapter())))
    expected = codes_of(base, conditioning_of(base, path))
    without = conditioning_of(plain, path)
    assert torch.equal(codes_of(plain, without), expected)
    silent = trained()
    silent.log_weight = -math.inf
    made = Conditioner(base.text_states, [silent]).along(spec_along(path), 0, 40, RATE)
    assert isinstance(made, Conditioning)
    assert len(made.states) > len(without.states)
    assert torch.equal(codes_of(base, made), expected)


def test_a_point_is_heard_and_not_by_guidance_s_unconditional_half(
    adapter: Callable[..., Path], tiny_checkpoint: Path
) -> None:
    model = loaded(tiny_checkpoint, AdapterWish(str(adapter(prefix=trained()))))
    decoder = Decoder(model, max_seconds=2.0)
    codes = torch.randint(0, 64, (4, 40), generator=torch.Generator().manual_seed(0))
    left, right = (
        decoder.logits(conditioning_of(model, straight(place, place)), codes, 3.0)
        for place in (LEFT, RIGHT)
    )
    assert not torch.allclose(left[0], right[0], atol=1e-4)
    assert torch.equal(left[1], right[1])


def test_transformers_hears_the_same_points(
    adapter: Callable[..., Path], tiny_checkpoint: Path
) -> None:
    """As ``--decoder reference`` loads it: the prefix with the adapter, the same greedy codes."""
    from engine.composers.musicgen.decoders.reference import ReferenceDecoder

    there = find(str(tiny_checkpoint))
    adapters = find_adapters([AdapterWish(str(adapter(prefix=trained())))], there)
    whole, tokenizer = weights.load_transformers(
        there, device=CPU, dtype=torch.float32, adapters=adapters
    )
    model = weights.from_transformers(whole, tokenizer, adapters=adapters)
    assert len(model.prefixes) == 1
    text = conditioning_of(model, straight(LEFT, RIGHT))
    theirs = ReferenceDecoder(whole).frames(text, None, 40, seed=3, temperature=0.0)
    assert torch.equal(torch.cat(list(theirs), dim=1), codes_of(model, text))


@pytest.mark.parametrize("decoder", ["ours", "reference"])
def test_a_session_s_clips_are_composed_with_it(
    decoder: Any, adapter: Callable[..., Path], tiny_checkpoint: Path
) -> None:
    """Through ``--adapter``: the line of codes of a first clip, with the prefix in its folder, at
    no scale, and with the same folder without it."""
    folder = adapter(prefix=trained(size=20.0))  # loud: the tiny model hardly listens
    with_it = composed(tiny_checkpoint, f"{folder}", decoder)
    at_none = composed(tiny_checkpoint, f"{folder}=0", decoder)
    (folder / PREFIX).unlink()
    without = composed(tiny_checkpoint, f"{folder}", decoder)
    assert at_none == without
    assert with_it != without


def composed(checkpoint: Path, wish: str, decoder: Any) -> bytes:
    """The codes of a clip of three seconds."""
    composer = MusicGenComposer(str(checkpoint))
    composer.load(Generation(adapters=(wish,), decoder=decoder), lambda _: None)
    spec = msgspec.structs.replace(spec_along(straight(LEFT, RIGHT)), end=3.0, total=3.0)
    clip = composer.compose(spec, None, lambda: False)
    for _ in clip.chunks():
        pass
    return clip.state()


def test_there_is_room_for_its_keys_when_a_session_begins(
    adapter: Callable[..., Path], tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as any clip has, so that none waits for graphs."""
    asked: list[int] = []
    monkeypatch.setattr(Decoder, "warm", lambda _, **how: asked.append(how["keys"]))
    wishes = [str(adapter("one", trained())), str(adapter("two", trained(keys=5)))]
    for some in ((), wishes[:1], wishes):
        open_studio(str(tiny_checkpoint), Generation(adapters=tuple(some)), lambda _: None)
    assert asked == [USUAL_KEYS, USUAL_KEYS + 8 * KEYS, USUAL_KEYS + 8 * (KEYS + 5)]
