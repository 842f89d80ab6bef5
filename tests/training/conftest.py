"""What the tests of trainings have in common: a tiny MusicGen to train on."""

from __future__ import annotations

import pytest
from support.tiny_musicgen import random_model, save_checkpoint, tiny_config

from engine.composers.musicgen.files.checkpoints import Checkpoint, find


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A mono MusicGen with random weights, in a folder. Shared: it is read alone."""
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("hub") / "musicgen-tiny"
    return find(str(save_checkpoint(random_model(tiny_config()), folder)))
