"""`musmed listen` through the real commands and the real ssh, to an sshd of the test's own."""

from __future__ import annotations

import fcntl
import os
import pty
import shlex
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.commands import musmed
from support.loopback import NAME, Server, loopback
from support.waiting import begun_cpu, bytes_under, wait_for

from engine.session.library.library import Library

ROOT = Path(__file__).parents[2]
QUICK = str(ROOT / "tests/support/quick_musmed.py")
WAY = ("--from", "tense", "--to", "calm", "--minutes", "1", "--seed", "3", "--plain")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    with loopback(tmp_path, monkeypatch) as made:
        kept = (f"{name}={os.environ[name]}" for name in ("MUSMED_HOME", "XDG_RUNTIME_DIR"))
        there = ["env", *kept, f"PYTHONPATH={ROOT}", sys.executable, "-P", QUICK, "engine"]
        command = shlex.join(there)
        assert musmed(monkeypatch, "host", "add", "lab", NAME, "--command", command) == 0
        yield made


class Running:
    """A musmed of its own process, and what it has said."""

    def __init__(self, log: Path, *words: str) -> None:
        self._log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, QUICK, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )

    @property
    def said(self) -> str:
        return self._log.read_text()

    def says(self, words: str) -> None:
        wait_for(
            lambda: words in self.said,
            moves=lambda: (self.said, begun_cpu(), bytes_under(self._log.parent)),
            alive=lambda: self.process.poll() is None,
            what=lambda: f"{words!r} in {self.said!r}",
        )

    def ends(self, *signals: signal.Signals) -> int:
        for number in signals:
            self.process.send_signal(number)
        wait_for(
            lambda: self.process.poll() is not None,
            moves=lambda: (self.said, begun_cpu()),
            what=lambda: f"the end, after {self.said!r}",
        )
        return int(self.process.returncode)


def on_a_terminal(
    *words: str, when: bytes = b"", then: Callable[[], None] | None = None
) -> tuple[int, bytes]:
    """The exit code of musmed on a terminal of its own, and what it wrote there; ``then`` is done
    once ``when`` was written."""
    shown = b""
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - another process
        os.environ["TERM"] = "xterm-256color"
        os.execv(sys.executable, [sys.executable, QUICK, *words])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 40, 120, 0, 0))
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        while True:
            try:
                data = screen.read(65536)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            shown += data
            if then is not None and when in shown:
                then()
                then = None
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), shown


def the_session(home: Path) -> str:
    library = Library(home / "data" / "library")
    (row,) = library.sessions()
    library.close()
    return row.id


def was_heard(
    heard: Path, home: Path, monkeypatch: pytest.MonkeyPatch, codec: str = "flac"
) -> None:
    """``heard`` is what the session at ``home`` was, as far as ``codec`` leaves it."""
    again = heard.with_name("again.flac")
    kept = ("--session", the_session(home), "--heard", "-o", str(again))
    assert musmed(monkeypatch, "render", *kept) == 0
    one, other = (soundfile.read(file, dtype="int32")[0] for file in (heard, again))
    if codec == "flac":
        np.testing.assert_array_equal(one, other)
        return
    assert one.shape == other.shape
    assert np.corrcoef(one.ravel() / 2**31, other.ravel() / 2**31)[0, 1] > 0.99


@pytest.mark.parametrize("codec", ["flac", "opus"])
def test_what_plays_there_is_heard_here(
    codec: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ears that are there before the session, and go on waiting for the next one after it;
    sample for sample, though the line drops, or as Opus leaves it."""
    heard, drops = tmp_path / "heard.flac", codec == "flac"
    words = ("listen", "--sink", f"file:{heard}", "--codec", codec, "lab")
    ears = Running(tmp_path / "ears.log", *words)
    ears.says("No session waits for ears there yet")
    play = Running(tmp_path / "play.log", "play", *WAY, "--sink", "listen")
    play.says("Ears are here: file")
    if drops:
        play.says("(clip 2 of 3)")
        server.drop()
        play.says("The ears are gone")
        server.mend()
        play.says("The ears are back")
        ears.says("The line is back, and the session goes on")
        assert "The line to lab is down" in ears.said
    assert play.ends() == 0, play.said
    assert "The session is over after 1:00" in play.said
    wait_for(heard.exists, moves=begun_cpu, what="the file")
    assert ears.ends(signal.SIGINT) == 130
    assert "Traceback" not in ears.said + play.said
    was_heard(heard, tmp_path / "home", monkeypatch, codec)
    runtime = Path(os.environ["XDG_RUNTIME_DIR"]) / "musmed"
    assert not list(runtime.glob("listen-*")), "its socket stays behind"


@pytest.mark.usefixtures("server")
def test_one_line_begins_the_session_there_and_the_ears_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = tmp_path / "heard.flac"
    code, shown = on_a_terminal("listen", "--sink", f"file:{heard}", "lab", "play", *WAY)
    assert code == 0, shown
    assert b"Ears are here: file" in shown
    assert b"The session is over after 1:00" in shown
    assert b"'musmed listen lab resume' goes on with one that was stopped" in shown
    was_heard(heard, tmp_path / "home", monkeypatch)


FULL_SCREEN, LEFT_FULL_SCREEN = b"\x1b[?1049h", b"\x1b[?1049l"


def test_a_line_that_drops_gives_the_terminal_back(server: Server) -> None:
    """The screen there can't do so any more."""
    words = ("listen", "--sink", "null", "lab", "play", *WAY[:-1])
    code, shown = on_a_terminal(*words, when=FULL_SCREEN, then=server.drop)
    assert code == 2, shown
    after = shown[shown.rindex(LEFT_FULL_SCREEN) :]
    assert FULL_SCREEN not in after
    assert b"'musmed listen lab resume' goes on" in b" ".join(after.split())


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("listen",), "Name the machine whose session is to be heard"),
        (("listen", "lab", "render"), "not 'render'"),
        (("listen", "lab", "--sink", "null"), "Options of 'listen' come before the host"),
        (("listen", "--ahead", "99", "lab"), "--ahead is a number of seconds from 0.3 to 30"),
        (("listen", "--sink", "listen", "lab"), "The sink 'listen' is the server's side"),
        (("listen", "--sink", "null", "none"), "There is no 'no-musmed-there' on none"),
        (("listen", "--sink", "null", "odd"), "can't be told from the command 'cat'"),
        (("listen", "--sink", "null", "older"), "'musmed ears' on older ended with status 2"),
        (("ears",), "speaks with another musmed"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_what_can_not_be_heard_is_a_sentence(
    words: tuple[str, ...],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """An older musmed knows no ears."""
    commands = {"none": "no-musmed-there engine", "odd": "cat", "older": "sh -c 'exit 2' engine"}
    for name, command in commands.items():
        assert musmed(monkeypatch, "host", "add", name, NAME, "--command", command) == 0
    if words == ("ears",):
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    assert musmed(monkeypatch, *words) == 2
    assert sentence in capfd.readouterr().err
