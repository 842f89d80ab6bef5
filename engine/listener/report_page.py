"""A report as one HTML file, with its pictures in it: no script, no font, no request. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

from engine.evaluation.drawing.markup import table, tag, text
from engine.evaluation.drawing.style import STYLE
from engine.evaluation.drawing.svg import label, line, svg
from engine.listener.ratings import HIGHEST, Rating
from engine.listener.report import (
    ANSWERS_LEFT,
    MADE_BY_A_MACHINE,
    READ,
    Report,
    columns_of,
    count_of,
    guideline,
    metered,
    minutes_of,
)
from engine.listener.weeks import verdict_in_words

_BLANK = "\N{NO-BREAK SPACE}" * 60
_LINES = ".line{border-bottom:1px solid var(--soft)}"
_HEIGHT, _LEFT, _TOP, _STEP = 150.0, 40.0, 14.0, 26.0
_DAYS_APART = 2
"""Every second session has its day below it."""
_KEY = "a ring before, a dot after each session"
_MOST = 60
"""Sessions in one picture; older ones stand in the table."""
_TABLES = (
    ("Sessions", ("from, to", "heard", "before", "after", "change")),
    ("What was done and liked", ("what was done", "what was liked")),
    ("How it was made", ("LUFS", *READ, "composer", "seed")),
    ("Notes", ("note",)),
)


def page(report: Report) -> str:
    """HTML5, to be written as UTF-8; the same report makes the same bytes."""
    title = f"Music sessions of {report.who}"
    style = STYLE + _LINES
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", text(title)),
        tag("style", style),
    )
    header = tag("header", tag("h1", text(title)), tag("p", text(report.span), class_="made"))
    main = tag("main", _short(report), _pictures(report), _tables(report), _guideline(report))
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n{head}\n<body>\n{header}\n{main}\n</body>\n</html>\n'
    )


def _short(report: Report) -> str:
    count = f"{count_of(report)}, {minutes_of(report)} heard."
    said = (count, *(verdict_in_words(*one) for one in report.verdicts), MADE_BY_A_MACHINE)
    return tag("section", *(tag("p", text(one)) for one in said), class_="short")


def _pictures(report: Report) -> str:
    felts = [one.past.felt for one in report.sessions[-_MOST:]]
    if not any(felt.before_at or felt.after_at for felt in felts):
        return ""
    sliders: tuple[tuple[str, Callable[[Rating], int | None]], ...] = (
        ("Valence", lambda rating: rating.valence),
        ("Arousal", lambda rating: rating.arousal),
    )
    return "\n".join(
        tag("figure", tag("figcaption", text(f"{name}: {_KEY}")), _picture(name, report, read))
        for name, read in sliders
    )


def _picture(name: str, report: Report, read: Callable[[Rating], int | None]) -> str:
    """For each session a ring (before) and a filled dot (after), with a line between them."""
    shown = report.sessions[-_MOST:]
    width = _LEFT + _STEP * max(len(shown), 8)
    parts = []
    for mark in (0, HIGHEST // 2, HIGHEST):
        parts.append(line(_LEFT, _y(mark), width, _y(mark), "grid"))
        parts.append(label(_LEFT - 6, _y(mark) + 4, str(mark), "end", "faint"))
    for number, one in enumerate(shown):
        x = _LEFT + _STEP * (number + 0.5)
        if number % _DAYS_APART == 0:
            day = f"{report.begun(one.past):%m-%d}"
            parts.append(label(x, _TOP + _HEIGHT + 18, day, "middle", "faint"))
        before, after = read(one.past.felt.before), read(one.past.felt.after)
        if before is not None and after is not None:
            parts.append(line(x, _y(before), x, _y(after), "measured"))
        if before is not None:
            parts.append(tag("circle", cx=x, cy=_y(before), r=4.0, class_="dot"))
        if after is not None:
            parts.append(tag("circle", cx=x, cy=_y(after), r=4.0, class_="dot filled"))
    said = f"{name}, 0 to {HIGHEST}, of each session in order: {_KEY}."
    size = (width, _TOP + _HEIGHT + 24)
    return svg(f"felt-{name.lower()}", size, f"{name} before and after", said, *parts)


def _y(value: float) -> float:
    return _TOP + _HEIGHT * (1 - value / HIGHEST)


def _tables(report: Report) -> str:
    rows = columns_of(report.sessions, report)
    made = []
    for name, columns in _TABLES:
        there = [column for column in columns if rows and column in rows[0]]
        if not there:
            continue
        cells = [[row["begun"], *(row[column] for column in there)] for row in rows]
        made.append(table(name, ("begun", *there), cells, words=len(there) + 1))
    note = "Ratings are valence, arousal, on two sliders from 0 to 100; - was left out."
    notes = [tag("p", text(one), class_="note") for one in (note, *metered(report))]
    return tag("section", tag("h2", "Sessions"), *notes, *made)


def _guideline(report: Report) -> str:
    items = []
    for name, said in (*guideline(report), *((one, "") for one in ANSWERS_LEFT)):
        answer = text(said) if said else tag("span", _BLANK, class_="line")
        items.append(tag("dt", text(name)) + tag("dd", answer))
    source = (
        "After the reporting guidelines for music-based interventions (RG-MBI 2025; Robb et al. "
        "2011)."
    )
    return tag(
        "section",
        tag("h2", "What a report on music-based interventions should say"),
        tag("p", text(source), class_="note"),
        tag("dl", *items),
    )
