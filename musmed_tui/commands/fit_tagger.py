"""``musmed evaluate fit-tagger``: a head of moods on CLAP, where MTG-Jamendo's sounds are."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

from engine.errors import MusmedError
from engine.evaluation.judges.registry import INSTALL
from engine.places import expanded
from engine.printable import visible
from musmed_tui.commands.measure import StoppedError, measuring
from musmed_tui.exits import exit_code
from musmed_tui.terminal.streams import remark, say_json, tell
from musmed_tui.terminal.table import print_table
from musmed_tui.terminal.terminal import Signals

_NEEDED = ("torch", "transformers", "safetensors", "sklearn", "scipy.optimize")


def fit_tagger(
    audio: str | None,
    *,
    splits: str | None,
    output: str | None,
    clap: str | None,
    seed: int,
    as_json: bool,
    now: Callable[[], float] = time.monotonic,
) -> int:
    """Fit a head to the sounds under ``audio`` by the lists in ``splits``, write it to the new
    ``output`` and print its figures; ``clap``: a folder or a hub repository, None for the usual
    one. Gives the exit code. Raises ``MusmedError``."""
    if not audio:
        raise MusmedError("The folder of sounds is missing; say musmed evaluate fit-tagger FOLDER.")
    if not splits or not output:
        lacks = "-o HEAD.safetensors" if splits else "--splits FOLDER"
        raise MusmedError(f"A head wants MTG-Jamendo's lists and a place; {lacks} is missing.")
    sounds, lists = expanded(audio, "folder of sounds"), expanded(splits, "folder of the split")
    head = expanded(output, "head")
    engine = _loaded()
    with Signals() as signals:
        try:
            with measuring(signals, now) as progress:
                found = engine.fit_tagger(sounds, lists, head, _opener(clap), progress, seed=seed)
        except StoppedError:
            remark("Stopped; what is embedded is kept, and the same command goes on from there.")
            return exit_code(signals.stop)
    if as_json:
        say_json(found)
        return 0
    _print(found)
    return 0


def _loaded() -> Any:  # noqa: ANN401 - a module that the front may not import by name
    for name in _NEEDED:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise MusmedError(f"Fitting a tagger needs {error.name}: {INSTALL}.") from error
    return importlib.import_module("engine.evaluation.fit_tagger")


def _opener(clap: str | None) -> Callable[[], Any]:
    return lambda: importlib.import_module("engine.evaluation.judges.clap").Clap(clap)


def _print(found: Any) -> None:  # noqa: ANN401 - engine.evaluation.fit_tagger.Fitted
    rows = [
        (
            row.figure,
            _number(row.value),
            _range(row.low, row.high),
            _number(row.chance),
            _range(row.chance_low, row.chance_high),
        )
        for row in found.rows
    ]
    columns = ("figure", "macro", "95 %", "chance", "95 % of chance")
    print_table(f"On {found.parts[-1].used} test tracks, by {found.clap}", columns, rows)
    print_table(
        "Tracks",
        ("part", "used", "not there", "could not be heard"),
        [(one.part, str(one.used), str(one.missing), str(one.damaged)) for one in found.parts],
    )
    for said in found.remarks:
        remark(said)
    tell(f"Wrote {visible(found.head)} and its card {visible(found.card)}.")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.3f} to {high:.3f}"
