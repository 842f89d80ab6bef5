"""The sounds in a folder: which files are some, and what is wrong with the others."""

from __future__ import annotations

import os
import shlex
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from engine.audio.reading.sounds import FOREIGN, SoundReader
from engine.errors import MusmedError
from engine.places import look_at
from engine.training.said import Progress, Say
from engine.training.tracks import Problem

SOUNDS = frozenset(
    [
        ".wav",
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".mp3",
        ".mp2",
        ".aif",
        ".aiff",
        ".aifc",
        ".au",
        ".snd",
        ".caf",
        ".w64",
        ".rf64",
    ]
)
"""By their names: what libsndfile reads."""
VIDEOS = frozenset(
    [
        ".mp4",
        ".m4v",
        ".mkv",
        ".mov",
        ".avi",
        ".webm",
        ".wmv",
        ".flv",
        ".mpg",
        ".mpeg",
        ".ts",
        ".3gp",
    ]
)
LOOKED_AT = SOUNDS | VIDEOS | FOREIGN
"""What is sound, or holds some."""
MOST_FILES = 1_000_000
MOST_FOLDERS_DEEP = 32


class Sound(NamedTuple):
    """``name``: from the folder on, '/' between its parts. ``size`` in bytes."""

    name: str
    path: Path
    size: int
    seconds: float | None


class Found(NamedTuple):
    """What lies in a folder. ``files``: everything but what is hidden, by its name."""

    folder: Path
    files: dict[str, Path]

    def sounds(self) -> Iterator[str]:
        """The names of what looks like sound or like a video that holds some."""
        return (name for name in self.files if PurePosixPath(name).suffix.lower() in LOOKED_AT)


def find(folder: Path) -> Found:
    """Everything in ``folder`` and in the folders in it. Raises ``MusmedError`` where it is none,
    or holds far too much to be a folder of music."""
    place = look_at(folder, "folder of sounds")
    if place == "nothing":
        raise MusmedError(f"There is no folder {folder}; check the name.")
    if place != "folder":
        raise MusmedError(f"{folder} is no folder; name the one that the sounds are in.")
    files: dict[str, Path] = {}
    for path in _walk(folder):
        files[unicodedata.normalize("NFC", path.relative_to(folder).as_posix())] = path
        if len(files) > MOST_FILES:
            raise MusmedError(
                f"{folder} holds over {MOST_FILES} files; name the folder of the music alone."
            )
    return Found(folder, dict(sorted(files.items())))


def _walk(folder: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        raise MusmedError(
            f"The folder {error.filename} can't be read ({error.strerror}); mend its permissions."
        ) from error

    depth = len(folder.parts)
    for base, folders, names in os.walk(folder, onerror=fail):
        here = Path(base)
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        if len(here.parts) - depth >= MOST_FOLDERS_DEEP:
            folders.clear()
        yield from (here / name for name in sorted(names) if not name.startswith("."))


def look_at_sounds(
    found: Found, names: Iterator[str] | list[str], say: Say
) -> tuple[dict[str, Sound], list[Problem]]:
    """Those of ``names`` that begin as sound does, and what is wrong with the others. ``say`` is
    told after each; what it raises ends it."""
    listed = list(names)
    sounds: dict[str, Sound] = {}
    problems: list[Problem] = []
    for number, name in enumerate(listed, 1):
        seen = _look(name, found.files[name])
        if isinstance(seen, Problem):
            problems.append(seen)
        else:
            sounds[name] = seen
        say(Progress("reading", number, len(listed)))
    return sounds, problems


def _look(name: str, path: Path) -> Sound | Problem:
    suffix = path.suffix.lower()
    if suffix in VIDEOS:
        made = PurePosixPath(name).with_suffix(".flac").name
        command = f"ffmpeg -i {shlex.quote(path.name)} -vn {shlex.quote(made)}"
        return Problem(name, f"It is a video; take its sound out first ({command}).", True)
    if not name.isprintable() and any("\ud800" <= sign <= "\udfff" for sign in name):
        return Problem(name, "Its name is not in UTF-8; give it another.", True)
    try:
        size = path.stat().st_size
        if not size:
            return Problem(name, "It is empty (0 bytes); copy or download it again.", True)
        with SoundReader(path) as reader:
            return Sound(name, path, size, reader.seconds)
    except MusmedError as error:
        return Problem(name, without_path(str(error), path), True)
    except OSError as error:
        why = error.strerror or str(error)
        return Problem(name, f"It can't be read ({why}); mend its permissions.", True)


def without_path(sentence: str, path: Path) -> str:
    """``sentence`` about a file, which stands beside its name already."""
    return sentence.replace(f"{path} ", "It ", 1) if sentence.startswith(f"{path} ") else sentence
