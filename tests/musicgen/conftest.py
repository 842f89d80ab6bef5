"""Tiny MusicGens (``support.tiny_musicgen``) for the tests of MusicGen.

A test module that needs torch begins with ``torch = pytest.importorskip("torch")``. Where no test
may be skipped (``support.required``) a missing package fails here instead.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.required import must_run
from support.tiny_musicgen import (
    generate_codes,
    random_model,
    save_checkpoint,
    tiny_config,
    tiny_melody_config,
    tiny_tokenizer,
)

from engine.composers.musicgen.ahead import Ahead

os.environ.setdefault("HF_HUB_OFFLINE", "1")

_NEEDED = ("torch", "transformers", "peft", "safetensors", "tokenizers", "huggingface_hub")
if must_run("musicgen"):
    _missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if _missing:
        raise RuntimeError(f"Tests must run, and these are missing: {', '.join(_missing)}.")


@pytest.fixture(autouse=True)
def nobody_is_left_at_work() -> Iterator[None]:
    """Tests leave clips in their midst; their decoders would go on beside the next test's."""
    begun: list[Ahead[Any]] = []
    real = Ahead.__init__

    def begin(ahead: Ahead[Any], make: Any) -> None:
        begun.append(ahead)
        real(ahead, make)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ahead, "__init__", begin)
        yield
    for ahead in begun:
        ahead.close()


@pytest.fixture(scope="session")
def tiny_model() -> Any:
    """A mono ``MusicgenForConditionalGeneration``. Shared: copy it (``copy.deepcopy``) before
    changing it."""
    pytest.importorskip("transformers")
    return random_model(tiny_config())


@pytest.fixture(scope="session")
def tiny_stereo_model() -> Any:
    """The same with two channels: 8 codebooks, left and right in turn."""
    pytest.importorskip("transformers")
    return random_model(tiny_config(channels=2))


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny_model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``tiny_model`` in a folder. Shared: copy the folder before changing it."""
    return save_checkpoint(tiny_model, tmp_path_factory.mktemp("hub") / "musicgen-tiny")


@pytest.fixture(scope="session")
def tiny_stereo_checkpoint(
    tiny_stereo_model: Any, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """``tiny_stereo_model`` in a folder."""
    return save_checkpoint(tiny_stereo_model, tmp_path_factory.mktemp("hub") / "musicgen-tiny-s")


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """The tiny models' tokenizer."""
    pytest.importorskip("transformers")
    return tiny_tokenizer()


@pytest.fixture(scope="session", name="generate_codes")
def generate_codes_fixture() -> Any:
    """``generate_codes`` for test modules, which can't import this one."""
    pytest.importorskip("transformers")
    return generate_codes


@pytest.fixture(scope="session")
def build() -> Any:
    """``tiny_config``, ``random_model`` and ``save_checkpoint`` for tests of other shapes."""
    pytest.importorskip("transformers")
    return SimpleNamespace(
        config=tiny_config,
        melody_config=tiny_melody_config,
        model=random_model,
        checkpoint=save_checkpoint,
        tokenizer=tiny_tokenizer,
    )
