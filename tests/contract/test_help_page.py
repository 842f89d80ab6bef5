"""musmed's own help is laid out without typer: it is typer's page, byte for byte."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import help_words  # noqa: E402

from musmed_tui.help_page import NARROWEST, help_page, page  # noqa: E402


class Window(io.StringIO):
    def __init__(self, *, shown: bool, encoding: str = "utf-8") -> None:
        super().__init__()
        self._shown, self._encoding = shown, encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._shown


def test_its_words_are_those_of_the_commands() -> None:
    """Where this fails: ``python scripts/help_words.py``."""
    assert help_words.WORDS.read_text(encoding="utf-8") == help_words.words()


@pytest.mark.parametrize("coloured", [False, True])
@pytest.mark.parametrize("columns", [NARROWEST, 61, 67, 72, 79, 80, 83, 99, 100, 120, 133, 200])
def test_it_is_typers_page(columns: int, coloured: bool) -> None:
    assert page(columns, coloured=coloured) == help_words.typers(columns, coloured=coloured)


@pytest.mark.parametrize(
    ("environment", "window"),
    [
        ({"COLUMNS": str(NARROWEST - 1)}, Window(shown=True)),
        ({"COLUMNS": "80", "NO_COLOR": "1"}, Window(shown=True)),
        ({"COLUMNS": "80", "FORCE_COLOR": "1"}, Window(shown=False)),
        ({"COLUMNS": "80", "TERM": "dumb"}, Window(shown=True)),
        ({"COLUMNS": "80"}, Window(shown=True, encoding="ascii")),
    ],
    ids=["narrow", "no colours", "colours", "dumb", "ascii"],
)
def test_typer_is_asked_where_it_would_write_otherwise(
    environment: dict[str, str], window: Window
) -> None:
    assert help_page(environment, window) is None


def test_a_terminal_has_colours_and_a_pipe_has_none() -> None:
    environment = {"COLUMNS": "80", "TERM": "xterm-256color"}
    assert help_page(environment, Window(shown=True)) == page(80, coloured=True)
    assert help_page(environment, Window(shown=False)) == page(80, coloured=False)


def test_musmed_help_imports_no_command() -> None:
    code = """
import sys
sys.argv = ["musmed", "--help"]
from musmed_tui.__main__ import main
try:
    main()
finally:
    print(sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"COLUMNS": "100", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == page(100, coloured=False)
    for name in ("typer", "rich", "textual", "numpy", "sqlite3", "pygments"):
        assert repr(name) not in done.stderr
