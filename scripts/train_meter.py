"""Train the meter on renderings of VGMIDI: engine/meter/data/meter.json.

    python scripts/train_meter.py VGMIDI CACHE [--output FILE] [--jobs N] [--real PMEMO]

VGMIDI is a checkout of lucasnfe/vgmidi (vgmidi_raw_1.json, vgmidi_raw_2.json, midi/); CACHE a
folder outside the repository where renderings, as the meter hears them, are kept (1.5 GB). Prints
the cross-validation and writes the model with its figures. PMEMO: a folder of real clips with
ratings (NUMBER.mp3, NUMBER.json), reported and not learnt from.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from meter_renderings import Piece, cached, has_fluid, read_pieces, timbres_of

from engine.meter.features import NAMES, features
from engine.meter.model import CLIP, MeterModel, Quality, decode, far_from

OUTPUT = Path(__file__).parents[1] / "engine" / "meter" / "data" / "meter.json"
STEP, CONTEXT = 20, 60
"""Blocks of half a second: an estimate every 10 s from up to 30 s."""
FOLDS, INNER = 10, 4
LANDMARKS = 400
GRID = ((0.002, 0.3), (0.002, 1.0), (0.004, 0.3), (0.004, 1.0), (0.004, 3.0))
"""(gamma, ridge) to choose from, inside each fold."""
SCALE = 0.4
"""A standard deviation of VGMIDI's ratings on the meter's scale: two make 0.8, the radius of
the feelings."""


@dataclass(frozen=True)
class Table:
    """Rows: one estimate each. ``group``: piece; ``full``: the context a session gives (as much
    as there is, up to 30 s), else 10 s in the middle of a piece. ``y``: ratings, (n, 2)."""

    group: np.ndarray
    timbre: np.ndarray
    full: np.ndarray
    y: np.ndarray
    x: np.ndarray


def rating(piece: Piece, row: np.ndarray, start: float, end: float) -> float:
    """Mean of a rating over [start, end) s; NaN where less than a third of it is rated."""
    share = np.clip(piece.times[1:], start, end) - np.clip(piece.times[:-1], start, end)
    return float(share @ row / share.sum()) if share.sum() > (end - start) / 3 else float("nan")


def rows_of(job: tuple[int, Piece], cache: Path, *, fluid: bool) -> list[tuple]:  # type: ignore[type-arg]
    """Every row of one piece in all its timbres."""
    index, piece = job
    made = []
    for timbre in timbres_of(index, fluid=fluid):
        heard = cached(piece, timbre, cache)
        for context in (CONTEXT, STEP):
            for end in range(STEP, len(heard) + 1, STEP):
                first = max(0, end - context)
                y = [
                    rating(piece, row, end / 2 - 10.0, end / 2)
                    for row in (piece.valence, piece.arousal)
                ]
                if not np.isnan(y).any() and (context == CONTEXT or end > STEP):
                    x = features(heard[first:end])
                    made.append((index, timbre, context == CONTEXT, y, x))
    return made


def table_of(pieces: list[Piece], cache: Path, jobs: int, *, fluid: bool) -> Table:
    """Features and ratings of all pieces."""
    work = functools.partial(rows_of, cache=cache, fluid=fluid)
    with ProcessPoolExecutor(jobs) as pool:
        rows = [r for rs in pool.map(work, enumerate(pieces), chunksize=4) for r in rs]
    group, timbre, full, y, x = zip(*rows, strict=True)
    return Table(*(np.array(column) for column in (group, timbre, full, y, x)))


class Fit:
    """Kernel ridge on landmarks (the Nystroem form), features standardised on what it learns."""

    def __init__(
        self, x: np.ndarray, y: np.ndarray, group: np.ndarray, gamma: float, ridge: float
    ) -> None:
        weight = 1.0 / np.sqrt(np.bincount(group)[group])
        weight /= weight.mean()
        self.mean = np.round(np.average(x, axis=0, weights=weight), 5)
        variance = np.average((x - self.mean) ** 2, axis=0, weights=weight)
        self.spread = np.round(np.sqrt(variance) + 1e-4, 5)
        self.gamma = gamma
        z = self.standard(x)
        draw = np.random.default_rng(1).permutation(len(z))[:LANDMARKS]
        self.landmarks = np.round(z[np.sort(draw)], 2)
        kernel, own = self.kernel(z), self.kernel(self.landmarks)
        self.offset = np.average(y, axis=0, weights=weight)
        left = kernel.T @ (kernel * weight[:, None]) + ridge * own + 1e-3 * np.eye(len(own))
        self.weights = np.linalg.solve(left, kernel.T @ ((y - self.offset) * weight[:, None]))

    def standard(self, x: np.ndarray) -> np.ndarray:
        return np.clip((x - self.mean) / self.spread, -CLIP, CLIP)

    def kernel(self, z: np.ndarray) -> np.ndarray:
        square = (z**2).sum(1)[:, None] + (self.landmarks**2).sum(1) - 2.0 * z @ self.landmarks.T
        return np.exp(-self.gamma * np.maximum(square, 0.0))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return self.kernel(self.standard(x)) @ self.weights + self.offset


def folds_of(group: np.ndarray, count: int, seed: int) -> np.ndarray:
    """A fold for every row, the same for all rows of a piece."""
    names = np.unique(group)
    order = np.random.default_rng(seed).permutation(len(names))
    return (order % count)[np.searchsorted(names, group)]


def best_of(table: Table, rows: np.ndarray) -> tuple[float, float]:
    """(gamma, ridge) with the highest mean correlation in a grouped validation on ``rows``."""
    x, y, group, full = table.x[rows], table.y[rows], table.group[rows], table.full[rows]
    fold = folds_of(group, INNER, 7)
    scores = []
    for gamma, ridge in GRID:
        made = np.zeros_like(y)
        for k in range(INNER):
            fit = Fit(x[fold != k], y[fold != k], group[fold != k], gamma, ridge)
            made[fold == k] = fit(x[fold == k])
        scores.append(sum(correlation(made[full, d], y[full, d]) for d in (0, 1)))
    return GRID[int(np.argmax(scores))]


def _one_fold(table: Table, fold: np.ndarray, k: int) -> tuple[np.ndarray, tuple[float, float]]:
    chosen = best_of(table, fold != k)
    fit = Fit(table.x[fold != k], table.y[fold != k], table.group[fold != k], *chosen)
    return fit(table.x[fold == k]), chosen


def cross_validated(table: Table, jobs: int) -> np.ndarray:
    """Predictions for every row by a model that heard no rendering of its piece."""
    fold = folds_of(table.group, FOLDS, 0)
    made = np.zeros_like(table.y)
    work = functools.partial(_one_fold, table, fold)
    with ProcessPoolExecutor(jobs) as pool:
        for k, (predicted, chosen) in enumerate(pool.map(work, range(FOLDS))):
            made[fold == k] = predicted
            print(f"fold {k}: gamma {chosen[0]}, ridge {chosen[1]}")
    return made


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def concordance(a: np.ndarray, b: np.ndarray) -> float:
    """Lin's CCC."""
    return float(
        2.0 * np.cov(a, b, bias=True)[0, 1] / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)
    )


def interval(made: np.ndarray, y: np.ndarray, group: np.ndarray) -> tuple[float, float]:
    """95 % bootstrap interval of the correlation, pieces drawn with replacement."""
    draw = np.random.default_rng(3)
    where = [np.nonzero(group == g)[0] for g in np.unique(group)]
    found = []
    for _ in range(1000):
        rows = np.concatenate([where[i] for i in draw.integers(0, len(where), len(where))])
        found.append(correlation(made[rows], y[rows]))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def scaled(table: Table, made: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Predictions and ratings on the meter's scale, and the scale: factor and shift (2,).

    Both are centred and have standard deviation ``SCALE`` over the rows a session would have.
    """
    p, y = made[table.full], table.y[table.full]
    factor = SCALE / p.std(0)
    shift = -p.mean(0) * factor
    on_scale = np.clip(made * factor + shift, -1.0, 1.0)
    return on_scale, (table.y - y.mean(0)) * (SCALE / y.std(0)), factor, shift


def quality(table: Table, made: np.ndarray, y: np.ndarray, axis: int) -> Quality:
    full, short = table.full, ~table.full
    p, t = made[:, axis], y[:, axis]
    low, high = interval(p[full], t[full], table.group[full])
    rms = [float(np.sqrt(np.mean((p[m] - t[m]) ** 2))) for m in (full, short)]
    values = (correlation(p[full], t[full]), low, high, concordance(p[full], t[full]), *rms)
    return Quality(*(round(v, 3) for v in values))


def report(table: Table, made: np.ndarray, y: np.ndarray) -> None:
    """Per-timbre correlations, piano's interval, and agreement of whole pieces."""
    full = table.full
    print(f"{len(np.unique(table.group))} pieces, {full.sum()} steps of 10 s, {len(full)} rows")
    for name in sorted(set(table.timbre)):
        rows = full & (table.timbre == name)
        r = [correlation(made[rows, d], y[rows, d]) for d in (0, 1)]
        print(f"{name:20s} {rows.sum():5d}  valence {r[0]:5.2f}  arousal {r[1]:5.2f}")
    subsets = {
        "piano": full & (table.timbre == "piano"),
        "musmed's own": full & np.char.startswith(table.timbre, "own:"),
        "other FluidR3": full
        & (table.timbre != "piano")
        & ~np.char.startswith(table.timbre, "own:"),
        "10 s of context": ~full,
    }
    for name, rows in ((n, r) for n, r in subsets.items() if r.any()):
        for d, axis in enumerate(("valence", "arousal")):
            r = correlation(made[rows, d], y[rows, d])
            low, high = interval(made[rows, d], y[rows, d], table.group[rows])
            ccc = concordance(made[rows, d], y[rows, d])
            rms = np.sqrt(np.mean((made[rows, d] - y[rows, d]) ** 2))
            print(
                f"{name:20s} {axis:8s} r {r:.3f} [{low:.3f}, {high:.3f}] "
                f"ccc {ccc:.3f} rms {rms:.3f}"
            )


def model_of(table: Table, jobs: int) -> MeterModel:
    """Cross-validate, then fit on everything with the choice the same rule makes there."""
    made = cross_validated(table, jobs)
    on_scale, y, factor, shift = scaled(table, made)
    report(table, on_scale, y)
    qualities = [quality(table, on_scale, y, axis) for axis in (0, 1)]
    gamma, ridge = best_of(table, np.ones(len(table.y), bool))
    print(f"shipped: gamma {gamma}, ridge {ridge}")
    fit = Fit(table.x, table.y, table.group, gamma, ridge)
    far = [far_from(x, fit.mean, fit.spread) for x in table.x]
    piano = table.full & (table.timbre == "piano") if "piano" in table.timbre else table.full
    return MeterModel(
        version=1,
        source="VGMIDI (lucasnfe/vgmidi @1e62f0a), Ferreira & Whitehead, ISMIR 2019",
        licence="figures computed from VGMIDI, which has no licence file; FluidR3_GM is MIT",
        names=NAMES,
        mean=_row(fit.mean, 5),
        spread=_row(fit.spread, 5),
        gamma=gamma,
        landmarks=tuple(_row(row, 2) for row in fit.landmarks),
        weights=tuple(_row(row, 5) for row in fit.weights * factor),
        offset=_row(fit.offset * factor + shift, 5),
        far=round(float(np.percentile(far, 99)), 3),
        valence=qualities[0],
        arousal=qualities[1],
        piano=tuple(round(correlation(on_scale[piano, d], y[piano, d]), 3) for d in (0, 1)),
    )


def _row(values: np.ndarray, places: int) -> tuple:  # type: ignore[type-arg]
    return tuple(round(float(v), places) for v in values)


def real_clips(folder: Path) -> None:
    """Print what the meter makes of real clips beside their static and dynamic ratings."""
    import soundfile
    import soxr

    from engine.meter.meter import estimate

    for path in sorted(folder.glob("*.json")):
        about = json.loads(path.read_text("utf-8"))
        audio, rate = soundfile.read(path.with_suffix(".mp3"), dtype="float32", always_2d=True)
        audio = soxr.resample(
            np.repeat(audio, 2, axis=1)[:, :2] if audio.shape[1] == 1 else audio, rate, 48_000
        )
        found = estimate(np.asarray(audio, np.float32))
        moving = about["dynamic"]
        times, values = np.array(moving["t"]), np.array([moving["v"], moving["a"]])
        print(
            f"{path.stem}: rated {_pair(about['valence_mean'], about['arousal_mean'])} as a whole"
        )
        for r in found:
            rated = (times >= r.start) & (times < r.end)
            there = _pair(*values[:, rated].mean(1)) if rated.any() else "not rated"
            print(f"  {r.start:3.0f} s: rated {there}, meter ({r.valence:+.2f}, {r.arousal:+.2f})")


def _pair(valence: float, arousal: float) -> str:
    """Ratings in [0, 1] on the plane."""
    return f"({2 * valence - 1:+.2f}, {2 * arousal - 1:+.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("vgmidi", type=Path)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--real", type=Path)
    asked = parser.parse_args()
    asked.cache.mkdir(parents=True, exist_ok=True)
    pieces = read_pieces(asked.vgmidi)
    if not has_fluid():
        print("Without FluidSynth and FluidR3: musmed's own instruments only.")
    table = table_of(pieces, asked.cache, asked.jobs, fluid=has_fluid())
    data = msgspec.json.encode(model_of(table, asked.jobs))
    decode(data)
    asked.output.write_bytes(data.replace(b"],[", b"],\n[") + b"\n")
    print(f"{asked.output}: {len(data)} bytes")
    if asked.real:
        real_clips(asked.real)


if __name__ == "__main__":
    main()
