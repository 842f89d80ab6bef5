"""The affect prefix: a point on the circumplex as a few key vectors beside the text's.

They are as wide as the text encoder's states and go the same way from there: through the decoder's
projection into the keys and values of cross-attention, in every layer. So a model hears a point
as it hears a prompt, and what weighs prompts against each other weighs points too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional

from engine.composers.musicgen.files import prefixes
from engine.composers.musicgen.files.adapters import Adapter
from engine.composers.musicgen.files.prefixes import PrefixFile
from engine.errors import MusmedError
from engine.places import part_of
from engine.private import write_private

UNITS = 64
"""Each bends along one line of the plane. MTG-Jamendo's moods have 19 places, a few tenths apart,
and captions name some more; between them nothing is known. 64 smooth bends in all directions can
tell them apart and leave little room for more."""
BEND = 1.5
"""How steeply a unit's line is crossed, and how far from the middle the lines lie."""
KEY_NOISE = 0.1
"""Keys that are alike get the same gradient and stay one key, so they begin apart, at small random
numbers: beside a text's keys such ones are hardly attended to, and the base says nearly what it
would without them. ``tests/bench/affect_prefix.py`` measures other beginnings: larger keys, or
tokens of captions, are heard sooner and disturb the base many times as much."""


class AffectPrefix(nn.Module):
    """(n, 2) valence and arousal -> (n, keys, width), float32 also under autocast.

    It begins as the same keys everywhere: a point is heard once training has found something in
    it. ``log_weight`` is added to the keys' scores when they are played: it is no weight of the
    network's, but the scale of the adapter.
    """

    def __init__(self, keys: int, width: int, *, units: int = UNITS, seed: int = 0) -> None:
        super().__init__()
        self.key_count, self.width = keys, width
        self.log_weight = 0.0
        dice = torch.Generator().manual_seed(seed)
        turn = 2 * math.pi * torch.rand(units, generator=dice)
        self.lines = nn.Parameter(BEND * torch.stack([turn.cos(), turn.sin()], dim=1))
        self.offsets = nn.Parameter(BEND * (2 * torch.rand(units, generator=dice) - 1))
        self.rest = nn.Parameter(KEY_NOISE * torch.randn((keys, width), generator=dice))
        self.moved = nn.Parameter(torch.zeros((keys, width, units)))

    def forward(self, points: Tensor) -> Tensor:
        with torch.autocast(points.device.type, enabled=False):
            bent = torch.tanh(functional.linear(points.float(), self.lines, self.offsets))
            return self.rest + torch.einsum("kwu,nu->nkw", self.moved, bent)

    def save(self, path: Path, base: str) -> None:
        """Write it to ``path``, its owner's alone; ``base``: the model it was trained on. The same
        bytes for the same. Raises ``OSError``."""
        said = prefixes.said_of(self.key_count, self.width, base)
        tensors = {name: t.detach().cpu().contiguous() for name, t in self.state_dict().items()}
        part = part_of(path)
        write_private(part, save(tensors, said))
        part.replace(path)


def load_prefix(file: PrefixFile, adapter: str) -> AffectPrefix:
    """The prefix in ``file``, which was looked over, of the adapter called ``adapter``.

    Raises ``MusmedError`` for one that holds no numbers (NaN or infinity).
    """
    prefix = AffectPrefix(file.keys, file.width, units=file.units)
    try:
        prefix.load_state_dict(load_file(file.path))
    except (SafetensorError, OSError, RuntimeError) as error:
        raise MusmedError(
            f"{file.path} changed while it was read ({error}); start again."
        ) from error
    if not all(bool(torch.isfinite(tensor).all()) for tensor in prefix.state_dict().values()):
        raise MusmedError(
            f"The affect prefix of the adapter {adapter} holds values that are no numbers; train "
            "it again."
        )
    return prefix.requires_grad_(False)


def prefixes_of(adapters: Sequence[Adapter], device: torch.device) -> tuple[AffectPrefix, ...]:
    """Those of ``adapters`` that have one and are heard: at a scale s its keys weigh s times as
    much, and at 0 or below nothing. Raises ``MusmedError`` as ``load_prefix``."""
    made = []
    for adapter in adapters:
        if adapter.prefix is not None and adapter.scale > 0.0:
            prefix = load_prefix(adapter.prefix, adapter.name).to(device)
            prefix.log_weight = math.log(adapter.scale)
            made.append(prefix)
    return tuple(made)
