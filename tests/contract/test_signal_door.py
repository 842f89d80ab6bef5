"""`musmed play --signal` through the real command: a real socket, a real pipe, standard input; in
real time, with a SYNTHETIC strap."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from support.synthetic_strap import heart, line
from support.waiting import cpu_seconds, end_of, wait_for

from engine.plan.events import Dwell
from engine.session.library.library import Library

ROOT = Path(__file__).parents[2]
QUICK = str(ROOT / "tests/support/quick_musmed.py")
PLAY = ("play", "--from", "tense", "--to", "calm", "--strategy", "direct", "--minutes", "2")
PLAIN = ("--plain", "--no-keys", "--sink", "null", "--seed", "5")


def musmed(home: Path, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, QUICK, *arguments],
        env=os.environ | {"MUSMED_HOME": str(home), "PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=home.parent,
    )


def wear(write: IO[bytes]) -> threading.Thread:
    """Three minutes of a heart at once, and then ten beats a second, until nobody reads them."""

    def run() -> None:
        with contextlib.suppress(OSError, ValueError):
            for t, beats in heart("stays", 3_000):
                write.write(line(t, beats))
                write.flush()
                time.sleep(0.02 if t < 185 else 0.1)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@contextlib.contextmanager
def worn(way: str, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A session that hears a strap by ``way``."""
    place = home.parent / "signal"
    with contextlib.ExitStack() as stack:
        if way == "stdin":
            process = musmed(home, *PLAY, *PLAIN, "--signal", "-", stdin=subprocess.PIPE)
            assert process.stdin is not None
            pipe: IO[bytes] = process.stdin
        elif way == "fifo":
            os.mkfifo(place)
            process = musmed(home, *PLAY, *PLAIN, "--signal", str(place))
            descriptor = os.open(place, os.O_RDWR)
            pipe = stack.enter_context(open(descriptor, "wb"))  # noqa: PTH123 - open already
        else:
            door = stack.enter_context(socket.socket(socket.AF_UNIX))
            door.bind(str(place))
            door.listen()
            process = musmed(home, *PLAY, *PLAIN, "--signal", str(place))
            strap = stack.enter_context(door.accept()[0])
            pipe = stack.enter_context(strap.makefile("wb"))
        wear(pipe)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            with contextlib.suppress(OSError):
                pipe.close()


@pytest.mark.parametrize("way", ["socket", "fifo", "stdin"])
def test_what_a_body_says_is_heard_acted_on_told_kept_and_made_again(
    way: str, tmp_path: Path
) -> None:
    home, told = tmp_path / "home", bytearray()
    with worn(way, home) as process:
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)

        def stays() -> bool:
            told.extend(process.stdout.read() or b"")  # type: ignore[union-attr]
            return b"The way stays where it is for 30 s from" in told

        wait_for(
            stays,
            moves=lambda: (len(told), cpu_seconds(process.pid)),
            alive=lambda: process.poll() is None,
            what=told.decode,
        )
        process.send_signal(signal.SIGTERM)
        os.set_blocking(process.stdout.fileno(), True)
        process.stdin = None
        rest, _ = end_of(process)
    assert process.returncode == 128 + signal.SIGTERM
    said = (bytes(told) + rest).decode()
    assert "Usual for you now: the heart beats 74 a minute." in said
    assert "74 were usual, and the way's arousal has come down by 0." in said
    assert "Traceback" not in said

    library = Library(home / "data" / "library")
    (row,) = library.sessions()
    (event,) = library.load(row.id).events
    library.close()
    assert isinstance(event, Dwell)
    made = []
    for name in ("one", "two"):
        output = tmp_path / f"{name}.wav"
        done = musmed(home, "render", "--session", row.id, "-o", str(output))
        out, _ = end_of(done)
        assert done.returncode == 0, out
        made.append(output.read_bytes())
    assert made[0] == made[1]
    report = json.loads((tmp_path / "one.json").read_text("utf-8"))
    assert [one["type"] for one in report["events"]] == ["dwell"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--signal", "-"), "give --plain --no-keys"),
        (("--signal", "-", "--plain"), "give --plain --no-keys"),
        (("--no-keys",), "--no-keys goes with --plain"),
        ((*PLAIN, "--signal", "nowhere"), "There is no signal at"),
        ((*PLAIN, "--signal", "."), "is no socket, pipe or file"),
        ((*PLAIN, "--signal", "/dev/zero"), "is no socket, pipe or file"),
        ((*PLAIN, "--signal", "~nobody-has-this-name/x"), "There is no signal to be seen"),
    ],
)
def test_what_can_t_be_read_is_a_sentence(words: tuple[str, ...], why: str, tmp_path: Path) -> None:
    process = musmed(tmp_path / "home", *PLAY, *words)
    out, _ = end_of(process)
    assert process.returncode == 2
    assert why in " ".join(out.decode().split())
    assert "Traceback" not in out.decode()
    assert list((tmp_path / "home").rglob("*.flac")) == []
