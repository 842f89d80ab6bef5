"""The wish for a synthesis, as it travels from the settings to the engine."""

from __future__ import annotations

from typing import Annotated

import msgspec

BUILTIN = "builtin"
"""The synthesis that is always there. What it is recorded as ends in the fingerprint of the bank
that sounded; it has none where there was no bank, as in sessions of the first edition."""
SynthesisName = Annotated[str, msgspec.Meta(max_length=512)]
"""The longest holds a file's name."""


def built_in(synthesis: str) -> bool:
    """Whether a ``Traits.synthesis``, or a wish, is the built-in one, of whichever bank."""
    return synthesis.split(" ", 1)[0] == BUILTIN


def spoken(synthesis: str) -> str:
    """What a listener calls the ``Traits.synthesis`` of notes."""
    if built_in(synthesis):
        return "the built-in synthesis"
    return f"the soundfont {synthesis.split(' ', 3)[-1]}"


class Synthesis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a composer of notes is to sound them.

    ``wanted``: 'builtin', 'fluidsynth', 'auto' (FluidSynth where a ``soundfont`` is named, else
    built in), or the ``Traits.synthesis`` of a session that goes on. ``soundfont``: path of the
    soundfont to use; None for one in the usual places.
    """

    wanted: SynthesisName = BUILTIN
    soundfont: Annotated[str, msgspec.Meta(max_length=4096)] | None = None

    @property
    def settled(self) -> str:
        """``wanted`` where that is one synthesis whatever is installed; '' otherwise."""
        return "" if self.wanted in ("auto", "fluidsynth") else self.wanted
