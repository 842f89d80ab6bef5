"""A batch, or a part of it, as tensors on a device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from engine.affect.circumplex import Affect
from engine.training.batches import Drawn
from engine.training.encoded import Encoded
from engine.training.loss import inputs_and_labels
from engine.training.model import Batch, Trainable


def in_tensors(trainable: Trainable, encoded: Encoded, drawn: Sequence[Drawn]) -> Batch:
    """What was drawn, as ``trainable`` takes it, on its device."""
    codes = [encoded.codes(one.window) for one in drawn]
    inputs, labels = inputs_and_labels(codes, trainable.delays, trainable.pad)
    text, text_heard = _text(drawn, encoded, trainable.text_width)
    affects = [one.affect or Affect(0.0, 0.0) for one in drawn]
    device = trainable.device
    return Batch(
        inputs.to(device),
        labels.to(device),
        text.to(device),
        text_heard.to(device),
        torch.tensor([[one.valence, one.arousal] for one in affects], device=device),
        torch.tensor([one.affect is not None for one in drawn], device=device),
    )


def _text(drawn: Sequence[Drawn], encoded: Encoded, width: int) -> tuple[Tensor, Tensor]:
    """States and which of them are heard. There is one token at least, so that every row has a key
    to attend to."""
    nothing = np.zeros((0, width), np.float32)
    states = [nothing if one.caption is None else encoded.states(one.caption) for one in drawn]
    most = max(1, *(len(one) for one in states))
    text = torch.zeros(len(drawn), most, width)
    heard = torch.zeros(len(drawn), most, dtype=torch.bool)
    for row, one in enumerate(states):
        text[row, : len(one)] = torch.from_numpy(one)
        heard[row, : len(one)] = True
    return text, heard
