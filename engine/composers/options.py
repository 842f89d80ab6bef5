"""How a composer is to be opened, as it travels from the settings to the engine."""

from __future__ import annotations

import msgspec

from engine.composers.precision import PrecisionName
from engine.composers.synthesis import Synthesis
from engine.plan.generation import Generation


class ComposerOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a composer is told beside its clips."""

    denoise: bool | None = None
    """Spectral gating: True, False, or None for what suits the composer."""
    synthesis: Synthesis = Synthesis()
    """For a composer of notes: what sounds them."""
    generation: Generation = Generation()
    """For one that samples from a model. Of a session it is its request's (``Request.generation``),
    whatever stands here."""
    precision: PrecisionName = ""
    """For one with a model: what the session was composed in so far (also ``precision.USUAL``), to
    go on in; '' for what ``generation`` wishes."""


USUAL = ComposerOptions()
