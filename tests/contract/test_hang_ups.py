"""A terminal that goes: a session on it ends kept, and goes on to the sample; nothing is left."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from support.loopback import NAME, Server, loopback
from support.real_player import (
    ASKED,
    QUICK,
    ROOT,
    OnTerminal,
    goes_on_as_if_nothing_had_been,
    heard,
    kept,
    musmed,
    on_a_terminal,
    read,
    wait_until,
    whole,
)
from support.waiting import end_of, wait_for

from engine.audio.format import frames_of

HUNG_UP = 128 + signal.SIGHUP
Leave = Callable[[OnTerminal], None]


def hang_up(player: OnTerminal) -> None:
    player.process.send_signal(signal.SIGHUP)


def hang_up_twice(player: OnTerminal) -> None:
    """As a shell does that is hung up itself and tells its jobs."""
    hang_up(player)
    hang_up(player)


def close(player: OnTerminal) -> None:
    player.close()


def close_a_stopped_one(player: OnTerminal) -> None:
    """As of a job that was stopped by Ctrl-Z, or of a laptop that slept meanwhile."""
    player.process.send_signal(signal.SIGSTOP)
    player.close()


def heard_a_while(player: OnTerminal, home: Path, seconds: float = 2.0) -> None:
    wait_until(
        player.process,
        home,
        lambda: player.shown() is not None and heard(home) > seconds,
        "some seconds of music",
    )


def ended(player: OnTerminal, engines: list[psutil.Process]) -> None:
    """By itself, with all that it had begun."""
    assert player.exit_code() == HUNG_UP
    wait_for(lambda: not any(engine.is_running() for engine in engines), what="engines to end")


LEAVE = [hang_up, hang_up_twice, close, close_a_stopped_one, close]
USUAL = [(True, 4)]


def ways() -> list[object]:
    """Screen or lines, how, and whether a hang-up is ignored; the last of ``LEAVE`` is."""
    return [
        pytest.param(
            screen,
            leave,
            {"NOHUP": "1"} if number == len(LEAVE) - 1 else {},
            marks=() if (screen, number) in USUAL else pytest.mark.long,
        )
        for screen in (False, True)
        for number, leave in enumerate(LEAVE)
    ]


@pytest.mark.parametrize(("screen", "leave", "ignored"), ways())
def test_a_session_whose_terminal_goes_is_kept_and_goes_on_to_the_sample(
    tmp_path: Path, screen: bool, leave: Leave, ignored: dict[str, str]
) -> None:
    """Twice: the session that goes on ends so, too (there a hang-up is never ignored). What was
    heard first and what is heard at last
    are the rendering."""
    home = tmp_path / "home"
    for again in (False, True):
        before = heard(home) if again else 0.0
        command = ("resume", "--sink", "null") if again else ()
        with on_a_terminal(home, *command, screen=screen, **({} if again else ignored)) as player:
            heard_a_while(player, home, before + 2.0)
            engines = psutil.Process(player.process.pid).children(recursive=True)
            leave(player)
            ended(player, engines)
        assert kept(home).state == "stopped"
        assert not list(home.rglob("*defect*"))
    session, first = kept(home), tmp_path / "first.wav"
    process = musmed(home, "render", "--session", session.id, "--heard", "--output", str(first))
    out, _ = end_of(process)
    assert process.returncode == 0, out.decode()
    beginning = read(first)
    assert len(beginning) == pytest.approx(frames_of(session.position), abs=frames_of(1.0))
    beginning = beginning[: -frames_of(0.6)]  # it ends with the fade of a stop
    assert np.array_equal(beginning, whole(tmp_path, session, home)[: len(beginning)])
    goes_on_as_if_nothing_had_been(home, tmp_path)


@pytest.mark.parametrize("leave", [close, pytest.param(hang_up, marks=pytest.mark.long)])
def test_a_rendering_whose_terminal_goes_leaves_nothing(tmp_path: Path, leave: Leave) -> None:
    home, folder = tmp_path / "home", tmp_path / "made"
    folder.mkdir()
    output = folder / "whole.flac"
    arguments = ("render", *ASKED[:-4], "--minutes", "60", "--output", str(output))
    with on_a_terminal(home, *arguments, screen=True, QUICK_ENGINE_SPEED="20") as player:
        wait_until(
            player.process,
            folder,
            lambda: player.shown() is not None and bool(list(folder.iterdir())),
            "something to be written",
        )
        engines = psutil.Process(player.process.pid).children(recursive=True)
        leave(player)
        ended(player, engines)
    assert not list(folder.iterdir())


def test_a_rendering_that_ignores_the_hang_up_goes_on(tmp_path: Path) -> None:
    """As under nohup: its bar is drawn to nobody."""
    home, folder = tmp_path / "home", tmp_path / "made"
    folder.mkdir()
    arguments = ("render", *ASKED, "--output", str(folder / "whole.flac"))
    with on_a_terminal(home, *arguments, screen=True, NOHUP="1", QUICK_ENGINE_SPEED="20") as player:
        wait_until(
            player.process,
            folder,
            lambda: player.shown() is not None and bool(list(folder.iterdir())),
            "something to be written",
        )
        player.close()
        assert player.exit_code() == 0
    assert sorted(path.name for path in folder.iterdir()) == ["whole.flac", "whole.json"]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with loopback(tmp_path, monkeypatch) as made:
        yield made


def on_far(home: Path) -> tuple[str, str]:
    """The option that has a session composed there, by the quick engine."""
    words = [
        "env",
        f"PYTHONPATH={ROOT}",
        sys.executable,
        "-P",
        ROOT / "tests/support/quick_engine.py",
    ]
    command = shlex.join(map(str, words))
    out, _ = end_of(process := musmed(home, "host", "add", "lab", NAME, "--command", command))
    assert process.returncode == 0, out.decode()
    return "--host", "lab"


def nothing_is_left(server: Server) -> None:
    wait_for(lambda: not server.engines(), what="the engine there to end")


def kill(player: OnTerminal) -> None:
    player.process.kill()


@pytest.mark.parametrize("leave", [close, pytest.param(kill, marks=pytest.mark.long)])
def test_of_a_session_that_was_composed_elsewhere_nothing_is_left_there(
    tmp_path: Path, server: Server, leave: Leave
) -> None:
    home = tmp_path / "home"
    play = ("play", *ASKED, "--sink", "null", *on_far(home))
    with on_a_terminal(home, *play) as player:
        heard_a_while(player, home)
        assert server.engines()
        leave(player)
        player.exit_code()
    nothing_is_left(server)
    assert kept(home).state == ("stopped" if leave is close else "interrupted")
    goes_on_as_if_nothing_had_been(home, tmp_path)


def test_of_a_rendering_that_was_composed_elsewhere_nothing_is_left_there(
    tmp_path: Path, server: Server
) -> None:
    home, folder = tmp_path / "home", tmp_path / "made"
    folder.mkdir()
    output = str(folder / "whole.flac")
    render = ("render", *ASKED[:-4], "--minutes", "60", "--output", output, *on_far(home))
    with on_a_terminal(home, *render, screen=True) as player:
        wait_until(
            player.process,
            folder,
            lambda: player.shown() is not None and bool(list(folder.iterdir())),
            "something to be written",
        )
        close(player)
        player.exit_code()
    nothing_is_left(server)
    assert not list(folder.iterdir())


@pytest.mark.long
def test_a_session_on_a_server_whose_login_is_cut_is_kept(tmp_path: Path, server: Server) -> None:
    """The ears at the server too, as of a desktop that is looked after from elsewhere."""
    home = tmp_path / "home"
    own = ("env", f"MUSMED_HOME={home}", f"PYTHONPATH={ROOT}", "QUICK_ENGINE_SPEED=8")
    there = shlex.join([*own, sys.executable, QUICK, "play", "--plain", *ASKED, "--sink", "null"])
    login = subprocess.Popen(
        ["ssh", "-tt", "-o", "ControlPath=none", NAME, there],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    wait_for(lambda: heard(home) > 2, alive=lambda: login.poll() is None, what="music there")
    server.drop()
    login.wait()
    wait_for(lambda: kept(home).state == "stopped", what="the player there to end")
    goes_on_as_if_nothing_had_been(home, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seconds", [3.0, 30.0])
def test_a_laptop_that_sleeps_loses_nothing(tmp_path: Path, server: Server, seconds: float) -> None:
    """Player and ssh stand still while the engine elsewhere runs on; 30 s are more than ssh waits
    for an answer."""
    home, played = tmp_path / "home", tmp_path / "played.wav"
    player = musmed(home, "play", *ASKED, "--sink", f"file:{played}", *on_far(home))
    wait_until(player, home, lambda: bool(list(home.rglob("0000-0.flac"))), "the first clip")
    asleep = [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(server.folder) in " ".join(process.info["cmdline"] or [])
        and process.name() != "sshd"
    ]
    asleep += [one for one in (psutil.Process(player.pid),) if one not in asleep]
    assert len(asleep) >= 3
    for process in asleep:
        process.suspend()
    time.sleep(seconds)
    for process in asleep:
        process.resume()
    out, _ = end_of(player)
    assert player.returncode == 0, out.decode()
    assert np.array_equal(read(played), whole(tmp_path, kept(home), home))
    nothing_is_left(server)
