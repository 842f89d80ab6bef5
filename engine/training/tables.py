"""Tables of what was heard before a training, on the way and at its best step, beside chance: for
the command line and for the adapter's card. Words alone, no torch.

CLAP score, AUPRC and Hamming score are those of Table 1 in Nikolakakis et al. (arXiv 2411.09080),
which has no chance beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from engine.printable import one_line
from engine.training.choosing import best, best_trained
from engine.training.watched import LOSS, Figure, Watched

ORDER = ("CLAP score", "AUPRC", "Hamming score", "ROC-AUC")
"""Of figures; others come behind them as they were told."""
BEFORE_BY_CHANCE, BY_CHANCE, CHANCE = "before, by chance", "by chance", "chance 95 %"
NOTHING = "nothing said"


class Table(NamedTuple):
    """``spare``: columns that a place too narrow for all leaves out, in the order in which they
    go."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    spare: tuple[str, ...] = ()


def before_and_after(watched: Sequence[Watched]) -> Table:
    """Every figure at step 0 (the base alone) and at the step whose adapter is kept
    (``best_trained``), with what the latter is by chance. Of the held-out loss that is the loss
    with another track's caption; with none, nothing is said."""
    if not watched:
        return Table("Before and after", ("figure",), ())
    first, after = min(watched, key=lambda one: one.step), _after(watched)
    before = {(one.judge, one.name): one for one in first.figures}
    rows = []
    for figure in sorted(after.figures, key=_place):
        there = before.get((figure.judge, figure.name))
        rows.append(
            (
                figure.name,
                figure.judge,
                _number(there.value if there else None),
                _number(figure.value),
                _number(figure.chance),
                _range(figure),
                _number(there.chance if there else None),
                _number(figure.nothing),
            )
        )
    if after.held_out is not None:
        own, another = (_number(after.held_out), _number(after.another))
        nothing = _number(after.none)
        was = (_number(first.held_out), _number(first.another))
        rows.append((LOSS, "nats a code", was[0], own, another, "", was[1], nothing))
    heard = "after" if first is after else f"after {_steps(after.step)}"
    columns = ("figure", "judge", "before", heard, BY_CHANCE, CHANCE, BEFORE_BY_CHANCE, NOTHING)
    return Table("Before and after", columns, tuple(rows), (BEFORE_BY_CHANCE, NOTHING, CHANCE))


def course(watched: Sequence[Watched]) -> Table:
    """A row for each watching; behind a figure, in brackets, what it is by chance."""
    in_order = sorted(watched, key=lambda one: one.step)
    found = best(in_order)
    keys = list(
        dict.fromkeys(
            (figure.name, figure.judge)
            for figure in sorted((f for one in in_order for f in one.figures), key=_place)
        )
    )
    names = [name for name, _ in keys]
    columns = [name if names.count(name) == 1 else f"{name} ({judge})" for name, judge in keys]
    losses = any(one.held_out is not None for one in in_order)
    rows = []
    for one in in_order:
        known = {(figure.name, figure.judge): figure for figure in one.figures}
        cells = [_with_chance(known.get(key)) for key in keys]
        if losses:
            cells.append(_bracketed(one.held_out, one.another))
        rows.append((str(one.step), *cells, "best" if one is found else ""))
    if losses:
        columns.append(LOSS)
    others = [name for name in columns if not name.startswith(("AUPRC", "valence", LOSS))]
    return Table(
        "Watched, in brackets by chance",
        ("step", *columns, ""),
        tuple(rows),
        tuple(reversed(others)),
    )


def notes(watched: Sequence[Watched]) -> tuple[str, ...]:
    """In sentences: which step is best and by whom, what that is worth, and what was odd."""
    if not watched:
        return ()
    found, after = best(watched), _after(watched)
    said = [_best_said(found, after)]
    chosen_among = sum(one.step > 0 for one in watched)
    if found is not None and found.by != LOSS and chosen_among > 1:
        said.append(
            "A figure by the judge that chose is flattered by the choice among "
            f"{chosen_among} watchings"
            + ("; those of the others are not." if len(after.judges) > 1 else "; no other judged.")
        )
    said += _beyond(after)
    if after.held_out is not None:
        said.append(
            "Held-out loss: with a track's own caption; by chance: with another's; nothing said: "
            "with none."
        )
    said += [f"{one.name} {one.version}: {one.domain} ({one.licence})" for one in after.judges]
    said += after.remarks
    return tuple(one_line(one) for one in said)


def _beyond(after: Watched) -> list[str]:
    """Which figures are above what chance makes of as few clips."""
    highest = [(one, one.chance_high) for one in after.figures if one.chance_high is not None]
    if not highest:
        return []
    above = [one for one, chance in highest if one.value > chance]
    names = ", ".join(f"{one.name} by {one.judge}" for one in above)
    return [f"Above the middle 95 % of chance: {names or 'nothing of what was heard'}."]


def _best_said(found: Watched | None, after: Watched) -> str:
    if not after.step:
        return "Only the base alone was heard."
    kept = f"the adapter after {_steps(after.step)}"
    if found is None:
        return f"No step could be told the best (by {after.by or 'nobody'}); kept is {kept}."
    if found is after:
        return f"Best is {kept}, by {found.by}."
    return f"No adapter is better than the base alone, by {found.by}; kept is {kept}."


def markdown(table: Table) -> str:
    """``table`` without its title; what stands in its cells is text, not markup."""
    lines = (table.columns, ("---",) * len(table.columns), *table.rows)
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    plain = one_line(text)
    for sign in ("\\", "|", "*", "_", "`", "<", "[", "]"):
        plain = plain.replace(sign, f"\\{sign}")
    return plain


def _after(watched: Sequence[Watched]) -> Watched:
    return best_trained(watched) or watched[0]


def _place(figure: Figure) -> int:
    return ORDER.index(figure.name) if figure.name in ORDER else len(ORDER)


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


def _with_chance(figure: Figure | None) -> str:
    return "" if figure is None else _bracketed(figure.value, figure.chance)


def _bracketed(value: float | None, chance: float | None) -> str:
    return _number(value) if chance is None else f"{_number(value)} ({_number(chance)})"


def _range(figure: Figure) -> str:
    low, high = figure.chance_low, figure.chance_high
    return "" if low is None or high is None else f"{_number(low)} to {_number(high)}"


def _number(value: float | None) -> str:
    text = "" if value is None else f"{value:.3f}"
    return text.removeprefix("-") if not text.strip("-0.") else text
