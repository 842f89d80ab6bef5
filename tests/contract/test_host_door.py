"""`--host` through the real commands and the real ssh, to an sshd of the test's own on loopback."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.card import Card
from support.commands import musmed
from support.loopback import NAME, Server, loopback
from support.waiting import session_end, wait_for_session

from engine.affect.circumplex import Affect
from engine.errors import MusmedError
from engine.link.ssh import FarEngine, Host, connect, control_folder
from engine.plan.request import Request
from engine.playback.sinks.file import FileSink
from engine.session.library.library import Library
from engine.session.preparation import prepare

ROOT = Path(__file__).parents[2]
HERE = shlex.join(["env", f"PYTHONPATH={ROOT}", sys.executable, "-P", "-m", "musmed_tui", "engine"])
QUICK = shlex.join(
    ["env", f"PYTHONPATH={ROOT}", sys.executable, "-P", str(ROOT / "tests/support/quick_engine.py")]
)
REQUEST = Request(start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=2, temperature=0)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    with loopback(tmp_path, monkeypatch) as made:
        yield made


def add(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    assert musmed(monkeypatch, "host", "add", "lab", NAME, "--command", command) == 0


@pytest.mark.usefixtures("server")
def test_a_session_composed_there_is_the_one_composed_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a login that says something on standard output first, as many do."""
    add(monkeypatch, f"echo Welcome to the lab; echo; {HERE}")
    way = ("--from", "tense", "--to", "calm", "--minutes", "1", "--seed", "3")
    there, here = tmp_path / "there.flac", tmp_path / "here.flac"
    for more in (("--host", "lab", "-o", str(there)), ("--synthesis", "builtin", "-o", str(here))):
        assert musmed(monkeypatch, "render", *way, *more) == 0
    heard = [soundfile.read(one, dtype="int32")[0] for one in (there, here)]
    np.testing.assert_array_equal(*heard)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("command", "words", "code"),
    [
        (HERE, "embedded is ready after", 0),
        (f"printf '\\033[31mred\\n'; {HERE}", "It says: \\x1b[31mred", 0),
        ("no-musmed-there engine", "There is no 'no-musmed-there' on far; install musmed", 1),
        ("echo musmed-link 99", "version", 1),
        ("false", "The engine ended with status 1", 1),
    ],
    ids=("well", "banner", "no musmed", "another version", "broken"),
)
def test_a_check_says_what_is_there_and_what_is_lacking(
    command: str,
    words: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    add(monkeypatch, command)
    assert musmed(monkeypatch, "host", "check", "lab") == code
    said = capfd.readouterr().out
    assert words in said
    assert "\x1b" not in said


def test_without_a_line_it_is_a_sentence(
    server: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    server.drop()
    play = ("play", "--from", "tense", "--to", "calm", "--plain", "--sink", "null", "--host", NAME)
    for command in (("host", "check", NAME), play):
        assert musmed(monkeypatch, *command) == 2
        assert f"There is no line to {NAME}; 'ssh {NAME}' says why." in capfd.readouterr().err


@pytest.mark.usefixtures("server")
def test_a_session_is_played_from_there_and_kept_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """`play --host` on the plain terminal, whole and kept: the clips are of the engine there, and
    played again they are what was heard."""
    add(monkeypatch, QUICK)
    place, again = tmp_path / "played.flac", tmp_path / "again.flac"
    way = ("--from", "tense", "--to", "calm", "--minutes", "1", "--seed", "3")
    sink = ("--plain", "--sink", f"file:{place}")
    assert musmed(monkeypatch, "play", *way, *sink, "--host", "lab") == 0
    assert "The session is over after 1:00" in capfd.readouterr().out
    library = Library(tmp_path / "home" / "data" / "library")
    (row,) = library.sessions()
    assert row.state == "finished"
    library.close()
    kept = ("--session", row.id, "--heard", "-o", str(again))
    assert musmed(monkeypatch, "render", *kept) == 0
    heard = [soundfile.read(one, dtype="int32")[0] for one in (place, again)]
    np.testing.assert_array_equal(*heard)


def far() -> FarEngine:
    host, folder = Host(NAME, QUICK), control_folder()
    connect(host, folder, asks=False)
    return FarEngine(host, folder)


@pytest.mark.usefixtures("server")
def test_the_line_is_kept_for_the_next_engine_and_for_its_owner_alone() -> None:
    engine = far()
    (control,) = engine.folder.iterdir()
    assert control.is_socket()
    assert engine.folder.stat().st_mode & 0o777 == 0o700
    assert control.stat().st_mode & 0o077 == 0
    engine.folder.chmod(0o755)
    with pytest.raises(MusmedError, match="is not yours alone"):
        control_folder()
    engine.folder.chmod(0o700)


@pytest.mark.usefixtures("quick_engine")
def test_a_line_that_drops_and_returns_is_not_heard(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same samples as of a session that was composed here. No clip is lost: what was composed
    from the last whole one is composed again."""
    monkeypatch.setenv("QUICK_ENGINE_SPEED", "20")
    library = Library(tmp_path / "library")
    places = tmp_path / "there.wav", tmp_path / "here.wav"
    made = []
    for place, engine in zip(places, (far(), None), strict=True):
        runner = prepare(
            REQUEST, library=library, sink=FileSink(place), log_file=tmp_path / "log", far=engine
        )
        runner.start()
        if engine is not None:
            wait_for_session(runner, lambda r=runner: r.status().clips[1].record is not None)
            server.drop()
            wait_for_session(runner, lambda r=runner: r.status().restarts >= 2)
            server.mend()
            assert runner.status().far == NAME
        session_end(runner)
        assert runner.status().failure is None
        runner.close()
        made.append([notice.text for notice in runner.take_notices()])
    library.close()
    assert any(f"The engine on {NAME} is gone (The line to {NAME}" in text for text in made[0])
    assert any("The composer is back" in text for text in made[0])
    heard = [soundfile.read(one, dtype="int32")[0] for one in places]
    np.testing.assert_array_equal(*heard)


@pytest.mark.usefixtures("quick_engine")
def test_where_the_line_stays_down_this_machine_goes_on(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.session.conductor.failures.FAR_DELAYS", (0.0, 0.1))
    card = Card(0.0)
    library = Library(tmp_path / "library")
    runner = prepare(REQUEST, library=library, sink=card, log_file=tmp_path / "log", far=far())
    runner.start()
    wait_for_session(runner, lambda: runner.status().clips[0].record is not None)
    server.drop()
    wait_for_session(runner, lambda: all(clip.record is not None for clip in runner.status().clips))
    assert runner.status().far == ""
    runner.close()
    said = [notice.text for notice in runner.take_notices()]
    library.close()
    assert any(f"The engine here takes over from the one on {NAME}" in text for text in said), said
