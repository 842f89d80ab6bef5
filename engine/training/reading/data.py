"""People's data as it lies: sounds in a folder, and captions in whatever way they are written."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from engine.errors import MusmedError
from engine.training.reading.captions import Captions, read_captions
from engine.training.reading.sounds import VIDEOS, Sound, find, look_at_sounds
from engine.training.reading.told import LONGEST_CAPTION, Told
from engine.training.said import Say
from engine.training.tracks import Data, Problem, Track

FEWEST = 2
"""Tracks that a training wants."""


def read_data(folder: Path, say: Say, captions: Path | None = None) -> Data:
    """The tracks in ``folder`` that can be trained with, and what is wrong with the other files.
    ``captions``: a file that lies elsewhere, or the folder of MTG-Jamendo's lists. Every sound is
    opened, none is decoded; ``say`` is told after each, and what it raises ends it. Raises
    ``MusmedError`` where there are too few tracks to train with."""
    data = look_over(folder, say, captions)
    refuse_too_few(data)
    return data


def look_over(folder: Path, say: Say, captions: Path | None = None) -> Data:
    """``read_data``, but with however few tracks there are."""
    found = find(folder)
    said = read_captions(found, captions)
    names = list(dict.fromkeys([*found.sounds(), *said.told]))
    sounds, problems = look_at_sounds(found, _wanted(names, said), say)
    problems += [*said.problems, *_untold(sounds, said)]
    tracks = tuple(_track(sounds[name], said.told[name]) for name in sounds if name in said.told)
    problems += [_cut(name) for name in sounds if name in said.told and said.told[name].cut]
    ordered = tuple(sorted(problems, key=lambda one: (one.name, one.sentence)))
    return Data(folder, said.layout, tracks, ordered, _digest(tracks, sounds))


def refuse_too_few(data: Data) -> None:
    """Raises ``MusmedError`` where ``data`` is nothing to train with."""
    if len(data.tracks) >= FEWEST:
        return
    folder = data.folder
    if data.tracks:
        raise MusmedError(
            f"{folder} holds one track that can be trained with; a training wants {FEWEST} or "
            "more, some twenty for a style."
        )
    untold = sum(1 for one in data.problems if one.sentence == NO_CAPTION)
    if untold:
        raise MusmedError(
            f"No sound in {folder} has a caption; 'musmed train captions {folder} -o "
            f"{folder / 'captions.csv'}' proposes some to edit."
        )
    videos = sum(1 for one in data.problems if PurePosixPath(one.name).suffix.lower() in VIDEOS)
    if videos:
        held = "a video" if videos == 1 else f"{videos} videos"
        raise MusmedError(
            f"{folder} holds {held} and no sound; take their sound out first "
            "(ffmpeg -i VIDEO -vn SOUND.flac)."
        )
    if data.problems:
        raise MusmedError(
            f"Nothing in {folder} can be trained with: {data.problems[0].name}: "
            f"{data.problems[0].sentence}"
        )
    raise MusmedError(f"There is no sound in {folder}; put your music there, or name its folder.")


NO_CAPTION = "It has no caption; write one, or have one proposed by 'musmed train captions'."


def _wanted(names: list[str], said: Captions) -> list[str]:
    """The sounds that are looked at: of lists that choose among more music than they name (such as
    MTG-Jamendo's), those that they name."""
    return [name for name in names if name in said.told] if said.chooses else names


def _untold(sounds: dict[str, Sound], said: Captions) -> list[Problem]:
    return [Problem(name, NO_CAPTION, True) for name in sounds if name not in said.told]


def _cut(name: str) -> Problem:
    return Problem(name, f"A caption is cut after {LONGEST_CAPTION} characters.", False)


def _track(sound: Sound, told: Told) -> Track:
    return Track(
        sound.name,
        sound.path,
        told.captions,
        told.group or sound.name,
        told.mood,
        told.affect,
        told.part,
        sound.seconds,
    )


def _digest(tracks: tuple[Track, ...], sounds: dict[str, Sound]) -> str:
    made = hashlib.sha256()
    for track in tracks:
        said = (track.group, track.mood, track.part, track.affect)
        for part in (track.name, sounds[track.name].size, *track.captions, *said):
            encoded = str(part).encode("utf-8", "surrogatepass")
            made.update(len(encoded).to_bytes(8, "big") + encoded)
    return made.hexdigest()
