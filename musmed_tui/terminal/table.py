"""Tables: ruled for eyes on a terminal, tab-separated for programs behind a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from musmed_tui.exits import one_line
from musmed_tui.terminal.terminal import look_at_terminal


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print ``rows`` under ``columns``; behind a pipe a header line and no title."""
    terminal = look_at_terminal(plain=False)
    if not terminal.live:
        for row in (columns, *rows):
            print("\t".join(one_line(cell) for cell in row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    lines = box.SIMPLE_HEAD if terminal.unicode else box.ASCII2
    table = Table(title=title, title_justify="left", box=lines, padding=(0, 1, 0, 0))
    table.show_edge = table.pad_edge = False  # 80 columns are few
    for place, column in enumerate(columns):
        # What names a row is copied from here, so it stays whole; nothing else is cut either.
        table.add_column(column, overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))  # Text: a cell is never markup
    Console(file=sys.stdout).print(table)
