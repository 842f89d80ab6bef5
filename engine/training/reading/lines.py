"""Captions as lines of JSON, an object for each sound."""

from __future__ import annotations

from pathlib import Path

import msgspec

from engine.errors import MusmedError
from engine.training.reading.tables import read_text
from engine.training.reading.told import Told, told_by


def read_lines(path: Path) -> list[Told]:
    """A row for each line. Raises ``MusmedError`` for a line that is no object of JSON."""
    rows = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append(told_by(msgspec.json.decode(line, type=dict[str, object])))
        except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            raise MusmedError(
                f"{path}, line {number}: it is no JSON object ({error}); a line reads "
                '{"file": "a.wav", "caption": "..."}.'
            ) from error
    if not rows:
        raise MusmedError(f'{path} is empty; a line reads {{"file": "a.wav", "caption": "..."}}.')
    return rows
