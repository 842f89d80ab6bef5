"""``musmed evaluate``: does the music go where its path goes, with chance beside every figure."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import MusmedError
from engine.evaluation.wording import WORDS
from engine.places import expanded
from musmed_tui.commands.measure import StoppedError, measuring
from musmed_tui.exits import exit_code
from musmed_tui.terminal.streams import remark, say_json
from musmed_tui.terminal.table import print_table
from musmed_tui.terminal.terminal import Signals

if TYPE_CHECKING:
    from engine.evaluation.sessions import Evaluation


def evaluate(
    files: Sequence[str],
    seed: int,
    judge: str = "meter",
    *,
    as_json: bool,
    now: Callable[[], float] = time.monotonic,
) -> int:
    """Print the figures of rendered sessions; gives the exit code. Raises ``MusmedError``."""
    from engine.evaluation.judges.registry import open_judge
    from engine.evaluation.sessions import evaluate as judged_by

    if not files:
        raise MusmedError("The sound files are missing; say musmed evaluate FILE...")
    sounds = [expanded(file, "sound file") for file in files]
    with Signals() as signals:
        try:
            with measuring(signals, now) as progress:
                found = judged_by(sounds, open_judge(judge), seed, progress)
        except StoppedError:
            remark("Stopped; nothing is evaluated.")
            return exit_code(signals.stop)
    if as_json:
        say_json(found)
        return 0
    _print(found)
    return 0


def _print(found: Evaluation) -> None:
    judge = found.judge
    rows = [
        (
            WORDS[row.figure],
            _number(row.mean),
            f"{_number(row.low)} to {_number(row.high)}",
            str(row.n),
            _range(row.shuffled_low, row.shuffled_high),
            _number(row.another_path),
            _number(row.constant),
        )
        for row in found.rows
    ]
    columns = ("figure", "mean", "95 %", "n", "shuffled", "other path", "constant")
    print_table(f"By {judge.name} {judge.version}", columns, rows)
    if len(found.sessions) > 1:
        shown = ("arousal_r", "valence_r", "way", "end_error")
        each = [
            (Path(one.file).name, str(one.windows), *(_number(one.figures[name]) for name in shown))
            for one in found.sessions
        ]
        print_table("Each", ("session", "windows", *(WORDS[name] for name in shown)), each)
    for said in (*found.remarks, judge.domain):
        remark(said)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}".replace("-0.00", "0.00")


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None else f"{_number(low)} to {_number(high)}"
