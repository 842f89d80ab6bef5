"""The page's sections, one function each: HTML, or '' when there is nothing to say."""

from __future__ import annotations

from engine.evaluation.drawing.clips import distances, prompted_affect, prompted_moods, text_match
from engine.evaluation.drawing.likeness import likeness
from engine.evaluation.drawing.markup import UNKNOWN, counted, known, number, table, tag, text
from engine.evaluation.drawing.parts import paragraph, section
from engine.evaluation.drawing.paths import path_following
from engine.evaluation.drawing.summary import judges
from engine.evaluation.results import Evaluation
from engine.evaluation.wording import MEANINGS, word


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
    return section("subjects", "What was evaluated", made)


def _minutes(seconds: float | None) -> str:
    if (seconds := known(seconds)) is None:
        return UNKNOWN
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def who(found: Evaluation) -> str:
    rows = [(one.name, one.version, one.licence, one.domain) for one in judges(found)]
    if not rows:
        return ""
    columns = ("judge", "version", "licence", "what it is good for")
    return section("judges", "Who judged", table("The judges", columns, rows, words=4))


def readings(found: Evaluation) -> str:
    if not found.readings:
        return ""
    rows = [
        (one.file, one.judge, str(one.windows), number(one.valence), number(one.arousal))
        for one in found.readings
    ]
    columns = ("sound", "judge", "windows", "valence", "arousal")
    said = "The mean over a sound without path or prompt; beside it there is no chance"
    return section("readings", "What else was heard", table(said, columns, rows, words=2))


def remarks(found: Evaluation) -> str:
    if not found.remarks:
        return ""
    return section(
        "remarks", "What was odd", tag("ul", *(tag("li", text(one)) for one in found.remarks))
    )


def reading(found: Evaluation) -> str:
    """What the figures and the words of the page mean; those that are on it."""
    used = dict.fromkeys(
        [
            *(row.figure for one in found.following for row in one.rows),
            *(row.figure for told in found.tagging for row in told.rows),
            *(row.figure for heard in found.affect for row in heard.rows),
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
            paragraph(
                "Beside a path's figures stand three kinds of nothing. Shuffled: the session's own"
                " sound in another order, in stretches of 30 s. Other path: the same sound beside"
                " the paths of the other sessions; where paths are alike it is no floor. Constant:"
                " music that stays where it is on the whole."
            )
        )
    parts.append(
        paragraph(
            "Intervals are by bootstrap over sounds, never over the clips of one. Nothing is"
            " corrected for how many figures are looked at: of many, some lie outside chance with"
            f" nothing to them. A dash: the figure has no meaning there. Seed {found.seed}."
        )
    )
    return section("reading", "How to read this", *parts)


SECTIONS = (
    ("subjects", "What was evaluated", subjects),
    ("judges", "Who judged", who),
    ("following", "Path", path_following),
    ("tagging", "Moods", prompted_moods),
    ("affect", "Moods' places", prompted_affect),
    ("matches", "Prompt", text_match),
    ("distances", "Distance", distances),
    ("likeness", "Likeness", likeness),
    ("readings", "Readings", readings),
    ("remarks", "Remarks", remarks),
    ("reading", "How to read this", reading),
)
"""In their order: the id of each, its name in the contents, and what makes it."""
