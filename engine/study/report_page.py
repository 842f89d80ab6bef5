"""The report of a study as one HTML file: it needs no script, no font and no request. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from engine.evaluation.against_chance import Place, row_standing
from engine.evaluation.drawing.figures import Dot, Group, Mark, dots
from engine.evaluation.drawing.keys import key
from engine.evaluation.drawing.markup import counted, number, span, table, tag, text
from engine.evaluation.drawing.parts import band, filled, paragraph, section, stands
from engine.evaluation.page import document
from engine.evaluation.results import Row
from engine.evaluation.wording import digits_of
from engine.listener.ratings import HIGHEST
from engine.study.comparing import Comparison
from engine.study.report_words import (
    FEW,
    MACHINE,
    PAIRS,
    PEOPLE,
    PEOPLE_PAIRS,
    RULE,
    TOLD,
    name_of,
)
from engine.study.reported import Counts, Judged, Level, Levels, Listened, Summary

MOST_DRAWN = 24
"""Conditions in one picture; of more the table tells."""


def page(found: Summary, made: str) -> str:
    """HTML5, to be written as UTF-8; the same summary makes the same bytes. ``made``: when and
    with what, in words."""
    title = found.title
    parts = [
        ("paths", "Does the music follow its path?", _paths(found)),
        ("listeners", "What did listeners say?", _listeners(found.listened)),
        ("levels", "How loud and how comfortable is it?", _levels("levels", found.levels)),
        ("speeds", "How fast was it made?", _levels("speeds", found.speeds)),
    ]
    there = [(ident, name, made_of) for ident, name, made_of in parts if made_of]
    links = (tag("li", tag("a", text(name), href=f"#{ident}")) for ident, name, _ in there)
    header = tag("header", tag("h1", text(title)), tag("p", text(made), class_="made"))
    main = tag(
        "main",
        _short(found),
        tag("nav", tag("ul", *links), aria_label="Contents") if there else "",
        *(section(ident, name, made_of) for ident, name, made_of in there),
    )
    return document(title, header, main)


def _short(found: Summary) -> str:
    counts = found.counts
    said = [tag("h2", "In short", id="short"), paragraph(counts_in_words(counts))]
    names = ", ".join(found.conditions[:MOST_DRAWN])
    more = len(found.conditions) - MOST_DRAWN
    names += f" and {more} more" if more > 0 else ""
    said.append(paragraph(f"{counted(len(found.conditions), 'condition')}: {names}."))
    if found.listened is not None:
        said.append(paragraph(f"{counted(found.listened.participants, 'participant')} listened."))
    if counts.done < FEW:
        said.append(paragraph("So few sessions show what a study looks like, and settle nothing."))
    if counts.reasons:
        rows = [(reason, str(count)) for reason, count in counts.reasons]
        said.append(table("What failed, and how many sessions", ("why", "sessions"), rows))
    return tag("section", *said, class_="short", aria_labelledby="short")


def counts_in_words(counts: Counts) -> str:
    """'12 sessions planned, 11 done, 1 failed.'"""
    parts = [f"{counted(counts.planned, 'session')} planned", f"{counts.done:,} done"]
    parts += [f"{counts.failed:,} failed"] if counts.failed else []
    parts += [f"{counts.waiting:,} not made yet"] if counts.waiting else []
    return f"{', '.join(parts)}."


# paths


def _paths(found: Summary) -> str:
    if not any(one.conditions for one in found.judged):
        return ""
    return "".join(
        [
            paragraph(MACHINE),
            paragraph(RULE, "note"),
            *(_by_judge(at, one) for at, one in enumerate(found.judged)),
        ]
    )


def _by_judge(at: int, one: Judged) -> str:
    by = f"By {one.judge.name} {one.judge.version}"
    names = list(dict.fromkeys(row.figure for who in one.conditions for row in who.rows))
    parts = [tag("h3", text(by)), paragraph(one.judge.domain)]
    parts.append(
        key(
            ("beyond", "beyond chance, with its 95 % interval"),
            ("within", "not beyond chance, or not to be said"),
            ("chance", "its own sound shuffled: middle 95 %"),
            ("bar", "music that stays where it is"),
            ("cross", "the paths of other sessions"),
        )
    )
    for name in names:
        rows = [(who.condition, r) for who in one.conditions for r in who.rows if r.figure == name]
        parts += [
            tag("h4", text(name_of(name))),
            paragraph(TOLD.get(name, ""), "note"),
            _drawn(f"path-{at}-{name}", f"{name_of(name)}, by condition. {by}", rows),
            _row_table(f"{name_of(name)}, by condition. {by}", rows),
        ]
    if one.comparisons:
        parts += [
            tag("h4", "Conditions beside each other"),
            paragraph(PAIRS, "note"),
            comparison_table(f"Differences within pairs. {by}", one.comparisons),
        ]
    return "".join(parts)


def _drawn(ident: str, title: str, rows: Sequence[tuple[str, Row]]) -> str:
    if len(rows) > MOST_DRAWN:
        return ""
    drawn = [
        Dot(
            condition,
            f"{number(row.mean, digits_of(row.figure))}, n {row.n}",
            row.mean,
            row.low,
            row.high,
            band(row.shuffled_low, row.shuffled_high),
            filled(row_standing(row)),
            (Mark("bar", row.constant), Mark("cross", row.another_path)),
        )
        for condition, row in rows
    ]
    return dots(ident, title, [Group(drawn, 0.0, 0.0)])


def _row_table(caption: str, rows: Sequence[tuple[str, Row]]) -> str:
    columns = ("condition", "mean", "95 %", "n", "shuffled", "stays", "other paths", "stands")
    cells = []
    for condition, row in rows:
        digits = digits_of(row.figure)
        cells.append(
            (
                condition,
                number(row.mean, digits),
                span(row.low, row.high, digits),
                str(row.n),
                span(row.shuffled_low, row.shuffled_high, digits),
                number(row.constant, digits),
                number(row.another_path, digits),
                _stands(row),
            )
        )
    return table(caption, columns, cells, verdict=True)


def _stands(row: Row) -> str:
    """No verdict of few."""
    standing = row_standing(row)
    if row.shuffled_low is None:
        return "too short to shuffle"
    if standing.alone and standing.place is not Place.UNKNOWN:
        return "too few to say"
    return stands(standing)


def comparison_table(caption: str, found: Sequence[Comparison]) -> str:
    columns = ("figure", "first", "second", "pairs", "difference", "95 %", "p", "p, Holm")
    cells = [
        (
            name_of(one.figure),
            one.one,
            one.other,
            str(one.n),
            number(one.difference),
            span(one.low, one.high),
            _chance(one.p),
            _chance(one.corrected),
        )
        for one in found
    ]
    return table(caption, columns, cells, words=3)


def _chance(p: float | None) -> str:
    """A p is never nought."""
    return "<0.001" if p is not None and p < 0.001 else number(p, 3)


# levels


def _levels(ident: str, found: Sequence[Levels]) -> str:
    return "".join(_level(f"{ident}-{at}", one) for at, one in enumerate(found) if one.levels)


def _level(ident: str, one: Levels) -> str:
    name = name_of(one.figure)
    said = TOLD.get(one.figure, "")
    parts = [tag("h3", text(name)), paragraph(said, "note") if said else ""]
    if len(one.levels) <= MOST_DRAWN:
        drawn = [_dot(level) for level in one.levels]
        parts.append(dots(ident, f"{name}, by condition", [Group(drawn, *_reach(one))]))
    return "".join([*parts, level_table(f"{name}, by condition", one.levels)])


def _reach(found: Levels) -> tuple[float, float]:
    """Sliders stand on all of their scale, so that little looks little."""
    if found.figure.endswith("_change"):
        return -HIGHEST / 2, HIGHEST / 2
    if found.figure.startswith(("valence_", "arousal_", "liking")):
        return 0.0, HIGHEST
    held = [v for one in found.levels for v in (one.mean, one.low, one.high) if v is not None]
    return min(held), max(held)


def _dot(one: Level) -> Dot:
    said = f"{number(one.mean)}, n {one.n}"
    return Dot(one.condition, said, one.mean, one.low, one.high, None, filled=False)


def level_table(caption: str, levels: Sequence[Level]) -> str:
    columns = ("condition", "mean", "95 %", "n")
    cells = [
        (one.condition, number(one.mean), span(one.low, one.high), str(one.n)) for one in levels
    ]
    return table(caption, columns, cells)


# listeners


def _listeners(found: Listened | None) -> str:
    if found is None or not found.levels:
        return ""
    parts = [paragraph(PEOPLE, "note")]
    if found.participants < FEW:
        parts.append(paragraph("So few participants settle nothing.", "note"))
    parts.append(_levels("listeners", found.levels))
    if found.comparisons:
        parts += [
            tag("h3", "Conditions beside each other"),
            paragraph(PEOPLE_PAIRS, "note"),
            comparison_table("Differences within participants", found.comparisons),
        ]
    return "".join(parts)
