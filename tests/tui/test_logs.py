"""The log of what C libraries write, while a session lasts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.waiting import wait_for

from musmed_tui.logs import stderr_to


def test_a_raw_log_is_bounded_while_it_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sound device that is away for a night: ALSA complains at every attempt to open it."""
    monkeypatch.setattr("musmed_tui.logs.LOOK_SECONDS", 0.001)
    monkeypatch.setattr("musmed_tui.logs.RAW_BYTES", 1_000)
    log, before = tmp_path / "engine.log", tmp_path / "engine.log.1"
    with stderr_to(log):
        os.write(2, b"few\n")
        os.write(2, b"many\n" * 400)
        wait_for(lambda: before.is_file() and not log.stat().st_size)
        assert before.read_bytes() == b"few\n" + b"many\n" * 400
        os.write(2, b"again\n")
    assert log.read_bytes() == b"again\n"
    assert before.stat().st_mode & 0o777 == 0o600
