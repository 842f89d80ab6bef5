"""What listings and help show on a terminal: wrapped to its width, whatever COLUMNS says."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from engine.affect.feelings import FEELINGS

ROOT = Path(__file__).parents[3]


def shown(home: Path, width: int, *words: str, told: str | None = None) -> list[str]:
    """The lines that a terminal of ``width`` columns gets; ``told``: COLUMNS."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    if told is not None:
        environment["COLUMNS"] = told
    process = subprocess.Popen(
        [sys.executable, "-m", "musmed_tui", *words],
        cwd=ROOT,
        env=environment | {"MUSMED_HOME": str(home), "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.STDOUT,
    )
    os.close(theirs)
    got = b""
    try:
        while data := os.read(ours, 65536):
            got += data
    except OSError:  # the terminal is closed once nobody writes to it
        pass
    finally:
        os.close(ours)
    assert process.wait() == 0
    return got.decode().replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize("width", [80, 40])
def test_feelings_are_wrapped_and_indented(width: int, tmp_path: Path) -> None:
    lines = shown(tmp_path, width, "feelings")
    words = [line for line in lines if line.startswith("  ")]
    assert max(map(len, words)) < width
    whole = ", " + " ".join(line.strip() for line in words) + ","
    for one in FEELINGS:
        assert f" {one.word}" in whole, one.word
    headings = [line for line in lines if line and not line.startswith("  ")]
    assert headings[0].startswith(("Unpleasant", "Pleasant"))
    assert len(headings) == 6


@pytest.mark.parametrize("told", ["0", "1", "abc", "-3"])
@pytest.mark.parametrize("words", [("play", "--help"), ("models",)], ids=" ".join)
def test_columns_that_are_no_width_are_left_out(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    assert shown(tmp_path, 80, *words, told=told) == shown(tmp_path, 80, *words)


@pytest.mark.parametrize("listing", [("history",), ("sessions",), ("history", "rain")])
def test_an_empty_list_is_a_sentence(tmp_path: Path, listing: tuple[str, ...]) -> None:
    lines = shown(tmp_path, 80, *listing)
    assert len(lines) == 1
    assert lines[0].startswith("Nothing ")
