"""Where captions lie in a folder of data, and what all of them say together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from engine.errors import MusmedError
from engine.places import look_at, names_in
from engine.training.reading.jamendo import LAYOUT, lists_of, read_jamendo
from engine.training.reading.lines import read_lines
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
    ".jsonl": read_lines,
}


class Captions(NamedTuple):
    """``told``: by the sound's name. ``chooses``: whether they choose among more music than they
    name, so that nobody misses a caption of the rest."""

    layout: str
    told: dict[str, Told]
    problems: tuple[Problem, ...]
    chooses: bool = False


def read_captions(found: Found, elsewhere: Path | None) -> Captions:
    """What is said of the sounds in ``found``: by what lies ``elsewhere`` (a file, or a folder of
    MTG-Jamendo's lists), else by MTG-Jamendo's lists or the tables in the folder itself; and beside
    the sounds of which those say nothing. Raises ``MusmedError`` for what can't be read."""
    sounds = list(found.sounds())
    names = Names(sounds)
    files = found.files if elsewhere is None else _given(elsewhere)
    if lists := lists_of(files):
        listed, missing = read_jamendo(lists, names)
        return Captions(LAYOUT, listed, tuple(missing), chooses=True)
    tables = _tables(files)
    if elsewhere is not None and not tables:
        known = ", ".join(sorted(_READERS))
        raise MusmedError(f"There are no captions in {elsewhere}; musmed reads {known}.")
    told, read, problems, broken = _read_tables(tables, names, inside=elsewhere is None)
    own, wrong = read_sidecars(found, [name for name in sounds if name not in told])
    told |= own
    if broken and (elsewhere is not None or not told):
        raise broken[0]
    if own:
        read.append(SIDECARS)
    return Captions(" and ".join(read) or NOTHING, told, (*problems, *wrong))


def _given(place: Path) -> dict[str, Path]:
    """What lies at ``place``, by its name."""
    match look_at(place, "captions file"):
        case "file":
            return {place.name: place}
        case "folder":
            return {path.name: path for path in names_in(place)}
    raise MusmedError(f"There are no captions at {place}; check the name.")


def _tables(files: Mapping[str, Path]) -> dict[str, Path]:
    """'metadata.csv' and its like in any folder, else the tables that lie in the data's own."""
    wanted = {name: path for name, path in files.items() if path.suffix.lower() in _READERS}
    named = {n: path for n, path in wanted.items() if PurePosixPath(n).stem == METADATA}
    return named or {name: path for name, path in wanted.items() if "/" not in name}


def _read_tables(
    tables: Mapping[str, Path], names: Names, *, inside: bool
) -> tuple[dict[str, Told], list[str], list[Problem], list[MusmedError]]:
    """What ``tables`` say, which of them could be read, what is wrong, and with whole ones."""
    told: dict[str, Told] = {}
    read: list[str] = []
    problems: list[Problem] = []
    broken: list[MusmedError] = []
    for name, path in tables.items():
        try:
            rows = _READERS[path.suffix.lower()](path)
        except MusmedError as error:
            broken.append(error)
            problems.append(Problem(name, str(error), True))
            continue
        read.append(name)
        beside = PurePosixPath(name).parent.as_posix().strip(".") if inside else ""
        problems += _take(rows, name, beside, names, told)
    return told, read, problems, broken


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
