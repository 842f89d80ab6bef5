"""What ``musmed --help`` says, laid out without typer and rich, whose import takes five times as
long as all else: the same bytes as theirs, in every window that is not narrow.

The words are in ``help_words.py``; ``scripts/help_words.py`` takes them from typer's own page, and
tests/contract/test_help_page.py compares the pages.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import TextIO

from musmed_tui.help_words import ABOUT, PANELS, USAGE

NARROWEST = 60
"""Columns. In a narrower window rich divides the room among the columns of its tables."""
_USUAL_COLUMNS = 80
_DECIDE = (
    "FORCE_COLOR", "NO_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE", "TTY_INTERACTIVE",
    "TERMINAL_WIDTH", "TYPER_USE_RICH", "_TYPER_FORCE_DISABLE_TERMINAL",
)  # fmt: skip
"""Variables by which rich or typer write otherwise than the terminal asks for."""
_BOLD, _DIM = "1", "2"
_MARK = re.compile(r"\x1b\[([0-9;]*)m")
_WORD = re.compile(r"\s*\S+\s*")

Run = tuple[str, str]
"""Text, and the numbers of its SGR sequence; '' for none."""


def help_page(environment: Mapping[str, str], out: TextIO) -> str | None:
    """The page for what ``out`` is; None where typer has to be asked."""
    if any(name in environment for name in _DECIDE) or "utf" not in (out.encoding or "").lower():
        return None
    shown = out.isatty()
    if environment.get("TERM", "").lower() in ("dumb", "unknown"):
        return None
    columns = _columns(environment)
    return page(columns, coloured=shown) if columns >= NARROWEST else None


def page(columns: int, *, coloured: bool) -> str:
    """The page in so many columns, at least ``NARROWEST``."""
    lines = (_written(line, coloured) for line in _lines(columns))
    return "".join(f"{line}\n" for line in (*lines, ""))


def _columns(environment: Mapping[str, str]) -> int:
    """As rich counts them: of the first standard stream that is a terminal, unless COLUMNS says."""
    told = environment.get("COLUMNS")
    if told is not None and told.isdigit():
        return int(told) or _USUAL_COLUMNS
    for stream in (0, 1, 2):
        try:
            return os.get_terminal_size(stream).columns or _USUAL_COLUMNS
        except OSError:
            continue
    return _USUAL_COLUMNS


def _lines(columns: int) -> Iterator[list[Run]]:
    blank = " " * columns
    usage = [(text, code or _BOLD) for text, code in _runs(USAGE)]
    yield [(blank, _BOLD)]
    room = " " * (columns - 2 - _length(usage))
    yield [(" ", _BOLD), *usage, (room, _BOLD), (" ", _BOLD)]
    yield [(blank, _BOLD)]
    for line in _wrapped(ABOUT, columns - 2):
        yield [(" ", ""), *_filled(line, columns - 2), (" ", "")]
    yield [(blank, "")]
    for title, rows in PANELS:
        yield from _panel(title, rows, columns)


def _panel(title: str, rows: tuple[tuple[str, str, str], ...], columns: int) -> Iterator[list[Run]]:
    """Rows of what stands first in a row, what stands there in its further lines, and its text."""
    named = f" {title} "
    yield [("╭─", _DIM), (named, _DIM), ("─" * (columns - 4 - len(named)), _DIM), ("─╮", _DIM)]
    for first, further, text in rows:
        head, rest = _runs(first), _runs(further)
        for line in _wrapped(text, columns - 4 - _length(head)):
            body = _filled(line, columns - 4 - _length(head))
            yield [("│", _DIM), (" ", ""), *head, *body, (" ", ""), ("│", _DIM)]
            head = rest
    yield [(f"╰{'─' * (columns - 2)}╯", _DIM)]


def _runs(marked: str) -> list[Run]:
    """Of text with SGR sequences in it."""
    text, *marks = _MARK.split(marked)
    runs = [(text, ""), *zip(marks[1::2], marks[::2], strict=True)]
    return [(piece, "" if code == "0" else code) for piece, code in runs if piece]


def _length(runs: list[Run]) -> int:
    return sum(len(text) for text, _ in runs)


def _wrapped(marked: str, room: int) -> Iterator[list[Run]]:
    """In lines of at most ``room`` letters, broken between words."""
    for paragraph in marked.split("\n"):
        runs = _runs(paragraph)
        text = "".join(piece for piece, _ in runs)
        start = taken = 0
        for word in _WORD.finditer(text):
            if taken + len(word.group().rstrip()) > room and taken:
                yield _between(runs, start, start + len(text[start : word.start()].rstrip()))
                start, taken = word.start(), 0
            taken += len(word.group())
        yield _between(runs, start, len(text))


def _between(runs: list[Run], start: int, end: int) -> list[Run]:
    cut, at = [], 0
    for text, code in runs:
        piece = text[max(0, start - at) : max(0, end - at)]
        if piece:
            cut.append((piece, code))
        at += len(text)
    return cut


def _filled(runs: list[Run], room: int) -> list[Run]:
    return [*runs, (" " * (room - _length(runs)), "")]


def _written(runs: list[Run], coloured: bool) -> str:
    return "".join(
        f"\x1b[{code}m{text}\x1b[0m" if code and coloured and text else text for text, code in runs
    )
