"""Which participant somebody is: a code that they were given, or a word that they made up.

Where words are made up each takes the next free order, by a file that only one can make.
"""

from __future__ import annotations

import re
from pathlib import Path

from engine.errors import MusmedError
from engine.private import make_private_folder, open_private
from engine.study.listening import answers
from engine.study.listening.sheet import ListeningList, Seat

_WORD = re.compile(r"[^\W_](?:[\w .-]{0,38}[^\W_])?")
_SUFFIX = ".seat"


def seat_of(folder: Path, sheet: ListeningList, said: str) -> Seat:
    """The order of who ``said`` so of themselves. Raises ``MusmedError`` for a code that was not
    given, a word that is none, and where all orders are taken."""
    if sheet.asked.pseudonyms == "given":
        seat = sheet.seat(said.strip().upper())
        if seat is None:
            first, last = sheet.seats[0].participant, sheet.seats[-1].participant
            raise MusmedError(f"There is no participant {said[:20]!r}; they are {first} to {last}.")
        return seat
    name = said.strip()
    if not _WORD.fullmatch(name):
        raise MusmedError("A pseudonym is a word of up to 40 letters and digits, not your name.")
    for seat in sheet.seats:
        if name_of(folder, seat.participant).casefold() == name.casefold():
            return seat
    for seat in sheet.seats:
        if not answers.has_withdrawn(folder, seat.participant) and _taken(folder, seat, name):
            return seat
    raise MusmedError(f"All {len(sheet.seats)} places are taken; ask who runs the study.")


def name_of(folder: Path, participant: str) -> str:
    """The word that somebody made up; '' where nobody has yet."""
    try:
        return _path(folder, participant).read_text("utf-8")
    except (OSError, ValueError):
        return ""


def forget(folder: Path, sheet: ListeningList, said: str) -> tuple[str, int]:
    """Delete answers and pseudonym of a participant, by code or pseudonym; the code, and how many
    answers there were. Raises ``MusmedError``."""
    names = {one.participant: name_of(folder, one.participant) for one in sheet.seats}
    for code, name in names.items():
        if said.strip().casefold() in {code.casefold(), name.casefold() or None}:
            count = answers.forget(folder, code)
            try:
                _path(folder, code).unlink(missing_ok=True)
            except OSError as error:
                raise MusmedError(
                    f"The pseudonym of {code} can't be deleted ({error.strerror})."
                ) from error
            return code, count
    raise MusmedError(f"There is no participant {said[:40]!r} in this list.")


def _taken(folder: Path, seat: Seat, name: str) -> bool:
    path = _path(folder, seat.participant)
    try:
        make_private_folder(path.parent)
        with open_private(path, "xb") as file:
            file.write(name.encode())
    except FileExistsError:
        return False
    except OSError as error:
        raise MusmedError(
            f"{path} can't be written ({error.strerror}); ask who runs it."
        ) from error
    return True


def _path(folder: Path, participant: str) -> Path:
    return folder / answers.FOLDER / f"{participant}{_SUFFIX}"
