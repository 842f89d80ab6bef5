"""Whatever answers at the other end of ``--host``, over the real ssh to an sshd of the test's own:
a check ends with a sentence, in bounded time, and shows and keeps no more than some lines of it."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import musmed
from support.loopback import NAME, loopback
from support.waiting import take

from engine.link import client, watchdog
from engine.link.deliveries import Banner
from engine.link.overheard import LOG_BYTES
from engine.link.protocol import PROTOCOL_VERSION
from engine.link.ssh import FarEngine, Host, connect, control_folder

HELLO = f"printf 'musmed-link {PROTOCOL_VERSION}\\n'"

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    with loopback(tmp_path, monkeypatch):
        yield


SILENT = "The engine has said nothing since its start for"
ANSWERS = {
    "noise": ("while :; do echo noise; done", "talks, but not musmed's language"),
    "zeros": ("head -c 1000000 /dev/zero", "talks, but not musmed's language"),
    "no frames": (f"{HELLO}; cat /dev/zero", "a header of 0 bytes"),
    "words": (f"{HELLO}; yes", "a header of"),
    "hello": (f"{HELLO}; sleep 1000", SILENT),
    "nothing": ("sleep 1000", SILENT),
    "bytes": ("while printf x; do sleep 0.1; done", SILENT),
    "lines": ("while echo x; do sleep 0.2; done", "The engine has not greeted since its start for"),
}
ALWAYS = ("noise", "no frames", "hello", "lines")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        pytest.param(*said, id=name, marks=() if name in ALWAYS else pytest.mark.long)
        for name, said in ANSWERS.items()
    ],
)
def test_whatever_answers_there_a_check_ends_with_a_sentence(
    command: str, words: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The limits are shorter than in use. Of a login's lines five are shown."""
    monkeypatch.setattr(client, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(watchdog, "RUNNING_SECONDS", 3.0)
    assert musmed(monkeypatch, "host", "add", "lab", NAME, "--command", command) == 0
    assert musmed(monkeypatch, "host", "check", "lab") == 1
    said = capfd.readouterr().out
    assert words in said
    assert said.count("It says:") <= 5


def test_what_an_engine_there_prints_does_not_fill_the_disk_here(tmp_path: Path) -> None:
    """And it is not held up by that: its greeting comes after 2 MB of it."""
    host = Host(NAME, f"head -c 2000000 /dev/zero >&2; echo done; {HELLO}; sleep 1000")
    connect(host, control_folder(), asks=False)
    told: queue.Queue[object] = queue.Queue()
    log = tmp_path / "engine.log"
    with log.open("wb") as file:
        one = client.EngineClient(told.put, far=FarEngine(host, control_folder()), log=file)
    assert take(told, one.pid) == Banner("done")
    one.close()
    assert 0 < log.stat().st_size <= LOG_BYTES
