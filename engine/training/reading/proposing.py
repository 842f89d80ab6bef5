"""Captions proposed for sounds that have none, to be looked through and edited.

What music feels like is estimated by the meter from its sound alone; what kind of music it is and
who plays is what its folders, its name and the tags in its file say. The words are those of the
prompts that musmed composes with.
"""

from __future__ import annotations

import csv
import functools
import io
from collections.abc import Iterable
from pathlib import Path

import msgspec
import soundfile

from engine.affect.circumplex import Affect
from engine.affect.moods import placed_moods
from engine.affect.spelling import plain
from engine.errors import MusmedError
from engine.meter.files import Progress, measure_file
from engine.meter.reading import Reading
from engine.places import look_at
from engine.plan.tags import emotion_of, mood_of
from engine.plan.words import phrase, spelled, tag_statistics
from engine.private import write_new
from engine.training.reading.captions import read_captions
from engine.training.reading.sounds import Sound, find, look_at_sounds
from engine.training.reading.told import clean
from engine.training.tracks import Problem

COLUMNS = ("file", "caption", "artist", "valence", "arousal", "because")
_TAGGED = ("genre", "title", "album", "comment")
"""What of a sound file's own tags is looked at, after its folders and its name."""
_ERRORS = (soundfile.LibsndfileError, RuntimeError, OSError, ValueError, TypeError)


class Proposal(msgspec.Struct, frozen=True):
    """``name``: of the sound, from the data's folder on. ``because``: where its words are from."""

    name: str
    caption: str
    artist: str
    affect: Affect
    because: str


class Proposed(msgspec.Struct, frozen=True):
    """``problems``: of sounds for which nothing can be proposed."""

    proposals: tuple[Proposal, ...]
    problems: tuple[Problem, ...]


class Words(msgspec.Struct, frozen=True):
    """What is said of a sound, by tags of MTG-Jamendo, and by what."""

    mood: str | None = None
    genre: str | None = None
    instrument: str | None = None
    sources: tuple[str, ...] = ()


def propose(folder: Path, progress: Progress, captions: Path | None = None) -> Proposed:
    """A caption for each sound in ``folder`` that has none (by ``captions``, see ``read_data``).
    ``progress``: told the seconds listened to and those of all; what it raises ends it. Raises
    ``MusmedError`` where there is nothing to propose anything for."""
    found = find(folder)
    said = read_captions(found, captions)
    untold = [name for name in found.sounds() if name not in said.told]
    if not untold:
        if said.told:
            raise MusmedError(f"Every sound in {folder} has a caption already.")
        raise MusmedError(
            f"There is no sound in {folder}; put your music there, or name its folder."
        )
    sounds, problems = look_at_sounds(found, untold, lambda _: progress(0.0, None))
    total = sum(sound.seconds or 0.0 for sound in sounds.values())
    proposals: list[Proposal] = []
    done = 0.0
    for sound in sounds.values():
        before = done
        try:
            measured = measure_file(sound.path, lambda at, _, b=before: progress(b + at, total))  # type: ignore[misc]
        except MusmedError as error:
            problems.append(Problem(sound.name, str(error), True))
        else:
            proposals.append(_proposal(sound, measured.readings))
        done += sound.seconds or 0.0
    return Proposed(tuple(proposals), tuple(sorted(problems, key=lambda one: one.name)))


def write_proposals(path: Path, proposals: Iterable[Proposal]) -> None:
    """A new table at ``path``, which ``read_data`` reads. Raises ``MusmedError``, where there is
    one already too: somebody may have edited it."""
    check_new(path)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for one in proposals:
        place = (f"{one.affect.valence:.2f}", f"{one.affect.arousal:.2f}")
        writer.writerow([one.name, one.caption, one.artist, *place, one.because])
    try:
        write_new(path, text.getvalue().encode())
    except OSError as error:
        raise MusmedError(
            f"{path} can't be written ({error.strerror}); name another file, or free some space."
        ) from error


def check_new(path: Path) -> None:
    """Raises ``MusmedError`` where something lies at ``path``, or its name is that of no table."""
    if path.suffix.lower() != ".csv":
        raise MusmedError(f"{path} is no name for a table; say -o captions.csv.")
    if look_at(path, "captions file") != "nothing":
        raise MusmedError(f"There is a file {path} already; name another one.")
    if look_at(path.parent, "folder") != "folder":
        raise MusmedError(f"There is no folder {path.parent}; make it first.")


def words_of(name: str, tags: dict[str, str]) -> Words:
    """What a sound's folders and name, then the ``tags`` in its file say: of each kind what is
    said first."""
    told = {"its name": name.rpartition(".")[0], **{one: tags.get(one, "") for one in _TAGGED}}
    found: dict[str, tuple[str, str]] = {}
    for source, text in told.items():
        words = f" {plain(text)} "
        for kind, known in _known().items():
            if kind not in found and (tag := _said(words, known)):
                found[kind] = tag, f"{kind} by {source}"
    kinds = {kind: tag for kind, (tag, _) in found.items()}
    return Words(**kinds, sources=tuple(source for _, source in found.values()))


def _proposal(sound: Sound, readings: tuple[Reading, ...]) -> Proposal:
    affect = Affect(*(_mean(one) for one in zip(*(_point(r) for r in readings), strict=True)))
    tags = _tags(sound.path)
    words = words_of(sound.name, tags)
    mood = words.mood or mood_of(affect, None, None)
    place = next(p for one, p in placed_moods(None) if one.name == mood) if words.mood else affect
    by_meter = ("feeling by its name",) if words.mood else ("mood by the meter",)
    return Proposal(
        sound.name,
        phrase(mood, emotion_of(place, ()), words.instrument, words.genre),
        clean(tags.get("artist", "")),
        place,
        "; ".join((*by_meter, *words.sources)),
    )


def _point(reading: Reading) -> tuple[float, float]:
    return reading.valence, reading.arousal


def _mean(values: tuple[float, ...]) -> float:
    return min(max(sum(values) / len(values), -1.0), 1.0)


def _tags(path: Path) -> dict[str, str]:
    """The tags in a sound file, by their names; {} where it has none that can be read."""
    try:
        with soundfile.SoundFile(path) as file:
            return {str(name): str(value) for name, value in file.copy_metadata().items()}
    except _ERRORS:
        return {}


@functools.cache
def _known() -> dict[str, dict[str, str]]:
    """By its kind: each tag by the words for it, long ones first."""
    table = tag_statistics()
    moods = [one.name for one, _ in placed_moods(None)]
    kinds = {"mood": moods, "genre": table.genres, "instrument": table.instruments}
    return {
        kind: dict(
            sorted(
                ((plain(word), tag) for tag in tags for word in {spelled(tag), tag}),
                key=lambda one: (-len(one[0]), one[0]),
            )
        )
        for kind, tags in kinds.items()
    }


def _said(words: str, known: dict[str, str]) -> str | None:
    return next((tag for word, tag in known.items() if f" {word} " in words), None)
