"""What a model multiplies in: settled by wish, session and machine, measured of the very weights,
and the same wherever a session goes on."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from support.tiny_musicgen import save_checkpoint

from engine.affect.circumplex import Affect
from engine.composers.choice import check_composer
from engine.composers.musicgen import auto_precision, precision
from engine.composers.musicgen.composer import MusicGenComposer
from engine.composers.musicgen.files.checkpoints import find
from engine.composers.musicgen.files.measured import FILE, Measured, key_of
from engine.composers.musicgen.precision import Figures, Here, Settled, settle
from engine.composers.precision import USUAL
from engine.errors import MusmedError
from engine.plan.generation import Generation
from engine.plan.planner import make_plan
from engine.plan.request import Request
from musmed_tui.doctor.precision import precisions

LAPTOP = Here("cpu", "bfloat16", frozenset({"float32", "bfloat16", "int8"}))
OLD = Here("cpu", "float32", frozenset({"float32", "int8"}))
GPU = Here("cuda", "float16", frozenset({"float32", "float16", "bfloat16"}))
REQUEST = Request(start=Affect(-0.4, 0.6), target=Affect(0.5, -0.5), minutes=1, seed=9)


@pytest.mark.parametrize(
    ("wish", "so_far", "here", "settled"),
    [
        ("auto", "", LAPTOP, Settled("bfloat16", measures=True)),
        ("auto", "", OLD, Settled("float32", measures=True)),
        ("auto", "", GPU, Settled("float16")),
        ("int8", "", LAPTOP, Settled("int8")),
        ("float32", "", GPU, Settled("float32")),
        ("auto", "int8", LAPTOP, Settled("int8")),
        ("auto", "bfloat16", LAPTOP, Settled("bfloat16")),
        ("int8", "float32", LAPTOP, Settled("float32")),
        ("auto", USUAL, LAPTOP, Settled("bfloat16")),
        ("auto", USUAL, GPU, Settled("float16")),
    ],
)
def test_what_it_comes_to(wish: Any, so_far: str, here: Here, settled: Settled) -> None:
    assert settle(wish, so_far, "ours", here) == settled


def test_only_our_decoder_is_rounded() -> None:
    assert settle("auto", "", "reference", LAPTOP) == Settled("bfloat16")
    for decoder in ("reference", "audiocraft"):
        with pytest.raises(MusmedError, match=f"--decoder {decoder} takes float32 or bfloat16"):
            check_composer_of(Generation(precision="int8", decoder=decoder))


def check_composer_of(generation: Generation) -> None:
    """As the front does, which has no torch."""
    check_composer("musicgen-small", generation)


@pytest.mark.parametrize(
    ("wish", "here", "said"),
    [
        ("int8", GPU, "int8 is for a CPU, and the GPU here composes; choose --precision auto."),
        ("bfloat16", OLD, "The processor here does not take bfloat16; choose --precision auto."),
    ],
)
def test_a_wish_that_can_t_be_met_is_refused(wish: Any, here: Here, said: str) -> None:
    with pytest.raises(MusmedError) as refused:
        settle(wish, "", "ours", here)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("so_far", "here", "now"),
    [("float16", LAPTOP, "bfloat16"), ("int8", GPU, "float16"), ("bfloat16", OLD, "float32")],
)
def test_a_session_of_another_machine_goes_on_and_says_so(
    so_far: str, here: Here, now: str
) -> None:
    settled = settle("auto", so_far, "ours", here)
    assert (settled.format, settled.measures) == (now, False)
    where = "processor" if here.device == "cpu" else "GPU"
    assert settled.notice == (
        f"This session was composed in {so_far} so far, which the {where} here does not take; what "
        f"is composed now is in {now} and may sound a little different."
    )


def test_the_bound() -> None:
    fine = Figures(mean=0.02, high=0.25, changed=0.5, places=2000)
    assert fine.passes
    damaged = ({"mean": -0.1}, {"high": -0.1}, {"mean": math.nan})
    for worse in ({"mean": 0.021}, {"high": 0.26}, {"places": 0}, *damaged):
        assert not msgspec.structs.replace(fine, **worse).passes


def test_figures_are_kept_and_a_damaged_file_is_none(tmp_path: Path) -> None:
    measured = Measured(tmp_path)
    figures = Figures(0.01, 0.1, 0.02, 2000)
    assert measured.of("a") is None
    measured.keep("a", figures)
    measured.keep("b", auto_precision.NO_ROOM)
    assert Measured(tmp_path).of("a") == figures
    assert Measured(tmp_path).of("b") == auto_precision.NO_ROOM
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    (tmp_path / FILE).write_bytes(b'{"a": 3}')
    assert measured.of("a") is None
    measured.keep("a", figures)
    assert measured.of("a") == figures


torch = pytest.importorskip("torch")

from engine.composers.musicgen import loaded_model
from engine.composers.musicgen.loaded_model import Studio, open_studio
from engine.composers.musicgen.model import device as devices
from engine.composers.musicgen.model import rounding, weights


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CPU whose cache knows nothing yet, and small decoders are rounded too."""
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(precision, "WORTH_WEIGHTS", 0)
    exact = (torch.device("cpu"), torch.float32)
    monkeypatch.setattr(devices, "choose_device", lambda: exact)
    return tmp_path


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """In what models were loaded, in order."""
    seen: list[Any] = []
    load = weights.load

    def seeing(*args: Any, **how: Any) -> Any:
        seen.append(how["dtype"])
        return load(*args, **how)

    monkeypatch.setattr(weights, "load", seeing)
    return seen


@pytest.fixture(scope="module")
def outliers(tiny_model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model in which matrices after attention and activation have a large column for a channel
    that is always 0: in float32 it does nothing, in 8 bits its scale rounds all else of the row
    away. (After a norm it would not: ``fused.balanced``.)"""
    model = copy.deepcopy(tiny_model)
    with torch.no_grad():
        for layer in model.decoder.model.decoder.layers:
            layer.fc2.weight.mul_(30)  # so that what the layers say is heard beside the codes
            attention = layer.self_attn
            for silent, after in ((layer.fc1, layer.fc2), (attention.v_proj, attention.out_proj)):
                silent.weight[0] = 0
                after.weight[:, 0] = 1000 * after.weight.abs().max()
    return save_checkpoint(model, tmp_path_factory.mktemp("outliers") / "musicgen-outliers")


def opened(folder: Path, so_far: str = "", **generation: Any) -> Studio:
    return open_studio(str(folder), Generation(**generation), lambda _: None, so_far)


def test_weights_that_pass_are_rounded_and_measured_once(
    home: Path, tiny_checkpoint: Path, loads: list[Any]
) -> None:
    told: list[float] = []
    studio = open_studio(str(tiny_checkpoint), Generation(), told.append)
    assert studio.precision == "int8"
    assert loads == [torch.float32, torch.int8], "the one that was measured composes"
    assert told == sorted(told), "progress only grows"
    assert sum(0.25 < share < 0.65 for share in told) >= 4, "while codes are drawn, too"
    figures = Measured().of(key_of(find(str(tiny_checkpoint)), (), devices.what_multiplies()))
    assert figures is not None
    assert figures.passes
    assert figures.places == 4 * 4 * (rounding.FRAMES - 3)
    assert 0.0 < figures.mean < figures.high
    assert opened(tiny_checkpoint).precision == "int8"
    assert loads == [torch.float32, torch.int8, torch.int8]


def test_weights_that_do_not_pass_are_not_rounded(
    home: Path, outliers: Path, loads: list[Any]
) -> None:
    told: list[float] = []
    studio = open_studio(str(outliers), Generation(), told.append)
    assert studio.precision == "float32"
    assert loads == [torch.float32, torch.int8, torch.float32]
    assert told == sorted(told)
    figures = Measured().of(key_of(find(str(outliers)), (), devices.what_multiplies()))
    assert figures is not None
    assert not figures.passes
    assert opened(outliers).precision == "float32"
    assert loads[3:] == [torch.float32], "what is known is not measured again"
    assert opened(outliers, precision="int8").precision == "int8", "who asks for it has it"
    (said,) = itertools.islice(
        (f.text for f in precisions(told_of(outliers), [str(outliers)]) if "nats" in f.text), 1
    )
    assert said.endswith("'auto' is float32.")


def told_of(folder: Path) -> dict[str, Any]:
    able = devices.here()
    multiplies = devices.what_multiplies()
    return {"usual": able.usual, "takes": sorted(able.takes), "multiplies": multiplies}


def test_weights_without_room_in_float32_are_neither_measured_nor_rounded(
    home: Path, tiny_checkpoint: Path, loads: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auto_precision, "memory", lambda: 1_000)
    assert opened(tiny_checkpoint).precision == "float32"
    assert loads == [torch.float32]
    monkeypatch.setattr(auto_precision, "memory", lambda: 1 << 40)

    def full(*_: Any) -> Any:
        raise RuntimeError("can't allocate memory: you tried to allocate 1 bytes")

    monkeypatch.setattr(rounding, "draw_codes", full)
    assert opened(tiny_checkpoint).precision == "float32"


def test_an_interrupted_measurement_leaves_nothing(
    home: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rounding, "compare", interrupted)
        with pytest.raises(KeyboardInterrupt):
            opened(tiny_checkpoint)
    assert not list((home / "home").rglob("int8*"))
    assert opened(tiny_checkpoint).precision == "int8"


def test_an_adapter_and_its_scale_are_measured_apart(
    home: Path, tiny_checkpoint: Path, adapter_of: Callable[[float], Any]
) -> None:
    checkpoint = find(str(tiny_checkpoint))
    keys = {
        key_of(checkpoint, adapters, machine)
        for adapters in ((), (adapter_of(1.0),), (adapter_of(0.5),))
        for machine in ("torch 1", "torch 2")
    }
    assert len(keys) == 6


@pytest.fixture
def adapter_of(tmp_path: Path) -> Callable[[float], Any]:
    from engine.composers.musicgen.files.adapters import Adapter

    file = tmp_path / "adapter_model.safetensors"
    file.write_bytes(b"weights")
    return lambda scale: Adapter("a", file, scale, "", ())


def beginning(composer: MusicGenComposer) -> Any:
    clip = make_plan(REQUEST).clips[0]
    chunks = composer.compose(clip, None, lambda: False).chunks()
    return np.concatenate(list(itertools.islice(chunks, 20)))


def test_a_session_goes_on_in_what_it_was_composed_in(
    home: Path, tiny_checkpoint: Path, loads: list[Any]
) -> None:
    """Whatever 'auto' comes to by now; and a model that multiplies so serves again."""
    composer = MusicGenComposer(str(tiny_checkpoint))
    assert composer.load(Generation(), lambda _: None) == ""
    assert composer.traits.precision == "int8"
    rounded = beginning(composer)
    del loads[:]
    composer.load(Generation(), lambda _: None, "int8")
    composer.load(Generation(precision="int8"), lambda _: None)
    assert not loads
    composer.load(Generation(), lambda _: None, USUAL)
    assert composer.traits.precision == "float32"
    assert loads == [torch.float32]
    exact = beginning(composer)
    assert not np.array_equal(exact, rounded)
    composer.load(Generation(), lambda _: None, "int8")
    assert np.array_equal(beginning(composer), rounded)
    notice = composer.load(Generation(), lambda _: None, "float16")
    assert composer.traits.precision == "float32"
    assert notice.startswith("This session was composed in float16 so far")
    assert np.array_equal(beginning(composer), exact)


def test_small_decoders_are_not_rounded_unasked(
    home: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("MUSMED_HOME", str(home / "home"))
    studio = opened(tiny_checkpoint)
    assert studio.precision == devices.here().usual
    assert not (home / "home").exists()
    assert loaded_model.UNSETTLED.format == "float32"
