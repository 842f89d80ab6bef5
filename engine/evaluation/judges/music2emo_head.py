"""Music2Emo's head: what MERT heard and the chords -> 56 moods, valence and arousal.

Kang & Herremans, *Towards unified music emotion recognition across dimensional and categorical
models* (2025; AMAAI-Lab/Music2Emotion, MIT): a small transformer over the chords, whose first
place sums them up, beside MERT's two layers and the mode.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from engine.evaluation.judges.base import Activations
from engine.evaluation.judges.chords import LONGEST, Told
from engine.evaluation.judges.weights import Tensors, check_shapes

Tensor = Any

MOODS = (
    *("action", "adventure", "advertising", "background", "ballad", "calm", "children"),
    *("christmas", "commercial", "cool", "corporate", "dark", "deep", "documentary", "drama"),
    *("dramatic", "dream", "emotional", "energetic", "epic", "fast", "film", "fun", "funny"),
    *("game", "groovy", "happy", "heavy", "holiday", "hopeful", "inspiring", "love"),
    *("meditative", "melancholic", "melodic", "motivational", "movie", "nature", "party"),
    *("positive", "powerful", "relaxing", "retro", "romantic", "sad", "sexy", "slow", "soft"),
    *("soundscape", "space", "sport", "summer", "trailer", "travel", "upbeat", "uplifting"),
)
"""MTG-Jamendo's, in the head's order."""
EMBEDDED, HEADS, INNER, LAYERS = 8, 8, 64, 2
HIDDEN, BRANCH = 512, 256
_KINDS = 14
_MIDDLE, _HALF = 5.0, 4.0
"""It says valence and arousal from 1 to 9."""


class Emotion(NamedTuple):
    """``moods``: (56,) in [0, 1], as ``MOODS``; ``valence``, ``arousal``: in [-1, 1] as the plane
    is, but that nothing holds the network there."""

    moods: Activations
    valence: float
    arousal: float


class Head(nn.Module):
    """For MERT's vectors of (``heard``,). Raises ``MusmedError`` for tensors that are not its own:
    a checkpoint's, whose names may begin with 'model.'."""

    def __init__(self, tensors: Tensors, heard: int, whose: str) -> None:
        super().__init__()
        self.chord_root_embedding = nn.Embedding(_KINDS, EMBEDDED // 2)
        self.chord_attr_embedding = nn.Embedding(_KINDS, EMBEDDED // 2)
        layer = nn.TransformerEncoderLayer(EMBEDDED, HEADS, INNER, batch_first=True)
        self.chord_transformer = nn.TransformerEncoder(layer, LAYERS)
        self.input_proj = nn.Sequential(nn.Linear(heard + EMBEDDED + 1, HIDDEN), nn.ReLU())
        self.classification_branch = _branch(len(MOODS))
        self.regression_branch = _branch(2)
        own = {name.removeprefix("model."): tensor for name, tensor in tensors.items()}
        wanted = {name: tuple(one.shape) for name, one in self.state_dict().items()}
        check_shapes(own, wanted, whose)
        self.load_state_dict({name: own[name].float() for name in wanted})
        self.eval()
        self._places = torch.from_numpy(places())

    @torch.inference_mode()
    def judge(self, heard: Tensor, told: Told) -> Emotion:
        """Of MERT's (``heard``,) and the chords."""
        roots, kinds = torch.from_numpy(told.roots), torch.from_numpy(told.attributes)
        chords = torch.cat([self.chord_root_embedding(roots), self.chord_attr_embedding(kinds)], -1)
        # What chords there are not is not masked: it was not when it was trained.
        line = torch.cat([torch.zeros(1, EMBEDDED), chords + self._places])
        summed = self.chord_transformer(line[None])[0, 0]
        mode = torch.tensor([float(told.minor)])
        mixed = self.input_proj(torch.cat([heard, summed, mode])[None])
        moods = self.classification_branch(mixed)[0].sigmoid().numpy().astype(np.float64)
        valence, arousal = (float(one) for one in self.regression_branch(mixed)[0])
        return Emotion(moods, (valence - _MIDDLE) / _HALF, (arousal - _MIDDLE) / _HALF)


def _branch(outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(HIDDEN, BRANCH), nn.ReLU(), nn.Linear(BRANCH, outputs))


def places() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """(``LONGEST``, ``EMBEDDED``): sines at even numbers, their cosines beside them."""
    speeds = 1e4 ** (-np.arange(0, EMBEDDED, 2) / EMBEDDED)
    angles = np.arange(LONGEST)[:, None] * speeds
    pairs = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    return pairs.reshape(LONGEST, EMBEDDED).astype(np.float32)
