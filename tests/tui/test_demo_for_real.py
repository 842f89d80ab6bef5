"""The demo in a real terminal, with real engines: it goes by itself, and leaves nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.required import lacking
from support.tmux_terminal import Terminal

from musmed_tui.demo import SCRIPT


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        lacking("needs: apt install tmux")
    made = Terminal(tmp_path, 120, 40)
    yield made
    made.close()


def _left_in(terminal: Terminal) -> list[str]:
    """What the demo left, and what it made of the listener's: nothing but the mark of the first
    run, which the terminal made."""
    found = (file for file in terminal.home.rglob("*") if file.is_file())
    return [str(file.relative_to(terminal.home)) for file in found if file.name != "welcomed"]


def _begin(terminal: Terminal, program: str | None = None) -> None:
    """Its temporary folder lies where the terminal looks whether it moves."""
    (terminal.home / "tmp").mkdir()
    how = {"program": program} if program else {}
    terminal.run("demo", "--sink", "null", TMPDIR=str(terminal.home / "tmp"), **how)


@pytest.mark.parametrize(
    ("stop", "code"), [("q", 0), ("C-c", 0), pytest.param("TERM", 143, marks=pytest.mark.long)]
)
def test_it_begins_by_itself_and_is_left_without_a_trace(
    terminal: Terminal, stop: str, code: int
) -> None:
    _begin(terminal)
    terminal.wait_for("▸ playing")
    if stop == "TERM":
        subprocess.run(["kill", "-TERM", str(terminal.child())], check=True)
    else:
        terminal.press(stop)
    said = terminal.wait(lambda screen: re.search(r"code=\d", screen) is not None, "its exit code")
    assert f"code={code}" in said
    assert "nothing of it was kept" in said
    assert terminal.restored()
    assert not _left_in(terminal)
    assert not any((terminal.home / "tmp").iterdir())


@pytest.mark.long
def test_it_shows_all_of_it_with_the_embedded_composer(terminal: Terminal) -> None:
    """In real time: a minute and a half."""
    _begin(terminal, "-m musmed_tui")
    said = [step.said for step in SCRIPT if step.said is not None]
    for one in said[:2]:
        terminal.wait_for(one)
    for one in said[3:6]:
        terminal.wait_for(one)
    shown = terminal.wait_for("other players take over")
    assert "steered to calm" in shown
    assert "eased" in shown
    shown = terminal.wait_for(next(one for one in said if one.startswith("The stage")))
    terminal.wait(lambda screen: "playing" not in screen, "the stage without its first row")
    terminal.wait(lambda screen: "less of" in screen, "the session as before")
    terminal.wait_for(said[-1])
    shown = terminal.wait(lambda screen: re.search(r"code=\d", screen) is not None, "its end")
    assert "code=0" in shown
    assert not _left_in(terminal)
