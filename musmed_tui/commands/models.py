"""``musmed models``: MusicGen's checkpoints and adapters on this machine: fetched, added,
removed."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from engine.composers.musicgen.files.catalogue import (
    CATALOGUE,
    LICENCE_SENTENCE,
    entry_of,
    repo_of,
)
from engine.composers.musicgen.files.checkpoints import snapshots
from engine.composers.musicgen.files.shelf import added, all_added, take_away
from engine.composers.musicgen.files.shelf import size_of as size_of_added
from engine.errors import MusmedError, UnknownWordError
from engine.hub_cache import repo_folder
from engine.places import look_at
from engine.printable import one_line, visible
from musmed_tui.models_here import base_of, here, others, state_of, state_of_added
from musmed_tui.terminal.streams import remark, say_json, tell, unminded, write_out
from musmed_tui.terminal.table import print_table
from musmed_tui.terminal.terminal import look_at_terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.composers.musicgen.files.transfer import Progress

_LINE_BYTES = 250_000_000
"""Behind a pipe a line is written for every so many bytes."""


def list_models(*, as_json: bool) -> None:
    """Print the catalogue, the adapters that were added and what else of MusicGen is in the hub's
    cache."""
    if as_json:
        catalogued = [
            _model(entry.name, entry.repo, entry.size, entry.note)
            | {"decoder": entry.parameters, "channels": entry.channels}
            for entry in CATALOGUE.values()
        ]
        found = [_model(repo, repo, _size(repo), kind) for repo, kind in others()]
        own = [_added(name, size, note, state) for name, size, state, note in _all_added()]
        say_json({"models": [*catalogued, *own, *found], "licence": LICENCE_SENTENCE})
        return
    rows = []
    for entry in CATALOGUE.values():
        here = state_of(entry.repo)
        sound = "stereo" if entry.channels == 2 else "mono"
        rows.append((entry.name, _gigabytes(entry.size), entry.parameters, sound, here, entry.note))
    for name, size_of_it, state, note in _all_added():
        rows.append((name, _gigabytes(size_of_it), "", "", state, note))
    for repo, kind in others():
        size = _gigabytes(_size(repo))
        rows.append((repo, size, "", "", state_of(repo), kind))
    print_table("MusicGen", ("model", "size", "decoder", "sound", "here", "note"), rows)
    remark(LICENCE_SENTENCE)


def list_models_there(host: str, *, as_json: bool) -> None:
    """Print what of MusicGen is on another machine. Raises ``MusmedError``."""
    from musmed_tui.hosts import far_engine
    from musmed_tui.paths import folders
    from musmed_tui.there import models_there

    far = far_engine(folders(), host)
    found = models_there(far)
    if as_json:
        say_json({"host": far.called, "models": found.models, "licence": found.licence})
        return
    rows = []
    for one in found.models:
        sound = {1: "mono", 2: "stereo"}.get(one.channels or 0, "")
        size = _gigabytes(one.bytes)
        rows.append((one.name, size, one.decoder or "", sound, one.here, one.note))
    columns = ("model", "size", "decoder", "sound", "there", "note")
    print_table(f"MusicGen on {far.called}", columns, rows)
    remark(LICENCE_SENTENCE)


def _model(name: str, repo: str, size: int, note: str) -> dict[str, object]:
    """A model for programs; those of the hub's cache alone say nothing of decoder and channels."""
    return {
        "name": name,
        "repo": repo,
        "bytes": size,
        "decoder": None,
        "channels": None,
        "here": state_of(repo),
        "note": note,
    }


def _all_added() -> Iterator[tuple[str, int, str, str]]:
    """Name, bytes, state and note of each adapter that was added."""
    for name in all_added():
        folder = added(name)
        if folder is None:  # it is being removed
            continue
        with suppress(MusmedError):
            yield name, size_of_added(folder), state_of_added(name), _note(folder)


def _note(folder: Path) -> str:
    try:
        base = base_of(folder)
    except MusmedError:
        base = ""
    return f"added; adapter for {base[:60]}" if base else "added; adapter"


def _added(name: str, size: int, note: str, state: str) -> dict[str, object]:
    return {
        "name": name,
        "repo": "",
        "bytes": size,
        "decoder": None,
        "channels": None,
        "here": state,
        "note": note,
    }


def add_model(folder: str | None, name: str | None) -> None:
    """Copy an adapter to where it is found by a name. Raises ``MusmedError``."""
    from engine.composers.musicgen.files.adding import add

    if not folder:
        raise MusmedError("The folder is missing: musmed models add FOLDER, with an adapter in it.")
    new = add(folder, name)
    known = entry_of(new.base)
    base = known.name if known else new.base
    tell(f"{new.name} is here: {new.folder}")
    if not new.base:
        remark("It does not say which model it was trained on; whether it fits shows as it loads.")
    elif not new.checked:
        remark(f"Whether it fits its base ({new.base}) is known once that is on this machine.")
    if repo_of(base) is None and not new.checked:
        tell(f"Use it with --adapter {new.name}, and its base as the --composer.")
    else:
        tell(f"Use it with --composer {shlex.quote(base)} --adapter {new.name}.")


def show_path(name: str | None, *, as_json: bool) -> None:
    """Print the folder of a checkpoint or adapter. Raises ``MusmedError``."""
    folder = str(here(_given(name, "path")))
    if as_json:
        say_json({"name": name, "folder": folder})
    else:
        write_out(f"{visible(folder)}\n")  # as it is, for cd


def get_model(name: str | None) -> None:
    """Fetch a checkpoint or an adapter from the hub. Raises ``MusmedError``."""
    own = added(_given(name, "get"))
    if own is not None:
        tell(f"{name} is here already: {own}")
        return
    repo = _repo(_given(name, "get"))
    entry = entry_of(repo)
    short = entry.name if entry else repo
    state = state_of(repo)
    if state == "yes":
        tell(f"{short} is here already: {here(repo)}")
        return
    from engine.composers.musicgen.files.hub import fetch, listing

    wanted = listing(repo)
    tell(
        f"{wanted.repo} ({wanted.commit[:7]}): {len(wanted.files)} files, "
        f"{_gigabytes(wanted.size)}, to {repo_folder(repo)}"
    )
    if entry is not None:
        tell(LICENCE_SENTENCE)
    try:
        with _shown() as progress:
            fetch(wanted, progress, distrust=state == "broken")
    except KeyboardInterrupt:
        kept = f"what has arrived is kept, and 'musmed models get {short}' goes on"
        remark(f"Stopped; {kept}.")
        raise
    use = f"--adapter {short}" if _is_adapter(repo) else f"--composer {short}"
    tell(f"{short} is here: {here(repo)}")
    tell(f"Use it with {use}.")


def remove_model(name: str | None, *, yes: bool) -> None:
    """Remove an adapter that was added, or a checkpoint or an adapter from the hub's cache. Raises
    ``MusmedError``."""
    from engine.composers.musicgen.files.hub import remove, size_of

    own = added(_given(name, "remove"))
    if own is not None:
        if _sure(f"{own} ({_gigabytes(size_of_added(own))})", yes=yes):
            tell(f"Removed {name}: {_gigabytes(take_away(own.name))} are free again.")
        return
    repo = _repo(_given(name, "remove"))
    folder = repo_folder(repo)
    if look_at(folder, "model") != "folder":
        raise MusmedError(f"{name} is not in the hub's cache ({folder.parent}); nothing to remove.")
    if _sure(f"{folder} ({_gigabytes(size_of(folder))})", yes=yes):
        tell(f"Removed {name}: {_gigabytes(remove(repo))} are free again.")


def _sure(what: str, *, yes: bool) -> bool:
    """Whether ``what`` is to be removed; asked on a terminal unless ``yes``. Raises
    ``MusmedError``."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise MusmedError(f"This would remove {what}; say --yes if that is meant.")
    import typer

    if typer.confirm(one_line(f"Remove {what}?")):
        return True
    tell("Nothing was removed.")
    return False


def _given(name: str | None, command: str) -> str:
    if not name:
        raise MusmedError(
            f"The model is missing: musmed models {command} NAME, with a name of "
            "'musmed models list'."
        )
    return name


def _repo(name: str) -> str:
    """The hub repository of ``name``. Raises ``MusmedError``; folders are no concern of these."""
    repo = repo_of(name)
    if repo is None:
        raise UnknownWordError(
            "model", name, CATALOGUE, "Give one of 'musmed models list' or user/name of the hub."
        )
    return repo


def _is_adapter(repo: str) -> bool:
    from engine.composers.musicgen.files.adapters import is_adapter

    folder = next(snapshots(repo), None)
    return folder is not None and is_adapter(folder)


def _size(repo: str) -> int:
    from engine.composers.musicgen.files.hub import size_of

    return size_of(repo_folder(repo))


def _gigabytes(size: int) -> str:
    if size < 1_000_000:
        return f"{size / 1e3:.1f} kB"
    return f"{size / 1e6:.1f} MB" if size < 100_000_000 else f"{size / 1e9:.2f} GB"


@contextmanager
def _shown() -> Iterator[Callable[[Progress], None]]:
    """What tells of the progress: a bar on a terminal, else now and then a line."""
    if not look_at_terminal(plain=False).live:
        yield _Lines()
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bars("{task.description}", *columns, console=Console(file=unminded())) as bars:
        tasks = {}

        def show(progress: Progress) -> None:
            if progress.name not in tasks:
                tasks[progress.name] = bars.add_task(
                    escape(one_line(progress.name)),
                    total=progress.total,
                    completed=progress.resumed,
                )
            bars.update(tasks[progress.name], completed=progress.done)

        yield show


class _Lines:
    """Progress as lines of text."""

    def __init__(self) -> None:
        self._told: dict[str, int] = {}

    def __call__(self, progress: Progress) -> None:
        told = self._told.setdefault(progress.name, progress.resumed)
        if progress.done < progress.total and progress.done - told < _LINE_BYTES:
            return
        self._told[progress.name] = progress.done
        again = f" (resumed at {_gigabytes(progress.resumed)})" if progress.resumed else ""
        share = 100 * progress.done // progress.total
        tell(f"{progress.name}: {share} % of {_gigabytes(progress.total)}{again}")
