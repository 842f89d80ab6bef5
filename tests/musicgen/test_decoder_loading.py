"""Weights: from a folder in the hub's layout, into each of the layouts a device wants."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

from support import oracles

from engine.composers.musicgen.decoders.reference import ReferenceDecoder
from engine.composers.musicgen.files.checkpoints import find
from engine.composers.musicgen.model import weights
from engine.composers.musicgen.model.codec import CodecStream, CodecWeights
from engine.composers.musicgen.model.decoder import Conditioning, Decoder
from engine.composers.musicgen.model.device import fitting
from engine.composers.musicgen.model.fused import balanced
from engine.composers.musicgen.model.matrices import (
    Dense,
    Integers,
    Packed,
    Rounded,
    integers,
    matrix,
    saturates,
)
from engine.composers.musicgen.model.weights import (
    Model,
    from_transformers,
    load,
    load_transformers,
)
from engine.errors import MusmedError

CPU = torch.device("cpu")
CALM = "calm piano music"


def opened(folder: Path, dtype: Any = torch.float32) -> Model:
    return load(find(str(folder)), device=CPU, dtype=dtype)


def greedy(model: Model, decoder: Any = None, count: int = 60) -> Any:
    text = Conditioning(model.text_states(CALM))
    frames = (decoder or Decoder(model)).frames(text, None, count, seed=0, temperature=0.0)
    return torch.cat(list(frames), dim=-1)


def said_by(model: Model, count: int = 60) -> oracles.Run:
    """What a model's own decoder says greedily on the text that it read itself."""
    return oracles.decode(Decoder(model), Conditioning(model.text_states(CALM)), None, count)


def assert_says(model: Model, said: oracles.Run) -> None:
    """The same weights lie elsewhere in memory, by which a BLAS may choose another kernel."""
    oracles.assert_same_codes(Decoder(model), Conditioning(model.text_states(CALM)), said)


@pytest.mark.parametrize("stereo", [False, True])
def test_a_folder_is_the_model_that_was_saved(request: Any, tokenizer: Any, stereo: bool) -> None:
    name = "tiny_stereo" if stereo else "tiny"
    saved = from_transformers(request.getfixturevalue(f"{name}_model"), tokenizer)
    model = opened(request.getfixturevalue(f"{name}_checkpoint"))
    assert (model.channels, model.codebooks) == ((2, 8) if stereo else (1, 4))
    assert (model.sample_rate, model.frame_rate) == (32000, 50)
    states = saved.text_states(CALM)
    assert (model.text_states(CALM) - states).abs().max() < 1e-5 * states.abs().max()
    said = said_by(saved)
    assert_says(model, said)
    codes = said.codes[0]
    ours = CodecStream(CodecWeights(model.codec)).push(codes)
    assert abs(ours - CodecStream(CodecWeights(saved.codec)).push(codes)).max() < 1e-5


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no list of what is mapped")
@pytest.mark.parametrize("dtype", [torch.float32, torch.int8])
def test_a_loaded_model_lets_its_files_go(
    tiny_checkpoint: Path, tmp_path: Path, dtype: Any
) -> None:
    """Or the whole checkpoint would stay in memory beside what was made of it."""
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "held")
    model = opened(folder, dtype)
    assert str(folder) not in Path("/proc/self/maps").read_text("utf-8")
    assert model.codebooks


def test_loading_says_how_far_it_is(tiny_checkpoint: Path) -> None:
    shares: list[float] = []
    load(find(str(tiny_checkpoint)), device=CPU, dtype=torch.float32, progress=shares.append)
    assert len(shares) > 50
    assert shares == sorted(shares)
    assert shares[0] >= 0
    assert shares[-1] == 1


def test_the_hubs_older_names_are_read_too(tiny_checkpoint: Path, tmp_path: Path) -> None:
    """The hub's files were saved with weight_g and weight_v, and with the position table."""
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "old")
    state = safetensors.load_file(folder / "model.safetensors")
    renamed = {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor
        for name, tensor in state.items()
    }
    assert renamed.keys() != state.keys()
    renamed["decoder.model.decoder.embed_positions.weights"] = torch.zeros(2048, 32)
    safetensors.save_file(renamed, folder / "model.safetensors", {"format": "pt"})
    old, new = opened(folder), opened(tiny_checkpoint)
    said = said_by(new)
    assert_says(old, said)
    one, other = (
        CodecStream(CodecWeights(model.codec)).push(said.codes[0]) for model in (old, new)
    )
    assert abs(one - other).max() < 1e-5


def test_half_precision_files_leave_text_and_codec_float32(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "half")
    state = safetensors.load_file(folder / "model.safetensors")
    halves = {name: t.half() if t.is_floating_point() else t for name, t in state.items()}
    safetensors.save_file(halves, folder / "model.safetensors", {"format": "pt"})
    model = opened(folder)
    assert model.text_states(CALM).dtype == torch.float32
    assert next(model.codec.parameters()).dtype == torch.float32
    assert model.decoder.dtype == torch.float32
    assert greedy(model).shape == (4, 60)


@pytest.mark.parametrize(
    "lost",
    [
        "decoder.model.decoder.layers.1.fc1.weight",
        "text_encoder.encoder.block.0.layer.0.SelfAttention.q.weight",
        "audio_encoder.decoder.layers.1.lstm.weight_hh_l0",
    ],
)
def test_a_missing_tensor_is_named(tiny_checkpoint: Path, tmp_path: Path, lost: str) -> None:
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "less")
    state = safetensors.load_file(folder / "model.safetensors")
    del state[lost]
    safetensors.save_file(state, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(MusmedError, match="models get") as complaint:
        opened(folder)
    assert lost.split(".")[-2] in str(complaint.value)


def test_a_damaged_file_is_a_sentence(tiny_checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "cut")
    checkpoint = find(str(folder))
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(MusmedError, match="can't be used"):
        load(checkpoint, device=CPU, dtype=torch.float32)


def set_in(part: str, **values: object) -> Callable[[dict[str, Any]], None]:
    return lambda config: config[part].update(values)


UNFIT: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "heads that don't divide": (set_in("decoder", num_attention_heads=5), "5 attention heads"),
    "no heads": (set_in("decoder", num_attention_heads=0), "can't be used"),
    "one codebook": (set_in("decoder", num_codebooks=1), "1 codebooks"),
    "no codebooks": (set_in("decoder", num_codebooks=0), "0 codebooks"),
    "another number of codebooks": (set_in("decoder", num_codebooks=9), "is missing"),
    "no samples": (set_in("audio_encoder", sampling_rate=0), "0 samples a second"),
    "negative samples": (set_in("audio_encoder", sampling_rate=-32000), "samples a second"),
    "no ratios": (set_in("audio_encoder", upsampling_ratios=[]), "can't be used|places"),
    "layers in words": (set_in("decoder", num_hidden_layers="2"), "num_hidden_layers"),
    "a quantised text encoder": (
        set_in(
            "text_encoder",
            quantization_config={"quant_method": "bitsandbytes", "load_in_8bit": True},
        ),
        "text_encoder is quantised",
    ),
    "few places": (set_in("decoder", max_position_embeddings=300), "300 places.* take 1504"),
    "one place too few": (set_in("decoder", max_position_embeddings=1503), "1503 places"),
    "endless places": (set_in("decoder", max_position_embeddings=10**11), "100000000000 places"),
}


@pytest.mark.parametrize("case", UNFIT, ids=lambda case: case.replace(" ", "-"))
@pytest.mark.parametrize("open_it", [load, load_transformers], ids=["ours", "theirs"])
def test_a_config_that_does_not_fit_is_a_sentence(
    case: str, open_it: Callable[..., object], tiny_checkpoint: Path, tmp_path: Path
) -> None:
    change, said = UNFIT[case]
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "mine")
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(MusmedError, match=said) as refused:
        open_it(find(str(folder)), device=CPU, dtype=torch.float32)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(".")


def test_a_melody_model_needs_places_for_its_prefix(build: Any, tmp_path: Path) -> None:
    """1504 of a window, 20 of the melody, 256 of a text."""
    settings = build.melody_config()
    folder = build.checkpoint(build.model(settings), tmp_path / "mine")
    for places in (1779, 1780):
        config = json.loads((folder / "config.json").read_text())
        set_in("decoder", max_position_embeddings=places)(config)
        (folder / "config.json").write_text(json.dumps(config))
        if places == 1780:
            assert len(opened(folder).decoder.positions) == places
        else:
            with pytest.raises(MusmedError, match=r"1779 places.* take 1780"):
                opened(folder)


def test_just_enough_places_are_enough(tiny_checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "mine")
    config = json.loads((folder / "config.json").read_text())
    set_in("decoder", max_position_embeddings=1504)(config)
    (folder / "config.json").write_text(json.dumps(config))
    model = opened(folder)
    text = Conditioning(model.text_states(CALM))
    known = torch.zeros((4, 1498), dtype=torch.long)
    decoder = Decoder(model, max_seconds=30)
    codes = list(decoder.frames(text, known, 1500, seed=0, temperature=0.0))
    assert torch.cat(codes, dim=-1).shape == (4, 2)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("MPS backend out of memory (MPS allocated: 17.9 GB)"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED"),
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
    ],
    ids=lambda error: str(error)[:12] or "MemoryError",
)
@pytest.mark.parametrize("part", ["fuse", "safe_open", "_tokenizer"])
def test_running_out_of_memory_is_not_the_files_fault(
    error: Exception, part: str, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(weights, part, full)
    with (
        pytest.raises(MusmedError, match=r"musicgen-large does not fit .* musicgen-medium\."),
        fitting("musicgen-large", CPU),
    ):
        opened(tiny_checkpoint)


def test_no_program_of_a_checkpoint_is_run(tiny_checkpoint: Path, tmp_path: Path) -> None:
    """Whoever asks says no before transformers would ask."""
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "mine")
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    settings |= {"tokenizer_class": "Tok", "auto_map": {"AutoTokenizer": ["evil.Tok", None]}}
    path.write_text(json.dumps(settings))
    ran = tmp_path / "ran"
    program = f"open({str(ran)!r}, 'w')\nclass Tok: pass\n"
    (folder / "evil.py").write_text(program)
    with contextlib.suppress(MusmedError):
        opened(folder)
    assert not ran.exists()


def test_transformers_is_told_not_to_trust(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers

    told: list[object] = []

    def watch(kind: Any) -> None:
        real = kind.from_pretrained

        def asked(*given: object, **how: object) -> object:
            told.append(how.get("trust_remote_code"))
            return real(*given, **how)

        monkeypatch.setattr(kind, "from_pretrained", asked)

    for kind in (
        transformers.AutoTokenizer,
        transformers.T5EncoderModel,
        transformers.EncodecModel,
    ):
        watch(kind)
    opened(tiny_checkpoint)
    assert told == [False, False, False]


def test_the_reference_is_loaded_from_the_same_folder(tiny_checkpoint: Path) -> None:
    reference, tokenizer = load_transformers(
        find(str(tiny_checkpoint)), device=CPU, dtype=torch.float32
    )
    ours, theirs = opened(tiny_checkpoint), from_transformers(reference, tokenizer)
    said = oracles.watch_transformers(
        reference, None, lambda: greedy(theirs, ReferenceDecoder(reference))
    )
    assert_says(ours, said)


class TestMatrices:
    def weight(self) -> Any:
        return torch.randn((96, 64), generator=torch.Generator().manual_seed(0))

    @pytest.mark.parametrize("shape", [(2, 1, 64), (1, 1, 64), (2, 37, 64), (3, 64)])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    def test_every_layout_is_the_same_product(self, shape: tuple[int, ...], dtype: Any) -> None:
        weight, x = self.weight().to(dtype), torch.randn(shape).to(dtype)
        exact = x.double() @ weight.double().T
        made = matrix(weight, CPU, dtype)
        for product in (made(x), Dense(weight)(x)):
            assert product.shape == exact.shape
            allowed = 1e-5 if dtype == torch.float32 else 1e-2
            assert (product.double() - exact).abs().max() < allowed * exact.abs().max()
        for each in (made, Dense(weight)):
            total = torch.ones(exact.shape, dtype=dtype)
            each.add(total, x)
            assert (total.double() - 1 - exact).abs().max() < allowed * exact.abs().max()
        assert torch.equal(made.dense(), weight)
        assert made.bytes() == Dense(weight).bytes()

    def test_the_cpu_gets_its_own_layout(self) -> None:
        if not torch.backends.mkldnn.is_available():
            pytest.skip("this torch has no oneDNN")
        assert isinstance(matrix(self.weight(), CPU, torch.float32), Packed)

    @pytest.fixture(params=[Rounded, Integers])
    def rounding(self, request: Any) -> Any:
        if request.param is Integers and not integers():
            pytest.skip("this torch has no FBGEMM")
        return request.param.of

    def test_rounding_keeps_a_row_within_half_a_step(self, rounding: Any) -> None:
        weight = self.weight()
        rounded = rounding(weight)
        step = weight.abs().amax(dim=1, keepdim=True) / 127
        # a scale that is a bfloat16 is rounded up: at most 2/256 larger
        assert ((rounded.dense() - weight).abs() <= step / 2 * (1 + 3 / 256)).all()
        assert rounded.bytes() < Dense(weight).bytes() / 3.7

    def test_rounded_products_are_near(self, rounding: Any) -> None:
        weight, x = self.weight(), torch.randn(2, 1, 64)
        exact = x @ weight.T
        product = rounding(weight)(x)
        assert product.shape == exact.shape
        assert (product - exact).norm() < 0.02 * exact.norm()
        total = torch.ones_like(exact)
        rounding(weight).add(total, x)
        assert (total - 1 - product).abs().max() < 1e-5

    def test_a_position_does_not_suffer_from_a_louder_one(self, rounding: Any) -> None:
        weight, x = self.weight(), torch.randn(2, 3, 64)
        x[:, 1:] *= 1000
        alone, beside = rounding(weight)(x[:, :1]), rounding(weight)(x)
        exact = x[:, :1] @ weight.T
        for product in (alone, beside[:, :1]):
            assert (product - exact).norm() < 0.02 * exact.norm()

    def test_large_sums_are_not_cut_off(self, rounding: Any) -> None:
        """Every product at its largest: where 16 bits hold two of them, 7 bits are taken."""
        product = rounding(torch.full((64, 64), 127.0))(torch.ones(2, 1, 64))
        assert (product - 127 * 64).abs().max() < 0.01 * 127 * 64
        if integers():
            assert isinstance(saturates(), bool)

    def test_rows_of_zeros_are_zeros(self, rounding: Any) -> None:
        assert not rounding(self.weight())(torch.zeros(2, 1, 64)).any()


def test_a_channel_that_is_loud_after_a_norm_does_not_take_the_others_steps() -> None:
    """What the norm makes 100 times as loud the weights make as soft: float32 hears no difference,
    and neither does int8 once both share it."""
    generator = torch.Generator().manual_seed(3)
    z, weight = (torch.randn((rows, 64), generator=generator) for rows in (8, 96))
    gain, offset = torch.ones(64), torch.zeros(64)
    gain[:3], weight[:, :3] = 100, weight[:, :3] / 100
    exact = (z * gain + offset) @ weight.T

    def off(gain: Any, offset: Any, weight: Any) -> float:
        product = matrix(weight, CPU, torch.int8)((z * gain + offset)[None])[0]
        return float((product - exact).norm() / exact.norm())

    (new_gain, new_offset), new_weight = balanced((gain, offset), weight)
    assert ((z * new_gain + new_offset) @ new_weight.T - exact).abs().max() < 1e-3
    assert off(new_gain, new_offset, new_weight) < 0.02
    if integers():
        assert off(gain, offset, weight) > 0.1


def test_norms_and_weights_of_zeros_stay_numbers() -> None:
    zeros = torch.zeros(8)
    (gain, offset), weight = balanced((zeros, zeros), torch.zeros(4, 8))
    assert not (gain.any())
    assert not (offset.any())
    assert not (weight.any())


def test_an_int8_model_decodes_and_is_near_the_exact_one(tiny_checkpoint: Path) -> None:
    """Not the same codes: the logits of the same codes are what can be compared."""
    exact, rounded = opened(tiny_checkpoint), opened(tiny_checkpoint, torch.int8)
    codes = greedy(exact)
    assert greedy(rounded).shape == codes.shape
    text = Conditioning(exact.text_states(CALM))
    theirs, ours = (Decoder(m).logits(text, codes, 3.0) for m in (exact, rounded))
    assert (ours - theirs).norm() < 0.05 * theirs.norm()
    assert rounded.decoder.step_bytes() < exact.decoder.step_bytes() / 2.5
