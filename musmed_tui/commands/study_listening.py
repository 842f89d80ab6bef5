"""``musmed study listening``, ``answers`` and ``forget``: people who listen in a study."""

from __future__ import annotations

import secrets
from pathlib import Path

import msgspec

from engine.errors import MusmedError
from engine.places import expanded, place_of
from engine.private import write_new
from engine.study.listening.sheet import read_list
from musmed_tui.terminal.streams import remark, tell

MOST_SECONDS = 3600.0
"""Of listening: more is said to be much."""


def make_listening(
    folder: str | None,
    output: str | None,
    *,
    key: str | None,
    participants: str | None,
    only: list[str],
    by_path: bool,
    lufs: str | None,
    seconds: str | None,
    seed: str | None,
) -> None:
    """Write the blinded list of a study's sessions, and its key beside it. Raises
    ``MusmedError``."""
    from engine.study.folder import StudyFolder
    from engine.study.listening.key import key_path
    from engine.study.listening.making import make_list
    from engine.study.to_hear import candidates, parse_only

    if not folder:
        raise MusmedError("The folder is missing; name the one that 'musmed study run -o' made.")
    if output is None:
        raise MusmedError("-o is missing: name the new folder for what listeners are given.")
    place = StudyFolder(expanded(folder, "study").absolute())
    design = place.design()
    asked = design.answers
    if participants is not None:
        asked = msgspec.structs.replace(asked, participants=_whole("participants", participants))
    chosen = candidates(place, design, parse_only(only), by_path=by_path)
    into = place_of(output, "listening list")
    its_key = place_of(key, "key") if key else key_path(into)
    made = make_list(
        chosen,
        into,
        its_key,
        asked,
        seed=secrets.randbelow(1 << 53) if seed is None else _whole("seed", seed, 0, 2**53),
        target=None if lufs is None else _number("lufs", lufs),
        seconds=None if seconds is None else _number("seconds", seconds),
    )
    sheet = made.sheet
    each = sum(sheet.seconds(code) for code in sheet.seats[0].codes)
    tell(
        f"Wrote {into}: {len(sheet.sounds)} sounds at {made.key.target_lufs:.1f} LUFS under "
        f"{made.conditions} conditions, and an order for each of {len(sheet.seats)} participants, "
        f"{each / 60:.1f} minutes of music each."
    )
    tell(f"The key is {its_key}. Give it to nobody who listens or asks.")
    if len(sheet.seats) % made.balanced:
        remark(
            f"With a multiple of {made.balanced} participants each condition would stand in each "
            "place, and behind each other one, equally often."
        )
    if each > MOST_SECONDS:
        remark("That is more than an hour for each; --only and --seconds make it less.")


def write_answers(folder: str | None, output: str | None, key: str | None) -> None:
    """Write the answers of all beside what they heard, as CSV. Raises ``MusmedError``."""
    from engine.study.listening.answers import read_all
    from engine.study.listening.joined import answers_csv, joined
    from engine.study.listening.key import key_path, read_key

    place = _list_folder(folder)
    if output is None:
        raise MusmedError("-o is missing: name the .csv file to write.")
    path = place_of(output, "table")
    sheet = read_list(place)
    known = read_key(place_of(key, "key") if key else key_path(place), sheet.ident)
    rows = joined(read_all(place, sheet), known)
    try:
        write_new(path, answers_csv(rows).encode())
    except FileExistsError as error:
        raise MusmedError(f"{path} is there already; name a new file.") from error
    except OSError as error:
        raise MusmedError(f"{path} can't be written ({error.strerror}).") from error
    people = len({row.answer.participant for row in rows})
    who = "1 participant" if people == 1 else f"{people} participants"
    tell(f"Wrote {path}: {len(rows)} answers of {who}.")


def forget_participant(folder: str | None, participant: str | None) -> None:
    """Delete what a participant has answered. Raises ``MusmedError``."""
    from engine.study.listening.seats import forget

    place = _list_folder(folder)
    if not participant:
        raise MusmedError("Whose answers? Name the participant, such as P001.")
    code, count = forget(place, read_list(place), participant)
    answers = "1 answer" if count == 1 else f"{count} answers"
    tell(f"Deleted {answers} of {code}, and nothing more is kept of them. A table that was")
    tell("written before still has them; delete it too and write it anew.")


def _list_folder(folder: str | None) -> Path:
    if not folder:
        raise MusmedError(
            "The list is missing; name the folder that 'musmed study listening' made."
        )
    return place_of(folder, "listening list")


def _whole(option: str, text: str, least: int = 1, most: int = 999) -> int:
    if text.isascii() and text.isdigit() and len(text) < 18 and least <= int(text) <= most:
        return int(text)
    raise MusmedError(f"--{option} must be a whole number from {least} to {most}, not {text!r}.")


def _number(option: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise MusmedError(f"--{option} must be a number, not {text!r}.") from error
    if not -1e6 < value < 1e6:
        raise MusmedError(f"--{option} must be a number, not {text!r}.")
    return value
