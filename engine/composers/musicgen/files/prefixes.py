"""The affect prefix beside an adapter: looked over before anything is loaded. No torch here.

``affect_prefix.safetensors`` in an adapter's folder holds the small network that makes key vectors
of a point on the circumplex (``model/affect_prefix.py``). peft does not look at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.composers.musicgen.files.catalogue import entry_of
from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.errors import MusmedError
from engine.places import look_at
from engine.tensorfile import read_metadata, read_tensors

PREFIX = "affect_prefix.safetensors"
VERSION = 1
MOST_KEYS, MOST_UNITS = 32, 1024
_SAID = "affect_prefix"
"""The one name in the file's metadata: safetensors writes several in an order drawn anew each time,
and the same prefix is to be the same bytes."""


class _Said(msgspec.Struct, frozen=True):
    """What a file says of itself. ``format``: 0 for what is none of ours."""

    format: int = 0
    keys: int = 0
    width: int = 0
    base: str = ""


@dataclass(frozen=True)
class PrefixFile:
    """``keys`` vectors of the text's ``width``, from ``units`` hidden units; ``base``: the model
    it was trained on, '' where it does not say."""

    path: Path
    keys: int
    width: int
    units: int
    base: str


def said_of(keys: int, width: int, base: str) -> dict[str, str]:
    """The metadata of a file with so many ``keys`` of ``width``, trained on ``base``."""
    return {_SAID: msgspec.json.encode(_Said(VERSION, keys, width, base)).decode()}


def find_prefix(folder: Path, adapter: str) -> PrefixFile | None:
    """That of the adapter in ``folder``, called ``adapter``; None where it has none.

    Raises ``MusmedError`` for a file that is none, or says and holds different things.
    """
    path = folder / PREFIX
    if look_at(path, "adapter") == "nothing":
        return None
    tensors, said = read_tensors(path), _said(path)
    if said.format != VERSION:
        raise MusmedError(
            f"The affect prefix of the adapter {adapter} is of format {said.format}, and musmed "
            f"reads format {VERSION}; train it again, or take {PREFIX} out of its folder."
        )
    keys, width = said.keys, said.width
    offsets = tensors.get("offsets")
    units = offsets.shape[0] if offsets and offsets.shape else 0
    shapes = {
        "lines": (units, 2),
        "offsets": (units,),
        "rest": (keys, width),
        "moved": (keys, width, units),
    }
    fits = {name: info.shape for name, info in tensors.items()} == shapes
    if not (1 <= keys <= MOST_KEYS and width > 0 and fits and 1 <= units <= MOST_UNITS):
        raise MusmedError(
            f"The affect prefix of the adapter {adapter} is not what it says it is: it needs 1 to "
            f"{MOST_KEYS} keys and the numbers of just those; train it again, or take {PREFIX} "
            "out of its folder."
        )
    if any(info.dtype != "F32" for info in tensors.values()):
        raise MusmedError(
            f"The affect prefix of the adapter {adapter} is not in float32; train it again."
        )
    return PrefixFile(path, keys, width, units, said.base)


def check_prefix(prefix: PrefixFile, adapter: str, checkpoint: Checkpoint) -> None:
    """Raise ``MusmedError`` where ``prefix`` was made for another model than ``checkpoint``."""
    if checkpoint.config.get("model_type") != "musicgen":
        raise MusmedError(
            f"The adapter {adapter} has an affect prefix, and {checkpoint.name} is a melody model, "
            "which can't hear one; choose the model it was trained on with --composer."
        )
    trained_on, given = entry_of(prefix.base), entry_of(checkpoint.name)
    if trained_on is not None and given is not None and trained_on != given:
        raise MusmedError(
            f"The affect prefix of the adapter {adapter} was trained on {trained_on.name}, not on "
            f"{given.name}; choose --composer {trained_on.name}, or leave the adapter out."
        )
    width = checkpoint.config["text_encoder"].get("d_model")
    if prefix.width != width:
        raise MusmedError(
            f"The affect prefix of the adapter {adapter} was trained on another model than "
            f"{checkpoint.name}: its keys are {prefix.width} wide, not {width}; choose that model "
            "with --composer."
        )


def _said(path: Path) -> _Said:
    """Raises ``MusmedError`` for a file that is no safetensors."""
    text = read_metadata(path).get(_SAID, "")
    try:
        return msgspec.json.decode(text, type=_Said) if text else _Said()
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return _Said()
