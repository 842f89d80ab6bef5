"""Does the music go where it is meant to? ``python tests/bench/tracking.py`` prints two tables.

The first: every ensemble plays 30 s (the second clip of a session that stays where it is) at 5 x 5
affects with several seeds, and the meter says what it hears: Pearson's r of each axis with the
affect asked for, over the clips and over the means of the seeds. The second: five sessions of 15
minutes across the circle as ``musmed render`` makes them, with the meter's readings every 10 s
against the path of the 30 s that each was taken from: Pearson's r, Lin's concordance (CCC), and
beside them the 95th percentile of |r| when the session's stretches of 30 s are shuffled.

``--seeds 1 --ensembles ambient,band --sessions 0`` is a shorter look.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
import time
from pathlib import Path as FilePath

import numpy as np
import soundfile
from numpy.typing import NDArray

ROOT = FilePath(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "tests"))
os.environ["PYTHONPATH"] = str(ROOT)

from bench.ensembles import CANON  # noqa: E402

from engine.affect.circumplex import Affect  # noqa: E402
from engine.affect.feelings import parse_affect  # noqa: E402
from engine.affect.path import Path, Waypoint  # noqa: E402
from engine.audio.format import Frames  # noqa: E402
from engine.composers.score.composer import EmbeddedComposer  # noqa: E402
from engine.evaluation import path_following  # noqa: E402
from engine.evaluation.path_following import concordance  # noqa: E402
from engine.meter.meter import estimate  # noqa: E402
from engine.meter.reading import Reading  # noqa: E402
from engine.plan.clock import clip_end, clip_start  # noqa: E402
from engine.plan.planner import make_plan  # noqa: E402
from engine.plan.request import Request  # noqa: E402
from engine.plan.spec import ClipSpec, LevelPoint, SeedStep, Tags  # noqa: E402
from engine.plan.tags import mean_affect  # noqa: E402
from engine.render import render_session  # noqa: E402

TOTAL = 120.0
LEVELS = (-0.9, -0.45, 0.0, 0.45, 0.9)
CONTEXT_SECONDS = 30.0
SHUFFLES = 2000
SESSIONS = (
    ("tense", "calm", 1),
    ("sad", "happy", 2),
    ("tired", "excited", 3),
    ("angry", "serene", 4),
    ("excited", "sleepy", 5),
)
Vector = NDArray[np.float64]


def clip(tags: tuple[str, str], affect: Affect, seed: int, index: int) -> ClipSpec:
    """A clip of a session that stays at one affect."""
    return ClipSpec(
        index=index,
        revision=0,
        start=clip_start(index),
        end=clip_end(index, TOTAL),
        total=TOTAL,
        path=Path((Waypoint(0.0, affect),)),
        levels=(LevelPoint(0.0, -23.0),),
        seeds=(SeedStep(0.0, seed),),
        tags=Tags("", "", *tags),
        prompt="",
    )


def second_clip(composer: EmbeddedComposer, tags: tuple[str, str], a: Affect, seed: int) -> Frames:
    """30 s of body: no introduction, no end."""
    state = composer.compose(clip(tags, a, seed, 0), None, lambda: False).state()
    chunks = composer.compose(clip(tags, a, seed, 1), state, lambda: False).chunks()
    return np.concatenate(list(chunks))[: int(CONTEXT_SECONDS * 48_000)]


def pearson(x: Vector, y: Vector) -> float:
    """NaN where one of them stands still."""
    r = path_following.pearson(x, y)
    return float("nan") if r is None else r


def grid_row(name: str, seeds: int, first_seed: int) -> str:
    """One ensemble over the grid."""
    composer = EmbeddedComposer()
    asked, heard, known = [], [], []
    for v, a, seed in itertools.product(LEVELS, LEVELS, range(seeds)):
        reading = estimate(second_clip(composer, CANON[name], Affect(v, a), first_seed + seed))[-1]
        asked.append((v, a))
        heard.append((reading.valence, reading.arousal))
        known.append(reading.known)
    x, y = np.array(asked), np.array(heard)
    means_x, means_y = (m.reshape(25, seeds, 2).mean(axis=1) for m in (x, y))
    cells = [
        f"{pearson(x[:, 1], y[:, 1]):.3f} ({pearson(means_x[:, 1], means_y[:, 1]):.3f})",
        f"{pearson(x[:, 0], y[:, 0]):.3f} ({pearson(means_x[:, 0], means_y[:, 0]):.3f})",
        f"{pearson(x[:, 1], y[:, 0]):.2f}",
        f"{pearson(x[:, 0], y[:, 1]):.2f}",
        f"{y[:, 1].min():.2f} to {y[:, 1].max():.2f}",
        f"{y[:, 0].min():.2f} to {y[:, 0].max():.2f}",
        f"{np.mean(known):.0%}",
    ]
    return f"| {name} | {' | '.join(cells)} |"


def session_row(start: str, target: str, seed: int, minutes: float) -> str:
    """One session, measured every 10 s."""
    request = Request(
        start=parse_affect(start)[0],
        target=parse_affect(target)[0],
        start_word=start,
        target_word=target,
        minutes=minutes,
        temperature=0.5,
        seed=seed,
        composer="embedded",
    )
    path = make_plan(request).path
    with tempfile.TemporaryDirectory() as folder:
        place = FilePath(folder)
        render_session(request, place / "s.flac", progress=lambda *_: None, log_file=place / "log")
        audio, _ = soundfile.read(place / "s.flac", dtype="float32", always_2d=True)
    readings = [r for r in estimate(np.asarray(audio)) if r.end >= CONTEXT_SECONDS]
    cells = []
    for axis in ("valence", "arousal"):
        meant = np.array([getattr(intended(path, r), axis) for r in readings])
        heard = np.array([getattr(r, axis) for r in readings])
        null = np.quantile(shuffled(meant, heard), 0.95)
        cells.append(f"{pearson(meant, heard):.3f} | {concordance(meant, heard):.3f} | {null:.2f}")
    return f"| {start} to {target} | {' | '.join(cells)} |"


def intended(path: Path, reading: Reading) -> Affect:
    """The path's mean over what the reading was taken from."""
    return mean_affect(path, reading.end - CONTEXT_SECONDS, reading.end)


def shuffled(meant: Vector, heard: Vector) -> Vector:
    """|r| with the session's stretches of 30 s in any other order."""
    rng = np.random.default_rng(1)
    whole = len(heard) // 3 * 3
    stretches = heard[:whole].reshape(-1, 3)
    made = [
        abs(pearson(meant[:whole], rng.permutation(stretches, axis=0).reshape(-1)))
        for _ in range(SHUFFLES)
    ]
    return np.array(made)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--first-seed", type=int, default=500)
    parser.add_argument("--ensembles", default=",".join(CANON))
    parser.add_argument("--sessions", type=int, default=len(SESSIONS), help="the first so many")
    parser.add_argument("--minutes", type=float, default=15.0)
    asked = parser.parse_args()
    print(time.strftime("%Y-%m-%d"), f"5 x 5 affects x {asked.seeds} seeds, 30 s each\n")
    print(
        "| ensemble | r(arousal) (of means) | r(valence) (of means) | valence on arousal |", end=""
    )
    print(" arousal on valence | arousal heard | valence heard | known |\n" + "|---" * 8 + "|")
    for name in filter(None, asked.ensembles.split(",")):
        print(grid_row(name, asked.seeds, asked.first_seed), flush=True)
    if asked.sessions:
        print(
            "\n| session | valence r | CCC | null | arousal r | CCC | null |\n" + "|---" * 7 + "|"
        )
    for start, target, seed in SESSIONS[: asked.sessions]:
        print(session_row(start, target, seed, asked.minutes), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
