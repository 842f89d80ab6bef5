"""Is a learned map from affect to music better than the rules?

Learned from VGMIDI's piano pieces (Ferreira & Whitehead, ISMIR 2019; at ../shared/data/vgmidi;
about 30 raters a piece) by supervised clustering after EmoGen (Kang, Lu, Yu, Tan, Ye, Zhang & Bian
2023, arXiv 2307.01229): stretches of 20 s are grouped by what people said of them, and what is told
for an affect is the centre of its group's attributes. Ours has more groups than EmoGen's four
quadrants and goes smoothly from one to the next, since a path does; how many groups and how smooth
is chosen within what is learned from. Beside it: EmoGen's own way, the rules of
``engine/affect/descriptor.py`` (each moved and stretched to the attribute, which
is fitted where the others learn, so that only its shape counts), a straight line in valence and
arousal, the mean, and the learned map of ratings that were dealt to other pieces.

Errors are squared, of pieces that were not learned from, each piece counting alike, over those of
the mean: 1 is no better than the mean. Velocity counts where a file has at least eight of them,
tempo where it writes one. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.exported import ROOT, VGMIDI

sys.path.insert(0, str(ROOT / "scripts"))

import mido
from meter_renderings import read_pieces

from engine.affect.circumplex import Affect
from engine.affect.descriptor import Descriptor, describe
from engine.evaluation import quadrant_features
from engine.evaluation.notes import Piece, cut, read_midi

STRETCH = 20.0
FOLDS, INNER = 10, 5
GROUPS = (4, 6, 9, 12, 16)
SMOOTH = (0.25, 0.5, 1.0, 2.0)
"""Standard deviations of the ratings over which one group goes over into the next."""
SHUFFLES = 20
RESAMPLES = 4000
LEAST_VELOCITIES = 8
ON_THE_PLANE = 0.4
"""A standard deviation of ratings on the plane, as in ``scripts/train_meter.py``."""
Table = NDArray[np.float64]


class Attribute(NamedTuple):
    """``rule``: what the descriptor says of it, but for place and scale."""

    name: str
    rule: Callable[[Descriptor], float]


ATTRIBUTES = (
    Attribute("notes a quarter note (log)", lambda d: math.log(d.density)),
    Attribute("places a quarter note (log)", lambda d: math.log(d.density)),
    Attribute("notes a second (log)", lambda d: math.log(d.density * d.tempo)),
    Attribute("mean pitch", lambda d: d.register),
    Attribute("mean velocity", lambda d: d.loudness),
    Attribute("mean duration (log quarter notes)", lambda d: math.log(d.articulation / d.density)),
    Attribute("tempo (log)", lambda d: math.log(d.tempo)),
    Attribute("mode (major over minor fit)", lambda d: d.mode),
    Attribute("roughness", lambda d: d.tension),
    Attribute("unevenness", lambda d: -d.regularity),
)
VELOCITY, TEMPO = 4, 6
_MODE, _ROUGH, _UNEVEN = (
    quadrant_features.FEATURES.index(name)
    for name in (
        "major over minor fit",
        "roughness of what sounds together",
        "evenness of onsets",
    )
)


class Rated(NamedTuple):
    """Stretches: ``said`` (n, 2) valence and arousal, ``attributes`` (n, attributes) with NaN where
    a file says nothing of it, ``pieces`` (n,), ``session`` (n,): which of VGMIDI's two."""

    said: Table
    attributes: Table
    pieces: NDArray[np.int64]
    session: NDArray[np.int64]

    def of(self, pieces: NDArray[np.int64]) -> Rated:
        here = np.isin(self.pieces, pieces)
        return Rated(self.said[here], self.attributes[here], self.pieces[here], self.session[here])

    @property
    def weights(self) -> Table:
        """Each piece counts alike."""
        _, where, counts = np.unique(self.pieces, return_inverse=True, return_counts=True)
        return np.asarray(1.0 / counts[where])


def attributes(part: Piece) -> Table:
    quarters = sum(bar.length for bar in part.bars)
    seconds = sum(bar.end_s - bar.start_s for bar in part.bars)
    places = len({round(8 * note.start) for note in part.notes})
    lengths = np.array([note.end - note.start for note in part.notes])
    told = quadrant_features.features(part, STRETCH)
    return np.array([
        math.log(len(part.notes) / STRETCH / (quarters / seconds)),
        math.log(places / STRETCH / (quarters / seconds)),
        math.log(len(part.notes) / STRETCH),
        np.mean([note.pitch for note in part.notes]),
        np.mean([note.velocity for note in part.notes]),
        math.log(lengths.mean()),
        math.log(60.0 * quarters / seconds),
        told[_MODE],
        told[_ROUGH],
        told[_UNEVEN],
    ])  # fmt: skip


def read() -> Rated:
    first = json.loads((VGMIDI / "vgmidi_raw_1.json").read_text("utf-8"))["pieces"]
    of_first = {Path(about["midi"]).stem for about in first.values()}
    said, rows, pieces, session = [], [], [], []
    for number, piece in enumerate(read_pieces(VGMIDI)):
        score = read_midi(piece.path)
        silent = [index for index, lacks in _lacking(piece.path, score) if lacks]
        middle = (piece.times[:-1] + piece.times[1:]) / 2
        for start in np.arange(0.0, score.seconds - STRETCH, STRETCH):
            part = cut(score, start, start + STRETCH)
            here = (middle >= start) & (middle < start + STRETCH)
            if len(part.notes) < 8 or len(part.bars) < 2 or not here.any():
                continue
            row = attributes(part)
            row[silent] = np.nan
            said.append((piece.valence[here].mean(), piece.arousal[here].mean()))
            rows.append(row)
            pieces.append(number)
            session.append(1 if piece.name in of_first else 2)
    return Rated(np.array(said), np.array(rows), np.array(pieces), np.array(session))


def _lacking(path: Path, score: Piece) -> Iterator[tuple[int, bool]]:
    """Attributes that a file may say nothing of: its notes all as loud, no tempo written."""
    tempi = [e for track in mido.MidiFile(path).tracks for e in track if e.type == "set_tempo"]
    yield VELOCITY, len({note.velocity for note in score.notes}) < LEAST_VELOCITIES
    yield TEMPO, not tempi


# maps: each learns from some stretches and tells attributes for what was said of others


class Scale(NamedTuple):
    """Ratings as deviations from what was learned from."""

    mean: Table
    spread: Table

    def __call__(self, said: Table) -> Table:
        return np.asarray((said - self.mean) / self.spread)


def scale_of(rated: Rated) -> Scale:
    mean = np.average(rated.said, axis=0, weights=rated.weights)
    variance = np.average((rated.said - mean) ** 2, axis=0, weights=rated.weights)
    return Scale(mean, np.sqrt(variance))


Told = Callable[[Table], Table]
Learner = Callable[[Rated], Told]


def _centres(rated: Rated, shares: Table) -> tuple[Table, Table]:
    """(groups, attributes): the mean of those that say something, and their weight."""
    known = ~np.isnan(rated.attributes)
    filled = np.where(known, rated.attributes, 0.0)
    weighted = shares * rated.weights[:, None]
    mass = weighted.T @ known
    overall = np.nansum(rated.attributes * rated.weights[:, None], axis=0) / (
        rated.weights[:, None] * known
    ).sum(axis=0)
    return np.where(mass > 1e-9, weighted.T @ filled / np.maximum(mass, 1e-9), overall), mass


def mean(rated: Rated) -> Told:
    centre, _ = _centres(rated, np.ones((len(rated.said), 1)))
    return lambda said: np.repeat(centre, len(said), axis=0)


def _against(columns: Callable[[Table], Table], rated: Rated) -> Told:
    """Least squares of each attribute on its own (n, attributes, terms) of ``columns``."""
    terms = columns(rated.said)
    weights = np.sqrt(rated.weights)[:, None]
    found = []
    for index in range(len(ATTRIBUTES)):
        known = ~np.isnan(rated.attributes[:, index])
        given = np.column_stack([np.ones(known.sum()), terms[known, index]]) * weights[known]
        wanted = rated.attributes[known, index] * weights[known, 0]
        found.append(np.linalg.lstsq(given, wanted, rcond=None)[0])
    slopes = np.array(found)

    def told(said: Table) -> Table:
        here = columns(said)
        return np.asarray(slopes[:, 0] + np.einsum("nat,at->na", here, slopes[:, 1:]))

    return told


def rules(rated: Rated) -> Told:
    scale = scale_of(rated)

    def columns(said: Table) -> Table:
        at = np.clip(ON_THE_PLANE * scale(said), -1.0, 1.0)
        told = [describe(Affect(float(v), float(a))) for v, a in at]
        return np.array([[[one.rule(d)] for one in ATTRIBUTES] for d in told])

    return _against(columns, rated)


def line(rated: Rated) -> Told:
    scale = scale_of(rated)
    return _against(lambda said: np.repeat(scale(said)[:, None, :], len(ATTRIBUTES), axis=1), rated)


def quadrants(rated: Rated) -> Told:
    """EmoGen's: the centre of the quadrant."""
    middle = np.median(rated.said, axis=0)

    def shares(said: Table) -> Table:
        which = 2 * (said[:, 0] > middle[0]) + (said[:, 1] > middle[1])
        return np.asarray(np.eye(4)[which])

    centres, _ = _centres(rated, shares(rated.said))
    return lambda said: np.asarray(shares(said) @ centres)


def nearest(rated: Rated) -> Told:
    """EmoGen's to the letter: what lies nearest to the centre of the quadrant."""
    known = ~np.isnan(rated.attributes)
    whole = mean(rated)(rated.said[:1])[0]
    filled = np.where(known, rated.attributes, whole)
    spread = filled.std(axis=0)
    middle = np.median(rated.said, axis=0)
    which = 2 * (rated.said[:, 0] > middle[0]) + (rated.said[:, 1] > middle[1])
    rows = []
    for one in range(4):
        here = filled[which == one]
        away = (((here - here.mean(axis=0)) / spread) ** 2).sum(axis=1)
        rows.append(here[np.argmin(away)])
    table = np.array(rows)
    return lambda said: np.asarray(table[2 * (said[:, 0] > middle[0]) + (said[:, 1] > middle[1])])


def grouped(groups: int, smooth: float) -> Learner:
    """``groups`` by what was said (k-means), each attribute's centre, smoothly from one to the
    next: groups weigh by their size and how near they lie."""

    def learn(rated: Rated) -> Told:
        from sklearn.cluster import KMeans

        scale = scale_of(rated)
        model = KMeans(groups, n_init=4, random_state=0)
        labels = model.fit_predict(scale(rated.said), sample_weight=rated.weights)
        centres, mass = _centres(rated, np.eye(groups)[labels])
        places = model.cluster_centers_

        def told(said: Table) -> Table:
            apart = ((scale(said)[:, None, :] - places[None]) ** 2).sum(axis=2)
            near = np.exp(-(apart - apart.min(axis=1, keepdims=True)) / (2 * smooth**2))
            shares = near[:, :, None] * mass[None]
            total = shares.sum(axis=1)
            return np.asarray((shares * centres[None]).sum(axis=1) / total)

        return told

    return learn


def learned(rated: Rated, chosen: list[tuple[int, float]] | None = None) -> Told:
    """Groups and smoothness by pieces left out within what is learned from; what was ``chosen``
    is added there."""
    choices = [(groups, smooth) for groups in GROUPS for smooth in SMOOTH]
    errors = [_relative(rated, grouped(*choice), INNER).mean() for choice in choices]
    best = choices[int(np.argmin(errors))]
    if chosen is not None:
        chosen.append(best)
    return grouped(*best)(rated)


# errors


def folds(rated: Rated, count: int) -> Iterator[tuple[Rated, Rated]]:
    """What is learned from and what is told, whole pieces each."""
    names = np.random.default_rng(0).permutation(np.unique(rated.pieces))
    for number in range(count):
        yield rated.of(np.delete(names, np.s_[number::count])), rated.of(names[number::count])


def of_pieces(told: Table, rated: Rated) -> dict[int, Table]:
    """(attributes,) of each piece: the mean squared error, NaN where it says nothing."""
    squared = (told - rated.attributes) ** 2
    return {int(n): squared[rated.pieces == n].mean(axis=0) for n in np.unique(rated.pieces)}


def held_out(splits: Sequence[tuple[Rated, Rated]], learn: Learner) -> Table:
    """(pieces, attributes), pieces in their order."""
    found: dict[int, Table] = {}
    for given, asked in splits:
        found |= of_pieces(learn(given)(asked.said), asked)
    return np.array([found[name] for name in sorted(found)])


def _relative(rated: Rated, learn: Learner, count: int) -> Table:
    splits = list(folds(rated, count))
    return np.asarray(
        np.nanmean(held_out(splits, learn), axis=0) / np.nanmean(held_out(splits, mean), axis=0)
    )


def dealt(rated: Rated, rng: np.random.Generator) -> Rated:
    """The ratings of whole pieces given to other pieces."""
    names = np.unique(rated.pieces)
    said = rated.said.copy()
    for name, other in zip(names, rng.permutation(names), strict=True):
        here = np.flatnonzero(rated.pieces == name)
        there = rated.said[rated.pieces == other]
        said[here] = there[np.arange(len(here)) % len(there)]
    return rated._replace(said=said)


def drawn(errors: dict[str, Table], rng: np.random.Generator) -> dict[str, Table]:
    """(resamples, attributes + 1) of each map: relative errors, the mean over attributes last, of
    pieces drawn again."""
    count = len(errors["mean"])
    sums: dict[str, list[Table]] = {name: [] for name in errors}
    for _ in range(RESAMPLES):
        rows = rng.integers(0, count, count)
        base = np.nanmean(errors["mean"][rows], axis=0)
        for name, table in errors.items():
            share = np.nanmean(table[rows], axis=0) / base
            sums[name].append(np.append(share, share.mean()))
    return {name: np.array(rows) for name, rows in sums.items()}


LEARNERS: dict[str, Learner] = {
    "mean": mean,
    "rules": rules,
    "learned": learned,
    "EmoGen, centre": quadrants,
    "EmoGen, nearest": nearest,
    "line": line,
}


def report(title: str, splits: Sequence[tuple[Rated, Rated]], shuffled: Sequence[Table]) -> None:
    errors = {name: held_out(splits, learn) for name, learn in LEARNERS.items()}
    base = np.nanmean(errors["mean"], axis=0)
    share = {name: np.nanmean(table, axis=0) / base for name, table in errors.items()}
    again = drawn(errors, np.random.default_rng(0))
    counts = (~np.isnan(errors["mean"])).sum(axis=0)
    others = [name for name in LEARNERS if name != "mean"]
    print(f"\n## {title}\n\n| attribute | pieces | {' | '.join(others)} |", end="")
    print(" learned, dealt ratings | learned - rules (95 %) | learned - line (95 %) |")
    print(f"|{'---|' * (len(others) + 5)}")
    for index, name in enumerate([*(one.name for one in ATTRIBUTES), "mean over attributes"]):
        whole = index == len(ATTRIBUTES)
        cells = [share[one].mean() if whole else share[one][index] for one in others]
        chance = np.array([one.mean() if whole else one[index] for one in shuffled])
        spans = [_difference(again, cells, others, other, index) for other in ("rules", "line")]
        print(f"| {name} | {'' if whole else counts[index]} |", end="")
        print("".join(f" {cell:.3f} |" for cell in cells), end="")
        print(f" {chance.min():.3f}-{chance.max():.3f} |" if len(chance) else " |", end="")
        print(f" {spans[0]} | {spans[1]} |")


def _difference(
    again: dict[str, Table], cells: Sequence[float], others: Sequence[str], other: str, index: int
) -> str:
    low, high = np.quantile(again["learned"][:, index] - again[other][:, index], (0.025, 0.975))
    apart = cells[others.index("learned")] - cells[others.index(other)]
    return f"{apart:+.3f} ({low:+.3f} to {high:+.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shuffles", type=int, default=SHUFFLES)
    given = parser.parse_args()
    if not VGMIDI.is_dir():
        sys.exit(f"VGMIDI is not at {VGMIDI}.")
    rated = read()
    print(f"{len(rated.said)} stretches of {len(set(rated.pieces))} pieces")
    rng = np.random.default_rng(0)
    chance = [_relative(dealt(rated, rng), learned, FOLDS) for _ in range(given.shuffles)]
    report("Pieces left out, ten folds", list(folds(rated, FOLDS)), chance)
    chosen: list[tuple[int, float]] = []
    for learn, _ in folds(rated, FOLDS):
        learned(learn, chosen)
    print("\nGroups and smoothness, fold by fold:", *chosen)
    one, two = (rated.of(np.unique(rated.pieces[rated.session == n])) for n in (1, 2))
    report("Learned from the first session's pieces, told of the second's", [(one, two)], ())
    report("Learned from the second session's pieces, told of the first's", [(two, one)], ())


if __name__ == "__main__":
    main()
