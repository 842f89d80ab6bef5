"""Weeks as lines of a plot: of each the smallest, the median and the largest change. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from engine.listener.ratings import HIGHEST
from engine.listener.weeks import Spread, Week

CELLS = 21
"""Of one slider's axis, from -100 to +100; the middle one is 0."""


def weeks_lines(
    weeks: Sequence[Week],
    names: tuple[str, str] = ("valence", "arousal"),
    *,
    ascii_only: bool,
) -> list[str]:
    """A heading, with the ``names`` of the two sliders, and a line for each week, at most 80
    columns wide."""
    axis = f"{-HIGHEST:<{CELLS // 2}}0{HIGHEST:>+{CELLS // 2}}"
    head = f"{'week of':<10}  {'sessions':>8}  {'minutes':>7}"
    lines = [f"{head}  {names[0]:<{CELLS}}  {names[1]}", f"{'':<29}  {axis}  {axis}"]
    for week in weeks:
        begun = f"{week.monday:%Y-%m-%d}  {week.sessions:>8}  {week.minutes:>7.0f}"
        bars = (_bar(one, ascii_only=ascii_only) for one in (week.valence, week.arousal))
        lines.append(f"{begun}  {'  '.join(bars)}".rstrip())
    return lines


def _bar(spread: Spread | None, *, ascii_only: bool) -> str:
    middle, line, point = ("|", "-", "o") if ascii_only else ("│", "─", "●")
    cells = [" "] * CELLS
    cells[CELLS // 2] = middle
    if spread is not None:
        least, most = _cell(spread.least), _cell(spread.most)
        cells[least : most + 1] = line * (most + 1 - least)
        cells[_cell(spread.median)] = point
    return "".join(cells)


def _cell(change: float) -> int:
    return round((change + HIGHEST) / (2 * HIGHEST) * (CELLS - 1))
