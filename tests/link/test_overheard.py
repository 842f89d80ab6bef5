"""What ssh prints: it reaches the log, and its last words say what is the matter with the line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.link.overheard import LAST_BYTES, Overheard
from engine.link.ssh import fault_of


def test_all_is_in_the_log_and_the_end_is_kept(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    log = (tmp_path / "log").open("wb")
    overheard = Overheard(os.fdopen(reading, "rb"), log)
    log.close()  # whoever opened it may do so at any time
    said = b"".join(b"line %d\n" % number for number in range(2000))
    with os.fdopen(writing, "wb") as stream:
        stream.write(said)
    assert overheard.last(60.0) == said[-LAST_BYTES:]
    assert (tmp_path / "log").read_bytes() == said


def test_a_stream_that_somebody_holds_is_not_waited_for() -> None:
    reading, writing = os.pipe()
    overheard = Overheard(os.fdopen(reading, "rb"), None)
    assert overheard.last(0.0) == b""
    os.close(writing)


@pytest.mark.parametrize(
    ("status", "said", "fault"),
    [
        (255, b"u@h: Permission denied (publickey,keyboard-interactive).\r\n", "login"),
        (255, b"Received disconnect: Too many authentication failures\r\n", "login"),
        (255, b"ssh: connect to host h port 22: Connection refused\r\n", "down"),
        (255, b"", "down"),
        (1, b"sh: Permission denied (publickey)", ""),
        (-9, b"Permission denied (publickey)", ""),
        (None, b"", ""),
    ],
)
def test_only_ssh_knows_of_the_line(status: int | None, said: bytes, fault: str) -> None:
    assert fault_of(status, said) == fault
