"""The page's sections, one function each: HTML, or '' when there is nothing to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from engine.evaluation.against_chance import Place, Standing, estimate_standing, row_standing
from engine.evaluation.drawing.courses import points_each, sessions
from engine.evaluation.drawing.keys import key
from engine.evaluation.drawing.markup import (
    UNKNOWN,
    counted,
    known,
    number,
    span,
    table,
    tag,
    text,
)
from engine.evaluation.drawing.plots import Bar, Dot, Group, Mark, bars, dots
from engine.evaluation.drawing.summary import judges
from engine.evaluation.results import (
    Distances,
    Estimate,
    Evaluation,
    Following,
    JudgeRecord,
    Row,
    Tagging,
    TextMatch,
)
from engine.evaluation.wording import DISTANCES, MEANINGS, digits_of, word

CORRELATIONS = ("valence_r", "arousal_r", "valence_ccc", "arousal_ccc", "progress_r")
FEW = 10
"""Below so many sounds a bootstrap's interval is noticeably too narrow."""


def _section(ident: str, title: str, *parts: str) -> str:
    inside = "\n".join(part for part in parts if part)
    return tag("section", tag("h2", text(title), id=ident), inside, aria_labelledby=ident)


def _paragraph(said: str, class_: str | None = None) -> str:
    return tag("p", text(said), class_=class_)


def _by(judge: JudgeRecord) -> str:
    return f"By {judge.name} {judge.version}"


def _judge_head(judge: JudgeRecord) -> str:
    return tag("h3", text(_by(judge))) + _paragraph(judge.domain)


# what and who


def subjects(found: Evaluation) -> str:
    if not found.subjects:
        return ""
    rows = [
        (
            one.file,
            ", ".join(one.composers) or UNKNOWN,
            _minutes(one.seconds),
            str(one.clips),
        )
        for one in found.subjects
    ]
    columns = ("sound", "composed by", "with a path, min:s", "clips with a prompt")
    made = table("The sounds", columns, rows, words=2)
    if len(rows) > 30:
        made = tag("details", tag("summary", counted(len(rows), "sound")), made, class_="more")
    return _section("subjects", "What was evaluated", made)


def _minutes(seconds: float | None) -> str:
    if (seconds := known(seconds)) is None:
        return UNKNOWN
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def who(found: Evaluation) -> str:
    rows = [(one.name, one.version, one.licence, one.domain) for one in judges(found)]
    if not rows:
        return ""
    columns = ("judge", "version", "licence", "what it is good for")
    return _section("judges", "Who judged", table("The judges", columns, rows, words=4))


# does it follow its path


def path_following(found: Evaluation) -> str:
    if not found.following:
        return ""
    most = points_each(sum(len(one.courses) for one in found.following))
    return _section(
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
    star = " *" if _filled(row_standing(row)) else ""
    digits = digits_of(row.figure)
    return f"{number(row.mean, digits)} ({span(row.low, row.high, digits)}){star}"


def _filled(standing: Standing) -> bool:
    return standing.place is Place.BEYOND and not standing.alone


def _following(ident: str, one: Following, most: int) -> str:
    parts = [_judge_head(one.judge)]
    if one.rows:
        parts += [
            key(
                ("beyond", "beyond chance, with its 95 % interval"),
                ("within", "not beyond chance"),
                ("chance", "chance: middle 95 %, sound shuffled"),
                ("cross", "beside the other sessions' paths"),
                ("bar", "music that stays where it is"),
            ),
            dots(f"{ident}-figures", f"Path following. {_by(one.judge)}", list(_groups(one.rows))),
            _rows(one),
            _few(min(row.n for row in one.rows), "session"),
        ]
    if one.courses:
        entries = [("planned", "planned"), ("measured", "heard")]
        if one.scaled:
            entries.append(("ends", "on the plane: start and end"))
        parts += [tag("h4", "Each session"), key(*entries)]
        if not one.scaled:
            parts.append(
                _paragraph(
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
    alone, digits = row.n < 2, digits_of(row.figure)
    interval = "" if alone else f" ({span(row.low, row.high, digits)})"
    return Dot(
        word(row.figure),
        f"{number(row.mean, digits)}{interval}, n {row.n}",
        row.mean,
        None if alone else row.low,
        None if alone else row.high,
        _band(row.shuffled_low, row.shuffled_high),
        _filled(row_standing(row)),
        (Mark("cross", row.another_path), Mark("bar", row.constant)),
    )


def _band(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None else (low, high)


def _rows(one: Following) -> str:
    columns = ("figure", "mean", "95 %", "n", "shuffled", "other path", "constant", "stands")
    rows = map(_cells, one.rows)
    return table(f"Path following, over sessions. {_by(one.judge)}", columns, rows)


def _cells(row: Row) -> tuple[str, ...]:
    digits = digits_of(row.figure)
    return (
        word(row.figure),
        number(row.mean, digits),
        UNKNOWN if row.n < 2 else span(row.low, row.high, digits),
        str(row.n),
        span(row.shuffled_low, row.shuffled_high, digits),
        number(row.another_path, digits),
        number(row.constant, digits),
        _stands(row_standing(row)),
    )


def _stands(standing: Standing) -> str:
    if standing.place is Place.UNKNOWN:
        return UNKNOWN
    said = standing.place.value
    if standing.alone:
        return f"one sound: {said}" if standing.place is Place.WITHIN else "one sound: outside"
    return f"{said}, not beyond {standing.below[0]}" if standing.below else said


def _few(n: int, what: str) -> str:
    if not 1 < n < FEW:
        return ""
    return _paragraph(
        f"Over {counted(n, what)} an interval is narrower than it ought to be.", "note"
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
    made = table(f"Each session's figures. {_by(one.judge)}", columns, rows)
    if len(rows) <= 30:
        return made
    summary = tag("summary", f"The figures of {counted(len(rows), 'session')}")
    return tag("details", summary, made, class_="more")


# is it what was prompted


def prompted_moods(found: Evaluation) -> str:
    if not found.tagging:
        return ""
    made = (_tagging(f"tagging-{at}", one) for at, one in enumerate(found.tagging))
    return _section("tagging", "Are the prompted moods heard?", *made)


def _tagging(ident: str, one: Tagging) -> str:
    parts = [_judge_head(one.judge), _over(one.clips, one.sounds)]
    parts.append(_estimates(ident, f"Moods told. {_by(one.judge)}", one.rows, one.sounds))
    if one.moods:
        moods = sorted(
            one.moods, key=lambda row: (-(known(row.average_precision) or 0.0), row.mood)
        )
        rows = [
            (row.mood, str(row.clips), number(row.average_precision, 3), number(row.chance, 3))
            for row in moods
        ]
        drawn = [Bar(row.mood, row.clips, row.average_precision, row.chance) for row in moods]
        parts += [
            tag("h4", "Each mood"),
            key(("mood", "average precision"), ("tick", "the same by chance")),
            bars(f"{ident}-moods", f"Average precision of each mood. {_by(one.judge)}", drawn),
            table(
                f"Each mood; n: clips prompted with it. {_by(one.judge)}",
                ("mood", "n", "average precision", "chance"),
                rows,
            ),
        ]
    return "".join(parts)


def _over(clips: int, sounds: int) -> str:
    return _paragraph(f"Over {counted(clips, 'clip')} of {counted(sounds, 'sound')}.")


def text_match(found: Evaluation) -> str:
    if not found.matches:
        return ""
    made = (_match(f"match-{at}", one) for at, one in enumerate(found.matches))
    return _section("matches", "Does it match its prompt?", *made)


def _match(ident: str, one: TextMatch) -> str:
    over = _over(one.clips, one.sounds)
    said = f"Sound and prompt. {_by(one.judge)}"
    return _judge_head(one.judge) + over + _estimates(ident, said, [one.score], one.sounds)


# how far is it from other music


def distances(found: Evaluation) -> str:
    if not found.distances:
        return ""
    made = (_distance(f"distance-{at}", one) for at, one in enumerate(found.distances))
    return _section("distances", "How far is it from the reference?", *made)


def _distance(ident: str, one: Distances) -> str:
    over = _paragraph(
        f"Over {counted(one.windows, 'window')} of 10 s, and {one.reference_windows:,} of the"
        " reference. By chance: the two halves of the reference."
    )
    said = f"Distances. {_by(one.judge)}"
    return _judge_head(one.judge) + over + _estimates(ident, said, one.rows, None)


# figures of clips


def _estimates(ident: str, title: str, rows: Sequence[Estimate], n: int | None) -> str:
    if not rows:
        return ""
    entries = [
        ("beyond", "beyond chance, with its 95 % interval"),
        ("within", "not beyond chance"),
        ("chance", "chance: middle 95 %"),
        ("bar", "its mean"),
    ]
    if any(row.nothing is not None for row in rows):
        entries.append(("diamond", "saying nothing at all"))
    if all(row.figure in DISTANCES for row in rows):
        entries[:2] = [("beyond", "farther than chance, with its interval"), ("within", "not so")]
    columns = ["figure", "value", "95 %", "chance", "middle 95 %", "saying nothing", "stands"]
    cells = [
        [
            word(row.figure),
            number(row.value, 3),
            span(row.low, row.high, 3),
            number(row.chance, 3),
            span(row.chance_low, row.chance_high, 3),
            number(row.nothing, 3),
            _stands(estimate_standing(row)),
        ]
        for row in rows
    ]
    if n is not None:
        columns.insert(3, "n")
        for cell in cells:
            cell.insert(3, str(n))
    few = _few(n, "sound") if n is not None else ""
    groups = list(_shared(rows, n))
    return (
        key(*entries) + dots(f"{ident}-figures", title, groups) + table(title, columns, cells) + few
    )


def _shared(rows: Sequence[Estimate], n: int | None) -> Iterator[Group]:
    """Shares of 1 on one axis, whatever else on its own."""
    shares = [row for row in rows if row.figure in ("AUPRC", "ROC-AUC", "Hamming score")]
    if shares:
        yield Group([_estimate_dot(row, n) for row in shares], 0.0, 1.0)
    for row in rows:
        if row not in shares:
            yield Group([_estimate_dot(row, n)], 0.0, 0.0)


def _estimate_dot(row: Estimate, n: int | None) -> Dot:
    interval = "" if row.low is None or row.high is None else f" ({span(row.low, row.high, 3)})"
    standing = estimate_standing(row)
    filled = standing.place in (Place.BEYOND, Place.FARTHER) and not standing.alone
    return Dot(
        word(row.figure),
        f"{number(row.value, 3)}{interval}" + ("" if n is None else f", n {n}"),
        row.value,
        row.low,
        row.high,
        _band(row.chance_low, row.chance_high),
        filled,
        (Mark("bar", row.chance), Mark("diamond", row.nothing)),
    )


# what else


def remarks(found: Evaluation) -> str:
    if not found.remarks:
        return ""
    return _section(
        "remarks", "What was odd", tag("ul", *(tag("li", text(one)) for one in found.remarks))
    )


def reading(found: Evaluation) -> str:
    """What the figures and the words of the page mean; those that are on it."""
    used = dict.fromkeys(
        [
            *(row.figure for one in found.following for row in one.rows),
            *(row.figure for told in found.tagging for row in told.rows),
            *(match.score.figure for match in found.matches),
            *(row.figure for apart in found.distances for row in apart.rows),
        ]
    )
    if not used:
        return ""
    rows = [(word(name), MEANINGS[name]) for name in used if name in MEANINGS]
    parts = [table("The figures", ("figure", "what it is"), rows, words=2)] if rows else []
    if found.following:
        parts.append(
            _paragraph(
                "Beside a path's figures stand three kinds of nothing. Shuffled: the session's own"
                " sound in another order, in stretches of 30 s. Other path: the same sound beside"
                " the paths of the other sessions; where paths are alike it is no floor. Constant:"
                " music that stays where it is on the whole."
            )
        )
    parts.append(
        _paragraph(
            "Intervals are by bootstrap over sounds, never over the clips of one. Nothing is"
            " corrected for how many figures are looked at: of many, some lie outside chance with"
            f" nothing to them. A dash: the figure has no meaning there. Seed {found.seed}."
        )
    )
    return _section("reading", "How to read this", *parts)


SECTIONS = (
    ("subjects", "What was evaluated", subjects),
    ("judges", "Who judged", who),
    ("following", "Path", path_following),
    ("tagging", "Moods", prompted_moods),
    ("matches", "Prompt", text_match),
    ("distances", "Distance", distances),
    ("remarks", "Remarks", remarks),
    ("reading", "How to read this", reading),
)
"""In their order: the id of each, its name in the contents, and what makes it."""
