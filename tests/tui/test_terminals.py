"""The real program in terminals of many kinds: by TERM, by colours, by the locale's encoding.

Each is a tmux window whose program believes it is in another terminal: what tmux shows is what such
a terminal is sent. ``--long`` has every combination, in docs/screen.md.
"""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.required import lacking
from support.tmux_terminal import Terminal

TERMS = ("xterm-256color", "tmux-256color", "screen", "xterm", "linux", "vt100", "dumb")
COLOURS = {
    "truecolor": {"COLORTERM": "truecolor", "NO_COLOR": ""},
    "by-term": {"COLORTERM": "", "NO_COLOR": ""},
    "none": {"COLORTERM": "", "NO_COLOR": "1"},
}
LOCALES = ("C.UTF-8", "C", "en_US.ISO-8859-1")
ALWAYS = {
    ("xterm-256color", "truecolor", "C.UTF-8"),
    ("linux", "by-term", "C.UTF-8"),
    ("xterm", "none", "C.UTF-8"),
    ("dumb", "by-term", "C.UTF-8"),
    ("xterm-256color", "truecolor", "C"),
}
"""What every run looks at: one of each answer."""
WAY = ("--from", "tense", "--to", "calm", "--seed", "1", "--minutes", "2")

_STYLE = re.compile(r"\x1b\[([0-9;]+)m")
_TRUE_COLOUR = re.compile(r"\x1b\[[0-9;]*[34]8;2;")
_BRAILLE = re.compile("[\u2800-\u28ff]")


def has_hues(styled: str) -> bool:
    """Whether anything there has a colour that is no black, grey or white."""
    return any(_hue(match[1].split(";")) for match in _STYLE.finditer(styled))


def _hue(codes: list[str]) -> bool:
    numbers = [int(code) for code in codes if code]
    for i, number in enumerate(numbers):
        if number in (38, 48) and numbers[i + 1 : i + 2] == [5]:
            index = numbers[i + 2]
            red, green, blue = ((index - 16) // 36, (index - 16) // 6 % 6, (index - 16) % 6)
            return index not in (0, 7, 8, 15) and index < 232 and not red == green == blue
        if number in (38, 48):
            return len({*numbers[i + 2 : i + 5]}) > 1
        if number % 10 in range(1, 7) and number // 10 in (3, 4, 9, 10):
            return True
    return False


def kinds() -> Iterator[object]:
    for kind in itertools.product(TERMS, COLOURS, LOCALES):
        marks = () if kind in ALWAYS else (pytest.mark.long,)
        yield pytest.param(*kind, marks=marks, id="-".join(kind))


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        lacking("needs: apt install tmux")
    made = Terminal(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(("term", "colour", "locale"), kinds())
def test_a_session_is_shown(terminal: Terminal, term: str, colour: str, locale: str) -> None:
    terminal.run("play", *WAY, TERM=term, LC_ALL=locale, **COLOURS[colour])
    unicode, screen = "UTF" in locale, term != "dumb" and "UTF" in locale
    shown = terminal.wait(
        lambda text: bool(re.search(r"[>▸] playing" if screen else r"\(clip 1 of", text)), "music"
    )
    styled = terminal.screen(styled=True)

    assert not re.search(r"\\u[0-9a-f]{4}|\ufffd|Traceback", shown)
    assert screen == ("steer" in shown), "the keys' line"
    assert unicode or shown.isascii()
    assert "tense" in shown
    assert "calm" in shown
    assert (colour != "none" and term != "dumb") == has_hues(styled)
    if colour != "truecolor":
        assert not _TRUE_COLOUR.search(styled)
    if term == "linux":
        assert not _BRAILLE.search(shown), "the console's fonts have none"

    terminal.press("q")
    if screen:
        terminal.wait_for("save")
        terminal.press("q")
    assert "code=0" in terminal.wait(lambda text: bool(re.search(r"code=\d", text)), "its end")
    assert terminal.restored()
