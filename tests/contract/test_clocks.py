"""The wall clock says when something was, and decides nothing of what is heard: it jumps."""

from __future__ import annotations

import ast
import shlex
from pathlib import Path

import numpy as np
from support.real_player import (
    ASKED,
    ROOT,
    goes_on_as_if_nothing_had_been,
    kept,
    musmed,
    on_a_terminal,
    read,
    wait_until,
    whole,
)
from support.waiting import end_of

from engine.session.library.records import StoredSession

DATES = {
    "engine/link/meeting.py",  # which of the sockets is the newest
    "engine/service/hall.py",  # when it was asked for
    "engine/service/page_routes.py",  # when it was rated
    "engine/service/study_routes.py",  # when it was answered
    "engine/session/library/database.py",  # the name of a library that is set aside
    "engine/session/library/library.py",
    "engine/session/liking.py",  # when it was liked
    "engine/session/preparation.py",  # when it was begun
    "engine/study/listening/blinding.py",  # all sounds are as old as each other
    "musmed_tui/demo_home.py",  # what a killed demo left
    "musmed_tui/past_words.py",
    "musmed_tui/preference_words.py",
    "musmed_tui/rating.py",
    "musmed_tui/session_control.py",  # when it was rated
}
"""What says when something was. Beside these only commands without music do, evaluations and
trainings."""
WALL = {
    *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime"),
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
}
JUMPY = """
import datetime, os, time

_time = time.time

def jumped():
    try:
        with open(os.environ["JUMPS"]) as file:
            return _time() + float(file.read() or 0)
    except (OSError, ValueError):
        return _time()

class Jumpy(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(jumped(), tz)

time.time = jumped
datetime.datetime = Jumpy
"""
"""The wall clock of a process and of those it begins, so many seconds off as the file JUMPS says;
Python runs it as ``sitecustomize``."""
DAY = 86_400.0


def test_only_what_tells_of_days_asks_the_wall_clock() -> None:
    asks = set()
    for path in [*(ROOT / "engine").rglob("*.py"), *(ROOT / "musmed_tui").rglob("*.py")]:
        nodes = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Attribute)]
        names = {ast.unparse(node) for node in nodes}
        if names & WALL or any(node.attr == "st_mtime" for node in nodes):
            asks.add(path.relative_to(ROOT).as_posix())
    without_music = ("musmed_tui/commands/", "engine/evaluation/", "engine/training/")
    assert {path for path in asks if not path.startswith(without_music)} <= DATES


def another(home: Path, session: StoredSession) -> float:
    """How far the session was heard that was begun after ``session``; 0 before it is there."""
    newest = kept(home)
    return newest.position if newest.id != session.id else 0.0


def test_a_clock_that_jumps_is_not_heard_and_mixes_up_nothing(tmp_path: Path) -> None:
    """Ahead for two years and behind by 20, while it plays and between two sessions: the one that
    was begun last is gone on with, and both are the rendering."""
    home, jumps = tmp_path / "home", tmp_path / "jumps"
    (tmp_path / "shim").mkdir()
    (tmp_path / "shim" / "sitecustomize.py").write_text(JUMPY)
    path = f"{tmp_path / 'shim'}:{ROOT}"
    clock = {"PYTHONPATH": path, "JUMPS": str(jumps)}
    jumps.write_text(f"{700 * DAY}")
    before = ("--sink", f"file:{tmp_path / 'before.wav'}")
    process = musmed(home, "play", *ASKED, *before, **clock)
    out, _ = end_of(process)
    assert process.returncode == 0, out.decode()
    ahead = kept(home)
    with on_a_terminal(home, "play", *ASKED, "--sink", "null", **clock) as player:
        for seconds, jump in ((1.0, 900 * DAY), (2.0, -7_300 * DAY), (3.0, 0.0)):
            wait_until(
                player.process,
                home,
                lambda: player.shown() is not None and another(home, ahead) > seconds,  # noqa: B023
                f"{seconds} s of music",
            )
            jumps.write_text(f"{jump}")
        player.press(b"q")
        assert player.exit_code() == 0
    assert kept(home).id != ahead.id
    assert kept(home).state == "stopped"
    assert 3.0 < kept(home).position < 60.0
    assert np.array_equal(read(tmp_path / "before.wav"), whole(tmp_path, ahead, home))
    for words in ("sessions", "history --weeks"):
        process = musmed(home, *shlex.split(words), **clock)
        out, _ = end_of(process)
        assert process.returncode == 0, out.decode()
        assert b"Traceback" not in out
    goes_on_as_if_nothing_had_been(home, tmp_path)
