"""Whole sessions through PortAudio's real callbacks in virtual time, against their renderings."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import soundfile
from support.waiting import bytes_under, end_of, session_end

from engine.affect.feelings import parse_affect
from engine.audio.format import BLOCK_FRAMES, SAMPLE_RATE, Frames, frames_of
from engine.plan.clock import clip_count
from engine.plan.events import Event
from engine.plan.request import Request
from engine.playback.sinks.file import FileSink
from engine.render import render_session
from engine.session.library.library import Library
from engine.session.preparation import prepare
from engine.sidecar import report_path, write_report

SCRIPT = Path(__file__).parents[1] / "support" / "live_session.py"
QUICK_ENGINE = Path(__file__).parents[1] / "support" / "quick_engine.py"
TENSE_TO_CALM = Request(
    start=parse_affect("tense")[0],
    target=parse_affect("calm")[0],
    start_word="tense",
    target_word="calm",
    seed=11,
    temperature=0.7,
)

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


def engines_are(engine: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever renders in this process has the same engine as whoever played."""
    if engine:
        argv = [sys.executable, "-P", *map(str, engine)]
        monkeypatch.setattr("engine.link.client.default_argv", lambda: argv)


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


@pytest.mark.parametrize(
    ("minutes", "engine"), [(2, [QUICK_ENGINE]), pytest.param(15, [], marks=pytest.mark.long)]
)
def test_a_session_through_the_callback_equals_the_rendering(
    virtual_portaudio: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
    engine: list[Path],
) -> None:
    """What passes through the callback does not depend on who composes: two minutes of the quick
    engine, or fifteen of the embedded composer."""
    engines_are(engine, monkeypatch)
    recording, request, events = played(
        virtual_portaudio, tmp_path, *engine, minutes=minutes, seed=11, temperature=0.7
    )
    assert events == []
    rendering, _ = rendered(tmp_path, request, events)
    assert len(rendering) == frames_of(request.seconds)
    same_from_the_start(recording, rendering)


@pytest.mark.xdist_group("six deeds")
@pytest.mark.parametrize(
    ("length", "engine"),
    [((2, 6), [QUICK_ENGINE]), pytest.param((15, 20), [], marks=pytest.mark.long)],
)
def test_random_deeds_are_replayed_from_the_stored_events(
    virtual_portaudio: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    length: tuple[int, int],
    engine: list[Path],
) -> None:
    """What is spliced where is the same whoever composes: six deeds in two minutes of the
    quick engine, or twenty in fifteen of the embedded composer."""
    minutes, deeds = length
    engines_are(engine, monkeypatch)
    recording, request, events = played(
        virtual_portaudio,
        tmp_path,
        *engine,
        minutes=minutes,
        seed=23,
        temperature=0.5,
        deeds=deeds,
    )
    assert len(events) == deeds
    rendering, sidecar = rendered(tmp_path, request, events)
    same_from_the_start(recording, rendering)
    report = json.loads(sidecar.read_text())
    assert len(report["events"]) == deeds
    splices = [c for c in report["clips"] if c["join"] and c["join"]["kind"] == "splice"]
    assert len(splices) == deeds


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
    """A clip as it was composed, from a library in ``folder``."""
    (path,) = folder.glob(f"sessions/*/{clip['index']:04d}-{clip['revision']}.flac")
    audio, _ = soundfile.read(path, dtype="float32")
    return np.asarray(audio)


@pytest.fixture(scope="module", params=[(4, 1), pytest.param((15, 11), marks=pytest.mark.long)])
def composed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Frames, list[dict[str, Any]], Path]:
    """A session of the embedded composer, its clips as the sidecar has them, its library's folder:
    four minutes of it, with a seed by which its players change, or fifteen."""
    folder = tmp_path_factory.mktemp("composed")
    minutes, seed = request.param
    asked = msgspec.structs.replace(TENSE_TO_CALM, minutes=float(minutes), seed=seed)
    library = Library(folder)
    runner = prepare(
        asked, library=library, sink=FileSink(folder / "out.wav"), log_file=folder / "log"
    )
    runner.start()
    session_end(runner)
    runner.close()
    library.close()
    sidecar = report_path(folder / "out.wav")
    status = runner.status()
    write_report(
        sidecar,
        request=asked,
        plan=status.plan,
        events=status.events,
        clips=runner.finished_clips(),
        joins=runner.joins(),
        heard=None,
    )
    audio, _ = soundfile.read(folder / "out.wav", dtype="float32")
    return np.asarray(audio), json.loads(sidecar.read_text())["clips"], folder


def test_the_joins_of_a_session_are_seamless(
    composed: tuple[Frames, list[dict[str, Any]], Path],
) -> None:
    rendering, clips, folder = composed
    joins = [(clip, before) for before, clip in itertools.pairwise(clips)]
    assert len(joins) == clip_count(len(rendering) / SAMPLE_RATE) - 1
    changed = unchanged = 0
    for clip, before in joins:
        same = (
            clip["tags"]["instrument"] == before["tags"]["instrument"]
            and clip["tags"]["genre"] == before["tags"]["genre"]
        )
        changed += not same
        unchanged += same
        # Also where players change: who plays is a function of session time.
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
    assert changed, "the session has a join between two bands too"
    assert unchanged >= 2, "and within one"
