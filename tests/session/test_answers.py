"""The joiner's answer to a splice is told to the conductor once the commands around it are done."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.affect.circumplex import Affect
from engine.composers.base import Marks
from engine.errors import MusmedError
from engine.plan.events import Ease
from engine.plan.request import Request
from engine.plan.spec import ClipKey
from engine.playback.sinks.null import NullSink
from engine.session.conductor.messages import (
    Command,
    DiscardClip,
    KeepEvent,
    Message,
    PlaceClip,
    Progress,
    Say,
    SplicePlaced,
)
from engine.session.library.library import Library
from engine.session.preparation import prepare

REQUEST = Request(start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=2)


def test_an_answer_waits_for_the_list_it_interrupts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(tmp_path / "library")
    runner = prepare(REQUEST, library=library, sink=NullSink(), log_file=tmp_path / "log")
    told: list[Message] = []
    first, second = ClipKey(0, 0), ClipKey(1, 0)

    def handle(message: Message) -> list[Command]:
        told.append(message)
        if isinstance(message, SplicePlaced):
            return [Say(f"answer {message.key.index}")]
        splice = [PlaceClip(key, Marks(), splice=True) for key in (first, second)]
        return [splice[0], Say("between"), splice[1], Say("last")]

    for key in (first, second):
        runner._executor.store.begin(key, 0, 48_000)
    monkeypatch.setattr(runner._conductor, "handle", handle)
    runner._tell(Progress(0))
    assert [n.text for n in runner.take_notices()] == ["between", "last", "answer 0", "answer 1"]
    assert [type(message) for message in told] == [Progress, SplicePlaced, SplicePlaced]
    runner.close()
    library.close()


def test_an_event_that_is_heard_is_kept_though_something_after_it_can_t_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(tmp_path / "library")
    runner = prepare(REQUEST, library=library, sink=NullSink(), log_file=tmp_path / "log")
    key, event = ClipKey(0, 0), Ease(1.0)

    def handle(message: Message) -> list[Command]:
        if isinstance(message, SplicePlaced):
            return [KeepEvent(event), Say("not reached")]
        return [PlaceClip(key, Marks(), splice=True), DiscardClip(ClipKey(9, 0))]

    def full(*_: object) -> None:
        raise MusmedError("The disk is full.")

    runner._executor.store.begin(key, 0, 48_000)
    monkeypatch.setattr(runner._conductor, "handle", handle)
    monkeypatch.setattr(library, "remove_clip", full)
    with pytest.raises(MusmedError, match="full"):
        runner._tell(Progress(0))
    assert library.load(runner.session).events == (event,)
    assert runner.take_notices() == []
    runner.close()
    library.close()
