"""Fits a head on CLAP embeddings to MTG-Jamendo's moods, measures it, and writes it and its card.

The penalty is chosen by the validation tracks; the test tracks are looked at once, after that.
Fitting is exact and has no chance in it: the seed is that of intervals and of chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.affect.moods import MOODS
from engine.errors import MusmedError
from engine.evaluation.moodtheme_split import PARTS, Track, read_split
from engine.evaluation.resampling import Indices, estimate
from engine.evaluation.results import Estimate
from engine.evaluation.tagger_card import card
from engine.evaluation.tagger_head import FORMAT, Head, HeadRecord, Weights, fit, write_head
from engine.evaluation.tagging import Areas, average_precision, roc_auc
from engine.evaluation.track_embeddings import Embedded, Embedder, embed_all, probe
from engine.meter.files import Progress
from engine.places import look_at, part_of

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]

PENALTIES = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)
"""From the strongest to the weakest; of two that are as good the stronger one is taken."""


class PartCount(msgspec.Struct, frozen=True):
    """Of a part of the split: tracks that were used, that are not there, that can't be heard."""

    part: str
    used: int
    missing: int
    damaged: int


class MoodFigure(msgspec.Struct, frozen=True):
    """Average precision on the test tracks, ``tracks`` of which have the mood, and by chance."""

    mood: str
    tracks: int
    average_precision: float
    chance: float


class PenaltyFigure(msgspec.Struct, frozen=True):
    """Macro PR-AUC on the validation tracks."""

    l2: float
    precision: float


class Fitted(msgspec.Struct, frozen=True):
    """``rows``: AUPRC and ROC-AUC on the test tracks, with intervals (bootstrap over artists) and
    chance. ``unlearnt``: moods that no track to learn from has, or all have."""

    head: str
    card: str
    clap: str
    licence: str
    seed: int
    l2: float
    parts: tuple[PartCount, ...]
    penalties: tuple[PenaltyFigure, ...]
    rows: tuple[Estimate, ...]
    moods: tuple[MoodFigure, ...]
    unlearnt: tuple[str, ...]
    remarks: tuple[str, ...]


def fit_tagger(
    audio: Path,
    splits: Path,
    output: Path,
    open_clap: Callable[[], Embedder],
    progress: Progress,
    *,
    seed: int,
) -> Fitted:
    """Fit a head to what lies of the split under ``audio``, and write it to the new ``output`` and
    a card beside it. Embeddings are kept in a folder beside both. ``progress``: told the seconds
    done and those of the whole; what it raises ends it. Raises ``MusmedError``."""
    beside = places(output)
    split = read_split(splits)
    if look_at(audio, "folder of sounds") != "folder":
        raise MusmedError(f"There is no folder {audio}; give the one with MTG-Jamendo's sounds.")
    clap = open_clap()
    embedded = embed_all(split, audio, beside.embeddings, clap, progress)
    sets = {part: _set(part, embedded) for part in PARTS}
    total = sum(one.seconds for some in embedded.tracks.values() for one in some)
    best, penalties = _fitted(sets["train"], sets["validation"], lambda: progress(total, total))
    test = sets["test"]
    scores = test.scores(best.weights)
    rows = _rows(test, scores, seed)
    head = Head(
        HeadRecord(
            format=FORMAT,
            clap=clap.record.version,
            tags=tuple(mood.name for mood in MOODS),
            l2=best.l2,
            tracks=len(sets["train"].truth),
            precision=rows[0].value,
            chance=rows[0].chance or 0.0,
        ),
        best.weights,
        probe(clap),
    )
    found = Fitted(
        head=str(output),
        card=str(beside.card),
        clap=clap.record.version,
        licence=clap.record.licence,
        seed=seed,
        l2=best.l2,
        parts=tuple(
            PartCount(part, len(sets[part].truth), embedded.missing[part], embedded.damaged[part])
            for part in PARTS
        ),
        penalties=penalties,
        rows=rows,
        moods=_moods(test.truth, scores),
        unlearnt=_unlearnt(sets["train"].truth),
        remarks=embedded.remarks,
    )
    _write(beside.card, card(found))
    write_head(head, output)
    return found


class Places(NamedTuple):
    card: Path
    embeddings: Path


def places(output: Path) -> Places:
    """What lies beside a head. Raises ``MusmedError`` where none can be written to ``output``."""
    if output.suffix != ".safetensors":
        raise MusmedError(f"{output} is no name for a head; say -o HEAD.safetensors.")
    found = Places(output.with_suffix(".md"), output.with_suffix(".embeddings"))
    for file in (output, found.card):
        if look_at(file, "file") != "nothing":
            raise MusmedError(f"{file} is there already; name another head.")
    if look_at(output.parent, "folder") != "folder":
        raise MusmedError(f"There is no folder {output.parent}; make it first.")
    return found


class _Set(NamedTuple):
    """``rows`` (n, dimensions) are excerpts, ``owner`` (n,) whose; ``truth`` (tracks, tags);
    ``artists`` (tracks,)."""

    rows: Floats
    owner: NDArray[np.intp]
    truth: Truth
    artists: tuple[str, ...]

    def scores(self, weights: Weights) -> Floats:
        """(tracks, tags): the mean over a track's excerpts."""
        told = weights.activations(self.rows)
        sums = np.zeros(self.truth.shape)
        np.add.at(sums, self.owner, told)
        return np.asarray(sums / np.bincount(self.owner)[:, None])


def _set(part: str, embedded: Embedded) -> _Set:
    tracks, excerpts = embedded.tracks[part], embedded.excerpts[part]
    if not tracks:
        raise MusmedError(f"None of the {part} tracks can be heard; get more of the sounds.")
    owner = np.repeat(np.arange(len(tracks)), [len(one) for one in excerpts])
    return _Set(np.concatenate(excerpts), owner, _truth(tracks), tuple(t.artist for t in tracks))


def _truth(tracks: Sequence[Track]) -> Truth:
    truth = np.zeros((len(tracks), len(MOODS)), bool)
    for number, track in enumerate(tracks):
        truth[number, list(track.moods)] = True
    return truth


class _Best(NamedTuple):
    weights: Weights
    l2: float


def _fitted(
    train: _Set, validation: _Set, still: Callable[[], None]
) -> tuple[_Best, tuple[PenaltyFigure, ...]]:
    """Every track counts the same, however many excerpts it has."""
    counts = 1.0 / np.bincount(train.owner)[train.owner]
    truth = train.truth[train.owner]
    best: _Best | None = None
    weights: Weights | None = None
    figures: list[PenaltyFigure] = []
    for l2 in PENALTIES:
        weights = fit(train.rows, truth, counts, l2, still=still, begin=weights)
        told = average_precision(validation.truth, validation.scores(weights)).macro
        if best is None or told > max(one.precision for one in figures):
            best = _Best(weights, l2)
        figures.append(PenaltyFigure(l2, told))
    assert best is not None
    return best, tuple(figures)


# what is measured


def _rows(test: _Set, scores: Floats, seed: int) -> tuple[Estimate, ...]:
    """The figures; tracks of one artist are no independent draws."""
    artists = {name: number for number, name in enumerate(sorted(set(test.artists)))}
    clusters = [artists[name] for name in test.artists]

    def row(name: str, measure: Callable[[Truth, Floats], Areas]) -> Estimate:
        def figure(tracks: Indices, moods: Indices) -> float | None:
            truth = test.truth[moods]
            if not (truth.any(axis=0) & ~truth.all(axis=0)).any():
                return None
            return measure(truth, scores[tracks]).macro

        rng, expected = np.random.default_rng(seed), measure(test.truth, scores).chance
        made = estimate(name, clusters, figure, rng, expected=expected)
        assert made is not None  # the figure of all has a meaning, or it would have been raised
        return made

    return row("AUPRC", average_precision), row("ROC-AUC", roc_auc)


def _moods(truth: Truth, scores: Floats) -> tuple[MoodFigure, ...]:
    each = average_precision(truth, scores).each
    return tuple(
        MoodFigure(mood.name, int(has.sum()), float(one), float(has.mean()))
        for mood, one, has in zip(MOODS, each, truth.T, strict=True)
        if np.isfinite(one)
    )


def _unlearnt(truth: Truth) -> tuple[str, ...]:
    known = [bool(has.any() and not has.all()) for has in truth.T]
    return tuple(mood.name for mood, one in zip(MOODS, known, strict=True) if not one)


def _write(path: Path, text: str) -> None:
    part = part_of(path)
    try:
        part.write_text(text, "utf-8")
        part.replace(path)
    except OSError as error:
        raise MusmedError(f"{path} can't be written ({error.strerror}).") from error
    finally:
        part.unlink(missing_ok=True)
