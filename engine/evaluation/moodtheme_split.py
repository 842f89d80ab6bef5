"""MTG-Jamendo's lists of tracks, its split for moods and themes, and where their sound lies.

The lists are tab-separated (github.com/MTG/mtg-jamendo-dataset, data and data/splits/split-0):
TRACK_ID, ARTIST_ID, ALBUM_ID, PATH, DURATION and one or more TAGS. The dataset's downloads name the
sound of '48/948.mp3' so, or '48/948.low.mp3' in the lower quality.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from engine.affect.moods import MOODS
from engine.errors import MusmedError
from engine.places import look_at, open_file

PARTS = ("train", "validation", "test")
LIST = "autotagging_moodtheme-{}.tsv"
PREFIX = "mood/theme---"
MAX_BYTES = 64 * 1024 * 1024
LONGEST = 24 * 3600.0
"""Seconds of a track."""
_HEADER = ["TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS"]
_ID = re.compile(r"[A-Za-z0-9_]{1,40}", re.ASCII)
_PATH = re.compile(r"(?:[A-Za-z0-9_-]{1,40}/){0,4}[A-Za-z0-9_-]{1,60}\.[a-z0-9]{1,5}", re.ASCII)
_NUMBERS = {PREFIX + mood.name: number for number, mood in enumerate(MOODS)}


class Listed(NamedTuple):
    """A line of a list. ``path``: from the folder of all sounds on. ``tags``: such as
    'mood/theme---calm', 'genre---ambient', 'instrument---piano'."""

    name: str
    artist: str
    path: str
    seconds: float
    tags: tuple[str, ...]

    @property
    def paths(self) -> tuple[str, str]:
        """``path``, and that of the lower quality."""
        whole = PurePosixPath(self.path)
        return self.path, str(whole.with_suffix(f".low{whole.suffix}"))


class Track(NamedTuple):
    """``path``: from the folder of all sounds on. ``moods``: their numbers in ``MOODS``."""

    name: str
    artist: str
    path: str
    seconds: float
    moods: tuple[int, ...]

    def sound(self, folder: Path) -> Path | None:
        """Its file under ``folder``, if it is there."""
        for path in Listed(*self[:4], ()).paths:
            if look_at(folder / path, "sound file") == "file":
                return folder / path
        return None


def read_split(folder: Path) -> dict[str, tuple[Track, ...]]:
    """The tracks of each of ``PARTS``. Raises ``MusmedError`` for lists that are not there or are
    others."""
    if look_at(folder, "folder of the split") != "folder":
        raise MusmedError(f"There is no folder {folder}; give the one with {LIST.format('train')}.")
    return {part: _read(folder / LIST.format(part)) for part in PARTS}


def read_list(path: Path) -> tuple[Listed, ...]:
    """Any of MTG-Jamendo's lists, of whatever tags. Raises ``MusmedError``."""
    return tuple(track for track, _ in _lines(path))


def _read(path: Path) -> tuple[Track, ...]:
    return tuple(_track(track, where) for track, where in _lines(path))


def _lines(path: Path) -> Iterator[tuple[Listed, str]]:
    """Each track, and where it stands."""
    try:
        with open_file(path) as file:
            held = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise MusmedError(
            f"{path} can't be read; MTG-Jamendo's lists are in data/splits/split-0 of "
            "github.com/MTG/mtg-jamendo-dataset."
        ) from error
    if len(held) > MAX_BYTES:
        raise MusmedError(f"{path} is too large for a list of MTG-Jamendo's.")
    lines = held.decode("utf-8", "replace").splitlines()
    if not lines or lines[0].split("\t") != _HEADER:
        raise MusmedError(f"{path} is no list of MTG-Jamendo's; it begins with TRACK_ID.")
    for number, line in enumerate(lines[1:], 2):
        if line.strip():
            where = f"{path}, line {number}"
            yield _listed(line, where), where


def _listed(line: str, where: str) -> Listed:
    fields = line.rstrip().split("\t")
    if len(fields) < len(_HEADER):
        raise MusmedError(f"{where}: a track has an id, artist, album, path, duration and tags.")
    name, artist, _, path, duration, *tags = fields
    if not (_ID.fullmatch(name) and _ID.fullmatch(artist) and _PATH.fullmatch(path)):
        raise MusmedError(f"{where}: the track's id, its artist's or its path is none of MTG's.")
    seconds = _number(duration)
    if not 0.0 < seconds <= LONGEST:
        raise MusmedError(f"{where}: {duration[:20]!r} is no duration in seconds.")
    return Listed(name, artist, path, seconds, tuple(tags))


def _track(track: Listed, where: str) -> Track:
    unknown = next((tag for tag in track.tags if tag not in _NUMBERS), None)
    if unknown is not None:
        raise MusmedError(
            f"{where}: {unknown[:60]!r} is none of the 56 moods and themes; give the lists of "
            "autotagging_moodtheme."
        )
    return Track(*track[:4], tuple(sorted({_NUMBERS[tag] for tag in track.tags})))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
