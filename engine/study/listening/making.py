"""A listening list is made: levels measured, codes and orders drawn, sounds written, key kept."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from engine.audio.format import CHANNELS, SAMPLE_RATE, seconds_of
from engine.errors import MusmedError
from engine.places import look_at
from engine.printable import one_line
from engine.private import make_private_folder, write_new, write_private
from engine.study.listening import key as keys
from engine.study.listening import sheet as sheets
from engine.study.listening.blinding import align, common_length, stamp, told_by, write_blinded
from engine.study.listening.key import Key, Keyed
from engine.study.listening.levels import Measured, gains, measure
from engine.study.listening.questions import Questions, check
from engine.study.listening.sheet import Listed, ListeningList, Seat
from engine.study.listening.williams import dealt, orders, square

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ2345679"
"""No vowel, so that no code is a word, and no sign that is taken for another."""
CODE_LENGTH = 4
_LEAST_WORD = 3
"""Letters of a word that is looked for: shorter ones stand in any text."""


class Candidate(msgspec.Struct, frozen=True):
    """A session that may be heard: its sound, its name in the study, the condition that it is one
    of perhaps several draws of (other paths, other seeds), and its factors by name."""

    file: Path
    session: str
    condition: str
    factors: Mapping[str, str]


class Made(msgspec.Struct, frozen=True):
    """``balanced``: of how many participants a multiple would hear every order equally often."""

    sheet: ListeningList
    key: Key
    conditions: int
    balanced: int


def make_list(
    candidates: Sequence[Candidate],
    folder: Path,
    key: Path,
    asked: Questions,
    *,
    seed: int,
    target: float | None = None,
    seconds: float | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Made:
    """Write the list into the new ``folder`` and its key into the new file ``key``.

    Each participant hears each condition once; which of its sessions is dealt out, so that all are
    heard equally often. ``seed``: of codes and orders. ``target``: LUFS of all; ``seconds``: how
    much of each. Raises ``MusmedError``, and leaves nothing behind.
    """
    _check_places(folder, key)
    by_condition = _grouped(candidates)
    rng = np.random.default_rng(seed)
    seats = _seats(by_condition, asked.participants, rng)
    chosen = sorted({one for _, heard in seats for one in heard})
    sounds = [candidates[one] for one in chosen]
    levels = _measured(sounds)
    frames = common_length([one.frames for one in levels], seconds)
    check(asked, seconds_of(frames))
    cut = any(one.frames > frames for one in levels)
    if cut:
        levels = _measured(sounds, frames)
    loud = [(one.lufs or 0.0, one.true_peak) for one in levels]
    target, moved = gains(loud, target)
    words = _words(sounds)
    codes = dict(zip(chosen, _codes(len(chosen), words, rng), strict=True))
    ident = "".join(_codes(3, words, rng))
    length = seconds_of(frames)
    sheet = ListeningList(
        sheets.FORMAT,
        ident,
        asked,
        tuple(Listed(code, length) for code in sorted(codes.values())),
        tuple(Seat(name, tuple(codes[one] for one in heard)) for name, heard in seats),
    )
    keyed = (
        Keyed(codes[at], one.session, one.condition, dict(one.factors), lufs, peak, gain)
        for at, one, (lufs, peak), gain in zip(chosen, sounds, loud, moved, strict=True)
    )
    its_key = Key(keys.FORMAT, ident, str(folder), seed, target, tuple(keyed))
    with _new_folder(folder):
        todo = sorted(zip(codes.values(), sounds, moved, strict=True), key=lambda one: one[0])
        for done, (code, one, gain) in enumerate(todo):
            progress(done, len(todo))
            write_blinded(one.file, sheets.sound_of(folder, code), frames, gain, cut=cut)
        align([sheets.sound_of(folder, code) for code, _, _ in todo])
        _write_texts(folder, sheet)
        if told := told_by(folder, words):
            raise MusmedError(f"The list would tell what is heard: {told[0]} Nothing was written.")
        write_new(key, msgspec.json.format(msgspec.json.encode(its_key), indent=2) + b"\n")
    progress(len(chosen), len(chosen))
    return Made(sheet, its_key, len(by_condition), len(square(len(by_condition))))


def _check_places(folder: Path, key: Path) -> None:
    if os.path.lexists(folder):
        raise MusmedError(f"{folder} is there already; name a new folder.")
    if os.path.lexists(key):
        raise MusmedError(f"The key {key} is there already; name another with --key.")
    if key.resolve().is_relative_to(folder.resolve()):
        raise MusmedError("The key would lie in the folder that listeners are given; name another.")
    for parent in (folder.parent, key.parent):
        if look_at(parent, "folder") != "folder":
            raise MusmedError(f"There is no folder {parent}; make it first or name another.")


def _grouped(candidates: Sequence[Candidate]) -> list[list[int]]:
    """The candidates of each condition, in an order that is theirs alone."""
    groups: dict[str, list[int]] = {}
    for at in sorted(range(len(candidates)), key=lambda at: candidates[at].session):
        groups.setdefault(candidates[at].condition, []).append(at)
    if len(groups) < 2:
        raise MusmedError("A listening list needs sessions of two conditions at least.")
    return [groups[one] for one in sorted(groups)]


def _seats(
    groups: Sequence[Sequence[int]], participants: int, rng: np.random.Generator
) -> list[tuple[str, tuple[int, ...]]]:
    """Of each participant the name, and the candidates in the order they are heard."""
    given = orders(len(groups), participants, rng)
    which = [dealt(len(group), participants, rng) for group in groups]
    return [
        (f"P{at + 1:03d}", tuple(groups[one][which[one][at]] for one in order))
        for at, order in enumerate(given)
    ]


def _measured(sounds: Sequence[Candidate], frames: int = 0) -> list[Measured]:
    found = measure([one.file for one in sounds], frames)
    for one, level in zip(sounds, found, strict=True):
        name = one_line(one.file.name, 80)
        if level.failure:
            raise MusmedError(f"{name} can't be read ({one_line(level.failure, 80)}).")
        if (level.rate, level.channels) != (SAMPLE_RATE, CHANNELS):
            raise MusmedError(
                f"{name} is no stereo sound at {SAMPLE_RATE} Hz, as sessions are; render it again."
            )
        if level.lufs is None:
            raise MusmedError(f"{name} is silent, so it can't be made as loud as the others.")
    return found


def _words(sounds: Sequence[Candidate]) -> list[str]:
    """What must stand nowhere in the list: every value of every factor, and the names of
    sessions."""
    said = {value for one in sounds for value in one.factors.values()}
    for one in sounds:
        said |= {one.condition, one.session, one.file.stem}
    return sorted(one for one in said if sum(c.isalpha() for c in one) >= _LEAST_WORD)


def _codes(count: int, words: Sequence[str], rng: np.random.Generator) -> list[str]:
    """So many different codes, none of which is in one of the ``words``."""
    lowered = [word.lower() for word in words]
    found: dict[str, None] = {}
    while len(found) < count:
        code = "".join(ALPHABET[at] for at in rng.integers(len(ALPHABET), size=CODE_LENGTH))
        if not any(code.lower() in word or word in code.lower() for word in lowered):
            found[code] = None
    return list(found)


def _write_texts(folder: Path, sheet: ListeningList) -> None:
    encoded = msgspec.json.format(msgspec.json.encode(sheet), indent=2)
    for name, data in ((sheets.NAME, encoded + b"\n"), (sheets.ORDERS, sheets.orders_csv(sheet))):
        write_private(folder / name, data)
        stamp(folder / name)


@contextlib.contextmanager
def _new_folder(folder: Path) -> Iterator[None]:
    """It goes again where what is written into it fails. Raises ``MusmedError``."""
    try:
        make_private_folder(folder)
        yield
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise MusmedError(
                f"{folder} can't be written ({error.strerror or error}); name another place."
            ) from error
        raise
