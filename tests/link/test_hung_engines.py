"""Real engine processes that fall silent at every moment of the protocol, and one that is slow and
well. The limits are shorter than in use; the rule itself is tested in ``test_watchdog.py``."""

from __future__ import annotations

import os
import queue
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.failing_engine import MOMENTS
from support.waiting import begun_cpu, cpu_seconds, wait_for

from engine.affect.circumplex import Affect
from engine.link import client as client_module
from engine.link import watchdog
from engine.link.client import EngineClient
from engine.link.deliveries import Delivery, EngineLost
from engine.link.protocol import Failure, Hello, Loading, Opened, Pong
from engine.plan.planner import make_plan
from engine.plan.request import Request

PLAN = make_plan(Request(start=Affect(-0.4, 0.6), target=Affect(0.5, -0.5), minutes=2))
SUPPORT = Path(__file__).parents[1] / "support"
FAILING = str(SUPPORT / "failing_engine.py")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a test can wait for."""
    monkeypatch.setattr(client_module, "LOOK_SECONDS", 0.1)
    figures = {"COUNTED": 0.2, "PING": 0.3, "SILENT": 2.0}
    for name, figure in figures.items():
        monkeypatch.setattr(watchdog, f"{name}_SECONDS", figure)


class Front:
    """Asks an engine for clips as a session does, one after the other, and notes what it says."""

    def __init__(self, *argv: str) -> None:
        self.told: list[Delivery] = []
        self.lost: list[EngineLost] = []
        self._queue: queue.Queue[Delivery] = queue.Queue()
        self.client = EngineClient(self._queue.put, argv=[sys.executable, *argv])

    def go_on(self) -> bool:
        """Take what has come; whether the engine is lost."""
        while not self._queue.empty():
            told = self._queue.get()
            self.told.append(told)
            if isinstance(told, Hello):
                self.client.open("embedded")
            elif isinstance(told, Opened):
                self.client.compose(PLAN.clips[0], b"")
            elif isinstance(told, EngineLost):
                self.lost.append(told)
        return bool(self.lost)


Start = Callable[..., Front]


@pytest.fixture
def start() -> Iterator[Start]:
    made: list[Front] = []

    def one(*argv: str) -> Front:
        made.append(Front(*argv))
        return made[-1]

    yield one
    for front in made:
        front.client.close()


def wait_until(seen: Callable[[], Any], *fronts: Front) -> None:
    wait_for(
        seen, moves=lambda: ([len(front.told) for front in fronts], begun_cpu()), what="an engine"
    )


@pytest.mark.parametrize("how", ["stop", "hush", "deaf", "stuck"])
def test_an_engine_that_falls_silent_at_any_moment_is_lost_once_and_gone(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """One for each moment, all at once: they mostly wait."""
    if how == "stuck":
        monkeypatch.setattr(watchdog, "STUCK_SECONDS", 8.0)
    fronts = {}
    for moment in MOMENTS:
        if moment == "start" and how in ("stuck", "deaf"):
            continue  # it has not begun to answer or to read
        folder = tmp_path / moment
        folder.mkdir()
        fronts[moment] = start(FAILING, str(folder), how, moment)

    def all_lost() -> bool:
        return sum(front.go_on() for front in fronts.values()) == len(fronts)

    wait_until(all_lost, *fronts.values())
    for moment, front in fronts.items():
        (lost,) = front.lost
        assert front.told[-1] is lost, moment
        expected = "no further" if how == "stuck" else "since its start"
        if how != "stuck" and moment != "start":
            expected = "has not answered"
        assert expected in lost.reason, moment
        assert not psutil.pid_exists(front.client.pid)
        front.client.close()
        front.go_on()
        assert len(front.lost) == 1


def test_an_idle_engine_that_falls_silent_is_lost_too(start: Start, tmp_path: Path) -> None:
    front = start(FAILING, str(tmp_path), "stop", "never")
    wait_until(lambda: front.go_on() or len(front.told) > 30, front)
    assert not front.lost
    os.kill(front.client.pid, signal.SIGSTOP)
    wait_until(front.go_on, front)
    assert "has not answered" in front.lost[0].reason


SLOW = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
import numpy as np
from tests.support import quick_engine
from engine.plan.generation import Generation

class Slow(quick_engine.QuickComposer):
    name = "nowhere/slow"
    def load(self, generation, progress, precision):
        for percent in (0, 100):
            progress(percent / 100)
            end = time.monotonic() + 2.5
            while time.monotonic() < end:     # in Python's lock, as torch's import is
                sorted(range(3_000_000), key=lambda n: -n)

quick_engine.QuickComposer = Slow
quick_engine.open_composer = lambda name: quick_engine.EmbeddedComposer()
sys.setswitchinterval(1e3)                    # whoever has the lock keeps it
quick_engine.main()
"""


def test_an_engine_that_loads_a_large_model_slowly_is_never_ended(start: Start) -> None:
    """It holds Python's lock for longer than it might be silent, and answers no ping meanwhile."""
    front = start("-c", SLOW, str(SUPPORT.parents[1]))
    client = front.client
    opened: list[object] = []

    def go_on() -> bool:
        told = front._queue.get() if not front._queue.empty() else None
        if isinstance(told, Hello):
            client.open("nowhere/slow")
            client.ping(1)
        front.told += [told] if told else []
        opened.extend([told] if isinstance(told, Opened | Failure | EngineLost) else [])
        return bool(opened)

    wait_until(go_on, front)
    assert isinstance(opened[0], Opened), opened
    assert sum(isinstance(told, Loading) for told in front.told) == 2
    client.ping(2)
    wait_until(lambda: go_on() and Pong(2) in front.told, front)


HOLDS = """
import os, subprocess, sys
sys.path.insert(0, sys.argv[1])
out = os.dup(1)
subprocess.Popen(["sleep", "1000"], stdout=out, pass_fds=(out,), start_new_session=True)
from engine.__main__ import main
main()
"""


def test_an_engine_that_dies_while_another_process_holds_its_line_is_lost(start: Start) -> None:
    front = start("-c", HOLDS, str(SUPPORT.parents[1]))
    wait_until(lambda: front.go_on() or front.told, front)
    holders = psutil.Process(front.client.pid).children()
    try:
        os.kill(front.client.pid, signal.SIGKILL)
        wait_until(front.go_on, front)
        assert front.lost[0].reason
    finally:
        for holder in holders:
            holder.kill()
        psutil.wait_procs(holders)


FLOOD = """
import itertools, sys
sys.path.insert(0, sys.argv[1])
from engine.link.framing import FrameWriter
from engine.link.protocol import *
writer = FrameWriter(sys.stdout.buffer)
writer.send_preamble()
hello = Hello(PROTOCOL_VERSION, "0", "3", 1, ())
writer.send(hello)
sys.stdin.buffer.read(20)
while True:
    writer.send(eval(sys.argv[2]))
"""


@pytest.mark.parametrize(
    "message",
    ["hello", "Pong(1)", "Pong(-1)", "Loading('x', 0.5)", "Opened('x', 1)", "Failure('x')"],
)
def test_an_engine_that_never_stops_talking_is_lost(start: Start, message: str) -> None:
    front = start("-c", FLOOD, str(SUPPORT.parents[1]), message)
    wait_until(front.go_on, front)
    assert len(front.told) < 300
    assert not psutil.pid_exists(front.client.pid)


@pytest.mark.parametrize("how", ["stop", "hush", "deaf"])
def test_a_silent_engine_does_not_hold_up_the_end(start: Start, tmp_path: Path, how: str) -> None:
    front = start(FAILING, str(tmp_path), how, "opened")
    wait_until(lambda: front.go_on() or any(isinstance(t, Opened) for t in front.told), front)
    for _ in range(300):  # more than may wait for a line that takes nothing
        front.client.ping(1)
    front.client.close(timeout=0.1)
    assert not psutil.pid_exists(front.client.pid)
    assert cpu_seconds(front.client.pid) == 0.0
