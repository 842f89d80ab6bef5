"""Sentences of a command's result, for eyes on a terminal as for programs behind a pipe."""

from __future__ import annotations

import sys
import textwrap

from engine.printable import one_line
from musmed_tui.terminal.streams import write_out
from musmed_tui.terminal.terminal import LEAST_COLUMNS, columns, look_at_terminal


def say_sentence(text: str) -> None:
    """``say``, but on a terminal broken between words, where it would break within one. Raises like
    ``say``."""
    flat = one_line(text)
    if look_at_terminal(plain=False).live:
        width = max(LEAST_COLUMNS, columns(sys.stdout))
        flat = textwrap.fill(flat, width, break_long_words=False, break_on_hyphens=False)
    write_out(f"{flat}\n")
