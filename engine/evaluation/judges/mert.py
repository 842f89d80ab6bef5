"""What MERT-v1-95M hears, as Music2Emo takes it: two of its layers, averaged over time.

Li et al., *MERT: acoustic music understanding model with large-scale self-supervised training*
(ICLR 2024), weights CC-BY-NC-4.0. Its published configuration is a HuBERT's (no constant-Q input,
no deep norm, no relaxed attention), so transformers' own HuBERT computes it, and the model's code
that the hub has beside its weights is never run. Layers over the second one that is asked for are
left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub.errors import StrictDataclassError as Strict
from numpy.typing import NDArray
from transformers import HubertConfig, HubertModel

from engine.errors import MusmedError
from engine.evaluation.judges.music2emo_files import weights_in
from engine.evaluation.judges.weights import Tensors, check_shapes, read_weights
from engine.tensorfile import read_json

Floats = NDArray[np.float32]

RATE = 24_000
LAYERS = (6, 7)
"""Counted from one. Music2Emo counts from zero, without the input: 5 and 6."""
WHOSE = "MERT (m-a-p/MERT-v1-95M)"
CONFIG, LISTENING = "config.json", "preprocessor_config.json"
_KEPT = (
    *("hidden_size", "num_attention_heads", "intermediate_size", "hidden_act", "layer_norm_eps"),
    *("conv_dim", "conv_stride", "conv_kernel", "conv_bias", "num_conv_pos_embeddings"),
    *("num_conv_pos_embedding_groups", "feat_extract_norm", "feat_extract_activation"),
    "feat_proj_layer_norm",
)
_PLAIN = {
    "feature_extractor_cqt": False,
    "deepnorm": False,
    "attention_relax": -1.0,
    "do_stable_layer_norm": False,
}
_EPSILON = 1e-7
_MOST = 16
"""Convolutions; it has seven."""
_TODAY = {
    "weight_g": "parametrizations.weight.original0",
    "weight_v": "parametrizations.weight.original1",
}
"""PyTorch's names of a normalised weight's scale and direction, by those in the published file."""


class Mert:
    """Of the folder of its files, as the hub has them. Raises ``MusmedError`` for another model's
    and for what is missing or damaged."""

    def __init__(self, folder: Path) -> None:
        self._model = _model(read_json(folder / CONFIG), folder)
        listening = read_json(folder / LISTENING)
        if listening.get("sampling_rate") != RATE:
            raise MusmedError(f"{folder / LISTENING} is not {WHOSE}'s, which hears {RATE} Hz.")
        self._evens = listening.get("do_normalize", True) is not False
        wanted = {name: tuple(one.shape) for name, one in self._model.state_dict().items()}
        tensors = _renamed(read_weights(weights_in(folder, WHOSE), WHOSE))
        check_shapes(tensors, wanted, WHOSE)
        self._model.load_state_dict({name: tensors[name].float() for name in wanted}, assign=True)
        self._model.eval()
        self.width = int(self._model.config.hidden_size)

    @torch.inference_mode()
    def hear(self, sound: Floats) -> Any:  # noqa: ANN401 - a tensor
        """(2 x ``width``,) of (n,) samples at ``RATE``: the means over time of both layers."""
        sound = sound.astype(np.float32)
        if self._evens:
            sound = (sound - sound.mean()) / np.sqrt(sound.var() + np.float32(_EPSILON))
        kept: list[Any] = []
        layers = [self._model.encoder.layers[number - 1] for number in LAYERS]
        hooks = [
            layer.register_forward_hook(lambda _, __, out: kept.append(out)) for layer in layers
        ]
        try:
            self._model(torch.from_numpy(sound)[None])
        finally:
            for hook in hooks:
                hook.remove()
        heard = [one[0] if isinstance(one, tuple) else one for one in kept]
        return torch.cat([one[0].mean(dim=0) for one in heard])


def _model(said: Mapping[str, Any], folder: Path) -> Any:  # noqa: ANN401 - a module of torch's
    """As its configuration describes it, without any weights: nothing is allocated before their
    shapes are known to fit."""
    for name, plain in _PLAIN.items():
        if said.get(name, plain) != plain:
            raise MusmedError(f"{folder / CONFIG} is another MERT's ({name}); take {WHOSE}.")
    layers, convolutions = said.get("num_hidden_layers"), said.get("conv_dim", [])
    many = not isinstance(convolutions, list) or len(convolutions) > _MOST
    if many or not isinstance(layers, int) or layers < max(LAYERS):
        raise MusmedError(f"{folder / CONFIG} is another MERT's (its layers); take {WHOSE}.")
    try:
        config = HubertConfig(
            **{name: said[name] for name in _KEPT if name in said},
            num_hidden_layers=max(LAYERS),
            mask_time_prob=0.0,
            mask_feature_prob=0.0,
            layerdrop=0.0,
        )
        with torch.device("meta"):
            return HubertModel(config)
    except (ValueError, TypeError, KeyError, RuntimeError, ArithmeticError, Strict) as error:
        raise MusmedError(f"{folder / CONFIG} is damaged; get {WHOSE} again.") from error


def _renamed(tensors: Tensors) -> Tensors:
    parted = ((name.rpartition("."), tensor) for name, tensor in tensors.items())
    return {f"{at}{dot}{_TODAY.get(last, last)}": tensor for (at, dot, last), tensor in parted}
