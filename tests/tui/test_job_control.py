"""Ctrl-Z and back, on the screen, in a real terminal with a real shell."""

from __future__ import annotations

import psutil
import pytest
from support.waiting import cpu_seconds, wait_for

from tests.tui.test_tmux import Terminal, seconds_played, terminal

__all__ = ["terminal"]
WAY = ("--from", "sad", "--to", "happy", "--seed", "1", "--minutes", "4")


def until_stopped(player: psutil.Process) -> None:
    """Until the shell has the terminal."""
    wait_for(
        lambda: player.status() == psutil.STATUS_STOPPED, moves=lambda: cpu_seconds(player.pid)
    )


@pytest.mark.xdist_group("tui-test_tmux")
def test_put_aside_and_back(terminal: Terminal) -> None:
    terminal.run("play", *WAY)
    terminal.wait_for("▸ playing")
    terminal.wait(lambda screen: seconds_played(screen) >= 2, "the clock going on")
    player = psutil.Process(terminal.child())
    engines = player.children()
    for _ in range(2):
        terminal.press("C-z", "C-z")  # as who holds it down
        until_stopped(player)
        assert all(one.is_running() for one in engines), "the engine is not stopped with it"
        terminal.press(*"bg", "Enter")
        assert terminal.restored(), "in the background it leaves the terminal alone"
        terminal.press(*"fg", "Enter")
        shown = terminal.wait(
            lambda screen: "‖ paused" in screen and "Space goes on." in screen,
            "the whole screen, paused",
        )
        assert "code=148" not in shown, "the whole screen is drawn again"
        terminal.press("Space")
        terminal.wait_for("▸ playing")
    terminal.wait(lambda screen: seconds_played(screen) >= 5, "the clock going on")
    terminal.press("q")
    terminal.wait_for("what was played")  # the check-out: 'stopped' stands over the fade before it
    terminal.press("C-z")
    until_stopped(player)
    assert terminal.restored()
    terminal.press(*"fg", "Enter")
    terminal.wait_for("what was played")
    terminal.press("q")
    terminal.wait_for("musmed resume 20")
    assert terminal.restored()
