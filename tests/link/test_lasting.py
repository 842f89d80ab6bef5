"""An engine that lasts: lent to one session after another, ended where it still owes something."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.waiting import take, wait_for

import engine.link.client
from engine.link.deliveries import Delivery, EngineLost
from engine.link.lasting import LastingEngine
from engine.link.process import kill
from engine.link.protocol import Hello, Opened

QUICK_ENGINE = Path(__file__).parents[1] / "support" / "quick_engine.py"
Told = queue.Queue[Delivery]


@pytest.fixture
def lasting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LastingEngine]:
    argv = [sys.executable, "-P", str(QUICK_ENGINE)]
    monkeypatch.setattr(engine.link.client, "default_argv", lambda: argv)
    made = LastingEngine(tmp_path / "log")
    yield made
    made.close()
    made.close()


def opened(lasting: LastingEngine) -> tuple[engine.link.client.EngineClient, Told]:
    """A session's engine, with its composer."""
    told: Told = queue.Queue()
    client = lasting.take(told.put)
    assert client is not None
    assert isinstance(take(told), Hello)
    client.open("embedded")
    assert isinstance(take(told), Opened)
    return client, told


def test_the_next_session_has_the_same_process_and_only_its_own_words(
    lasting: LastingEngine,
) -> None:
    first, told = opened(lasting)
    assert lasting.take(lambda _told: None) is None  # it is lent
    first.close()
    first.close()  # a session closes twice
    second, _ = opened(lasting)
    assert second.pid == first.pid
    assert told.empty()


def test_one_that_still_owes_something_is_ended(lasting: LastingEngine) -> None:
    first, _ = opened(lasting)
    first.open("embedded")  # its answer is not waited for
    first._owed.asked(engine.link.client.Open("embedded"))
    first.close()
    second, _ = opened(lasting)
    assert second.pid != first.pid


def test_one_that_died_between_sessions_is_followed_by_another(lasting: LastingEngine) -> None:
    first, told = opened(lasting)
    first.close()
    kill(first._process)
    wait_for(lambda: not first.idle, what="its end to be seen")
    second, _ = opened(lasting)
    assert second.pid != first.pid
    assert told.empty()


def test_one_whose_end_is_not_told_yet_is_followed_by_another(lasting: LastingEngine) -> None:
    first, told = opened(lasting)
    first.close()
    hear, held = first._deliver, threading.Event()

    def late(told: Delivery) -> None:
        held.wait()
        hear(told)

    first._deliver = late  # its reader is not run
    kill(first._process)
    wait_for(lambda: not first.idle, what="its end to be seen")
    second, others = opened(lasting)
    assert second.pid != first.pid
    held.set()
    for thread in first._threads:
        thread.join()
    assert told.empty()
    assert others.empty()
    assert lasting.take(lambda _told: None) is None  # the second is lent still


def test_one_that_dies_in_a_session_is_told_to_it(lasting: LastingEngine) -> None:
    first, told = opened(lasting)
    kill(first._process)
    assert isinstance(take(told), EngineLost)
    first.close()
    second, _ = opened(lasting)
    assert second.pid != first.pid
