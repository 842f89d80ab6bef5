"""Which judges there are. Each is imported when it is opened: some need torch."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

from engine.errors import MusmedError
from engine.evaluation.judges.base import Embedder, Judge
from engine.places import expanded


class Offer(NamedTuple):
    """Where a judge is; ``placed``: it is made of weights that lie somewhere, so ``NAME=PLACE``."""

    where: str
    placed: bool = False


INSTALL = "pip install '.[evaluate]' in musmed's folder"
_HERE = "engine.evaluation.judges."
CLAP = "clap"
JUDGES = {
    "meter": Offer(f"{_HERE}meter:MeterJudge"),
    "musicnn": Offer(f"{_HERE}musicnn:MusicnnJudge"),
    "musicnn-head": Offer(f"{_HERE}musicnn_head:MusicnnHeadJudge", placed=True),
    "jamendo": Offer(f"{_HERE}jamendo:JamendoJudge", placed=True),
    "music2emo": Offer(f"{_HERE}music2emo:Music2EmoJudge", placed=True),
    "clap-tagger": Offer(f"{_HERE}clap_tagger:ClapTaggerJudge", placed=True),
}


def check_judge(word: str) -> None:
    """Raises ``MusmedError`` where 'NAME' or 'NAME=PLACE' is no judge's word; opens nothing."""
    _offer(word)


def open_judge(word: str) -> Judge:
    """The judge behind 'NAME' or 'NAME=PLACE'. Raises ``MusmedError`` for one that there is not, or
    whose packages or weights are not here."""
    offer = _offer(word)
    name, _, place = word.partition("=")
    maker = _made_by(offer.where, name)
    made: Judge = maker(expanded(place, "weights") if place else None) if offer.placed else maker()
    return made


def _offer(word: str) -> Offer:
    name, given, place = word.partition("=")
    offer = JUDGES.get(name)
    if offer is None:
        known = ", ".join((*JUDGES, CLAP))
        raise MusmedError(f"There is no judge {name!r}; there are {known}.")
    if given and not offer.placed:
        raise MusmedError(f"The judge {name} takes no place; say --judge {name}.")
    if given and not place:
        raise MusmedError(f"Behind 'judge {name}=' its place is missing; name a file or a folder.")
    return offer


def is_clap(word: str) -> bool:
    """Whether a judge's word means CLAP, which embeds and does not judge."""
    return word.partition("=")[0] == CLAP


def open_clap(word: str) -> Embedder:
    """What is behind 'clap' or 'clap=PLACE'. Raises ``MusmedError`` likewise."""
    maker = _made_by(f"{_HERE}clap:Clap", CLAP)
    _, given, place = word.partition("=")
    if given and not place:
        raise MusmedError("Behind 'judge clap=' its place is missing; name a folder.")
    made: Embedder = maker(str(expanded(place, "folder of CLAP")) if place else None)
    return made


def _made_by(where: str, name: str) -> Any:  # noqa: ANN401 - the class of a judge
    module, _, attribute = where.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise MusmedError(f"The judge {name} needs {error.name}: {INSTALL}.") from error
