"""Answers beside what was heard: list, answers and key become one table, a row an answer. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from engine.study.listening.answers import Answer
from engine.study.listening.key import Key

_COLUMNS = (
    "participant",
    "name",
    "order",
    "code",
    "session",
    "condition",
    "what",
    "asked_at_s",
    "said_at_s",
    "valence",
    "arousal",
    "liking",
    "note",
    "at",
)
_ANSWERS = ("before", "moment", "after")
_FORMULA = ("=", "+", "-", "@", "\t")


class Joined(msgspec.Struct, frozen=True):
    """An answer, the ``session`` and ``condition`` it is about, and that one's factors."""

    answer: Answer
    session: str
    condition: str
    factors: Mapping[str, str]


def joined(answers: Mapping[str, Sequence[Answer]], key: Key) -> list[Joined]:
    """The ratings of all, by participant and in order; one of a code that the key does not have is
    left out."""
    rows = []
    for name in sorted(answers):
        for one in answers[name]:
            known = key.of(one.code)
            if one.what in _ANSWERS and known is not None:
                rows.append(Joined(one, known.session, known.condition, known.factors))
    return rows


def answers_csv(rows: Sequence[Joined]) -> str:
    """As CSV; an empty field was left out or not asked. Columns of factors come last. Valence and
    arousal are the two sliders, 0 to 100."""
    factors = sorted({name for row in rows for name in row.factors})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*_COLUMNS, *(f"factor_{name}" for name in factors)])
    for row in rows:
        writer.writerow(_fields(row, factors))
    return out.getvalue()


def _fields(row: Joined, factors: Iterable[str]) -> list[str]:
    one = row.answer
    numbers = (one.asked_at, one.seconds, one.rating.valence, one.rating.arousal, one.liking)
    return [
        one.participant,
        _text(one.name),
        str(one.place),
        one.code,
        row.session,
        _text(row.condition),
        one.what,
        *("" if value is None else f"{value:g}" for value in numbers),
        _text(one.note),
        one.at.isoformat(timespec="seconds"),
        *(_text(row.factors.get(name, "")) for name in factors),
    ]


def _text(said: str) -> str:
    """What others wrote is never a formula to a program that opens the table."""
    return f"'{said}" if said.startswith(_FORMULA) else said
