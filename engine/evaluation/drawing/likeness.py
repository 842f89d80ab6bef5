"""Is it like a track that was trained on: the section of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.evaluation.drawing.markup import UNKNOWN, counted, known, number, table, tag, text
from engine.evaluation.drawing.parts import paragraph, section

if TYPE_CHECKING:
    from engine.evaluation.likeness import Likeness, LikenessRow, Nearest
    from engine.evaluation.results import Evaluation

SHOWN = 30
"""Pieces that are seen without a click."""


def likeness(found: Evaluation) -> str:
    told = found.likeness
    if told is None:
        return ""
    return section(
        "likeness",
        "Is it like a track of the reference?",
        paragraph(
            f"Compared with {counted(told.tracks, 'track')}. A piece is beyond chance where it is"
            " nearer to a track than 99 % of unrelated stretches of the reference are to another"
            " track; a few always are."
        ),
        _rows(told),
        _pieces(told),
        tag("ul", *(tag("li", text(said)) for said in told.remarks)) if told.remarks else "",
    )


def _rows(told: Likeness) -> str:
    columns = (
        "by",
        "n, pieces",
        "beyond chance",
        "by chance",
        "nearest of all",
        "unrelated: median",
        "95 %",
        "99 %",
        "n, unrelated",
    )
    return table("How near it comes, over all pieces", columns, map(_row, told.rows))


def _row(row: LikenessRow) -> tuple[str, ...]:
    return (
        row.measure,
        str(row.n),
        _percent(row.share),
        _percent(row.expected),
        number(row.most, 3),
        number(row.median, 3),
        number(row.q95, 3),
        number(row.q99, 3),
        str(row.unrelated),
    )


def _percent(share: float | None) -> str:
    share = known(share)
    return UNKNOWN if share is None else f"{number(100.0 * share, 1)} %"


def _pieces(told: Likeness) -> str:
    """The likeliest first."""
    found = list(_nearest(told))
    found.sort(key=lambda one: (1.0 if one[2].chance is None else one[2].chance, one[0], one[1]))
    if not found:
        return ""
    columns = (
        "piece",
        "by",
        "track",
        "at",
        "similarity",
        "semitones",
        "tempo",
        "by chance",
        "stands",
    )
    rows = [(place, measure, *_cells(near)) for place, measure, near in found]
    said = "The nearest place of each piece"
    first = table(said, columns, rows[:SHOWN], words=3, verdict=True)
    if len(rows) <= SHOWN:
        return first
    more = table(f"{said}, the rest", columns, rows[SHOWN:], words=3, verdict=True)
    summary = tag("summary", text(counted(len(rows) - SHOWN, "more row")))
    return first + tag("details", summary, more, class_="more")


def _nearest(told: Likeness) -> Iterator[tuple[str, str, Nearest]]:
    for piece in told.pieces:
        place = f"{piece.file} {_time(piece.start)} to {_time(piece.end)}"
        for measure, near in (("chroma", piece.chroma), ("embedding", piece.embedding)):
            if near is not None:
                yield place, measure, near


def _cells(near: Nearest) -> tuple[str, ...]:
    stands = {True: "beyond chance", False: "not told from chance", None: UNKNOWN}
    return (
        near.track,
        _time(near.at),
        number(near.similarity, 3),
        UNKNOWN if near.semitones is None else number(float(near.semitones), 0),
        number(near.tempo),
        number(near.chance, 3),
        stands[near.beyond],
    )


def _time(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
