"""The key of a listening list: which code is which session, under which condition, at which gain.

It is the experimenter's, lies outside the folder that listeners are given, and is theirs alone to
read (0600).
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from engine.errors import MusmedError
from engine.places import look_at, read_small

FORMAT = 1
MOST_BYTES = 64 * 1024 * 1024


class Keyed(msgspec.Struct, frozen=True):
    """What a code is: ``session`` names it in the study, ``condition`` is what listeners are
    balanced over, ``factors`` all that is known of it. ``lufs`` and ``true_peak`` (dBTP) are those
    of the sound as it was, ``gain_db`` what it was moved by."""

    code: str
    session: str
    condition: str
    factors: dict[str, str]
    lufs: float
    true_peak: float
    gain_db: float


class Key(msgspec.Struct, frozen=True):
    """``folder``: where the list was made; ``seed``: of codes and orders; ``target_lufs``: of every
    sound of it."""

    format: int
    ident: str
    folder: str
    seed: int
    target_lufs: float
    sounds: tuple[Keyed, ...]

    def of(self, code: str) -> Keyed | None:
        return next((one for one in self.sounds if one.code == code), None)


def key_path(folder: Path) -> Path:
    """Where the key of a list in ``folder`` lies if nothing else was asked for: beside it."""
    return folder.with_name(f"{folder.name}.key.json")


def read_key(path: Path, ident: str) -> Key:
    """Raises ``MusmedError``: missing, no key, or another list's."""
    if look_at(path, "key") == "nothing":
        raise MusmedError(f"There is no key {path}; name where it lies with --key.")
    data = read_small(path, f"The key {path}", MOST_BYTES)
    try:
        found = msgspec.json.decode(data, type=Key)
    except (ValueError, RecursionError) as error:
        raise MusmedError(f"{path} is no key of a listening list; name another file.") from error
    if found.format != FORMAT or found.ident != ident:
        raise MusmedError(f"{path} is the key of another listening list; name this one's.")
    return found
