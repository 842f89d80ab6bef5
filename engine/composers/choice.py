"""Which composer a session gets, and whether it can play here at all. No torch: the front asks.

'auto' is the largest MusicGen whose weights are here and whose measured speed leaves room for
everything else, and otherwise the embedded composer.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

from engine.composers.base import EMBEDDED, has_model, resolve_composer
from engine.composers.musicgen import precision
from engine.composers.musicgen.files import audiocraft_packages
from engine.composers.musicgen.files.adapters import find_adapters, parse_adapter
from engine.composers.musicgen.files.catalogue import CATALOGUE, INSTALL, NAMES
from engine.composers.musicgen.files.checkpoints import Checkpoint, find, is_local
from engine.composers.musicgen.opening import check_opening
from engine.composers.speeds import Speeds, measured_as
from engine.errors import MusmedError
from engine.plan import planner
from engine.plan.generation import Generation
from engine.plan.request import Request

FAST_ENOUGH = 1.5
"""Seconds of music in a second: what a composer must have shown to be chosen unasked."""
PACKAGES = ("torch", "transformers", "safetensors")


def check_request(request: Request) -> None:
    """Raises ``MusmedError`` for a request that no session can be made of, whoever asks for it."""
    planner.check_request(request)
    resolve_composer(request.composer)


def choose_composer(
    name: str,
    generation: Generation,
    speeds: Speeds | None,
    *,
    here: bool = True,
    holding: bool = False,
) -> str:
    """The composer behind ``name``; 'auto' chooses among those that can play here, or, where
    another machine composes, among those that were heard from there: ``speeds`` are its own then.
    ``holding``: something is asked of the music itself, which the embedded one alone holds. Raises
    ``UnknownWordError``."""
    if name != "auto" or speeds is None or holding:
        return resolve_composer(name)
    measured = [(entry, speeds.of(measured_as(entry, generation))) for entry in NAMES]
    fast = [entry for entry, speed in measured if speed is not None and speed >= FAST_ENOUGH]
    for entry in sorted(fast, key=lambda entry: -CATALOGUE[entry].size):
        try:
            if here:
                check_composer(entry, generation)
        except MusmedError:
            continue
        return entry
    return EMBEDDED


def unheld(request: Request, composer: str) -> str | None:
    """What a listener should know where ``composer`` can't hold what is asked of the music."""
    if not (request.asks_composer and has_model(composer)):
        return None
    what = "the description" if request.features is None else "the features"
    return (
        f"MusicGen can't hold {what} that were asked for (loudness alone is held) and follows the "
        f"feeling; --composer {EMBEDDED} holds them."
    )


def check_composer(composer: str, generation: Generation) -> tuple[str, ...]:
    """What a listener should know of what ``composer`` was given, in sentences. Raises
    ``MusmedError`` for what is missing before it could make a session."""
    if not has_model(composer):
        return ()
    place = find(composer) if is_local(composer) else None  # one that can be none is said first
    missing = [package for package in PACKAGES if importlib.util.find_spec(package) is None]
    if missing:
        raise MusmedError(
            f"{composer} needs {', '.join(missing)}: {INSTALL}, or choose --composer {EMBEDDED}."
        )
    precision.check(generation.precision, generation.decoder)
    if generation.decoder == "audiocraft":
        audiocraft_packages.check_installed()
    _check_adapters(generation.adapters, place or find(composer))
    return () if generation.opening is None else check_opening(generation.opening)


def _check_adapters(adapters: Sequence[str], checkpoint: Checkpoint) -> None:
    find_adapters([parse_adapter(adapter) for adapter in adapters], checkpoint)
