"""Tables: ruled for eyes on a terminal, tab-separated for programs behind a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from engine.printable import one_line
from musmed_tui.terminal.streams import write_out
from musmed_tui.terminal.terminal import columns as terminal_columns
from musmed_tui.terminal.terminal import look_at_terminal
from musmed_tui.terminal.width import LEAST_COLUMNS


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    spare: Sequence[str] = (),
    none: str = "",
) -> None:
    """Print ``rows`` under ``columns``; behind a pipe a header line and no title. ``spare``: the
    columns that a terminal too narrow for all is not shown, in the order in which they go.
    ``none``: the sentence in the place of a table without rows, on a terminal."""
    terminal = look_at_terminal(plain=False)
    if not terminal.live:
        for row in (columns, *rows):
            write_out("\t".join(one_line(cell) for cell in row) + "\n")
        return
    cells = [[one_line(cell) for cell in row] for row in rows]
    if none and not cells:
        write_out(f"{one_line(none)}\n")
        return
    kept = _fitting(columns, cells, spare, terminal_columns(sys.stdout))
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    lines = box.SIMPLE_HEAD if terminal.unicode else box.ASCII2
    table = Table(
        title=Text(one_line(title)), title_justify="left", box=lines, padding=(0, 1, 0, 0)
    )
    table.show_edge = table.pad_edge = False  # 80 columns are few
    for place in kept:
        # What names a row is copied from here, so it stays whole; nothing else is cut either.
        table.add_column(columns[place], overflow="fold", no_wrap=place == 0)
    for row in cells:
        table.add_row(*(Text(row[place]) for place in kept))  # Text: a cell is never markup
    Console(file=sys.stdout, width=max(LEAST_COLUMNS, terminal_columns(sys.stdout))).print(table)


def _fitting(
    columns: Sequence[str], rows: Sequence[Sequence[str]], spare: Sequence[str], width: int
) -> list[int]:
    """The columns to show, by number: all, without some of ``spare`` where they don't fit."""
    kept = list(range(len(columns)))
    for name in spare:
        wide = [max(len(row[place]) for row in (columns, *rows)) for place in kept]
        if sum(wide) + len(wide) <= width:
            break
        kept.remove(columns.index(name))
    return kept
