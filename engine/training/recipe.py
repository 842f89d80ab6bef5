"""How an adapter is trained: every setting that the weights depend on. No torch."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from engine.plan.clock import CLIP_SECONDS

Share = Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
PresetName = Literal["paper", "community"]
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")
"""What LoRA is put on: in every layer of the decoder, both attentions and the feed-forward."""


class Lora(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``rank`` r and ``alpha``: alpha / r B A is added to a weight (Hu et al. 2021). ``dropout``:
    the share of A's inputs that are left out while training."""

    rank: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 16
    alpha: Annotated[float, msgspec.Meta(gt=0.0, le=4096.0)] = 16.0
    dropout: Share = 0.05


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``epochs``: how often every window of the data is heard, unless ``steps`` says how many
    updates there are. ``batch``: windows to an update, over all processes together; ``at_once``:
    how many of them a process works on at a time, None for all it has to. ``learning_rate``: the
    highest; it rises over ``warm_up`` (a share of the steps) and falls in a straight line to 0.
    ``clip``: the gradient's norm at most. ``text_dropout``: the share of windows that hear nothing
    of what is asked; ``affect_keys``: how many key vectors a trained affect prefix has, 0 for none;
    ``affect_dropout``: the share of windows that hear text but no prefix, and as many hear the
    prefix but no text. ``held_out``: the share of groups kept from training where the data does not
    say. ``watch_every``: steps from one watching to the next, None for ten in all; ``clips``:
    how many are composed at each, besides those of points, and ``clip_seconds``: how long each
    is; ``patience``: watchings without a better one before it stops, 0 for never.
    ``checkpointing``: layers are computed again for the gradient instead of kept, for a GPU that
    is too small."""

    preset: PresetName = "community"
    epochs: Annotated[float, msgspec.Meta(gt=0.0, le=10_000.0)] = 4.0
    steps: Count | None = None
    batch: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 16
    at_once: Annotated[int, msgspec.Meta(ge=1, le=4096)] | None = None
    learning_rate: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 1e-4
    warm_up: Share = 0.05
    weight_decay: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.01
    clip: Annotated[float, msgspec.Meta(gt=0.0, le=1000.0)] = 1.0
    lora: Lora = Lora()
    text_dropout: Share = 0.1
    affect_keys: Annotated[int, msgspec.Meta(ge=0, le=32)] = 0
    affect_dropout: Share = 0.2
    held_out: Share = 0.1
    watch_every: Count | None = None
    clips: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 20
    clip_seconds: Annotated[float, msgspec.Meta(ge=1.0, le=CLIP_SECONDS)] = CLIP_SECONDS
    patience: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 3
    checkpointing: bool = False
    seed: Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)] = 0


PRESETS: dict[PresetName, Recipe] = {
    # Nikolakakis et al. 2024 print 7*10^6, two epochs, linear: what must be 7e-6.
    "paper": Recipe(preset="paper", epochs=2.0, learning_rate=7e-6, warm_up=0.0),
    # ylacombe/musicgen-dreamboothing: 4 epochs, 2e-4; Musicgen-LoRA-Lab: 1e-4.
    "community": Recipe(),
}
