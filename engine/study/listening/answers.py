"""What listeners of a study have answered: a file a participant, a line of JSON an answer.

A line is added whole or not at all, on the disk before anything goes on. What a person feels stands
in it, so the files are the experimenter's alone to read (0600, in a folder of 0700). Both doors,
``musmed play --study`` and the service's page, write through here.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from engine.errors import MusmedError
from engine.listener.ratings import NOTE_LIMIT, Rating, Slider
from engine.private import make_private_folder, open_private
from engine.study.listening.sheet import ListeningList

NOTHING = Rating()
FOLDER = "answers"
SUFFIX = ".jsonl"
_GONE = ".withdrawn"
MOST_BYTES = 16 * 1024 * 1024

What = Literal["consent", "before", "begun", "moment", "stopped", "ended", "after"]


class Answer(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A line. ``what``: 'consent' to the words whose digest is ``consent``; of the session at
    ``place`` (1 is the first heard) with its ``code``: how it felt 'before', that it has 'begun' or
    was 'stopped' or has 'ended' at so many ``seconds``, how it felt at the 'moment' asked for at
    ``asked_at`` (said at ``seconds``), how it felt 'after', how much it was liked (0 to 100), and
    the ``note``. ``name``: the pseudonym, where listeners make it up."""

    at: datetime
    participant: str
    what: What
    name: str = ""
    place: Annotated[int, Meta(ge=0, le=10_000)] = 0
    code: str = ""
    asked_at: float | None = None
    seconds: float | None = None
    rating: Rating = NOTHING
    liking: Slider | None = None
    note: Annotated[str, Meta(max_length=NOTE_LIMIT)] = ""
    consent: str = ""


def add(folder: Path, answer: Answer, known: int) -> None:
    """Add it to the ``known`` answers of its participant in the list ``folder``. Raises
    ``MusmedError`` where it can't be kept, of who has withdrawn, and where others were added
    meanwhile: the same person's list is open twice."""
    path = _path(folder, answer.participant)
    if has_withdrawn(folder, answer.participant):
        raise MusmedError(f"{answer.participant} has withdrawn, so nothing more is kept of them.")
    line = msgspec.json.encode(answer) + b"\n"
    try:
        make_private_folder(path.parent)
        with open_private(path, "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            before = path.read_bytes()
            if before.count(b"\n") != known:
                raise MusmedError(
                    f"{answer.participant} answers somewhere else too; go on there, or start this "
                    "again."
                )
            end = before.rfind(b"\n") + 1  # the machine may have stopped in the midst of a line
            file.truncate(end)
            try:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                with contextlib.suppress(OSError):
                    os.truncate(path, end)
                raise
    except OSError as error:
        raise MusmedError(
            f"The answer can't be kept in {path.parent} ({error.strerror}); free some space, then "
            "go on."
        ) from error


def read(folder: Path, participant: str) -> list[Answer]:
    """What one has answered, in order. A last line that was cut off is left out. Raises
    ``MusmedError`` for a file that is not of musmed's."""
    path = _path(folder, participant)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise MusmedError(f"{path} can't be read ({error.strerror}); check its rights.") from error
    *lines, _ = data.split(b"\n")  # without its end: the machine stopped in its midst
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(msgspec.json.decode(line, type=Answer))
        except (ValueError, RecursionError) as error:
            raise MusmedError(
                f"Line {number} of {path} is no answer; mend or remove it."
            ) from error
    return found


def read_all(folder: Path, sheet: ListeningList) -> dict[str, list[Answer]]:
    """By participant, of those who have answered. Raises as ``read``."""
    every = ((one.participant, read(folder, one.participant)) for one in sheet.seats)
    return {name: answers for name, answers in every if answers}


def forget(folder: Path, participant: str) -> int:
    """Delete what a participant has answered, and take no more from them; how many answers there
    were. Raises ``MusmedError`` where that can't be done."""
    path = _path(folder, participant)
    try:
        count = path.read_bytes().count(b"\n") if path.is_file() else 0
        make_private_folder(path.parent)
        open_private(path.with_suffix(_GONE), "ab").close()
        path.unlink(missing_ok=True)
    except OSError as error:
        raise MusmedError(
            f"The answers of {participant} in {path.parent} can't be deleted ({error.strerror}); "
            "mend its rights, and delete them again."
        ) from error
    return count


def has_withdrawn(folder: Path, participant: str) -> bool:
    return _path(folder, participant).with_suffix(_GONE).exists()


def _path(folder: Path, participant: str) -> Path:
    return folder / FOLDER / f"{participant}{SUFFIX}"
