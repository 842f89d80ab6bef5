"""Sentences for eyes on a terminal, which would break them within a word, as for programs behind a
pipe."""

from __future__ import annotations

import sys
import textwrap
from typing import TextIO

from engine.printable import one_line
from musmed_tui.terminal.streams import remark, write_out
from musmed_tui.terminal.terminal import columns, look_at_terminal
from musmed_tui.terminal.width import LEAST_COLUMNS


def say_sentence(text: str) -> None:
    """``say``, on a terminal broken between words. Raises like ``say``."""
    write_out("\n".join(_lines(text, sys.stdout)) + "\n")


def remark_sentence(text: str) -> None:
    """``remark``, on a terminal broken between words."""
    for line in _lines(text, sys.stderr):
        remark(line)


def _lines(text: str, stream: TextIO) -> list[str]:
    flat = one_line(text)
    if not look_at_terminal(plain=False, out=stream).live:
        return [flat]
    width = max(LEAST_COLUMNS, columns(stream))
    return textwrap.wrap(flat, width, break_long_words=False, break_on_hyphens=False) or [""]
