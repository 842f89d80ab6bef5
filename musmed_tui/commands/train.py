"""``musmed train``: an adapter for MusicGen, of one's own music."""

from __future__ import annotations

import importlib
import os
import shlex
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import MusmedError
from engine.places import place_of
from engine.printable import visible
from musmed_tui.commands.train_data import many, places, print_problems
from musmed_tui.commands.train_recipe import recipe_of
from musmed_tui.exits import INTERRUPTED, MENDABLE, exit_code
from musmed_tui.terminal.sentences import remark_sentence, say_sentence
from musmed_tui.terminal.streams import remark, tell, tell_lines
from musmed_tui.terminal.table import print_table
from musmed_tui.terminal.terminal import Signals

if TYPE_CHECKING:
    from engine.training.outcome import Outcome
    from engine.training.said import Progress
    from engine.training.wanted import Wanted
    from engine.training.watched import Watched

NEEDED = ("torch", "transformers", "peft", "accelerate", "safetensors")
INSTALL = "pip install '.[train]' in musmed's folder"


def train(wanted: Wanted, *, as_json: bool, now: Callable[[], float] = time.monotonic) -> int:
    """Train what is wanted; gives the exit code. Raises ``MusmedError``.

    Of several processes (``accelerate launch``) the main one alone says anything, but for an error
    that only another one has met.
    """
    from engine.training.said import SaidElsewhereError, StoppedError

    if is_main():
        check(wanted)
    with Signals() as signals:
        try:
            outcome = _watched(wanted, signals, as_json=as_json, now=now)
        except SaidElsewhereError:
            return MENDABLE
        except StoppedError as stopped:
            if is_main():
                remark_sentence(str(stopped))
            return exit_code(signals.stop) or INTERRUPTED
    if is_main():
        _say(outcome, wanted, as_json=as_json)
    return (exit_code(signals.stop) or INTERRUPTED) if outcome.ended == "stopped" else 0


def wanted_of(
    data: Sequence[str],
    *,
    output: str | None,
    base: str | None,
    captions: str | None,
    judges: Sequence[str],
    resume: bool,
    recipe: str | None,
    options: dict[str, str | None],
    checkpointing: bool,
) -> Wanted:
    """What was typed, checked. Raises ``MusmedError``."""
    from engine.training.wanted import BASE, JUDGE, Wanted
    from musmed_tui.paths import folders

    if len(data) > 1:
        raise MusmedError(_too_many(data))
    place, told = places(data[0] if data else None, captions, "FOLDER -o my-adapter")
    if not output:
        raise MusmedError("The adapter wants a place; -o my-adapter is missing.")
    folder = place_of(output, "adapter")
    if folder.resolve().is_relative_to(place.resolve()):
        raise MusmedError(
            f"{folder} lies among the music, where what is composed on the way would be taken for "
            "some; give a place outside with -o."
        )
    return Wanted(
        data=place,
        output=folder,
        cache=folders().encoded,
        captions=told,
        base=base or BASE,
        recipe=recipe_of(recipe, options, checkpointing=checkpointing),
        judges=tuple(judges) or (JUDGE,),
        resume=resume,
    )


def _too_many(data: Sequence[str]) -> str:
    from difflib import get_close_matches

    meant = get_close_matches(data[0], ("check", "captions"))
    if meant and not Path(data[0]).exists():
        return f"There is no command {data[0]!r}; did you mean 'musmed train {meant[0]}'?"
    return f"A training takes one folder of music, not {len(data)}; {data[1]!r} is one too many."


def check(wanted: Wanted) -> None:
    """Raises ``MusmedError`` for what would otherwise be refused only hours later: a judge that
    there is not, a folder that holds a training already, or none to go on with."""
    from engine.evaluation.judges.registry import check_judge, is_clap
    from engine.training.folder import RunFolder
    from engine.training.run_record import expect

    for judge in wanted.judges:
        if not is_clap(judge):
            check_judge(judge)
    expect(RunFolder(wanted.output), resume=wanted.resume)


def is_main() -> bool:
    """Whether this process speaks: alone, or the first that ``accelerate launch`` started."""
    return os.environ.get("RANK", "0") == "0"


def _loaded() -> Any:  # noqa: ANN401 - a module that the front may not import by name
    for name in NEEDED:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise MusmedError(f"Training needs {error.name}: {INSTALL}.") from error
    return importlib.import_module("engine.training.run")


def _watched(
    wanted: Wanted,
    signals: Signals,
    *,
    as_json: bool,
    now: Callable[[], float],
) -> Outcome:
    from musmed_tui.commands.train_shown import shown

    told = False

    def stopped() -> bool:
        nonlocal told
        if signals.suspend:
            signals.suspend_now()
        if signals.stop is not None and not told and is_main():
            told = True
            remark("Stopping; whatever was trained is kept.")
        return signals.stop is not None

    if not is_main():
        return _outcome(wanted, _silent, stopped)
    with shown(wanted.recipe, lambda: _heard(wanted.output), as_json=as_json, now=now) as say_it:
        return _outcome(wanted, say_it, stopped)


def _outcome(
    wanted: Wanted, say_it: Callable[[Progress], None], stopped: Callable[[], bool]
) -> Outcome:
    made: Outcome = _loaded().train_adapter(wanted, say_it, stopped)
    return made


def _silent(_: Progress) -> None:
    pass


def _heard(folder: Path) -> Sequence[Watched]:
    from engine.training.folder import RunFolder
    from engine.training.watched_file import read_watched

    return read_watched(RunFolder(folder))


def _say(outcome: Outcome, wanted: Wanted, *, as_json: bool) -> None:
    if as_json:
        from musmed_tui.commands.train_shown import tell_json

        tell_json({"event": "end", "outcome": outcome})
        if outcome.ended == "stopped":
            remark_sentence(_how_to_go_on(outcome))
        return
    from engine.training.tables import before_and_after, course, notes

    print_problems(outcome.problems)
    if len(outcome.watched) > 1:
        for table in (course(outcome.watched), before_and_after(outcome.watched)):
            print_table(table.title, table.columns, table.rows, spare=table.spare)
    for sentence in (*notes(outcome.watched), *outcome.remarks):
        say_sentence(sentence)
    if outcome.ended == "stopped":
        remark_sentence(_how_to_go_on(outcome))
        return
    if outcome.ended == "patience":
        say_sentence(
            f"Ended after {outcome.step} of {many(outcome.steps, 'step')}: it got no better for "
            f"{many(wanted.recipe.patience, 'watching')}."
        )
    if outcome.best is not None:
        folder = str(outcome.folder)
        played = ("musmed", "play", "--composer", _composer(wanted.base), "--adapter", folder)
        tell(f"Wrote {visible(folder)}. To hear it, and to give it a name:")
        for command in (played, ("musmed", "models", "add", folder)):
            tell_lines(f"  {visible(shlex.join(command))}")


def _composer(base: str) -> str:
    """What --composer takes for ``base``: of a folder its whole path, since a bare word is a name
    there."""
    from engine.composers.musicgen.files.catalogue import entry_of
    from engine.composers.musicgen.files.checkpoints import is_local

    if entry_of(base) is None and is_local(base):
        return str(place_of(base, "checkpoint"))
    return base


def _how_to_go_on(outcome: Outcome) -> str:
    return (
        f"Stopped after {outcome.step} of {many(outcome.steps, 'step')}; all of them are kept. "
        "The same command with --resume goes on from there."
    )
