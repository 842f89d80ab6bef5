"""The listening list as listeners are given it: sounds under codes, who hears which in what order.

Nothing in it says what a code stands for; that is the key's (``key.py``), which lies elsewhere.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from engine.errors import MusmedError
from engine.places import look_at, read_small
from engine.study.listening.questions import Questions

NAME = "list.json"
ORDERS = "orders.csv"
SUFFIX = ".flac"
FORMAT = 1
MOST_BYTES = 16 * 1024 * 1024

Code = Annotated[str, Meta(pattern=r"^[A-Z0-9]{4}$")]
Place = Annotated[str, Meta(pattern=r"^P[0-9]{3}$")]


class Listed(msgspec.Struct, frozen=True):
    """A sound of the list: ``code`` + '.flac', so many ``seconds`` long."""

    code: Code
    seconds: Annotated[float, Meta(gt=0.0, le=86_400.0)]


class Seat(msgspec.Struct, frozen=True):
    """Whose order it is: the codes in the order they are heard."""

    participant: Place
    codes: tuple[Code, ...]


class ListeningList(msgspec.Struct, frozen=True):
    """``ident`` ties list and key together, and says nothing else."""

    format: int
    ident: str
    asked: Questions
    sounds: tuple[Listed, ...]
    seats: tuple[Seat, ...]

    def seat(self, participant: str) -> Seat | None:
        return next((one for one in self.seats if one.participant == participant), None)

    def seconds(self, code: str) -> float:
        return next(one.seconds for one in self.sounds if one.code == code)


def read_list(folder: Path) -> ListeningList:
    """The list in ``folder``. Raises ``MusmedError`` where there is none, or one that is not
    whole."""
    path = folder / NAME
    if look_at(path, "listening list") == "nothing":
        raise MusmedError(
            f"There is no listening list in {folder}; 'musmed study listening' makes one."
        )
    data = read_small(path, f"The listening list {path}", MOST_BYTES)
    try:
        found = msgspec.json.decode(data, type=ListeningList)
        _check(found)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise MusmedError(f"{path} is no listening list of musmed's; make it anew.") from error
    return found


def sound_of(folder: Path, code: str) -> Path:
    """Where the sound of a ``code`` of a list that was read lies."""
    return folder / f"{code}{SUFFIX}"


def orders_csv(sheet: ListeningList) -> bytes:
    """A row for each participant, the codes in the order they are heard."""
    out = io.StringIO()
    most = max((len(one.codes) for one in sheet.seats), default=0)
    write = csv.writer(out, lineterminator="\n")
    write.writerow(["participant", *range(1, most + 1)])
    write.writerows([one.participant, *one.codes] for one in sheet.seats)
    return out.getvalue().encode()


def _check(found: ListeningList) -> None:
    """Raises ``ValueError``."""
    codes = [one.code for one in found.sounds]
    names = [one.participant for one in found.seats]
    known = set(codes)
    if found.format != FORMAT or len(known) != len(codes) or len(set(names)) != len(names):
        raise ValueError("not of this format, or something stands twice")
    if not all(one.codes and known.issuperset(one.codes) for one in found.seats):
        raise ValueError("an order of sounds that are not there")
