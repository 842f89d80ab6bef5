"""How a composer that samples from a model is to sample; part of what determines a session."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Decoder = Literal["ours", "reference", "audiocraft"]
Precision = Literal["auto", "float32", "bfloat16", "int8"]

GUIDANCE_RANGE = (1.0, 10.0)
UNGUIDED = 1.0
TOP_K_RANGE = (1, 2048)
SAMPLING_RANGE = (0.0, 2.0)
MOST_ADAPTERS = 8

_Name = Annotated[str, Meta(max_length=4096)]


class Generation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a composer that samples from a model is to do it. The defaults of ``guidance``, ``top_k``
    and ``temperature`` are the values of Copet et al., arXiv 2306.05284."""

    guidance: Annotated[float, Meta(ge=GUIDANCE_RANGE[0], le=GUIDANCE_RANGE[1])] = 3.0
    """The scale of classifier-free guidance; 1: none."""
    top_k: Annotated[int, Meta(ge=TOP_K_RANGE[0], le=TOP_K_RANGE[1])] = 250
    """A code is drawn from so many of the likeliest."""
    temperature: Annotated[float, Meta(ge=SAMPLING_RANGE[0], le=SAMPLING_RANGE[1])] = 1.0
    """Of that draw; 0 takes the likeliest."""
    decoder: Decoder = "ours"
    """'ours', or transformers' ('reference') or audiocraft's on the same weights."""
    adapters: Annotated[tuple[_Name, ...], Meta(max_length=MOST_ADAPTERS)] = ()
    """Folders or hub repositories of LoRA adapters as typed, '=SCALE' after them or not."""
    precision: Precision = "auto"
    """The numbers that the model multiplies in. What 'auto' comes to is settled where a session is
    first composed, and stands in its clips' records."""
    opening: _Name | None = None
    """A sound file whose last seconds the session begins with and goes on from."""

    def named(self) -> Generation:
        """The same with files' names only, for what is given to others."""
        return msgspec.structs.replace(
            self,
            adapters=tuple(file_name(adapter) for adapter in self.adapters),
            opening=None if self.opening is None else file_name(self.opening),
        )


def file_name(place: str) -> str:
    """The last part of an absolute path; what is no absolute path (a hub repository) as it is."""
    return PurePath(place).name if PurePath(place).is_absolute() else place
