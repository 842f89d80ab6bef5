"""CLAP: sounds and words in one space of embeddings (Wu et al. 2023, arXiv 2211.06687).

By transformers' ``ClapModel``. It hears 10 s at once: a clip is cut into windows of 10 s, the raw
embeddings of these are averaged, and the mean is normalised. ``laion/larger_clap_music``
(Apache-2.0) unless another is named; figures of different checkpoints can't be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub.errors import StrictDataclassError as Strict
from torch.nn import functional

from engine.audio.format import SAMPLE_RATE
from engine.errors import MusmedError
from engine.evaluation.judges.base import Embeddings
from engine.evaluation.judges.weights import read_weights
from engine.evaluation.results import JudgeRecord
from engine.evaluation.spans import Floats, hear_spans
from engine.hub_cache import is_repo_name, snapshots
from engine.meter.files import Heard, Progress
from engine.places import look_at

REPO = "laion/larger_clap_music"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
WINDOW = 10.0
LEAST = 1.0
"""Seconds of a clip's last window; what is shorter is left out."""
AT_ONCE = 16


class Clap:
    """``place``: a folder in the hub's layout, a hub repository that is in its cache, or None for
    ``REPO``. Raises ``MusmedError`` for what is not here or is no CLAP."""

    def __init__(self, place: str | None = None) -> None:
        folder = _folder(place)
        self.record = JudgeRecord(
            name="CLAP",
            version=_version(place, folder),
            domain=(
                "How near sounds and words lie in a space learnt from captions of music and "
                "sounds; trained on neither feelings nor paths."
            ),
            licence="Apache-2.0" if (place or REPO) == REPO else "as its card says",
        )
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model, self._features, self._tokenizer = _load(folder, self._device)

    def texts(self, prompts: Sequence[str]) -> Embeddings:
        """Of length 1."""
        made = []
        for at in range(0, len(prompts), AT_ONCE):
            tokens = self._tokenizer(
                list(prompts[at : at + AT_ONCE]),
                padding=True,
                truncation=True,
                max_length=77,
                return_tensors="pt",
            ).to(self._device)
            with torch.inference_mode():
                told = self._model.text_model(
                    input_ids=tokens.input_ids, attention_mask=tokens.attention_mask
                )
                raw = self._model.text_projection(told.pooler_output)
                made.append(functional.normalize(raw, dim=-1).double().cpu().numpy())
        return np.concatenate(made)

    def windows(self, mono: Floats) -> Embeddings:
        """Of (n,) samples at 48 kHz the raw embeddings of its windows of 10 s, in their order; the
        last one, if it is shorter, is repeated to fill them. (0, dimensions) of less than 1 s."""
        step, least = int(WINDOW * SAMPLE_RATE), int(LEAST * SAMPLE_RATE)
        pieces = [mono[at : at + step] for at in range(0, len(mono), step)]
        pieces = [piece for piece in pieces if len(piece) >= least]
        starts = range(0, len(pieces), AT_ONCE)
        made = [self._embed(pieces[at : at + AT_ONCE]) for at in starts]
        return np.concatenate([np.zeros((0, int(self._model.config.projection_dim))), *made])

    def clips(
        self, sound: Path, spans: Sequence[tuple[float, float]], progress: Progress
    ) -> tuple[list[Embeddings], Heard]:
        """The windows of each of ``spans`` (seconds from and to) of a sound file, and what the file
        was. Raises ``MusmedError`` as ``hear_file`` does."""
        found: dict[int, Embeddings] = {}

        def take(number: int, mono: Floats) -> None:
            found[number] = self.windows(mono)

        heard = hear_spans(sound, spans, take, progress)
        return [found[number] for number in range(len(spans))], heard

    def _embed(self, pieces: Sequence[Floats]) -> Embeddings:
        made = self._features(
            list(pieces), sampling_rate=SAMPLE_RATE, padding="repeatpad", return_tensors="pt"
        )
        with torch.inference_mode():
            told = self._model.audio_model(
                input_features=made["input_features"].float().to(self._device),
                is_longer=torch.zeros(len(pieces), 1, dtype=torch.bool, device=self._device),
            )
            raw = self._model.audio_projection(told.pooler_output)
        return np.asarray(raw.double().cpu().numpy())


def _folder(place: str | None) -> Path:
    if place is not None and look_at(Path(place), "folder of CLAP") == "folder":
        return Path(place)
    repo = place or REPO
    found = next(snapshots(repo), None) if is_repo_name(repo) else None
    if found is None:
        raise MusmedError(
            f"There is no CLAP {repo} here; 'hf download {REPO}' fetches the usual one, and "
            "--judge clap=FOLDER takes one that lies elsewhere."
        )
    return found


def _version(place: str | None, folder: Path) -> str:
    """The hub's name and commit, or the folder's own name: where it lies is nobody's business."""
    if folder.parent.name == "snapshots":
        return f"{place or REPO}@{folder.name[:8]}"
    return folder.name


def _load(folder: Path, device: torch.device) -> tuple[Any, Any, Any]:
    """Model, feature extractor and tokenizer of a folder; nothing is fetched."""
    from transformers import AutoTokenizer, ClapConfig, ClapFeatureExtractor, ClapModel
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    weights = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if weights is None or not (folder / "config.json").is_file():
        raise MusmedError(
            f"{folder} holds no CLAP (config.json and {WEIGHTS[0]}); get it again, or give the "
            "folder that has them."
        )
    try:
        config = ClapConfig.from_pretrained(folder, local_files_only=True)
        if config.model_type != "clap":
            raise MusmedError(f"{folder} holds a model of type {config.model_type}, not CLAP.")
        features = ClapFeatureExtractor.from_pretrained(
            folder, local_files_only=True, truncation="rand_trunc"
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError, Strict) as error:
        raise MusmedError(
            f"{folder} lacks a part of CLAP or has a broken one; get it again."
        ) from error
    tensors = read_weights(weights, "CLAP")
    try:
        loaded: Any = ClapModel.from_pretrained(
            None, config=config, state_dict=tensors, output_loading_info=True
        )
        model, info = loaded
    except (RuntimeError, ValueError, OSError) as error:
        raise MusmedError(f"{weights} and its config.json don't agree; get it again.") from error
    if info["missing_keys"] or info.get("mismatched_keys"):
        raise MusmedError(f"These are not the weights of CLAP: {weights} lacks some; get it again.")
    return model.eval().to(device), features, tokenizer
