"""The sound of a real session, to be seen as it plays."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.waiting import wait_for_session

from engine.affect.circumplex import Affect
from engine.plan.request import Request
from engine.playback.sinks.null import NullSink
from engine.playback.sound_columns import COLUMN_SECONDS
from engine.session.library.library import Library
from engine.session.preparation import prepare

REQUEST = Request(start=Affect(-0.5, 0.6), target=Affect(0.5, -0.5), minutes=1, seed=1)


@pytest.mark.usefixtures("quick_engine")
def test_what_plays_is_seen_before_it_is_heard(tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    runner = prepare(REQUEST, library=library, sink=NullSink(), log_file=tmp_path / "log")
    assert runner.sound() == ()
    runner.start()
    columns = wait_for_session(runner, runner.sound)
    assert [column.number for column in columns] == list(range(len(columns)))
    assert columns[-1].number * COLUMN_SECONDS <= runner.status().playback.heard + 3.0
    wait_for_session(runner, lambda: any(any(one.strengths) for one in runner.sound()))
    runner.stop()
    runner.close()
    library.close()
