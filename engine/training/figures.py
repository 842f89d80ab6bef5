"""What came of a training, as figures.json has it: nothing that names a person, a sound or a
folder, since the adapter's folder is made to be shared. No torch."""

from __future__ import annotations

from collections import Counter

import msgspec

from engine.errors import MusmedError
from engine.evaluation.likeness import LikenessRow
from engine.places import read_small
from engine.training.encoded import Encoded
from engine.training.folder import RunFolder
from engine.training.moved import Moved
from engine.training.recipe import Recipe
from engine.training.tracks import Data, Split
from engine.training.watched import Watched

MOST_BYTES = 16 * 1024 * 1024
FRAME_RATE = 50
"""Code frames a second of every MusicGen."""


class Learnt(msgspec.Struct, frozen=True):
    """From what it learnt, in numbers. ``minutes``: of the windows of the ``tracks`` that were
    learnt from; ``moods``: how many of those tracks have each."""

    layout: str
    tracks: int
    held_out: int
    windows: int
    minutes: float
    captions: int
    moods: dict[str, int]


class Copied(msgspec.Struct, frozen=True):
    """What is composed held against ``tracks`` that were learnt from: ``after`` training, and
    ``before`` (None where the base was not heard), which can't have copied any of them."""

    tracks: int
    after: LikenessRow
    before: LikenessRow | None

    @property
    def copies(self) -> bool | None:
        """Whether more pieces are nearer to a track than chance has it, and than those of the base
        are; None where there is no telling."""
        share, expected = self.after.share, self.after.expected
        if share is None or expected is None:
            return None
        base = self.before.share if self.before is not None else None
        return share > max(expected, base or 0.0)

    @property
    def in_words(self) -> str:
        match self.copies:
            case None:
                return "There are too few tracks to say how alike music is by chance."
            case True:
                return (
                    "It may play back tracks that it learnt from: more of what it composes is that "
                    "near to one than chance has it; listen to them."
                )
            case False:
                return "Nothing says that it copies tracks: they are as near as by chance."


class Result(msgspec.Struct, frozen=True):
    """``step``: the one that was best, of ``steps`` that were made; ``watched``: every
    watching, without remarks, which name clips. ``licence``: of the base, as a name
    for people. ``remarks``: in sentences, what could not be measured and why."""

    base: str
    licence: str
    step: int
    steps: int
    recipe: Recipe
    learnt: Learnt
    watched: tuple[Watched, ...]
    moved: Moved | None = None
    copied: Copied | None = None
    remarks: tuple[str, ...] = ()

    @property
    def before(self) -> Watched | None:
        """The base alone, where it was heard."""
        return next((one for one in self.watched if one.step == 0), None)

    @property
    def after(self) -> Watched:
        return next(one for one in self.watched if one.step == self.step)

    @property
    def gained(self) -> bool | None:
        """Whether the best step is better than the base by what chose it; None where there is no
        telling."""
        if self.before is None or self.before.score is None or self.after.score is None:
            return None
        return self.after.score > self.before.score


def learnt_of(data: Data, split: Split, encoded: Encoded) -> Learnt:
    learnt_from = set(split.train)
    tracks = [data.tracks[number] for number in split.train]
    windows = [window for window in encoded.windows if window.track in learnt_from]
    moods = Counter(track.mood for track in tracks if track.mood is not None)
    return Learnt(
        layout=data.layout,
        tracks=len(tracks),
        held_out=len(split.held_out),
        windows=len(windows),
        minutes=round(sum(window.frames for window in windows) / FRAME_RATE / 60, 1),
        captions=len({caption for track in tracks for caption in track.captions}),
        moods=dict(moods.most_common()),
    )


def read_result(folder: RunFolder) -> Result:
    """What figures.json says. Raises ``MusmedError``."""
    path = folder.figures
    data = read_small(path, str(path), MOST_BYTES)[:MOST_BYTES]  # one that is cut is damaged
    try:
        return msgspec.json.decode(data, type=Result)
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise MusmedError(
            f"{path} is damaged ({error}); 'musmed train' with --resume writes it again."
        ) from error
