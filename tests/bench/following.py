"""Is the way heard? ``python tests/bench/following.py --folder FOLDER``

Six paths (three of them cross the circle: valence rises while arousal falls) by four families of
players, iso and direct, four minutes each, rendered as ``musmed render`` does into FOLDER with
their MIDI files beside them. What lies there already is not rendered again, so give another folder
for another state of the code. Judged: arousal by the meter, by musicnn and from the notes, valence
by the meter and from the notes (``notes_judge.py``); ``--judge`` adds another
(``musicnn-head=FILE``), ``--last jamendo=FILE`` the one that was set aside to be asked once
(docs/evaluation.md), which nobody may tune by. ``--notes`` asks the notes alone, and renders
nothing; ``--only`` asks just the judges that were added. Each r stands beside the 95th percentile
of what it is with the session's own windows shuffled; each path's mean beside the middle 95 % of
that, and beside what it is with the other paths. Last, what each judge's valence owes to the path's
valence and to its arousal, each by itself (``engine/evaluation/crossing.py``).

``--paths``, ``--families``, ``--strategies`` (each words with commas) and ``--minutes`` take less.
musicnn's package has to be on the path, VGMIDI at ../shared/data/vgmidi.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.exported import ROOT, VGMIDI, files, name_of, path_of, request, request_in

os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])

from bench.notes_judge import EVERY, NotesJudge

from engine.composers.options import ComposerOptions
from engine.composers.synthesis import Synthesis
from engine.evaluation.crossing import weights
from engine.evaluation.following import course_of
from engine.evaluation.judges.base import Judge
from engine.evaluation.judges.registry import open_judge
from engine.evaluation.notes import read_midi
from engine.evaluation.path_following import Course, Figures, figures, nulls
from engine.evaluation.subjects import Sound, read_sound
from engine.plan.request import Request
from engine.plan.tags import mean_affect
from engine.render import render_session

PATHS = {
    "tense-calm": ("tense", "calm"),
    "angry-serene": ("angry", "serene"),
    "afraid-content": ("afraid", "content"),
    "sad-happy": ("sad", "happy"),
    "tired-excited": ("tired", "excited"),
    "excited-sleepy": ("excited", "sleepy"),
}
CROSSING = ("tense-calm", "angry-serene", "afraid-content")
FAMILIES = {
    "piano": ("piano", "classical"),
    "strings": ("strings", "soundtrack"),
    "guitar": ("guitar", "folk"),
    "pad": ("pad", "ambient"),
}
STRATEGIES = ("iso", "direct")
AXES = ("valence", "arousal")
MEANT = {"arousal": 0.9, "valence": 0.6}


class Cell(NamedTuple):
    """A session of the grid."""

    path: str
    family: str
    strategy: str


class Heard(NamedTuple):
    """What a judge made of a session, and what that is by chance."""

    own: Figures
    shuffled: Sequence[Figures]
    other: Sequence[Figures]


def asked(cell: Cell, minutes: float) -> Request:
    seed = 700 + list(PATHS).index(cell.path)
    return request(
        PATHS[cell.path], minutes, seed, players=FAMILIES[cell.family], strategy=cell.strategy
    )


def rendered(one: Request, folder: Path, synthesis: str) -> Sound:
    """The session's sound, its sidecar and its MIDI file beside it."""
    sound = folder / f"{name_of(one)}.flac"
    files([one], folder)
    if not sound.exists():
        render_session(
            one,
            sound,
            options=ComposerOptions(synthesis=Synthesis(synthesis)),
            progress=lambda _done, _total: None,
            log_file=folder / "log",
        )
    return read_sound(sound)


def courses_read(minutes: float, cells: Sequence[Cell], folder: Path) -> dict[Cell, Course]:
    """From the notes alone."""
    judge = NotesJudge()
    made = {}
    for cell in cells:
        one = asked(cell, minutes)
        (score,) = files([one], folder)
        windows = judge.judge(score, lambda _done, _total: None).windows
        path = path_of(request_in(read_midi(score)))  # feelings may have had other places
        planned = [mean_affect(path, w.start, min(w.end, one.seconds)) for w in windows]
        made[cell] = Course(
            name_of(one),
            EVERY,
            planned=np.array([(affect.valence, affect.arousal) for affect in planned]),
            measured=np.array([(w.valence, w.arousal) for w in windows], np.float64),
            scaled=False,
        )
    return made


def courses(judge: Judge, sounds: dict[Cell, Sound]) -> dict[Cell, Course]:
    """From the sound."""
    made = {}
    for cell, sound in sounds.items():
        judged = judge.judge(sound.file, lambda _done, _total: None)
        assert sound.report is not None
        made[cell] = course_of(sound.name, sound.report, judged, scaled=judge.scaled)
    return made


def heard(found: dict[Cell, Course], seed: int = 0) -> dict[Cell, Heard]:
    """Beside chance; the other paths are those of other names."""
    rng = np.random.default_rng(seed)
    made = {}
    for cell, course in found.items():
        others = [
            other
            for name in dict.fromkeys(one.path for one in found)
            if name != cell.path
            and (other := found.get(Cell(name, cell.family, cell.strategy))) is not None
        ]
        chance = nulls(course, others, rng)
        made[cell] = Heard(figures(course), chance["shuffled"], chance["another path"])
    return made


def of(figure: Figures, axis: str) -> float | None:
    found = figure.valence_r if axis == "valence" else figure.arousal_r
    return None if found is None else float(found)


def limit(chance: Sequence[Figures], axis: str) -> float:
    """Its 95th percentile; what is above is beyond chance. 1 where there is none."""
    known = [value for one in chance if (value := of(one, axis)) is not None]
    return float(np.quantile(known, 0.95)) if known else 1.0


def cell_words(one: Heard, axis: str) -> str:
    value = of(one.own, axis)
    if value is None:
        return "none"
    mark = "" if value > limit(one.shuffled, axis) else " *"
    return f"{value:+.2f} ({limit(one.shuffled, axis):.2f}){mark}"


def table(name: str, axis: str, found: dict[Cell, Heard]) -> None:
    families = list(dict.fromkeys(cell.family for cell in found))
    print(f"\n## {axis} by {name}: r (95 % of it by chance), * within chance\n")
    print(f"| path, strategy | {' | '.join(families)} |\n|{'---|' * (1 + len(families))}")
    rows = list(dict.fromkeys((cell.path, cell.strategy) for cell in found))
    for path, strategy in rows:
        cells = [cell_words(found[Cell(path, family, strategy)], axis) for family in families]
        print(f"| {path}, {strategy} | {' | '.join(cells)} |")


def by_path(name: str, axis: str, found: dict[Cell, Heard]) -> list[str]:
    """A row for each path, and one for all."""
    rows = []
    for path in [*dict.fromkeys(cell.path for cell in found), "all"]:
        here = [one for cell, one in found.items() if path in (cell.path, "all")]
        own = [value for one in here if (value := of(one.own, axis)) is not None]
        if not own:
            continue
        drawn = [
            float(np.mean(known))
            for shuffle in zip(*(one.shuffled for one in here), strict=False)
            if (known := [value for one in shuffle if (value := of(one, axis)) is not None])
        ]
        low, high = np.quantile(drawn, (0.025, 0.975)) if drawn else (-1.0, 1.0)
        others = [of(figure, axis) for one in here for figure in one.other]
        other = [value for value in others if value is not None]
        beyond = sum((of(one.own, axis) or -1.0) > limit(one.shuffled, axis) for one in here)
        reached = sum(value >= MEANT[axis] for value in own)
        crossing = " (crossing)" if path in CROSSING else ""
        rows.append(
            f"| {axis} | {name} | {path}{crossing} | {np.mean(own):+.2f} | {min(own):+.2f} | "
            f"{low:+.2f} to {high:+.2f} | {f'{np.mean(other):+.2f}' if other else ''} | "
            f"{beyond} of {len(own)} | {reached} of {len(own)} |"
        )
    return rows


def beside(name: str, found: dict[Cell, Course]) -> str:
    """What the judge's valence owes to each axis of the path, over all sessions, each less its own
    mean; 95 % over sessions, and in brackets with each session's windows shuffled."""
    rng = np.random.default_rng(1)
    centred = [
        (one.measured[:, 0] - one.measured[:, 0].mean(), one.planned - one.planned.mean(axis=0))
        for one in found.values()
    ]

    def of_these(chosen: Sequence[int], *, shuffled: bool = False) -> tuple[float, float]:
        told = [centred[n][0] for n in chosen]
        told = [rng.permutation(one) for one in told] if shuffled else told
        meant = np.concatenate([centred[n][1] for n in chosen])
        return weights(np.concatenate(told), meant) or (np.nan, np.nan)

    every = range(len(centred))
    own = of_these(every)
    drawn = [of_these(list(rng.integers(0, len(centred), len(centred)))) for _ in range(500)]
    chance = [of_these(every, shuffled=True) for _ in range(500)]
    cells = []
    for axis in (0, 1):
        (low, high), (least, most) = (
            np.nanquantile([one[axis] for one in many], (0.025, 0.975)) for many in (drawn, chance)
        )
        cells.append(f"{own[axis]:+.2f}, {low:+.2f} to {high:+.2f} ({least:+.2f} to {most:+.2f})")
    return f"| {name} | {' | '.join(cells)} |"


def judges(more: Sequence[str], last: str | None, *, only: bool) -> dict[str, Judge]:
    made = {} if only else {name: open_judge(name) for name in ("meter", "musicnn")}
    made |= {judge.name: judge for judge in map(open_judge, more)}
    if last is not None:
        made["the last judge"] = open_judge(last)
    return made


def chosen(words: str, among: Sequence[str]) -> list[str]:
    given = [word.strip() for word in words.split(",")]
    unknown = [word for word in given if word not in among]
    if unknown:
        raise SystemExit(f"There is no {unknown[0]!r}; there are {', '.join(among)}.")
    return given


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--paths", default=",".join(PATHS))
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--strategies", default=",".join(STRATEGIES))
    parser.add_argument("--synthesis", default="builtin")
    parser.add_argument("--notes", action="store_true", help="the notes alone")
    parser.add_argument("--judge", action="append", default=[], help="one more")
    parser.add_argument("--only", action="store_true", help="none but these")
    parser.add_argument("--last", help="a judge that is asked once: jamendo=FILE")
    given = parser.parse_args()
    cells = [
        Cell(*one)
        for one in itertools.product(
            chosen(given.paths, list(PATHS)),
            chosen(given.families, list(FAMILIES)),
            chosen(given.strategies, STRATEGIES),
        )
    ]
    given.folder.mkdir(parents=True, exist_ok=True)
    sounds = {}
    for cell in cells if not given.notes else ():
        sounds[cell] = rendered(asked(cell, given.minutes), given.folder, given.synthesis)
    asking = {} if given.notes else judges(given.judge, given.last, only=given.only)
    by_judge = {name: courses(judge, sounds) for name, judge in asking.items()}
    if VGMIDI.is_dir() and not given.only:
        by_judge["notes"] = courses_read(given.minutes, cells, given.folder)
    summary = []
    for name, found in ((name, heard(of_judge)) for name, of_judge in by_judge.items()):
        for axis in AXES:
            if any(of(one.own, axis) is not None for one in found.values()):
                table(name, axis, found)
                summary += by_path(name, axis, found)
    print(f"\n## By path, {len(cells)} sessions of {given.minutes:g} minutes\n")
    print(
        "| axis | judge | path | mean r | least | shuffled, 95 % | other paths | beyond chance | "
        f"arousal {MEANT['arousal']}, valence {MEANT['valence']} |\n|{'---|' * 9}"
    )
    print("\n".join(summary))
    print("\n## What each judge's valence owes to the path's valence and arousal, by itself\n")
    print("| judge | valence | arousal |\n|---|---|---|")
    for name, courses in by_judge.items():
        if not any(np.isnan(one.measured[:, 0]).any() for one in courses.values()):
            print(beside(name, courses))


if __name__ == "__main__":
    main()
