"""A session as a media player: on no bus, on a private one, and for another program's client."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.fake_session import FakeRunner, a_snapshot, run
from support.required import lacking
from support.waiting import cpu_seconds, wait_for

from engine.plan.events import Skip
from engine.session.library.library import Library
from engine.session.library.records import StoredSession
from musmed_tui.desktop.media_player import (
    PLAYER,
    ROOT,
    SECOND,
    TITLE,
    Remote,
    player_properties,
    track,
)
from musmed_tui.desktop.mpris import PATH, Mpris, bus_address

REPOSITORY = Path(__file__).parents[3]
NAME = f"{ROOT}.musmed.instance{os.getpid()}"
PROPERTIES = "org.freedesktop.DBus.Properties"


def remote(runner: FakeRunner, *, words: bool = False) -> Remote:
    return Remote(runner, runner.look, runner.stop, words=words)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        *(("playing", "Playing"), ("composing", "Playing"), ("starting", "Playing")),
        *(("away", "Playing"), ("paused", "Paused"), ("ended", "Stopped")),
        *(("stopped", "Stopped"), ("failed", "Stopped")),
    ],
)
def test_its_properties_say_how_it_stands(state: str, status: str) -> None:
    found = player_properties(a_snapshot(387.25, state=state), 0.4, words=False)
    assert found["PlaybackStatus"] == ("s", status)
    assert found["Position"] == ("x", 387_250_000)
    assert found["Volume"] == ("d", 0.4)
    assert found["CanSeek"] == ("b", status != "Stopped")


def test_no_feeling_is_on_a_lock_screen_unless_that_is_asked_for() -> None:
    quiet = str(player_properties(a_snapshot(), 1.0, words=False))
    assert not any(word in quiet for word in ("tense", "calm", "piano"))
    metadata: Any = player_properties(a_snapshot(), 1.0, words=True)["Metadata"][1]
    assert metadata["xesam:title"] == ("s", "tense to calm")


def test_what_others_ask_is_what_the_keys_do() -> None:
    runner = FakeRunner(a_snapshot(387.0))
    keys = remote(runner)
    for member in ("Play", "Pause", "Pause", "Play", "PlayPause", "Next", "Raise"):
        assert keys.call(ROOT if member == "Raise" else PLAYER, member, [])
    wanted = [("pause", wish) for wish in (False, True, True, False)]
    assert runner.asked == [*wanted, "pause", "skip"]
    runner.asked.clear()
    here = track(runner.snapshot)
    keys.call(PLAYER, "Seek", [10 * SECOND])
    keys.call(PLAYER, "Seek", [-9000 * SECOND])
    keys.call(PLAYER, "SetPosition", [here, 60 * SECOND])
    keys.call(PLAYER, "SetPosition", ["/of/another", 70 * SECOND])
    keys.call(PLAYER, "SetPosition", [here, -1])
    keys.call(PLAYER, "Previous", [])
    assert runner.asked == [("seek", at) for at in (397.0, 0.0, 60.0, 382.5)]
    runner.change(position_s=383.0)
    keys.call(PLAYER, "Previous", [])
    assert runner.asked[-1] == ("seek", 360.0)
    assert keys.set(PLAYER, "Volume", 3.0)
    assert runner.asked[-1] == ("volume", 1.0)
    assert not keys.set(PLAYER, "Metadata", "x")
    assert not keys.call(PLAYER, "Fly", [])
    keys.call(PLAYER, "Stop", [])
    assert runner.asked[-1] == "stop"


def test_what_changed_is_told_once_and_the_clock_is_no_change() -> None:
    runner = FakeRunner(a_snapshot(100.0))
    keys = remote(runner)
    first = keys.changes(0.0)
    assert first.properties["PlaybackStatus"] == ("s", "Playing")
    assert "Position" not in first.properties
    runner.change(position_s=100.5)
    assert keys.changes(0.5) == ({}, None)
    runner.change(state="paused")
    assert keys.changes(1.0) == ({"PlaybackStatus": ("s", "Paused")}, None)
    runner.change(position_s=90.0)
    assert keys.changes(1.5) == ({}, 90 * SECOND)


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, None),
        ({"DBUS_SESSION_BUS_ADDRESS": ""}, None),
        ({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/x"}, "unix:path=/run/x"),
        ({"DBUS_SESSION_BUS_ADDRESS": "tcp:host=example.org,port=1"}, None),
        ({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x;tcp:host=example.org,port=1"}, None),
        ({"XDG_RUNTIME_DIR": "/nonexistent"}, None),
        ({"XDG_RUNTIME_DIR": f"/{300 * 'x'}"}, None),
    ],
)
def test_a_bus_is_a_socket_of_this_machine(
    environment: dict[str, str], address: str | None
) -> None:
    assert bus_address(environment) == address


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A bus of the test's own: its address, and its daemon."""
    daemon = shutil.which("dbus-daemon")
    if daemon is None:
        lacking("needs: apt install dbus")
    address = f"unix:path={tmp_path / 'bus'}"
    command = [daemon, "--session", "--nofork", "--nopidfile", f"--address={address}"]
    process = subprocess.Popen([*command, "--print-address"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield address, process
    process.kill()
    process.wait()
    process.stdout.close()


async def asked(address: str, *calls: tuple[str, str, str, list[Any]]) -> list[Any]:
    """What the player at ``NAME`` answers to each call."""
    from dbus_fast import Message, MessageType
    from dbus_fast.aio import MessageBus

    client = await MessageBus(bus_address=address).connect()
    replies = []
    for interface, member, signature, body in calls:
        reply = await client.call(
            Message(
                destination=NAME,
                path=PATH,
                interface=interface,
                member=member,
                signature=signature,
                body=body,
            )
        )
        assert reply is not None
        error = reply.message_type is MessageType.ERROR
        replies.append(reply.error_name if error else reply.body)
    client.disconnect()
    return replies


def on_the_bus(address: str, name: str = NAME) -> bool:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

    async def look() -> bool:
        client = await MessageBus(bus_address=address).connect()
        daemon = "org.freedesktop.DBus"
        reply = await client.call(
            Message(destination=daemon, path="/", interface=daemon, member="ListNames")
        )
        client.disconnect()
        return reply is not None and name in reply.body[0]

    return asyncio.run(look())


def test_a_player_on_a_bus(bus: tuple[str, Any]) -> None:
    pytest.importorskip("dbus_fast")
    from dbus_fast import Variant

    address, _ = bus
    runner = FakeRunner(a_snapshot(387.0, state="starting"))
    player = Mpris(remote(runner), address)
    player.start()
    assert not on_the_bus(address), "nothing is there before the first sound"
    runner.change(state="playing")
    wait_for(lambda: on_the_bus(address), moves=lambda: cpu_seconds(os.getpid()))

    async def go() -> None:
        every, position, root, _, _, text, *wrong = await asked(
            address,
            (PROPERTIES, "GetAll", "s", [PLAYER]),
            (PROPERTIES, "Get", "ss", [PLAYER, "Position"]),
            (PROPERTIES, "Get", "ss", [ROOT, "Identity"]),
            (PROPERTIES, "Set", "ssv", [PLAYER, "Volume", Variant("d", 0.5)]),
            (PLAYER, "PlayPause", "", []),
            ("org.freedesktop.DBus.Introspectable", "Introspect", "", []),
            (PROPERTIES, "Get", "ss", [PLAYER, "Feeling"]),
            (PROPERTIES, "Set", "ssv", [PLAYER, "Volume", Variant("s", "loud")]),
            (PLAYER, "Seek", "s", ["far"]),
        )
        assert every[0]["Metadata"].value["xesam:title"].value == TITLE
        assert position[0] == Variant("x", 387 * SECOND)
        assert root[0] == Variant("s", TITLE)
        assert runner.asked == [("volume", 0.5), "pause"]
        assert '<property name="PlaybackStatus" type="s" access="read"/>' in text[0]
        assert all(isinstance(one, str) and ".Error." in one for one in wrong)

    run(go())
    player.close()
    assert not player._thread.is_alive()
    assert not on_the_bus(address)


def test_a_bus_that_hangs_or_dies_is_nobody_s_matter(bus: tuple[str, Any]) -> None:
    pytest.importorskip("dbus_fast")
    address, daemon = bus
    player = Mpris(remote(FakeRunner(a_snapshot())), address)
    player.start()
    wait_for(lambda: on_the_bus(address), moves=lambda: cpu_seconds(os.getpid()))
    daemon.kill()
    wait_for(lambda: not player._thread.is_alive(), moves=lambda: cpu_seconds(os.getpid()))
    player.close()
    assert daemon.wait() < 0
    gone = Mpris(remote(FakeRunner(a_snapshot())), address)
    gone.start()
    wait_for(lambda: not gone._thread.is_alive(), moves=lambda: cpu_seconds(os.getpid()))


def test_a_bus_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    """Whoever leaves musmed leaves it within a second."""
    pytest.importorskip("dbus_fast")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "bus"))
        silent.listen()
        player = Mpris(remote(FakeRunner(a_snapshot())), f"unix:path={tmp_path / 'bus'}")
        player.start()
        caller, _ = silent.accept()
        player.close()
        caller.close()
    wait_for(lambda: not player._thread.is_alive(), moves=lambda: cpu_seconds(os.getpid()))


def playerctl(address: str, *words: str) -> str:
    done = subprocess.run(
        ["playerctl", "--player=musmed", *words],
        env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": address},
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout or done.stderr).strip()


def kept(folder: Path) -> StoredSession:
    """The only session, as the library has it."""
    library = Library(folder / "home/data/library")
    (session,) = library.ids()
    found = library.load(session)
    library.close()
    return found


def test_another_program_steers_a_real_session(bus: tuple[str, Any], tmp_path: Path) -> None:
    """musmed on lines, with the quick engine and a sink in real time."""
    pytest.importorskip("dbus_fast")
    if shutil.which("playerctl") is None:
        lacking("needs: apt install playerctl")
    address, _ = bus
    way = ("--from", "sad", "--to", "happy", "--seed", "1", "--minutes", "4", "--sink", "null")
    program = REPOSITORY / "tests/support/quick_musmed.py"
    musmed = subprocess.Popen(
        [sys.executable, str(program), "play", "--plain", *way],
        env={
            **os.environ,
            "DBUS_SESSION_BUS_ADDRESS": address,
            "MUSMED_HOME": str(tmp_path / "home"),
            "PYTHONPATH": str(REPOSITORY),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )

    def until(seen: str, *words: str) -> None:
        wait_for(lambda: playerctl(address, *words) == seen, moves=lambda: cpu_seconds(musmed.pid))

    try:
        until("Playing", "status")
        assert playerctl(address, "metadata", "xesam:title") == "musmed"
        playerctl(address, "pause")
        until("Paused", "status")
        stood = float(playerctl(address, "position"))
        assert 0.0 < stood < 240.0
        playerctl(address, "volume", "0.5")
        until("0.500000", "volume")
        playerctl(address, "next")
        playerctl(address, "play")
        until("Playing", "status")
        wait_for(
            lambda: float(playerctl(address, "position")) > stood,
            moves=lambda: cpu_seconds(musmed.pid),
        )
        wait_for(lambda: kept(tmp_path).events, moves=lambda: cpu_seconds(musmed.pid))
        playerctl(address, "stop")
        said, _ = musmed.communicate()
    finally:
        musmed.kill()
        musmed.wait()
    assert musmed.returncode == 0
    assert "Stopped at 0:" in said
    assert kept(tmp_path).state == "stopped"
    assert [type(one) for one in kept(tmp_path).events] == [Skip]
