"""A pseudo-terminal: keys come one by one, and it is put back whatever happens."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.waiting import cpu_seconds, wait_for

from musmed_tui.settings import GlyphChoice
from musmed_tui.terminal.terminal import Terminal, chosen_glyphs

ROOT = Path(__file__).parents[3]

CHILD = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("player_rig", "tests/tui/plain/test_player.py")
rig = importlib.util.module_from_spec(spec); spec.loader.exec_module(rig)
from musmed_tui.plain.player import PlainPlayer
from musmed_tui.exits import exit_code
from musmed_tui.plain.output import Output
from musmed_tui.plain.keys import Keyboard
from musmed_tui.terminal.terminal import Signals, look_at_terminal, reading_keys

session = rig.Session()
if sys.argv[1] == "fails":
    def ease(): raise RuntimeError("a defect")
    session.ease = ease
terminal = look_at_terminal(plain=False)
assert terminal.live and terminal.keys and terminal.colour is None and not terminal.unicode
output = Output(sys.stdout, terminal)
player = PlainPlayer(session, lambda: session.snapshot, output, Keyboard(["calm"]))
with Signals() as signals, reading_keys(terminal) as cbreak:
    print("ready", flush=True)
    player.follow(signals, cbreak)
print("asked", [a if isinstance(a, str) else a[0] for a in session.asked], flush=True)
sys.exit(exit_code(signals.stop))
"""

SHELL = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
def foreground():
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
child = subprocess.Popen([sys.executable, "-c", sys.argv[2], "works"], preexec_fn=foreground)
_, status = os.waitpid(child.pid, os.WUNTRACED)
os.tcsetpgrp(0, os.getpgrp())
print("stopped", os.WIFSTOPPED(status), flush=True)
sys.stdin.readline()
os.tcsetpgrp(0, child.pid)
os.kill(child.pid, signal.SIGCONT)
sys.exit(child.wait())
"""
"""What a shell with job control does: a child in the foreground, told when it is suspended."""


def _own_the_terminal() -> None:
    """Make stdin's terminal the controlling one of the new session: opening it does that.
    Signals that whoever started the tests ignores (nohup, a job in the background) act again."""
    os.close(os.open(os.ttyname(0), os.O_RDWR))
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


class Pty:
    """A child on a pseudo-terminal of its own, and what it has shown."""

    def __init__(self, mode: str) -> None:
        self.master, slave = pty.openpty()
        self.slave = slave
        environment = os.environ | {"TERM": "xterm", "NO_COLOR": "1", "LC_ALL": "C"}
        self.child = subprocess.Popen(
            [sys.executable, "-c", SHELL if mode == "suspends" else CHILD, mode, CHILD],
            cwd=ROOT,
            env=environment,
            stdin=slave,
            stdout=slave,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_own_the_terminal,  # noqa: PLW1509 - the test has no threads
        )
        self.shown = ""

    def until(self, text: str) -> None:
        """Read until ``text`` has been shown."""

        def read() -> bool:
            if select.select([self.master], [], [], 0.1)[0]:
                self.shown += os.read(self.master, 65536).decode()
            return text in self.shown

        wait_for(read, moves=self._moves, what=lambda: f"{text!r} after {self.shown!r}")

    def ended(self) -> int:
        """Wait for the child's end; its exit status."""
        wait_for(lambda: self.child.poll() is not None, moves=self._moves, what="the child's end")
        return self.child.wait()

    def _moves(self) -> object:
        return len(self.shown), cpu_seconds(self.child.pid)

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def local_modes(self) -> tuple[bool, bool]:
        """Whether the terminal gathers lines, and whether it echoes."""
        flags = termios.tcgetattr(self.slave)[3]
        return bool(flags & termios.ICANON), bool(flags & termios.ECHO)

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
        self.child.communicate()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(request: pytest.FixtureRequest) -> Iterator[Pty]:
    made = Pty(getattr(request, "param", "works"))
    yield made
    made.close()


def test_keys_come_without_enter_and_q_ends_it(terminal: Pty) -> None:
    terminal.until("playing")
    assert terminal.local_modes() == (False, False)
    terminal.press(b" e\x1b[Cq")
    terminal.until("asked")
    assert terminal.ended() == 0
    terminal.until("['pause', 'ease', 'seek', 'stop']")
    assert terminal.local_modes() == (True, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_stops_the_session_and_puts_the_terminal_back(
    terminal: Pty, number: signal.Signals
) -> None:
    terminal.until("playing")
    terminal.child.send_signal(number)
    terminal.until("asked ['stop']")
    assert terminal.ended() == 128 + number
    assert terminal.local_modes() == (True, True)


def test_ctrl_c_on_the_terminal_is_a_stop(terminal: Pty) -> None:
    terminal.until("playing")
    terminal.press(b"\x03")
    terminal.until("asked ['stop']")
    assert terminal.ended() == 130


@pytest.mark.parametrize("terminal", ["fails"], indirect=True)
def test_a_defect_leaves_the_terminal_as_it_was(terminal: Pty) -> None:
    terminal.until("playing")
    terminal.press(b"e")
    assert terminal.ended() == 1
    assert terminal.local_modes() == (True, True)


@pytest.mark.parametrize("terminal", ["suspends"], indirect=True)
def test_suspended_it_pauses_and_gives_the_terminal_back(terminal: Pty) -> None:
    terminal.until("playing")
    terminal.press(b"\x1a")
    terminal.until("stopped True")
    assert terminal.local_modes() == (True, True)
    terminal.press(b"\n")
    wait_for(lambda: not terminal.local_modes()[0], what="keys that come one by one")
    terminal.press(b"q")
    terminal.until("asked ['pause', 'pause', 'stop']")
    assert terminal.ended() == 0


@pytest.mark.parametrize(
    ("choice", "unicode", "term", "glyphs"),
    [
        ("auto", True, "xterm-256color", "braille"),
        ("auto", True, "linux", "ascii"),
        ("auto", False, "xterm-256color", "ascii"),
        ("braille", False, "linux", "braille"),
        ("quadrant", True, "linux", "quadrant"),
        ("ascii", True, "xterm-256color", "ascii"),
    ],
)
def test_glyphs_by_what_the_terminal_can_show(
    choice: GlyphChoice, unicode: bool, term: str, glyphs: str
) -> None:
    terminal = Terminal(live=True, keys=True, colour=None, unicode=unicode)
    assert chosen_glyphs(choice, terminal, {"TERM": term}) == glyphs
