"""Whether another machine answers again: what is run for that, by an ``ssh`` that only notes it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.waiting import wait_for

from engine.link.knocking import Answer, Knocking
from engine.link.ssh import FarEngine, Host

SSH = """#!/bin/sh
echo "$@" >> {folder}/asked
case " $* " in
  *" -O check "*) test -e {folder}/kept && exit 0; exit 255;;
esac
if test -e {folder}/hangs; then exec sleep 1000; fi
cat {folder}/said >&2
exit $(cat {folder}/status)
"""


class Line:
    """A line to a machine, in the test's hands."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        shim = folder / "bin" / "ssh"
        shim.parent.mkdir()
        shim.write_text(SSH.format(folder=folder))
        shim.chmod(0o755)
        monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
        monkeypatch.setattr("engine.link.knocking.KEPT_SECONDS", 0.01)
        self.ends(255, "ssh: connect to host lab port 22: No route to host")
        self.told: list[Answer] = []

    def ends(self, status: int, said: str = "") -> None:
        (self.folder / "said").write_text(said)
        (self.folder / "status").write_text(str(status))

    def asked(self) -> list[str]:
        place = self.folder / "asked"
        return place.read_text().splitlines() if place.exists() else []

    def knock(self) -> Knocking:
        far = FarEngine(Host("lab"), self.folder)
        return Knocking(far, self.told.append, delays=(0.01,))


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    return Line(tmp_path, monkeypatch)


def test_it_looks_until_it_answers_and_never_asks(line: Line) -> None:
    knocking = line.knock()
    wait_for(lambda: len(line.asked()) >= 4)
    assert line.told == []
    line.ends(0)
    wait_for(lambda: line.told)
    count = len(line.asked())
    knocking._thread.join()
    assert line.told == ["up"]
    assert len(line.asked()) == count
    assert all("BatchMode=yes" in words for words in line.asked())
    knocking.close()


def test_of_a_login_that_asks_is_told_once_and_then_only_a_made_line_is_looked_for(
    line: Line,
) -> None:
    line.ends(255, "user@lab: Permission denied (publickey,keyboard-interactive).")
    knocking = line.knock()
    wait_for(lambda: line.told)
    before = len(line.asked())
    wait_for(lambda: len(line.asked()) >= before + 5)
    assert line.told == ["login"]
    assert all(" -O check " in words for words in line.asked()[before:])
    (line.folder / "kept").touch()
    wait_for(lambda: len(line.told) == 2)
    assert line.told == ["login", "up"]
    knocking.close()


def test_what_looks_when_a_session_ends_is_ended(line: Line) -> None:
    (line.folder / "hangs").touch()
    knocking = line.knock()
    wait_for(lambda: knocking._process is not None and any(" -N " in w for w in line.asked()))
    process = knocking._process
    assert process is not None
    knocking.close()
    knocking.close()
    assert process.wait() != 0
    assert line.told == []
