"""Captions beside the sounds: 'x.txt' beside 'x.wav', each of its lines a caption."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from engine.errors import MusmedError
from engine.training.reading.sounds import Found
from engine.training.reading.tables import read_text
from engine.training.reading.told import Told, told_in_words
from engine.training.tracks import Problem

MAX_BYTES = 64 * 1024


def read_sidecars(found: Found, names: Iterable[str]) -> tuple[dict[str, Told], list[Problem]]:
    """What the text files beside the sounds of ``names`` say, and what is wrong with some."""
    told: dict[str, Told] = {}
    problems: list[Problem] = []
    for name in names:
        beside = (f"{PurePosixPath(name).with_suffix('.txt')}", f"{name}.txt")
        text = next((one for one in beside if one in found.files), None)
        if text is None:
            continue
        try:
            said = read_text(found.files[text], "It", MAX_BYTES)
        except MusmedError as error:
            problems.append(Problem(text, str(error), True))
            continue
        one = told_in_words(name, said.splitlines())
        if one.captions:
            told[name] = one
        else:
            problems.append(Problem(text, "It is empty; write a caption into it.", False))
    return told, problems
