"""What a session was composed in, through the real engine: recorded, gone on in, made again in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import soundfile
from support.waiting import session_end

from engine.affect.circumplex import Affect
from engine.audio.format import Frames
from engine.composers.precision import USUAL
from engine.composers.speeds import Speeds
from engine.errors import MusmedError
from engine.plan.generation import Generation
from engine.plan.request import Request
from engine.playback.sinks.file import FileSink
from engine.render import RenderResult, render_kept, render_session
from engine.session.library.library import Library
from engine.session.library.records import StoredSession
from engine.session.preparation import prepare

torch = pytest.importorskip("torch")

from engine.composers.musicgen.model import device as devices


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "library")
    yield opened
    opened.close()


@pytest.fixture
def request_of(tiny_checkpoint: Path) -> Request:
    return Request(
        start=Affect(-0.4, 0.6),
        target=Affect(0.4, -0.6),
        minutes=1,
        seed=21,
        composer=str(tiny_checkpoint),
        generation=Generation(top_k=32, precision="int8"),
    )


def composed(library: Library, folder: Path, request: Request) -> StoredSession:
    runner = prepare(
        request,
        library=library,
        sink=FileSink(folder / "first.wav"),
        log_file=folder / "log",
        speeds=Speeds(folder),
    )
    try:
        runner.start()
        session_end(runner)
        assert runner.status().failure is None
    finally:
        runner.close()
    return library.load(runner.session)


def again(stored: StoredSession, folder: Path) -> RenderResult:
    return render_kept(
        stored,
        folder / "again.wav",
        progress=lambda _done, _total: None,
        log_file=folder / "log",
    )


def sound(path: Path) -> Frames:
    return np.asarray(soundfile.read(path, dtype="float32")[0])


def precisions_in(sidecar: Path) -> set[Any]:
    return {clip["precision"] for clip in json.loads(sidecar.read_text())["clips"]}


def with_precision(stored: StoredSession, precision: str) -> StoredSession:
    """As if its records said so, and nobody had wished for anything."""
    clips = {}
    for key, clip in stored.clips.items():
        assert clip.record is not None
        record = msgspec.structs.replace(clip.record, precision=precision)
        clips[key] = msgspec.structs.replace(clip, record=record)
    generation = msgspec.structs.replace(stored.request.generation, precision="auto")
    request = msgspec.structs.replace(stored.request, generation=generation)
    return msgspec.structs.replace(stored, clips=clips, request=request)


def test_a_session_is_recorded_and_made_again_in_what_it_was_composed_in(
    library: Library, tmp_path: Path, request_of: Request
) -> None:
    """Where nothing is wished for any more, too: the records count."""
    stored = composed(library, tmp_path, request_of)
    assert {clip.record.precision for clip in stored.clips.values() if clip.record} == {"int8"}
    assert stored.precision == "int8"
    first = sound(tmp_path / "first.wav")
    made = again(with_precision(stored, "int8"), tmp_path)
    assert precisions_in(made.sidecar) == {"int8"}
    assert np.array_equal(sound(made.path), first)
    assert not made.notices
    speeds = Speeds(tmp_path)
    assert speeds.of(request_of.composer) is None, "it says nothing of what 'auto' comes to"
    assert speeds.of(f"{request_of.composer} (int8)") is not None

    before = with_precision(stored, "")
    assert before.precision == USUAL
    made = again(before, tmp_path)
    usual = devices.here().usual
    assert precisions_in(made.sidecar) == {usual}
    assert not np.array_equal(sound(made.path), first)
    assert not made.notices

    made = again(with_precision(stored, "float16"), tmp_path)
    (notice,) = made.notices
    assert notice.text == (
        "This session was composed in float16 so far, which the processor here does not take; what "
        f"is composed now is in {usual} and may sound a little different."
    )
    assert precisions_in(made.sidecar) == {usual}


def test_a_wish_that_is_met_nowhere_begins_nothing(
    library: Library, tmp_path: Path, request_of: Request
) -> None:
    generation = msgspec.structs.replace(request_of.generation, decoder="reference")
    wished = msgspec.structs.replace(request_of, generation=generation)
    with pytest.raises(MusmedError, match="--decoder reference takes float32 or bfloat16"):
        composed(library, tmp_path, wished)
    assert not library.sessions()
    with pytest.raises(MusmedError, match="--decoder reference takes float32 or bfloat16"):
        render_session(
            wished,
            tmp_path / "none.wav",
            progress=lambda _done, _total: None,
            log_file=tmp_path / "log",
        )
