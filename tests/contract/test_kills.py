"""Whatever is killed or stopped at whatever moment, nothing is lost and nothing sounds different.

The sweeps are ``long``. An engine that is stopped for good is tried always, as are a kill of the
player in ``test_resume.py`` and two of the engine in ``tests/sound/test_session_realtime.py``. What
is heard after a kill of the player, once it is gone on with, is what ``musmed render --session``
makes of the kept session from there on; an engine that is killed or stopped is not heard at all.
The quick engine composes: what is kept and gone on with is kept whatever the music is.
"""

from __future__ import annotations

import contextlib
import random
import re
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from support.real_player import (
    ASKED,
    goes_on_as_if_nothing_had_been,
    kept,
    kill,
    musmed,
    on_a_terminal,
    read,
    sounds,
    wait_until,
    whole,
)
from support.waiting import end_of

KEYS = [
    *(b" ", b"  ", b"e", b"n", b"s", b"s\x1b", b"scalm\r", b"scalm\ren", b"+-", b"?"),
    *(b".", b",", b"..", b",.", b"en", b"ee", b"q"),
    *(b"l", b"d", b"L", b"D", b"lLn"),
]


def moments(count: int, seed: int) -> list[object]:
    """Seeds of ``count`` random moments, in long runs."""
    return [pytest.param(seed + number, marks=pytest.mark.long) for number in range(count)]


@pytest.mark.parametrize("seed", moments(50, 100))
def test_a_player_killed_at_any_moment_loses_nothing(tmp_path: Path, seed: int) -> None:
    home = tmp_path / "home"
    with on_a_terminal(home) as player:
        process = player.process
        wait_until(process, home, lambda: sounds(home), "the first clip")
        time.sleep(random.Random(seed).uniform(0, 12))
        kill(process)
    goes_on_as_if_nothing_had_been(home, tmp_path)


@pytest.mark.parametrize(
    "keys",
    [pytest.param(keys, marks=pytest.mark.long) for keys in KEYS],
    ids=lambda keys: keys.decode().replace("\x1b", "Esc").replace("\r", "Enter"),
)
def test_a_player_killed_after_any_key_loses_nothing(tmp_path: Path, keys: bytes) -> None:
    home = tmp_path / "home"
    dice = random.Random(len(keys) + keys[0])
    with on_a_terminal(home) as player:
        process = player.process
        wait_until(
            process, home, lambda: sounds(home) and kept(home).position > 2, "two seconds of music"
        )
        for key in keys:
            player.press(bytes([key]))
            time.sleep(dice.uniform(0, 0.4))
            player.shown()
        over = process.poll() is not None
        if not over:
            kill(process)
    goes_on_as_if_nothing_had_been(home, tmp_path)


@pytest.mark.parametrize("seed", moments(20, 200))
def test_an_engine_killed_at_any_moment_is_not_heard(tmp_path: Path, seed: int) -> None:
    home, heard = tmp_path / "home", tmp_path / "heard.wav"
    dice = random.Random(seed)
    process = musmed(home, "play", *ASKED, "--sink", f"file:{heard}")
    wait_until(process, home, lambda: sounds(home), "the first clip")
    for _ in range(dice.choice((1, 1, 2, 3))):
        time.sleep(dice.uniform(0, 4))
        with contextlib.suppress(psutil.Error):
            for engine in psutil.Process(process.pid).children():
                engine.kill()
    out, _ = end_of(process)
    assert process.returncode == 0, out.decode()
    assert np.array_equal(read(heard), whole(tmp_path, kept(home), home))


@pytest.mark.parametrize("seed", moments(10, 300))
@pytest.mark.parametrize("who", ["player", "engine"])
def test_whoever_is_stopped_for_a_while_goes_on(tmp_path: Path, who: str, seed: int) -> None:
    home, heard = tmp_path / "home", tmp_path / "heard.wav"
    dice = random.Random(seed)
    process = musmed(home, "play", *ASKED, "--sink", f"file:{heard}")
    wait_until(process, home, lambda: sounds(home), "the first clip")
    time.sleep(dice.uniform(0, 4))
    player = psutil.Process(process.pid)
    with contextlib.suppress(psutil.Error):
        stopped = [player] if who == "player" else player.children()
        for one in stopped:
            one.suspend()
        time.sleep(dice.uniform(0.5, 3))
        for one in stopped:
            one.resume()
    out, _ = end_of(process)
    assert process.returncode == 0, out.decode()
    assert np.array_equal(read(heard), whole(tmp_path, kept(home), home))


def test_an_engine_that_is_stopped_for_good_is_replaced_and_said(tmp_path: Path) -> None:
    """With the limits that are in use."""
    home, heard = tmp_path / "home", tmp_path / "heard.wav"
    process = musmed(home, "play", "--plain", *ASKED, "--sink", f"file:{heard}")
    wait_until(process, home, lambda: sounds(home), "the first clip")
    (engine,) = psutil.Process(process.pid).children()
    engine.suspend()
    out, _ = end_of(process)
    assert process.returncode == 0, out.decode()
    said = " ".join(out.decode().split())
    assert re.search(r"The engine has not answered for \d+ s", said)
    assert "a new one is being started" in said
    assert not engine.is_running()
    assert np.array_equal(read(heard), whole(tmp_path, kept(home), home))
