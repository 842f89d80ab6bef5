"""CLAP's embeddings of excerpts of many tracks, kept on disk as they are made.

A track is up to four excerpts of 30 s, evenly over it; each is the mean of its windows of 10 s, of
length 1. What is kept is looked for first, so whoever was stopped loses one track at most.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE
from engine.errors import MusmedError
from engine.evaluation.judges.base import mean_embedding
from engine.evaluation.moodtheme_split import Track
from engine.evaluation.results import JudgeRecord
from engine.meter.files import Heard, Progress
from engine.places import open_file, part_of

Floats = NDArray[np.float64]

EXCERPT = 30.0
MOST_EXCERPTS = 4
ALIKE = 0.999
"""The cosine of two embeddings of the probe by the same CLAP on two machines, at least."""
_MOST_BYTES = 1 << 20
NAMED = 20
"""Tracks that can't be heard, at most, that are named; the others are counted."""


class Embedder(Protocol):
    """What is asked of CLAP here."""

    record: JudgeRecord

    def windows(self, mono: NDArray[np.float32]) -> Floats: ...

    def clips(
        self, sound: Path, spans: Sequence[tuple[float, float]], progress: Progress
    ) -> tuple[list[Floats], Heard]: ...


class Embedded(NamedTuple):
    """Of each part of the split the tracks that were heard, and of each of these (n, dimensions);
    how many are ``missing`` and how many ``damaged``; the latter in sentences."""

    tracks: dict[str, list[Track]]
    excerpts: dict[str, list[Floats]]
    missing: dict[str, int]
    damaged: dict[str, int]
    remarks: tuple[str, ...]


def probe(clap: Embedder) -> Floats:
    """(dimensions,) of length 1: what ``clap`` makes of a tone that rises from 110 Hz to 4.1 kHz.
    Two checkpoints make something else of it."""
    time = np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE
    tone = 0.1 * np.sin(2.0 * np.pi * (110.0 * time + 200.0 * np.square(time)))
    return mean_embedding(clap.windows(tone.astype(np.float32)))


def same(one: Floats, other: Floats) -> bool:
    """Whether two probes are by the same CLAP."""
    return (
        one.shape == other.shape
        and float(mean_embedding(one[None]) @ mean_embedding(other[None])) >= ALIKE
    )


def spans_of(seconds: float) -> list[tuple[float, float]]:
    """The excerpts of a track of so many seconds."""
    count = min(MOST_EXCERPTS, max(1, int(seconds // EXCERPT)))
    middles = [(number + 0.5) * seconds / count for number in range(count)]
    starts = [max(0.0, middle - EXCERPT / 2.0) for middle in middles]
    return [(start, start + EXCERPT) for start in starts]


def embed_all(
    split: Mapping[str, Sequence[Track]],
    audio: Path,
    kept: Path,
    clap: Embedder,
    progress: Progress,
) -> Embedded:
    """Embed what lies of ``split`` under ``audio``; ``kept``: the folder of embeddings.
    ``progress`` is told the seconds done and those of all that lie there. Raises ``MusmedError``
    where nothing does, or where ``kept`` holds another CLAP's."""
    sounds = {part: [(one, one.sound(audio)) for one in some] for part, some in split.items()}
    here = {
        part: [(one, file) for one, file in some if file is not None]
        for part, some in sounds.items()
    }
    if not any(here.values()):
        raise MusmedError(
            f"None of the split's tracks lies under {audio}; give the folder with 00 to 99."
        )
    store = _Store(kept, probe(clap))
    total = sum(one.seconds for some in here.values() for one, _ in some)
    done = 0.0
    found = Embedded({part: [] for part in here}, {part: [] for part in here}, {}, {}, ())
    failed: list[str] = []
    for part, some in here.items():
        found.missing[part] = len(sounds[part]) - len(some)
        found.damaged[part] = 0
        for track, file in some:
            excerpts = store.read(track)
            if excerpts is None:
                excerpts = _heard(track, file, clap, _after(done, total, progress), failed)
                if excerpts is not None:
                    store.write(track, excerpts)
            if excerpts is None:
                found.damaged[part] += 1
            else:
                found.tracks[part].append(track)
                found.excerpts[part].append(excerpts)
            done += track.seconds
            progress(done, total)
    return found._replace(remarks=_few(failed))


def _after(before: float, total: float, progress: Progress) -> Progress:
    return lambda done, _: progress(min(before + done, total), total)


def _heard(
    track: Track, file: Path, clap: Embedder, progress: Progress, failed: list[str]
) -> Floats | None:
    try:
        return _excerpts(track, file, clap, progress)
    except MusmedError as error:
        failed.append(f"Left out: {error}")
        return None


def _excerpts(track: Track, file: Path, clap: Embedder, progress: Progress) -> Floats:
    clips, heard = clap.clips(file, spans_of(track.seconds), progress)
    if heard.silent:
        raise MusmedError(f"{file} is silent; it says nothing of its moods.")
    made = [mean_embedding(windows) for windows in clips if len(windows)]
    if not made:
        raise MusmedError(f"{file} is much shorter than its list says; get it again.")
    return np.array(made, np.float32).astype(np.float64)  # as it will be read again


def _few(failed: Sequence[str]) -> tuple[str, ...]:
    more = len(failed) - NAMED
    return (*failed[:NAMED], *([f"So are {more} more."] if more > 0 else []))


def read_excerpts(path: Path) -> Floats | None:
    """(1 to ``MOST_EXCERPTS``, dimensions), None of what is not there or is damaged."""
    try:
        with open_file(path) as file:
            data = io.BytesIO(file.read(_MOST_BYTES + 1))
        if np.lib.format.read_magic(data) != (1, 0):
            return None
        shape, by_columns, kind = np.lib.format.read_array_header_1_0(data)
    except Exception:  # numpy has Python read the header, whose parser says what it will
        return None
    rest = data.read()
    right = len(shape) == 2 and 0 < shape[0] <= MOST_EXCERPTS and not by_columns
    if kind != np.float32 or not right or len(rest) != 4 * shape[0] * shape[1]:
        return None
    held = np.frombuffer(rest, np.float32).reshape(shape)
    return held.astype(np.float64) if np.isfinite(held).all() else None


class _Store:
    """One file to a track in ``folder``, and the probe of the CLAP that made them. Raises
    ``MusmedError`` for a folder that can't be written or is another CLAP's."""

    def __init__(self, folder: Path, mine: Floats) -> None:
        self._folder, self._dimensions = folder, len(mine)
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise MusmedError(
                f"The folder {folder} can't be made ({error.strerror}); name another -o."
            ) from error
        theirs = read_excerpts(folder / "probe.npy")
        if theirs is None:
            self._save(folder / "probe.npy", mine[None])
        elif not same(theirs[0], mine):
            raise MusmedError(
                f"{folder} holds the embeddings of another CLAP; remove it, or name another -o."
            )

    def read(self, track: Track) -> Floats | None:
        held = read_excerpts(self._folder / f"{track.name}.npy")
        return held if held is not None and held.shape[1] == self._dimensions else None

    def write(self, track: Track, excerpts: Floats) -> None:
        self._save(self._folder / f"{track.name}.npy", excerpts)

    def _save(self, path: Path, what: Floats) -> None:
        part = part_of(path)
        try:
            with part.open("wb") as file:
                np.save(file, what.astype(np.float32), allow_pickle=False)
            part.replace(path)
        except OSError as error:
            raise MusmedError(
                f"{path} can't be written ({error.strerror}); free some space and begin again: "
                "what is kept is not embedded twice."
            ) from error
        finally:
            part.unlink(missing_ok=True)
