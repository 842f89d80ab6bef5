"""Mood sheets as people hand them back."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from engine.affect.categories import category_of
from engine.affect.moods import MOODS
from engine.evaluation.mood_sheets import empty_sheet

Cells = tuple[str, str, str, str]
"""Answer, valence, arousal, note."""


def own_answers() -> dict[str, Cells]:
    """What musmed's own table would answer."""
    return {mood.name: (category_of(mood.affect).value, "", "", "") for mood in MOODS}


def filled(answers: Mapping[str, Cells] = {}, separator: str = ",") -> str:
    """An exported sheet, filled in as musmed's own table has it but for ``answers``."""
    rows = list(csv.reader(io.StringIO(empty_sheet())))
    said = own_answers() | dict(answers)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([row[0], *said[row[0]], *row[5:]] for row in rows[1:])
    return text.getvalue()
