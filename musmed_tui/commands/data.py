"""``musmed data export`` and ``delete``: all that musmed keeps of the listener, given or taken."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine import __version__
from engine.errors import MusmedError
from engine.listener.personal_meter import Rated, personal_meter
from engine.listener.preferences import Evidence
from engine.places import place_of
from engine.private import FILE, make_private_folder, open_private
from musmed_tui.commands.history import past_of
from musmed_tui.commands.meter import fits, meter_of
from musmed_tui.commands.one_session import document
from musmed_tui.commands.sessions import open_log, opened
from musmed_tui.paths import Folders, folders
from musmed_tui.terminal.streams import tell, write_out

if TYPE_CHECKING:
    from engine.session.library.course_record import Begun

DOCUMENT, DATABASE = "musmed.json", "library.sqlite"


def export_data(folder: str | None, *, sound: bool) -> None:
    """Write all that is kept into the new ``folder``, readable by its owner alone: a JSON document
    for reading, the database, the settings and, if wanted, the ``sound``. Raises
    ``MusmedError``."""
    if folder is None:
        raise MusmedError("Name the new folder to write.")
    place = place_of(folder, "folder")
    where = open_log()
    try:
        if os.path.lexists(place):
            raise MusmedError(f"{place} is there already; name a new folder.")
        if place.resolve().is_relative_to(where.library.resolve()):
            raise MusmedError(
                f"{place} is in the library, with which it would be deleted; name a folder "
                "elsewhere."
            )
        make_private_folder(place)
        try:
            _fill(where, place, sound=sound)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
    except OSError as error:
        raise MusmedError(
            f"{place} can't be written ({error.strerror or error}); name a new folder of yours "
            "with room."
        ) from error
    tell(f"Wrote {place}, which you alone can read.")


def _fill(where: Folders, place: Path, *, sound: bool) -> None:
    _write_document(where, place)
    _copy_database(where, place)
    if where.settings.is_file():
        _copy(where.settings, place / where.settings.name)
    if sound:
        _copy_sound(where, place)


def delete_data(*, yes: bool) -> int:
    """Delete all that musmed keeps, after saying what that is and asking; gives the exit code.
    Raises ``MusmedError``; nothing is deleted while a session is being played."""
    where = folders()
    _refuse_while_playing(where)
    there = list(_kept(where))
    if not there:
        tell("musmed keeps nothing of you here.")
        return 0
    size = sum(_bytes(path) for path in there)
    tell(f"To be deleted for good ({size / 1e6:.1f} MB):")
    for path in there:
        tell(f"  {path}")
    tell("Files that you had written (renderings, reports, exports) and models stay.")
    if not yes and not _agreed():
        tell("Nothing was deleted.")
        return 1
    for path in there:
        _delete(path)
    tell("All of it is deleted.")
    return 0


def _write_document(where: Folders, place: Path) -> None:
    """What a person can read: history, ratings, notes, likings, and what was learned of them."""
    evidence, meter = Evidence(), personal_meter(())
    clips: tuple[Rated, ...] = ()
    courses: tuple[Begun, ...] = ()
    if where.library.is_dir():
        with opened(where.library) as library:
            evidence, clips = library.listener.evidence(), library.meter.clips()
            meter, courses = meter_of(library), library.courses.begun()
    whole = {
        "format": 1,
        "musmed": __version__,
        "sessions": [document(past) for past in past_of((), None, None)],
        "evidence": evidence,
        "meter": {**fits(meter), "clips": clips},
        "courses": courses,
    }
    with open_private(place / DOCUMENT, "xb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(whole), indent=2))


def _copy_database(where: Folders, place: Path) -> None:
    """As it is at one moment, whatever is being written to it."""
    source = where.library / DATABASE
    if not source.is_file():
        return
    open_private(place / DATABASE, "xb").close()
    old, new = sqlite3.connect(source), sqlite3.connect(place / DATABASE)
    try:
        old.backup(new)
    except sqlite3.Error as error:
        raise OSError(f"the library can't be copied: {error}") from error
    finally:
        new.close()
        old.close()


def _copy_sound(where: Folders, place: Path) -> None:
    for sound in sorted((where.library / "sessions").glob("*/*.flac")):
        into = place / "sessions" / sound.parent.name
        make_private_folder(into)
        _copy(sound, into / sound.name)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as old, open_private(target, "xb") as new:
        shutil.copyfileobj(old, new)
    target.chmod(FILE)


def _refuse_while_playing(where: Folders) -> None:
    from engine.service.lock import is_taken
    from engine.session.library.lock import held_elsewhere

    if is_taken(where.service):
        raise MusmedError("'musmed serve' is running; end it first.")
    for session in sorted((where.library / "sessions").glob("*")):
        if held_elsewhere(session):
            raise MusmedError(f"Session {session.name} is being played; stop it there first.")


def _kept(where: Folders) -> Iterator[Path]:
    """All that musmed has written of its own accord, and the settings."""
    for folder in (where.library, where.service):
        if os.path.lexists(folder):
            yield folder
    for pattern in ("musmed.log*", "engine.log*", "engine.*.log*", "defect.log*", "speeds.json*"):
        yield from sorted(where.state.glob(pattern))
    for path in (where.settings, where.welcomed):
        if os.path.lexists(path):
            yield path


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() and not path.is_symlink() else (path,)
    total = 0
    for file in files:
        with contextlib.suppress(OSError):
            total += file.lstat().st_size
    return total


def _delete(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise MusmedError(
            f"{path} can't be deleted ({error.strerror}); make it writable and try again."
        ) from error


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise MusmedError("Nobody is here to be asked; give --yes to delete it all the same.")
    write_out("Delete it? Type delete: ")
    return sys.stdin.readline().strip().lower() == "delete"
