"""What is evaluated: sounds, with the path and the prompts that their sidecars have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.errors import MusmedError
from engine.evaluation.following import length
from engine.evaluation.likeness import SUFFIXES
from engine.evaluation.results import Subject
from engine.places import look_at, names_in
from engine.sidecar import SessionReport, read_report, report_path

MOST = 10_000
"""Sounds of a folder."""
LEAST_CLIP = 10.0
"""Seconds of a clip that is judged by itself: what a splice left of another is less."""


class Clip(NamedTuple):
    """From second ``start`` to second ``end`` of a sound, composed for ``mood`` by ``prompt``."""

    start: float
    end: float
    mood: str
    prompt: str


class Sound(NamedTuple):
    """``name``: for tables, of no folder; ``report``: its sidecar, None where there is none;
    ``path``: whether it has one to follow."""

    file: Path
    name: str
    report: SessionReport | None
    clips: tuple[Clip, ...]
    path: bool

    def subject(self) -> Subject:
        composers: tuple[str, ...] = ()
        seconds = None
        if self.report is not None:
            seconds = length(self.report)
            composers = tuple(sorted(self.report.versions.composers))
        return Subject(self.name, seconds if self.path else None, len(self.clips), composers)


def find_sounds(places: Iterable[Path]) -> list[Sound]:
    """The sounds of files and folders (not of folders in them), in their order. Raises
    ``MusmedError`` for what is not there, a folder without any, and a damaged sidecar."""
    sounds = []
    for place in places:
        files = _in_folder(place) if look_at(place, "sound file") == "folder" else [place]
        sounds += [read_sound(file) for file in files]
    return sounds


def read_sound(file: Path) -> Sound:
    """A sound with what its sidecar says. Raises ``MusmedError``."""
    sidecar = report_path(file)
    if look_at(sidecar, "sidecar") == "nothing":
        return Sound(file, file.name, None, (), path=False)
    report = read_report(sidecar)
    clips = tuple(_clips(report))
    moving = len({(point.affect.valence, point.affect.arousal) for point in report.plan.path}) > 1
    return Sound(file, file.name, report, clips, path=moving)


def _in_folder(folder: Path) -> Sequence[Path]:
    found = [path for path in names_in(folder) if path.suffix.lower() in SUFFIXES]
    if not found:
        raise MusmedError(f"There is no sound file in {folder}; name one that holds some.")
    if len(found) > MOST:
        raise MusmedError(f"{folder} holds over {MOST} sound files; name a smaller folder.")
    return found


def _clips(report: SessionReport) -> Iterator[Clip]:
    until = length(report)
    for clip in report.clips:
        end = min(clip.end_s, until)
        if end - clip.start_s >= LEAST_CLIP and clip.prompt:
            yield Clip(clip.start_s, end, clip.tags.mood, clip.prompt)
