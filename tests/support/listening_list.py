"""A listening list that is there at once, its sounds short: for tests of who answers it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np

from engine.audio.files import AudioWriter
from engine.audio.format import SAMPLE_RATE
from engine.study.listening.key import Key, Keyed, key_path
from engine.study.listening.questions import Questions
from engine.study.listening.sheet import NAME, Listed, ListeningList, Seat, sound_of

CODES = ("BC23", "DF45", "GH67")
CONDITIONS = ("embedded", "musicgen", "tones")
SECONDS = 3.0


def a_list(folder: Path, **asked: object) -> ListeningList:
    """In the new ``folder``, with its key beside it: three sounds, two participants."""
    folder.mkdir()
    for number, code in enumerate(CODES, start=1):
        frames = np.arange(round(SECONDS * SAMPLE_RATE))
        tone = 0.1 * np.sin(frames[:, None] * 0.01 * number) * np.ones((1, 2))
        with AudioWriter(sound_of(folder, code), title="-", artist="-", comment="-") as file:
            file.write(tone.astype(np.float32))
    sheet = ListeningList(
        1,
        "KEYOFTHISONE",
        Questions(participants=2, **asked),  # type: ignore[arg-type]
        tuple(Listed(code, SECONDS) for code in CODES),
        (Seat("P001", CODES), Seat("P002", (CODES[1], CODES[2], CODES[0]))),
    )
    (folder / NAME).write_bytes(msgspec.json.encode(sheet))
    keyed = (
        Keyed(code, str(at), condition, {"composer": condition}, -23.0, -6.0, 0.0)
        for at, (code, condition) in enumerate(zip(CODES, CONDITIONS, strict=True))
    )
    key = Key(1, sheet.ident, str(folder), 1, -23.0, tuple(keyed))
    key_path(folder).write_bytes(msgspec.json.encode(key))
    return sheet


def ticking() -> Callable[[], datetime]:
    """A clock that goes a second further whenever it is looked at."""
    ticks: Iterator[int] = itertools.count()
    return lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(ticks))
