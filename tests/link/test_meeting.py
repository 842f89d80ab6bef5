"""Where session and ears meet: a socket for its owner alone, and the relay that passes bytes."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.waiting import wait_for

from engine.link import meeting
from engine.link.meeting import Door, meet, relay


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="mm"))  # a socket's path has 104 characters at most
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(meeting, "LOOK_SECONDS", 0.05)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def comes_in(door: Door) -> socket.socket:
    return wait_for(door.wait, what="somebody at the door")


def test_the_door_is_its_owners_alone_and_goes_with_the_session() -> None:
    door = Door()
    assert door.path.parent.stat().st_mode & 0o777 == 0o700
    assert door.path.stat().st_mode & 0o777 == 0o600
    assert door.path.is_socket()
    door.close()
    assert not door.path.exists()
    assert meet() is None


def test_the_newest_session_is_met_and_a_dead_ones_socket_goes() -> None:
    doors = [Door(), Door()]
    for age, door in zip((100, 50), doors, strict=True):
        os.utime(door.path, (age, age))
    dead = doors[0].path.with_name("listen-dead.sock")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(dead))
    met = meet()
    assert met is not None
    assert not dead.exists()
    with met, comes_in(doors[0]) as one:
        one.sendall(b"the older")
        assert met.recv(9) == b"the older"
    for door in doors:
        door.close()


def test_a_folder_that_others_can_enter_is_passed_by() -> None:
    door = Door()
    door.path.parent.chmod(0o755)
    assert meet() is None
    door.close()


def test_a_door_that_was_removed_is_made_again(runtime: Path) -> None:
    """A runtime folder goes with its user's last login, while a screen in tmux plays on."""
    door = Door()
    shutil.rmtree(runtime / "musmed")
    assert door.wait() is None
    with wait_for(meet, what="the door") as met, comes_in(door) as one:
        met.sendall(b"here")
        assert one.recv(4) == b"here"
    door.close()


def test_the_relay_waits_for_a_session_says_so_and_passes_both_ways() -> None:
    said: list[str] = []
    ears, inward = socket.socketpair()
    met: list[bool] = []
    passing = threading.Thread(
        target=lambda: met.append(relay(inward.fileno(), inward.fileno(), said.append))
    )
    passing.start()
    ears.sendall(b"hello")
    wait_for(lambda: said, what="a word")
    assert "No session waits for ears there yet" in said[0]
    door = Door()
    with comes_in(door) as session:
        assert session.recv(5) == b"hello"
        session.sendall(b"sound")
        assert ears.recv(5) == b"sound"
    passing.join()
    assert met == [True]
    door.close()
    for one in (ears, inward):
        one.close()


def test_the_relay_ends_when_its_reader_leaves_before_any_session() -> None:
    inward, ears = os.pipe()
    met: list[bool] = []
    waiting = threading.Thread(target=lambda: met.append(relay(inward, 1, lambda _: None)))
    waiting.start()
    os.close(ears)
    waiting.join()
    os.close(inward)
    assert met == [False]


def test_ears_of_a_session_that_is_begun_with_them_wait_for_it_though_another_is_there() -> None:
    name, another = "0" * 8, "1" * 8
    one = Door(called=another)
    assert meet(name) is None
    mine = Door(called=name)
    found = meet(name)
    assert found is not None
    assert found.getpeername() == str(mine.path)
    found.close()
    anybody = meet()
    assert anybody is not None
    anybody.close()
    one.close()
    mine.close()
