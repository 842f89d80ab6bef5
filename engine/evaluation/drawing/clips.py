"""Is a clip what was prompted, and how far is it from other music: the sections of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.evaluation.against_chance import Place, estimate_standing
from engine.evaluation.drawing.figures import Bar, Dot, Group, Mark, bars, dots
from engine.evaluation.drawing.keys import key
from engine.evaluation.drawing.markup import counted, known, number, span, table, tag
from engine.evaluation.drawing.parts import band, by, few, judge_head, paragraph, section, stands
from engine.evaluation.results import (
    Distances,
    Estimate,
    Evaluation,
    PromptedAffect,
    Tagging,
    TextMatch,
)
from engine.evaluation.wording import DISTANCES, word


def prompted_moods(found: Evaluation) -> str:
    if not found.tagging:
        return ""
    made = (_tagging(f"tagging-{at}", one) for at, one in enumerate(found.tagging))
    return section("tagging", "Are the prompted moods heard?", *made)


def _tagging(ident: str, one: Tagging) -> str:
    parts = [judge_head(one.judge), _over(one.clips, one.sounds)]
    parts.append(_estimates(ident, f"Moods told. {by(one.judge)}", one.rows, one.sounds))
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
            bars(f"{ident}-moods", f"Average precision of each mood. {by(one.judge)}", drawn),
            table(
                f"Each mood; n: clips prompted with it. {by(one.judge)}",
                ("mood", "n", "average precision", "chance"),
                rows,
            ),
        ]
    return "".join(parts)


def _over(clips: int, sounds: int) -> str:
    return paragraph(f"Over {counted(clips, 'clip')} of {counted(sounds, 'sound')}.")


def prompted_affect(found: Evaluation) -> str:
    if not found.affect:
        return ""
    made = (_affect(f"affect-{at}", one) for at, one in enumerate(found.affect))
    return section("affect", "Is what is heard where the prompted moods lie?", *made)


def _affect(ident: str, one: PromptedAffect) -> str:
    said = f"Moods' places and what was heard. {by(one.judge)}"
    drawn = _estimates(ident, said, one.rows, one.sounds)
    return judge_head(one.judge) + _over(one.clips, one.sounds) + drawn


def text_match(found: Evaluation) -> str:
    if not found.matches:
        return ""
    made = (_match(f"match-{at}", one) for at, one in enumerate(found.matches))
    return section("matches", "Does it match its prompt?", *made)


def _match(ident: str, one: TextMatch) -> str:
    over = _over(one.clips, one.sounds)
    said = f"Sound and prompt. {by(one.judge)}"
    return judge_head(one.judge) + over + _estimates(ident, said, [one.score], one.sounds)


def distances(found: Evaluation) -> str:
    if not found.distances:
        return ""
    made = (_distance(f"distance-{at}", one) for at, one in enumerate(found.distances))
    return section("distances", "How far is it from the reference?", *made)


def _distance(ident: str, one: Distances) -> str:
    over = paragraph(
        f"Over {counted(one.windows, 'window')} of 10 s, and {one.reference_windows:,} of the"
        " reference. By chance: sounds and tracks dealt out anew."
    )
    said = f"Distances. {by(one.judge)}"
    return judge_head(one.judge) + over + _estimates(ident, said, one.rows, one.windows, "window")


def _estimates(
    ident: str, title: str, rows: Sequence[Estimate], n: int, what: str = "sound"
) -> str:
    """``n``: how many of ``what`` they are over."""
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
    columns = [
        "figure",
        "value",
        "95 %",
        f"n, {what}s",
        "chance",
        "middle 95 %",
        "saying nothing",
        "stands",
    ]
    cells = [
        [
            word(row.figure),
            number(row.value, 3),
            span(row.low, row.high, 3),
            str(n),
            number(row.chance, 3),
            span(row.chance_low, row.chance_high, 3),
            number(row.nothing, 3),
            stands(estimate_standing(row)),
        ]
        for row in rows
    ]
    note = few(n, what) if what == "sound" else ""
    groups = list(_shared(rows, n))
    return (
        key(*entries)
        + dots(f"{ident}-figures", title, groups)
        + table(title, columns, cells, verdict=True)
        + note
    )


def _shared(rows: Sequence[Estimate], n: int) -> Iterator[Group]:
    """Shares of 1 on one axis, r on another, whatever else on its own."""
    kinds = (("AUPRC", "ROC-AUC", "Hamming score"), 0.0), (("valence r", "arousal r"), -1.0)
    for names, low in kinds:
        chosen = [_estimate_dot(row, n) for row in rows if row.figure in names]
        if chosen:
            yield Group(chosen, low, 1.0)
    for row in rows:
        if not any(row.figure in names for names, _ in kinds):
            yield Group([_estimate_dot(row, n)], 0.0, 0.0)


def _estimate_dot(row: Estimate, n: int) -> Dot:
    interval = "" if row.low is None or row.high is None else f" ({span(row.low, row.high, 3)})"
    standing = estimate_standing(row)
    beyond = standing.place in (Place.BEYOND, Place.FARTHER) and not standing.alone
    return Dot(
        word(row.figure),
        f"{number(row.value, 3)}{interval}, n {n}",
        row.value,
        row.low,
        row.high,
        band(row.chance_low, row.chance_high),
        beyond,
        (Mark("bar", row.chance), Mark("diamond", row.nothing)),
    )
