"""What held when it was tried hard, tried again: a library of 5,000 sessions, two players of one
session, a window that is resized 300 times while music plays.

    python tests/bench/holds.py
"""

from __future__ import annotations

import fcntl
import os
import pty
import random
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.affect.circumplex import Affect
from engine.plan.request import Request
from engine.session.library.library import Library
from musmed_tui.first_run import remember
from musmed_tui.paths import folders

MUSMED = [sys.executable, "-m", "musmed_tui"]
PLAY = ("play", "--from", "tense", "--to", "calm", "--minutes", "3", "--sink", "null")
REQUEST = Request(start=Affect(-0.4, 0.6), target=Affect(0.6, -0.4), start_word="tense", seed=7)
SESSIONS, RESIZES = 5_000, 300


def home(folder: str) -> dict[str, str]:
    remember(folders({"MUSMED_HOME": folder}))
    return {**os.environ, "MUSMED_HOME": folder, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}


def library_of(env: Mapping[str, str]) -> Library:
    return Library(Path(env["MUSMED_HOME"]) / "data" / "library")


def many_sessions() -> None:
    """Seconds that the lists of a large library take, as processes, best of three."""
    with tempfile.TemporaryDirectory() as folder:
        env = home(folder)
        library, began = library_of(env), datetime(2026, 1, 1, tzinfo=UTC)
        for number in range(SESSIONS):
            now = began + timedelta(minutes=number)
            session = library.create(REQUEST, "embedded", 1, None, now)
            library.set_state(session, "finished")
        library.close()
        for asked in (("sessions",), ("sessions", "--limit", str(SESSIONS)), ("doctor",)):
            took = []
            for _ in range(3):
                before = time.monotonic()
                done = subprocess.run([*MUSMED, *asked], env=env, capture_output=True, check=False)
                took.append(time.monotonic() - before)
            lines = done.stdout.count(b"\n")
            print(f"{' '.join(asked)}, {SESSIONS} kept: {min(took):.2f} s, {lines} lines")


def two_players() -> None:
    """What the second one says, and that the first plays on."""
    with tempfile.TemporaryDirectory() as folder:
        env = home(folder)
        first = subprocess.Popen([*MUSMED, *PLAY, "--plain"], env=env, stdout=subprocess.DEVNULL)
        try:
            library = library_of(env)
            while not (kept := library.sessions()) and first.poll() is None:
                time.sleep(0.05)
            library.close()
            second = subprocess.run(
                [*MUSMED, "resume", kept[0].id, "--sink", "null", "--plain"],
                env=env,
                capture_output=True,
                text=True,
                check=False,
            )
            print(f"a second player: code {second.returncode}, {second.stderr.strip()!r}")
            print(f"the first one plays on: {first.poll() is None}")
        finally:
            first.send_signal(signal.SIGTERM)
            first.wait()


def resize_storm() -> None:
    """A window of any size from 1x1 to 200x60, thirty times a second; then it is left by 'q'."""
    with tempfile.TemporaryDirectory() as folder:
        env, dice = home(folder), random.Random(0)
        master, slave = pty.openpty()
        before = termios.tcgetattr(slave)

        def resize(rows: int, columns: int) -> None:
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

        resize(40, 120)
        player = subprocess.Popen(
            ["setsid", "--ctty", *MUSMED, *PLAY], env=env, stdin=slave, stdout=slave, stderr=slave
        )
        read = bytearray()

        def read_for(seconds: float) -> None:
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                if select.select([master], [], [], left)[0]:
                    read.extend(os.read(master, 65536))

        read_for(6.0)
        for _ in range(RESIZES):
            resize(dice.randint(1, 60), dice.randint(1, 200))
            read_for(1 / 30)
        resize(40, 120)
        read_for(2.0)
        storm = len(read)
        os.write(master, b"q")
        read_for(3.0)
        os.write(master, b"q")
        while player.poll() is None:
            read_for(0.2)
        library = library_of(env)
        (kept,) = library.sessions()
        library.close()
        restored = termios.tcgetattr(slave) == before
        print(
            f"{RESIZES} sizes: code {player.returncode}, session {kept.state}, "
            f"{kept.position:.0f} s heard, terminal given back: {restored}, "
            f"{storm / 1000:.0f} kB drawn, 'Traceback': {b'Traceback' in read}"
        )


def main() -> None:
    many_sessions()
    two_players()
    resize_storm()


if __name__ == "__main__":
    main()
