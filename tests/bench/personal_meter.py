"""What is a personal meter worth? ``python tests/bench/personal_meter.py [VGMIDI CACHE]``

First by SIMULATED listeners, of known offset, slope and noise: are these found, do 90 % intervals
hold what they should, how often is the line used where there is something to learn, and where there
is nothing. With VGMIDI (a checkout of lucasnfe/vgmidi) then by its raters: within each piece the
first half of a rater's ratings calibrates, the second tests. The readings are the meter's as
cross-validated by piece, on pianos (CACHE keeps what it hears; some seven minutes the first time).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from engine.listener.personal_meter import LEAST, Fit, Line, fitted  # noqa: E402

if TYPE_CHECKING:
    from meter_renderings import Piece

COUNTS = (6, 12, 24)
LISTENERS = 4_000
KINDS = (
    ("nothing to learn", 0.0, 1.0, 0.3),
    ("the same, less noise", 0.0, 1.0, 0.2),
    ("the same, more noise", 0.0, 1.0, 0.4),
    ("higher", 0.3, 1.0, 0.3),
    ("a little higher", 0.15, 1.0, 0.3),
    ("higher and half", 0.3, 0.5, 0.3),
    ("higher and half, less noise", 0.3, 0.5, 0.2),
    ("a third of it", 0.0, 0.33, 0.3),
)
"""Name, offset, slope, noise: of a simulated listener, on the plane."""
SPREAD = 0.35
"""A standard deviation of simulated readings, on the plane."""
GAMMA, RIDGE = 0.004, 1.0
"""The kernel as the shipped meter has it."""


def listener(
    count: int, offset: float, slope: float, noise: float, dice: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Readings, and ratings on sliders of 101 places, of somebody simulated."""
    x = np.clip(dice.normal(0.0, SPREAD, count), -1.0, 1.0)
    y = np.clip(offset + slope * x + dice.normal(0.0, noise, count), -1.0, 1.0)
    return x, np.round((y + 1) * 50) / 50 - 1


def holds(line: Line, what: str, truth: float) -> bool:
    """Whether the 90 % interval of the line's offset or slope holds what is true."""
    mean, variance = (
        (line.offset, line.spread[0]) if what == "offset" else (line.slope, line.spread[2])
    )
    half = stats.t.ppf(0.95, line.freedom) * line.scale * np.sqrt(variance)
    return bool(abs(truth - mean) <= half)


def holds_rating(line: Line, reading: float, rating: float) -> bool:
    """Whether the 90 % interval of a new rating does."""
    first, both, second = line.spread
    here = 1.0 + first + 2 * both * reading + second * reading * reading
    half = stats.t.ppf(0.95, line.freedom) * line.scale * np.sqrt(here)
    return bool(abs(rating - (line.offset + line.slope * reading)) <= half)


def simulated() -> None:
    print(f"SIMULATED listeners, {LISTENERS} of each kind and count; one axis")
    print(
        "| listener | offset, slope, noise | ratings | offset found | slope found | 90 %: offset "
        "| slope | a rating | used |\n|---|---|---|---|---|---|---|---|---|"
    )
    for name, offset, slope, noise in KINDS:
        for count in COUNTS:
            dice = np.random.default_rng(count)
            found: list[Fit] = []
            new = []
            for _ in range(LISTENERS):
                found.append(fitted(*listener(count, offset, slope, noise, dice)))
                ((x,), (y,)) = listener(1, offset, slope, noise, dice)
                new.append(holds_rating(found[-1].line, float(x), float(y)))
            lines = [one.line for one in found]
            offsets, slopes = ([getattr(one, key) for one in lines] for key in ("offset", "slope"))
            held = [
                float(np.mean([holds(one, what, truth) for one in lines]))
                for what, truth in (("offset", offset), ("slope", slope))
            ]
            print(
                f"| {name} | {offset:+.2f}, {slope:.2f}, {noise:.2f} | {count} "
                f"| {np.mean(offsets):+.2f} ({np.std(offsets):.2f}) "
                f"| {np.mean(slopes):.2f} ({np.std(slopes):.2f}) "
                f"| {held[0]:.0%} | {held[1]:.0%} | {np.mean(new):.0%} "
                f"| {np.mean([one.used for one in found]):.1%} |"
            )
    print("Found: the mean (standard deviation over listeners).")


class Half(NamedTuple):
    """A rater in a piece on one axis: readings and ratings of its halves; ``line``: all raters'
    mean of the other pieces, as (slope, offset) on the reading."""

    piece: int
    x: np.ndarray
    y: np.ndarray
    later_x: np.ndarray
    later_y: np.ndarray
    line: tuple[float, float]


class Heard(NamedTuple):
    """Of each reading its piece, its end (half seconds), the reading, the mean rating."""

    piece: np.ndarray
    end: np.ndarray
    reading: np.ndarray
    mean: np.ndarray
    fold: np.ndarray


def cross_validated(pieces: Sequence[Piece], cache: Path) -> Heard:
    """The meter's readings of every piece, by a meter that has heard no rendering of it."""
    import train_meter
    from meter_renderings import cached

    from engine.meter.features import features

    rows: list[tuple[int, int, bool, list[float], np.ndarray]] = []
    for number, piece in enumerate(pieces):
        heard = cached(piece, "piano", cache)
        for context in (train_meter.CONTEXT, train_meter.STEP):
            long = context == train_meter.CONTEXT
            for end in range(train_meter.STEP, len(heard) + 1, train_meter.STEP):
                rated = [
                    train_meter.rating(piece, said, end / 2 - 10, end / 2)
                    for said in (piece.valence, piece.arousal)
                ]
                if not np.isnan(rated).any() and (long or end > train_meter.STEP):
                    row = features(heard[max(0, end - context) : end])
                    rows.append((number, end, long, rated, row))
    piece_of, ends, whole, y, x = (np.array(column) for column in zip(*rows, strict=True))
    fold = train_meter.folds_of(piece_of, train_meter.FOLDS, 0)
    made = np.zeros_like(y)
    for k in range(train_meter.FOLDS):
        fit = train_meter.Fit(x[fold != k], y[fold != k], piece_of[fold != k], GAMMA, RIDGE)
        made[fold == k] = fit(x[fold == k])
    made, y = made[whole], y[whole]
    for axis, name in enumerate(("valence", "arousal")):
        print(f"readings: r {np.corrcoef(made[:, axis], y[:, axis])[0, 1]:.2f} of mean {name}")
    scaled = np.clip((made - made.mean(0)) * (train_meter.SCALE / made.std(0)), -1.0, 1.0)
    return Heard(piece_of[whole], ends[whole], scaled, y, fold[whole])


def raters_of(vgmidi: Path) -> dict[str, list[dict[str, list[float]]]]:
    """Of each piece, by its file's name, what each rater said."""
    found = {}
    for part in ("vgmidi_raw_1.json", "vgmidi_raw_2.json"):
        data = json.loads((vgmidi / part).read_text("utf-8"))
        of = defaultdict(list)
        for key, value in data["annotations"].items():
            of[key.rsplit("_", 1)[0]].append(value)
        for key, about in data["pieces"].items():
            bars = about["measures"]
            whole = [r for r in of[key] if len(r["valence"]) == bars == len(r["arousal"])]
            found[Path(about["midi"]).stem] = whole
    return found


def halves(vgmidi: Path, heard: Heard, pieces: Sequence[Piece], axis: int) -> Iterator[Half]:
    """Every rater of every piece with four readings or more."""
    import train_meter

    said = raters_of(vgmidi)
    name = ("valence", "arousal")[axis]
    lines = {}
    for k in np.unique(heard.fold):
        others = heard.fold != k
        slope, offset = np.polyfit(heard.reading[others, axis], heard.mean[others, axis], 1)
        lines[int(k)] = (float(slope), float(offset))
    for number, piece in enumerate(pieces):
        rows = np.nonzero(heard.piece == number)[0]
        if len(rows) < 4:
            continue
        x, ends, half = heard.reading[rows, axis], heard.end[rows], len(rows) // 2
        for rater in said[piece.name]:
            bars = np.array(rater[name], np.float64)
            y = np.array([train_meter.rating(piece, bars, e / 2 - 10, e / 2) for e in ends])
            line = lines[int(heard.fold[rows[0]])]
            yield Half(number, x[:half], y[:half], x[half:], y[half:], line)


def bent(fit: Fit, x: np.ndarray) -> np.ndarray:
    return np.clip(fit.line.offset + fit.line.slope * x, -1.0, 1.0)


def by_rule(fit: Fit, x: np.ndarray) -> np.ndarray:
    return bent(fit, x) if fit.used else x


def strangers(found: list[Half]) -> list[Half]:
    """Each with the first half of the next rater of the same piece."""
    of = defaultdict(list)
    for place, one in enumerate(found):
        of[one.piece].append(place)
    following = {
        place: after
        for places in of.values()
        for place, after in zip(places, [*places[1:], places[0]], strict=True)
    }
    return [
        one._replace(x=found[following[place]].x, y=found[following[place]].y)
        for place, one in enumerate(found)
    ]


def error(found: list[Half], guess: Callable[[Half], np.ndarray]) -> tuple[float, float, float]:
    """Root mean square over all raters' second halves, each rater counting once, and its 95 % by
    bootstrap over pieces."""
    of = defaultdict(list)
    for one in found:
        of[one.piece].append(float(np.mean((one.later_y - guess(one)) ** 2)))
    sums = np.array([(sum(errors), len(errors)) for errors in of.values()])
    dice = np.random.default_rng(0)
    drawn = sums[dice.integers(0, len(sums), (2_000, len(sums)))].sum(axis=1)
    low, high = np.percentile(np.sqrt(drawn[:, 0] / drawn[:, 1]), [2.5, 97.5])
    whole = sums.sum(axis=0)
    return float(np.sqrt(whole[0] / whole[1])), float(low), float(high)


def by_raters(vgmidi: Path, cache: Path) -> None:
    from meter_renderings import read_pieces

    pieces = read_pieces(vgmidi)
    heard = cross_validated(pieces, cache)
    print("| axis | raters, in pieces | what tells the second half | error | 95 % |")
    print("|---|---|---|---|---|")
    for axis, name in enumerate(("valence", "arousal")):
        every = list(halves(vgmidi, heard, pieces, axis))
        long = [one for one in every if len(one.x) >= LEAST]
        spread(name, every)
        for found, rows in ((every, rows_of(every)), (long, rows_of(long, rule=True))):
            where = f"{len(found)}, in {len({one.piece for one in found})}"
            for what, (value, low, high) in rows:
                print(f"| {name} | {where} | {what} | {value:.2f} | {low:.2f} to {high:.2f} |")


def spread(name: str, found: list[Half]) -> None:
    """How far raters lie from the meter: the prior's source, on every second piece."""
    even = [one for one in found if one.piece % 2 == 0]
    x, y = (np.concatenate([getattr(one, key) for one in even]) for key in ("x", "y"))
    slope, offset = np.polyfit(x, y, 1)
    apart = np.std([np.mean(one.y - np.polyval(one.line, one.x)) for one in even])
    print(
        f"raters of every second piece, {name}: {np.std(y - np.polyval((slope, offset), x)):.2f} "
        f"from the line {offset:+.2f} {slope:+.2f} x; in a piece a rater's mean {apart:.2f} from it"
    )


Row = tuple[str, tuple[float, float, float]]


def rows_of(found: list[Half], *, rule: bool = False) -> list[Row]:
    fits = {id(one): fitted(one.x, one.y) for one in found}
    others = strangers(found)
    theirs = {id(one): fitted(one.x, one.y) for one in others}
    rows = [
        ("general meter", error(found, lambda one: one.later_x)),
        ("line of all raters", error(found, lambda one: np.polyval(one.line, one.later_x))),
        ("bent to the rater", error(found, lambda one: bent(fits[id(one)], one.later_x))),
        ("bent to another", error(others, lambda one: bent(theirs[id(one)], one.later_x))),
    ]
    if rule:
        own = np.mean([fit.used for fit in fits.values()])
        other = np.mean([fit.used for fit in theirs.values()])
        rows += [
            (
                f"bent to the rater, where it is used ({own:.0%})",
                error(found, lambda one: by_rule(fits[id(one)], one.later_x)),
            ),
            (
                f"bent to another, where it is used ({other:.0%})",
                error(others, lambda one: by_rule(theirs[id(one)], one.later_x)),
            ),
        ]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vgmidi", type=Path, nargs="?")
    parser.add_argument("cache", type=Path, nargs="?")
    asked = parser.parse_args()
    simulated()
    if asked.vgmidi is not None and asked.cache is not None:
        by_raters(asked.vgmidi, asked.cache)


if __name__ == "__main__":
    main()
