"""A training's recipe, of a preset, a file and options, each laid over what came before it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from engine.errors import MusmedError
from engine.places import place_of, read_small
from engine.toml_text import parse_toml

if TYPE_CHECKING:
    from engine.training.recipe import Recipe

MAX_BYTES = 64 * 1024
TAKES = {
    "preset": "paper|community",
    "epochs": "NUMBER",
    "steps": "1..1000000",
    "batch": "1..4096",
    "at_once": "1..4096",
    "learning_rate": "0..1",
    "rank": "1..1024",
    "affect_keys": "0..32",
    "held_out": "0..1",
    "watch_every": "1..1000000",
    "clips": "1..1000",
    "clip_seconds": "1..30",
    "patience": "0..1000",
    "seed": "NUMBER",
}
"""What each option takes, by the recipe's field (``rank`` is LoRA's)."""


def recipe_of(
    file: str | None, options: Mapping[str, str | None], *, checkpointing: bool = False
) -> Recipe:
    """The preset (by option, by the file, else 'community'), ``file`` over it, and ``options`` as
    they were typed, by the names of ``TAKES``, over both. Raises ``MusmedError``."""
    from engine.training.recipe import PRESETS, PresetName, Recipe

    given = {name: text for name, text in options.items() if text is not None}
    if {"steps", "epochs"} <= given.keys():
        raise MusmedError("--steps and --epochs both say how long to train; give one of them.")
    path = place_of(file, "recipe") if file else None
    told = _read(path) if path else {}
    name = given.get("preset", told.get("preset", Recipe().preset))
    if name not in get_args(PresetName):
        raise MusmedError(f"There is no preset {name!r}; there are {' and '.join(PRESETS)}.")
    made: dict[str, Any] = msgspec.to_builtins(PRESETS[name])
    if path:
        lora = told.pop("lora", {})
        made |= told
        if isinstance(lora, dict):
            lora = made["lora"] | lora
        made["lora"] = lora
    recipe = _checked(made | {"preset": name}, path)
    for option, text in given.items():
        recipe = _laid(recipe, option, text)
    return msgspec.structs.replace(recipe, checkpointing=True) if checkpointing else recipe


def _read(path: Path) -> dict[str, Any]:
    held = read_small(path, str(path), MAX_BYTES)
    if len(held) > MAX_BYTES:
        raise MusmedError(f"{path} is over {MAX_BYTES >> 10} KiB, which is no recipe.")
    try:
        return parse_toml(held)
    except ValueError as error:
        raise MusmedError(f"The recipe {path} can't be read: {error}; mend it there.") from error


def _checked(made: dict[str, Any], path: Path | None) -> Recipe:
    from engine.training.recipe import Recipe

    try:
        return msgspec.convert(made, Recipe)
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise MusmedError(f"The recipe {path} is wrong: {error}; mend it there.") from error


def _laid(recipe: Recipe, option: str, text: str) -> Recipe:
    """``recipe`` with one option laid over it."""
    from engine.training.recipe import Recipe

    if option == "rank":
        # alpha / rank is how loud what is learnt is: it stays as it was.
        lora = recipe.lora
        fields = {"rank": _number(text), "alpha": 0.0, "dropout": lora.dropout}
        if isinstance(fields["rank"], int):
            fields["alpha"] = lora.alpha * fields["rank"] / lora.rank
        change: dict[str, Any] = {"lora": fields}
    else:
        change = {option: text if option == "preset" else _number(text)}
    if option in ("steps", "epochs"):
        change = {"steps": None, **change}
    try:
        return msgspec.convert(msgspec.to_builtins(recipe) | change, Recipe)
    except ValueError as error:
        name = option.replace("_", "-")
        raise MusmedError(
            f"--{name} takes {TAKES[option]}, not {text!r}; see 'musmed train --help'."
        ) from error


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            number: int | float = kind(text)
        except ValueError:  # also a whole number of over 4300 digits
            continue
        return number if math.isfinite(number) else text
    return text
