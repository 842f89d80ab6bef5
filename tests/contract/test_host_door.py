"""`--host` through the real commands and the real ssh, to an sshd of the test's own on loopback."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from support.card import Card
from support.commands import musmed
from support.loopback import NAME, Server, loopback
from support.waiting import session_end, wait_for, wait_for_session

from engine.affect.circumplex import Affect
from engine.clip_record import Codec
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
        (f"env QUICK_ENGINE_LINK=5 {QUICK}", "Its link is 5.0, older than", 0),
        ("no-musmed-there engine", "There is no 'no-musmed-there' on lab; install musmed", 1),
        ("echo musmed-link 99", "version", 1),
        ("false", "The engine ended with status 1", 1),
    ],
    ids=("well", "banner", "older", "no musmed", "another version", "broken"),
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


@pytest.mark.usefixtures("server")
def test_what_is_on_the_other_machine_is_listed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its musmed, composers, GPU, packages and models, behind a login that talks."""
    add(monkeypatch, f"printf '\\033[31m{{\\n'; {HERE}")
    capfd.readouterr()
    assert musmed(monkeypatch, "models", "--host", "lab", "--json") == 0
    there = json.loads(capfd.readouterr().out)
    assert musmed(monkeypatch, "models", "--json") == 0
    here = json.loads(capfd.readouterr().out)
    assert there == {"host": "lab", **here}
    assert musmed(monkeypatch, "models", "list", "--host", "lab") == 0
    said = capfd.readouterr().out
    assert "\tthere\t" in said
    assert "musicgen-small" in said
    assert musmed(monkeypatch, "doctor", "--host", "lab") == 0
    said = capfd.readouterr().out
    assert "\x1b" not in said
    for words in ("There is a line to lab (far)", "embedded", "GPU", "musmed ", "Python 3"):
        assert words in said
    assert "\nsound" not in said


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("no-musmed-there engine", "There is no 'no-musmed-there' on lab; install musmed there"),
        ("echo engine", "musmed on lab gives no answer to 'musmed models --json'; it may be older"),
        ("printf '\\033[31mNo such\\n' >&2; false engine", "(\\x1b[31mNo such); it may"),
        ("yes; false engine", "on lab did not come to an end (150 s, 1024 KiB at most)"),
        ("start-it", "can't be told from the command 'start-it'"),
    ],
)
def test_what_can_t_be_asked_is_a_sentence(
    command: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    add(monkeypatch, command)
    assert musmed(monkeypatch, "models", "--host", "lab") == 2
    said = capfd.readouterr().err
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
@pytest.mark.parametrize("codec", ["flac", "opus"])
def test_a_session_is_played_from_there_and_kept_here(
    codec: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """`play --host` on the plain terminal, whole and kept: the clips are of the engine there, and
    played again they are what was heard, whatever they crossed the line as."""
    add(monkeypatch, QUICK)
    place, again = tmp_path / "played.flac", tmp_path / "again.flac"
    way = ("--from", "tense", "--to", "calm", "--minutes", "1", "--seed", "3")
    sink = ("--plain", "--sink", f"file:{place}")
    assert musmed(monkeypatch, "play", *way, *sink, "--host", "lab", "--codec", codec) == 0
    said = capfd.readouterr().out
    assert "The session is over after 1:00" in said
    assert ("Clips come from lab as Opus, which is lossy" in said) == (codec == "opus")
    library = Library(tmp_path / "home" / "data" / "library")
    (row,) = library.sessions()
    assert row.state == "finished"
    library.close()
    kept = ("--session", row.id, "--heard", "-o", str(again))
    assert musmed(monkeypatch, "render", *kept) == 0
    sidecar = json.loads(again.with_suffix(".json").read_text())
    assert {clip["codec"] for clip in sidecar["clips"]} == {codec}
    heard = [soundfile.read(one, dtype="int32")[0] for one in (place, again)]
    np.testing.assert_array_equal(*heard)


def far(codec: Codec = "flac") -> FarEngine:
    host, folder = Host(NAME, QUICK, codec), control_folder()
    connect(host, folder, asks=False)
    return FarEngine(host, folder, "lab")


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
@pytest.mark.parametrize("codec", ["flac", pytest.param("opus", marks=pytest.mark.long)])
def test_a_line_that_drops_and_returns_is_not_heard(
    codec: Codec, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same samples as of a session that was composed here, or, as Opus, of one whose line did
    not drop. No clip is lost: what was composed from the last whole one is composed again."""
    monkeypatch.setenv("QUICK_ENGINE_SPEED", "20")
    library = Library(tmp_path / "library")
    places = tmp_path / "there.wav", tmp_path / "here.wav"
    made = []
    other = None if codec == "flac" else far(codec)
    for place, engine in zip(places, (far(codec), other), strict=True):
        runner = prepare(
            REQUEST, library=library, sink=FileSink(place), log_file=tmp_path / "log", far=engine
        )
        runner.start()
        if place == places[0]:
            wait_for_session(runner, lambda r=runner: r.status().clips[1].record is not None)
            server.drop()
            wait_for_session(runner, lambda r=runner: r.status().restarts >= 2)
            server.mend()
            assert runner.status().far == "lab"
            assert runner.status().line.is_down
        session_end(runner)
        assert runner.status().failure is None
        runner.close()
        made.append([notice.text for notice in runner.take_notices()])
    library.close()
    assert any("The line to lab is down; " in text for text in made[0]), made[0]
    assert any("The composer on lab is back" in text for text in made[0])
    heard = [soundfile.read(one, dtype="int32")[0] for one in places]
    np.testing.assert_array_equal(*heard)


@pytest.mark.usefixtures("quick_engine")
def test_a_slow_line_that_stalls_and_is_cut_is_not_heard(server: Server, tmp_path: Path) -> None:
    """2 Mbit/s and 80 ms there and back."""
    server.shape(2e6, 0.040)
    library = Library(tmp_path / "library")
    request = msgspec.structs.replace(REQUEST, minutes=1)
    places = tmp_path / "there.wav", tmp_path / "here.wav"
    for place, engine in zip(places, (far(), None), strict=True):
        runner = prepare(
            request, library=library, sink=FileSink(place), log_file=tmp_path / "log", far=engine
        )
        runner.start()
        if engine is not None:
            wait_for_session(runner, lambda r=runner: r.status().clips[0].record is not None)
            server.fall_silent()
            seen = [-1.0]
            wait_for(lambda r=runner, s=seen: s.append(r.status().ahead) or s[-1] == s[-2])
            server.speak_again()
            wait_for_session(runner, lambda r=runner: r.status().clips[1].record is not None)
            server.drop()
            wait_for_session(runner, lambda r=runner: r.status().line.is_down)
            server.mend()
        session_end(runner)
        assert runner.status().failure is None
        runner.close()
    library.close()
    heard = [soundfile.read(one, dtype="int32")[0] for one in places]
    np.testing.assert_array_equal(*heard)


@pytest.mark.usefixtures("quick_engine")
def test_where_the_line_stays_down_this_machine_goes_on(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_home_soon(monkeypatch)
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
    assert any("The engine here takes over from the one on lab" in text for text in said), said


@pytest.mark.usefixtures("quick_engine")
def test_who_goes_back_is_composed_for_there_again_and_hears_nothing_of_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line drops, this machine takes over, the other answers again: it is offered and taken,
    and the session is the same samples as one that was composed here."""
    monkeypatch.setenv("QUICK_ENGINE_SPEED", "100")
    monkeypatch.setattr("engine.link.knocking.DELAYS", (0.1,))
    at_home_soon(monkeypatch)
    monkeypatch.setattr("engine.session.conductor.conductor.AHEAD_SECONDS", 60.0)
    library, card, place = Library(tmp_path / "library"), Card(0.0), tmp_path / "here.wav"
    log = tmp_path / "log"
    runner = prepare(REQUEST, library=library, sink=card, log_file=log, far=far())
    card.waits_for = runner
    runner.start()
    wait_for_session(runner, lambda: runner.status().clips[0].record is not None)
    server.drop()
    wait_for_session(runner, lambda: runner.status().line.standing == "left")
    server.mend()
    wait_for_session(runner, lambda: runner.status().line.is_offered)
    runner.go_back()
    wait_for_session(runner, lambda: runner.status().line.standing == "up")
    assert runner.status().far == "lab"
    assert runner.status().clips[-1].record is None, "there is something left to compose there"
    card.rate = 1000.0
    session_end(runner)
    runner.close()
    said = [notice.text for notice in runner.take_notices()]
    again = prepare(REQUEST, library=library, sink=FileSink(place), log_file=log)
    again.start()
    session_end(again)
    again.close()
    library.close()
    assert sum("lab answers again: with b it composes there" in text for text in said) == 1, said
    assert "embedded composes on lab again." in said
    heard, wanted = np.concatenate(card.given), soundfile.read(place, dtype="float32")[0]
    begins = next(at for at, frame in enumerate(heard) if frame.any())
    begins -= next(at for at, frame in enumerate(wanted) if frame.any())
    np.testing.assert_array_equal(heard[begins : begins + len(wanted)], wanted)


@pytest.mark.usefixtures("quick_engine")
def test_a_login_that_asks_is_named_and_the_line_somebody_makes_is_taken(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is gone, as where a code is wanted each time; 'musmed host check' makes the line."""
    monkeypatch.setenv("QUICK_ENGINE_SPEED", "10")
    monkeypatch.setattr("engine.session.conductor.far_line.LOGIN_DELAY", 0.2)
    add(monkeypatch, QUICK)
    library = Library(tmp_path / "library")
    runner = prepare(REQUEST, library=library, sink=Card(0.0), log_file=tmp_path / "log", far=far())
    runner.start()
    wait_for_session(runner, lambda: runner.status().clips[0].record is not None)
    key, away = server.folder / "key.pub", server.folder / "away.pub"
    key.rename(away)
    server.drop()
    server.mend()
    wait_for_session(runner, lambda: runner.status().line.standing == "login")
    away.rename(key)
    assert musmed(monkeypatch, "host", "check", "lab") == 0
    wait_for_session(runner, lambda: runner.status().line.standing == "up")
    wait_for_session(runner, lambda: all(clip.record for clip in runner.status().clips))
    assert runner.status().far == "lab"
    runner.close()
    said = [notice.text for notice in runner.take_notices()]
    library.close()
    assert any("'musmed host check lab' in another terminal" in text for text in said), said


def at_home_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine takes over at the second try, however much music is here."""
    monkeypatch.setattr("engine.session.conductor.far_line.FAR_DELAYS", (0.0, 0.1))
    monkeypatch.setattr("engine.session.conductor.far_line.HOME_SECONDS", 1e9)
