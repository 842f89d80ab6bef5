"""What the page's sections share: heads, the judge's line, where a figure stands in words."""

from __future__ import annotations

from engine.evaluation.against_chance import Place, Standing
from engine.evaluation.drawing.markup import UNKNOWN, counted, tag, text
from engine.evaluation.results import JudgeRecord

FEW = 10
"""Below so many sounds a bootstrap's interval is noticeably too narrow."""


def section(ident: str, title: str, *parts: str) -> str:
    inside = "\n".join(part for part in parts if part)
    return tag("section", tag("h2", text(title), id=ident), inside, aria_labelledby=ident)


def paragraph(said: str, class_: str | None = None) -> str:
    return tag("p", text(said), class_=class_)


def by(judge: JudgeRecord) -> str:
    return f"By {judge.name} {judge.version}"


def judge_head(judge: JudgeRecord) -> str:
    return tag("h3", text(by(judge))) + paragraph(judge.domain)


def filled(standing: Standing) -> bool:
    return standing.place is Place.BEYOND and not standing.alone


def stands(standing: Standing) -> str:
    if standing.place is Place.UNKNOWN:
        return UNKNOWN
    said = standing.place.value
    if standing.alone:
        return f"one sound: {said}" if standing.place is Place.WITHIN else "one sound: outside"
    return f"{said}, not beyond {standing.below[0]}" if standing.below else said


def band(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None else (low, high)


def few(n: int, what: str) -> str:
    if not 1 < n < FEW:
        return ""
    return paragraph(
        f"Over {counted(n, what)} an interval is narrower than it ought to be.", "note"
    )
