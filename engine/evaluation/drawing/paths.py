"""Does the music follow its path: the section of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from engine.evaluation.against_chance import row_standing
from engine.evaluation.drawing.courses import points_each, sessions
from engine.evaluation.drawing.figures import Dot, Group, Mark, dots
from engine.evaluation.drawing.keys import key
from engine.evaluation.drawing.markup import UNKNOWN, counted, known, number, span, table, tag
from engine.evaluation.drawing.parts import (
    band,
    by,
    few,
    filled,
    judge_head,
    paragraph,
    section,
    stands,
)
from engine.evaluation.results import Evaluation, Following, Row
from engine.evaluation.wording import digits_of, word

CORRELATIONS = ("valence_r", "arousal_r", "valence_ccc", "arousal_ccc", "progress_r")


def path_following(found: Evaluation) -> str:
    if not found.following:
        return ""
    most = points_each(sum(len(one.courses) for one in found.following))
    return section(
        "following",
        "Does the music follow its path?",
        _side_by_side(found.following),
        *(_following(f"following-{at}", one, most) for at, one in enumerate(found.following)),
    )


def _side_by_side(judged: Sequence[Following]) -> str:
    """All judges in one table, where there are several."""
    if len(judged) < 2:
        return ""
    figures = dict.fromkeys(row.figure for one in judged for row in one.rows)
    by_judge = [{row.figure: row for row in one.rows} for one in judged]
    rows = [(word(name), *(_brief(by.get(name)) for by in by_judge)) for name in figures]
    columns = ("figure", *(f"{one.judge.name} {one.judge.version}" for one in judged))
    return table("All judges: mean, 95 % interval, and * for beyond chance", columns, rows)


def _brief(row: Row | None) -> str:
    if row is None:
        return UNKNOWN
    star = " *" if filled(row_standing(row)) else ""
    digits = digits_of(row.figure)
    if row.low is None:
        return number(row.mean, digits)
    return f"{number(row.mean, digits)} ({span(row.low, row.high, digits)}){star}"


def _following(ident: str, one: Following, most: int) -> str:
    parts = [judge_head(one.judge)]
    if one.rows:
        parts += [
            key(
                ("beyond", "beyond chance, with its 95 % interval"),
                ("within", "not beyond chance"),
                ("chance", "chance: middle 95 %, sound shuffled"),
                ("cross", "beside the other sessions' paths"),
                ("bar", "music that stays where it is"),
            ),
            dots(f"{ident}-figures", f"Path following. {by(one.judge)}", list(_groups(one.rows))),
            _rows(one),
            few(min(row.n for row in one.rows), "session"),
        ]
    if one.courses:
        entries = [("planned", "planned"), ("measured", "heard")]
        if one.scaled:
            entries.append(("ends", "on the plane: start and end"))
        parts += [tag("h4", "Each session"), key(*entries)]
        if not one.scaled:
            parts.append(
                paragraph(
                    "The scale of this judge is its own: what it heard is drawn with the mean and"
                    " the spread of the path, for drawing only, so only the course can be compared,"
                    " neither height nor size. Of what stands still nothing is drawn."
                )
            )
        parts.append(sessions(ident, one, most))
    if one.sessions:
        parts.append(_each(one))
    return "".join(parts)


def _groups(rows: Sequence[Row]) -> Iterator[Group]:
    """Figures that can share an axis."""
    kinds: tuple[tuple[Callable[[str], bool], float, float, str], ...] = (
        (lambda name: name in CORRELATIONS, -1.0, 1.0, "r, CCC"),
        (lambda name: name == "way", 0.0, 1.0, "share of the path's way"),
        (lambda name: name == "right_steps", 0.0, 1.0, "share of steps"),
        (lambda name: name == "end_error", 0.0, 1.0, "distance on the plane: less is nearer"),
        (lambda name: name == "lag_s", -30.0, 30.0, "seconds: 0 is no lag"),
    )
    taken: set[str] = set()
    for belongs, low, high, unit in kinds:
        chosen = [row for row in rows if belongs(row.figure)]
        taken |= {row.figure for row in chosen}
        if chosen:
            yield Group([_row_dot(row) for row in chosen], low, high, unit)
    for row in rows:
        if row.figure not in taken:
            yield Group([_row_dot(row)], 0.0, 1.0)


def _row_dot(row: Row) -> Dot:
    alone, digits = row.low is None, digits_of(row.figure)
    interval = "" if alone else f" ({span(row.low, row.high, digits)})"
    return Dot(
        word(row.figure),
        f"{number(row.mean, digits)}{interval}, n {row.n}",
        row.mean,
        None if alone else row.low,
        None if alone else row.high,
        band(row.shuffled_low, row.shuffled_high),
        filled(row_standing(row)),
        (Mark("cross", row.another_path), Mark("bar", row.constant)),
    )


def _rows(one: Following) -> str:
    columns = ("figure", "mean", "95 %", "n", "shuffled", "other path", "constant", "stands")
    rows = map(_cells, one.rows)
    said = f"Path following, over sessions. {by(one.judge)}"
    return table(said, columns, rows, verdict=True)


def _cells(row: Row) -> tuple[str, ...]:
    digits = digits_of(row.figure)
    return (
        word(row.figure),
        number(row.mean, digits),
        span(row.low, row.high, digits),
        str(row.n),
        span(row.shuffled_low, row.shuffled_high, digits),
        number(row.another_path, digits),
        number(row.constant, digits),
        stands(row_standing(row)),
    )


def _each(one: Following) -> str:
    names = list(dict.fromkeys(name for session in one.sessions for name in session.figures))
    kept = [
        name for name in names if any(known(s.figures.get(name)) is not None for s in one.sessions)
    ]
    rows = [
        (s.file, str(s.windows), *(number(s.figures.get(name), digits_of(name)) for name in kept))
        for s in one.sessions
    ]
    columns = ("session", "windows", *map(word, kept))
    made = table(f"Each session's figures. {by(one.judge)}", columns, rows)
    if len(rows) <= 30:
        return made
    summary = tag("summary", f"The figures of {counted(len(rows), 'session')}")
    return tag("details", summary, made, class_="more")
