"""Notes sounded in a process of their own: the same clip, one sentence where that process ends, and
no process left behind."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from engine.affect.circumplex import Affect
from engine.audio.format import Frames
from engine.composers.score.apart import Apart
from engine.composers.score.composer import EmbeddedComposer, ScoreComposition
from engine.composers.synthesis import Synthesis
from engine.errors import MusmedError
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.render import CancelledError, render_session

REQUEST = Request(start=Affect(-0.5, 0.5), target=Affect(0.4, -0.6), minutes=1.0, seed=5)
CLIPS = [
    msgspec.structs.replace(spec, end=spec.start + 4.0) for spec in make_plan(REQUEST).clips[:2]
]
TOKEN = "MUSMED_TEST_TOKEN"


def processes(token: str) -> list[str]:
    """The commands of all processes that were begun with ``token`` and live."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{TOKEN}={token}".encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().decode())
        except OSError:
            continue
    return [command for command in found if command]


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    token = f"{os.getpid()}-{time.monotonic_ns()}"
    monkeypatch.setenv(TOKEN, token)
    return token


def all_gone(token: str) -> bool:
    """Whether nothing lives any more that was begun with ``token``; waits for that."""
    for _ in range(1_000):
        if not processes(token):
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def apart() -> Iterator[EmbeddedComposer]:
    composer = EmbeddedComposer()
    composer.sound_apart()
    yield composer
    composer.close()


def taken(composition: ScoreComposition) -> tuple[Frames, object]:
    """A clip's sound, and all else that is known of it."""
    sound = np.concatenate(list(composition.chunks()))
    known = (
        composition.state(),
        composition.marks,
        composition.bars(),
        composition.notes(),
        composition.built_in(),
    )
    return sound, known


def test_a_clip_is_the_same_wherever_its_notes_are_sounded(apart: EmbeddedComposer) -> None:
    """Its sound, its score and what the next one goes on from; cut, too, as much of its bars."""
    here, state = EmbeddedComposer(), None
    for spec in CLIPS:
        one, other = (c.compose(spec, state, lambda: False) for c in (here, apart))
        (sound, known), (again, the_same) = taken(one), taken(other)
        np.testing.assert_array_equal(again, sound)
        assert the_same == known
        state = one.state()
    cut = []
    for composer in (here, apart):
        asked = iter([False] * 3 + [True] * 99)
        cut.append(taken(composer.compose(CLIPS[0], None, lambda asked=asked: next(asked))))  # type: ignore[misc]
    np.testing.assert_array_equal(cut[1][0], cut[0][0])
    assert cut[1][1] == cut[0][1]
    sound, _ = taken(apart.compose(CLIPS[0], None, lambda: False))
    np.testing.assert_array_equal(sound, taken(here.compose(CLIPS[0], None, lambda: False))[0])


def test_a_process_that_ends_is_a_sentence_and_the_next_clip_has_another(token: str) -> None:
    away = Apart()
    renderer = away.asked(CLIPS[0], None, Synthesis())
    blocks = renderer.blocks(lambda _: [], 0, 8)
    next(blocks)
    assert away.pid is not None
    os.kill(away.pid, 9)
    with pytest.raises(MusmedError, match=r"^The process that sounds the notes has ended\.$"):
        list(blocks)
    again = away.asked(CLIPS[0], None, Synthesis())
    assert len(next(again.blocks(lambda _: [], 0, 8)))
    assert len(processes(token)) == 1
    away.close()
    away.close()
    assert all_gone(token)


def test_what_can_t_be_sounded_is_its_sentence(token: str) -> None:
    away = Apart()
    with pytest.raises(MusmedError, match="state"):
        list(away.asked(CLIPS[0], b"no state", Synthesis()).blocks(lambda _: [], 0, 8))
    assert len(next(away.asked(CLIPS[0], None, Synthesis()).blocks(lambda _: [], 0, 8)))
    away.close()
    assert all_gone(token)


def rendered(folder: Path, jobs: int, seen: Callable[[float], bool] = lambda _: False) -> Frames:
    """The first ten seconds of a session; ``seen`` is given how far it is, and stops it by True."""
    at = [0.0]
    render_session(
        REQUEST,
        folder / f"{jobs}.flac",
        progress=lambda done, _: at.append(done),
        log_file=folder / "log",
        cancelled=lambda: seen(at[-1]),
        jobs=jobs,
        until=10.0,
    )
    assert at == sorted(at)
    assert at[-1] == 10.0
    sound: Frames = soundfile.read(folder / f"{jobs}.flac", dtype="float32")[0]
    return sound


def test_two_jobs_render_the_very_samples_of_one(tmp_path: Path, token: str) -> None:
    working: list[list[str]] = []

    def look(_: float) -> bool:
        working.append(processes(token))
        return False

    two = rendered(tmp_path, 2, look)
    assert max(sum("score.apart" in command for command in one) for one in working) == 1
    assert all_gone(token)
    np.testing.assert_array_equal(two, rendered(tmp_path, 1))
    assert all_gone(token)


def test_a_rendering_that_is_called_off_leaves_no_process(tmp_path: Path, token: str) -> None:
    with pytest.raises(CancelledError):
        rendered(tmp_path, 2, lambda at: at > 0.0)
    assert all_gone(token)
    assert not list(tmp_path.glob("*.flac*"))
