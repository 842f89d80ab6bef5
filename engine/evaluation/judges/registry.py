"""Which judges there are. Each is imported when it is opened: some need torch."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import NamedTuple

from engine.errors import MusmedError
from engine.evaluation.judges.base import Judge


class Offer(NamedTuple):
    """Where a judge is; ``placed``: it is made of weights that lie somewhere, so ``NAME=PLACE``."""

    where: str
    placed: bool = False


INSTALL = "pip install '.[evaluate]' in musmed's folder"
_HERE = "engine.evaluation.judges."
JUDGES = {
    "meter": Offer(f"{_HERE}meter:MeterJudge"),
    "musicnn": Offer(f"{_HERE}musicnn:MusicnnJudge"),
    "jamendo": Offer(f"{_HERE}jamendo:JamendoJudge", placed=True),
    "music2emo": Offer(f"{_HERE}music2emo:Music2EmoJudge", placed=True),
}


def open_judge(word: str) -> Judge:
    """The judge behind 'NAME' or 'NAME=PLACE'. Raises ``MusmedError`` for one that there is not, or
    whose packages or weights are not here."""
    name, given, place = word.partition("=")
    offer = JUDGES.get(name)
    if offer is None:
        raise MusmedError(f"There is no judge {name!r}; there are {', '.join(JUDGES)}.")
    if given and not (offer.placed and place):
        raise MusmedError(f"The judge {name} takes no place; say --judge {name}.")
    module, _, attribute = offer.where.partition(":")
    try:
        maker = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise MusmedError(f"The judge {name} needs {error.name}: {INSTALL}.") from error
    made: Judge = maker(Path(place) if place else None) if offer.placed else maker()
    return made
