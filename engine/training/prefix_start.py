"""Where the keys of an affect prefix begin: at tokens of the captions that are trained with.

Attention goes to what looks like what it was trained on. Keys of small random numbers are hardly
attended to beside a text, so they hardly learn; as tokens of captions they are heard from the
first step, as something that the model knows (Lester et al. 2021 begin soft prompts so too).
"""

from __future__ import annotations

import torch

from engine.composers.musicgen.model.affect_prefix import AffectPrefix
from engine.training.batches import random
from engine.training.material import Material
from engine.training.recipe import Recipe


def begin_with_tokens(prefix: AffectPrefix, recipe: Recipe, material: Material) -> None:
    """Each key of ``prefix`` becomes some token of some caption, as the recipe's seed draws it."""
    tracks = {material.encoded.windows[window].track for window in material.windows}
    captions = sorted({said for one in tracks for said in material.data.tracks[one].captions})
    source = random(recipe, "prefix", 1)
    with torch.no_grad():
        for key in range(prefix.key_count):
            states = material.encoded.states(captions[int(source.integers(len(captions)))])
            prefix.rest[key] = torch.from_numpy(states[int(source.integers(len(states)))])
