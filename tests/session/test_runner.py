"""The running session under real failures: a full disk, lost clips, dead engines, bad sinks."""

from __future__ import annotations

import json
import math
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.card import Card, SteppedFile
from support.waiting import session_end, wait_for, wait_for_session

from engine.affect.circumplex import Affect
from engine.audio.format import Frames, frames_of
from engine.errors import MusmedError
from engine.link.deliveries import Delivery
from engine.link.framing import LinkError
from engine.link.inbox import ClipMessage, Inbox
from engine.link.protocol import ClipDone
from engine.plan.request import Request
from engine.playback.clips import ClipStore
from engine.playback.sinks.file import FileSink
from engine.render import render_session
from engine.session.library.library import Library
from engine.session.preparation import prepare
from engine.session.runner import SessionRunner

pytestmark = pytest.mark.usefixtures("quick_engine")
REQUEST = Request(start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=2, temperature=0)
FAST = 8.0
NO_ENGINE = [sys.executable, "-c", "raise SystemExit(3)"]


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "library")
    yield opened
    opened.close()


@pytest.fixture
def make(library: Library, tmp_path: Path) -> Iterator[Callable[..., SessionRunner]]:
    made: list[SessionRunner] = []

    def runner(**wanted: object) -> SessionRunner:
        wanted = {"sink": Card(FAST)} | wanted
        request = wanted.pop("request", REQUEST)
        log = tmp_path / "engine.log"
        one = prepare(request, library=library, log_file=log, **wanted)  # type: ignore[arg-type]
        made.append(one)
        return one

    yield runner
    for one in made:
        one.close()


def heard(runner: SessionRunner) -> float:
    return runner.status().playback.heard


def said(runner: SessionRunner) -> str:
    return "\n".join(notice.text for notice in runner.take_notices())


def test_a_full_disk_ends_composing_but_not_the_music_that_is_here(
    make: Callable[..., SessionRunner], library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Card(0.0)  # nothing is heard before the third clip is composed
    runner = make(sink=card)
    append = ClipStore.append

    def full(store: ClipStore, key: tuple[int, int], audio: Frames) -> None:
        if key[0] == 2:
            raise MusmedError("The disk is full; free some space.")
        append(store, key, audio)  # type: ignore[arg-type]

    monkeypatch.setattr(ClipStore, "append", full)
    runner.start()
    wait_for_session(runner, lambda: runner.status().failure is not None)
    card.rate = FAST
    runner.ease()
    runner.seek(40)
    session_end(runner)
    assert heard(runner) > 50, "clip 1 is heard to its end at 52.5 s"
    status = runner.status()
    assert (status.phase, status.failure) == ("failed", "The disk is full; free some space.")
    words = said(runner)
    assert "What is composed is still played." in words
    assert "can't be changed" in words
    stored = library.load(runner.session)
    assert stored.state == "interrupted"
    assert stored.position == pytest.approx(heard(runner))
    assert sorted(key.index for key in stored.clips) == [0, 1]


def test_a_clip_that_is_lost_while_it_is_played_ends_the_session_in_words(
    make: Callable[..., SessionRunner], library: Library
) -> None:
    card = Card(0.0)
    runner = make(sink=card)
    runner.start()
    folder = library.clip_folder(runner.session)
    wait_for_session(runner, (folder / "0004-0.flac").exists)
    for path in folder.glob("*.flac"):
        path.unlink()
    card.rate = FAST
    session_end(runner)
    status = runner.status()
    assert status.phase == "failed"
    assert "can't be read" in (status.failure or "")
    runner.close()
    stored = library.load(runner.session)
    assert stored.state == "interrupted"
    again = make(resume=stored)
    again.start()
    wait_for_session(again, lambda: heard(again) > stored.position + 10)
    assert again.status().failure is None


def test_an_engine_that_cannot_be_started_leaves_nothing_behind(
    make: Callable[..., SessionRunner], library: Library
) -> None:
    runner = make(engine_argv=["/nonexistent/musmed"])
    with pytest.raises(MusmedError, match="can't be started"):
        runner.start()
    runner.close()
    assert library.sessions() == ()


def test_an_engine_that_never_works_is_said_and_ends_the_session(
    make: Callable[..., SessionRunner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.session.conductor.conductor.RESTART_DELAYS", (0.0,) * 5)
    runner = make(engine_argv=NO_ENGINE)
    runner.start()
    session_end(runner)
    status = runner.status()
    assert status.phase == "failed"
    assert "can't go on" in (status.failure or "")
    assert status.restarts == 6


def test_a_file_that_cannot_be_written_any_more_ends_the_session_at_once(
    make: Callable[..., SessionRunner], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from engine.audio.files import AudioWriter

    def full(_writer: AudioWriter, _audio: Frames) -> None:
        raise MusmedError("The disk is full, so it can't be written.")

    monkeypatch.setattr(AudioWriter, "write", full)
    monkeypatch.setattr("engine.playback.outlet.RETRY_SECONDS", 1e6)
    runner = make(sink=FileSink(tmp_path / "out.wav"))
    runner.start()
    session_end(runner)
    assert runner.status().failure == "The disk is full, so it can't be written."
    assert runner.status().playback.sink.startswith("file")


@pytest.mark.parametrize("how", ["stop", "end"])
def test_the_state_says_how_a_session_ended(
    how: str, make: Callable[..., SessionRunner], library: Library
) -> None:
    runner = make()
    runner.start()
    wait_for_session(runner, lambda: heard(runner) > 1)
    if how == "stop":
        runner.stop()
    else:
        wait_for_session(runner, lambda: runner.status().clips[-1].phase == "ready")
        runner.seek(117)
    session_end(runner)
    runner.close()
    stored = library.load(runner.session)
    assert stored.state == {"stop": "stopped", "end": "finished"}[how]
    assert runner.status().phase == {"stop": "stopped", "end": "ended"}[how]
    assert (library.latest_unfinished() == runner.session) == (how == "stop")


def test_sessions_leave_no_threads_and_no_files_open(make: Callable[..., SessionRunner]) -> None:
    def once() -> None:
        runner = make()
        runner.start()
        wait_for_session(runner, lambda: heard(runner) > 0.5)
        runner.stop()
        session_end(runner)
        runner.close()

    def open_things() -> tuple[int, int]:
        return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    once()
    before = open_things()
    for _ in range(3):
        once()
    # Fewer may be open than before: what other tests left behind can end meanwhile.
    wait_for(lambda: all(now <= then for now, then in zip(open_things(), before, strict=True)))


def test_a_session_is_over_once_its_last_clip_has_its_record(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file takes the last of the audio faster than an engine says that it was the last."""
    take = Inbox.take
    told = threading.Event()

    def slowly(inbox: Inbox, message: ClipMessage, payload: bytes) -> Delivery | None:
        if isinstance(message, ClipDone) and message.index == 4:
            told.wait(1.0)  # longer than the file takes, where nothing waits for the record
        return take(inbox, message, payload)

    monkeypatch.setattr(Inbox, "take", slowly)
    result = render_session(
        REQUEST,
        tmp_path / "out.wav",
        progress=lambda _done, _total: None,
        log_file=tmp_path / "log",
    )
    clips = json.loads(result.sidecar.read_text())["clips"]
    assert [clip["index"] for clip in clips] == [0, 1, 2, 3, 4]


def test_an_engine_that_is_lost_before_its_last_word_says_it_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All the audio is here; the record of the last clip comes from the next engine."""
    take = Inbox.take
    lost: list[ClipDone] = []

    def losing(inbox: Inbox, message: ClipMessage, payload: bytes) -> Delivery | None:
        if isinstance(message, ClipDone) and message.index == 4 and not lost:
            lost.append(message)
            raise LinkError("The line dropped.")
        return take(inbox, message, payload)

    monkeypatch.setattr(Inbox, "take", losing)
    result = render_session(
        REQUEST,
        tmp_path / "out.wav",
        progress=lambda _done, _total: None,
        log_file=tmp_path / "log",
    )
    assert lost
    clips = json.loads(result.sidecar.read_text())["clips"]
    assert [clip["index"] for clip in clips] == [0, 1, 2, 3, 4]


def test_what_is_heard_after_going_back_and_acting_equals_its_rendering(
    make: Callable[..., SessionRunner], library: Library, tmp_path: Path
) -> None:
    live, again = tmp_path / "live.wav", tmp_path / "again.wav"
    sink = SteppedFile(live, until=22)
    runner = make(sink=sink)
    runner.start()

    def events() -> list[float]:
        return [event.at for event in runner.status().events]

    wait_for_session(runner, lambda: heard(runner) > 20)
    runner.ease()
    wait_for_session(runner, lambda: len(events()) == 1)
    sink.until = 62
    wait_for_session(runner, lambda: heard(runner) > 60)
    runner.steer(Affect(0.7, 0.4), "glad")
    wait_for_session(runner, lambda: len(events()) == 2)
    sink.until = events()[1] + 7
    wait_for_session(runner, lambda: heard(runner) > events()[1] + 5)
    assert runner.seek(40) == 40
    runner.skip()
    wait_for_session(runner, lambda: len(events()) == 2 and events()[1] < 60)
    sink.until = math.inf  # not before: a file is written faster than a splice is composed
    session_end(runner)
    runner.close()
    stored = library.load(runner.session)
    assert runner.status().failure is None
    assert (stored.state, stored.events) == ("finished", runner.status().events)
    assert {key.revision for key in stored.clips} == {0, 1, 2}
    render_session(
        REQUEST,
        again,
        events=stored.events,
        progress=lambda _done, _total: None,
        log_file=tmp_path / "log",
    )
    played, _ = soundfile.read(live, dtype="float32")
    rendered, _ = soundfile.read(again, dtype="float32")
    rest = len(rendered) - frames_of(41)
    assert len(played) > len(rendered) + frames_of(20), "some was heard twice"
    np.testing.assert_array_equal(played[-rest:], rendered[-rest:])
