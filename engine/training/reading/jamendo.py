"""MTG-Jamendo as it is downloaded: its lists of tracks, and its sounds somewhere in the folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from engine.evaluation.moodtheme_split import Listed, read_list
from engine.training.reading.names import Names
from engine.training.reading.told import Told, captions_of, place_of, true_mood
from engine.training.tracks import Part, Problem

LAYOUT = "MTG-Jamendo"
_LIST = re.compile(r"autotagging(?:_(?:moodtheme|genre|instrument|top50tags))?(?:-[a-z]+)?\.tsv")
_MOODS = "autotagging_moodtheme"
_PARTS: dict[str, Part | None] = {
    f"{_MOODS}-train.tsv": "train",
    f"{_MOODS}-validation.tsv": "held-out",
    f"{_MOODS}.tsv": None,
}
"""What is learnt from; the tracks of the test list are left for the evaluation of what was made."""


class Lists(NamedTuple):
    """``moods``: the lists whose tracks are taken; ``others``: those that say more of them."""

    moods: dict[str, Path]
    others: dict[str, Path]


def lists_of(files: Mapping[str, Path]) -> Lists | None:
    """MTG-Jamendo's lists among ``files``: those in the folder of the first list of moods. Those of
    a split count before the one of all tracks, which has the tracks of its test too."""
    found = {name: path for name, path in files.items() if _LIST.fullmatch(path.name)}
    moods = [name for name, path in found.items() if path.name in _PARTS]
    if not moods:
        return None
    first = PurePosixPath(min(moods, key=lambda name: (name.count("/"), name))).parent
    beside = {p.name: p for name, p in found.items() if PurePosixPath(name).parent == first}
    taken = {name: path for name, path in beside.items() if name in _PARTS}
    if f"{_MOODS}-train.tsv" in taken:
        taken.pop(f"{_MOODS}.tsv", None)
    elif f"{_MOODS}.tsv" in taken:
        taken = {f"{_MOODS}.tsv": taken[f"{_MOODS}.tsv"]}
    rest = {name: path for name, path in beside.items() if not name.startswith(_MOODS)}
    return Lists(taken, rest)


def read_jamendo(lists: Lists, names: Names) -> tuple[dict[str, Told], list[Problem]]:
    """What the lists say of the sounds that are here. Raises ``MusmedError`` for lists that are
    damaged."""
    more: dict[str, set[str]] = {}
    for path in lists.others.values():
        for track in read_list(path):
            more.setdefault(track.path, set()).update(track.tags)
    told: dict[str, Told] = {}
    problems: list[Problem] = []
    for name, path in lists.moods.items():
        tracks = read_list(path)
        here = 0
        for track in tracks:
            sound = next(filter(None, map(names.meant, track.paths)), None)
            if sound is not None:
                here += 1
                told[sound] = _told(sound, track, more.get(track.path, set()), _PARTS[name])
        if here < len(tracks):
            sentence = f"Of its {len(tracks)} tracks {here} have a sound here, which are used."
            problems.append(Problem(name, sentence, False))
    return told, problems


def _told(sound: str, track: Listed, more: set[str], part: Part | None) -> Told:
    tags = sorted(more.union(track.tags))
    named = _called("mood/theme", tags)
    true = [one for one in named if true_mood(one)]
    captions = captions_of(true or named, None, _called("genre", tags), _called("instrument", tags))
    return Told(sound, captions, track.artist, next(iter(true), None), place_of((), true), part)


def _called(kind: str, tags: list[str]) -> list[str]:
    return [tag.removeprefix(f"{kind}---") for tag in tags if tag.startswith(f"{kind}---")]
