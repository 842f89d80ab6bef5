"""The adapter that a training writes: peft loads it, and our own files merge it to the same
weights."""

from __future__ import annotations

import copy
import json
import stat
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
peft = pytest.importorskip("peft")

from support.tiny_musicgen import random_model, save_checkpoint, tiny_config
from support.tiny_training import RECIPE, trained_adapter

from engine.composers.musicgen.files.adapters import AdapterWish, find_adapter
from engine.composers.musicgen.files.checkpoints import Checkpoint, find
from engine.composers.musicgen.model.merging import merge
from engine.errors import MusmedError
from engine.training.adapter_files import save_adapter


@pytest.fixture(scope="module")
def model() -> Any:
    return random_model(tiny_config())


@pytest.fixture(scope="module")
def base(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return find(str(save_checkpoint(model, tmp_path_factory.mktemp("hub") / "musicgen-small")))


def test_peft_loads_it_and_merges_the_weights_that_we_do(
    model: Any, base: Checkpoint, tmp_path: Path
) -> None:
    trained = trained_adapter(model)
    save_adapter(trained, RECIPE, base, tmp_path / "mine")
    theirs = peft.PeftModel.from_pretrained(copy.deepcopy(model), tmp_path / "mine")
    merged = theirs.merge_and_unload().state_dict()

    adapter = find_adapter(AdapterWish(str(tmp_path / "mine")), base)
    ours = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    merge(ours, [adapter])
    before = model.state_dict()
    changed = {name for name in before if not torch.equal(merged[name], before[name])}
    # Two layers, two attentions of four projections each, and fc1 and fc2.
    assert len(changed) == len(adapter.changes) == 2 * (2 * 4 + 2)
    assert all(name.startswith("decoder.model.decoder.layers.") for name in changed)
    for name, weight in merged.items():
        assert (ours[name] - weight).abs().max() <= 1e-6 * weight.abs().max().clamp(min=1), name
    layer = trained.decoder.model.decoder.layers[1].fc2
    delta = layer.get_delta_weight("default")
    moved = merged["decoder.model.decoder.layers.1.fc2.weight"] - layer.base_layer.weight
    assert torch.allclose(moved, delta, atol=1e-6)


def test_the_base_s_own_codes_follow_what_was_trained(
    model: Any, base: Checkpoint, tmp_path: Path
) -> None:
    """peft's model of the whole, not merged, says what the trained decoder said."""
    trained = trained_adapter(model).eval()
    save_adapter(trained, RECIPE, base, tmp_path / "mine")
    theirs = peft.PeftModel.from_pretrained(copy.deepcopy(model), tmp_path / "mine").eval()
    codes = torch.randint(0, 64, (4, 6), generator=torch.Generator().manual_seed(1))
    heard = {"input_ids": codes, "encoder_hidden_states": torch.zeros(1, 3, 32)}
    with torch.no_grad():
        said = theirs.base_model.model.decoder(**heard).logits
        assert torch.equal(said, trained.decoder(**heard).logits)
        assert not torch.allclose(said, model.decoder(**heard).logits, atol=1e-3)


def test_what_it_says_of_itself(model: Any, base: Checkpoint, tmp_path: Path) -> None:
    folder = tmp_path / "run" / "mine"
    save_adapter(trained_adapter(model), RECIPE, base, folder)
    said = json.loads((folder / "adapter_config.json").read_text())
    assert said["base_model_name_or_path"] == "facebook/musicgen-small"
    assert (said["peft_type"], said["r"], said["lora_alpha"]) == ("LORA", 4, 6.0)
    assert said["target_modules"] == sorted(said["target_modules"])
    assert str(tmp_path) not in json.dumps(said)
    assert {file.name for file in folder.iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
    }
    assert [path.name for path in folder.parent.iterdir()] == ["mine"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_peft_opens_its_base_too(
    model: Any, base: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_adapter(trained_adapter(model), RECIPE, base, tmp_path / "mine")
    config = tmp_path / "mine" / "adapter_config.json"
    config.write_text(config.read_text().replace("facebook/musicgen-small", str(base.folder)))
    opened = peft.AutoPeftModel.from_pretrained(tmp_path / "mine")
    assert type(opened.get_base_model()).__name__ == "MusicgenForConditionalGeneration"


def test_written_again_it_is_the_new_one(model: Any, base: Checkpoint, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    save_adapter(trained_adapter(model, 1), RECIPE, base, folder)
    first = (folder / "adapter_model.safetensors").read_bytes()
    (folder / "left-over").touch()
    save_adapter(trained_adapter(model, 2), RECIPE, base, folder)
    assert (folder / "adapter_model.safetensors").read_bytes() != first
    assert not (folder / "left-over").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_no_numbers_and_no_room_are_a_sentence_and_leave_what_was_there(
    model: Any, base: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    save_adapter(trained_adapter(model), RECIPE, base, folder)
    kept = (folder / "adapter_model.safetensors").read_bytes()
    with pytest.raises(MusmedError, match=r"no numbers .*lower learning rate"):
        save_adapter(trained_adapter(model, size=float("nan")), RECIPE, base, folder)

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("engine.training.adapter_files.write_private", full)
    with pytest.raises(MusmedError, match=r"No space left on device.*--resume"):
        save_adapter(trained_adapter(model, 2), RECIPE, base, folder)
    assert (folder / "adapter_model.safetensors").read_bytes() == kept
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
