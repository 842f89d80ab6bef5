"""Where captions lie in a folder of data, and what all of them say together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from engine.errors import MusmedError
from engine.places import look_at
from engine.training.reading.names import Names
from engine.training.reading.sidecars import read_sidecars
from engine.training.reading.sounds import Found
from engine.training.reading.tables import read_table
from engine.training.reading.told import MOST_CAPTIONS, Told
from engine.training.tracks import Problem

SIDECARS = "a .txt beside each sound"
NOTHING = "sounds without captions"
METADATA = "metadata"
"""The stem of a table that Hugging Face's audiofolder has in any folder."""
_READERS: dict[str, Callable[[Path], list[Told]]] = {
    ".csv": read_table,
    ".tsv": read_table,
}


class Captions(NamedTuple):
    """``told``: by the sound's name. ``chooses``: whether they choose among more music than they
    name, so that nobody misses a caption of the rest."""

    layout: str
    told: dict[str, Told]
    problems: tuple[Problem, ...]
    chooses: bool = False


def read_captions(found: Found, elsewhere: Path | None) -> Captions:
    """What is said of the sounds in ``found``: by the file ``elsewhere``, else by the tables in the
    folder itself, and beside the sounds of which those say nothing. Raises ``MusmedError`` for
    tables that can't be read."""
    sounds = list(found.sounds())
    names = Names(sounds)
    tables = _tables(found) if elsewhere is None else {_table(elsewhere): elsewhere}
    told: dict[str, Told] = {}
    problems: list[Problem] = []
    read: list[str] = []
    for name, path in tables.items():
        try:
            rows = _READERS[path.suffix.lower()](path)
        except MusmedError as error:
            if len(tables) == 1:
                raise
            problems.append(Problem(name, str(error), False))
            continue
        read.append(name)
        beside = "" if elsewhere else PurePosixPath(name).parent.as_posix().strip(".")
        problems += _take(rows, name, beside, names, told)
    own, wrong = read_sidecars(found, [name for name in sounds if name not in told])
    told |= own
    if own:
        read.append(SIDECARS)
    return Captions(" and ".join(read) or NOTHING, told, (*problems, *wrong))


def _tables(found: Found) -> dict[str, Path]:
    """'metadata.csv' and its like in any folder, else the tables that lie in the data's own."""
    wanted = {name: path for name, path in found.files.items() if path.suffix.lower() in _READERS}
    named = {n: path for n, path in wanted.items() if PurePosixPath(n).stem == METADATA}
    return named or {name: path for name, path in wanted.items() if "/" not in name}


def _table(path: Path) -> str:
    if look_at(path, "captions file") != "file":
        raise MusmedError(f"There is no captions file {path}; check the name.")
    if path.suffix.lower() not in _READERS:
        raise MusmedError(f"{path} is no captions file; musmed reads {', '.join(_READERS)}.")
    return path.name


def _take(
    rows: list[Told], table: str, beside: str, names: Names, told: dict[str, Told]
) -> list[Problem]:
    """Lay ``rows`` into ``told``; gives what is wrong with some."""
    problems: dict[str, Problem] = {}
    for number, row in enumerate(rows, 1):
        name = names.meant(row.sound, beside)
        if name is None:
            said = row.sound[:200] or f"row {number}"
            problems[said] = Problem(
                said, f"{table} names it, but there is no such sound in the folder.", True
            )
        elif not row.captions:
            problems[name] = Problem(name, f"{table} says nothing of it.", False)
        else:
            told[name] = _both(told.get(name), row)
    return list(problems.values())


def _both(before: Told | None, row: Told) -> Told:
    """Of two rows about one sound: all captions, and what the first says of the rest."""
    if before is None:
        return row
    captions = tuple(dict.fromkeys((*before.captions, *row.captions)))[:MOST_CAPTIONS]
    return before._replace(
        captions=captions,
        group=before.group or row.group,
        mood=before.mood or row.mood,
        affect=before.affect or row.affect,
        part=before.part or row.part,
        cut=before.cut or row.cut,
    )
