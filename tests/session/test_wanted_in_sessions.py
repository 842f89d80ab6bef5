"""What is asked of the music itself, in real sessions: held, kept, and made again alike."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from support.card import Card
from support.waiting import session_end, wait_for_session

from engine.affect.circumplex import Affect
from engine.audio.format import Frames
from engine.plan.described import DescribedBar, Description
from engine.plan.events import Shape
from engine.plan.request import Request
from engine.plan.wanted import Faders, FaderStep, Features
from engine.playback.sinks.file import FileSink
from engine.playback.sinks.null import NullSink
from engine.render import render_session
from engine.session.library.library import Library
from engine.session.preparation import prepare
from engine.sidecar import read_report, report_path

CALM = Request(start=Affect(0.1, 0.6), target=Affect(0.5, -0.5), minutes=1, seed=5)
ASKED = msgspec.structs.replace(
    CALM,
    features=Features(tempo=70.0, energy=0.9),
    description=Description(
        bars=tuple(DescribedBar(mean_pitch=48.0 + bar, chords=("C:maj",)) for bar in range(24))
    ),
)
FEWER = Faders(density=0.2, register=0.8)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library(tmp_path / "library")
    yield opened
    opened.close()


def sound(path: Path) -> Frames:
    audio, _ = soundfile.read(path, dtype="float32")
    return np.asarray(audio)


def rendered(request: Request, output: Path, *events: Shape) -> Frames:
    render_session(
        request,
        output,
        events=events,
        progress=lambda _done, _total: None,
        log_file=output.with_suffix(".log"),
    )
    return sound(output)


@pytest.mark.usefixtures("quick_engine")
def test_faders_that_are_moved_while_it_plays_are_kept_and_made_again(
    library: Library, tmp_path: Path
) -> None:
    card = Card(8.0)
    live = prepare(ASKED, library=library, sink=card, log_file=tmp_path / "log")
    live.start()
    wait_for_session(live, lambda: live.status().playback.heard > 8)
    with card.standing():
        live.shape(FEWER)
        wait_for_session(live, lambda: len(live.status().events) == 1)
    (event,) = live.status().events
    assert event == Shape(event.at, FEWER)
    assert live.status().plan.faders == (FaderStep(event.at, FEWER),)
    wait_for_session(live, lambda: live.status().playback.heard > event.at + 9)
    live.stop()
    said = [notice.text for notice in live.take_notices()]
    live.close()
    assert any(one.startswith("Fewer notes, higher, from 0:") for one in said), said
    assert "The feeling and height 80 % pull apart" not in " ".join(said), "who moved it knows"
    stored = library.load(live.session)
    assert stored.events == (event,)
    assert stored.request == ASKED
    assert all(row.spec.description == ASKED.description for row in stored.clips.values())
    resumed = prepare(
        ASKED,
        library=library,
        sink=FileSink(tmp_path / "resumed.wav"),
        log_file=tmp_path / "log",
        resume=msgspec.structs.replace(stored, position=0.0),
    )
    resumed.start()
    session_end(resumed)
    resumed.close()
    again = rendered(ASKED, tmp_path / "again.wav", event)
    assert np.array_equal(sound(tmp_path / "resumed.wav"), again)
    report = read_report(report_path(tmp_path / "again.wav"))
    assert report.request == ASKED
    assert report.events == (event,)
    plain = rendered(CALM, tmp_path / "plain.wav")
    for other in (
        msgspec.structs.replace(ASKED, features=None),
        msgspec.structs.replace(ASKED, description=None),
    ):
        heard = rendered(other, tmp_path / "other.wav", event)
        assert not np.array_equal(heard, again)
        assert not np.array_equal(heard, plain)


@pytest.mark.usefixtures("quick_engine")
def test_a_description_is_kept_once(library: Library, tmp_path: Path) -> None:
    runner = prepare(ASKED, library=library, sink=NullSink(), log_file=tmp_path / "log")
    runner.start()
    wait_for_session(runner, lambda: len(runner.finished_clips()) > 1)
    runner.stop()
    runner.close()
    with sqlite3.connect(tmp_path / "library" / "library.sqlite") as kept:
        (specs,) = kept.execute("SELECT group_concat(spec) FROM clips").fetchone()
    assert "mean_pitch" not in specs
    assert "tempo" in specs


def test_a_request_that_asks_nothing_of_the_music_is_kept_as_an_older_musmed_reads_it(
    library: Library, tmp_path: Path
) -> None:
    now = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
    kept = [library.create(request, "embedded", 1, None, now) for request in (CALM, ASKED)]
    with sqlite3.connect(tmp_path / "library" / "library.sqlite") as opened:
        told = dict(opened.execute("SELECT id, request FROM sessions").fetchall())
    assert not {"features", "description"} & msgspec.json.decode(told[kept[0]]).keys()
    assert [library.load(session).request for session in kept] == [CALM, ASKED]


@pytest.mark.usefixtures("quick_engine")
def test_what_pulls_apart_is_said_before_the_first_sound(library: Library, tmp_path: Path) -> None:
    request = msgspec.structs.replace(CALM, features=Features(tempo=190.0, loudness=-12.0))
    runner = prepare(request, library=library, sink=NullSink(), log_file=tmp_path / "log")
    said = [notice.text for notice in runner.take_notices()]
    runner.close()
    assert said == [
        "A calm feeling and tempo 190 pull apart: tempo holds.",
        "Loudness -12 is more than comfort lets through: it plays at -19 LUFS.",
    ]
