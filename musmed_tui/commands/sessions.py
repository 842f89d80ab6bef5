"""``musmed sessions rm``, and how much the sessions take."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import MusmedError
from musmed_tui.logs import start_logging
from musmed_tui.paths import Folders, folders
from musmed_tui.settings import load_settings
from musmed_tui.terminal.streams import remark, tell

if TYPE_CHECKING:
    from engine.session.library.library import Library


def remove_sessions(ids: Sequence[str], *, every: bool) -> None:
    """Delete kept sessions, all of them with ``every``, and their sound. Nothing is asked; nothing
    is deleted where one of them is being played or is none. Raises ``MusmedError``."""
    from engine.session.library.library import checked
    from engine.session.library.lock import held_elsewhere
    from engine.session.library.room import in_words, taken

    if bool(ids) == every:
        raise MusmedError(
            "Name the sessions to delete ('musmed sessions' lists them), or give --all alone."
        )
    where = open_log()
    before = taken(where.library)
    there = _found(where, before.sessions)
    wanted = sorted(there) if every else list(dict.fromkeys(checked(one) for one in ids))
    for session in wanted:
        if session not in there:
            raise MusmedError(f"There is no session {session}; 'musmed sessions' lists them.")
        if held_elsewhere(where.library / "sessions" / session):
            raise MusmedError(f"Session {session} is being played; stop it there first.")
    if where.library.is_dir():
        _delete(where.library, wanted, every=every)
    freed = before.total - taken(where.library).total
    what = "1 session" if len(wanted) == 1 else f"{len(wanted)} sessions"
    tell(f"Deleted {what} ({in_words(max(0, freed))}).")
    if every:
        for aside in sorted(where.library.glob("*.damaged-*")):
            remark(f"{aside} was set aside when it was damaged, and stays; delete it yourself.")


def name_session(session: str | None, name: str | None) -> None:
    """Give a kept session a name, '' for none. Raises ``MusmedError``."""
    from engine.session.library.library import checked
    from engine.session.library.reading import NAME_LIMIT

    if session is None or name is None:
        raise MusmedError("Say which session, and how it is called: musmed sessions name ID NAME.")
    if len(name) > NAME_LIMIT:
        raise MusmedError(f"A name has at most {NAME_LIMIT} characters, and this one {len(name)}.")
    where = open_log()
    if not where.library.is_dir():
        raise MusmedError(f"There is no session {checked(session)}; 'musmed sessions' lists them.")
    with opened(where.library) as library:
        library.rename(checked(session), name)
    tell(f"{session} has {'the name ' + repr(name) if name else 'no name'} now.")


def open_log() -> Folders:
    """The folders, and the log where there is room for one: a full disk is no reason not to list
    and delete."""
    where = folders()
    level = load_settings(where.settings).settings.log_level
    with contextlib.suppress(MusmedError):
        start_logging(where, level)
    return where


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Library]:
    """The library in ``folder``, closed whatever happens; what became of it (it was damaged and set
    aside, say) is remarked. Raises ``MusmedError``."""
    from engine.session.library.library import Library

    library = Library(folder)
    try:
        yield library
    finally:
        for said in library.take_remarks():
            remark(said)
        library.close()


def _found(where: Folders, sessions: dict[str, int]) -> set[str]:
    """All that there are: of the database, as far as there is room to open it, and the folders."""
    found = set(sessions)
    if where.library.is_dir():
        with contextlib.suppress(MusmedError), opened(where.library) as library:
            found.update(library.ids())
    return found


def _delete(folder: Path, wanted: Sequence[str], *, every: bool) -> None:
    """The sound first, for which no database is needed: then that has room too."""
    from engine.session.library.lock import delete_folder

    for session in wanted:
        try:
            delete_folder(folder / "sessions" / session)
        except OSError as error:
            why = f"The sound of {session} can't be deleted ({error.strerror})"
            raise MusmedError(f"{why}; make {folder} writable.") from error
    with opened(folder) as library:
        for session in wanted:
            library.delete_row(session)
        if every:
            library.forget_nameless()
