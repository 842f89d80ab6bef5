"""The front's side, with real engine processes, good and bad."""

from __future__ import annotations

import os
import queue
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import psutil
import pytest
from support.waiting import take

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE
from engine.errors import MusmedError
from engine.link.client import EngineClient
from engine.link.deliveries import Banner, ChunkArrived, ClipEnded, Delivery, EngineLost
from engine.link.protocol import ClipStarted, Failure, Hello, Opened, Pong
from engine.plan.planner import make_plan
from engine.plan.request import Request

PLAN = make_plan(Request(start=Affect(-0.4, 0.6), target=Affect(0.5, -0.5), minutes=2))


class Session:
    def __init__(self, argv: Sequence[str] | None, log: Path) -> None:
        self._told: queue.Queue[Delivery] = queue.Queue()
        with log.open("ab") as file:
            self.client = EngineClient(self._told.put, argv=argv, log=file)

    def next(self) -> Delivery:
        return take(self._told, self.client.pid)

    def until(self, kind: type) -> list[Delivery]:
        told = [self.next()]
        while not isinstance(told[-1], kind | EngineLost):
            told.append(self.next())
        assert isinstance(told[-1], kind), told[-1]
        return told

    def rest(self) -> list[Delivery]:
        told = []
        while not self._told.empty():
            told.append(self._told.get())
        return told


Connect = Callable[..., Session]


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Connect]:
    made: list[Session] = []

    def start(code: str | None = None) -> Session:
        argv = None if code is None else [sys.executable, "-c", code]
        made.append(Session(argv, tmp_path / "log"))
        return made[-1]

    yield start
    for session in made:
        session.client.close()


def test_the_engine_composes_goes_on_and_ends(connect: Connect) -> None:
    session = connect()
    client = session.client
    assert isinstance(session.next(), Hello)
    client.open("banjo")
    (refused,) = session.until(Failure)
    assert "no composer called 'banjo'" in str(refused)
    client.open("auto")
    assert isinstance(session.next(), Opened)

    client.compose(PLAN.clips[0], b"")
    began, *chunks, ended = session.until(ClipEnded)
    assert isinstance(began, ClipStarted)
    assert isinstance(ended, ClipEnded)
    audio = np.concatenate([c.audio for c in chunks if isinstance(c, ChunkArrived)])
    assert audio.shape == (began.frames, 2) == (30 * 48_000, 2)
    assert audio.dtype == np.float32
    assert np.abs(audio).max() > 0.01
    assert not ended.cut

    client.compose(PLAN.clips[1], ended.continuation)
    client.cancel(PLAN.clips[1].key, 0)
    client.ping(5)
    session.until(Pong)
    client.close()
    client.close()
    assert not [told for told in session.rest() if isinstance(told, EngineLost)]
    assert not psutil.pid_exists(client.pid)


def test_a_killed_engine_is_lost_once(connect: Connect) -> None:
    session = connect()
    session.until(Hello)
    session.client.open("auto")
    session.client.compose(PLAN.clips[0], b"")
    session.until(ChunkArrived)
    os.kill(session.client.pid, signal.SIGKILL)
    with pytest.raises(AssertionError, match="SIGKILL"):
        session.until(ClipEnded)
    session.client.ping(1)
    session.client.compose(PLAN.clips[1], b"")
    session.client.close()
    assert session.rest() == []


def test_an_interrupt_at_the_terminal_is_not_the_engines(connect: Connect) -> None:
    session = connect()
    session.until(Hello)
    assert os.getpgid(session.client.pid) != os.getpgid(0)
    os.kill(session.client.pid, signal.SIGINT)
    session.client.ping(1)
    assert session.next() == Pong(1)


STRAY = """
import os, sys
import engine.__main__ as main
streams = main.take_standard_streams()
print("a stray print", flush=True)
os.write(1, b"and one from C\\n")
assert sys.stdin.read() == ""
from engine.link.server import serve
sys.exit(serve(*streams))
"""


def test_a_stray_print_does_not_touch_a_frame(connect: Connect, tmp_path: Path) -> None:
    session = connect(STRAY)
    assert isinstance(session.next(), Hello)
    session.client.ping(1)
    assert session.next() == Pong(1)
    session.client.close()
    assert (tmp_path / "log").read_text() == "a stray print\nand one from C\n"


def test_a_banner_is_shown_before_the_engine(connect: Connect) -> None:
    run = 'import runpy; runpy.run_module("engine", run_name="__main__")'
    session = connect('print("Welcome to host", flush=True);' + run)
    assert session.next() == Banner("Welcome to host")
    assert isinstance(session.next(), Hello)


PEER = """
import sys
from engine.link.framing import FrameWriter
from engine.link.protocol import *
from engine.composers.base import Marks
out = sys.stdout.buffer
writer = FrameWriter(out)
record = ClipRecord(composer="x", version=1, loudness=None, true_peak=0.0, gating="off",
                    seconds=1.0, speed=1.0)
hello = lambda number: Hello(number, "0", "3", 1, ())
started = lambda frames: ClipStarted(0, 0, 0, frames, Marks())
"""
UP = "writer.send_preamble(); writer.send(hello(PROTOCOL_VERSION));"
WAIT = "sys.stdin.buffer.read()"


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("", "The engine ended."),
        ("sys.exit(3)", "ended with status 3"),
        ("writer.send_preamble()", "The engine ended."),
        ("out.write(b'noise\\n' * 300); out.flush()", "not musmed's language"),
        ("out.write(b'musmed-link 7\\n'); out.flush();" + WAIT, "version 7"),
        ("writer.send_preamble(); writer.send(hello(7));" + WAIT, "version 7"),
        (UP + "out.write(b'\\xff' * 64); out.flush();" + WAIT, "header of"),
        (UP + "out.write(b'\\0\\0\\0\\1'); out.flush()", "in the middle"),
        (UP + "writer.send(Ping(1));" + WAIT, "unreadable message"),
        (UP + "writer.send(hello(PROTOCOL_VERSION));" + WAIT, "about greeting"),
        (UP + "writer.send(Pong(1));" + WAIT, "about a ping"),
        (UP + "writer.send(Pong(-1));" + WAIT, "about a ping"),
        (UP + "writer.send(Loading('x', 0.5));" + WAIT, "about loading"),
        (UP + "writer.send(Opened('x', 1));" + WAIT, "about a composer"),
        (UP + "writer.send(Failure('No reason.'));" + WAIT, "No reason."),
        (UP + "writer.send(Part(0, 0, 10, True), b'x');" + WAIT, "does not follow"),
        (UP + "writer.send(ClipDone(0, 0, False, record));" + WAIT, "does not follow"),
        (UP + "writer.send(ClipFailed(5, 0, 'no'));" + WAIT, "does not follow"),
        (UP + "writer.send(ClipStarted(5, 0, 0, 10, Marks()));" + WAIT, "does not follow"),
        (UP + "writer.send(started(9)); writer.send(started(9));" + WAIT, "does not follow"),
        (UP + "writer.send(started(9)); writer.send(Part(0, 0, 10, True), b'x');" + WAIT, "follow"),
        (UP + "writer.send(started(9)); writer.send(Part(0, 0, 9, True), b'x');" + WAIT, "damaged"),
        (
            UP + "writer.send(started(9)); writer.send(ClipDone(0, 0, False, record));" + WAIT,
            "does not follow",
        ),
        (
            UP + "writer.send(started(48000))\n"
            "for _ in range(60): writer.send(Part(0, 0, 48000, False), bytes(16384))\n" + WAIT,
            "does not follow",
        ),
    ],
)
def test_a_bad_engine_is_lost_once_with_a_reason_and_leaves_no_process(
    connect: Connect, script: str, says: str
) -> None:
    ready = "sys.stdin.buffer.read(100)\n" if "started" in script or "Part" in script else ""
    session = connect(PEER + ready + script)
    seconds = 1.0 if "started(48000)" in script else 9 / SAMPLE_RATE
    session.client.compose(msgspec.structs.replace(PLAN.clips[0], end=seconds), b"")
    told = [session.next()]
    while not isinstance(told[-1], EngineLost):
        told.append(session.next())
    assert says in told[-1].reason
    assert not psutil.pid_exists(session.client.pid)
    session.client.close()
    assert session.rest() == []


def test_an_engine_that_will_not_end_is_ended(connect: Connect) -> None:
    code = PEER + "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + UP
    session = connect(code + "\nwhile True: time.sleep(60)")
    session.until(Hello)
    session.client.close(timeout=0.1)
    assert not psutil.pid_exists(session.client.pid)
    assert session.rest() == []


def test_a_command_that_is_not_there_is_said() -> None:
    with pytest.raises(MusmedError, match="can't be started"):
        EngineClient(lambda _: None, argv=["/nowhere/musmed"], log=None)


def test_the_engine_runs_from_any_folder(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text("raise SystemExit('the wrong engine')")
    monkeypatch.chdir(tmp_path)
    assert isinstance(connect().next(), Hello)
