"""Take the words of ``musmed --help`` from typer's page: ``python scripts/help_words.py`` writes
``musmed_tui/help_words.py``, which ``help_page.py`` there lays out. To be run whenever a command
comes, goes or is called otherwise (tests/contract/test_help_page.py says when it was not)."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import typer.rich_utils  # noqa: E402

from musmed_tui.cli import app  # noqa: E402

WORDS = ROOT / "musmed_tui/help_words.py"
WIDEST = 1000
_MARK = r"(?:\x1b\[[0-9;]*m)"
_SIDE = re.compile(rf"^{_MARK}│{_MARK} (.*?) *{_MARK}│{_MARK}$")
_TITLE = re.compile(rf"^{_MARK}╭─{_MARK}{_MARK} (.*?) {_MARK}{_MARK}─")
_NAME = re.compile(rf"^(?P<head>{_MARK}[\w-]+ *{_MARK}{_MARK} {_MARK} )(?P<text>.*)$")
_OPTION = re.compile(rf"^(?P<head>.*?>{_MARK}  )(?P<text>.*)$")
_FURTHER = re.compile(rf"^(?P<head>{_MARK} +{_MARK} )(?P<text>.*)$")

Row = tuple[str, str, str]


def typers(columns: int, *, coloured: bool) -> str:
    """typer's page."""
    told = io.StringIO()
    environment = {"COLUMNS": str(columns), "TERM": "xterm-256color"}
    with (
        mock.patch.object(typer.rich_utils, "FORCE_TERMINAL", coloured),
        mock.patch.dict(os.environ, environment, clear=True),
        contextlib.redirect_stdout(told),
    ):
        app(["--help"], prog_name="musmed", standalone_mode=False)
    return told.getvalue()


def words() -> str:
    """The text of ``musmed_tui/help_words.py``."""
    lines = typers(WIDEST, coloured=True).splitlines()
    bare = [re.sub(_MARK, "", line).strip() for line in lines]
    usage = re.sub(r"\x1b\[1m *\x1b\[0m", "", lines[1]).replace("\x1b[1m", "\x1b[0m")
    usage = re.sub(r"(\x1b\[0m)+", "\x1b[0m", usage).removesuffix("\x1b[0m")
    panels: list[tuple[str, list[Row]]] = []
    for line in lines[3:]:
        if title := _TITLE.match(line):
            panels.append((title[1], []))
        elif side := _SIDE.match(line):
            _add(panels[-1][1], side[1])
    told = [
        '"""The words of ``musmed --help``, made by scripts/help_words.py; nothing to edit."""',
        "\n# ruff: noqa: E501\n",
        f"USAGE = {_quoted(usage)}",
        f"ABOUT = {_quoted(bare[3])}",
        "PANELS = (",
    ]
    for title, rows in panels:
        told += ["    (", f"        {_quoted(title)},", "        ("]
        for row in rows:
            told += ["            (", *(f"                {_quoted(one)}," for one in row)]
            told += ["            ),"]
        told += ["        ),", "    ),"]
    meant = '"""Titles, and rows: how a line begins, how further ones do, and the text."""'
    return "\n".join([*told, ")", meant, ""])


def _add(rows: list[Row], line: str) -> None:
    if rows and (more := _FURTHER.match(line)):
        first, further, text = rows[-1]
        rows[-1] = (first, further, f"{text}\n{more['text']}")
        return
    found = _NAME.match(line)
    if found:
        head = found["head"]
        wide = len(re.sub(_MARK, "", head))
        code = re.match(_MARK, head)
        assert code is not None
        rows.append((head, f"{code[0]}{' ' * (wide - 1)}\x1b[0m ", found["text"]))
        return
    found = _OPTION.match(line)
    assert found is not None, line
    wide = len(re.sub(_MARK, "", found["head"]))
    rows.append((found["head"], " " * wide, found["text"]))


def _quoted(text: str) -> str:
    quoted = repr(text)
    return f'"{quoted[1:-1]}"' if quoted[0] == "'" and '"' not in text else quoted


if __name__ == "__main__":
    WORDS.write_text(words(), encoding="utf-8")
