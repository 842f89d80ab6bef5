"""A session killed at any write or at any moment, with every kind of deed in it: what was kept is
kept, it goes on, and all that is heard is what is made of it again. The sweeps are ``long``."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from support.killed_session import REQUEST
from support.waiting import bytes_under, cpu_seconds, end_of, session_end, wait_for

from engine.audio.format import CHANNELS, SAMPLE_RATE, Frames, frames_of
from engine.plan.planner import make_plan
from engine.playback.sinks.file import FileSink
from engine.render import render_kept
from engine.session.library.library import Library
from engine.session.library.records import StoredSession
from engine.session.preparation import prepare

pytestmark = pytest.mark.usefixtures("quick_engine")
PROGRAM = Path(__file__).parents[1] / "support" / "killed_session.py"
RAMP = frames_of(0.1)
WRITES = 240
"""About so many does the session make."""
ALWAYS = (40, 100, 170)
MOMENTS = 200
LIKES = ("like", "dislike")


def killed_at_write(folder: Path, number: int) -> list[str]:
    """The deeds that were kept before the session was killed, by name."""
    argv = [sys.executable, str(PROGRAM), str(folder), str(number)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True)
    out, _ = end_of(process)
    said: list[str] = out.decode().split()
    killed = process.returncode == -signal.SIGKILL
    assert killed or (process.returncode == 0 and int(said[-1]) <= number)
    return said if killed else said[:-1]


def killed_at_a_moment(folder: Path, dice: random.Random) -> list[str]:
    """Once its sound has got to a random byte, of a session that has some 24 MB of it."""
    argv = [sys.executable, str(PROGRAM), str(folder)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True)
    heard = folder / "heard.raw"
    reach = dice.randrange(24_000_000)
    wait_for(
        lambda: process.poll() is not None or (heard.exists() and heard.stat().st_size >= reach),
        moves=lambda: (bytes_under(folder), cpu_seconds(process.pid)),
        what="a moment of the session",
        look_every=0.001,
    )
    process.kill()
    out, _ = end_of(process)
    return [word for word in out.decode().split() if not word.isdigit()]


def read(path: Path) -> Frames:
    return np.asarray(soundfile.read(path, dtype="float32")[0])


def gone_on_with(library: Library, stored: StoredSession, folder: Path) -> Frames:
    path = folder / "rest.wav"
    sink = FileSink(path)
    runner = prepare(
        stored.request, library=library, sink=sink, log_file=folder / "log", resume=stored
    )
    runner.start()
    session_end(runner)
    assert runner.status().failure is None
    runner.close()
    return read(path)


def made_again(library: Library, session: str, folder: Path) -> Frames:
    path = folder / "whole.wav"
    stored = library.load(session)
    render_kept(stored, path, progress=lambda _done, _total: None, log_file=folder / "log")
    return read(path)


def nothing_is_lost(folder: Path, kept: list[str]) -> None:
    library = Library(folder / "library")
    try:
        rows = library.sessions()
        assert library.take_remarks() == ()
        if not rows:
            assert not kept
            return
        before = library.load(rows[0].id)
        assert before.damage == ()
        liked = library.listener.likings([before.id]).get(before.id, ())
        events = [word for word in kept if word not in LIKES]
        assert len(events) <= len(before.events) <= len(events) + 1
        assert len(kept) - len(events) <= len(liked) <= len(kept) - len(events) + 1
        rest = gone_on_with(library, before, folder)
        after = library.load(before.id)
        until = same_as_far_as(before, after)
        assert after.state == "finished"
        whole = made_again(library, before.id, folder)
    finally:
        library.close()
    assert not list(folder.rglob("*.part"))
    assert len(whole) == frames_of(REQUEST.seconds)
    start = len(whole) - len(rest)
    assert abs(start - frames_of(before.position)) <= SAMPLE_RATE
    ramp = RAMP if start else 0
    np.testing.assert_array_equal(rest[ramp:], whole[start + ramp :])
    np.testing.assert_array_equal(*heard_before(folder, whole, until))


def same_as_far_as(before: StoredSession, after: StoredSession) -> int:
    """Session frame up to which the session that has gone on has the music of the one before. An
    action whose clip was not whole yet, and is past, is done anew (docs/library.md), so heard a
    little later; all others are where they were."""
    count = len(before.events)
    if after.events == before.events:
        return frames_of(REQUEST.seconds)
    assert after.events[: count - 1] == before.events[:-1]
    old, new = before.events[-1], after.events[count - 1]
    assert len(after.events) == count
    assert msgspec.structs.replace(new, at=old.at) == old
    assert new.at > before.position >= old.at - 1.0
    newest = make_plan(before.request, before.events)
    assert newest.clips[newest.first_changed].key not in before.clips
    return frames_of(old.at)


def heard_before(folder: Path, whole: Frames, until: int) -> tuple[Frames, Frames]:
    """What was heard before the kill, up to session frame ``until``, and what is made of it
    again."""
    file = folder / "heard.raw"
    data = file.read_bytes() if file.exists() else b""
    heard = np.frombuffer(data[: len(data) // 8 * 8], np.float32).reshape(-1, CHANNELS)
    sounding = np.flatnonzero(heard.any(axis=1))
    if not len(sounding):
        return heard[:0], whole[:0]
    first = np.flatnonzero(whole.any(axis=1))[0]
    heard = heard[sounding[0] : sounding[-1] + 1][: max(0, until - first)]
    return heard, whole[first:][: len(heard)]


@pytest.mark.parametrize(
    "number",
    [
        *ALWAYS,
        *(pytest.param(n, marks=pytest.mark.long) for n in range(WRITES) if n not in ALWAYS),
    ],
)
def test_killed_at_any_write(tmp_path: Path, number: int) -> None:
    nothing_is_lost(tmp_path, killed_at_write(tmp_path, number))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(MOMENTS))
def test_killed_at_any_moment(tmp_path: Path, seed: int) -> None:
    nothing_is_lost(tmp_path, killed_at_a_moment(tmp_path, random.Random(seed)))
