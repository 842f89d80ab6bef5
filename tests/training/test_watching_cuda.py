"""A training watched on CUDA, where what composes shares the GPU with what is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")
if not torch.cuda.is_available():
    pytest.skip("no CUDA device here", allow_module_level=True)

from support.tiny_musicgen import random_model, save_checkpoint, tiny_config

from engine.composers.musicgen.files.checkpoints import find
from engine.training.composing import Composing, compose
from engine.training.prompts import Prompt

PROMPTS = tuple(Prompt(f"{number}", f"calm music {number}") for number in range(5))


def test_the_same_bytes_and_no_memory_kept(tmp_path: Path) -> None:
    model = random_model(tiny_config(hidden=128, layers=4))
    checkpoint = find(str(save_checkpoint(model, tmp_path / "tiny")))
    wanted = Composing(checkpoint, PROMPTS, 2.0, 0)
    cudnn = torch.backends.cudnn
    cudnn.deterministic = False
    before = torch.cuda.memory_allocated()
    sounds = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        clips = compose(wanted, None, folder, lambda said: None, lambda: False)
        sounds.append([clip.sound.read_bytes() for clip in clips])
    assert sounds[0] == sounds[1]
    assert len(set(sounds[0])) == len(PROMPTS)
    assert torch.cuda.memory_allocated() - before < 1 << 20
    assert not cudnn.deterministic
