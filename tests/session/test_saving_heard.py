"""Saving what was heard, where the file is faster than what is given to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import soundfile
from support.card import Card
from support.waiting import STALL_SECONDS, session_end, wait_for, wait_for_session

from engine.affect.circumplex import Affect
from engine.audio.format import frames_of
from engine.heard import LOOK_SECONDS, fade_end, write_heard
from engine.plan.request import Request
from engine.playback.feeder import Feeder
from engine.playback.joiner import Block
from engine.playback.sinks.file import FileSink
from engine.render import render_session
from engine.session.library.library import Library
from engine.session.preparation import prepare

pytestmark = pytest.mark.usefixtures("quick_engine")
REQUEST = Request(start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=2, temperature=0)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "library")
    yield opened
    opened.close()


def test_the_fade_of_a_stop_waits_for_what_is_on_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read last is not in the ring yet when the file has come to where it stops."""
    wrote, end = Feeder._push, fade_end(frames_of(34.2), frames_of(120.0))

    def slowly(self: Any, block: Block) -> None:
        if block.session_frame < end <= block.session_frame + len(block.audio):
            wait_for(lambda: self._ring.filled < frames_of(0.4), moves=lambda: self._ring.taken)
            time.sleep(0.1)  # the file has come to where it stops; this was read, and not written
        wrote(self, block)

    monkeypatch.setattr(Feeder, "_push", slowly)
    result = render_session(
        REQUEST,
        tmp_path / "until.flac",
        progress=lambda _done, _total: None,
        log_file=tmp_path / "log",
        until=34.2,
    )
    assert soundfile.info(result.path).frames == frames_of(34.2 + 0.4)


def test_what_was_heard_of_a_late_clip_is_composed_again(library: Library, tmp_path: Path) -> None:
    """Where the next clip was late when it was stopped, no clip holds what was heard last."""
    runner = prepare(REQUEST, library=library, log_file=tmp_path / "log", sink=Card(8.0))
    runner.start()
    wait_for_session(runner, lambda: runner.status().playback.heard > 1)
    runner.steer(Affect(0.7, 0.4), "glad")
    session_end(runner)
    runner.close()
    stored = library.load(runner.session)
    for kept, until, seconds in (
        (2, 44.3, 44.7),
        (2, 44.5, None),  # of the fade of a stop the last is in the next clip
        (2, 50.0, None),
        (2, 52.5, None),
        (2, 60.0, None),
        (5, 119.9, 120.0),
    ):
        stopped = msgspec.structs.replace(
            stored,
            position=until,
            state="stopped",
            clips={key: row for key, row in stored.clips.items() if key.index < kept},
        )
        sink = FileSink(tmp_path / f"{until}.flac")
        called: list[float] = []
        written = write_heard(
            stopped,
            library.clip_folder(stored.id),
            sink,
            progress=lambda done, _total, called=called: called.append(done),  # type: ignore[misc]
            cancelled=lambda called=called: stood_still(called),  # type: ignore[misc]
        )
        assert not stood_still(called), "it waits for what will not come"
        assert (written is None) == (seconds is None)
        if seconds is not None:
            assert soundfile.info(tmp_path / f"{until}.flac").frames == frames_of(seconds)


def stood_still(called: list[float]) -> bool:
    """Nothing more has come for as long as only a hang takes."""
    looks = round(STALL_SECONDS / LOOK_SECONDS)
    return called[-1:] * looks == called[-looks:] and len(called) >= looks
