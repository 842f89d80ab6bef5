"""``musmed play --study``: the sessions of a listening list, in one participant's order."""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from engine.errors import MusmedError
from engine.places import place_of
from engine.study.listening.sheet import ListeningList, read_list
from engine.study.listening.sitting import Sitting
from musmed_tui.commands.screen import has_screen
from musmed_tui.exits import exit_code
from musmed_tui.logs import stderr_to
from musmed_tui.options import number
from musmed_tui.paths import Folders, folders
from musmed_tui.settings import Loaded, load_settings
from musmed_tui.terminal.streams import tell
from musmed_tui.terminal.terminal import Signals, chosen_glyphs, look_at_terminal
from musmed_tui.theme_shelf import ThemeShelf

if TYPE_CHECKING:
    from engine.playback.sinks.base import Sink

_THANKS = "That was all of it. Thank you: your answers are kept under {}."
_LATER = "Kept so far. The same command goes on from there; 'musmed study forget' deletes it all."


_WITH = {"study", "participant", "sink", "volume", "plain", "slow_link"}


def refuse_others(context: typer.Context, study: str | None) -> None:
    """Raise ``MusmedError`` for a participant of no study, and for options that say what is to be
    composed: here that is settled."""
    if study is None:
        raise MusmedError("--participant goes with --study FOLDER, the folder of a listening list.")
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        typed = source is not None and source.name == "COMMANDLINE"
        if typed and parameter.name not in _WITH:
            raise MusmedError(
                f"{parameter.opts[0]} does nothing with --study: the list says what is heard."
            )


def play_list(
    study: str, participant: str | None, sink: str | None, volume: str | None, *, plain: bool
) -> int:
    """Ask and play what comes next for ``participant`` in the list in ``study``, until all was
    heard or they stop; gives the exit code. Raises ``MusmedError``."""
    folder = place_of(study, "listening list")
    sheet = read_list(folder)
    if participant is None:
        what = "your code, such as P001" if sheet.asked.pseudonyms == "given" else "a word"
        raise MusmedError(f"--participant is missing: {what}, under which your answers are kept.")
    if not sys.stdin.isatty():
        raise MusmedError("A listening list asks questions, and nobody is here to be asked.")
    where = folders()
    loaded = load_settings(where.settings)
    loudness = number("volume", volume, loaded.settings.volume)
    sitting = Sitting(folder, sheet, participant, lambda: datetime.now(UTC))
    word = sink if sink is not None else loaded.settings.sink
    if has_screen(plain=plain):
        return _on_screen(sitting, sheet, folder, word, loudness, where, loaded)
    from musmed_tui.plain.listening import PlainListening

    lines = PlainListening(
        sitting, sheet.asked, folder, lambda: _sink(word, loaded), volume=loudness
    )
    with Signals() as signals, stderr_to(where.engine_log):
        done = lines.run(signals)
    return _farewell(sitting.participant, signals.stop, done=done)


def _on_screen(  # noqa: PLR0917 - one call, beside it
    sitting: Sitting,
    sheet: ListeningList,
    folder: Path,
    word: str,
    loudness: float,
    where: Folders,
    loaded: Loaded,
) -> int:
    from musmed_tui.keymap import read_keymap
    from musmed_tui.listening_app import ListeningApp

    terminal = look_at_terminal(plain=False)
    shelf = ThemeShelf.of(where, sixteen=terminal.colour == "standard")
    app = ListeningApp(
        sitting,
        sheet.asked,
        folder,
        lambda: _sink(word, loaded),
        shelf,
        theme=shelf.first(loaded),
        volume=loudness,
        glyphs=chosen_glyphs(loaded.settings.glyphs, terminal, os.environ),
    )
    app.set_keymap(read_keymap(where.keys).keys)
    with stderr_to(where.engine_log):
        number = app.run()
        if app._exception is not None:
            raise app._exception
    if app.failure is not None:
        raise MusmedError(app.failure)
    return _farewell(sitting.participant, number, done=app.done)


def _sink(word: str, loaded: Loaded) -> Sink:
    """Opened for each session anew. Raises ``MusmedError`` where nobody would hear it."""
    from engine.playback.sinks.choose import open_device

    sink, silent = open_device(word, latency=loaded.settings.latency)
    if silent is not None:
        raise MusmedError(silent.replace("so this session runs without sound", "and it is needed"))
    return sink


def _farewell(participant: str, stop: signal.Signals | None, *, done: bool) -> int:
    tell(_THANKS.format(participant) if done else _LATER)
    return exit_code(stop)
