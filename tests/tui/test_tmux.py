"""The real program in a real terminal: check-in, session, pause, steer, stop, shell.

The first session is composed by the embedded composer, the others by the quick engine.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.required import lacking
from support.tmux_terminal import Terminal, seconds_played
from support.waiting import cpu_seconds, wait_for

from engine.session.library.library import Library


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        lacking("needs: apt install tmux")
    made = Terminal(tmp_path)
    yield made
    made.close()


def test_check_in_session_pause_steer_stop(terminal: Terminal) -> None:
    terminal.run(program="-m musmed_tui")
    terminal.wait_for("How do you feel now?")
    terminal.press("/", *"tense", "Enter")
    terminal.wait_for("How would you like to feel?")
    terminal.press(*"calm", "Enter")
    terminal.wait_for("Ready when you are.")
    terminal.press("Enter")
    terminal.wait_for("▸ playing")
    terminal.wait(lambda screen: seconds_played(screen) >= 2, "the clock going on")

    terminal.press("Space")
    terminal.wait_for("‖ paused")
    terminal.wait(lambda _: terminal.clock_stands(), "the clock standing still")
    terminal.press("Space")
    terminal.wait_for("▸ playing")

    terminal.press("s")
    terminal.wait_for("steer to")
    terminal.press("/", *"glad")
    terminal.wait_for("there in")
    terminal.press("Enter")
    terminal.wait_for("tense → glad")

    terminal.press("q")
    shown = terminal.wait_for("what was played")
    assert "■ stopped   0:" in shown
    terminal.press("q")
    said = terminal.wait_for("code=0")
    assert "musmed resume 20" in said
    assert terminal.restored()


@pytest.mark.parametrize(
    ("stop", "code"),
    [
        ("C-c", 0),
        ("TERM", 143),
        pytest.param("INT", 130, marks=pytest.mark.long),
        pytest.param("HUP", 129, marks=pytest.mark.long),
    ],
    ids=str,
)
def test_leaving_keeps_the_session_and_restores_the_terminal(
    terminal: Terminal, stop: str, code: int
) -> None:
    terminal.run("play", "--from", "sad", "--to", "happy", "--seed", "1", "--minutes", "4")
    terminal.wait_for("▸ playing")
    if stop == "C-c":
        terminal.press("C-c")
    else:
        subprocess.run(["kill", f"-{stop}", str(terminal.child())], check=True)
    said = terminal.wait(lambda screen: re.search(r"code=\d", screen) is not None, "its exit code")
    assert f"code={code}" in said
    assert "Stopped at 0:" in said
    assert terminal.restored()
    terminal.run("sessions")
    terminal.wait_for("sad")
    terminal.run("resume")
    terminal.wait_for("▸ playing")


@pytest.mark.long
def test_a_window_that_is_closed_keeps_the_session(terminal: Terminal) -> None:
    """The shell that is hung up tells its job once more."""
    terminal.run("play", "--from", "sad", "--to", "happy", "--seed", "1", "--minutes", "4")
    terminal.wait_for("▸ playing")
    terminal.wait(lambda screen: seconds_played(screen) >= 2, "the clock going on")
    player = psutil.Process(terminal.child())
    engines = player.children(recursive=True)
    terminal.close()
    wait_for(
        lambda: not any(one.is_running() for one in (player, *engines)),
        moves=lambda: cpu_seconds(player.pid),
        what="player and engine to end",
    )
    library = Library(terminal.home / "data" / "library")
    (session,) = library.sessions()
    library.close()
    assert session.state == "stopped"
    assert session.position > 1


@pytest.mark.long
def test_a_job_that_is_stopped_and_continued_goes_on_where_it_stood(terminal: Terminal) -> None:
    """Ctrl-Z and fg, on lines: paused meanwhile, and the terminal is the shell's."""
    way = ("--from", "sad", "--to", "happy", "--seed", "1", "--minutes", "4")
    terminal.run("play", "--plain", *way)
    terminal.wait_for("(clip 1 of")
    player = psutil.Process(terminal.child())
    terminal.press("C-z")
    terminal.wait_for("Stopped")
    assert player.status() == psutil.STATUS_STOPPED
    stood = position(terminal)
    terminal.press(*"echo", "Space", *"mine", "Enter")
    terminal.wait(lambda screen: screen.count("mine") >= 2, "an echoing shell")
    assert position(terminal) == stood
    terminal.press("f", "g", "Enter")
    wait_for(lambda: position(terminal) > stood, moves=lambda: cpu_seconds(player.pid))
    terminal.press("q")
    said = terminal.wait_for("Stopped at 0:")
    assert "is gone" not in said
    assert "takes no more sound" not in said


def position(terminal: Terminal) -> float:
    """Up to which second its only session was heard, as far as that is kept."""
    library = Library(terminal.home / "data" / "library")
    (session,) = library.sessions()
    library.close()
    return session.position


def test_the_first_run_card_is_shown_until_it_is_put_away(terminal: Terminal) -> None:
    (terminal.home / "config" / "welcomed").unlink()
    for left, again in (("q", True), ("Enter", False)):
        terminal.run(program="-m musmed_tui")
        shown = terminal.wait_for("puts this away for good")
        assert "no medical device" in " ".join(shown.split())
        terminal.press(left)
        if not again:
            terminal.wait_for("How do you feel now?")
            terminal.press("q")
        terminal.wait_for("code=0")
        terminal.press(*"clear", "Enter")
        terminal.wait(lambda screen: "code=0" not in screen, "an empty terminal")
    terminal.run(program="-m musmed_tui")
    terminal.wait_for("How do you feel now?")
    assert "puts this away" not in terminal.screen()


def test_the_engine_dies_and_the_screen_says_so(terminal: Terminal) -> None:
    terminal.run("play", "--from", "tense", "--to", "calm", "--seed", "1", "--minutes", "2")
    terminal.wait_for("▸ playing")
    (engine,) = psutil.Process(terminal.child()).children()
    engine.kill()
    terminal.wait_for("The composer stopped")
    terminal.engine_returns.touch()
    terminal.wait_for("The composer is back.")
    terminal.press("i")
    terminal.wait_for("restarts         1")
    assert "gaps             0" in terminal.screen()
