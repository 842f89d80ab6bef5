"""The wish for a synthesis on its way to the engine, and what the engine made of it on its way
back, into a session's record."""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable, Iterator
from ctypes.util import find_library
from pathlib import Path

import msgspec
import pytest
from support.tiny_soundfont import tiny_soundfont
from support.waiting import session_end, take, wait_for_session

from engine.affect.circumplex import Affect
from engine.composers.options import ComposerOptions
from engine.composers.score.composer import EmbeddedComposer
from engine.composers.score.sound.soundfont import PLACES, choose
from engine.composers.synthesis import BUILTIN, Synthesis
from engine.link.client import EngineClient
from engine.link.deliveries import ClipEnded, Delivery, EngineLost
from engine.link.protocol import Opened
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.playback.sinks.file import FileSink
from engine.render import render_kept, render_session, said_of_changes
from engine.session.library.library import Library
from engine.session.library.records import StoredSession
from engine.session.preparation import prepare
from engine.session.runner import SessionRunner
from engine.sidecar import report_path

pytestmark = pytest.mark.usefixtures("quick_engine")
REQUEST = Request(start=Affect(-0.4, 0.6), target=Affect(0.5, -0.5), minutes=1, seed=9)
REAL = [sys.executable, "-P", "-m", "engine"]
OWN = choose(Synthesis()).identity
GONE = "fluidsynth 2.3.1 0123456789abcdef Gone.sf2"
INSTALLED = find_library("fluidsynth") is not None and any(p.is_file() for p in PLACES)
Engine = tuple[EngineClient, Callable[[type], Delivery]]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """The real one."""
    told: queue.Queue[Delivery] = queue.Queue()
    with (tmp_path / "log").open("ab") as log:
        client = EngineClient(told.put, argv=REAL, log=log)

    def until(kind: type) -> Delivery:
        while not isinstance(heard := take(told, client.pid), kind):
            assert not isinstance(heard, EngineLost), heard
        return heard

    yield client, until
    client.close()


def test_the_engine_says_what_sounds_the_notes(engine: Engine) -> None:
    client, until = engine
    client.open("embedded")
    assert until(Opened) == Opened("embedded", EmbeddedComposer.version, OWN, "")
    client.open("embedded", ComposerOptions(synthesis=Synthesis("fluidsynth", "/nowhere.sf2")))
    opened = until(Opened)
    assert isinstance(opened, Opened)
    assert opened.synthesis == OWN
    assert opened.notice.endswith("; the built-in synthesis plays instead.")
    client.open("embedded", ComposerOptions(synthesis=Synthesis("fluidsynth")))
    opened = until(Opened)
    assert isinstance(opened, Opened)
    assert opened.synthesis.startswith("fluidsynth " if INSTALLED else BUILTIN)
    client.compose(make_plan(REQUEST).clips[0], b"")
    ended = until(ClipEnded)
    assert isinstance(ended, ClipEnded)
    assert ended.record.synthesis == opened.synthesis


@pytest.mark.skipif(find_library("fluidsynth") is None, reason="needs libfluidsynth")
def test_the_engine_says_what_was_built_in_all_the_same(engine: Engine, tmp_path: Path) -> None:
    """From the real engine into the clip's record, which library and sidecar keep."""
    path = tmp_path / "pianos.sf2"
    path.write_bytes(tiny_soundfont([(0, 0)]))
    client, until = engine
    client.open("embedded", ComposerOptions(synthesis=Synthesis("fluidsynth", str(path))))
    opened = until(Opened)
    assert isinstance(opened, Opened)
    assert opened.synthesis.endswith(" pianos.sf2")
    assert "lacks" in opened.notice
    client.compose(make_plan(REQUEST).clips[0], b"")
    ended = until(ClipEnded)
    assert isinstance(ended, ClipEnded)
    played = {name for bar in ended.record.bars for name in bar.instruments} - {"piano"}
    assert ended.record.built_in
    assert set(ended.record.built_in) <= played


def test_a_kept_session_goes_on_with_its_own_synthesis(tmp_path: Path) -> None:
    """One that was sounded with a soundfont that is gone says so, once, and goes on."""
    library = Library(tmp_path / "library")
    first = prepare(
        REQUEST,
        library=library,
        sink=FileSink(tmp_path / "first.wav"),
        log_file=tmp_path / "log",
    )
    first.start()
    wait_for_session(first, lambda: len(library.load(first.session).clips) >= 2)
    first.stop()
    first.close()
    stored = library.load(first.session)
    assert stored.synthesis == OWN
    clips = {
        key: msgspec.structs.replace(
            clip, record=clip.record and msgspec.structs.replace(clip.record, synthesis=GONE)
        )
        for key, clip in stored.clips.items()
    }
    stored = msgspec.structs.replace(stored, clips=clips)
    assert stored.synthesis == GONE
    again = prepare(
        stored.request,
        library=library,
        sink=FileSink(tmp_path / "again.wav"),
        log_file=tmp_path / "log",
        resume=stored,
        options=ComposerOptions(synthesis=Synthesis("auto")),
    )
    again.start()
    session_end(again)
    again.close()
    said = [n.text for n in again.take_notices() if "built-in synthesis" in n.text]
    assert len(said) == 1
    assert "Gone.sf2" in said[0] or "not installed" in said[0]
    assert library.load(first.session).synthesis == OWN
    library.close()


@pytest.mark.parametrize("asked", [None, False])
def test_a_kept_session_goes_on_gated_as_it_was_and_is_made_again_so(
    tmp_path: Path, asked: bool | None
) -> None:
    """Unless it is asked to go on otherwise, which is said."""
    library = Library(tmp_path / "library")

    def play(denoise: bool | None, resume: StoredSession | None = None) -> SessionRunner:
        runner = prepare(
            REQUEST,
            library=library,
            sink=FileSink(tmp_path / "out.wav"),
            log_file=tmp_path / "log",
            options=ComposerOptions(denoise=denoise),
            resume=resume,
        )
        runner.start()
        return runner

    first = play(True)
    wait_for_session(first, lambda: len(library.load(first.session).clips) >= 2)
    first.stop()
    first.close()
    stored = library.load(first.session)
    heard = {key: clip for key, clip in stored.clips.items() if key.index < 2}
    stored = msgspec.structs.replace(stored, clips=heard)
    again = play(asked, stored)
    session_end(again)
    again.close()
    said = [n.text for n in again.take_notices() if "denoised" in n.text]
    stored = library.load(first.session)
    records = [stored.records[key] for key in sorted(stored.records)]
    gatings = [record.gating for record in records if record is not None]
    library.close()
    result = render_kept(
        stored,
        tmp_path / "again.wav",
        progress=lambda _done, _total: None,
        log_file=tmp_path / "log",
    )
    told = msgspec.json.decode(report_path(result.path).read_bytes())
    made = {clip["gating"] for clip in told["clips"]}
    if asked is None:
        assert (set(gatings), said, said_of_changes(stored)) == ({"on"}, [], ())
        assert made == {"on"}
    else:
        assert (gatings[0], gatings[-1]) == ("on", "off")
        assert said == ["This session was denoised so far; what is composed now is not."]
        assert said_of_changes(stored) == (
            "This session was denoised in part, so the rendering is not what was heard.",
        )
        assert made == {"off"}


def test_the_sidecar_says_what_sounded_it(tmp_path: Path) -> None:
    output = tmp_path / "out.wav"
    result = render_session(
        REQUEST,
        output,
        options=ComposerOptions(synthesis=Synthesis(GONE)),
        progress=lambda _done, _total: None,
        log_file=tmp_path / "log",
    )
    assert [notice for notice in result.notices if "built-in" in notice.text]
    told = msgspec.json.decode(report_path(output).read_bytes())
    assert told["versions"]["synthesis"] == [OWN]
