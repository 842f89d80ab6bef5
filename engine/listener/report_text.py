"""A report as Markdown and as a table (CSV). Pure."""

from __future__ import annotations

import csv
import io

from engine.listener.ratings import SKIPPED
from engine.listener.report import (
    ANSWERS_LEFT,
    MADE_BY_A_MACHINE,
    READ,
    Report,
    columns_of,
    guideline,
    metered,
)
from engine.listener.weeks import verdict_in_words

_LINE = "_" * 40
_PAIRS = ("before", "after", "change", *READ)
_FORMULA = ("=", "+", "-", "@")


def markdown(report: Report) -> str:
    """The report as Markdown; what others wrote is on one line and without markup of its own."""
    rows = columns_of(report.sessions, report)
    lines = [
        f"# Music sessions of {_plain(report.who)}",
        "",
        report.span,
        "",
        MADE_BY_A_MACHINE,
        "",
    ]
    lines += [f"- {verdict_in_words(*one)}" for one in report.verdicts]
    lines += ["", "Valence and arousal as rated on two sliders, 0 to 100.", *metered(report), ""]
    if rows:
        lines.append(f"| {' | '.join(rows[0])} |")
        lines.append(f"|{'---|' * len(rows[0])}")
        lines += [f"| {' | '.join(_plain(cell) for cell in row.values())} |" for row in rows]
    lines += ["", "## Reporting guideline (RG-MBI 2025, after Robb et al. 2011)", ""]
    lines += [f"- **{name}**: {_plain(said) or _LINE}" for name, said in guideline(report)]
    lines += ["", "## For the therapist", "", *(f"- {name}: {_LINE}" for name in ANSWERS_LEFT), ""]
    return "\n".join(lines)


def table(report: Report) -> str:
    """One line for each session, RFC 4180, each slider in a column of its own. A cell that a
    spreadsheet would take for a formula has an apostrophe in front, but for a number."""
    out = io.StringIO()
    rows = [_apart(row) for row in columns_of(report.sessions, report)]
    if rows:
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(rows[0])
        writer.writerows([_safe(cell) for cell in row.values()] for row in rows)
    return out.getvalue()


def _apart(row: dict[str, str]) -> dict[str, str]:
    """With valence and arousal in columns of their own; empty where one was left out."""
    made: dict[str, str] = {}
    for name, cell in row.items():
        if name not in _PAIRS:
            made[name] = cell
            continue
        valence, _, arousal = cell.partition(",")
        made[f"{name}: valence"] = "" if valence == SKIPPED else valence
        made[f"{name}: arousal"] = "" if arousal == SKIPPED else arousal
    return made


def _safe(cell: str) -> str:
    if not cell.startswith(_FORMULA):
        return cell
    return cell if not cell.strip("+-.0123456789") else f"'{cell}"


def _plain(text: str) -> str:
    """On one line, with what Markdown would read as markup escaped."""
    flat = " ".join(text.split())
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|" else c for c in flat)
