"""Whole sessions through PortAudio's real callbacks in virtual time, against their renderings."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from support.waiting import bytes_under, end_of

from engine.audio.format import BLOCK_FRAMES, SAMPLE_RATE, Frames, frames_of
from engine.plan.clock import clip_count
from engine.plan.events import Event
from engine.plan.request import Request
from engine.render import render_session

SCRIPT = Path(__file__).parents[1] / "support" / "live_session.py"
QUICK_ENGINE = Path(__file__).parents[1] / "support" / "quick_engine.py"
one_process = pytest.mark.xdist_group("whole session")
"""The tests that share the whole session."""


Make = Callable[[Path], tuple[dict[str, str], Path]]


def played(
    make: Make,
    folder: Path,
    *engine: Path,
    minutes: int,
    seed: int,
    temperature: float,
    deeds: int = 0,
) -> tuple[Frames, Request, list[Event]]:
    """What PortAudio was given of a session, its request, and the events kept."""
    env, out = make(folder)
    arguments = [str(value) for value in (minutes, seed, temperature, deeds, folder, *engine)]
    command = [sys.executable, str(SCRIPT), "musmedfile", *arguments]
    process = subprocess.Popen(command, env=env)
    end_of(process, lambda: bytes_under(folder))
    assert process.returncode == 0
    assert (folder / "state.txt").read_text() == "finished gaps=0 restarts=0"
    request = msgspec.json.decode((folder / "request.json").read_bytes(), type=Request)
    events = msgspec.json.decode((folder / "events.json").read_bytes(), type=list[Event])
    samples = np.fromfile(out, np.float32)
    return samples.reshape(-1, 2), request, events


def rendered(folder: Path, request: Request, events: list[Event]) -> tuple[Frames, Path]:
    output = folder / "render.wav"
    result = render_session(
        request,
        output,
        events=events,
        progress=lambda _done, _total: None,
        log_file=folder / "render.log",
    )
    audio, rate = soundfile.read(output, dtype="float32")
    assert rate == SAMPLE_RATE
    return audio, result.sidecar


def same_from_the_start(recording: Frames, rendering: Frames) -> None:
    """The recording is the rendering, sample for sample, and silence around it."""
    first = np.flatnonzero(rendering.any(axis=1))[0]
    heard = np.flatnonzero(recording.any(axis=1))[0]
    lead = heard - first
    assert lead >= 0
    body = recording[lead : lead + len(rendering)]
    assert len(body) == len(rendering)
    assert np.array_equal(body, rendering)
    assert not recording[lead + len(rendering) :].any()


@pytest.fixture(scope="module", params=[4, pytest.param(15, marks=pytest.mark.long)])
def whole_session(
    virtual_portaudio: Make,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> tuple[Frames, Frames, Path]:
    """A session as PortAudio got it, as rendered, and the rendering's sidecar: four minutes of it,
    or fifteen."""
    folder = tmp_path_factory.mktemp("whole")
    recording, asked, events = played(
        virtual_portaudio, folder, minutes=request.param, seed=11, temperature=0.7
    )
    assert events == []
    rendering, sidecar = rendered(folder, asked, events)
    assert len(rendering) == frames_of(asked.seconds)
    return recording, rendering, sidecar


@one_process
def test_a_session_through_the_callback_equals_the_rendering(
    whole_session: tuple[Frames, Frames, Path],
) -> None:
    recording, rendering, _ = whole_session
    same_from_the_start(recording, rendering)


@pytest.mark.xdist_group("twenty deeds")
@pytest.mark.parametrize(
    ("minutes", "engine"), [(8, [QUICK_ENGINE]), pytest.param(15, [], marks=pytest.mark.long)]
)
def test_twenty_random_deeds_are_replayed_from_the_stored_events(
    virtual_portaudio: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
    engine: list[Path],
) -> None:
    """What is spliced where is the same whoever composes: eight minutes of the quick engine, or
    fifteen of the embedded composer."""
    if engine:
        argv = [sys.executable, "-P", *map(str, engine)]
        monkeypatch.setattr("engine.link.client.default_argv", lambda: argv)
    recording, request, events = played(
        virtual_portaudio, tmp_path, *engine, minutes=minutes, seed=23, temperature=0.5, deeds=20
    )
    assert len(events) == 20
    rendering, sidecar = rendered(tmp_path, request, events)
    same_from_the_start(recording, rendering)
    report = json.loads(sidecar.read_text())
    assert len(report["events"]) == 20
    splices = [c for c in report["clips"] if c["join"] and c["join"]["kind"] == "splice"]
    assert len(splices) == 20


def step(audio: Frames) -> float:
    """The largest sample-to-sample step."""
    return float(np.abs(np.diff(audio, axis=0)).max())


def level_error(joined: Frames, tail: Frames, head: Frames, correlation: float) -> float:
    """dB by which a join's level differs from the level its two clips lead one to expect: their
    powers in steps of 0.1 s (the music's own swell is no error of the join), weighed by the
    law's gains a = 1 - t and b = t and the correlation."""
    count = len(joined) // BLOCK_FRAMES
    p, q, measured = (
        np.mean(np.square(x[: count * BLOCK_FRAMES].reshape(count, -1), dtype=np.float64), axis=1)
        for x in (tail, head, joined)
    )
    b = (np.arange(count) + 0.5) / count
    a, r = 1 - b, max(0.0, correlation)
    weight = a**2 + b**2 + 2 * r * a * b
    expected = (a**2 * p + b**2 * q + 2 * r * a * b * np.sqrt(p * q)) / weight
    return float(10 * np.log10(measured.mean() / expected.mean()))


def clip_audio(folder: Path, clip: dict[str, int]) -> Frames:
    """A clip as it was composed, from the library of the live session."""
    (path,) = folder.glob(f"library/sessions/*/{clip['index']:04d}-{clip['revision']}.flac")
    audio, _ = soundfile.read(path, dtype="float32")
    return np.asarray(audio)


@one_process
def test_the_joins_of_a_session_are_seamless(
    whole_session: tuple[Frames, Frames, Path],
) -> None:
    _, rendering, sidecar = whole_session
    clips = json.loads(sidecar.read_text())["clips"]
    joins = [(clip, before) for before, clip in itertools.pairwise(clips)]
    assert len(joins) == clip_count(len(rendering) / SAMPLE_RATE) - 1
    folder = sidecar.parent
    changed = unchanged = 0
    for clip, before in joins:
        same = clip["tags"] == before["tags"] or (
            clip["tags"]["instrument"] == before["tags"]["instrument"]
            and clip["tags"]["genre"] == before["tags"]["genre"]
        )
        changed += not same
        unchanged += same
        if same:
            assert clip["join"]["law"] == "passthrough", clip["index"]
            assert clip["join"]["correlation"] == 1.0, clip["index"]
            assert clip["join"]["lag_s"] == 0
        at = round(clip["join"]["at_s"] * SAMPLE_RATE)
        end = round(before["end_s"] * SAMPLE_RATE)
        tail, head = clip_audio(folder, before), clip_audio(folder, clip)
        length = end - at
        error = level_error(
            rendering[at:end], tail[-length:], head[:length], clip["join"]["correlation"]
        )
        assert abs(error) <= 0.5, (clip["index"], error)
        for edge in (at, end):
            around = rendering[edge - frames_of(0.05) : edge + frames_of(0.05)]
            assert step(around) <= max(step(tail), step(head)), clip["index"]
    assert changed >= 2, "the session has joins between two ensembles too"
    assert unchanged >= 2, "and within one"
