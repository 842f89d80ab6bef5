"""More and less of what is heard, in a real session: kept as events, and played again alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import soundfile
from support.waiting import session_end, wait_for_session

from engine.affect.circumplex import Affect
from engine.plan.events import Less, More
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.playback.sinks.file import FileSink
from engine.session.library.library import Library
from engine.session.preparation import prepare

REQUEST = Request(
    start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=5, temperature=1.0, seed=4
)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "library")
    yield opened
    opened.close()


@pytest.mark.usefixtures("quick_engine")
@pytest.mark.parametrize("more", [True, False])
def test_a_wish_is_an_event_and_is_played_again_alike(
    library: Library, tmp_path: Path, more: bool
) -> None:
    place = tmp_path / "first.wav"
    runner = prepare(REQUEST, library=library, sink=FileSink(place), log_file=tmp_path / "log")
    runner.start()
    wait_for_session(runner, lambda: runner.status().clips[0].record is not None)
    runner.wish(more)
    session_end(runner)
    said = [notice.text for notice in runner.take_notices() if notice.answer]
    runner.close()
    stored = library.load(runner.session)
    (event,) = stored.events
    assert isinstance(event, More if more else Less)
    here = make_plan(REQUEST).clips[0].tags
    assert (event.players.instrument, event.players.genre) == (here.instrument, here.genre)
    plain, wished = make_plan(REQUEST), make_plan(REQUEST, stored.events)
    assert wished.changes != plain.changes
    if not more:
        later = next(clip for clip in wished.clips if clip.start >= event.at)
        assert later.tags.instrument != here.instrument
        assert later.key in stored.records, "it was composed as it is now planned"
    expected = "stay a while" if more else "take over by"
    assert any(expected in one for one in said), said
    again = tmp_path / "again.wav"
    replayed = prepare(
        stored.request, library=library, sink=FileSink(again), log_file=tmp_path / "log",
        resume=msgspec.structs.replace(stored, position=0.0),
    )  # fmt: skip
    replayed.start()
    session_end(replayed)
    replayed.close()
    heard = [soundfile.read(one, dtype="int32")[0].tobytes() for one in (place, again)]
    assert heard[0] == heard[1]
